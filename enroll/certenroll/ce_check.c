/* Checks of a call of CertEnroll. See ce_check.h. */
#include "timestamp.h"

#include "ce.h"
#include "ce_check.h"
#include "ce_header.h"
#include "clock.h"

enum enroll_protocol
ce_protocol(const struct call *call)
{
	static const enum enroll_protocol protocol[] = {0, ENROLL_CERTENROLL_V1,
	    ENROLL_CERTENROLL_V2, ENROLL_CERTENROLL_V3};

	return protocol[call->version];
}

int
ce_check_token(const struct worker_env *env, const struct call *call, struct gh_error *err)
{
	if (call->version == 3)
		return 0;
	if (!env->conf->certenroll.tokens)
		return gh_refuse(err, GH_E_TOKEN,
		    "Versions 1 and 2 are switched off on this server; use version 3.");
	if (clock_check(env->conf, err) != 0)
		return GH_E_CLOCK;
	return ce_token_check(env->server_secret, ce_header_token(call->http), call->requester,
	    gh_now(), err);
}

int
ce_check_window(const struct worker_env *env, const struct call *call, int64_t timestamp,
    struct gh_error *err)
{
	int64_t off = timestamp - gh_now();

	if (call->version != 3 ||
	    (off <= env->conf->certenroll.timestamp_window &&
		off >= -env->conf->certenroll.timestamp_window))
		return 0;
	if (clock_check(env->conf, err) != 0) /* then it is not the client's */
		return GH_E_CLOCK;
	return gh_fail(err, GH_E_TIMESTAMP_WINDOW, "Timestamp is %lld s from our time",
	    (long long)off);
}
