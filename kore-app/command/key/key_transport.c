/* See key_transport.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "digest.h"
#include "encoding.h"
#include "hex.h"

#include "file.h"
#include "key_transport.h"

#define PATH "/pki/config/kra/cert/transport"

/* Takes key over, NULL too. false: no RSA or EC key. */
static bool
set_key(EVP_PKEY *key, struct key_transport *out)
{
	unsigned char *spki = NULL;
	int n = key != NULL ? i2d_PUBKEY(key, &spki) : 0;
	bool ok = n > 0 && gh_digest(GH_SHA256, spki, (size_t)n, out->id) &&
	    (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"));

	out->key = key;
	OPENSSL_free(spki);
	ERR_clear_error();
	return ok;
}

/* ---- from a file ---- */

static X509 *
parse_certificate(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (cert == NULL)
		cert = d2i_X509(NULL, &p, (long)len);
	ERR_clear_error();
	return cert;
}

static int
read_file(const char *file, struct key_transport *out, struct gh_error *err)
{
	char *data;
	size_t len;
	X509 *cert;
	int rc = file_read(file, &data, &len, err);

	if (rc != 0)
		return rc;
	cert = parse_certificate(data, len);
	free(data);
	if (cert == NULL)
		return gh_refuse(err, GH_E_CONF, "%.150s: no certificate, PEM or DER", file);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		rc = gh_refuse(err, GH_E_CONF,
		    "%.150s: this transport certificate has ended; get the present one", file);
	else if (!set_key(X509_get_pubkey(cert), out))
		rc = gh_refuse(err, GH_E_CONF, "%.150s: its key is no RSA or EC key", file);
	X509_free(cert);
	return rc;
}

/* ---- from the gateway ---- */

static const gh_json *
current_entry(const gh_json *answer)
{
	const gh_json *entries = gh_json_get(answer, "entries");

	for (size_t i = 0; i < gh_json_size(entries); i++)
		if (gh_json_bool(gh_json_get(gh_json_at(entries, i), "is_current"), false))
			return gh_json_at(entries, i);
	return NULL;
}

static EVP_PKEY *
decode_key(const char *text)
{
	const unsigned char *p;
	unsigned char *der;
	EVP_PKEY *key;
	size_t len;

	if (text == NULL || gh_base64_decode(text, strlen(text), &der, &len, NULL) != 0)
		return NULL;
	p = der;
	key = d2i_PUBKEY(NULL, &p, (long)len);
	free(der);
	return key;
}

static int
fetch(struct client_rest *r, struct key_transport *out, struct gh_error *err)
{
	char id[2 * KRA_KEY_ID_SIZE + 1];
	const gh_json *entry;
	const char *said;
	gh_json *answer;
	int rc = client_rest_get(r, PATH, &answer, err);

	if (rc != 0)
		return rc;
	entry = current_entry(answer);
	said = gh_json_string(gh_json_get(entry, "id"));
	if (!set_key(decode_key(gh_json_string(gh_json_get(entry, "public_key"))), out))
		rc = gh_refuse(err, GH_E_BAD_JSON, "the gateway named no transport key");
	else if (said == NULL || strcmp(said, gh_hex_lower(out->id, sizeof(out->id), id)) != 0)
		rc = gh_refuse(err, GH_E_BAD_JSON,
		    "the transport key of the gateway has not the id that it names");
	gh_json_free(answer);
	return rc;
}

int
key_transport_get(const char *file, struct client_rest *r, struct key_transport *out,
    struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = file != NULL ? read_file(file, out, err) : fetch(r, out, err);
	if (rc != 0)
		key_transport_clear(out);
	return rc;
}

void
key_transport_clear(struct key_transport *t)
{
	EVP_PKEY_free(t->key);
	memset(t, 0, sizeof(*t));
}
