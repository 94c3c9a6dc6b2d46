/* See key_signer.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "encoding.h"
#include "formats/names_text.h"

#include "client/client_key.h"
#include "file.h"
#include "key_signer.h"
#include "prompt.h"

struct key_signer_options key_signer_options;

static bool
is_uri(const char *key)
{
	return key != NULL && strncmp(key, "pkcs11:", 7) == 0;
}

/* ---- files ---- */

static int
ask(const char *what, const char *path, char **out, struct gh_error *err)
{
	char question[200];

	snprintf(question, sizeof(question), "%s %.150s", what, path);
	return prompt_password(key_signer_options.password_file, question, false, out, err);
}

static int
open_pkcs12(PKCS12 *p12, const char *path, struct key_signer *out, struct gh_error *err)
{
	char *password = NULL;
	int rc = 0;

	if (PKCS12_verify_mac(p12, "", 0) != 1 && PKCS12_verify_mac(p12, NULL, 0) != 1)
		rc = ask("password of", path, &password, err);
	if (rc == 0 && PKCS12_parse(p12, password, &out->key, &out->cert, NULL) != 1)
		rc = gh_refuse(err, GH_E_CONF,
		    "%.150s: the password is wrong, or the file is damaged", path);
	prompt_free(password);
	ERR_clear_error();
	return rc;
}

static int
read_key(const char *path, struct key_signer *out, struct gh_error *err)
{
	char *data, *password = NULL;
	size_t len;
	bool is_locked;
	int rc = file_read(path, &data, &len, err);

	if (rc != 0)
		return rc;
	is_locked = strstr(data, "ENCRYPTED") != NULL;
	OPENSSL_cleanse(data, len);
	free(data);
	if (is_locked)
		rc = ask("password of", path, &password, err);
	if (rc == 0)
		rc = client_key_load(path, password, &out->key, err);
	if (rc != 0 && is_locked && password != NULL)
		rc = gh_refuse(err, GH_E_CONF,
		    "%.150s: the password is wrong, or the key is damaged", path);
	prompt_free(password);
	return rc;
}

static int
read_token(const char *uri, struct key_signer *out, struct gh_error *err)
{
	char *pin;
	int rc;

	if (key_signer_options.module == NULL)
		return gh_refuse(err, GH_E_CONF, "--pkcs11-module names the module of the token");
	if (strstr(uri, "pin-value=") != NULL)
		return gh_refuse(err, GH_E_CONF,
		    "no PIN in the URI: it is asked for, or read from --signer-password-file");
	if ((rc = ask("PIN for", uri, &pin, err)) != 0)
		return rc;
	rc = key_token_load(key_signer_options.module, uri, pin, &out->key, err);
	prompt_free(pin);
	return rc;
}

static int
parse_files(const char *data, size_t len, struct key_signer *out, struct gh_error *err)
{
	const struct key_signer_options *o = &key_signer_options;
	const unsigned char *p = (const unsigned char *)data;
	PKCS12 *p12 = strstr(data, "-----BEGIN") == NULL ? d2i_PKCS12(NULL, &p, (long)len) : NULL;
	BIO *bio;
	int rc;

	if (p12 != NULL) {
		rc = open_pkcs12(p12, o->cert, out, err);
		PKCS12_free(p12);
		return rc;
	}
	bio = BIO_new_mem_buf(data, (int)len);
	out->cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	ERR_clear_error();
	if (out->cert == NULL)
		return gh_refuse(err, GH_E_CONF, "%.150s: no certificate in PEM, and no PKCS#12",
		    o->cert);
	if (is_uri(o->key))
		return read_token(o->key, out, err);
	return read_key(o->key != NULL ? o->key : o->cert, out, err);
}

/* ---- what was read ---- */

static int
check(const struct key_signer *s, struct gh_error *err)
{
	const char *file = key_signer_options.cert;

	if (s->cert == NULL || s->key == NULL)
		return gh_refuse(err, GH_E_CONF, "%.150s: no certificate with its key", file);
	if (X509_check_private_key(s->cert, s->key) != 1) {
		ERR_clear_error();
		return gh_refuse(err, GH_E_CONF,
		    "%.150s: the key does not belong to the certificate", file);
	}
	if (X509_cmp_current_time(X509_get0_notAfter(s->cert)) <= 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.150s: the certificate has ended; the policy needs your present one", file);
	if (X509_cmp_current_time(X509_get0_notBefore(s->cert)) > 0)
		return gh_refuse(err, GH_E_CONF, "%.150s: the certificate is not valid yet", file);
	return 0;
}

int
key_signer_open(struct key_signer *out, struct gh_error *err)
{
	char *data;
	size_t len;
	int rc;

	memset(out, 0, sizeof(*out));
	if (key_signer_options.cert == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "the policy of this key wants signed approvals: give --signer with your certificate");
	if ((rc = file_read(key_signer_options.cert, &data, &len, err)) != 0)
		return rc;
	rc = parse_files(data, len, out, err);
	OPENSSL_cleanse(data, len);
	free(data);
	if (rc == 0)
		rc = check(out, err);
	if (rc == 0 && (out->name = ca_dn_text(X509_get_subject_name(out->cert))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "name");
	if (rc != 0)
		key_signer_close(out);
	return rc;
}

void
key_signer_close(struct key_signer *s)
{
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
	free(s->name);
	memset(s, 0, sizeof(*s));
}

/* ---- signing ---- */

/* The text stays outside: the KRA makes it itself. */
static CMS_ContentInfo *
sign(const struct key_signer *s, const struct gh_buf *text)
{
	const unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP | CMS_PARTIAL;
	BIO *bio = BIO_new_mem_buf(text->data, (int)text->len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, bio, flags);

	if (bio == NULL || cms == NULL ||
	    CMS_add1_signer(cms, s->cert, s->key, EVP_sha256(), flags) == NULL ||
	    CMS_final(cms, bio, NULL, flags) != 1) {
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	BIO_free(bio);
	return cms;
}

static int
encode(CMS_ContentInfo *cms, char **out, struct gh_error *err)
{
	unsigned char *der = NULL;
	int n = cms != NULL ? i2d_CMS_ContentInfo(cms, &der) : 0;

	if (n > 0)
		*out = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	OPENSSL_free(der);
	ERR_clear_error();
	if (n <= 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.150s: the key did not sign (RSA and EC keys do)", key_signer_options.cert);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "signature");
}

int
key_signer_sign(const struct key_signer *s, const struct key_statement *statement, char **out,
    struct gh_error *err)
{
	CMS_ContentInfo *cms;
	struct gh_buf text;
	int rc;

	*out = NULL;
	if (!statement->has_wrapping)
		return gh_refuse(err, GH_E_BAD_JSON,
		    "the request does not say what the key is wrapped in: it cannot be approved of");
	gh_buf_init(&text, APPROVAL_TEXT_MAX);
	if ((rc = approval_text(&statement->subject, &text, err)) == 0) {
		cms = sign(s, &text);
		rc = encode(cms, out, err);
		CMS_ContentInfo_free(cms);
	}
	gh_buf_free(&text);
	return rc;
}
