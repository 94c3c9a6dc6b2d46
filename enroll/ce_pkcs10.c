/*
 * CertEnroll Pkcs10: a certificate for a PKCS#10. Each stage is a function of one call; ce_pkcs10
 * says in which order they run.
 */
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "ce_format.h"
#include "ce_parse.h"
#include "ce_replay.h"
#include "clock.h"
#include "decide.h"

/* One call on its way. */
struct member {
	const struct call *call;
	struct gh_http_reply *rep;
	struct ce_body body;
	struct enroll_request req;
	struct enrollment e; /* rc and err also of the stages here */
	bool is_recorded;    /* e.out is the answer to a call that came before */
};

/* ---- what the call says ---- */

/* What is known of a call before it is read. */
static void
member_init(struct member *m, const struct call *call, struct gh_http_reply *rep)
{
	static const enum enroll_protocol protocol[] = {0, ENROLL_CERTENROLL_V1,
	    ENROLL_CERTENROLL_V2, ENROLL_CERTENROLL_V3};

	memset(m, 0, sizeof(*m));
	m->call = call;
	m->rep = rep;
	m->req.protocol = protocol[call->version];
	memcpy(m->req.request_id, call->http->request_id, sizeof(m->req.request_id));
	m->req.requester = *call->requester;
	m->req.submitted = gh_now();
	m->e.req = &m->req;
	m->e.app = call->app;
	m->e.entry = call->entry;
}

/* v1, v2: tokens on, and a valid one. */
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

/* From the parsed body to the pipeline's request. */
static int
fill_request(struct member *m)
{
	struct enroll_request *req = &m->req;

	req->cert_only = (m->body.flags & CE_FLAG_CERT_ONLY) != 0;
	req->has_replay_mark = true;
	if ((req->template_name = strdup(m->body.template_name)) == NULL)
		return gh_fail(&m->e.err, GH_E_NOMEM, "request");
	if (m->body.metadata != NULL)
		req->metadata = gh_json_ref(m->body.metadata);
	return ce_replay_mark(m->call, req->replay_mark, &m->e.err);
}

/* Token, body, mark. */
static void
read_call(const struct enroll_env *env, struct member *m)
{
	const struct gh_http_request *http = m->call->http;
	struct gh_error *err = &m->e.err;
	int rc;

	if ((rc = check_token(env, m->call, err)) == 0 &&
	    (rc = ce_body_parse(http->body, http->body_len, m->call->version, &m->body, err)) == 0)
		rc = fill_request(m);
	m->e.rc = rc;
}

/* ---- a call that came before ---- */

/* Its recorded answer comes before the window: a retry that took long must not turn a certificate
 * into an error. */
static void
find_recorded(struct enroll_env *env, struct member *m)
{
	int64_t ca_id = 0;
	int rc;

	if (m->e.rc != 0)
		return;
	rc = store_find_replay(env->store, m->call->requester, m->req.replay_mark, &m->is_recorded,
	    &m->e.out, &ca_id, &m->e.err);
	if (rc == 0 && m->is_recorded) {
		m->e.out.is_replay = true;
		rc = enroll_complete_chain(env, ca_id, &m->e.out, &m->e.err);
	}
	m->e.rc = rc;
}

/* ---- the request itself ---- */

/* v3: Timestamp within the window. */
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

/* Window, CSR, policy. */
static void
decide(const struct enroll_env *env, struct member *m)
{
	int rc;

	if (m->e.rc != 0 || m->is_recorded)
		return;
	if ((rc = check_window(env, m->call, &m->body, &m->e.err)) != 0 ||
	    (rc = parse_csr(m->body.pkcs10, &m->req.csr, &m->e.err)) != 0)
		m->e.rc = rc;
	else
		enroll_decide(env, &m->e);
}

/* ---- the answer ---- */

static void
answer(const struct enroll_env *env, struct member *m)
{
	if (m->e.rc != 0)
		ce_reply_error(env, &m->e.err, m->rep);
	else
		ce_reply_outcome(env, &m->e.out, m->req.cert_only,
		    env->conf->certenroll.denied_status, m->rep);
}

static void
member_clear(struct member *m)
{
	enrollment_clear(&m->e);
	enroll_request_clear(&m->req);
	ce_body_clear(&m->body);
}

void
ce_pkcs10(struct enroll_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct member m;

	member_init(&m, call, rep);
	read_call(env, &m);
	find_recorded(env, &m);
	decide(env, &m);
	if (m.e.rc != 0 || !m.is_recorded) {
		enroll_sign(env, &m.e);
		enroll_record(env, &m.e);
	}
	answer(env, &m);
	member_clear(&m);
}
