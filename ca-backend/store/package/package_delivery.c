/* Rows of table package_delivery. See package_delivery.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#include "package_delivery.h"

#define MICROSECONDS(x) "floor(extract(epoch FROM " x ") * 1000000)::bigint"
#define IS_KEY "starts_with(object, '" STORE_KEY_OBJECT "')"
#define TEXT_TIME(x) "to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static int
take_deliveries(const PGresult *res, struct store_deliveries *out, struct gh_error *err)
{
	out->now = store_int(res, 0, 0);
	out->wants_key_answer = store_bool(res, 0, 1);
	if (PQgetisnull(res, 0, 2))
		return 0;
	if ((out->row = calloc((size_t)PQntuples(res), sizeof(*out->row))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "deliveries");
	for (int i = 0; i < PQntuples(res); i++) {
		struct store_delivery *d = &out->row[out->n++];

		snprintf(d->object, sizeof(d->object), "%s", PQgetvalue(res, i, 2));
		d->first = store_int(res, i, 3);
		d->last = store_int(res, i, 4);
		d->answered = PQgetisnull(res, i, 5) ? 0 : store_int(res, i, 5);
	}
	return 0;
}

int
store_load_deliveries(struct store *s, const char *client, struct store_deliveries *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"package_deliveries",
	    "SELECT c.now, c.key_answer, d.object, " MICROSECONDS("d.first_at") ", " MICROSECONDS("d.last_at") ", " MICROSECONDS("d.answered_at") " FROM (SELECT " MICROSECONDS(
		"clock_timestamp()") " AS now, "
				     "EXISTS (SELECT 1 FROM package_delivery WHERE client = $1 AND " IS_KEY
				     " AND answered_at IS NULL AND first_at > now() - interval '7 days') AS key_answer) c "
				     "LEFT JOIN package_delivery d ON d.client = $1 AND NOT " IS_KEY};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_text(&p, client);
	if ((rc = store_read(s, &st, &p, &res, err)) == 0)
		rc = take_deliveries(res, out, err);
	PQclear(res);
	return rc;
}

void
store_deliveries_clear(struct store_deliveries *d)
{
	free(d->row);
	memset(d, 0, sizeof(*d));
}

static int
audit(struct store *s, const struct requester *who, const char *event, const char *object,
    const char *detail, const char *request_id, struct gh_error *err)
{
	return store_audit(s,
	    &(struct store_audit){event, "success", who, request_id, object, detail}, err);
}

static int
end(struct store *s, int rc, struct gh_error *err)
{
	if (rc == 0)
		rc = store_commit(s, err);
	if (rc != 0)
		store_rollback(s);
	return rc;
}

static int
put_delivery(struct store *s, const struct requester *who, const char *client, const char *object,
    bool *is_first, struct gh_error *err)
{
	static const struct store_statement st = {"package_deliver",
	    "INSERT INTO package_delivery (client, object, client_name) VALUES ($1, $2, $3) "
	    "ON CONFLICT (client, object) DO UPDATE SET last_at = now(), client_name = $3, "
	    "downloads = LEAST(package_delivery.downloads, 2000000000) + 1 RETURNING downloads = 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, client);
	store_put_text(&p, object);
	store_put_text(&p, who->name);
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	*is_first = rc == 0 && store_bool(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_record_delivery(struct store *s, const struct requester *who, const char *client,
    const char *object, const char *request_id, struct gh_error *err)
{
	bool is_first;
	int rc = store_begin(s, err);

	if (rc != 0)
		return rc;
	rc = put_delivery(s, who, client, object, &is_first, err);
	if (rc == 0 && is_first)
		rc = audit(s, who, "package.delivered", object, NULL, request_id, err);
	return end(s, rc, err);
}

/* Locks the row. */
static int
find_answer(struct store *s, const char *client, const char *object,
    const struct store_package_answer *a, bool *is_new, struct gh_error *err)
{
	static const struct store_statement st = {"package_answer_find",
	    "SELECT answer_der IS DISTINCT FROM $3 FROM package_delivery "
	    "WHERE client = $1 AND object = $2 FOR UPDATE"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, client);
	store_put_text(&p, object);
	store_put_bytes(&p, a->der.p, a->der.len);
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "%s has not fetched %s", client, object);
	*is_new = rc == 0 && store_bool(res, 0, 0);
	PQclear(res);
	return rc;
}

static int
put_answer(struct store *s, const char *client, const char *object,
    const struct store_package_answer *a, struct gh_error *err)
{
	static const struct store_statement st = {"package_answer",
	    "UPDATE package_delivery SET answer = $3, answer_code = $4::int, is_signed = $5, "
	    "answer_der = $6, answered_at = now() WHERE client = $1 AND object = $2"};
	struct store_params p = {0};

	store_put_text(&p, client);
	store_put_text(&p, object);
	store_put_text(&p, a->word);
	store_put_int(&p, a->code);
	store_put_bool(&p, a->is_signed);
	store_put_bytes(&p, a->der.p, a->der.len);
	return store_do_once(s, &st, &p, "Conflict.", err);
}

int
store_record_answer(struct store *s, const struct requester *who, const char *client,
    const char *object, const struct store_package_answer *a, const char *request_id, bool *is_new,
    struct gh_error *err)
{
	char detail[60];
	int rc = store_begin(s, err);

	*is_new = false;
	if (rc != 0)
		return rc;
	rc = find_answer(s, client, object, a, is_new, err);
	if (rc == 0 && *is_new && (rc = put_answer(s, client, object, a, err)) == 0) {
		snprintf(detail, sizeof(detail), "%s%s, code %u", a->word,
		    a->is_signed ? "" : ", not signed", a->code);
		rc = audit(s, who, "package.answered", object, detail, request_id, err);
	}
	return end(s, rc, err);
}

#define DELIVERY \
	"d.id, d.client_name AS client, d.object, " TEXT_TIME("d.first_at") " AS first_at, " TEXT_TIME( \
	    "d.last_at") " AS last_at, d.downloads, d.answer, d.answer_code, d.is_signed AS signed, " TEXT_TIME("d.answered_at") " AS answered_at"
#define SQL_MAX 2048

/* One more than the page has: whether there is a next one. */
static void
build_page(struct gh_buf *b, struct store_params *p, const struct store_delivery_filter *f)
{
	store_put_int(p, f->after_id);
	store_put_int(p, (int64_t)f->limit + 1);
	gh_buf_puts(b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " DELIVERY
	    " FROM package_delivery d WHERE ($1::bigint = 0 OR d.id ");
	gh_buf_puts(b, f->newest_first ? "< $1)" : "> $1)");
	if (f->object != NULL) {
		store_put_text(p, f->object);
		gh_buf_putf(b, " AND d.object = $%d", p->n);
	}
	if (f->client != NULL) {
		store_put_text(p, f->client);
		gh_buf_putf(b, " AND lower(d.client_name) = lower($%d)", p->n);
	}
	gh_buf_putf(b, " ORDER BY d.id %s LIMIT $2::int) t", f->newest_first ? "DESC" : "ASC");
}

/* Cuts the row that is too many. */
static int
cut_page(gh_json *rows, int limit, gh_json **entries, int64_t *next, struct gh_error *err)
{
	size_t n = gh_json_size(rows);

	if (n <= (size_t)limit) {
		*entries = gh_json_ref(rows);
		return 0;
	}
	if ((*entries = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	for (size_t i = 0; i < n - 1; i++)
		if (gh_json_append(*entries, gh_json_ref(gh_json_at(rows, i))) != 0)
			return gh_fail(err, GH_E_NOMEM, "page");
	(void)gh_json_int(gh_json_get(gh_json_at(rows, n - 2), "id"), next);
	return 0;
}

int
store_page_deliveries(struct store *s, const struct store_delivery_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct store_params p = {0};
	struct gh_buf b;
	gh_json *rows = NULL;
	int rc;

	*entries = NULL;
	*next = 0;
	gh_buf_init(&b, SQL_MAX);
	build_page(&b, &p, f);
	if ((rc = store_read_composed(s, &b, &p, &rows, err)) == 0)
		rc = cut_page(rows, f->limit, entries, next, err);
	gh_json_free(rows);
	if (rc != 0) {
		gh_json_free(*entries);
		*entries = NULL;
	}
	return rc;
}

/* --- what is over ----------------------------------------------------------------------------- */

#define IS_OLD \
	"greatest(d.last_at, d.answered_at) < now() - make_interval(days => $1::int) " \
	"AND NOT EXISTS (SELECT FROM package p WHERE d.object = 'package/' || p.id) "

static int
run_days(struct store *s, const struct store_statement *st, int days, int64_t *n,
    struct gh_error *err)
{
	struct store_params p = {0};

	store_put_int(&p, days);
	return store_read_int(s, st, &p, n, err);
}

int
store_remove_deliveries(struct store *s, int days, int *removed, struct gh_error *err)
{
	static const struct store_statement st = {"package_deliveries_remove",
	    "WITH old AS (SELECT id FROM package_delivery d WHERE " IS_OLD
	    "LIMIT 1000 FOR UPDATE SKIP LOCKED), "
	    "n AS (DELETE FROM package_delivery WHERE id IN (SELECT id FROM old) RETURNING id) "
	    "SELECT count(*) FROM n"};
	int64_t n;
	int rc = run_days(s, &st, days, &n, err);

	*removed = (int)n;
	return rc;
}

int
store_count_old_deliveries(struct store *s, int days, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"package_deliveries_old",
	    "SELECT count(*) FROM package_delivery d WHERE " IS_OLD};

	return run_days(s, &st, days, n, err);
}
