/* See notification_look.h. */
#include <stdlib.h>
#include <string.h>

#include "notification_look.h"
#include "store/store_private.h"

int
store_count_written(struct store *s, const struct notification *n, const char *address,
    const char *requester, int max, int64_t *count, struct gh_error *err)
{
	static const struct store_statement st = {"count_written",
	    "SELECT greatest((SELECT count(*) FROM (SELECT FROM delivery WHERE channel = 'mail' AND name = '' "
	    "  AND lower(address) = lower($1) AND created_at > now() - interval '1 day' "
	    "  AND notification_id <> $4::bigint LIMIT $3::int) d), "
	    "(SELECT count(*) FROM (SELECT FROM notification n WHERE audience IN ('address', 'requester') "
	    "  AND lower(facts->>'requester') = lower($2) AND created_at > now() - interval '1 day' "
	    "  AND id < $4::bigint AND (audience = 'address' OR EXISTS (SELECT FROM delivery d "
	    "    WHERE d.notification_id = n.id AND d.channel = 'mail' AND d.name = '')) LIMIT $3::int) w))"};
	struct store_params p = {0};

	store_put_text(&p, address);
	store_put_text(&p, requester);
	store_put_int(&p, max);
	store_put_int(&p, n->id);
	return store_read_int(s, &st, &p, count, err);
}

int
store_count_requests_before(struct store *s, int64_t request, bool still_wait, int max,
    int64_t *count, struct gh_error *err)
{
	static const struct store_statement st = {"count_requests_before",
	    "SELECT count(*) FROM request r CROSS JOIN LATERAL (SELECT q.submitted_at FROM request q "
	    "WHERE lower(q.requester) = lower(r.requester) AND q.id < r.id "
	    "AND (NOT $2::boolean OR q.disposition = 9) ORDER BY q.id DESC LIMIT $3::int) b "
	    "WHERE r.id = $1::bigint "
	    "AND ($2::boolean OR b.submitted_at >= date_trunc('hour', r.submitted_at))"};
	struct store_params p = {0};

	store_put_int(&p, request);
	store_put_bool(&p, still_wait);
	store_put_int(&p, max);
	return store_read_int(s, &st, &p, count, err);
}

int
store_notification_owner(struct store *s, const struct notification *n, const char *field,
    char **out, struct gh_error *err)
{
	static const struct store_statement st = {"notification_owner",
	    "SELECT coalesce((SELECT metadata FROM certificate WHERE id = $1::bigint), "
	    "(SELECT metadata FROM request WHERE id = $2::bigint))->>$3"};
	int64_t certificate = 0, request = 0;
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*out = NULL;
	(void)gh_json_int(gh_json_get(n->facts, "certificate_id"), &certificate);
	(void)gh_json_int(gh_json_get(n->facts, "request"), &request);
	store_put_int(&p, certificate);
	store_put_int(&p, request);
	store_put_text(&p, field);
	if ((rc = store_read(s, &st, &p, &res, err)) == 0 && store_has(res, 0, 0) &&
	    (*out = strdup(store_text(res, 0, 0))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "owner");
	PQclear(res);
	return rc;
}
