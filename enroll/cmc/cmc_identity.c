/*
 * Who asks. What is proven must be one and the same: the transport's caller, and the holder of the
 * certificate that signed. Where nothing is proven, nothing is served.
 */
#include <stdio.h>
#include <string.h>

#include "cmc_run.h"

static bool
has_caller(const struct cmc_run *r)
{
	return r->ctx->caller != NULL && r->ctx->caller->kind != REQUESTER_NONE;
}

static int
refuse(struct cmc_run *r, enum gh_code code, const char *text)
{
	struct gh_error err;

	gh_refuse(&err, code, "%s", text);
	return cmc_refuse(r, 0, &err);
}

int
cmc_identify(struct cmc_run *r)
{
	if (r->who.kind == REQUESTER_NONE && !has_caller(r))
		return refuse(r, GH_E_AUTH_REQUIRED, "Nothing in the message proves who asks.");
	if (r->who.kind != REQUESTER_NONE && has_caller(r) &&
	    !requester_is_same(&r->who, r->ctx->caller)) {
		memset(&r->who, 0, sizeof(r->who));
		return refuse(r, GH_E_FORBIDDEN,
		    "The signer of the message is not the one who calls.");
	}
	r->is_caller = has_caller(r);
	if (r->is_caller)
		r->who = *r->ctx->caller;
	if (r->ctx->address != NULL)
		snprintf(r->who.address, sizeof(r->who.address), "%s", r->ctx->address);
	return 0;
}
