/* The small handlers of CertEnroll. Authentication is done; each leaves a complete reply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "ca_choice.h"
#include "catalog/app.h"

#include "ce.h"
#include "ce_format.h"

static gh_json *
token_json(const char *token, int64_t expires)
{
	char stamp[GH_TIMESTAMP_SIZE];
	gh_json *j = gh_json_new_object();

	if (j != NULL &&
	    (gh_json_set_string(j, "Token", token) != 0 ||
		gh_json_set_string(j, "Expires", gh_timestamp_format(expires, stamp)) != 0)) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

void
ce_token(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	int64_t expires = gh_now() + env->conf->certenroll.token_seconds;
	struct gh_error err;
	char *token = NULL;
	int rc;

	if (!env->conf->certenroll.tokens)
		rc = gh_refuse(&err, GH_E_TOKEN,
		    "Versions 1 and 2 are switched off on this server; use version 3.");
	else
		rc = ce_token_make(env->server_secret, call->requester, expires, &token, &err);
	if (rc != 0)
		ce_reply_error(env, &err, rep);
	else
		ce_format_json(rep, 200, token_json(token, expires));
	free(token);
}

/* A template is listed when it exists and the caller, if there is one, may enroll, by the CA that
 * would serve him, too. */
static gh_json *
describe(const struct worker_env *env, const struct call *call, const char *name, bool *listed)
{
	const struct catalog_template *t = catalog_find_template(env->catalog, name);
	const struct subject_source from = {.entry = call->entry};
	struct gh_error ignored;
	struct ca_question q;
	const struct ca *ca;
	gh_json *j;

	*listed = t != NULL &&
	    (call->entry == NULL ||
		tmpl_may_enroll(t->tmpl, &from, call->app->profile.groups, &ignored) == 0);
	if (!*listed)
		return NULL;
	q = ca_question_of(call->requester, call->entry, t->tmpl);
	ca = ca_choice_show(env->catalog, &call->app->profile, &q);
	*listed = ca == NULL || call->entry == NULL || ca_is_for(ca, call->entry);
	if (!*listed)
		return NULL;
	if ((j = tmpl_describe(t->tmpl)) != NULL &&
	    gh_json_set_string(j, "CA", ca != NULL ? ca->name : NULL) != 0) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

static gh_json *
template_list(const struct worker_env *env, const struct call *call)
{
	gh_json *list = gh_json_new_array();

	for (char **t = call->app->profile.templates; list != NULL && *t != NULL; t++) {
		bool listed;
		gh_json *j = describe(env, call, *t, &listed);

		if (listed && gh_json_append(list, j) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

void
ce_templates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	ce_format_json(rep, 200, template_list(env, call));
}

/* The query itself succeeded: 200 also for a request that was denied. */
void
ce_request_status(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct enroll_outcome out;
	struct gh_error err;
	bool cert_only;

	if (enroll_status(env, call->requester, call_number(call->parts, "id"), &out, &cert_only,
		&err) != 0) {
		ce_reply_error(env, &err, rep);
		return;
	}
	ce_reply_outcome(env, &out, cert_only, 200, rep);
	enroll_outcome_clear(&out);
}
