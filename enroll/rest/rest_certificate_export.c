/* The inventory as a file. See rest_certificate_export.h. */
#include <stdlib.h>
#include <string.h>

#include "rest_certificate_export.h"

#define ROWS 250                           /* of a page */
#define BEGIN_BYTES_MAX (64 * 1024 * 1024) /* of the first one */

/* What is still to be told, between two pages. The rights are those of its beginning. */
struct export
{
	struct gh_feed feed; /* first member */
	struct rest_asked asked;
	struct requester owner; /* asked.view.owner */
	struct cert_place at;   /* asked.filter.from */
	int64_t left;           /* lines; -1 = all */
};

static void
free_export(struct gh_feed *f)
{
	struct export *x = (struct export *)f;

	cert_place_clear(&x->at);
	rest_asked_clear(&x->asked);
	free(x);
}

/* Where the next page begins: behind what was looked at. */
static void
go_on(struct export *x, struct cert_page *page)
{
	cert_place_clear(&x->at);
	x->at = page->more;
	page->more = (struct cert_place){0};
	x->asked.filter.from = &x->at;
}

static int
next(struct gh_feed *f, void *env, struct gh_buf *out, bool *is_end, struct gh_error *err)
{
	struct export *x = (struct export *)f;
	struct store *store = ((struct worker_env *)env)->store;
	struct cert_page page;
	int rc;

	x->asked.filter.limit = x->left >= 0 && x->left < ROWS ? (int)x->left : ROWS;
	if ((rc = store_cert_page(store, &x->asked.filter, &page, err)) != 0)
		return rc;
	if (x->left >= 0)
		x->left -= (int64_t)gh_json_size(page.entries);
	*is_end = !page.has_more || x->left == 0;
	rc = cert_lines_put(out, x->asked.lines, &x->asked.members, &page.entries, err);
	go_on(x, &page);
	cert_page_clear(&page);
	return rc;
}

static struct export *
new_export(struct rest_asked *a)
{
	struct export *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->feed = (struct gh_feed){.next = next, .free = free_export};
	x->asked = *a;
	memset(a, 0, sizeof(*a));
	x->left = x->asked.lines_max > 0 ? x->asked.lines_max : -1;
	x->owner = *x->asked.view.owner;
	x->asked.view.owner = &x->owner;
	x->asked.filter.view = &x->asked.view;
	return x;
}

static void
put_headers(const struct rest_asked *a, struct gh_http_reply *rep)
{
	bool is_csv = a->lines == CERT_CSV;

	gh_http_reply_type(rep,
	    is_csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson");
	gh_http_reply_header(rep, "Content-Disposition",
	    is_csv ? "attachment; filename=\"certificates.csv\""
		   : "attachment; filename=\"certificates.jsonl\"");
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	gh_http_reply_header(rep, "Vary", "Accept");
}

int
rest_certificate_export(struct worker_env *env, struct rest_asked *a, struct gh_http_reply *rep,
    struct gh_error *err)
{
	struct export *x = new_export(a);
	struct gh_buf b;
	bool is_end;
	int rc;

	if (x == NULL)
		return gh_fail(err, GH_E_NOMEM, "export");
	gh_buf_init(&b, BEGIN_BYTES_MAX);
	cert_lines_head(&b, x->asked.lines, &x->asked.members);
	rc = next(&x->feed, env, &b, &is_end, err);
	if (rc != 0) {
		gh_buf_free(&b);
		free_export(&x->feed);
		return rc;
	}
	put_headers(&x->asked, rep);
	rep->status = 200;
	rep->body = b.data;
	rep->body_len = b.len;
	if (is_end)
		free_export(&x->feed);
	else
		rep->feed = &x->feed;
	return 0;
}
