/*
 * CertEnroll Pkcs12: the KRA makes the key, and signs a PKCS#10 that goes through the pipeline as
 * any other; what is recorded is answered as PKCS#12 under the password of the call. The key is
 * recorded with the certificate, sealed for the KRA, so that the same call has the same answer for
 * as long as answers are repeated. The password is in the body of the call alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/app.h"
#include "kra/key_people.h"
#include "kra/key_pkcs12.h"
#include "log.h"
#include "store/key/generated_key.h"
#include "timestamp.h"
#include "utf8.h"

#include "ce_check.h"
#include "ce_format.h"
#include "ce_pkcs12.h"
#include "ce_pkcs12_parse.h"
#include "ce_replay.h"
#include "decide.h"
#include "kra_env.h"

/* One call on its way. */
struct p12_call {
	const struct call *call;
	const struct ce_pkcs12_more *more;
	struct ce_pkcs12_body body;
	struct enroll_request req;
	struct enrollment e; /* rc and err also of the stages here */
	struct ce_names names;
	struct key_made made;
	bool is_recorded; /* e.out is the answer to a call that came before */
	struct signer_blob p12;
};

static void
p12_init(struct p12_call *c, const struct call *call, const struct ce_pkcs12_more *more)
{
	c->call = call;
	c->more = more;
	c->req.protocol = ce_protocol(call);
	memcpy(c->req.request_id, call->http->request_id, sizeof(c->req.request_id));
	c->req.requester = *call->requester;
	c->req.submitted = gh_now();
	c->e.req = &c->req;
	c->e.profile = &call->app->profile;
	c->e.entry = call->entry;
	c->e.cannot_wait = true;
	c->e.detail = more->detail;
}

static void
p12_clear(struct p12_call *c)
{
	enrollment_clear(&c->e);
	enroll_request_clear(&c->req);
	key_made_clear(&c->made);
	ce_names_clear(&c->names);
	ce_pkcs12_body_clear(&c->body);
	free(c->p12.p);
}

/* ---- what the call says ---- */

static int
check_password(const struct worker_env *env, const struct p12_call *c, struct gh_error *err)
{
	int min = env->conf->certenroll.pkcs12_password_min;

	return gh_utf8_length(c->body.password, strlen(c->body.password)) >= (size_t)min
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST, "Pkcs12Password has less than %d characters.", min);
}

/* From the parsed body to the pipeline's request. */
static int
fill_request(const struct worker_env *env, struct p12_call *c)
{
	struct enroll_request *req = &c->req;

	req->cert_only = (c->body.common.flags & CE_FLAG_CERT_ONLY) != 0;
	req->has_replay_mark = true;
	req->follows = c->more->follows;
	if ((req->template_name = strdup(c->body.common.template_name)) == NULL ||
	    (c->more->ca_name != NULL && (req->ca_name = strdup(c->more->ca_name)) == NULL))
		return gh_fail(&c->e.err, GH_E_NOMEM, "request");
	if (c->body.common.metadata != NULL)
		req->metadata = gh_json_ref(c->body.common.metadata);
	return ce_replay_secret_mark(env->server_secret, c->call, req->replay_mark, &c->e.err);
}

/* Token, body, mark. */
static int
read_call(const struct worker_env *env, struct p12_call *c)
{
	const struct gh_http_request *http = c->call->http;
	struct gh_error *err = &c->e.err;
	int rc;

	if ((rc = kra_env_check(env, err)) != 0 || (rc = ce_check_token(env, c->call, err)) != 0 ||
	    (rc = ce_pkcs12_parse(http->body, http->body_len, c->call->version, &c->body, err)) !=
		0 ||
	    (rc = check_password(env, c, err)) != 0)
		return rc;
	return fill_request(env, c);
}

/* ---- a call that came before ---- */

static int
find_recorded(struct worker_env *env, struct p12_call *c)
{
	struct enroll_outcome out = {0};
	struct store_replay r = {.who = c->call->requester,
	    .mark = c->req.replay_mark,
	    .out = &out};

	store_find_replays_send(env->store, &r, 1);
	store_find_replays_collect(env->store, &r, 1);
	if (r.rc != 0)
		c->e.err = r.err;
	if (r.rc != 0 || !r.found)
		return r.rc;
	c->is_recorded = true;
	c->e.out = out;
	c->e.out.is_replay = true;
	return enroll_complete_chain(&env->catalog->cas, r.ca_id, &c->e.out, &c->e.err);
}

/* ---- the key ---- */

static int
make_key(const struct worker_env *env, struct p12_call *c)
{
	const struct tmpl *t = c->e.tmpl->tmpl;
	struct kra_means means = kra_env_means(env);
	const struct tmpl_key_wish wish = {.has_type = c->body.has_key_type,
	    .type = c->body.key_type,
	    .bits = c->body.key_bits};
	struct key_for_request f = {.policy = tmpl_recovery_policy(t),
	    .is_archived = tmpl_archival(t) != TMPL_ARCHIVAL_NONE,
	    .keep = env->conf->certenroll.replay_window,
	    .mark = c->req.replay_mark};
	int rc = tmpl_choose_key(t, &wish, &f.key_alg, &c->e.err);

	if (rc != 0 || (rc = ce_names_encode(&c->body, &c->names, &c->e.err)) != 0)
		return rc;
	f.subject = (struct gh_der){c->names.subject, c->names.subject_len};
	f.extensions = (struct gh_der){c->names.extensions, c->names.extensions_len};
	if ((rc = key_make_for_request(&means, &c->req.requester, &f, &c->made, &c->e.err)) != 0) {
		kra_env_explain(&c->e.err);
		return rc;
	}
	c->e.key = &c->made.record;
	c->req.archives_key = f.is_archived;
	return ca_pkcs10_parse(c->made.csr.p, c->made.csr.len, &c->req.csr, &c->e.err);
}

/* ---- policy, signature, record ---- */

/* A key costs: all that can be refused without one comes first. *leaves: the directory would have
 * to be waited for. */
static void
decide(struct worker_env *env, struct p12_call *c, bool may_leave, bool *leaves)
{
	struct enrollment *e = &c->e;

	if ((e->rc = ce_check_window(env, c->call, c->body.common.timestamp, &e->err)) != 0)
		return;
	enroll_admit(env, e);
	*leaves = may_leave && e->rc == GH_E_BUSY;
	if (e->rc != 0)
		return;
	if ((e->rc = gh_http_check_deadline(c->call->http, &e->err)) == 0 &&
	    (e->rc = make_key(env, c)) == 0)
		enroll_decide(env, e);
}

/* ---- the answer ---- */

/* What is said of a certificate whose key cannot be given out any more. */
static void
tell_forgotten(struct p12_call *c)
{
	snprintf(c->e.out.message, sizeof(c->e.out.message), "%s",
	    "The certificate was issued, and its key is no longer kept for a repeated call.");
}

static int
note_repeat(struct kra_means *means, struct p12_call *c, const struct store_archived_key *kept)
{
	char detail[48];

	snprintf(detail, sizeof(detail), "of request %" PRId64, c->e.out.cms_request_id);
	return key_people_note_repeat(means, &c->req.requester, kept, detail, c->req.request_id,
	    &c->e.err);
}

static int
make_pkcs12(const struct worker_env *env, struct p12_call *c)
{
	const struct key_pkcs12_ask a = {.mark = c->req.replay_mark,
	    .password = c->body.password,
	    .is_legacy = env->conf->certenroll.pkcs12_legacy,
	    .has_chain = !c->req.cert_only,
	    .name = c->more->name,
	    .chain = &c->e.out.chain};
	struct kra_means means = kra_env_means(env);
	struct store_archived_key kept;
	int rc;

	if (c->e.out.chain.n == 0)
		return 0;
	rc = store_get_kept_key(env->store, c->req.replay_mark, REPLAY_MARK_SIZE, &kept, &c->e.err);
	if (rc == 0)
		rc = key_pkcs12(&means, &kept, &a, &c->p12, &c->e.err);
	if (rc == 0 && c->e.out.is_replay)
		rc = note_repeat(&means, c, &kept);
	store_archived_key_clear(&kept);
	if (rc == GH_E_NOT_FOUND || rc == GH_E_CONFLICT) {
		tell_forgotten(c);
		return 0;
	}
	if (rc != 0)
		kra_env_explain(&c->e.err);
	return rc;
}

bool
ce_pkcs12_serve(struct worker_env *env, const struct call *call, const struct ce_pkcs12_more *more,
    bool may_leave, struct gh_http_reply *rep)
{
	struct p12_call c = {0};
	struct enrollment *e = &c.e;
	bool leaves = false;

	p12_init(&c, call, more);
	if ((e->rc = read_call(env, &c)) == 0)
		e->rc = find_recorded(env, &c);
	if (e->rc == 0 && !c.is_recorded)
		decide(env, &c, may_leave, &leaves);
	if (!leaves) {
		if (!c.is_recorded) {
			enroll_sign(env, &e, 1);
			enroll_record(env, &e, 1);
		}
		if (e->rc == 0)
			e->rc = make_pkcs12(env, &c);
		if (e->rc != 0)
			ce_reply_error(env, &e->err, rep);
		else
			ce_reply_pkcs12(env, &e->out, &c.p12, rep);
	}
	p12_clear(&c);
	return leaves;
}

void
ce_pkcs12(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct ce_pkcs12_more more = {.ca_name = NULL};

	(void)ce_pkcs12_serve(env, call, &more, false, rep);
}

static bool
serve_or_leave(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct ce_pkcs12_more more = {.ca_name = NULL};

	return ce_pkcs12_serve(env, call, &more, true, rep);
}

void
ce_pkcs12_batch(struct worker_env *env, struct call_item *items, size_t n)
{
	call_each(env, items, n, serve_or_leave);
}
