/* For whom a key is encrypted. See est_recipient.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "catalog/catalog_seal.h"
#include "formats/client_verify.h"
#include "hex.h"
#include "json_row.h"
#include "package/package_client.h"
#include "store/catalog/est_key_row.h"
#include "store/request/request_client.h"
#include "store/status/revocation.h"
#include "timestamp.h"

#include "est_recipient.h"

#define RSA_MIN_BITS 2048 /* a content key fits into each OAEP, and it is worth something */

void
est_recipient_clear(struct est_recipient *r)
{
	if (r->kek != NULL)
		OPENSSL_cleanse(r->kek, r->kek_len);
	free(r->kek);
	free(r->cert);
	memset(r, 0, sizeof(*r));
}

/* ---- certificates ---- */

void
est_recipient_id(X509 *cert, unsigned char own[EST_KEY_ID_SIZE], struct gh_der *id)
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);
	unsigned n = 0;

	*id = (struct gh_der){NULL, 0};
	if (ski != NULL)
		*id = (struct gh_der){ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski)};
	else if (X509_pubkey_digest(cert, EVP_sha1(), own, &n) == 1 && n == EST_KEY_ID_SIZE)
		*id = (struct gh_der){own, n};
	ERR_clear_error();
}

static int
refuse(struct gh_error *err, const char *why)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "The certificate of this key identifier: %s", why);
}

int
est_recipient_check(X509 *cert, struct gh_error *err)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	int64_t from, to, now = gh_now();
	uint32_t needed;

	if (key == NULL || !(EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"))) {
		ERR_clear_error();
		return refuse(err, "nothing can be encrypted for its kind of key.");
	}
	if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) < RSA_MIN_BITS)
		return refuse(err, "its RSA key has less than 2048 bits.");
	needed = EVP_PKEY_is_a(key, "RSA") ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
	/* all bits where there is no such extension */
	if ((X509_get_key_usage(cert) & needed) == 0)
		return refuse(err,
		    needed == KU_KEY_ENCIPHERMENT ? "its KeyUsage has no keyEncipherment."
						  : "its KeyUsage has no keyAgreement.");
	if (!gh_asn1_time_get(X509_get0_notBefore(cert), &from) ||
	    !gh_asn1_time_get(X509_get0_notAfter(cert), &to) || now < from || now > to)
		return refuse(err, "it is not valid now.");
	return 0;
}

static X509 *
read_cert(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;

	return d2i_X509(NULL, &p, (long)len);
}

static int
take_cert(X509 *cert, const struct decrypt_wish *wish, struct est_recipient *out,
    struct gh_error *err)
{
	unsigned char *der = NULL;
	int n, rc = est_recipient_check(cert, err);

	if (rc != 0 ||
	    (rc = smime_caps_choose_key(&wish->caps, X509_get0_pubkey(cert), &out->choice, err)) !=
		0)
		return rc;
	n = i2d_X509(cert, &der);
	if (n > 0 && (out->cert = malloc((size_t)n)) != NULL) {
		memcpy(out->cert, der, (size_t)n);
		out->cert_len = (size_t)n;
	}
	OPENSSL_free(der);
	return out->cert != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "certificate");
}

/* The caller has its key: TLS proved it. GH_E_NOT_FOUND: it is another one. */
static int
find_shown(const struct call *call, const struct decrypt_wish *wish, struct est_recipient *out,
    struct gh_error *err)
{
	unsigned char own[EST_KEY_ID_SIZE];
	struct client_certs certs;
	struct gh_der id;
	int rc = GH_E_NOT_FOUND;

	if (!call->requester->via_client_cert || call->http->client_chain == NULL ||
	    client_certs_parse(call->http->client_chain, call->http->client_chain_len, &certs,
		err) != 0)
		return GH_E_NOT_FOUND;
	est_recipient_id(certs.leaf, own, &id);
	if (id.len > 0 && gh_der_equals(&id, wish->id.p, wish->id.len))
		rc = take_cert(certs.leaf, wish, out, err);
	client_certs_clear(&certs);
	return rc;
}

/* Of one of ours we know it. */
static int
check_revocation(struct store *s, const unsigned char *der, size_t len, struct gh_error *err)
{
	struct store_own_cert own;
	int rc = store_recognize(s, der, len, &own, err);

	return rc == 0 && own.is_ours && (own.is_revoked || own.is_issuer_revoked)
	    ? refuse(err, "it is revoked or on hold.")
	    : rc;
}

/* ---- what the client has got ---- */

/* The identifier is that of the key, as we make it, and not only what the certificate says: who
 * writes the database cannot put another key in its place. */
static bool
is_of_key(X509 *cert, const struct gh_der *id)
{
	unsigned char sum[EST_KEY_ID_SIZE];
	unsigned n = 0;

	return X509_pubkey_digest(cert, EVP_sha1(), sum, &n) == 1 && gh_der_equals(id, sum, n);
}

/* Of his requests at this label, the newest first. GH_E_NOT_FOUND: none of them. */
static int
find_issued(const struct worker_env *env, const struct call *call, const char *label,
    const struct decrypt_wish *wish, struct est_recipient *out, struct gh_error *err)
{
	struct store_client_requests l;
	bool is_found = false;
	int rc = store_list_client_requests(env->store, call->requester, label, &l, err);

	for (size_t i = 0; rc == 0 && !is_found && i < l.n; i++) {
		const struct store_client_request *r = &l.request[i];
		X509 *cert =
		    r->polled.is_good && r->der != NULL ? read_cert(r->der, r->der_len) : NULL;

		is_found = cert != NULL && is_of_key(cert, &wish->id);
		if (is_found && (rc = check_revocation(env->store, r->der, r->der_len, err)) == 0)
			rc = take_cert(cert, wish, out, err);
		X509_free(cert);
	}
	ERR_clear_error();
	store_client_requests_clear(&l);
	return rc == 0 && !is_found ? GH_E_NOT_FOUND : rc;
}

/* ---- what was registered ---- */

static const char *
text_of(const gh_json *row, const char *name)
{
	return gh_json_string(gh_json_get(row, name));
}

static bool
is_it(const gh_json *row, const struct call *call, const struct decrypt_wish *wish,
    const char *identifier)
{
	const char *audience = text_of(row, "audience"), *id = text_of(row, "identifier");
	bool is_cert = text_of(row, "cert") != NULL;
	int64_t expires;

	/* a password, and it alone, has the empty identifier */
	return audience != NULL && id != NULL && strcmp(id, identifier) == 0 &&
	    (*id == '\0') == (wish->kind == DECRYPT_PASSWORD) &&
	    is_cert == (wish->kind == DECRYPT_ASYMMETRIC) &&
	    package_is_for(audience, call->requester, call->entry) &&
	    !(gh_json_int(gh_json_get(row, "expires"), &expires) && gh_now() >= expires);
}

static int
take_row(const struct worker_env *env, const gh_json *row, const struct decrypt_wish *wish,
    struct est_recipient *out, struct gh_error *err)
{
	unsigned char *der = NULL;
	size_t len = 0;
	X509 *cert;
	int rc;

	if (wish->kind != DECRYPT_ASYMMETRIC) {
		rc = catalog_unseal_as(SEAL_LABEL_EST_KEY, env->server_secret,
		    text_of(row, "secret_sealed"), &out->kek, &out->kek_len, err);
		return rc == 0 && wish->kind == DECRYPT_SYMMETRIC
		    ? smime_caps_choose_kek(&wish->caps, out->kek_len, &out->choice, err)
		    : rc;
	}
	if ((rc = gh_json_row_base64(gh_json_get(row, "cert"), "cert", &der, &len, err)) != 0)
		return rc;
	cert = read_cert(der, len);
	rc = cert != NULL ? check_revocation(env->store, der, len, err)
			  : gh_fail(err, GH_E_DB, "certificate of an EST key");
	if (rc == 0)
		rc = take_cert(cert, wish, out, err);
	X509_free(cert);
	free(der);
	return rc;
}

/* GH_E_NOT_FOUND: nobody registered it for this client. */
static int
find_registered(const struct worker_env *env, const struct call *call,
    const struct decrypt_wish *wish, struct est_recipient *out, struct gh_error *err)
{
	char identifier[2 * DECRYPT_KEY_ID_MAX + 1];
	const gh_json *row = NULL;
	gh_json *rows;
	int rc = store_load_est_keys(env->store, &rows, err);

	if (rc != 0)
		return rc;
	(void)gh_hex_upper(wish->id.p, wish->id.len, identifier);
	for (size_t i = 0; row == NULL && i < gh_json_size(rows); i++)
		if (is_it(gh_json_at(rows, i), call, wish, identifier))
			row = gh_json_at(rows, i);
	rc = row != NULL ? take_row(env, row, wish, out, err) : GH_E_NOT_FOUND;
	gh_json_free(rows);
	return rc;
}

int
est_recipient_find(const struct worker_env *env, const struct call *call, const char *label,
    const struct decrypt_wish *wish, struct est_recipient *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (wish->kind == DECRYPT_NONE)
		return 0;
	rc = find_registered(env, call, wish, out, err);
	if (rc == GH_E_NOT_FOUND && wish->kind == DECRYPT_ASYMMETRIC)
		rc = find_shown(call, wish, out, err);
	if (rc == GH_E_NOT_FOUND && wish->kind == DECRYPT_ASYMMETRIC)
		rc = find_issued(env, call, label, wish, out, err);
	if (rc == GH_E_NOT_FOUND && wish->kind == DECRYPT_PASSWORD)
		rc = gh_refuse(err, GH_E_NOT_ACCEPTABLE,
		    "There is no password for a PKCS#12: an administrator registers it for this "
		    "client (gatehouse est key add --password-file), or accept multipart/mixed.");
	else if (rc == GH_E_NOT_FOUND)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "The key to encrypt the answer for is not known: an administrator registers it for "
		    "this client (gatehouse est key), or ask without a key identifier.");
	if (rc != 0)
		est_recipient_clear(out);
	return rc;
}
