/* CAs that a real signer makes, and the records that it takes. */
#include "ca-backend/signer_fixture.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signer__creates_cas_of_every_algorithm),
	    cmocka_unit_test(signer__creates_a_root_without_path_limit),
	    cmocka_unit_test(signer__refuses_to_create_beyond_limits),
	    cmocka_unit_test(signer__puts_given_extensions_into_a_ca),
	    cmocka_unit_test(signer__creates_no_ca_on_the_public_socket),
	    cmocka_unit_test(signer__refuses_damaged_records),
	    cmocka_unit_test(signer__refuses_records_of_another_system_key),
	    cmocka_unit_test(signer__gives_the_id_of_the_certificate),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
