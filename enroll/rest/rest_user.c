/* Local administrators. See rest_user.h. */
#include "rest.h"
#include "rest_user.h"

static void
reply(const struct call *call, int rc, gh_json *answer, const struct gh_error *err,
    struct rest_fields *f, struct gh_http_reply *rep)
{
	if (rc == 0)
		rest_json(rep, 200, answer);
	else
		rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

/* --- roles ------------------------------------------------------------------------------------ */

static unsigned
take_roles(const gh_json *list, struct rest_fields *f)
{
	unsigned roles = 0, role;

	for (size_t i = 0; i < gh_json_size(list); i++) {
		const char *name = gh_json_string(gh_json_at(list, i));

		if (name == NULL || (role = store_user_role(name)) == 0) {
			rest_field_wrong(f, "roles",
			    "The field roles must be a list of admin, officer, auditor and agent.");
			return 0;
		}
		roles |= role;
	}
	return roles;
}

static int
read_roles(const struct call *call, unsigned *out, struct rest_fields *f, struct gh_error *err)
{
	const gh_json *list;
	gh_json *body;
	int rc = rest_body(call, &body, err);

	*out = 0;
	if (rc != 0)
		return rc;
	list = gh_json_get(body, "roles");
	if (gh_json_type(list) != GH_JSON_ARRAY || gh_json_size(list) == 0)
		rest_field_wrong(f, "roles",
		    "The field roles must be a list of one or more roles; who is to have none is "
		    "disabled.");
	else
		*out = take_roles(list, f);
	gh_json_free(body);
	return rest_fields_check(f, err);
}

/* NULL: out of memory. */
static gh_json *
roles_json(const char *name, unsigned roles)
{
	static const char *const names[] = {"admin", "officer", "auditor", "agent"};
	gh_json *o = gh_json_new_object(), *list = gh_json_new_array();
	int bad = gh_json_set_string(o, "name", name);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((roles & store_user_role(names[i])) != 0)
			bad |= gh_json_append(list, gh_json_new_string(names[i]));
	bad |= gh_json_set(o, "roles", list);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_user_roles(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *name = call_text(call->parts, "profile");
	struct rest_fields f = {0};
	struct gh_error err = {0};
	unsigned roles;
	int rc = read_roles(call, &roles, &f, &err);

	if (rc == 0)
		rc = store_set_user_roles(env->store, call->requester, name, roles, &err);
	reply(call, rc, rc == 0 ? roles_json(name, roles) : NULL, &err, &f, rep);
}
