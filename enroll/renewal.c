/* What a renewal keeps. See renewal.h. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "der.h"
#include "digest.h"
#include "formats/csr_names.h"
#include "hex.h"
#include "store/request/request_poll.h"
#include "timestamp.h"

#include "renewal.h"

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

int
renewal_check_names(X509 *cert, const struct ca_pkcs10 *csr, struct gh_error *err)
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

int
renewal_check_key(X509 *cert, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	EVP_PKEY *old = X509_get0_pubkey(cert);
	bool is_same = old == NULL || EVP_PKEY_eq(old, csr->key) == 1;

	ERR_clear_error();
	return is_same
	    ? gh_refuse(err, GH_E_FORBIDDEN,
		  "The key is that of the certificate that is to be renewed: make a new one.")
	    : 0;
}

int
renewal_check_time(X509 *cert, int64_t window, int64_t now, struct gh_error *err)
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

/* ---- once ---- */

int
renewal_name(X509 *cert, char of[RENEWAL_OF_SIZE], struct gh_error *err)
{
	unsigned char sum[GH_DIGEST_MAX], *der = NULL;
	int n = i2d_X509(cert, &der);
	struct gh_der in = {der, n > 0 ? (size_t)n : 0}, content, tbs;
	bool ok = gh_der_take(&in, GH_DER_SEQUENCE, &content) &&
	    gh_der_take_whole(&content, GH_DER_SEQUENCE, &tbs) &&
	    gh_digest(GH_SHA256, tbs.p, tbs.len, sum);

	OPENSSL_free(der);
	if (!ok)
		return gh_fail(err, GH_E_INTERNAL, "certificate that is to be renewed");
	(void)gh_hex_lower(sum, gh_digest_size(GH_SHA256), of);
	return 0;
}

int
renewal_check_unspent(struct store *s, X509 *cert, struct gh_error *err)
{
	char of[RENEWAL_OF_SIZE];
	bool is_renewed;
	int rc = renewal_name(cert, of, err);

	if (rc == 0)
		rc = store_is_renewed(s, of, &is_renewed, err);
	return rc == 0 && is_renewed ? gh_refuse(err, GH_E_FORBIDDEN, STORE_RENEWED_ALREADY) : rc;
}
