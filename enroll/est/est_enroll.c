/* Enrollment over EST. See est_enroll.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/pkcs7.h"
#include "asked_extensions.h"
#include "device_check.h"
#include "single.h"

#include "est_body.h"
#include "est_door.h"
#include "est_enroll.h"
#include "est_error.h"
#include "est_linking.h"
#include "est_one_time.h"
#include "est_outcome.h"
#include "est_poll.h"
#include "est_renewal.h"
#include "est_request.h"

#define WAITS "The request waits for an officer. Send it again after the time in Retry-After.\n"

/* One call on its way. */
struct submission {
	const struct call *call;
	const struct est_label *label;
	struct enroll_request req;
	struct enrollment e; /* rc and err also of what is here */
	char detail[2 * EST_LABEL_MAX + CALL_PART_SIZE];
	char renewal_of[RENEWAL_OF_SIZE]; /* "" = it is a first one */
	bool is_renewal;
	bool is_recorded; /* e.out is the answer to a call that came before */
};

/* ---- who asks, for what ---- */

static int
init(const struct worker_env *env, struct submission *s)
{
	struct enroll_request *req = &s->req;
	int rc = est_door_label(env, s->call->parts, &s->label, &s->e.err);

	s->e.req = req;
	s->e.entry = s->call->entry;
	if (rc != 0)
		return rc;
	s->e.profile = &s->label->profile;
	snprintf(s->detail, sizeof(s->detail), "%.80s; label %s", s->label->profile.templates[0],
	    s->label->name);
	s->e.detail = s->detail;
	return est_request_init(s->call, s->label, req, &s->e.err);
}

static int
read_body(const struct worker_env *env, struct submission *s)
{
	int rc = est_request_read(s->call, &s->req.csr, &s->e.err);

	if (rc == 0 && s->req.requester.is_ra)
		s->req.requester.device = device_of_ra(env, s->label->name, s->req.csr);

	return rc == 0 ? est_linking_check((enum est_linking)s->label->linking,
			     s->req.requester.is_ra, &s->call->http->tls, s->req.csr, &s->e.err)
		       : rc;
}

/* ---- the answer ---- */

/* The certificate alone (RFC 7030, 4.2.3): its issuers are in /cacerts. */
static void
reply_issued(struct submission *s, struct gh_http_reply *rep)
{
	const struct cert_chain *chain = &s->e.out.chain;
	const struct gh_der leaf = {chain->cert[0].der, chain->cert[0].len};
	unsigned char *der = NULL;
	size_t len = 0;

	if (ca_pkcs7_encode_certs(&leaf, 1, &der, &len, &s->e.err) == 0)
		est_body_put(s->label, false, EST_CERTS_TYPE, der, len, rep);
	else
		est_error(&s->e.err, rep);
	free(der);
}

static void
reply_pending(const struct worker_env *env, struct gh_http_reply *rep)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", env->conf->est.retry_after);
	gh_http_reply_header(rep, "Retry-After", seconds);
	gh_http_reply_text(rep, 202, "text/plain; charset=utf-8", strdup(WAITS));
}

static void
answer(const struct worker_env *env, struct submission *s, struct gh_http_reply *rep)
{
	struct gh_error err;

	if (s->e.rc != 0) {
		est_error(&s->e.err, rep);
	} else if (s->e.out.disposition == DB_DISP_PENDING) {
		reply_pending(env, rep);
	} else if (s->e.out.disposition == DB_DISP_ISSUED) {
		reply_issued(s, rep);
	} else {
		single_denial(&s->e, s->is_recorded, &err);
		est_error(&err, rep);
	}
}

/* ---- all of it ---- */

static int
check_once(struct worker_env *env, struct submission *s)
{
	return s->is_renewal ? est_renewal_check_unspent(env, s->call, s->label, &s->e.err)
			     : est_renewal_check_first(env, s->call, s->label, &s->e.err);
}

/* What was decided before comes before all that is decided now: a client that was told to come
 * again gets the officer's decision. But nobody hears of it without the private key. */
static void
decide(struct worker_env *env, struct submission *s)
{
	int rc;

	single_decide(env, &s->e, NULL);
	/* what waits for an officer is his to look at */
	if (s->e.rc == 0 && s->e.spec != NULL)
		s->e.rc = asked_extensions_check(s->req.csr, s->e.spec, &s->e.err);
	if (!enrollment_is_answer(&s->e))
		return;
	if ((rc = est_poll(env, &s->e, &s->req, &s->is_recorded)) != 0 ||
	    (rc = est_one_time(env, &s->e, &s->req, &s->is_recorded)) != 0 ||
	    (!s->is_recorded && (rc = check_once(env, s)) != 0)) {
		s->e.rc = rc;
		return;
	}
	/* a denial is none for the next call, when an administrator has set it right */
	if (s->e.rc != 0)
		s->req.has_replay_mark = false;
	if (s->is_recorded)
		s->e.rc = 0;
}

static void
serve(struct worker_env *env, const struct call *call, bool is_renewal, struct gh_http_reply *rep)
{
	const char *operation = is_renewal ? "simplereenroll" : "simpleenroll";
	struct submission s = {.call = call, .is_renewal = is_renewal};

	if ((s.e.rc = init(env, &s)) == 0 && (s.e.rc = read_body(env, &s)) == 0 && is_renewal)
		s.e.rc = est_renewal_check(env, call, s.label, &s.req, s.renewal_of, &s.e.err);
	if (s.e.rc == 0)
		s.e.rc = est_poll_key(&s.req, operation, s.renewal_of, &s.req.poll_key, &s.e.err);
	if (s.e.rc == 0 &&
	    ((s.req.operation = strdup(operation)) == NULL ||
		(is_renewal && s.label->renews_once &&
		    (s.req.renews = strdup(s.renewal_of)) == NULL)))
		s.e.rc = gh_fail(&s.e.err, GH_E_NOMEM, "request");
	if (s.e.rc == 0)
		decide(env, &s);
	if (s.e.rc == 0 && s.is_recorded && s.e.out.disposition != DB_DISP_PENDING)
		s.e.rc = est_outcome_record(env, call, s.e.out.cms_request_id, &s.e.err);
	if (!s.is_recorded) {
		single_finish(env, call, &s.e);
		est_one_time_settle(&s.e);
	}
	answer(env, &s, rep);
	enrollment_clear(&s.e);
	enroll_request_clear(&s.req);
}

void
est_simpleenroll(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	serve(env, call, false, rep);
}

void
est_simplereenroll(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	serve(env, call, true, rep);
}
