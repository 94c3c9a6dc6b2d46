/* A real signer that runs, a root and an issuing CA, and certificates to ask it for. */
#ifndef TEST_SIGNER_FIXTURE_H
#define TEST_SIGNER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sys/un.h>

#include "ca-backend/signer_process.h"
#include "der.h"
#include "sanitizer.h"
#include "timestamp.h"

/* One signer with a root and an issuing CA for all tests; each has a client of its own. */
struct fixture {
	struct signer_process sp;
	struct made_ca root, issuing;
	unsigned char issuing_id[SIGNER_CA_ID_SIZE];
	struct signer_client *client;
	EVP_PKEY *key; /* of the certificates asked for */
	unsigned char *spki;
	size_t spki_len;
};

static inline void
load(struct fixture *f)
{
	struct gh_error err;

	assert_int_equal(signer_client_load_ca(f->client, f->issuing.sealed, f->issuing.sealed_len,
			     f->issuing_id, &err),
	    0);
}

static inline int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;
	int n;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	assert_int_equal(make_ca(&f->sp, "Root", "P-256", NULL, &root_limits, &f->root, &err), 0);
	assert_int_equal(make_ca(&f->sp, "Issuing", "P-256", &f->root, &issuing_limits, &f->issuing,
			     &err),
	    0);
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	load(f);
	MUST((f->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")) != NULL);
	MUST((n = i2d_PUBKEY(f->key, &f->spki)) > 0);
	f->spki_len = (size_t)n;
	*state = f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	signer_client_free(f->client);
	signer_process_free(&f->sp);
	made_ca_free(&f->root);
	made_ca_free(&f->issuing);
	EVP_PKEY_free(f->key);
	OPENSSL_free(f->spki);
	free(f);
	return 0;
}

/* --- fields ----------------------------------------------------------------------------------- */

/* Fields that the issuing CA signs; each test spoils one. The subject is to be freed. */
static inline unsigned char *
good_fields(struct fixture *f, struct signer_cert_fields *out)
{
	unsigned char *name;

	memset(out, 0, sizeof(*out));
	memcpy(out->ca_id, f->issuing_id, sizeof(out->ca_id));
	out->not_before = gh_now() - 600;
	out->not_after = gh_now() + 365 * DAY;
	name = name_der("alice", &out->subject_len);
	out->subject = name;
	out->spki = f->spki;
	out->spki_len = f->spki_len;
	out->extensions = key_usage_extensions;
	out->extensions_len = sizeof(key_usage_extensions);
	return name;
}

static inline X509 *
parse_cert(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	assert_non_null(x);
	assert_ptr_equal(p, der + len);
	return x;
}

static inline int
sign(struct fixture *f, const struct signer_cert_fields *fields, X509 **out, struct gh_error *err)
{
	unsigned char *der;
	size_t len;
	int rc = sign_one(f->client, fields, &der, &len, err);

	*out = NULL;
	if (rc != 0) {
		assert_null(der);
		return rc;
	}
	*out = parse_cert(der, len);
	free(der);
	return 0;
}

/* Extensions, DER, from OpenSSL's configuration words, and keyUsage where it is not among them; to
 * be freed with OPENSSL_free. */
static inline unsigned char *
extensions_der(size_t *len, ...)
{
	const unsigned char *usual = key_usage_extensions;
	STACK_OF(X509_EXTENSION) *list =
	    d2i_X509_EXTENSIONS(NULL, &usual, sizeof(key_usage_extensions));
	unsigned char *der = NULL;
	const char *name;
	va_list ap;
	int n;

	MUST(list != NULL);

	va_start(ap, len);
	while ((name = va_arg(ap, const char *)) != NULL) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, va_arg(ap, const char *));

		MUST(e != NULL);
		if (strcmp(name, "keyUsage") == 0)
			X509_EXTENSION_free(sk_X509_EXTENSION_shift(list));
		MUST(sk_X509_EXTENSION_push(list, e) > 0);
	}
	va_end(ap);
	MUST((n = i2d_X509_EXTENSIONS(list, &der)) > 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	*len = (size_t)n;
	return der;
}

static inline bool
is_verified_by(X509 *cert, const struct made_ca *ca)
{
	X509 *issuer = parse_cert(ca->cert, ca->cert_len);
	bool ok = X509_verify(cert, X509_get0_pubkey(issuer)) == 1 &&
	    X509_check_issued(issuer, cert) == X509_V_OK;

	X509_free(issuer);
	return ok;
}

#endif
