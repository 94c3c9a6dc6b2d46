/*
 * The mode of a label decides which credentials count. Where a certificate and a password are both
 * there and either would do, the certificate comes first: it is the device's own. Where both are
 * demanded they must be one and the same's (docs/est-auth.md).
 */
#include "auth_est.h"
#include "auth_est_cert.h"
#include "est_user_check.h"

/* A name is that of a local EST user, or else of the directory: no call is tried with both. */
static int
by_password(struct worker_env *env, struct auth_limiter *limiter, const struct est_label *label,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	struct gh_http_request without = *http;
	const struct est_user *user;
	int rc;

	if (est_user_has_digest(http))
		return est_user_by_digest(env, limiter, label, http, out, guess, err);
	user =
	    given->parsed == 0 ? est_users_find(&env->catalog->est_users, given->basic.user) : NULL;
	if (user != NULL)
		return est_user_by_basic(env, limiter, label, user, &given->basic, out, guess, err);
	without.client_cert = NULL;
	without.client_cert_len = 0;
	rc = auth_user_check(env, limiter, AUTH_USER, &without, given, out, guess, err);
	out->requester.roles = 0;
	return rc;
}

/* The device's own certificate comes before a password; a password helps who has none that counts.
 */
static int
by_either(struct worker_env *env, struct auth_limiter *limiter, const struct est_label *label,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	int rc = auth_est_cert(env, label, http, out, err);
	bool has_password = given->parsed != GH_E_AUTH_REQUIRED || est_user_has_digest(http);

	if (rc != GH_E_AUTH_REQUIRED || !has_password)
		return rc;
	out->requester.name[0] = '\0';
	return by_password(env, limiter, label, http, given, out, guess, err);
}

/* The certificate's, where the user has none. */
static int
take_device(const struct requester *of_cert, struct requester *who, struct gh_error *err)
{
	if (who->device == 0)
		who->device = of_cert->device;
	if (of_cert->device == 0 || of_cert->device == who->device)
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "The client certificate is another device's than the password.");
}

static int
by_both(struct worker_env *env, struct auth_limiter *limiter, const struct est_label *label,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	struct auth_result of_cert = {0};
	int rc = by_password(env, limiter, label, http, given, out, guess, err);

	if (rc == 0 && (rc = auth_est_cert(env, label, http, &of_cert, err)) == GH_E_AUTH_REQUIRED)
		rc = err->code = GH_E_FORBIDDEN; /* the password is not what is missing */
	if (rc == 0 && !auth_est_is_one(&of_cert.requester, http, &out->requester))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The client certificate is not that of the user who gave the password.");
	if (rc == 0)
		rc = take_device(&of_cert.requester, &out->requester, err);
	out->requester.via_client_cert = rc == 0;
	out->requester.has_own_cert = rc == 0 && of_cert.requester.has_own_cert;
	auth_result_clear(&of_cert);
	return rc;
}

static int
by_mode(struct worker_env *env, struct auth_limiter *limiter, const struct est_label *label,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	int rc;

	switch (label->auth) {
	case EST_AUTH_CERT:
		rc = auth_est_cert(env, label, http, out, err);
		/* no password helps: 401 would say that it does */
		if (rc == GH_E_AUTH_REQUIRED)
			rc = err->code = GH_E_FORBIDDEN;
		return rc;
	case EST_AUTH_HTTP:
		return by_password(env, limiter, label, http, given, out, guess, err);
	case EST_AUTH_BOTH:
		return by_both(env, limiter, label, http, given, out, guess, err);
	default:
		return by_either(env, limiter, label, http, given, out, guess, err);
	}
}

/* Who is listed, or an RA, which asks for those that are. */
int
auth_est_user(struct worker_env *env, struct auth_limiter *limiter, const struct est_label *label,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct auth_guess *guess, struct gh_error *err)
{
	int rc = by_mode(env, limiter, label, http, given, out, guess, err);

	if (rc != 0 || label->devices != EST_DEVICES_REQUIRED || out->requester.device != 0 ||
	    out->requester.is_ra)
		return rc;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "This label is for listed devices, and this is none of them.");
}
