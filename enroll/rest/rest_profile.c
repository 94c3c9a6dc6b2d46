/* A profile is a template that the application of the call has. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ca_choice.h"
#include "catalog/profile_view.h"

#include "rest_door.h"
#include "rest_list.h"
#include "rest_profile.h"

/* What one call may see. */
struct view {
	const struct catalog *catalog;
	const struct app *app;
	const struct call *call;
};

/* The CA that would serve the caller, as far as it is known now. */
static const struct ca *
ca_of(const struct view *v, const struct catalog_template *t)
{
	const struct ca_question q = ca_question_of(v->call->requester, v->call->entry, t->tmpl);

	return ca_choice_show(v->catalog, &v->app->profile, &q);
}

static bool
may_enroll(const struct view *v, const struct catalog_template *t)
{
	const struct subject_source from = {.entry = v->call->entry};
	const struct ca *ca;

	if (v->call->entry == NULL ||
	    tmpl_may_enroll(t->tmpl, &from, v->app->profile.groups, NULL) != 0)
		return false;
	ca = ca_of(v, t);
	return ca == NULL || ca_is_for(ca, v->call->entry);
}

/* Who has a role sees all of them: he decides about requests for them. */
static bool
may_see(const struct view *v, const struct catalog_template *t)
{
	return enroll_profile_has_template(&v->app->profile, tmpl_name(t->tmpl)) &&
	    (v->call->requester->roles != 0 || may_enroll(v, t));
}

/* The name as a segment of a path (RFC 3986, 3.3). */
#define LINK_SIZE (sizeof(REST_PROFILE) + 3 * CALL_PART_SIZE)
static char *
link_of(const char *name, char out[LINK_SIZE])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	size_t n = (size_t)snprintf(out, LINK_SIZE, "%s", REST_PROFILE);

	for (; *name != '\0' && n + 4 <= LINK_SIZE; name++)
		n += (size_t)snprintf(out + n, LINK_SIZE - n,
		    strchr(plain, *name) != NULL ? "%c" : "%%%02X", (unsigned char)*name);
	return out;
}

/* Takes o, which may be NULL. */
static gh_json *
add_links(const struct view *v, const struct catalog_template *t, gh_json *o)
{
	char link[LINK_SIZE];

	if (o != NULL && gh_json_set_bool(o, "may_enroll", may_enroll(v, t)) == 0 &&
	    gh_json_set_string(o, "link", link_of(tmpl_name(t->tmpl), link)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- list ---- */

/* Of the templates, which are sorted by name, those behind after. *next: the last name when there
 * are more; borrowed. NULL: out of memory. */
static gh_json *
page(const struct view *v, const char *after, size_t limit, const char **next)
{
	gh_json *list = gh_json_new_array();
	const char *last = NULL;

	*next = NULL;
	for (size_t i = 0; list != NULL && i < v->catalog->tmpls && *next == NULL; i++) {
		const struct catalog_template *t = &v->catalog->tmpl[i];

		if ((after != NULL && strcasecmp(tmpl_name(t->tmpl), after) <= 0) || !may_see(v, t))
			continue;
		if (gh_json_size(list) == limit) {
			*next = last;
			break;
		}
		last = tmpl_name(t->tmpl);
		if (gh_json_append(list, add_links(v, t, profile_summary(t, ca_of(v, t)))) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

/* next: a name, or NULL. Takes entries. */
static void
reply_page(struct gh_http_reply *rep, gh_json *entries, const char *next)
{
	gh_json *o = gh_json_new_object();
	bool failed = gh_json_set(o, "entries", entries) != 0;

	failed |= gh_json_set_string(o, "next", next) != 0;
	if (failed) {
		gh_json_free(o);
		o = NULL;
	}
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, o);
}

void
rest_profile_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[] = {{"after", NULL}, {"limit", NULL}};
	struct view v = {.catalog = env->catalog, .call = call};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	const char *after = NULL, *next;
	size_t limit = 0;
	int rc = rest_params_read(call, p, 2, &fields, &err);

	if (rc == 0) {
		after = rest_param_text(&fields, &p[0]);
		limit = (size_t)rest_param_number(&fields, &p[1], 1, REST_LIMIT_MAX,
		    REST_LIMIT_DEFAULT);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0)
		rc = rest_door(env, call, &v.app, &err);
	if (rc == 0) {
		gh_json *list = page(&v, after, limit, &next);

		reply_page(rep, list, next);
	} else {
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	}
	rest_fields_clear(&fields);
	rest_params_clear(p, 2);
}

/* ---- one ---- */

void
rest_profile_show(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct view v = {.catalog = env->catalog, .call = call};
	const char *name = call_text(call->parts, "profile");
	const struct catalog_template *t = NULL;
	struct gh_error err = {0};
	int rc = rest_door(env, call, &v.app, &err);

	/* one answer, whether it exists elsewhere or not */
	if (rc == 0 && ((t = catalog_find_template(env->catalog, name)) == NULL || !may_see(&v, t)))
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no profile of this name for you.");
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200,
		    add_links(&v, t, profile_describe(env->catalog, t, ca_of(&v, t))));
	} else {
		rest_error(&err, call->http->request_id, NULL, rep);
	}
}
