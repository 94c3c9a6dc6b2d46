/* Saved searches over REST. See rest_saved_search.h. */
#include <string.h>

#include "inventory/query_parse.h"
#include "inventory/saved_search.h"

#include "rest_list.h"
#include "rest_saved_search.h"

#define FIELDS_MAX 10000 /* bytes; how many there may be, cert_members_read knows */
#define TEXT_MAX 1000    /* of members whose length saved_search_put knows */

/* What saved_search_put says is wrong, as the member that it is. */
static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	static const char *const members[] = {"name", "query", "description", "order_by", "order",
	    "fields"};
	size_t n = strcspn(err->message, ":");

	for (size_t i = 0; err->code == GH_E_VALIDATION && i < sizeof(members) / sizeof(members[0]);
	     i++)
		if (strlen(members[i]) == n && strncmp(members[i], err->message, n) == 0)
			rest_field_refused(f, members[i], err);
	rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

static void
reply(int status, gh_json *row, struct gh_http_reply *rep)
{
	char etag[SAVED_SEARCH_ETAG_SIZE];

	gh_http_reply_header(rep, "ETag", saved_search_etag(row, etag));
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, status, row);
}

void
rest_saved_searches(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const char *const none[] = {NULL};
	struct rest_fields f = {0};
	struct gh_error err = {0};
	gh_json *entries = NULL;
	int rc;

	rest_query_only(call, none, &f);
	if ((rc = rest_fields_check(&f, &err)) == 0)
		rc = store_saved_searches(env->store, call->requester, &entries, &err);
	if (rc == 0)
		rest_page(rep, entries, 0);
	else
		fail(call, &err, &f, rep);
}

void
rest_saved_search(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields f = {0};
	struct gh_error err = {0};
	gh_json *row;

	if (store_find_saved_search(env->store, call->requester, call_text(call->parts, "name"),
		&row, &err) == 0)
		reply(200, row, rep);
	else
		fail(call, &err, &f, rep);
}

static struct saved_search_order
begin_order(const struct call *call)
{
	unsigned roles = call->requester->roles;

	return (struct saved_search_order){.name = call_text(call->parts, "name"),
	    .may_share = (roles & ~REQUESTER_ROLE_AGENT) != 0,
	    .may_change_all = (roles & REQUESTER_ROLE_ADMIN) != 0,
	    .if_match = gh_http_header(call->http, "if-match"),
	    .request_id = call->http->request_id};
}

/* Borrows from body. */
static int
read_body(const gh_json *body, struct saved_search_order *o, struct rest_fields *f,
    struct gh_error *err)
{
	const gh_json *shared = gh_json_get(body, "shared");

	o->query = rest_text(f, body, "query", 1, QUERY_MAX_BYTES, true);
	o->description = rest_text(f, body, "description", 1, TEXT_MAX, false);
	o->order_by = rest_text(f, body, "order_by", 1, TEXT_MAX, false);
	o->order = rest_text(f, body, "order", 1, TEXT_MAX, false);
	o->fields = rest_text(f, body, "fields", 1, FIELDS_MAX, false);
	o->is_shared = gh_json_bool(shared, false);
	if (gh_json_type(shared) != GH_JSON_BOOL && gh_json_type(shared) != GH_JSON_NULL)
		rest_field_wrong(f, "shared", "shared is true or false.");
	return rest_fields_check(f, err);
}

void
rest_saved_search_put(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct saved_search_order o = begin_order(call);
	struct rest_fields f = {0};
	struct gh_error err = {0};
	gh_json *body = NULL, *row = NULL;
	bool is_new = false;
	int rc = rest_body(call, &body, &err);

	if (rc == 0 && (rc = read_body(body, &o, &f, &err)) == 0)
		rc = saved_search_put(env->store, env->catalog, call->requester, &o, &row, &is_new,
		    &err);
	if (rc == 0)
		reply(is_new ? 201 : 200, row, rep);
	else
		fail(call, &err, &f, rep);
	gh_json_free(body);
}

void
rest_saved_search_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct saved_search_order o = begin_order(call);
	struct rest_fields f = {0};
	struct gh_error err = {0};

	if (saved_search_remove(env->store, call->requester, &o, &err) == 0)
		rep->status = 204;
	else
		fail(call, &err, &f, rep);
}
