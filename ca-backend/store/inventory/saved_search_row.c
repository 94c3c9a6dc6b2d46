/* Rows of saved_search. See saved_search_row.h. */
#include <stdio.h>

#include "store/store_private.h"

#include "saved_search_row.h"

#define XSTR(x) #x
#define STR(x) XSTR(x)

/* Is it his? As requester_is_same; id, name and kind are parameters. */
#define IS_OWN(kind, id, name) \
	"(owner_kind = " kind "::int AND CASE WHEN owner_id <> '' AND " id "::text <> '' " \
	"THEN lower(owner_id) = lower(" id ") ELSE lower(owner) = lower(" name ") END)"
#define MINE IS_OWN("$1", "$2", "$3")
#define ROW \
	"SELECT id, name, query, description, order_by, direction AS \"order\", fields, is_shared AS shared, " \
	"owner, " MINE \
	" AS mine, version, iso_utc(changed_at) AS changed_at, changed_by FROM saved_search "

static void
put_person(struct store_params *p, const struct requester *who)
{
	store_put_int(p, who->kind);
	store_put_text(p, who->id);
	store_put_text(p, who->name);
}

int
store_saved_searches(struct store *s, const struct requester *who, gh_json **entries,
    struct gh_error *err)
{
	static const struct requester nobody = {.kind = REQUESTER_NONE};
	static const struct store_statement st = {"saved_searches",
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (" ROW
	    "WHERE $4::boolean OR is_shared OR " MINE " ORDER BY lower(name), is_shared, id) t"};
	struct store_params p = {0};

	put_person(&p, who != NULL ? who : &nobody);
	store_put_bool(&p, who == NULL);
	return store_read_json(s, &st, &p, entries, err);
}

int
store_find_saved_search(struct store *s, const struct requester *who, const char *name,
    gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"saved_search_find",
	    "SELECT row_to_json(t) FROM (" ROW
	    "WHERE lower(name) = lower($4::text) AND (is_shared OR " MINE ") ORDER BY " MINE
	    " DESC LIMIT 1) t"};
	struct store_params p = {0};
	int rc;

	put_person(&p, who);
	store_put_text(&p, name);
	rc = store_read_json(s, &st, &p, out, err);
	if (rc == 0 && *out == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no saved search of this name.");
	return rc;
}

#define AUDITED(event, from) \
	"a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) " \
	"SELECT '" event \
	"', 'success', $1::text, $2::text, $3::int, $4::text, $5::text, $6::text, $7::text FROM " from \
	") SELECT id FROM " from

/* $1 name, $2-$7 actor, $8 query, $9 description, $10 order_by, $11 direction, $12 fields, $13
 * shared; of a new one $14 its owner's id, of an old one its id and version */
static const struct store_statement insert = {"saved_search_insert",
    "WITH n AS (INSERT INTO saved_search (name, owner, owner_kind, owner_id, is_shared, query, description, "
    "order_by, direction, fields, changed_by) SELECT $1::text, $2::text, $3::int, $14::text, $13::boolean, "
    "$8::text, $9::text, $10::text, $11::text, $12::text, $2::text WHERE (SELECT count(*) FROM saved_search "
    "WHERE " IS_OWN("$3", "$14", "$2") ") < " STR(
	STORE_SEARCHES_MAX) " RETURNING id), " AUDITED("search.saved", "n")};
static const struct store_statement update = {"saved_search_update",
    "WITH n AS (UPDATE saved_search SET is_shared = $13::boolean, query = $8::text, description = $9::text, "
    "order_by = $10::text, direction = $11::text, fields = $12::text, version = version + 1, "
    "changed_at = clock_timestamp(), changed_by = $2::text WHERE id = $14::bigint AND version = $15::int "
    "RETURNING id), " AUDITED("search.saved", "n")};

static void
put_values(struct store_params *p, const struct requester *who, const struct store_saved_search *v,
    const char *detail)
{
	store_put_text(p, v->name);
	store_put_actor(p, who, v->request_id, detail);
	store_put_text(p, v->query);
	store_put_text(p, v->description);
	store_put_text(p, v->order_by);
	store_put_text(p, v->order);
	store_put_text(p, v->fields);
	store_put_bool(p, v->is_shared);
	if (v->id == 0) {
		store_put_text(p, who->id);
		return;
	}
	store_put_int(p, v->id);
	store_put_int(p, v->version);
}

/* No row was written. */
static int
refuse(const struct store_saved_search *v, struct gh_error *err)
{
	if (v->id == 0)
		return gh_refuse(err, GH_E_CONFLICT,
		    "You have %d saved searches, which is as many as there may be.",
		    STORE_SEARCHES_MAX);
	return gh_refuse(err, GH_E_PRECONDITION,
	    "The saved search has changed since you read it. Read it again and decide anew.");
}

int
store_put_saved_search(struct store *s, const struct requester *who,
    const struct store_saved_search *v, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res = NULL;
	char detail[240];
	int rc;

	snprintf(detail, sizeof(detail), "%s: %.200s", v->is_shared ? "shared" : "private",
	    v->query);
	put_values(&p, who, v, detail);
	rc = store_run(s, v->id == 0 ? &insert : &update, &p, &res, err);
	if (rc == GH_E_CONFLICT)
		rc = gh_refuse(err, rc, "There is a saved search of this name already.");
	if (rc == 0 && PQntuples(res) == 0)
		rc = refuse(v, err);
	PQclear(res);
	return rc;
}

int
store_remove_saved_search(struct store *s, const struct requester *who,
    const struct store_saved_search *v, struct gh_error *err)
{
	/* $1 name, $2-$7 actor, $8 id, $9 version */
	static const struct store_statement st = {"saved_search_remove",
	    "WITH n AS (DELETE FROM saved_search WHERE id = $8::bigint AND version = $9::int RETURNING id), " AUDITED(
		"search.removed", "n")};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_text(&p, v->name);
	store_put_actor(&p, who, v->request_id, NULL);
	store_put_int(&p, v->id);
	store_put_int(&p, v->version);
	rc = store_run(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = refuse(v, err);
	PQclear(res);
	return rc;
}
