/* See est_decrypt.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "encoding.h"
#include "formats/cms_signed.h"
#include "hex.h"
#include "oid.h"

#include "file.h"
#include "prompt.h"

#include "est_decrypt.h"

#define DECRYPT_KEY "1.2.840.113549.1.9.16.2.37"            /* RFC 7030, 4.4.1.1 */
#define ASYMMETRIC_DECRYPT_KEY "1.2.840.113549.1.9.16.2.54" /* 4.4.1.2 */
#define SMIME_CAPABILITIES "1.2.840.113549.1.9.15"
#define ID_MAX 256              /* bytes */
#define ANSWER_MAX (256 * 1024) /* bytes of EnvelopedData */

void
est_decrypt_clear(struct est_decrypt *d)
{
	if (d->kek != NULL)
		OPENSSL_cleanse(d->kek, d->kek_len);
	free(d->kek);
	free(d->id);
	EVP_PKEY_free(d->key);
	X509_free(d->cert);
	memset(d, 0, sizeof(*d));
}

/* ---- the files ---- */

static int
take_id(struct est_decrypt *d, const void *p, size_t n, struct gh_error *err)
{
	d->id = malloc(n > 0 ? n : 1);
	if (d->id == NULL)
		return gh_fail(err, GH_E_NOMEM, "identifier");
	memcpy(d->id, p, n);
	d->id_len = n;
	return 0;
}

static int
read_kek(struct est_decrypt *d, char *text, const char *id_text, struct gh_error *err)
{
	text[strcspn(text, "\r\n")] = '\0';
	if (gh_secret_decode(text, &d->kek, &d->kek_len, err) != 0 ||
	    (d->kek_len != 16 && d->kek_len != 24 && d->kek_len != 32))
		return gh_refuse(err, GH_E_CONF,
		    "--decrypt-key is a private key (PEM) or a key of 16, 24 or 32 bytes (hex:..., base64:...)");
	if (id_text == NULL || strlen(id_text) % 2 != 0 ||
	    gh_hex_decode(id_text, strlen(id_text), &d->id, &d->id_len, err) != 0 ||
	    d->id_len == 0 || d->id_len > ID_MAX)
		return gh_refuse(err, GH_E_CONF,
		    "--decrypt-id is needed for a symmetric key: hexadecimal, as the server knows it");
	return 0;
}

/* By subject key identifier; a certificate without one by the SHA-1 of its key (RFC 5280, 4.2.1.2).
 */
static int
name_cert(struct est_decrypt *d, struct gh_error *err)
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(d->cert);
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (ski != NULL)
		return take_id(d, ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski), err);
	if (X509_pubkey_digest(d->cert, EVP_sha1(), sum, &n) != 1)
		return gh_fail(err, GH_E_INTERNAL, "digest of a key");
	return take_id(d, sum, n, err);
}

static int
read_pair(struct est_decrypt *d, const char *key, size_t key_len, const char *cert, size_t cert_len,
    struct gh_error *err)
{
	BIO *in = BIO_new_mem_buf(key, (int)key_len), *certs = BIO_new_mem_buf(cert, (int)cert_len);

	if (in != NULL && certs != NULL) {
		d->key = PEM_read_bio_PrivateKey(in, NULL, prompt_give_password, NULL);
		d->cert = PEM_read_bio_X509(certs, NULL, prompt_give_password, NULL);
	}
	BIO_free(in);
	BIO_free(certs);
	if (d->key == NULL || d->cert == NULL || X509_check_private_key(d->cert, d->key) != 1 ||
	    !(EVP_PKEY_is_a(d->key, "RSA") || EVP_PKEY_is_a(d->key, "EC"))) {
		ERR_clear_error();
		return gh_refuse(err, GH_E_CONF,
		    "--decrypt-key needs its certificate (behind it, or --decrypt-certificate), and is RSA or EC "
		    "without a password");
	}
	return name_cert(d, err);
}

int
est_decrypt_read(const char *key_file, const char *cert_file, const char *id_text,
    struct est_decrypt *out, struct gh_error *err)
{
	char *key = NULL, *cert = NULL;
	size_t key_len = 0, cert_len = 0;
	int rc = file_read(key_file, &key, &key_len, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && cert_file != NULL)
		rc = file_read(cert_file, &cert, &cert_len, err);
	if (rc == 0)
		rc = strstr(key, "-----BEGIN ") == NULL ? read_kek(out, key, id_text, err)
		    : cert != NULL ? read_pair(out, key, key_len, cert, cert_len, err)
				   : read_pair(out, key, key_len, key, key_len, err);
	if (key != NULL)
		OPENSSL_cleanse(key, key_len);
	free(key);
	free(cert);
	return rc;
}

/* ---- the request ---- */

/* An algorithm without parameters. */
static void
put_alg(struct gh_buf *b, const unsigned char *oid, size_t len)
{
	gh_der_put_header(b, GH_DER_SEQUENCE, gh_der_size(len));
	gh_der_put(b, GH_DER_OID, oid, len);
}
#define PUT_ALG(b, ...) \
	put_alg(b, (const unsigned char[]){__VA_ARGS__}, \
	    sizeof((const unsigned char[]){__VA_ARGS__}))

/* RSAES-OAEP with SHA-256 (RFC 4055, 4.1), and ECDH with SHA-256 and AES-256 key wrap (RFC 5753).
 */
#define SEQ_OF(...) GH_DER_SEQUENCE, sizeof((const unsigned char[]){__VA_ARGS__}), __VA_ARGS__
#define TAGGED(n, ...) GH_DER_CONTEXT(n), sizeof((const unsigned char[]){__VA_ARGS__}), __VA_ARGS__
static const unsigned char oaep[] = {SEQ_OF(GH_OID_DER(GH_OID_RSAES_OAEP),
    SEQ_OF(TAGGED(0, SEQ_OF(GH_OID_DER(GH_OID_SHA256))),
	TAGGED(1, SEQ_OF(GH_OID_DER(GH_OID_MGF1), SEQ_OF(GH_OID_DER(GH_OID_SHA256))))))};
static const unsigned char ecdh[] = {
    SEQ_OF(GH_OID_DER(GH_OID_DH_SHA256KDF), SEQ_OF(GH_OID_DER(GH_OID_AES(45))))};

/* In the order of preference (RFC 8551, 2.5.2). */
static void
put_capabilities(const struct est_decrypt *d, struct gh_buf *b)
{
	PUT_ALG(b, GH_OID_AES(42));
	PUT_ALG(b, GH_OID_AES(2));
	if (d->kek_len == 16)
		PUT_ALG(b, GH_OID_AES(5));
	else if (d->kek_len == 24)
		PUT_ALG(b, GH_OID_AES(25));
	else if (d->kek_len == 32 || EVP_PKEY_is_a(d->key, "EC"))
		PUT_ALG(b, GH_OID_AES(45));
	if (d->key != NULL && EVP_PKEY_is_a(d->key, "RSA")) {
		gh_buf_put(b, oaep, sizeof(oaep));
		PUT_ALG(b, GH_OID_RSA);
	} else if (d->key != NULL) {
		gh_buf_put(b, ecdh, sizeof(ecdh));
	}
}

int
est_decrypt_ask(const struct est_decrypt *d, X509_REQ *req, struct gh_error *err)
{
	const char *type = d->kek != NULL ? DECRYPT_KEY : ASYMMETRIC_DECRYPT_KEY;
	struct gh_buf list, caps;
	int rc;

	gh_buf_init(&list, 1024);
	gh_buf_init(&caps, 1024);
	put_capabilities(d, &list);
	gh_der_put(&caps, GH_DER_SEQUENCE, list.data, list.len);
	if ((rc = gh_buf_check(&caps, err)) == 0 &&
	    (X509_REQ_add1_attr_by_txt(req, type, V_ASN1_OCTET_STRING, d->id, (int)d->id_len) !=
		    1 ||
		X509_REQ_add1_attr_by_txt(req, SMIME_CAPABILITIES, V_ASN1_SEQUENCE, caps.data,
		    (int)caps.len) != 1))
		rc = gh_fail(err, GH_E_NOMEM, "attributes");
	gh_buf_free(&list);
	gh_buf_free(&caps);
	ERR_clear_error();
	return rc;
}

/* ---- the answer ---- */

static bool
decrypt(const struct est_decrypt *d, CMS_ContentInfo *cms, BIO *out)
{
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_enveloped ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_signed)
		return false;
	return d->kek != NULL
	    ? CMS_decrypt_set1_key(cms, d->kek, d->kek_len, d->id, d->id_len) == 1 &&
		CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY) == 1
	    : CMS_decrypt(cms, d->key, d->cert, NULL, out, CMS_BINARY) == 1;
}

int
est_decrypt_open(const struct est_decrypt *d, const struct gh_der *ber, struct gh_buf *out,
    struct gh_error *err)
{
	CMS_ContentInfo *cms = ber->len <= ANSWER_MAX ? cms_decode(ber) : NULL;
	BIO *plain = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;
	int rc;

	if (cms != NULL && plain != NULL && decrypt(d, cms, plain))
		n = BIO_get_mem_data(plain, &text);
	if (n > 0) {
		gh_buf_put(out, text, (size_t)n);
		rc = gh_buf_check(out, err);
		OPENSSL_cleanse(text, (size_t)n);
	} else {
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "the key of the answer is not encrypted for --decrypt-key (EnvelopedData of a SignedData)");
	}
	CMS_ContentInfo_free(cms);
	BIO_free(plain);
	ERR_clear_error();
	return rc;
}
