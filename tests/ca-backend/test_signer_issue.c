/* Certificates that a real signer issues, and what it refuses to put into one. */
#include "ca-backend/signer_fixture.h"

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
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
