/* Renewal over EST. See est_renewal.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "digest.h"
#include "formats/csr_names.h"
#include "hex.h"
#include "store/status/revocation.h"
#include "timestamp.h"

#include "est_renewal.h"

struct rules {
	bool takes_same_key;
	int64_t window; /* seconds before its end from which on; 0: at any time */
};

/* ---- names ---- */

struct name_der {
	unsigned char *p;
	int len;
};

static int
compare_der(const void *a, const void *b)
{
	const struct name_der *x = a, *y = b;

	if (x->len != y->len)
		return x->len - y->len;
	return memcmp(x->p, y->p, (size_t)x->len);
}

static void
free_ders(struct name_der *list, int n)
{
	for (int i = 0; list != NULL && i < n; i++)
		OPENSSL_free(list[i].p);
	free(list);
}

/* In an order of their own. NULL: out of memory. */
static struct name_der *
ders_of(const GENERAL_NAMES *names, int n)
{
	struct name_der *list = calloc((size_t)n + 1, sizeof(*list));

	for (int i = 0; list != NULL && i < n; i++)
		if ((list[i].len = i2d_GENERAL_NAME(sk_GENERAL_NAME_value(names, i), &list[i].p)) <
		    0) {
			free_ders(list, i);
			return NULL;
		}
	if (list != NULL)
		qsort(list, (size_t)n, sizeof(*list), compare_der);
	return list;
}

static bool
is_same_san(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	int n = a != NULL ? sk_GENERAL_NAME_num(a) : 0;
	struct name_der *x, *y;
	bool same;

	if (n != (b != NULL ? sk_GENERAL_NAME_num(b) : 0))
		return false;
	x = ders_of(a, n);
	y = ders_of(b, n);
	same = x != NULL && y != NULL;
	for (int i = 0; same && i < n; i++)
		same = compare_der(&x[i], &y[i]) == 0;
	free_ders(x, n);
	free_ders(y, n);
	return same;
}

static int
check_names(X509 *cert, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct csr_names names;
	int rc = csr_names_read(csr, &names, err);

	if (rc == 0 && X509_NAME_cmp(names.subject, X509_get_subject_name(cert)) != 0)
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The subject of the request is not that of the certificate that is to be renewed.");
	else if (rc == 0 && !is_same_san(names.san, san))
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "The SubjectAltName of the request is not that of the certificate that is to be renewed.");
	csr_names_clear(&names);
	GENERAL_NAMES_free(san);
	ERR_clear_error();
	return rc;
}

/* ---- key and time ---- */

static int
check_key(X509 *cert, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	unsigned char *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
	bool same =
	    n > 0 && (size_t)n == csr->spki_len && memcmp(spki, csr->spki, csr->spki_len) == 0;

	OPENSSL_free(spki);
	return same
	    ? gh_refuse(err, GH_E_FORBIDDEN,
		  "The key is that of the certificate that is to be renewed: make a new one.")
	    : 0;
}

static int
check_time(X509 *cert, int64_t window, int64_t now, struct gh_error *err)
{
	char text[GH_TIMESTAMP_SIZE];
	int64_t end, wait;

	if (!gh_asn1_time_get(X509_get0_notAfter(cert), &end))
		return gh_fail(err, GH_E_FORBIDDEN, "end of the certificate is unreadable");
	wait = end - window - now;
	if (window == 0 || wait <= 0)
		return 0;
	(void)gh_refuse(err, GH_E_FORBIDDEN,
	    "It is too early: this certificate is renewed from %s on.",
	    gh_timestamp_format(end - window, text));
	if (err != NULL)
		err->retry_after = wait < INT_MAX ? (int)wait : INT_MAX;
	return GH_E_FORBIDDEN;
}

static int
compare(X509 *cert, const struct ca_pkcs10 *csr, const struct rules *rules, int64_t now,
    struct gh_error *err)
{
	int rc = check_names(cert, csr, err);

	if (rc == 0 && !rules->takes_same_key)
		rc = check_key(cert, csr, err);
	return rc == 0 ? check_time(cert, rules->window, now, err) : rc;
}

/* ---- the certificate of the connection ---- */

/* As all certificates that count: authentication has looked at its chain and its status. */
static int
read_presented(struct worker_env *env, const struct call *call, X509 **out, struct gh_error *err)
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
	return rc;
}

static int
name_cert(X509 *cert, char of[EST_RENEWAL_OF_SIZE], struct gh_error *err)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n;

	if (X509_digest(cert, EVP_sha256(), sum, &n) != 1)
		return gh_fail(err, GH_E_NOMEM, "certificate");
	gh_hex_lower(sum, n, of);
	return 0;
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
    const struct ca_pkcs10 *csr, char of[EST_RENEWAL_OF_SIZE], struct gh_error *err)
{
	const struct rules rules = {label->renewal_key != EST_RENEWAL_NEW_KEY,
	    est_renewal_window(env, label)};
	X509 *cert;
	int rc = read_presented(env, call, &cert, err);

	if (rc == 0 && (rc = compare(cert, csr, &rules, gh_now(), err)) == 0)
		rc = name_cert(cert, of, err);
	X509_free(cert);
	return rc;
}
