/*
 * CertEnroll Pkcs10: a certificate for a PKCS#10. Calls go through the stages together, and each
 * stage is a function of one call where nothing is gained by more; a single call is the batch of
 * one. What all have to wait for is waited for once: the look-up of the marks, the signatures, the
 * record. While PostgreSQL looks, the CSRs are checked.
 */
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "ce_check.h"
#include "ce_format.h"
#include "ce_parse.h"
#include "ce_replay.h"
#include "catalog/app.h"
#include "decide.h"

/* One call on its way. */
struct member {
	const struct call *call;
	struct gh_http_reply *rep;
	struct ce_body body;
	struct enroll_request req;
	struct enrollment e;    /* rc and err also of the stages here */
	bool is_recorded;       /* e.out is the answer to a call that came before */
	bool may_leave, leaves; /* see struct call_item */
};

/* Those of a batch that are still on their way. */
struct members {
	size_t n;
	struct member *of[ENROLL_BATCH_MAX];
};

/* ---- what the call says ---- */

/* What is known of a call before it is read. */
static void
member_init(struct member *m, const struct call *call, struct gh_http_reply *rep)
{
	m->call = call;
	m->rep = rep;
	m->req.protocol = ce_protocol(call);
	memcpy(m->req.request_id, call->http->request_id, sizeof(m->req.request_id));
	m->req.requester = *call->requester;
	m->req.submitted = gh_now();
	m->e.req = &m->req;
	m->e.profile = &call->app->profile;
	m->e.entry = call->entry;
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
read_call(const struct worker_env *env, struct member *m)
{
	const struct gh_http_request *http = m->call->http;
	struct gh_error *err = &m->e.err;
	int rc;

	if ((rc = ce_check_token(env, m->call, err)) == 0 &&
	    (rc = ce_body_parse(http->body, http->body_len, m->call->version, &m->body, err)) == 0)
		rc = fill_request(m);
	m->e.rc = rc;
}

/* ---- the request itself ---- */

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
decide(const struct worker_env *env, struct member *m)
{
	int rc;

	if ((rc = ce_check_window(env, m->call, m->body.timestamp, &m->e.err)) != 0 ||
	    (rc = parse_csr(m->body.pkcs10, &m->req.csr, &m->e.err)) != 0)
		m->e.rc = rc;
	else
		enroll_decide(env, &m->e);
}

/* ---- calls that came before ---- */

/*
 * What was recorded for the mark comes before all that was decided meanwhile, the window, too: a
 * retry that took long must not turn a certificate into an error.
 */
static void
take_found(const struct worker_env *env, struct member *m, const struct store_replay *r)
{
	if (r->rc == 0 && !r->found)
		return;
	enroll_outcome_clear(&m->e.out);
	m->is_recorded = r->found;
	if ((m->e.rc = r->rc) != 0) {
		m->e.err = r->err;
		return;
	}
	m->e.out = *r->out;
	m->e.out.is_replay = true;
	memset(r->out, 0, sizeof(*r->out)); /* moved */
	m->e.rc = enroll_complete_chain(&env->catalog->cas, r->ca_id, &m->e.out, &m->e.err);
}

/* Ask for the marks of those that could be read, and decide while PostgreSQL looks: nothing that is
 * called in between uses the connection. */
static void
find_and_decide(struct worker_env *env, const struct members *all)
{
	struct enroll_outcome out[ENROLL_BATCH_MAX];
	struct store_replay r[ENROLL_BATCH_MAX];
	struct members asked = {0};

	for (size_t i = 0; i < all->n; i++) {
		struct member *m = all->of[i];

		if (m->e.rc != 0)
			continue;
		memset(&out[asked.n], 0, sizeof(out[0]));
		r[asked.n] = (struct store_replay){.who = m->call->requester,
		    .mark = m->req.replay_mark,
		    .out = &out[asked.n]};
		asked.of[asked.n++] = m;
	}
	if (asked.n == 0)
		return;
	store_find_replays_send(env->store, r, asked.n);
	for (size_t i = 0; i < asked.n; i++) {
		enrollment_enter(&asked.of[i]->e);
		decide(env, asked.of[i]);
	}
	store_find_replays_collect(env->store, r, asked.n);
	for (size_t i = 0; i < asked.n; i++) {
		take_found(env, asked.of[i], &r[i]);
		enroll_outcome_clear(&out[i]);
	}
}

/* ---- those that leave ---- */

static bool
is_to_be_recorded(const struct member *m)
{
	return !m->is_recorded && !m->leaves && enrollment_is_answer(&m->e);
}

/* The same call twice in one batch: the second waits until the first is recorded, and finds it. */
static bool
has_twin_before(const struct members *all, size_t i)
{
	const unsigned char *mark = all->of[i]->req.replay_mark;

	for (size_t k = 0; k < i; k++)
		if (is_to_be_recorded(all->of[k]) &&
		    memcmp(all->of[k]->req.replay_mark, mark, REPLAY_MARK_SIZE) == 0)
			return true;
	return false;
}

/* What would hold up the others: a directory that would have to be asked (GH_E_BUSY, see
 * dir_set_waiting), a key that signs slowly, a twin. */
static bool
has_to_leave(const struct members *all, size_t i)
{
	const struct member *m = all->of[i];

	if (!m->may_leave || m->is_recorded)
		return false;
	if (m->e.rc == GH_E_BUSY)
		return true;
	return is_to_be_recorded(m) &&
	    ((m->e.spec != NULL && ca_signs_slowly(m->e.ca)) || has_twin_before(all, i));
}

static void
let_leave(const struct members *all)
{
	for (size_t i = 0; i < all->n; i++)
		all->of[i]->leaves = has_to_leave(all, i);
}

/* ---- those that are late ---- */

/* Its deadline has passed while the others were waited for: nobody waits for a certificate any
 * more. What is recorded for it is answered all the same. */
static void
drop_late(const struct members *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct member *m = all->of[i];

		if (!m->leaves && !m->is_recorded && m->e.rc == 0)
			m->e.rc = gh_http_check_deadline(m->call->http, &m->e.err);
	}
}

/* ---- the answer ---- */

static void
answer(const struct worker_env *env, struct member *m)
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

/* Sign, record, answer. */
static void
finish(struct worker_env *env, const struct members *all)
{
	struct enrollment *e[ENROLL_BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct member *m = all->of[i];

		if (!m->leaves && (m->e.rc != 0 || !m->is_recorded))
			e[n++] = &all->of[i]->e;
	}
	enroll_sign(env, e, n);
	enroll_record(env, e, n);
	for (size_t i = 0; i < all->n; i++) {
		if (all->of[i]->leaves)
			continue;
		enrollment_enter(&all->of[i]->e);
		answer(env, all->of[i]);
	}
}

static void
run(struct worker_env *env, struct member *m, size_t n)
{
	struct members all = {.n = n};

	for (size_t i = 0; i < n; i++) {
		all.of[i] = &m[i];
		enrollment_enter(&m[i].e);
		read_call(env, &m[i]);
	}
	find_and_decide(env, &all);
	let_leave(&all);
	drop_late(&all);
	finish(env, &all);
	for (size_t i = 0; i < n; i++)
		member_clear(&m[i]);
}

void
ce_pkcs10(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct member m = {0};

	member_init(&m, call, rep);
	run(env, &m, 1);
}

void
ce_pkcs10_batch(struct worker_env *env, struct call_item *calls, size_t n)
{
	struct member *m = calloc(n, sizeof(*m));
	struct gh_error err;

	for (size_t i = 0; i < n; i++) {
		if (m == NULL) {
			gh_fail(&err, GH_E_NOMEM, "batch");
			ce_reply_error(env, &err, calls[i].rep);
			continue;
		}
		member_init(&m[i], &calls[i].call, calls[i].rep);
		m[i].e.event = calls[i].event;
		m[i].may_leave = true;
	}
	if (m != NULL)
		run(env, m, n);
	gh_log_collect(NULL);
	gh_log_context(NULL, NULL);
	for (size_t i = 0; m != NULL && i < n; i++)
		calls[i].leaves = m[i].leaves;
	free(m);
}
