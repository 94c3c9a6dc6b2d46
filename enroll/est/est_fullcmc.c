/* Full CMC over EST. See est_fullcmc.h. */
#include <stdio.h>
#include <stdlib.h>

#include "cmc/cmc.h"

#include "est_body.h"
#include "est_door.h"
#include "est_error.h"
#include "est_fullcmc.h"
#include "est_renewal.h"

#define RESPONSE_TYPE EST_CMC_TYPE "; smime-type=CMC-response"

/* Credentials are in the message: 401 would ask for others. */
static int
status_of(const struct cmc_answer *a)
{
	int status = gh_error_info(a->err.code)->http_status;

	return a->rc != 0 ? (status == 401 ? 403 : status) : a->is_pending ? 202 : 200;
}

static void
answer(const struct worker_env *env, const struct est_label *label, const struct cmc_answer *a,
    struct gh_http_reply *rep)
{
	char seconds[16];
	int status = status_of(a);

	if (a->body == NULL) {
		est_error(&a->err, rep);
		return;
	}
	est_body_put(label, false, a->is_full ? RESPONSE_TYPE : EST_CERTS_TYPE, a->body, a->len,
	    rep);
	if (rep->status != 200)
		return;
	rep->status = status;
	if (status == 202 || status == 503) {
		snprintf(seconds, sizeof(seconds), "%d", env->conf->est.retry_after);
		gh_http_reply_header(rep, "Retry-After", seconds);
	}
	if (a->rc != 0)
		gh_http_reply_cause(rep, &a->err);
	else if (a->guess.code != 0)
		gh_http_reply_cause(rep, &a->guess);
}

static int
find_label(const struct worker_env *env, const struct call *call, const struct est_label **out,
    struct gh_error *err)
{
	int rc = est_door_label(env, call->parts, out, err);

	if (rc == 0 && (*out)->cmc == EST_CMC_NONE)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "This label serves no Full CMC.");
	/* a request inside of a message says nothing of the connection */
	if (rc == 0 && (*out)->linking == EST_LINKING_REQUIRED)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "This label wants requests bound to their connection, and serves no Full "
		    "CMC.");
	return rc;
}

static bool
takes_cert(const void *label, const struct store_own_cert *own)
{
	return est_label_takes_cert(label, own);
}

static void
set_renewal(struct cmc_context *ctx, const struct call *call, const struct est_label *label)
{
	struct gh_error err;

	ctx->renewal_window = label->renewal_window;
	ctx->renews_once = label->renews_once != 0;
	ctx->caller_renews = est_renewal_is_due(call, label);
	ctx->is_spent = est_renewal_check_unspent(ctx->env, call, label, &err) != 0;
	ctx->forbids_key_reuse = label->renewal_key == EST_RENEWAL_NEW_KEY;
}

void
est_fullcmc(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct cmc_context ctx = {.env = env,
	    .caller = call->requester,
	    .entry = call->entry,
	    .address = call->requester->address,
	    .request_id = call->http->request_id,
	    .protocol = ENROLL_CMC,
	    .poll_after = env->conf->est.retry_after,
	    .time_window = env->conf->est.cmc_time_window};
	const struct est_label *label;
	struct cmc_answer a = {.body = NULL};
	unsigned char *ber = NULL;
	struct gh_error err;
	size_t len = 0;
	int rc = find_label(env, call, &label, &err);

	if (rc == 0)
		rc = est_body_read(call, EST_CMC_TYPE, &ber, &len, &err);
	if (rc == 0) {
		ctx.profile = &label->profile;
		ctx.template_name = label->profile.templates[0];
		ctx.label = label->name;
		ctx.operation = "fullcmc";
		ctx.takes_cert = takes_cert;
		ctx.takes_arg = label;
		ctx.takes_ra = label->has_ra != 0;
		ctx.encrypts_answers = label->has_cmc_encrypt != 0;
		ctx.takes_ra_pop = label->has_cmc_ra_pop != 0;
		ctx.is_legacy = label->has_cmc_legacy != 0;
		ctx.confirm_within =
		    label->has_cmc_confirm != 0 ? env->conf->est.cmc_confirm_within : 0;
		set_renewal(&ctx, call, label);
		cmc_answer(&ctx, ber, len, &a);
		answer(env, label, &a, rep);
	} else {
		est_error(&err, rep);
	}
	cmc_answer_clear(&a);
	free(ber);
}
