/*
 * The mode of a label decides which credentials count. Where a certificate and a password are both
 * there and either would do, the certificate comes first: it is the device's own. Where both are
 * demanded they must be one and the same's (docs/est.md).
 */
#include "auth_est.h"
#include "auth_user_cert.h"

/* Only directory users: a certificate is a user's, as everywhere. */
static int
by_cert(struct worker_env *env, const struct gh_http_request *http, struct auth_result *out,
    struct gh_error *err)
{
	if (http->client_cert == NULL)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "This label needs a client certificate, and the connection has none.");
	return auth_user_by_cert(env, http, out, err);
}

static int
by_password(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	struct gh_http_request without = *http;

	without.client_cert = NULL;
	without.client_cert_len = 0;
	return auth_user_check(env, limiter, AUTH_USER, &without, given, out, guess, err);
}

static int
by_both(struct worker_env *env, struct auth_limiter *limiter, const struct gh_http_request *http,
    const struct auth_given *given, struct auth_result *out, struct auth_guess *guess,
    struct gh_error *err)
{
	struct auth_result of_cert = {0};
	int rc = by_password(env, limiter, http, given, out, guess, err);

	if (rc == 0)
		rc = by_cert(env, http, &of_cert, err);
	if (rc == 0 && !requester_is_same(&out->requester, &of_cert.requester))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The client certificate is not that of the user who gave the password.");
	out->requester.via_client_cert = rc == 0;
	auth_result_clear(&of_cert);
	return rc;
}

int
auth_est_user(struct worker_env *env, struct auth_limiter *limiter, const struct est_label *label,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	switch (label->auth) {
	case EST_AUTH_CERT:
		return by_cert(env, http, out, err);
	case EST_AUTH_HTTP:
		return by_password(env, limiter, http, given, out, guess, err);
	case EST_AUTH_BOTH:
		return by_both(env, limiter, http, given, out, guess, err);
	default:
		return http->client_cert != NULL
		    ? by_cert(env, http, out, err)
		    : by_password(env, limiter, http, given, out, guess, err);
	}
}
