/* See syslog_send.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "store/audit/audit_seal_row.h"
#include "store/audit/syslog_cursor.h"

#include "syslog_line.h"
#include "syslog_link.h"
#include "syslog_send.h"

/* each row with a gap before it, the gap at the end, and the one before the seal */
#define PAGE_MAX ((2 * STORE_AUDIT_SEAL_PAGE + 2) * (SYSLOG_MESSAGE_MAX + 8))
#define SENDER_HOST 256

struct page {
	struct syslog_origin from;
	struct gh_buf frames;
	struct syslog_place at; /* of the next row */
	struct syslog_sent n;
};

static void
put(struct page *p, const struct audit_row *row)
{
	syslog_line_put(&p->frames, &p->from, &p->at, row);
	p->n.rows++;
}

/* In place of what should be there. */
static void
put_wrong(struct page *p, int64_t audit_id, const char *event, const char *detail)
{
	const struct audit_row row = {.id = audit_id,
	    .at_us = -1,
	    .event = event,
	    .outcome = "failure",
	    .actor = "",
	    .detail = detail};

	put(p, &row);
	p->n.wrong++;
}

/* Positions up to this one have no leaves. */
static void
put_gap(struct page *p, int64_t position)
{
	char detail[120];

	if (position <= p->at.position)
		return;
	snprintf(detail, sizeof(detail), "positions %lld to %lld were sealed, and are gone",
	    (long long)p->at.position, (long long)position - 1);
	put_wrong(p, 0, "audit.leaf-missing", detail);
	p->at.position = position;
}

/* The seal that comes is not the next one. */
static void
put_seal_gap(struct page *p, const struct audit_seal *seal)
{
	char detail[120];

	if (seal->id != p->at.seal) {
		snprintf(detail, sizeof(detail), "seals %lld to %lld are gone",
		    (long long)p->at.seal, (long long)seal->id - 1);
		put_wrong(p, 0, "audit.seal-missing", detail);
		p->at = (struct syslog_place){.seal = seal->id};
	}
	p->at.rows = seal->rows;
}

static int
take(void *arg, const struct store_leaf *leaf, struct gh_error *err)
{
	unsigned char now[AUDIT_HASH_SIZE];
	struct page *p = arg;
	int rc;

	put_gap(p, leaf->position);
	if (leaf->row == NULL) {
		put_wrong(p, leaf->audit_id, "audit.row-missing",
		    "the row was sealed, and is not there any more");
	} else {
		if ((rc = audit_leaf(leaf->row, now, err)) != 0)
			return rc;
		if (leaf->position >= p->at.rows)
			put_wrong(p, leaf->audit_id, "audit.row-changed",
			    "the row was added to the seal");
		else if (memcmp(now, leaf->hash, sizeof(now)) != 0)
			put_wrong(p, leaf->audit_id, "audit.row-changed",
			    "the row is not as it was sealed");
		else
			put(p, leaf->row);
	}
	p->at.position = (int64_t)leaf->position + 1;
	return gh_buf_check(&p->frames, err);
}

/* Up to a page of rows of this seal, from the cursor on; *at: behind them. */
static int
fill(struct page *p, struct store *s, const struct audit_seal *seal, struct store_syslog_cursor *at,
    struct gh_error *err)
{
	int n, rc;

	p->at = (struct syslog_place){.seal = at->seal, .position = at->position};
	put_seal_gap(p, seal);
	rc = store_audit_seal_leaves(s, seal->id, p->at.position, take, p, &n, err);
	if (rc != 0)
		return rc;
	if (n < STORE_AUDIT_SEAL_PAGE)
		put_gap(p, seal->rows);
	*at = n < STORE_AUDIT_SEAL_PAGE ? (struct store_syslog_cursor){seal->id + 1, 0}
					: (struct store_syslog_cursor){seal->id, p->at.position};
	return gh_buf_check(&p->frames, err);
}

static int
send_page(const struct gh_conf *conf, struct store *s, const struct audit_seal *seal,
    struct store_syslog_cursor *at, struct syslog_sent *sent, struct gh_error *err)
{
	struct store_syslog_cursor to = *at;
	char host[SENDER_HOST] = "";
	struct page p = {.from = {conf->syslog.facility, host, conf->syslog.sd_id}};
	int rc;

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	gh_buf_init(&p.frames, PAGE_MAX);
	rc = fill(&p, s, seal, &to, err);
	if (rc == 0 && p.frames.len > 0)
		rc = syslog_link_send(conf, p.frames.data, p.frames.len, err);
	gh_buf_free(&p.frames);
	if (rc == 0)
		rc = store_syslog_cursor_move(s, &to, err);
	if (rc != 0)
		return rc;
	if (p.n.wrong > 0)
		gh_log(GH_LOG_ERROR,
		    "seal %lld of the audit trail: %lld rows are not as they were sealed: gatehouse audit verify",
		    (long long)seal->id, (long long)p.n.wrong);
	*at = to;
	sent->rows += p.n.rows;
	sent->wrong += p.n.wrong;
	return 0;
}

/* The seal behind which the cursor stands was there: it was sent. */
static int
check_cursor(struct store *s, const struct store_syslog_cursor *at, struct gh_error *err)
{
	struct audit_seal last;
	int rc = at->seal > 1 ? store_audit_seal_next(s, at->seal - 2, &last, err) : 0;

	if (rc == 0 && at->seal > 1 && last.id == 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "Seal %lld of the audit trail was sent, and is gone with all behind it, or the row of table "
		    "syslog_cursor was changed: see docs/monitoring.md.",
		    (long long)at->seal - 1);
	return rc;
}

int
syslog_send(const struct gh_conf *conf, struct store *s, const struct requester *who,
    const struct gh_progress *progress, struct syslog_sent *sent, struct gh_error *err)
{
	struct store_syslog_cursor at;
	struct audit_seal next;
	int rc = store_syslog_cursor(s, who, &at, err);

	*sent = (struct syslog_sent){0};
	if (rc == 0)
		rc = check_cursor(s, &at, err);
	while (rc == 0 && !gh_progress_is_stopping(progress)) {
		rc = store_audit_seal_next(s, at.seal - 1, &next, err);
		if (rc != 0 || next.id == 0)
			break;
		rc = send_page(conf, s, &next, &at, sent, err);
	}
	return rc;
}
