/* See est_certs.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "pem.h"

#include "est_certs.h"

#define DIGEST_SIZE 32

/* ---- reading ---- */

static STACK_OF(X509) * certs_of(const PKCS7 *p7)
{
	return p7 != NULL && PKCS7_type_is_signed((PKCS7 *)p7) && p7->d.sign != NULL
	    ? p7->d.sign->cert
	    : NULL;
}

int
est_certs_read(const void *text, size_t n, STACK_OF(X509) * *out, struct gh_error *err)
{
	unsigned char *der;
	const unsigned char *p;
	PKCS7 *p7 = NULL;
	size_t len;
	int rc = est_decode(text, n, &der, &len, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	p = der;
	p7 = d2i_PKCS7(NULL, &p, (long)len);
	if (sk_X509_num(certs_of(p7)) < 1)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "the answer is no certs-only PKCS#7 with a certificate in it");
	else if ((*out = X509_chain_up_ref(certs_of(p7))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "certificates");
	ERR_clear_error();
	PKCS7_free(p7);
	free(der);
	return rc;
}

void
est_certs_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

X509 *
est_certs_find(STACK_OF(X509) * certs, const EVP_PKEY *key)
{
	X509 *found = NULL;

	for (int i = 0; found == NULL && i < sk_X509_num(certs); i++) {
		X509 *x = sk_X509_value(certs, i);
		const EVP_PKEY *its = X509_get0_pubkey(x);

		if (its != NULL && EVP_PKEY_eq(its, key) == 1)
			found = x;
	}
	ERR_clear_error();
	return found;
}

int
est_certs_fetch(struct est_server *s, STACK_OF(X509) * *out, struct gh_error *err)
{
	struct est_reply reply;
	int rc = est_call(s, &(struct est_call){.operation = "cacerts"}, &reply, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = reply.status == 200 ? est_certs_read(reply.body.data, reply.body.len, out, err)
				 : gh_refuse(err, GH_E_BAD_REQUEST,
				       "the server has no CA certificates (%ld)", reply.status);
	est_reply_clear(&reply);
	return rc;
}

/* ---- fingerprints ---- */

static bool
digest_of(const X509 *cert, unsigned char out[DIGEST_SIZE])
{
	unsigned n = 0;

	return X509_digest(cert, EVP_sha256(), out, &n) == 1 && n == DIGEST_SIZE;
}

void
est_certs_fingerprint(const X509 *cert, char out[EST_FINGERPRINT_SIZE])
{
	unsigned char digest[DIGEST_SIZE];

	out[0] = '\0';
	if (!digest_of(cert, digest))
		return;
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(out + 3 * i, 4, i + 1 < DIGEST_SIZE ? "%02X:" : "%02X", digest[i]);
}

/* Letters in upper case, without what people put between them. */
static int
clean_fingerprint(const char *text, char out[2 * DIGEST_SIZE + 1], struct gh_error *err)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if (!isxdigit((unsigned char)*text) || n == 2 * (size_t)DIGEST_SIZE) {
			n = 0;
			break;
		}
		out[n++] = (char)toupper((unsigned char)*text);
	}
	out[n] = '\0';
	return n == 2 * (size_t)DIGEST_SIZE
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "--fingerprint is a SHA-256: 64 hexadecimal digits");
}

static bool
has_fingerprint(const X509 *cert, const char *wanted)
{
	unsigned char digest[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];

	if (!digest_of(cert, digest))
		return false;
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02X", digest[i]);
	return strcmp(text, wanted) == 0;
}

static int
find_root(STACK_OF(X509) * certs, const char *text, X509 **out, struct gh_error *err)
{
	char wanted[2 * DIGEST_SIZE + 1], found[EST_FINGERPRINT_SIZE] = "none";
	int rc = clean_fingerprint(text, wanted, err);

	*out = NULL;
	for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (X509_self_signed(cert, 1) != 1)
			continue;
		if (has_fingerprint(cert, wanted)) {
			*out = cert;
			return 0;
		}
		est_certs_fingerprint(cert, found);
	}
	ERR_clear_error();
	return rc != 0
	    ? rc
	    : gh_refuse(err, GH_E_FORBIDDEN,
		  "the server has no root with this fingerprint: its root has %s", found);
}

/* ---- writing and checking ---- */

char *
est_certs_pem(STACK_OF(X509) * certs)
{
	struct gh_buf b;

	gh_buf_init(&b, 1024 * 1024);
	for (int i = 0; i < sk_X509_num(certs); i++) {
		unsigned char *der = NULL;
		int n = i2d_X509(sk_X509_value(certs, i), &der);

		if (n > 0)
			gh_pem_put(&b, "CERTIFICATE", der, (size_t)n);
		else
			b.failed = true;
		OPENSSL_free(der);
	}
	if (b.failed) {
		gh_buf_free(&b);
		return NULL;
	}
	return (char *)b.data;
}

/* Roots are trusted, the others may stand between. */
static int
split_cas(STACK_OF(X509) * cas, X509_STORE *roots, STACK_OF(X509) * between)
{
	for (int i = 0; i < sk_X509_num(cas); i++) {
		X509 *ca = sk_X509_value(cas, i);
		bool is_root = X509_self_signed(ca, 1) == 1;

		if (is_root ? X509_STORE_add_cert(roots, ca) != 1 : sk_X509_push(between, ca) <= 0)
			return -1;
	}
	return 0;
}

/* The chain without its two ends. */
static STACK_OF(X509) * middle_of(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get1_chain(ctx);

	if (chain == NULL)
		return NULL;
	X509_free(sk_X509_shift(chain));
	if (sk_X509_num(chain) > 0)
		X509_free(sk_X509_pop(chain));
	return chain;
}

static int
verify(X509 *leaf, X509_STORE *roots, STACK_OF(X509) * between, STACK_OF(X509) * *chain,
    struct gh_error *err)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = 0;

	if (ctx == NULL || X509_STORE_CTX_init(ctx, roots, leaf, between) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "verification");
	else if (X509_verify_cert(ctx) != 1)
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "the certificate does not chain to the server's CA certificates: %s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	else if ((*chain = middle_of(ctx)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "chain");
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}

static bool
keep(STACK_OF(X509) * kept, X509 *cert)
{
	if (X509_up_ref(cert) != 1)
		return false;
	if (sk_X509_push(kept, cert) > 0)
		return true;
	X509_free(cert);
	return false;
}

int
est_certs_check(X509 *leaf, EVP_PKEY *key, STACK_OF(X509) * cas, STACK_OF(X509) * *chain,
    struct gh_error *err)
{
	STACK_OF(X509) *between = sk_X509_new_null();
	X509_STORE *roots = X509_STORE_new();
	int rc = 0;

	*chain = NULL;
	if (EVP_PKEY_eq(X509_get0_pubkey(leaf), key) != 1) {
		ERR_clear_error();
		rc = gh_refuse(err, GH_E_FORBIDDEN, "the certificate is not for our key");
	} else if (between == NULL || roots == NULL || split_cas(cas, roots, between) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "CA certificates");
	else
		rc = verify(leaf, roots, between, chain, err);
	X509_STORE_free(roots);
	sk_X509_free(between);
	return rc;
}

/* ---- roots that follow each other ---- */

static bool
is_link(X509 *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0 &&
	    X509_self_signed(cert, 1) != 1;
}

/* Does a certificate among them have the subject and the key of this one, and is a link or not? */
static bool
has_twin(STACK_OF(X509) * certs, const X509 *of, bool wants_link)
{
	for (int i = 0; i < sk_X509_num(certs); i++) {
		X509 *x = sk_X509_value(certs, i);

		if (x != of && is_link(x) == wants_link &&
		    X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(of)) == 0 &&
		    EVP_PKEY_eq(X509_get0_pubkey(x), X509_get0_pubkey(of)) == 1)
			return true;
	}
	return false;
}

void
est_certs_drop_links(STACK_OF(X509) * certs)
{
	for (int i = sk_X509_num(certs) - 1; i >= 0; i--)
		if (is_link(sk_X509_value(certs, i)) &&
		    has_twin(certs, sk_X509_value(certs, i), false))
			X509_free(sk_X509_delete(certs, i));
	ERR_clear_error();
}

/* What chains to root, without it. */
static int
keep_below(STACK_OF(X509) * certs, X509 *root, STACK_OF(X509) * kept, struct gh_error *err)
{
	X509_STORE *roots = X509_STORE_new();
	int rc = roots != NULL && X509_STORE_add_cert(roots, root) == 1
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "CA certificates");

	for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);
		STACK_OF(X509) *chain = NULL;

		if (cert != root && verify(cert, roots, certs, &chain, NULL) == 0 &&
		    !keep(kept, cert))
			rc = gh_fail(err, GH_E_NOMEM, "CA certificates");
		est_certs_free(chain);
	}
	X509_STORE_free(roots);
	return rc;
}

int
est_certs_trust(STACK_OF(X509) * certs, const char *text, STACK_OF(X509) * *out,
    struct gh_error *err)
{
	STACK_OF(X509) *kept = sk_X509_new_null();
	X509 *root;
	int rc = find_root(certs, text, &root, err);

	*out = NULL;
	if (rc == 0)
		rc = kept != NULL ? keep_below(certs, root, kept, err)
				  : gh_fail(err, GH_E_NOMEM, "CA certificates");
	for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (cert != root && X509_self_signed(cert, 1) == 1 && has_twin(kept, cert, true) &&
		    !keep(kept, cert))
			rc = gh_fail(err, GH_E_NOMEM, "CA certificates");
	}
	if (rc == 0 && !keep(kept, root))
		rc = gh_fail(err, GH_E_NOMEM, "CA certificates");
	ERR_clear_error();
	if (rc == 0)
		*out = kept;
	else
		est_certs_free(kept);
	return rc;
}
