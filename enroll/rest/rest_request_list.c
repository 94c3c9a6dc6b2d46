/* GET /pki/requests: pages of requests, of all for officers, else of one's own. */
#include <string.h>

#include "store/request/request_page.h"
#include "timestamp.h"

#include "rest_list.h"
#include "rest_request.h"
#include "rest_request_view.h"

enum { AFTER, LIMIT, ORDER, STATUS, PROFILE, REQUESTER, FROM, TO, METADATA, PARAMS };

static int
read_state(struct rest_fields *f, const struct rest_param *p)
{
	static const char *const names[] = {"pending", "issued", "denied", "canceled", "failed",
	    NULL};
	const char *name = rest_param_word(f, p, names);
	enum db_disposition state;

	return name != NULL && enroll_state_find(name, &state) ? (int)state : 0;
}

/* A day is its first second. */
static int64_t
read_time(struct rest_fields *f, const struct rest_param *p)
{
	int64_t t = 0;

	if (p->value != NULL && !gh_day_parse(p->value, &t) &&
	    gh_timestamp_parse(p->value, &t, NULL) != 0)
		rest_field_wrong(f, p->name,
		    "The parameter %s is a day or a time like 2026-01-02T03:04:05Z.", p->name);
	return t;
}

/* *out: owned; NULL: absent, or wrong. */
static int
read_metadata(struct rest_fields *f, const struct rest_param *p, gh_json **out,
    struct gh_error *err)
{
	int rc;

	*out = NULL;
	if (p->value == NULL)
		return 0;
	rc = gh_json_parse(p->value, strlen(p->value), GH_JSON_STRICT, out, err);
	if (rc == GH_E_NOMEM)
		return rc;
	if (rc != 0 || gh_json_type(*out) != GH_JSON_OBJECT)
		rest_field_wrong(f, p->name,
		    "The parameter %s is a JSON object of names and values.", p->name);
	return 0;
}

/* But metadata. */
static void
read_filter(const struct rest_param *p, struct rest_fields *f, struct store_request_filter *out)
{
	static const char *const orders[] = {"oldest", "newest", NULL};
	const char *order = rest_param_word(f, &p[ORDER], orders);

	out->after_id = rest_param_number(f, &p[AFTER], 0, INT64_MAX, 0);
	out->limit = (int)rest_param_number(f, &p[LIMIT], 1, REST_LIMIT_MAX, REST_LIMIT_DEFAULT);
	out->newest_first = order != NULL && strcmp(order, "newest") == 0;
	out->disposition = read_state(f, &p[STATUS]);
	out->template_name = rest_param_text(f, &p[PROFILE]);
	out->requester = rest_param_text(f, &p[REQUESTER]);
	out->submitted_from = read_time(f, &p[FROM]);
	out->submitted_to = read_time(f, &p[TO]);
}

static bool
complete(gh_json *entries)
{
	for (size_t i = 0; i < gh_json_size(entries); i++)
		if (!rest_request_complete(gh_json_at(entries, i)))
			return false;
	return true;
}

/* Takes entries. */
static void
reply(struct gh_http_reply *rep, gh_json *entries, int64_t next)
{
	if (!complete(entries)) {
		gh_json_free(entries);
		entries = NULL;
	}
	rest_page(rep, entries, next);
}

void
rest_request_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"limit", NULL}, {"order", NULL},
	    {"status", NULL}, {"profile", NULL}, {"requester", NULL}, {"submitted_from", NULL},
	    {"submitted_to", NULL}, {"metadata", NULL}};
	struct store_request_filter filter = {0};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *entries, *metadata = NULL;
	int64_t next;
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);

	if (rc == 0 && (rc = read_metadata(&fields, &p[METADATA], &metadata, &err)) == 0) {
		read_filter(p, &fields, &filter);
		rc = rest_fields_check(&fields, &err);
	}
	filter.metadata = metadata;
	if ((call->requester->roles & REQUESTER_ROLE_OFFICER) == 0)
		filter.owner = call->requester;
	if (rc == 0)
		rc = store_request_page(env->store, &filter, &entries, &next, &err);
	if (rc == 0)
		reply(rep, entries, next);
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	gh_json_free(metadata);
	rest_fields_clear(&fields);
	rest_params_clear(p, PARAMS);
}
