/* Rules that show certificates to groups, over REST. See rest_view_rule.h. */
#include <stdio.h>
#include <string.h>

#include "inventory/view_rule_add.h"
#include "store/catalog/view_rule_row.h"

#include "rest_members.h"
#include "rest_view_rule.h"

#define PATH "/pki/view-rules/"

static const char *const members[] = {"name", "group", "template", "ca", "field", "value", NULL};

/* What view_rule_add says is wrong, as the member that it is. */
static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *f,
    struct gh_http_reply *rep)
{
	size_t n = strcspn(err->message, ":");

	for (size_t i = 0; err->code == GH_E_VALIDATION && members[i] != NULL; i++)
		if (strlen(members[i]) == n && strncmp(members[i], err->message, n) == 0)
			rest_field_refused(f, members[i], err);
	rest_error(err, call->http->request_id, rest_fields_take(f), rep);
	rest_fields_clear(f);
}

/* One that is there, as the list has it. */
static int
find(struct worker_env *env, const char *name, gh_json **out, struct gh_error *err)
{
	const struct store_filter filter = {.name = name, .limit = 1};
	gh_json *list;
	int rc = store_list(env->store, STORE_LIST_VIEW_RULES, &filter, &list, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	*out = gh_json_ref(gh_json_at(list, 0));
	gh_json_free(list);
	return *out != NULL ? 0 : gh_refuse(err, GH_E_NOT_FOUND, "There is no such rule.");
}

void
rest_view_rule(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields none = {0};
	struct gh_error err = {0};
	gh_json *rule;

	if (find(env, call_text(call->parts, "name"), &rule, &err) == 0)
		rest_json(rep, 200, rule);
	else
		fail(call, &err, &none, rep);
}

/* The members that are there are texts; what they say, view_rule_add looks at. */
static int
check_body(const gh_json *body, struct rest_fields *f, struct gh_error *err)
{
	rest_only(f, body, NULL, members);
	for (size_t i = 0; members[i] != NULL; i++) {
		bool is_long = strcmp(members[i], "group") == 0 || strcmp(members[i], "value") == 0;

		(void)rest_text(f, body, members[i], 1,
		    is_long ? VIEW_RULE_LONG_MAX : VIEW_RULE_TEXT_MAX, i < 2);
	}
	return rest_fields_check(f, err);
}

void
rest_view_rule_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields f = {0};
	struct gh_error err = {0};
	gh_json *body = NULL, *rule = NULL;
	char path[sizeof(PATH) + VIEW_RULE_TEXT_MAX];
	int rc = rest_body(call, &body, &err);

	if (rc == 0 && (rc = check_body(body, &f, &err)) == 0)
		rc = view_rule_add(env->store, env->catalog, call->requester, body, &rule, &err);
	if (rc == 0) {
		snprintf(path, sizeof(path), PATH "%s",
		    gh_json_string(gh_json_get(rule, "name"))); /* it needs no encoding */
		gh_http_reply_header(rep, "Location", path);
		rest_json(rep, 201, rule);
	} else {
		fail(call, &err, &f, rep);
	}
	gh_json_free(body);
}

void
rest_view_rule_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *name = call_text(call->parts, "name");
	struct rest_fields none = {0};
	struct gh_error err = {0};

	if (store_remove_view_rule(env->store, call->requester, name, &err) == 0)
		rep->status = 204;
	else
		fail(call, &err, &none, rep);
}
