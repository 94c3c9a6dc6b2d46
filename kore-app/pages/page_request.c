/* GET /requests/{id}. See page_request.h. */
#include <string.h>

#include "enroll.h"
#include "preview.h"
#include "rest/rest.h"
#include "store/request/request_page.h"

#include "page.h"
#include "page_request.h"

/* One request as its page shows it; owned. */
struct shown {
	gh_json *row;
	struct requester owner;
};

static int
find(struct worker_env *env, const struct call *call, struct shown *out, struct gh_error *err)
{
	int64_t id = call_number(call->parts, "id");
	int rc = store_request_view(env->store, id, &out->row, &out->owner, err);

	if (rc == 0 && !enroll_may_see(call->requester, &out->owner)) {
		gh_json_free(out->row);
		out->row = NULL;
		rc = gh_fail(err, GH_E_NOT_FOUND, "request %lld is another's", (long long)id);
	}
	return rc;
}

/* {"a":1} as [{"name":"a","value":1}]. NULL: out of memory. */
static gh_json *
pairs(const gh_json *o)
{
	gh_json *list = gh_json_new_array();

	for (void *it = gh_json_iter(o); list != NULL && it != NULL; it = gh_json_next(o, it)) {
		gh_json *pair = gh_json_new_object();

		if (pair == NULL || gh_json_set_string(pair, "name", gh_json_iter_name(it)) != 0 ||
		    gh_json_set(pair, "value", gh_json_ref(gh_json_iter_value(it))) != 0 ||
		    gh_json_append(list, gh_json_ref(pair)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		gh_json_free(pair);
	}
	return list;
}

static int
set_new(gh_json *o, const char *name, gh_json *v)
{
	return v == NULL ? -1 : gh_json_set(o, name, v);
}

/* For officers, of what waits: what it would become. A failure is shown in its place. */
static int
put_preview(struct worker_env *env, const struct call *call, gh_json *data)
{
	struct gh_error err = {0};
	gh_json *preview;

	if (enroll_preview_pending(env, call_number(call->parts, "id"), &preview, &err) == 0)
		return gh_json_set(data, "preview", preview);
	return set_new(data, "no_preview", rest_reason(&err));
}

static int
put_state(struct worker_env *env, const struct call *call, const struct shown *s, gh_json *data)
{
	const char *state = gh_json_string(gh_json_get(s->row, "status")),
		   *template = gh_json_string(gh_json_get(s->row, "profile"));
	bool is_pending = state != NULL && strcmp(state, "pending") == 0,
	     is_officer = (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0,
	     is_own = requester_may_be_same(call->requester, &s->owner);
	int64_t certificate = 0;
	int bad;

	(void)gh_json_int(gh_json_get(s->row, "certificate_id"), &certificate);
	bad = gh_json_set_string(data, "state", state) |
	    gh_json_set_bool(data, "is_pending", is_pending) |
	    gh_json_set_bool(data, "is_officer", is_officer) |
	    gh_json_set_bool(data, "can_decide", is_pending && is_officer && !is_own) |
	    gh_json_set_bool(data, "is_own_to_others", is_pending && is_officer && is_own) |
	    gh_json_set_bool(data, "has_certificate", certificate != 0) |
	    gh_json_set_int(data, "needed", enroll_approvals_required(env->catalog, template));
	if (bad == 0 && is_pending && is_officer)
		bad = put_preview(env, call, data);
	return bad;
}

/* comment, wrong: of a form that was sent, or NULL. */
static int
put_form(const char *comment, const struct gh_error *wrong, gh_json *data)
{
	gh_json *values = gh_json_new_object();
	struct rest_fields fields = {0};
	int bad = gh_json_set_string(values, "comment", comment != NULL ? comment : "");

	bad |= set_new(data, "values", values);
	if (wrong != NULL) {
		rest_field_refused(&fields, "comment", wrong);
		bad |= set_new(data, "errors", gh_json_ref(fields.reasons));
	}
	bad |= fields.failed ? -1 : 0;
	rest_fields_clear(&fields);
	return bad;
}

void
page_request_show(struct worker_env *env, const struct call *call, const char *comment,
    const struct gh_error *wrong, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	struct shown s = {0};
	gh_json *data;

	if (find(env, call, &s, &err) != 0) {
		page_error(env->conf, &err, call->http, rep);
		return;
	}
	data = gh_json_new_object();
	if (gh_json_set(data, "request", gh_json_ref(s.row)) != 0 ||
	    set_new(data, "metadata", pairs(gh_json_get(s.row, "metadata"))) != 0 ||
	    put_state(env, call, &s, data) != 0 || put_form(comment, wrong, data) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	page_reply(env, call, wrong != NULL ? 422 : 200, "request", data, rep);
	gh_json_free(s.row);
}

void
page_request(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	page_request_show(env, call, NULL, NULL, rep);
}
