/* Local administrators, and messages that were given up. See rest_user.h. */
#include <string.h>
#include <strings.h>

#include "store/status/delivery.h"

#include "rest.h"
#include "rest_user.h"

static int
read_enabled(const struct call *call, bool *out, struct rest_fields *f, struct gh_error *err)
{
	gh_json *body;
	const gh_json *v;
	int rc = rest_body(call, &body, err);

	*out = false;
	if (rc != 0)
		return rc;
	v = gh_json_get(body, "enabled");
	if (gh_json_type(v) != GH_JSON_BOOL)
		rest_field_wrong(f, "enabled", "The field enabled must be true or false.");
	*out = gh_json_bool(v, false);
	gh_json_free(body);
	return rest_fields_check(f, err);
}

static gh_json *
state_json(const char *name, bool enabled)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "name", name) == 0 &&
	    gh_json_set_bool(o, "enabled", enabled) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_user_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct requester *who = call->requester;
	const char *name = call_text(call->parts, "profile");
	struct rest_fields f = {0};
	struct gh_error err = {0};
	bool enabled;
	int rc = read_enabled(call, &enabled, &f, &err);

	if (rc == 0 && !enabled && who->kind == REQUESTER_ADMIN && strcasecmp(who->name, name) == 0)
		rc = gh_refuse(&err, GH_E_CONFLICT,
		    "You cannot disable yourself: another administrator can.");
	if (rc == 0)
		rc = store_set_user(env->store, who, name, NULL, enabled, &err);
	if (rc == 0)
		rest_json(rep, 200, state_json(name, enabled));
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&f), rep);
	rest_fields_clear(&f);
}

void
rest_message_retry(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *o;
	int n;

	if (store_retry_deliveries(env->store, call->requester, call_number(call->parts, "id"), &n,
		&err) != 0) {
		rest_error(&err, call->http->request_id, NULL, rep);
		return;
	}
	o = gh_json_new_object();
	if (gh_json_set_int(o, "retried", n) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	rest_json(rep, 200, o);
}
