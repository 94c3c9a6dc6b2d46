/* What became of a client's requests. See est_outcome.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "formats/pkcs7.h"
#include "package/package_client.h"
#include "single.h"
#include "store/package/package_delivery.h"

#include "est_body.h"
#include "est_door.h"
#include "est_error.h"
#include "est_outcome.h"

#define TOLD_SECONDS (7 * GH_DAY_SECONDS) /* as long as a request that is sent again is known */
#define NOTHING "No request of yours by this operation has an outcome here."
#define WAITS "The request waits for an officer. Ask again after the time in Retry-After.\n"

enum est_outcome
est_outcome_of(const struct store_client_request *r)
{
	const struct store_polled *p = &r->polled;

	switch (p->disposition) {
	case DB_DISP_PENDING:
		return EST_OUTCOME_WAITS;
	case DB_DISP_ISSUED:
		return p->is_good && p->age < TOLD_SECONDS ? EST_OUTCOME_GOOD : EST_OUTCOME_NONE;
	case DB_DISP_DENIED:
	case DB_DISP_CANCELED:
	case DB_DISP_EXPIRED:
		return p->age < TOLD_SECONDS ? EST_OUTCOME_BAD : EST_OUTCOME_NONE;
	default:
		return EST_OUTCOME_NONE;
	}
}

const struct store_client_request *
est_outcome_find(const struct store_client_requests *l, const char *operation)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->request[i].operation, operation) == 0)
			return &l->request[i];
	return NULL;
}

char *
est_outcome_object(int64_t request_id, char out[EST_OUTCOME_OBJECT_SIZE])
{
	snprintf(out, EST_OUTCOME_OBJECT_SIZE, "outcome/%" PRId64, request_id);
	return out;
}

int
est_outcome_record(struct worker_env *env, const struct call *call, int64_t request_id,
    struct gh_error *err)
{
	char client[PACKAGE_CLIENT_SIZE], object[EST_OUTCOME_OBJECT_SIZE];

	if (call->http->method == GH_HTTP_HEAD)
		return 0;
	package_client_key(call->requester, client);
	return store_record_delivery(env->store, call->requester, client,
	    est_outcome_object(request_id, object), call->http->request_id, err);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void
put_certificate(const struct est_label *label, const struct cert_chain *chain,
    struct gh_http_reply *rep)
{
	const struct gh_der leaf = {chain->cert[0].der, chain->cert[0].len};
	unsigned char *der = NULL;
	struct gh_error err;
	size_t len = 0;

	if (ca_pkcs7_encode_certs(&leaf, 1, &der, &len, &err) == 0)
		est_body_put(label, false, EST_CERTS_TYPE, der, len, rep);
	else
		est_error(&err, rep);
	free(der);
}

static void
put_waits(const struct worker_env *env, struct gh_http_reply *rep)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", env->conf->est.retry_after);
	gh_http_reply_header(rep, "Retry-After", seconds);
	gh_http_reply_text(rep, 202, "text/plain; charset=utf-8", strdup(WAITS));
}

/* The answer as a request that is sent again gets it. */
static int
put_outcome(struct worker_env *env, const struct call *call, const struct est_label *label,
    const struct store_client_request *r, struct gh_http_reply *rep, struct gh_error *err)
{
	struct enrollment e = {.rc = 0};
	bool cert_only;
	int rc;

	if (est_outcome_of(r) == EST_OUTCOME_WAITS) {
		put_waits(env, rep);
		return 0;
	}
	if ((rc = enroll_status(env, call->requester, r->polled.id, &e.out, &cert_only, err)) == 0)
		rc = est_outcome_record(env, call, r->polled.id, err);
	if (rc == 0 && e.out.disposition == DB_DISP_ISSUED) {
		put_certificate(label, &e.out.chain, rep);
	} else if (rc == 0) {
		single_denial(&e, true, err);
		rc = err->code;
	}
	enroll_outcome_clear(&e.out);
	return rc;
}

static void
tell(struct worker_env *env, const struct call *call, const char *operation,
    struct gh_http_reply *rep)
{
	struct store_client_requests requests = {.n = 0};
	const struct store_client_request *r = NULL;
	const struct est_label *label;
	struct gh_error err = {0};
	int rc = est_door_label(env, call->parts, &label, &err);

	if (rc == 0)
		rc = store_list_client_requests(env->store, call->requester, label->name, &requests,
		    &err);
	if (rc == 0) {
		r = est_outcome_find(&requests, operation);
		rc = r != NULL && est_outcome_of(r) != EST_OUTCOME_NONE
		    ? put_outcome(env, call, label, r, rep, &err)
		    : gh_refuse(&err, GH_E_NOT_FOUND, NOTHING);
	}
	if (rc != 0)
		est_error(&err, rep);
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	store_client_requests_clear(&requests);
}

void
est_outcome_simpleenroll(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	tell(env, call, "simpleenroll", rep);
}

void
est_outcome_simplereenroll(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	tell(env, call, "simplereenroll", rep);
}

void
est_outcome_fullcmc(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	tell(env, call, "fullcmc", rep);
}
