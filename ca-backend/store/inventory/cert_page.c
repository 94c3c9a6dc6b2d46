/*
 * Pages of the inventory. See cert_page.h. What indexes find at once, if it is not too much, is
 * sorted; all else is looked for along the index of the order, window by window, for a bounded
 * time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "store/store_private.h"

#include "cert_page.h"
#include "cert_statement.h"

#define NARROW_MAX 2000        /* rows that are sorted for a page */
#define WINDOW_FIRST 500       /* rows that one statement looks at; twice as many each time ... */
#define WINDOW_MAX 16000       /* ... up to here */
#define DENSE 20               /* a page is full after so many first windows */
#define SEARCH_US 1000000      /* of one page */
#define QUERY_CANCELED "57014" /* by statement_timeout */

void
cert_place_clear(struct cert_place *p)
{
	free(p->key);
	*p = (struct cert_place){0};
}

void
cert_page_clear(struct cert_page *p)
{
	gh_json_free(p->entries);
	cert_place_clear(&p->more);
	cert_place_clear(&p->other);
	*p = (struct cert_page){0};
}

/* [..., key, id], from that member on. */
static int
take_place(struct cert_place *out, const gh_json *row, size_t at, struct gh_error *err)
{
	const char *key = gh_json_string(gh_json_at(row, at));

	cert_place_clear(out);
	if (!gh_json_int(gh_json_at(row, at + 1), &out->id))
		return gh_fail(err, GH_E_DB, "place of a certificate");
	if (key != NULL && (out->key = strdup(key)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	return 0;
}

/* A page while it is filled. */
struct filling {
	const struct store_cert_filter *f;
	struct cert_page *page;
	bool is_full; /* and there is one more */
	bool is_end;
	struct cert_place first, last; /* of the entries, as they are read */
};

static int
add_entries(struct filling *g, const gh_json *found, struct gh_error *err)
{
	const gh_json *entries = gh_json_get(found, "entries");
	int rc = 0;

	for (size_t i = 0; i < gh_json_size(entries) && rc == 0 && !g->is_full; i++) {
		const gh_json *e = gh_json_at(entries, i);

		if ((int)gh_json_size(g->page->entries) == g->f->limit) {
			g->is_full = true;
			break;
		}
		rc = take_place(&g->last, e, 1, err);
		if (rc == 0 && gh_json_size(g->page->entries) == 0)
			rc = take_place(&g->first, e, 1, err);
		if (rc == 0 && gh_json_append(g->page->entries, gh_json_ref(gh_json_at(e, 0))) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "page");
	}
	return rc;
}

/* *is_all: they were not too many. */
static int
fill_narrow(struct store *s, struct filling *g, bool *is_all, struct gh_error *err)
{
	const struct cert_window w = {.from = g->f->from,
	    .rows = NARROW_MAX,
	    .limit = g->f->limit + 1};
	int64_t found = 0;
	gh_json *answer;
	int rc;

	*is_all = false;
	if (!cert_filter_is_narrow(g->f))
		return 0;
	if ((rc = cert_read_narrow(s, g->f, &w, &answer, err)) != 0)
		return rc;
	*is_all = gh_json_int(gh_json_get(answer, "found"), &found) && found <= NARROW_MAX;
	if (*is_all) {
		rc = add_entries(g, answer, err);
		g->is_end = !g->is_full;
	}
	gh_json_free(answer);
	return rc;
}

static int
fill_window(struct store *s, struct filling *g, struct cert_window *w, struct cert_place *edge,
    struct gh_error *err)
{
	const gh_json *at;
	gh_json *answer;
	int rc;

	w->limit = g->f->limit + 1 - (int)gh_json_size(g->page->entries);
	if ((rc = cert_read_window(s, g->f, w, &answer, err)) != 0)
		return rc;
	rc = add_entries(g, answer, err);
	at = gh_json_get(answer, "edge");
	g->is_end = gh_json_size(at) == 0 && !g->is_full;
	if (rc == 0 && gh_json_size(at) > 0)
		rc = take_place(edge, at, 0, err);
	gh_json_free(answer);
	w->from = edge;
	w->rows = w->rows * 2 < WINDOW_MAX ? w->rows * 2 : WINDOW_MAX;
	return rc;
}

static int
fill_windows(struct store *s, struct filling *g, int64_t until, struct cert_window *w,
    struct cert_place *edge, struct gh_error *err)
{
	int64_t before, now = gh_now_us();
	int rc;

	do {
		before = now;
		rc = fill_window(s, g, w, edge, err);
		now = gh_now_us();
		if (now + 2 * (now - before) > until && w->rows > WINDOW_FIRST)
			w->rows = WINDOW_FIRST; /* twice as many would not end in time */
	} while (rc == 0 && !g->is_full && !g->is_end && now < until);
	return rc;
}

static struct cert_window
first_window(const struct store_cert_filter *f)
{
	bool is_all = f->condition == NULL && (f->view == NULL || f->view->is_all);

	return (struct cert_window){.from = f->from, .rows = is_all ? f->limit + 1 : WINDOW_FIRST};
}

/* ---- which way ---- */

static int
start_over(struct filling *g, struct cert_place *edge, struct gh_error *err)
{
	cert_place_clear(&g->first);
	cert_place_clear(&g->last);
	cert_place_clear(edge);
	gh_json_free(g->page->entries);
	g->page->entries = gh_json_new_array();
	return g->page->entries != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "page");
}

/* Where the order is bounded, too, it is looked along first: if many there fit, the page is full
 * soon, and 2000 rows that another index finds need not be read to see that they are too many. */
static int
fill(struct store *s, struct filling *g, struct cert_place *edge, struct gh_error *err)
{
	int64_t until = gh_now_us() + SEARCH_US;
	struct cert_window w = first_window(g->f);
	bool is_all;
	int rc;

	if (cert_filter_is_narrow(g->f) && cert_filter_is_bounded(g->f)) {
		if ((rc = fill_window(s, g, &w, edge, err)) != 0 || g->is_full || g->is_end)
			return rc;
		if ((int)gh_json_size(g->page->entries) * DENSE > g->f->limit)
			return fill_windows(s, g, until, &w, edge, err);
		if ((rc = start_over(g, edge, err)) != 0)
			return rc;
		w = first_window(g->f);
	}
	rc = fill_narrow(s, g, &is_all, err);
	return rc == 0 && !is_all ? fill_windows(s, g, until, &w, edge, err) : rc;
}

static int
reverse(gh_json **entries, struct gh_error *err)
{
	gh_json *to = gh_json_new_array();
	bool ok = to != NULL;

	for (size_t i = gh_json_size(*entries); i > 0 && ok; i--)
		ok = gh_json_append(to, gh_json_ref(gh_json_at(*entries, i - 1))) == 0;
	if (!ok) {
		gh_json_free(to);
		return gh_fail(err, GH_E_NOMEM, "page");
	}
	gh_json_free(*entries);
	*entries = to;
	return 0;
}

static int
copy_place(struct cert_place *out, const struct cert_place *p, struct gh_error *err)
{
	*out = (struct cert_place){.id = p->id};
	if (p->key != NULL && (out->key = strdup(p->key)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	return 0;
}

/* Behind a full page it goes on behind its last row, behind a short one where the search ended. The
 * other direction goes on before its first row; before an empty page, where the search ended. */
static int
take_places(const struct filling *g, const struct cert_place *edge, struct gh_error *err)
{
	struct cert_page *page = g->page;
	bool is_empty = gh_json_size(page->entries) == 0;
	int rc = 0;

	page->has_more = !g->is_end;
	page->has_other = !is_empty || page->has_more;
	if (page->has_more)
		rc = copy_place(&page->more, g->is_full ? &g->last : edge, err);
	if (rc == 0 && page->has_other)
		rc = copy_place(&page->other, is_empty ? edge : &g->first, err);
	return rc;
}

/* The statement was ended: the database is slow, or what is asked is too much for it. */
static int
fail_slow(const struct store_cert_filter *f, struct gh_error *err)
{
	char detail[sizeof(err->detail)];

	snprintf(detail, sizeof(detail), "%s", err->detail);
	(void)gh_refuse(err, GH_E_DB_DOWN,
	    f->condition == NULL
		? "The search took longer than a statement may. Try again, or add a query."
		: "The search took longer than a statement may. Join it with AND to a test that an index finds: Id, Serial, Thumbprint, Requester, Template, CN, DNS or a limit of NotAfter.");
	snprintf(err->detail, sizeof(err->detail), "%s", detail);
	return GH_E_DB_DOWN;
}

int
store_cert_page(struct store *s, const struct store_cert_filter *f, struct cert_page *out,
    struct gh_error *err)
{
	struct filling g = {.f = f, .page = out};
	struct cert_place edge = {0};
	int rc;

	*out = (struct cert_page){.entries = gh_json_new_array()};
	rc = out->entries != NULL ? fill(s, &g, &edge, err) : gh_fail(err, GH_E_NOMEM, "page");
	if (rc == 0 && f->backwards)
		rc = reverse(&out->entries, err);
	if (rc == 0)
		rc = take_places(&g, &edge, err);
	cert_place_clear(&g.first);
	cert_place_clear(&g.last);
	cert_place_clear(&edge);
	if (rc != 0) {
		cert_page_clear(out);
		if (strcmp(s->sqlstate, QUERY_CANCELED) == 0)
			rc = fail_slow(f, err);
	}
	return rc;
}
