/* Renewal over EST. See est_renewal.h. */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "store/status/revocation.h"
#include "timestamp.h"

#include "est_renewal.h"
#include "renewal.h"

struct rules {
	bool takes_same_key;
	int64_t window; /* seconds before its end from which on; 0: at any time */
};

static int
compare(X509 *cert, const struct ca_pkcs10 *csr, const struct rules *rules, int64_t now,
    struct gh_error *err)
{
	int rc = renewal_check_names(cert, csr, err);

	if (rc == 0 && !rules->takes_same_key)
		rc = renewal_check_key(cert, csr, err);
	return rc == 0 ? renewal_check_time(cert, rules->window, now, err) : rc;
}

/* ---- the certificate of the connection ---- */

/* As all certificates that count: authentication has looked at its chain and its status. */
static int
read_presented(struct worker_env *env, const struct call *call, X509 **out, int64_t *id,
    struct gh_error *err)
{
	const struct gh_http_request *http = call->http;
	const unsigned char *p = http->client_chain;
	struct store_own_cert own;
	int rc;

	*out = NULL;
	if (!call->requester->via_client_cert || p == NULL ||
	    (*out = d2i_X509(NULL, &p, (long)http->client_chain_len)) == NULL) {
		ERR_clear_error();
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Show the certificate that is to be renewed, as the client certificate of the connection.");
	}
	rc = store_recognize(env->store, http->client_chain, (size_t)(p - http->client_chain), &own,
	    err);
	if (rc == 0 && (!own.is_ours || own.is_revoked || own.is_issuer_revoked))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "Only certificates of this CA that are valid are renewed. Use simpleenroll.");
	*id = rc == 0 ? own.id : 0;
	return rc;
}

int64_t
est_renewal_window(const struct worker_env *env, const struct est_label *label)
{
	const struct catalog_template *t =
	    catalog_find_template(env->catalog, label->profile.templates[0]);

	return label->renewal_window == 0 && t != NULL ? tmpl_renewal_overlap(t->tmpl)
						       : label->renewal_window;
}

int
est_renewal_check(struct worker_env *env, const struct call *call, const struct est_label *label,
    struct enroll_request *req, char of[RENEWAL_OF_SIZE], struct gh_error *err)
{
	const struct rules rules = {label->renewal_key != EST_RENEWAL_NEW_KEY,
	    est_renewal_window(env, label)};
	X509 *cert;
	int rc = read_presented(env, call, &cert, &req->follows, err);

	if (rc == 0 && (rc = compare(cert, req->csr, &rules, gh_now(), err)) == 0)
		rc = renewal_name(cert, of, err);
	X509_free(cert);
	return rc;
}

int
est_renewal_check_unspent(struct worker_env *env, const struct call *call,
    const struct est_label *label, struct gh_error *err)
{
	const unsigned char *p = call->http->client_chain;
	X509 *cert = NULL;
	int rc;

	if (!label->renews_once || !call->requester->via_client_cert || p == NULL)
		return 0;
	cert = d2i_X509(NULL, &p, (long)call->http->client_chain_len);
	rc = cert != NULL ? renewal_check_unspent(env->store, cert, err)
			  : gh_fail(err, GH_E_INTERNAL, "certificate of the connection");
	X509_free(cert);
	return rc;
}

bool
est_renewal_is_due(const struct call *call, const struct est_label *label)
{
	const struct requester *who = call->requester;

	return label->renews_once && who->via_client_cert && who->has_own_cert && !who->is_ra;
}

int
est_renewal_check_first(struct worker_env *env, const struct call *call,
    const struct est_label *label, struct gh_error *err)
{
	int rc = est_renewal_check_unspent(env, call, label, err);

	return rc == 0 && est_renewal_is_due(call, label)
	    ? gh_refuse(err, GH_E_FORBIDDEN,
		  "Each certificate is renewed once here: use simplereenroll.")
	    : rc;
}
