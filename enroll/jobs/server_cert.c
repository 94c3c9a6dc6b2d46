/* Issuing the gateway's certificate. See server_cert.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "formats/cert_spec.h"
#include "store/request/service_cert.h"
#include "calendar.h"
#include "timestamp.h"

#include "server_cert.h"

#define NAME_MAX_BYTES 253 /* RFC 1035, 2.3.4 */
#define LABEL_MAX_BYTES 63
#define CN_MAX_BYTES 64 /* RFC 5280, A.1: ub-common-name */

/* --- names ------------------------------------------------------------------------------------ */

static bool
is_address(const char *text)
{
	unsigned char raw[16];

	return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

static bool
is_label(const char *p, size_t n)
{
	if (n == 0 || n > LABEL_MAX_BYTES || p[0] == '-' || p[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '-')
			return false;
	return true;
}

static bool
is_dns_name(const char *text)
{
	size_t n;

	if (strlen(text) > NAME_MAX_BYTES)
		return false;
	for (;; text += n + 1) {
		n = strcspn(text, ".");
		if (!is_label(text, n))
			return false;
		if (text[n] == '\0')
			return true;
	}
}

void
server_cert_names_clear(struct server_cert_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i]);
	memset(names, 0, sizeof(*names));
}

int
server_cert_names_add(struct server_cert_names *names, const char *name, struct gh_error *err)
{
	if (!is_address(name) && !is_dns_name(name))
		return gh_refuse(err, GH_E_CONF,
		    "\"%.100s\" is neither a DNS name nor a numeric address", name);
	for (size_t i = 0; i < names->n; i++)
		if (strcasecmp(names->name[i], name) == 0)
			return 0;
	if (names->n == SERVER_CERT_NAMES_MAX)
		return gh_refuse(err, GH_E_CONF, "a server certificate has %d names at most",
		    SERVER_CERT_NAMES_MAX);
	if ((names->name[names->n] = strdup(name)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "names");
	names->n++;
	return 0;
}

/* --- the certificate -------------------------------------------------------------------------- */

static GENERAL_NAME *
general_name(const char *text)
{
	GENERAL_NAME *gn = GENERAL_NAME_new();
	ASN1_STRING *s = is_address(text) ? a2i_IPADDRESS(text) : ASN1_IA5STRING_new();

	if (gn == NULL || s == NULL || (!is_address(text) && ASN1_STRING_set(s, text, -1) != 1)) {
		GENERAL_NAME_free(gn);
		ASN1_STRING_free(s);
		return NULL;
	}
	GENERAL_NAME_set0_value(gn, is_address(text) ? GEN_IPADD : GEN_DNS, s);
	return gn;
}

static int
add_names(struct cert_spec *spec, const struct server_cert_names *names)
{
	GENERAL_NAMES *san = GENERAL_NAMES_new();
	int bad = san == NULL;

	for (size_t i = 0; !bad && i < names->n; i++) {
		GENERAL_NAME *gn = general_name(names->name[i]);

		bad = gn == NULL || sk_GENERAL_NAME_push(san, gn) <= 0;
		if (bad)
			GENERAL_NAME_free(gn);
	}
	/* RFC 5280, 4.2.1.6: critical when there is no subject */
	if (!bad)
		bad = cert_spec_add_extension(spec, NID_subject_alt_name,
			  X509_NAME_entry_count(spec->subject) == 0, san) != 0;
	GENERAL_NAMES_free(san);
	return bad ? -1 : 0;
}

static int
fill_spec(struct cert_spec *spec, const struct gh_conf *conf, EVP_PKEY *key,
    const struct server_cert_names *names)
{
	const char *cn = names->name[0];
	int n = i2d_PUBKEY(key, &spec->spki);

	if (n <= 0 ||
	    (strlen(cn) <= CN_MAX_BYTES &&
		X509_NAME_add_entry_by_txt(spec->subject, "CN", MBSTRING_UTF8,
		    (const unsigned char *)cn, -1, -1, 0) != 1))
		return -1;
	spec->spki_len = (size_t)n;
	spec->not_before = gh_now() - conf->ca.backdate;
	spec->not_after = spec->not_before + (int64_t)SERVER_CERT_DAYS * GH_DAY_SECONDS;
	return cert_spec_add_usage(spec, "serverAuth", false) == 0 ? add_names(spec, names) : -1;
}

static int
sign(const struct server_cert_issue *i, EVP_PKEY *key, const struct server_cert_names *names,
    unsigned char **cert, size_t *len, struct gh_error *err)
{
	struct cert_spec *spec = cert_spec_new();
	int rc;

	*cert = NULL;
	if (spec == NULL || fill_spec(spec, i->conf, key, names) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "server certificate");
	else
		rc = ca_sign(i->ca, i->signer, spec, cert, len, err);
	cert_spec_free(spec);
	return rc;
}

/* --- the file --------------------------------------------------------------------------------- */

static int
put_cert(BIO *out, const unsigned char *der, size_t len)
{
	return PEM_write_bio(out, "CERTIFICATE", "", der, (long)len) > 0 ? 0 : -1;
}

/* Key, certificate, issuers without the root: clients have that one, or trust nothing anyway. */
static int
put_all(BIO *out, EVP_PKEY *key, const struct ca *ca, const unsigned char *cert, size_t len)
{
	int bad = PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    put_cert(out, cert, len) != 0;

	for (size_t i = 0; !bad && i < ca->chain.n && (i == 0 || i + 1 < ca->chain.n); i++)
		bad = put_cert(out, ca->chain.cert[i].der, ca->chain.cert[i].len) != 0;
	return bad ? -1 : 0;
}

static int
write_pem(EVP_PKEY *key, const struct ca *ca, const unsigned char *cert, size_t len, char **pem,
    struct gh_error *err)
{
	/* secure memory of OpenSSL is wiped when it is freed */
	BIO *out = BIO_new(BIO_s_secmem());
	char *text;
	long n;

	if (out != NULL && put_all(out, key, ca, cert, len) == 0 &&
	    (n = BIO_get_mem_data(out, &text)) > 0)
		*pem = strndup(text, (size_t)n);
	BIO_free(out);
	ERR_clear_error();
	return *pem != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "server certificate");
}

void
server_cert_pem_free(char *pem)
{
	if (pem == NULL)
		return;
	OPENSSL_cleanse(pem, strlen(pem));
	free(pem);
}

int
server_cert_issue(const struct server_cert_issue *i, const struct server_cert_names *names,
    char **pem, struct gh_error *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *cert = NULL;
	size_t len = 0;
	int64_t id;
	int rc;

	*pem = NULL;
	if (key == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no key for the server certificate");
	if (names->n == 0)
		rc = gh_refuse(err, GH_E_CONF, "a server certificate needs a name");
	else
		rc = sign(i, key, names, &cert, &len, err);
	if (rc == 0)
		rc = write_pem(key, i->ca, cert, len, pem, err);
	if (rc == 0)
		rc = store_record_service_cert(i->store, i->who, i->ca, cert, len, &id, err);
	if (rc != 0) {
		server_cert_pem_free(*pem);
		*pem = NULL;
	}
	EVP_PKEY_free(key);
	free(cert);
	return rc;
}
