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
by_password(const struct auth_attempt *a, const struct est_label *label, struct gh_error *err)
{
	struct gh_http_request without = *a->http;
	struct auth_attempt by_directory = *a;
	const struct est_user *user = NULL;
	int rc;

	if (est_user_has_digest(a->http))
		return est_user_by_digest(a, label, err);
	if (a->given->parsed == 0)
		user = est_users_find(&a->env->catalog->est_users, a->given->basic.user);
	if (user != NULL)
		return est_user_by_basic(a, label, user, err);
	without.client_cert = NULL;
	without.client_cert_len = 0;
	by_directory.http = &without;
	by_directory.need = AUTH_USER;
	rc = auth_user_check(&by_directory, err);
	a->out->requester.roles = 0;
	return rc;
}

/* The device's own certificate comes before a password; a password helps who has none that counts.
 */
static int
by_either(const struct auth_attempt *a, const struct est_label *label, struct gh_error *err)
{
	int rc = auth_est_cert(a->env, label, a->http, a->out, err);
	bool has_password = a->given->parsed != GH_E_AUTH_REQUIRED || est_user_has_digest(a->http);

	if (rc != GH_E_AUTH_REQUIRED || !has_password)
		return rc;
	a->out->requester.name[0] = '\0';
	return by_password(a, label, err);
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
by_both(const struct auth_attempt *a, const struct est_label *label, struct gh_error *err)
{
	struct requester *who = &a->out->requester;
	struct auth_result of_cert = {0};
	int rc = by_password(a, label, err);

	if (rc == 0 &&
	    (rc = auth_est_cert(a->env, label, a->http, &of_cert, err)) == GH_E_AUTH_REQUIRED)
		rc = err->code = GH_E_FORBIDDEN; /* the password is not what is missing */
	if (rc == 0 && !auth_est_is_one(&of_cert.requester, a->http, who))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The client certificate is not that of the user who gave the password.");
	if (rc == 0)
		rc = take_device(&of_cert.requester, who, err);
	who->via_client_cert = rc == 0;
	who->has_own_cert = rc == 0 && of_cert.requester.has_own_cert;
	auth_result_clear(&of_cert);
	return rc;
}

static int
by_mode(const struct auth_attempt *a, const struct est_label *label, struct gh_error *err)
{
	int rc;

	switch (label->auth) {
	case EST_AUTH_CERT:
		rc = auth_est_cert(a->env, label, a->http, a->out, err);
		/* no password helps: 401 would say that it does */
		if (rc == GH_E_AUTH_REQUIRED)
			rc = err->code = GH_E_FORBIDDEN;
		return rc;
	case EST_AUTH_HTTP:
		return by_password(a, label, err);
	case EST_AUTH_BOTH:
		return by_both(a, label, err);
	default:
		return by_either(a, label, err);
	}
}

/* Who is listed, or an RA, which asks for those that are. */
int
auth_est_user(const struct auth_attempt *a, const struct est_label *label, struct gh_error *err)
{
	const struct requester *who = &a->out->requester;
	int rc = by_mode(a, label, err);

	if (rc != 0 || label->devices != EST_DEVICES_REQUIRED || who->device != 0 || who->is_ra)
		return rc;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "This label is for listed devices, and this is none of them.");
}
