/* GET /pki/certificates: pages of the inventory, of those that the caller sees
 * (inventory/cert_sight.h). docs/inventory.md */
#include <stdlib.h>

#include "store/inventory/cert_count.h"

#include "rest_certificate.h"
#include "rest_certificate_asked.h"
#include "rest_certificate_export.h"

/* ---- the answer ---- */

/* place NULL: from that end of all. */
static int
set_token(gh_json *o, const char *name, const struct page_token_use *use, bool backwards,
    const struct cert_place *place, struct gh_error *err)
{
	const struct page_token t = {.backwards = backwards,
	    .has_place = place != NULL,
	    .place = place != NULL ? *place : (struct cert_place){0}};
	char *text;
	int rc = page_token_make(use, &t, &text, err);

	if (rc == 0 && gh_json_set_string(o, name, text) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page");
	free(text);
	return rc;
}

static int
set_null(gh_json *o, const char *name, struct gh_error *err)
{
	return gh_json_set_string(o, name, NULL) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "page");
}

/* "next" and "previous". */
static int
set_tokens(gh_json *o, const struct page_token_use *use, const struct rest_asked *a,
    const struct cert_page *page, struct gh_error *err)
{
	bool back = a->filter.backwards;
	const char *more = back ? "previous" : "next", *other = back ? "next" : "previous";
	int rc = page->has_more ? set_token(o, more, use, back, &page->more, err)
				: set_null(o, more, err);

	if (rc != 0)
		return rc;
	if (a->filter.from == NULL && !back)
		return set_null(o, other, err);
	return set_token(o, other, use, !back, page->has_other ? &page->other : NULL, err);
}

static int
set_count(gh_json *o, struct worker_env *env, const struct rest_asked *a, struct gh_error *err)
{
	int64_t n;
	/* an estimate is made of everybody's certificates: it would tell of those of others */
	bool is_exact = !a->view.is_all || a->counts_exactly;
	int rc;

	if (!a->is_counted)
		return 0;
	rc = store_cert_count(env->store, &a->filter, is_exact, &n, err);
	if (rc == 0 && gh_json_set_int(o, "count", n) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page");
	return rc;
}

static int
make_page(struct worker_env *env, const struct call *call, const struct rest_asked *a, gh_json *o,
    struct gh_error *err)
{
	const struct page_token_use use = rest_asked_use(env, call, a);
	struct cert_page page;
	int rc;

	if (o == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	if ((rc = store_cert_page(env->store, &a->filter, &page, err)) != 0)
		return rc;
	rc = cert_members_choose(&a->members, &page.entries, err);
	if (rc == 0 && gh_json_set(o, "entries", gh_json_ref(page.entries)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page");
	if (rc == 0 && (rc = set_tokens(o, &use, a, &page, err)) == 0)
		rc = set_count(o, env, a, err);
	cert_page_clear(&page);
	return rc;
}

void
rest_certificate_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	struct rest_asked asked = {.condition = NULL};
	gh_json *o = NULL;
	int rc = rest_asked_read(env, call, &asked, &fields, &err);

	if (rc == 0 && asked.lines != CERT_NO_LINES) {
		rc = rest_certificate_export(env, &asked, rep, &err);
		if (rc == 0)
			return;
	} else if (rc == 0) {
		o = gh_json_new_object();
		rc = make_page(env, call, &asked, o, &err);
	}
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		gh_http_reply_header(rep, "Vary", "Accept");
		rest_json(rep, 200, o);
	} else {
		gh_json_free(o);
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	}
	rest_fields_clear(&fields);
	rest_asked_clear(&asked);
}
