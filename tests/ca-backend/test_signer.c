/* gatehouse-signer as a process, and its client: whole life, limits, and hostile peers. */
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

static void
load(struct fixture *f)
{
	struct gh_error err;

	assert_int_equal(signer_client_load_ca(f->client, f->issuing.sealed, f->issuing.sealed_len,
			     f->issuing_id, &err),
	    0);
}

static int
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

static int
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
static unsigned char *
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

static X509 *
parse_cert(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	assert_non_null(x);
	assert_ptr_equal(p, der + len);
	return x;
}

static int
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

/* The signer must say no, with this code and these words, and serve the connection on. */
static void
assert_no(struct fixture *f, const struct signer_cert_fields *fields, int code, const char *words)
{
	struct gh_error err = {0};
	X509 *x;

	assert_int_equal(sign(f, fields, &x, &err), code);
	if (strstr(err.detail, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err.detail);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

static void
assert_refused(struct fixture *f, const struct signer_cert_fields *fields, const char *words)
{
	assert_no(f, fields, GH_E_SIGNER, words);
}

static void
assert_beyond(struct fixture *f, const struct signer_cert_fields *fields, const char *words)
{
	assert_no(f, fields, GH_E_CA_POLICY, words);
}

/* Extensions, DER, from OpenSSL's configuration words, and keyUsage where it is not among them; to
 * be freed with OPENSSL_free. */
static unsigned char *
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

static void
assert_extensions_no(struct fixture *f, unsigned char *der, size_t len, int code, const char *words)
{
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);

	fields.extensions = der;
	fields.extensions_len = len;
	assert_no(f, &fields, code, words);
	OPENSSL_free(name);
	OPENSSL_free(der);
}

static void
assert_extensions_refused(struct fixture *f, unsigned char *der, size_t len, const char *words)
{
	assert_extensions_no(f, der, len, GH_E_SIGNER, words);
}

static bool
is_verified_by(X509 *cert, const struct made_ca *ca)
{
	X509 *issuer = parse_cert(ca->cert, ca->cert_len);
	bool ok = X509_verify(cert, X509_get0_pubkey(issuer)) == 1 &&
	    X509_check_issued(issuer, cert) == X509_V_OK;

	X509_free(issuer);
	return ok;
}

/* --- signing ---------------------------------------------------------------------------------- */

static void
signer__makes_what_rfc5280_asks(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields), *ext;
	struct gh_error err;
	X509 *x, *issuer = parse_cert(f->issuing.cert, f->issuing.cert_len);
	const ASN1_INTEGER *serial;
	unsigned char md[20];
	const ASN1_BIT_STRING *bits;

	ext = extensions_der(&fields.extensions_len, "keyUsage", "critical,digitalSignature",
	    "extendedKeyUsage", "clientAuth", NULL);
	fields.extensions = ext;
	assert_int_equal(sign(f, &fields, &x, &err), 0);
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	assert_true(is_verified_by(x, &f->issuing));
	serial = X509_get0_serialNumber(x);
	assert_int_not_equal(ASN1_STRING_type(serial), V_ASN1_NEG_INTEGER);
	assert_in_range(ASN1_STRING_length(serial), 12, 16);
	/* method 1 of 4.2.1.2; the AKI is the issuer's SKI */
	bits = X509_get0_pubkey_bitstr(x);
	MUST(EVP_Digest(bits->data, (size_t)bits->length, md, NULL, EVP_sha1(), NULL) == 1);
	assert_memory_equal(X509_get0_subject_key_id(x)->data, md, 20);
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x),
			     X509_get0_subject_key_id(issuer)),
	    0);
	assert_int_equal(X509_get_ext_count(x), 4);
	assert_int_equal(X509_get_signature_nid(x), NID_ecdsa_with_SHA256);
	X509_free(x);
	X509_free(issuer);
	OPENSSL_free(ext);
	OPENSSL_free(name);
}

static void
signer__adds_key_identifiers_alone(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	X509 *x;

	assert_int_equal(sign(f, &fields, &x, &err), 0);
	assert_int_equal(X509_get_ext_count(x), 3);
	X509_free(x);
	OPENSSL_free(name);
}

/* 16 octets that begin with the time in steps of four seconds, behind a set bit. */
static void
expect_serial_of_now(const ASN1_INTEGER *serial)
{
	int64_t time = 0, now = (int64_t)gh_now() / 4;

	assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER);
	assert_int_equal(ASN1_STRING_length(serial), 16);
	for (int i = 0; i < 4; i++)
		time = time << 8 | ASN1_STRING_get0_data(serial)[i];
	assert_true((time & 0x40000000) != 0);
	assert_in_range(now - (time & 0x3fffffff), 0, 60);
}

static void
signer__draws_new_serials(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	X509 *a, *b;

	assert_int_equal(sign(f, &fields, &a, &err), 0);
	assert_int_equal(sign(f, &fields, &b, &err), 0);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)),
	    0);
	expect_serial_of_now(X509_get0_serialNumber(a));
	expect_serial_of_now(X509_get0_serialNumber(b));
	X509_free(a);
	X509_free(b);
	OPENSSL_free(name);
}

static void
signer__writes_times_as_rfc5280_asks(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	struct made_ca root = {0};
	struct signer_create_ca c = {.key_alg = "P-256",
	    .not_before = 2524607999LL /* 2049-12-31T23:59:59Z */,
	    .not_after = 2524608000LL /* one second later */,
	    .limits = root_limits};
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	int status;
	X509 *x;

	c.subject = fields.subject;
	c.subject_len = fields.subject_len;
	assert_int_equal(signer_process_create(&f->sp, &c, &root, &status, &err), 0);
	x = parse_cert(root.cert, root.cert_len);
	assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(x)), V_ASN1_UTCTIME);
	assert_string_equal((const char *)ASN1_STRING_get0_data(X509_get0_notBefore(x)),
	    "491231235959Z");
	assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x)), V_ASN1_GENERALIZEDTIME);
	assert_string_equal((const char *)ASN1_STRING_get0_data(X509_get0_notAfter(x)),
	    "20500101000000Z");
	X509_free(x);
	made_ca_free(&root);
	OPENSSL_free(name);
}

static void
signer__signs_ed25519_and_rsa_keys(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	EVP_PKEY *keys[4] = {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
	    EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048),
	    EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
	    EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521")};
	struct gh_error err;
	X509 *x;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned char *spki = NULL;
		int n = i2d_PUBKEY(keys[i], &spki);

		MUST(n > 0);
		fields.spki = spki;
		fields.spki_len = (size_t)n;
		assert_int_equal(sign(f, &fields, &x, &err), 0);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), keys[i]), 1);
		X509_free(x);
		OPENSSL_free(spki);
		EVP_PKEY_free(keys[i]);
	}
	OPENSSL_free(name);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void
signer__refuses_bad_validity(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	int64_t from = fields.not_before;

	fields.not_after = fields.not_before;
	assert_refused(f, &fields, "notBefore");
	fields.not_after = from + 401 * DAY;
	assert_beyond(f, &fields, "a validity of more than 400 days");
	fields.not_after = gh_now() + 4000 * DAY;
	fields.not_before = fields.not_after - 10;
	assert_beyond(f, &fields, "behind that of the CA itself");
	fields.not_before = INT64_MIN;
	fields.not_after = INT64_MAX;
	assert_refused(f, &fields, "before 1970 or after 9999");
	fields.not_after = INT64_MIN + 1;
	assert_refused(f, &fields, "before 1970 or after 9999");
	fields.not_before = 0;
	fields.not_after = 253402300799LL;
	assert_beyond(f, &fields, "behind that of the CA itself");
	fields.not_after++;
	assert_refused(f, &fields, "before 1970 or after 9999");
	OPENSSL_free(name);
}

static void
signer__refuses_ca_certificates_of_an_issuing_ca(void **state)
{
	struct fixture *f = *state;
	size_t len;
	unsigned char *der =
	    extensions_der(&len, "basicConstraints", "critical,CA:TRUE,pathlen:0", NULL);

	assert_extensions_no(f, der, len, GH_E_CA_POLICY, "CA certificates are not allowed");
}

/* A root may sign CAs, and its sealed record is in the database: not for those who ask here. */
static void
signer__signs_no_ca_on_the_public_socket(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields), *ext;
	struct gh_error err;

	assert_int_equal(signer_client_load_ca(f->client, f->root.sealed, f->root.sealed_len,
			     fields.ca_id, &err),
	    0);
	ext = extensions_der(&fields.extensions_len, "basicConstraints",
	    "critical,CA:TRUE,pathlen:0", "keyUsage", "critical,keyCertSign", NULL);
	fields.extensions = ext;
	assert_refused(f, &fields, "not signed on this socket");
	OPENSSL_free(ext);
	OPENSSL_free(name);
}

static void
signer__takes_ca_false(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	unsigned char *der =
	    extensions_der(&fields.extensions_len, "basicConstraints", "CA:FALSE", NULL);
	struct gh_error err;
	X509 *x;

	fields.extensions = der;
	assert_int_equal(sign(f, &fields, &x, &err), 0);
	assert_int_equal(X509_check_ca(x), 0);
	X509_free(x);
	OPENSSL_free(der);
	OPENSSL_free(name);
}

static void
signer__refuses_key_usage_of_a_ca_without_ca(void **state)
{
	struct fixture *f = *state;
	size_t len;
	unsigned char *der = extensions_der(&len, "keyUsage", "critical,keyCertSign", NULL);

	assert_extensions_refused(f, der, len, "keyCertSign or cRLSign");
	der = extensions_der(&len, "keyUsage", "critical,cRLSign", NULL);
	assert_extensions_refused(f, der, len, "keyCertSign or cRLSign");
}

static void
signer__refuses_extensions_it_makes_itself(void **state)
{
	struct fixture *f = *state;
	size_t len;
	unsigned char *der;

	der = extensions_der(&len, "subjectKeyIdentifier", "DEADBEEF", NULL);
	assert_extensions_refused(f, der, len, "makes 2.5.29.14 itself");
	der = extensions_der(&len, "2.5.29.35", "DER:3000", NULL);
	assert_extensions_refused(f, der, len, "makes 2.5.29.35 itself");
}

static void
signer__refuses_an_extension_twice(void **state)
{
	struct fixture *f = *state;
	size_t len;
	unsigned char *der = extensions_der(&len, "1.2.3.4", "DER:0500", "1.2.3.5", "DER:0500",
	    "1.2.3.4", "DER:0500", NULL);

	assert_extensions_refused(f, der, len, "twice");
}

static void
signer__refuses_malformed_extensions(void **state)
{
	static const unsigned char bad[][16] = {
	    {3, 0x31, 1, 0},                                                 /* no SEQUENCE */
	    {2, 0x30, 3},                                                    /* cut off */
	    {4, 0x30, 0, 5, 0},                                              /* bytes behind */
	    {6, 0x30, 4, 0x30, 2, 6, 0},                                     /* empty OID */
	    {14, 0x30, 12, 0x30, 10, 6, 3, 0x55, 0x1d, 0x11, 1, 1, 0, 4, 0}, /* critical FALSE */
	    {11, 0x30, 9, 0x30, 7, 6, 3, 0x55, 0x1d, 0x13, 4, 0}, /* empty basicConstraints */
	    {5, 0x30, 0x81, 2, 5, 0},                             /* length not minimal */
	    {4, 0x30, 0x80, 0, 0},                                /* indefinite length */
	};
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fields.extensions = bad[i] + 1;
		fields.extensions_len = bad[i][0];
		assert_refused(f, &fields, "extensions");
	}
	OPENSSL_free(name);
}

static void
signer__refuses_bad_subjects(void **state)
{
	static const unsigned char garbage[] = {0x30, 3, 0x31, 1, 5};
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields), *empty, *own;
	size_t len;

	fields.subject = garbage;
	fields.subject_len = sizeof(garbage);
	assert_refused(f, &fields, "subject");
	empty = name_der("", &len);
	fields.subject = empty;
	fields.subject_len = len;
	assert_refused(f, &fields, "critical subjectAltName");
	own = name_der("Issuing", &len);
	fields.subject = own;
	fields.subject_len = len;
	assert_beyond(f, &fields, "the name of a certification authority");
	OPENSSL_free(name);
	OPENSSL_free(empty);
	OPENSSL_free(own);
}

static void
signer__takes_empty_subject_with_critical_san(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields), *der, *empty;
	struct gh_error err;
	X509 *x;

	empty = name_der("", &fields.subject_len);
	fields.subject = empty;
	der = extensions_der(&fields.extensions_len, "subjectAltName", "critical,DNS:a.example",
	    NULL);
	fields.extensions = der;
	assert_int_equal(sign(f, &fields, &x, &err), 0);
	X509_free(x);
	OPENSSL_free(der);
	OPENSSL_free(empty);
	OPENSSL_free(name);
}

static void
signer__refuses_bad_keys(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields), *spki = NULL, off_curve[256];
	EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	X509 *issuer = parse_cert(f->issuing.cert, f->issuing.cert_len);

	MUST(weak != NULL && other != NULL && f->spki_len <= sizeof(off_curve));
	fields.spki_len = (size_t)i2d_PUBKEY(weak, &spki);
	fields.spki = spki;
	assert_beyond(f, &fields, "RSA key of 1024 bits");
	OPENSSL_free(spki);
	spki = NULL;
	fields.spki_len = (size_t)i2d_PUBKEY(other, &spki);
	fields.spki = spki;
	assert_refused(f, &fields, "unknown algorithm");
	OPENSSL_free(spki);
	spki = NULL;
	fields.spki_len = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &spki);
	fields.spki = spki;
	assert_beyond(f, &fields, "the public key is that of a CA");
	memcpy(off_curve, f->spki, f->spki_len);
	off_curve[f->spki_len - 1] ^= 1;
	fields.spki = off_curve;
	fields.spki_len = f->spki_len;
	assert_refused(f, &fields, "not a point");
	fields.spki_len = 0;
	assert_refused(f, &fields, "public key");
	OPENSSL_free(spki);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(other);
	X509_free(issuer);
	OPENSSL_free(name);
}

static void
signer__refuses_key_types_outside_the_limits(void **state)
{
	struct fixture *f = *state;
	struct signer_limits limits = {.min_rsa_bits = 3072, .allow_rsa = 1};
	struct signer_cert_fields fields;
	struct made_ca ca = {0};
	unsigned char *name = good_fields(f, &fields), *spki = NULL;
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct gh_error err;

	assert_int_equal(make_ca(&f->sp, "RSA only", "P-256", &f->root, &limits, &ca, &err), 0);
	assert_int_equal(signer_client_load_ca(f->client, ca.sealed, ca.sealed_len, fields.ca_id,
			     &err),
	    0);
	assert_beyond(f, &fields, "keys of this kind");
	fields.spki_len = (size_t)i2d_PUBKEY(rsa, &spki);
	fields.spki = spki;
	assert_beyond(f, &fields, "least is 3072");
	OPENSSL_free(spki);
	EVP_PKEY_free(rsa);
	made_ca_free(&ca);
	OPENSSL_free(name);
}

static void
signer__does_not_know_a_ca_that_is_not_loaded(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	X509 *x;

	fields.ca_id[0] ^= 1;
	assert_int_equal(sign(f, &fields, &x, &err), GH_E_NOT_FOUND);
	OPENSSL_free(name);
}

/* --- creating CAs ----------------------------------------------------------------------------- */

static void
check_ca_cert(const struct made_ca *ca, long path_len, uint32_t usage)
{
	X509 *x = parse_cert(ca->cert, ca->cert_len);
	int critical;

	assert_int_equal(X509_check_ca(x), 1);
	assert_int_equal(X509_get_pathlen(x), path_len);
	assert_int_equal(X509_get_key_usage(x), usage);
	ASN1_BIT_STRING_free(X509_get_ext_d2i(x, NID_key_usage, &critical, NULL));
	assert_int_equal(critical, 1);
	BASIC_CONSTRAINTS_free(X509_get_ext_d2i(x, NID_basic_constraints, &critical, NULL));
	assert_int_equal(critical, 1);
	assert_non_null(X509_get0_subject_key_id(x));
	assert_non_null(X509_get0_authority_key_id(x));
	X509_free(x);
}

/* Root of a kind, a CA below it, loaded, and a certificate that chains up. */
static void
check_whole_chain(struct fixture *f, const char *key_alg)
{
	struct made_ca root = {0}, issuing = {0};
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	X509 *x, *middle;

	assert_int_equal(make_ca(&f->sp, "R", key_alg, NULL, &root_limits, &root, &err), 0);
	assert_int_equal(make_ca(&f->sp, "I", key_alg, &root, &issuing_limits, &issuing, &err), 0);
	check_ca_cert(&root, -1, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	check_ca_cert(&issuing, 0, KU_KEY_CERT_SIGN | KU_CRL_SIGN | KU_DIGITAL_SIGNATURE);
	middle = parse_cert(issuing.cert, issuing.cert_len);
	assert_true(is_verified_by(middle, &root));
	X509_free(middle);
	middle = parse_cert(root.cert, root.cert_len);
	assert_true(is_verified_by(middle, &root));
	X509_free(middle);
	assert_int_equal(signer_client_load_ca(f->client, issuing.sealed, issuing.sealed_len,
			     fields.ca_id, &err),
	    0);
	assert_int_equal(sign(f, &fields, &x, &err), 0);
	assert_true(is_verified_by(x, &issuing));
	X509_free(x);
	made_ca_free(&root);
	made_ca_free(&issuing);
	OPENSSL_free(name);
}

static void
signer__creates_cas_of_every_algorithm(void **state)
{
	static const char *const algs[] = {"P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096",
	    "Ed25519"};
	size_t i;

	for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		check_whole_chain(*state, algs[i]);
}

static void
signer__creates_a_root_without_path_limit(void **state)
{
	struct fixture *f = *state;
	struct signer_limits limits = root_limits;
	struct made_ca root = {0};
	struct gh_error err;

	limits.path_len = SIGNER_PATH_LEN_ANY;
	assert_int_equal(make_ca(&f->sp, "R", "P-256", NULL, &limits, &root, &err), 0);
	check_ca_cert(&root, -1, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	made_ca_free(&root);
}

static void
assert_not_created(struct fixture *f, const char *key_alg, const struct made_ca *parent,
    const struct signer_limits *limits, int code, const char *words)
{
	struct made_ca ca = {0};
	struct gh_error err = {0};

	assert_int_equal(make_ca(&f->sp, "X", key_alg, parent, limits, &ca, &err), code);
	assert_null(ca.cert);
	assert_null(ca.sealed);
	if (strstr(err.detail, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err.detail);
}

static void
signer__refuses_to_create_beyond_limits(void **state)
{
	struct fixture *f = *state;
	struct signer_limits limits = issuing_limits;
	struct made_ca damaged = f->root;

	assert_not_created(f, "P-256", &f->issuing, &limits, GH_E_CA_POLICY,
	    "CA certificates are not allowed");
	assert_not_created(f, "P-256", &f->root, &root_limits, GH_E_CA_POLICY,
	    "pathLenConstraint above 0");
	assert_not_created(f, "P-224", NULL, &limits, GH_E_SIGNER, "unknown key algorithm");
	limits.min_rsa_bits = 1024;
	assert_not_created(f, "P-256", NULL, &limits, GH_E_SIGNER, "below 2048");
	limits = issuing_limits;
	limits.allow_rsa = limits.allow_ec = limits.allow_ed25519 = 0;
	assert_not_created(f, "P-256", NULL, &limits, GH_E_SIGNER, "no key type");
	damaged.sealed_len--;
	assert_not_created(f, "P-256", &damaged, &issuing_limits, GH_E_SIGNER, "sealed record");
}

/* A CDP alone: the signer makes the keyUsage of a CA. */
static unsigned char *
ca_extensions_der(size_t *len)
{
	static const unsigned char cdp[] = {0x30, 32, 0x30, 30, 6, 3, 0x55, 0x1d, 31, 4, 23, 0x30,
	    21, 0x30, 19, 0xa0, 17, 0xa0, 15, 0x86, 13, 'h', 't', 't', 'p', ':', '/', '/', 'a', '/',
	    'c', '.', 'd', 'e'};
	unsigned char *der = OPENSSL_memdup(cdp, sizeof(cdp));

	MUST(der != NULL);
	*len = sizeof(cdp);
	return der;
}

static void
signer__puts_given_extensions_into_a_ca(void **state)
{
	struct fixture *f = *state;
	struct signer_create_ca c = {.key_alg = "P-256",
	    .not_before = gh_now() - 60,
	    .not_after = gh_now() + DAY,
	    .limits = issuing_limits};
	unsigned char *name = name_der("C", &c.subject_len), *ext;
	struct made_ca ca = {0};
	struct gh_error err;
	int status;
	X509 *x;

	c.subject = name;
	ext = ca_extensions_der(&c.extensions_len);
	c.extensions = ext;
	assert_int_equal(signer_process_create(&f->sp, &c, &ca, &status, &err), 0);
	x = parse_cert(ca.cert, ca.cert_len);
	assert_true(X509_get_ext_by_NID(x, NID_crl_distribution_points, -1) >= 0);
	X509_free(x);
	made_ca_free(&ca);
	OPENSSL_free(ext);
	/* its own would stand there twice */
	ext = extensions_der(&c.extensions_len, "basicConstraints", "CA:TRUE", NULL);
	c.extensions = ext;
	assert_int_equal(signer_process_create(&f->sp, &c, &ca, &status, &err), GH_E_SIGNER);
	OPENSSL_free(ext);
	OPENSSL_free(name);
}

static void
signer__creates_no_ca_on_the_public_socket(void **state)
{
	struct fixture *f = *state;
	struct signer_create_ca c = {.key_alg = "P-256",
	    .not_before = gh_now(),
	    .not_after = gh_now() + DAY,
	    .limits = issuing_limits};
	unsigned char *name = name_der("C", &c.subject_len);
	struct made_ca ca = {0};
	struct gh_error err;

	c.subject = name;
	assert_int_equal(signer_client_create_ca(f->client, &c, &ca.cert, &ca.cert_len, &ca.sealed,
			     &ca.sealed_len, &err),
	    GH_E_FORBIDDEN);
	assert_null(ca.cert);
	OPENSSL_free(name);
}

/* --- sealed records --------------------------------------------------------------------------- */

static void
signer__refuses_damaged_records(void **state)
{
	struct fixture *f = *state;
	unsigned char id[SIGNER_CA_ID_SIZE], *copy = malloc(f->issuing.sealed_len);
	size_t i, len = f->issuing.sealed_len;
	struct gh_error err;

	MUST(copy != NULL);
	/* magic and version (authenticated too), nonce, middle, tag */
	for (i = 0; i < len; i += i < 20 ? 1 : 61) {
		memcpy(copy, f->issuing.sealed, len);
		copy[i] ^= 0x40;
		assert_int_equal(signer_client_load_ca(f->client, copy, len, id, &err),
		    GH_E_SIGNER);
	}
	for (i = 0; i < len; i += 37)
		assert_int_equal(signer_client_load_ca(f->client, f->issuing.sealed, i, id, &err),
		    GH_E_SIGNER);
	free(copy);
}

static void
signer__refuses_records_of_another_system_key(void **state)
{
	struct fixture *f = *state;
	struct signer_process other;
	struct signer_client *c;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err;

	signer_process_new(&other);
	signer_process_start(&other, "2");
	c = signer_process_client(&other);
	assert_int_equal(signer_client_load_ca(c, f->issuing.sealed, f->issuing.sealed_len, id,
			     &err),
	    GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "wrong system key"));
	signer_client_free(c);
	signer_process_free(&other);
}

static void
signer__gives_the_id_of_the_certificate(void **state)
{
	struct fixture *f = *state;
	unsigned char md[32];

	MUST(EVP_Digest(f->issuing.cert, f->issuing.cert_len, md, NULL, EVP_sha256(), NULL) == 1);
	assert_memory_equal(f->issuing_id, md, sizeof(md));
}

/* --- life ------------------------------------------------------------------------------------- */

static void
signer__is_killed_and_starts_again(void **state)
{
	struct fixture *f = *state;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(f, &fields);
	struct gh_error err;
	X509 *x;

	assert_int_equal(sign(f, &fields, &x, &err), 0);
	X509_free(x);
	assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
	assert_int_equal(sign(f, &fields, &x, &err), GH_E_SIGNER_DOWN);
	/* the socket file is still there, and nobody answers */
	assert_int_equal(access(f->sp.socket, F_OK), 0);
	signer_process_start(&f->sp, "8");
	assert_int_equal(sign(f, &fields, &x, &err), GH_E_NOT_FOUND);
	load(f);
	assert_int_equal(sign(f, &fields, &x, &err), 0);
	X509_free(x);
	OPENSSL_free(name);
}

/* The client's connection died while nothing was asked: one new connection, no error. */
static void
signer_client__reconnects(void **state)
{
	struct fixture *f = *state;
	struct gh_error err;

	assert_int_equal(signer_client_ping(f->client, &err), 0);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	assert_int_not_equal(access(f->sp.socket, F_OK), 0);
	signer_process_start(&f->sp, "8");
	assert_int_equal(signer_client_ping(f->client, &err), 0);
	load(f);
}

static int
run_signer(struct fixture *f, char *socket_path, char *key_file)
{
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--socket", socket_path,
	    (char *)"--key-file", key_file, NULL};

	return wait_for(spawn_signer(&f->sp, argv, -1));
}

static void
signer__refuses_to_start(void **state)
{
	struct fixture *f = *state;
	char key[128], socket_path[128];
	struct gh_error err;
	int fd;

	/* a live one is left alone */
	assert_int_equal(run_signer(f, f->sp.socket, f->sp.key_file), 1);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
	snprintf(socket_path, sizeof(socket_path), "%s/other", f->sp.dir);
	snprintf(key, sizeof(key), "%s/badkey", f->sp.dir);
	assert_int_equal(run_signer(f, socket_path, key), 1); /* no key file */
	write_key_file(key, 0640);
	assert_int_equal(run_signer(f, socket_path, key), 1); /* others may read it */
	write_key_file(key, 0604);
	assert_int_equal(run_signer(f, socket_path, key), 1);
	MUST((fd = open(key, O_WRONLY | O_TRUNC)) >= 0 && fchmod(fd, 0600) == 0);
	MUST(write(fd, "1234\n", 5) == 5);
	close(fd);
	assert_int_equal(run_signer(f, socket_path, key), 1);          /* no 64 digits */
	assert_int_equal(run_signer(f, f->sp.log, f->sp.key_file), 1); /* a file, not a socket */
	assert_int_equal(access(f->sp.log, F_OK), 0);
	assert_int_not_equal(access(socket_path, F_OK), 0);
	unlink(key);
}

static void
signer__refuses_wrong_options(void **state)
{
	struct fixture *f = *state;
	char *const lines[][8] = {
	    {(char *)"s", NULL},
	    {(char *)"s", (char *)"--socket", f->sp.socket, NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, (char *)"--socket", f->sp.socket,
		(char *)"--admin-fd", (char *)"3", NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, (char *)"--socket", f->sp.socket,
		(char *)"--max-connections", (char *)"0", NULL},
	    {(char *)"s", (char *)"--key-file", f->sp.key_file, (char *)"--socket", f->sp.socket,
		(char *)"--peer-user", (char *)"no-such-user-here", NULL},
	    {(char *)"s", (char *)"--nonsense", NULL},
	};
	char *const help[] = {(char *)"s", (char *)"--help", NULL};
	char *const version[] = {(char *)"s", (char *)"--version", NULL};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(wait_for(spawn_signer(&f->sp, lines[i], -1)), 2);
	assert_int_equal(wait_for(spawn_signer(&f->sp, help, -1)), 0);
	assert_int_equal(wait_for(spawn_signer(&f->sp, version, -1)), 0);
}

static void
signer__has_a_socket_for_its_group_only(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->sp.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

/* The value of a line of /proc/PID/status. */
static long
status_value(pid_t pid, const char *name)
{
	char path[64], line[256];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	MUST((file = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			value = strtol(line + strlen(name) + 1, NULL, 10);
	}
	fclose(file);
	return value;
}

static void
signer__has_given_up_privileges(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(status_value(f->sp.pid, "NoNewPrivs"), 1);
#ifndef HAS_SANITIZER
	assert_int_equal(status_value(f->sp.pid, "Seccomp"), 2);
#endif
}

/* --- hostile peers ---------------------------------------------------------------------------- */

static int
connect_raw(struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval tv = {20, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	strcpy(addr.sun_path, f->sp.socket);
	MUST(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	return fd;
}

/* The signer must close, after at most `answers` bytes; and serve others on. */
static void
assert_closes(struct fixture *f, int fd, bool may_answer)
{
	unsigned char buf[4096];
	size_t got = 0;
	struct gh_error err;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		got += (size_t)n;
	assert_true(n == 0 || errno == ECONNRESET);
	if (!may_answer)
		assert_int_equal(got, 0);
	close(fd);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

static void
send_raw(int fd, const void *p, size_t n)
{
	assert_int_equal(send(fd, p, n, MSG_NOSIGNAL), n);
}

static void
signer__closes_on_impossible_lengths(void **state)
{
	static const unsigned char zero[] = {0, 0, 0, 0, 1}, huge[] = {0xff, 0xff, 0xff, 0xff, 1};
	static const unsigned char over[] = {0, 4, 0, 1, 1}; /* 256 KiB + 1 */
	struct fixture *f = *state;
	int fd;

	fd = connect_raw(f);
	send_raw(fd, zero, sizeof(zero));
	assert_closes(f, fd, false);
	fd = connect_raw(f);
	send_raw(fd, huge, sizeof(huge));
	assert_closes(f, fd, false);
	fd = connect_raw(f);
	send_raw(fd, over, sizeof(over));
	assert_closes(f, fd, false);
}

static void
signer__closes_on_garbage(void **state)
{
	static const unsigned char unknown[] = {0, 0, 0, 1, 77}, long_ping[] = {0, 0, 0, 2, 1, 0};
	static const unsigned char cut[] = {0, 0, 0, 6, 3, 0, 0, 0, 99, 1};
	static const unsigned char http[] = "GET / HTTP/1.0\r\n\r\n";
	struct fixture *f = *state;
	int fd;

	fd = connect_raw(f);
	send_raw(fd, unknown, sizeof(unknown));
	assert_closes(f, fd, true);
	fd = connect_raw(f);
	send_raw(fd, long_ping, sizeof(long_ping));
	assert_closes(f, fd, true);
	fd = connect_raw(f);
	send_raw(fd, cut, sizeof(cut));
	assert_closes(f, fd, true);
	fd = connect_raw(f);
	send_raw(fd, http, sizeof(http) - 1);
	assert_closes(f, fd, false);
}

static void
signer__survives_random_payloads(void **state)
{
	static const unsigned char ops[] = {0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 35, 36, 37, 38,
	    255};
	struct fixture *f = *state;
	unsigned char frame[4 + 1 + 200] = {0, 0, 0, 201};
	int i, fd;

	for (i = 0; i < 200; i++) {
		MUST(RAND_bytes(frame + 5, 200) == 1);
		frame[4] = ops[(size_t)i % sizeof(ops)];
		fd = connect_raw(f);
		send_raw(fd, frame, sizeof(frame));
		shutdown(fd, SHUT_WR);
		assert_closes(f, fd, true);
	}
}

static void
signer__ends_a_stalled_frame(void **state)
{
	static const unsigned char half[] = {0, 0, 0, 100, 3, 0};
	struct fixture *f = *state;
	int64_t begin = gh_now_us();
	int fd = connect_raw(f);

	send_raw(fd, half, sizeof(half));
	assert_closes(f, fd, false);
	assert_in_range(gh_now_us() - begin, 4000000, 60000000);
}

static void
signer__bounds_its_connections(void **state)
{
	struct fixture *f = *state;
	int fd[9], i, closed = 0;
	char c;

	/* 8 at a time, and the client of the fixture holds one */
	for (i = 0; i < 9; i++)
		fd[i] = connect_raw(f);
	for (i = 0; i < 9; i++) {
		struct pollfd pfd = {fd[i], POLLIN, 0};

		if (poll(&pfd, 1, i == 8 ? 10000 : 0) == 1 && recv(fd[i], &c, 1, 0) == 0)
			closed++;
	}
	assert_in_range(closed, 1, 2);
	for (i = 0; i < 9; i++)
		close(fd[i]);
}

static void
signer__refuses_foreign_users(void **state)
{
	struct fixture *f = *state;
	struct signer_client *c;
	struct gh_error err;
	pid_t pid;

	if (geteuid() != 0)
		return; /* only root can become somebody else, and root may always connect */
	MUST(chmod(f->sp.dir, 0755) == 0 && chmod(f->sp.socket, 0666) == 0);
	MUST((pid = fork()) >= 0);
	if (pid == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(3);
		c = signer_process_client(&f->sp);
		_exit(signer_client_ping(c, &err) == GH_E_SIGNER_DOWN ? 0 : 1);
	}
	assert_int_equal(wait_for(pid), 0);
	MUST(chmod(f->sp.socket, 0660) == 0);
}

/* --- several threads -------------------------------------------------------------------------- */

struct thread_job {
	struct fixture *f;
	int failures;
};

static void *
sign_many(void *arg)
{
	struct thread_job *job = arg;
	struct fixture mine = *job->f;
	struct signer_cert_fields fields;
	unsigned char *name = good_fields(&mine, &fields), *der;
	struct gh_error err;
	size_t len;
	int i;

	mine.client = signer_process_client(&job->f->sp);
	for (i = 0; i < 200; i++) {
		if (sign_one(mine.client, &fields, &der, &len, &err) != 0)
			job->failures++;
		free(der);
	}
	signer_client_free(mine.client);
	OPENSSL_free(name);
	return NULL;
}

static void
signer__signs_in_parallel_while_a_ca_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct thread_job jobs[4];
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++) {
		jobs[i] = (struct thread_job){.f = f};
		MUST(pthread_create(&thread[i], NULL, sign_many, &jobs[i]) == 0);
	}
	for (i = 0; i < 50; i++)
		load(f);
	for (i = 0; i < 4; i++) {
		MUST(pthread_join(thread[i], NULL) == 0);
		assert_int_equal(jobs[i].failures, 0);
	}
}

/* A client without a signer behind it, or with one that does not answer. */
static void
signer_client__gives_up(void **state)
{
	struct signer_client *c;
	struct gh_error err;
	int64_t begin;
	int fd[2];

	(void)state;
	assert_int_equal(signer_client_new("/nonexistent/socket", 1000, &c, &err), 0);
	assert_int_equal(signer_client_ping(c, &err), GH_E_SIGNER_DOWN);
	signer_client_free(c);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	assert_int_equal(signer_client_from_fd(fd[0], 200, &c, &err), 0);
	begin = gh_now_us();
	assert_int_equal(signer_client_ping(c, &err), GH_E_SIGNER_DOWN);
	assert_in_range(gh_now_us() - begin, 190000, 60000000);
	signer_client_free(c);
	close(fd[1]);
}

/* Answers that no signer gives. */
static void
signer_client__refuses_garbled_answers(void **state)
{
	static const unsigned char answers[][16] = {
	    {4, 0, 0, 0, 0},                             /* empty frame */
	    {4, 0xff, 0, 0, 0},                          /* oversized */
	    {5, 0, 0, 0, 1, 2},                          /* of another operation */
	    {6, 0, 0, 0, 2, 1, 0},                       /* bytes behind */
	    {5, 0, 0, 0, 1, 0},                          /* error without code */
	    {13, 0, 0, 0, 9, 0, 0, 0, 0, 7, 0, 0, 0, 0}, /* a code that is no error */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct signer_client *c;
		struct gh_error err;
		int fd[2];

		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
		send_raw(fd[1], answers[i] + 1, answers[i][0]);
		assert_int_equal(signer_client_from_fd(fd[0], 2000, &c, &err), 0);
		assert_int_equal(signer_client_ping(c, &err), GH_E_SIGNER_DOWN);
		signer_client_free(c);
		close(fd[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signer__makes_what_rfc5280_asks),
	    cmocka_unit_test(signer__adds_key_identifiers_alone),
	    cmocka_unit_test(signer__draws_new_serials),
	    cmocka_unit_test(signer__writes_times_as_rfc5280_asks),
	    cmocka_unit_test(signer__signs_ed25519_and_rsa_keys),
	    cmocka_unit_test(signer__refuses_bad_validity),
	    cmocka_unit_test(signer__refuses_ca_certificates_of_an_issuing_ca),
	    cmocka_unit_test(signer__signs_no_ca_on_the_public_socket),
	    cmocka_unit_test(signer__takes_ca_false),
	    cmocka_unit_test(signer__refuses_key_usage_of_a_ca_without_ca),
	    cmocka_unit_test(signer__refuses_extensions_it_makes_itself),
	    cmocka_unit_test(signer__refuses_an_extension_twice),
	    cmocka_unit_test(signer__refuses_malformed_extensions),
	    cmocka_unit_test(signer__refuses_bad_subjects),
	    cmocka_unit_test(signer__takes_empty_subject_with_critical_san),
	    cmocka_unit_test(signer__refuses_bad_keys),
	    cmocka_unit_test(signer__refuses_key_types_outside_the_limits),
	    cmocka_unit_test(signer__does_not_know_a_ca_that_is_not_loaded),
	    cmocka_unit_test(signer__creates_cas_of_every_algorithm),
	    cmocka_unit_test(signer__creates_a_root_without_path_limit),
	    cmocka_unit_test(signer__refuses_to_create_beyond_limits),
	    cmocka_unit_test(signer__puts_given_extensions_into_a_ca),
	    cmocka_unit_test(signer__creates_no_ca_on_the_public_socket),
	    cmocka_unit_test(signer__refuses_damaged_records),
	    cmocka_unit_test(signer__refuses_records_of_another_system_key),
	    cmocka_unit_test(signer__gives_the_id_of_the_certificate),
	    cmocka_unit_test(signer__is_killed_and_starts_again),
	    cmocka_unit_test(signer_client__reconnects),
	    cmocka_unit_test(signer__refuses_to_start),
	    cmocka_unit_test(signer__refuses_wrong_options),
	    cmocka_unit_test(signer__has_a_socket_for_its_group_only),
	    cmocka_unit_test(signer__has_given_up_privileges),
	    cmocka_unit_test(signer__closes_on_impossible_lengths),
	    cmocka_unit_test(signer__closes_on_garbage),
	    cmocka_unit_test(signer__survives_random_payloads),
	    cmocka_unit_test(signer__ends_a_stalled_frame),
	    cmocka_unit_test(signer__bounds_its_connections),
	    cmocka_unit_test(signer__refuses_foreign_users),
	    cmocka_unit_test(signer__signs_in_parallel_while_a_ca_is_replaced),
	    cmocka_unit_test(signer_client__gives_up),
	    cmocka_unit_test(signer_client__refuses_garbled_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
