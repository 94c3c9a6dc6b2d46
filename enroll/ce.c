/* The handlers of CertEnroll. Authentication is done; each leaves a complete reply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "timestamp.h"

#include "ce.h"
#include "ce_format.h"
#include "ce_parse.h"
#include "ce_replay.h"
#include "clock.h"

static void
reply_error(const struct enroll_env *env, const struct gh_error *err, struct gh_http_reply *rep)
{
	ce_render_error(err, env->conf->certenroll.denied_status, rep);
}

static void
reply_outcome(const struct enroll_env *env, const struct enroll_outcome *out, bool cert_only,
    int denied_status, struct gh_http_reply *rep)
{
	struct gh_error err;

	if (ce_format_outcome(out, cert_only, denied_status, rep, &err) == 0) {
		if (out->disposition == DB_DISP_DENIED) {
			gh_fail(&err, GH_E_DENIED, "%s", out->message);
			gh_http_reply_cause(rep, &err);
		}
		return;
	}
	gh_log_kv(GH_LOG_ERROR, "answer not formatted", "detail", err.detail, NULL);
	reply_error(env, &err, rep);
}

/* v1, v2: tokens on, and a valid one. v3: Timestamp within the window. */
static int
check_token(const struct enroll_env *env, const struct call *call, struct gh_error *err)
{
	if (call->version == 3)
		return 0;
	if (!env->conf->certenroll.tokens)
		return gh_refuse(err, GH_E_TOKEN,
		    "Versions 1 and 2 are switched off on this server; use version 3.");
	if (clock_check(env->conf, err) != 0)
		return GH_E_CLOCK;
	return ce_token_check(env->server_secret, call->http->token, call->requester, gh_now(),
	    err);
}

static int
check_window(const struct enroll_env *env, const struct call *call, const struct ce_body *body,
    struct gh_error *err)
{
	int64_t off = body->timestamp - gh_now();

	if (call->version != 3 ||
	    (off <= env->conf->certenroll.timestamp_window &&
		off >= -env->conf->certenroll.timestamp_window))
		return 0;
	if (clock_check(env->conf, err) != 0) /* then it is not the client's */
		return GH_E_CLOCK;
	return gh_fail(err, GH_E_TIMESTAMP_WINDOW, "Timestamp is %lld s from our time",
	    (long long)off);
}

static int
parse_csr(const char *text, struct ca_pkcs10 **csr, struct gh_error *err)
{
	unsigned char *der = NULL;
	size_t len = 0;
	int rc;

	if ((rc = ca_pkcs10_unarmour(text, &der, &len, err)) != 0)
		return rc;
	rc = ca_pkcs10_parse(der, len, csr, err);
	free(der);
	return rc;
}

/* The recorded answer to a call that came before; *found false: there is none. */
static int
find_recorded(struct enroll_env *env, const struct call *call, const struct enroll_request *req,
    bool *found, struct enroll_outcome *out, struct gh_error *err)
{
	int64_t ca_id = 0;
	int rc;

	*found = false;
	rc = store_find_replay(env->store, call->requester, req->replay_mark, found, out, &ca_id,
	    err);
	if (rc != 0 || !*found)
		return rc;
	out->is_replay = true;
	return enroll_complete_chain(env, ca_id, out, err);
}

/* From the parsed body to the pipeline's request. */
static int
fill_request(const struct call *call, const struct ce_body *body, struct enroll_request *req,
    struct gh_error *err)
{
	static const enum enroll_protocol protocol[] = {0, ENROLL_CERTENROLL_V1,
	    ENROLL_CERTENROLL_V2, ENROLL_CERTENROLL_V3};

	req->protocol = protocol[call->version];
	memcpy(req->request_id, call->http->request_id, sizeof(req->request_id));
	req->requester = *call->requester;
	req->cert_only = (body->flags & CE_FLAG_CERT_ONLY) != 0;
	req->submitted = gh_now();
	req->has_replay_mark = true;
	if ((req->template_name = strdup(body->template_name)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "request");
	if (body->metadata != NULL)
		req->metadata = gh_json_ref(body->metadata);
	return ce_replay_mark(call, req->replay_mark, err);
}

/*
 * *audited: the pipeline has written the audit row of a failure itself.
 * The recorded answer comes before the window: a retry that took long must not turn a certificate
 * into an error.
 */
static int
enroll_body(struct enroll_env *env, const struct call *call, struct enroll_request *req,
    struct enroll_outcome *out, bool *audited, struct gh_error *err)
{
	struct ce_body body = {0};
	bool found = false;
	int rc;

	if ((rc = ce_body_parse(call->http->body, call->http->body_len, call->version, &body,
		 err)) == 0 &&
	    (rc = fill_request(call, &body, req, err)) == 0 &&
	    (rc = find_recorded(env, call, req, &found, out, err)) == 0 && !found &&
	    (rc = check_window(env, call, &body, err)) == 0 &&
	    (rc = parse_csr(body.pkcs10, &req->csr, err)) == 0) {
		*audited = true;
		rc = enroll_submit(env, call->app, call->entry, req, out, err);
	}
	ce_body_clear(&body);
	return rc;
}

void
ce_pkcs10(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct enroll_request req = {0};
	struct enroll_outcome out = {0};
	struct gh_error err;
	bool audited = false;
	int rc;

	if ((rc = check_token(env, call, &err)) == 0)
		rc = enroll_body(env, call, &req, &out, &audited, &err);
	if (rc != 0 && !audited)
		enroll_audit_refusal(env, call->requester, call->http->request_id,
		    req.template_name, &err);
	if (rc != 0)
		reply_error(env, &err, rep);
	else
		reply_outcome(env, &out, req.cert_only, env->conf->certenroll.denied_status, rep);
	enroll_outcome_clear(&out);
	enroll_request_clear(&req);
}

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
ce_token(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
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
		reply_error(env, &err, rep);
	else
		ce_format_json(rep, 200, token_json(token, expires));
	free(token);
}

/* A template is listed when it exists and the caller, if there is one, may enroll. */
static gh_json *
describe(const struct enroll_env *env, const struct call *call, const char *name, bool *listed)
{
	const struct catalog_template *t = catalog_find_template(env->catalog, name);
	struct gh_error ignored;
	gh_json *j;

	*listed = t != NULL &&
	    (call->entry == NULL ||
		tmpl_may_enroll(t->tmpl, call->entry, call->app->groups, &ignored) == 0);
	if (!*listed)
		return NULL;
	if ((j = tmpl_describe(t->tmpl)) != NULL &&
	    gh_json_set_string(j, "CA", call->app->ca_name) != 0) {
		gh_json_free(j);
		return NULL;
	}
	return j;
}

static gh_json *
template_list(const struct enroll_env *env, const struct call *call)
{
	gh_json *list = gh_json_new_array();

	for (char **t = call->app->templates; list != NULL && *t != NULL; t++) {
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
ce_templates(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
{
	ce_format_json(rep, 200, template_list(env, call));
}

/* The query itself succeeded: 200 also for a request that was denied. */
void
ce_request_status(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct enroll_outcome out;
	struct gh_error err;
	bool cert_only;

	if (enroll_status(env, call->requester, call->object_id, &out, &cert_only, &err) != 0) {
		reply_error(env, &err, rep);
		return;
	}
	reply_outcome(env, &out, cert_only, 200, rep);
	enroll_outcome_clear(&out);
}
