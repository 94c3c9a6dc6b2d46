/* The row of a certificate: what the inventory is searched by, taken from the leaf. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "cdp.h"
#include "digest.h"
#include "lazy_key.h"
#include "store/store_private.h"
#include "utf8.h"

#define CERT_COLUMNS_N 11
/* Bytes of one name in the GIN index, which takes entries up to about 2700. */
#define SAN_INDEXED_MAX 1000

static void
put_digest(struct store_params *p, enum gh_hash hash, const void *der, size_t len)
{
	char *sum = malloc(GH_DIGEST_MAX);

	p->failed |= sum == NULL || !gh_digest(hash, der, len, (unsigned char *)sum);
	store_put_bytes(p, sum, gh_digest_size(hash));
	p->owned[p->n - 1] = sum;
}

static void
put_time(struct store_params *p, const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) == 1)
		store_put_int(p, timegm(&tm));
	else
		p->failed = true;
}

static void
put_subject(struct store_params *p, const X509 *cert)
{
	char *text = ca_dn_text(X509_get_subject_name(cert));

	p->failed |= text == NULL;
	store_put_text(p, text);
	if (p->owned[p->n - 1] == NULL)
		p->owned[p->n - 1] = text;
	else
		free(text); /* it was not UTF-8, and copied */
}

/* Cut names that are too long for the index, between two UTF-8 characters. */
static gh_json *
indexed_names(const X509 *cert)
{
	gh_json *all = ca_san_json(cert), *list = gh_json_new_array();
	char cut[SAN_INDEXED_MAX + 1];

	for (size_t i = 0; list != NULL && i < gh_json_size(all); i++) {
		const char *s = gh_json_string(gh_json_at(all, i));
		size_t n = s != NULL ? gh_utf8_cut(s, strlen(s), SAN_INDEXED_MAX) : 0;

		memcpy(cut, s != NULL ? s : "", n);
		cut[n] = '\0';
		if (gh_json_append(list, gh_json_new_string(cut)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	if (all == NULL) {
		gh_json_free(list);
		list = NULL;
	}
	gh_json_free(all);
	return list;
}

static void
put_names(struct store_params *p, const X509 *cert)
{
	gh_json *list = indexed_names(cert);

	p->failed |= list == NULL;
	store_put_texts(p, list);
	gh_json_free(list);
}

/* *shard: the one whose CRL the certificate names. */
static void
put_public_key(struct store_params *p, const struct ca *ca, const X509 *cert, int *shard)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	*shard = n > 0 ? cdp_shard(ca, der, (size_t)n) : CDP_NO_SHARD;

	if (n <= 0)
		p->failed = true;
	else
		put_digest(p, GH_SHA256, der, (size_t)n);
	OPENSSL_free(der);
}

int
store_put_cert(struct store_params *p, const struct store_decision *d,
    const struct enroll_outcome *out, struct gh_error *err)
{
	const unsigned char *der, *q;
	size_t len;
	X509 *cert;
	int shard;

	if (out->disposition != DB_DISP_ISSUED) {
		for (int i = 0; i < CERT_COLUMNS_N; i++)
			store_put_text(p, NULL);
		return 0;
	}
	if (out->chain.n == 0 || d->ca == NULL || out->serial[0] == '\0')
		return gh_fail(err, GH_E_INTERNAL, "issued without certificate, CA or serial");
	q = der = out->chain.cert[0].der;
	len = out->chain.cert[0].len;
	cert = ca_lazy_cert(&q, (long)len);
	ERR_clear_error();
	if (cert == NULL || q != der + len) {
		X509_free(cert);
		return gh_fail(err, GH_E_INTERNAL, "the leaf is no certificate");
	}
	store_put_int(p, d->ca->id);
	store_put_hex(p, out->serial);
	put_subject(p, cert);
	put_names(p, cert);
	put_time(p, X509_get0_notBefore(cert));
	put_time(p, X509_get0_notAfter(cert));
	put_digest(p, GH_SHA1, der, len);
	put_digest(p, GH_SHA256, der, len);
	put_public_key(p, d->ca, cert, &shard);
	store_put_bytes(p, der, len);
	if (shard == CDP_NO_SHARD)
		store_put_text(p, NULL);
	else
		store_put_int(p, shard);
	X509_free(cert);
	return p->failed ? gh_fail(err, GH_E_INTERNAL, "certificate row") : 0;
}
