/*
 * Pages of requests. State and requester have an index; all else is compared row by row, in windows
 * that one statement can look through.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "encoding.h"

#include "formats/crmf.h"

#include "store/page_search.h"
#include "store/store_private.h"

#include "request_page.h"

#define WINDOW_INDEXED 1000000 /* ids that one statement looks through: an index finds all ... */
#define WINDOW_TWO 50000       /* ... or two frequent ones may never meet ... */
#define WINDOW_ROWS 5000       /* ... or each row is looked at */
#define SQL_MAX 4096

#define ENTRY \
	"r.id, r.version, disposition_name(r.disposition) AS status, r.template AS profile, r.message, " \
	"'0x' || lpad(to_hex(r.status_code), 8, '0') AS status_code, r.requester, r.app_name AS application, " \
	"iso_utc(r.submitted_at) AS submitted_at, iso_utc(r.resolved_at) AS resolved_at, r.resolved_by, " \
	"r.certificate_id, r.metadata, r.ca_name AS ca, r.ca_rule, r.validity, r.purpose, r.tenant, r.email, " \
	"r.approvals AS approved, r.follows AS replaces"

void
store_put_owner(struct gh_buf *b, struct store_params *p, const struct requester *who)
{
	int n = p->n;

	store_put_text(p, who->name);
	store_put_int(p, who->kind);
	store_put_text(p, who->id);
	store_put_text(p, who->dn);
	gh_buf_putf(b,
	    " AND lower(r.requester) = lower($%d) AND r.requester_kind = $%d::int AND CASE "
	    "WHEN r.requester_id <> '' AND $%d::text <> '' THEN lower(r.requester_id) = lower($%d) "
	    "ELSE r.requester_dn = '' OR $%d::text = '' OR lower(r.requester_dn) = lower($%d) END",
	    n + 1, n + 2, n + 3, n + 3, n + 4, n + 4);
	if (who->app_id != 0) {
		store_put_int(p, who->app_id);
		gh_buf_putf(b, " AND r.app_id = $%d::bigint", p->n);
	}
}

/* The number as a literal, so that the planner sees that the partial index will do. */
static void
put_state(struct gh_buf *b, int disposition)
{
	gh_buf_putf(b, " AND r.disposition = %d", disposition);
	if (disposition != DB_DISP_ISSUED)
		gh_buf_putf(b, " AND r.disposition <> %d", DB_DISP_ISSUED);
}

/* Only what is asked for. */
static void
put_filter(struct gh_buf *b, struct store_params *p, const struct store_request_filter *f)
{
	if (f->disposition != 0)
		put_state(b, f->disposition);
	if (f->requester != NULL) {
		store_put_text(p, f->requester);
		gh_buf_putf(b, " AND lower(r.requester) = lower($%d)", p->n);
	}
	if (f->owner != NULL)
		store_put_owner(b, p, f->owner);
	if (f->template_name != NULL) {
		store_put_text(p, f->template_name);
		gh_buf_putf(b, " AND lower(r.template) = lower($%d)", p->n);
	}
	if (f->submitted_from != 0) {
		store_put_int(p, f->submitted_from);
		gh_buf_putf(b, " AND r.submitted_at >= to_timestamp($%d::bigint)", p->n);
	}
	if (f->submitted_to != 0) {
		store_put_int(p, f->submitted_to);
		gh_buf_putf(b, " AND r.submitted_at <= to_timestamp($%d::bigint)", p->n);
	}
	if (f->metadata != NULL) {
		store_put_json(p, f->metadata);
		gh_buf_putf(b, " AND r.metadata @> $%d::jsonb", p->n);
	}
	if (f->follows != 0) {
		store_put_int(p, f->follows);
		gh_buf_putf(b, " AND r.follows = $%d::bigint", p->n);
	}
	if (f->spki_sha256 != NULL) {
		store_put_text(p, f->spki_sha256);
		gh_buf_putf(b, " AND r.csr_spki_sha256 = decode($%d, 'hex')", p->n);
	}
}

/* $1 and $2: first and last id, $3 limit. */
static int
read_window(struct store *s, const void *arg, const struct store_window *w, gh_json **out,
    struct gh_error *err)
{
	const struct store_request_filter *f = arg;
	struct store_params p = {0};
	struct gh_buf b;

	store_put_int(&p, w->first);
	store_put_int(&p, w->last);
	store_put_int(&p, w->limit);
	gh_buf_init(&b, SQL_MAX);
	gh_buf_puts(&b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " ENTRY
	    " FROM request r WHERE r.id BETWEEN $1::bigint AND $2::bigint");
	put_filter(&b, &p, f);
	gh_buf_putf(&b, " ORDER BY r.id %s LIMIT $3::int) t", f->newest_first ? "DESC" : "ASC");
	return store_read_composed(s, &b, &p, out, err);
}

static int64_t
window_of(const struct store_request_filter *f)
{
	bool by_state = f->disposition != 0 && f->disposition != DB_DISP_ISSUED,
	     by_person = f->requester != NULL || f->owner != NULL;

	if (f->template_name != NULL || f->metadata != NULL || f->submitted_from != 0 ||
	    f->submitted_to != 0 || (f->spki_sha256 != NULL && !by_state))
		return WINDOW_ROWS;
	return by_state && by_person ? WINDOW_TWO : WINDOW_INDEXED;
}

static int
largest_id(struct store *s, int64_t *out, struct gh_error *err)
{
	static const struct store_statement st = {"request_extent",
	    "SELECT coalesce(max(id), 0) FROM request"};
	struct store_params p = {0};

	return store_read_int(s, &st, &p, out, err);
}

int
store_request_page(struct store *s, const struct store_request_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct store_search q = {.newest_first = f->newest_first,
	    .limit = f->limit,
	    .window = window_of(f),
	    .read = read_window,
	    .arg = f};
	int64_t max_id;
	int rc = largest_id(s, &max_id, err);

	*next = 0;
	*entries = NULL;
	if (rc != 0)
		return rc;
	store_search_range(&q, f->after_id, max_id);
	return store_search(s, &q, entries, next, err);
}

/* --- one -------------------------------------------------------------------------------------- */

static void
fill_owner(const PGresult *res, struct requester *who)
{
	who->kind = (enum requester_kind)store_int(res, 0, 1);
	snprintf(who->name, sizeof(who->name), "%s", store_text(res, 0, 2));
	snprintf(who->dn, sizeof(who->dn), "%s", store_text(res, 0, 3));
	snprintf(who->id, sizeof(who->id), "%s", store_text(res, 0, 4));
	who->app_id = store_int(res, 0, 5);
}

/* What stands as pkcs10 may be a CRMF: it is called so then. */
static int
name_form(gh_json *row, struct gh_error *err)
{
	gh_json *member = gh_json_get(row, "pkcs10");
	const char *text = gh_json_string(member);
	unsigned char *der;
	size_t len;
	bool is_crmf;
	int rc;

	if (text == NULL)
		return 0;
	if ((rc = gh_base64_decode(text, strlen(text), &der, &len, err)) != 0)
		return rc;
	is_crmf = ca_crmf_is(&(struct gh_der){der, len});
	free(der);
	if (is_crmf &&
	    (gh_json_set(row, "crmf", gh_json_ref(member)) != 0 ||
		gh_json_set(row, "pkcs10", gh_json_new_string(NULL)) != 0))
		return gh_fail(err, GH_E_NOMEM, "request");
	return 0;
}

int
store_request_view(struct store *s, int64_t id, gh_json **out, struct requester *owner,
    struct gh_error *err)
{
	static const struct store_statement st = {"request_view",
	    "SELECT (SELECT row_to_json(t) FROM (SELECT " ENTRY
	    ", base64_line(r.csr) AS pkcs10, (SELECT k.uuid FROM archived_key k WHERE k.request_id = r.id) AS key_id, "
	    "(SELECT coalesce(json_agg(json_build_object('name', v.officer, 'comment', v.comment, 'at', iso_utc(v.at)) "
	    "ORDER BY v.number), '[]') FROM request_approval v WHERE v.request_id = r.id) AS approvals) t), "
	    "r.requester_kind, r.requester, r.requester_dn, "
	    "r.requester_id, r.app_id FROM request r WHERE r.id = $1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*out = NULL;
	memset(owner, 0, sizeof(*owner));
	store_put_int(&p, id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "no request %lld", (long long)id);
	else if ((rc = store_json(res, 0, 0, out, err)) == 0 && (rc = name_form(*out, err)) == 0)
		fill_owner(res, owner);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	PQclear(res);
	return rc;
}
