/* What is switched off and on over REST. See rest_switch.h. */
#include "catalog/est_label.h"
#include "store/ca/ca_row.h"

#include "rest.h"
#include "rest_switch.h"

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

/* NULL: out of memory. */
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

static void
turn(struct worker_env *env, const struct call *call, const char *name,
    int (*set)(struct store *s, const struct requester *who, const char *name, bool enabled,
	struct gh_error *err),
    struct gh_http_reply *rep)
{
	struct rest_fields f = {0};
	struct gh_error err = {0};
	bool enabled;
	int rc = read_enabled(call, &enabled, &f, &err);

	if (rc == 0)
		rc = set(env->store, call->requester, name, enabled, &err);
	if (rc == 0)
		rest_json(rep, 200, state_json(name, enabled));
	else
		rest_error(&err, call->http->request_id, rest_fields_take(&f), rep);
	rest_fields_clear(&f);
}

/* --- people ----------------------------------------------------------------------------------- */

static int
set_user(struct store *s, const struct requester *who, const char *name, bool enabled,
    struct gh_error *err)
{
	return store_set_user(s, who, name, NULL, enabled, err);
}

void
rest_user_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	turn(env, call, call_text(call->parts, "profile"), set_user, rep);
}

/* --- CAs -------------------------------------------------------------------------------------- */

static int
set_ca(struct store *s, const struct requester *who, const char *name, bool enabled,
    struct gh_error *err)
{
	return store_set_ca_state(s, who, name, enabled ? CA_ACTIVE : CA_DISABLED, err);
}

void
rest_authority_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	turn(env, call, call_text(call->parts, "name"), set_ca, rep);
}

/* --- labels of EST ---------------------------------------------------------------------------- */

static int
check_label(const gh_json *row, struct gh_error *err)
{
	struct est_label l;
	int rc = est_label_load(row, &l, err);

	if (rc == 0)
		est_label_clear(&l);
	return rc;
}

static int
set_label(struct store *s, const struct requester *who, const char *name, bool enabled,
    struct gh_error *err)
{
	gh_json *changes = gh_json_new_object();
	int rc = gh_json_set_bool(changes, "enabled", enabled) == 0
	    ? store_change_est_label(s, who, name, changes, check_label, err)
	    : gh_fail(err, GH_E_NOMEM, "label");

	gh_json_free(changes);
	return rc;
}

void
rest_label_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	turn(env, call, call_text(call->parts, "profile"), set_label, rep);
}
