/* See syslog_send.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/audit/audit_seal_row.h"
#include "store/audit/syslog_cursor.h"

#include "syslog_line.h"
#include "syslog_link.h"
#include "syslog_send.h"

#define PAGE_MAX (STORE_AUDIT_SEAL_PAGE * (SYSLOG_MESSAGE_MAX + 8))
#define SENDER_HOST 256

struct page {
	struct syslog_origin from;
	struct gh_buf frames;
	int64_t seal, position; /* of the last row */
};

static int
take(void *arg, const struct store_leaf *leaf, struct gh_error *err)
{
	static const struct audit_row gone = {.event = "audit.row-missing",
	    .outcome = "failure",
	    .actor = "",
	    .detail = "the row was sealed, and is not there any more"};
	struct page *p = arg;
	struct audit_row row = leaf->row != NULL ? *leaf->row : gone;

	row.id = leaf->audit_id;
	syslog_line_put(&p->frames, &p->from, p->seal, leaf->position, &row);
	p->position = leaf->position;
	return gh_buf_check(&p->frames, err);
}

/* Rows of one seal from the cursor on, which moves behind them, or to the next seal. */
static int
send_page(const struct gh_conf *conf, struct store *s, const char *host,
    struct store_syslog_cursor *at, int *n, struct gh_error *err)
{
	struct page p = {.from = {conf->syslog.facility, host, conf->syslog.sd_id},
	    .seal = at->seal};
	struct store_syslog_cursor to;
	int rc;

	gh_buf_init(&p.frames, PAGE_MAX);
	rc = store_audit_seal_leaves(s, at->seal, at->position, take, &p, n, err);
	if (rc == 0 && *n > 0)
		rc = syslog_link_send(conf, p.frames.data, p.frames.len, err);
	gh_buf_free(&p.frames);
	to = *n < STORE_AUDIT_SEAL_PAGE ? (struct store_syslog_cursor){at->seal + 1, 0}
					: (struct store_syslog_cursor){at->seal, p.position + 1};
	if (rc == 0)
		rc = store_syslog_cursor_move(s, &to, err);
	if (rc == 0)
		*at = to;
	return rc;
}

int
syslog_send(const struct gh_conf *conf, struct store *s, const struct gh_progress *progress,
    int64_t *sent, struct gh_error *err)
{
	struct store_syslog_cursor at;
	struct audit_seal next;
	char host[SENDER_HOST] = "";
	int n, rc = store_syslog_cursor(s, &at, err);

	*sent = 0;
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	while (rc == 0 && !gh_progress_is_stopping(progress)) {
		rc = store_audit_seal_next(s, at.seal - 1, &next, err);
		if (rc != 0 || next.id == 0)
			break;
		if (next.id > at.seal)
			at = (struct store_syslog_cursor){next.id, 0};
		rc = send_page(conf, s, host, &at, &n, err);
		*sent += rc == 0 ? n : 0;
	}
	return rc;
}
