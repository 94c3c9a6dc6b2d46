/* Issuing through a real signer, and what the inventory shows of a certificate. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "ca-backend/signer_process.h"
#include "issuing/ca.h"
#include "formats/names_text.h"
#include "hex.h"

struct fixture {
	struct signer_process sp;
	struct ca *ca; /* issuing, with its root */
	struct signer_client *client;
};

static char **
one_url(const char *url)
{
	char **list = calloc(2, sizeof(*list));

	MUST(list != NULL && (list[0] = strdup(url)) != NULL);
	return list;
}

static struct ca *
make_issuing(struct signer_process *sp)
{
	struct made_ca root = {0}, issuing = {0};
	struct ca *ca = calloc(1, sizeof(*ca));
	struct gh_error err;

	MUST(ca != NULL && (ca->name = strdup("issuing")) != NULL);
	assert_int_equal(make_ca(sp, "Root", "P-256", NULL, &root_limits, &root, &err), 0);
	assert_int_equal(make_ca(sp, "Issuing, \"Inc\"", "P-256", &root, &issuing_limits, &issuing,
			     &err),
	    0);
	assert_int_equal(cert_chain_add(&ca->chain, issuing.cert, issuing.cert_len, &err), 0);
	assert_int_equal(cert_chain_add(&ca->chain, root.cert, root.cert_len, &err), 0);
	ca->sealed = issuing.sealed;
	ca->sealed_len = issuing.sealed_len;
	issuing.sealed = NULL;
	ca->state = CA_ACTIVE;
	ca->cdp_urls = one_url("http://pki.example/issuing.crl");
	ca->aia_urls = one_url("http://pki.example/issuing.cer");
	ca->ocsp_urls = one_url("http://pki.example/ocsp");
	assert_int_equal(ca_finish(ca, &err), 0);
	made_ca_free(&root);
	made_ca_free(&issuing);
	return ca;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	MUST(f != NULL);
	signer_process_new(&f->sp);
	f->ca = make_issuing(&f->sp);
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	signer_client_free(f->client);
	signer_process_free(&f->sp);
	ca_free(f->ca);
	free(f);
	return 0;
}

static void
add_extension(struct cert_spec *spec, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, value);

	MUST(e != NULL && sk_X509_EXTENSION_push(spec->extensions, e) > 0);
}

static struct cert_spec *
usual_spec(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct cert_spec *spec = cert_spec_new();
	unsigned char *der = NULL;
	int n;

	MUST(spec != NULL && (n = i2d_PUBKEY(key, &der)) > 0);
	MUST((spec->spki = malloc((size_t)n)) != NULL);
	memcpy(spec->spki, der, (size_t)n);
	spec->spki_len = (size_t)n;
	spec->not_before = gh_now() - 600;
	spec->not_after = gh_now() + 300 * DAY;
	MUST(X509_NAME_add_entry_by_txt(spec->subject, "CN", MBSTRING_UTF8,
		 (const unsigned char *)"alice", -1, -1, 0) == 1);
	add_extension(spec, "keyUsage", "critical,digitalSignature");
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return spec;
}

static X509 *
issue(struct fixture *f, const struct cert_spec *spec)
{
	struct gh_error err;
	unsigned char *der;
	const unsigned char *p;
	size_t len;
	X509 *x;

	if (ca_sign(f->ca, f->client, spec, &der, &len, &err) != 0)
		fail_msg("%s", err.detail);
	p = der;
	assert_non_null(x = d2i_X509(NULL, &p, (long)len));
	assert_ptr_equal(p, der + len);
	free(der);
	return x;
}

static void
assert_not_issued(struct fixture *f, const struct cert_spec *spec, int code)
{
	struct gh_error err;
	unsigned char *der;
	size_t len;

	assert_int_equal(ca_sign(f->ca, f->client, spec, &der, &len, &err), code);
	assert_null(der);
	assert_int_equal(len, 0);
}

/* --- signing ---------------------------------------------------------------------------------- */

static bool
chain_verifies(const struct ca *ca, X509 *leaf)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *middle = sk_X509_new_null();
	const unsigned char *p = ca->chain.cert[1].der;
	X509 *root = d2i_X509(NULL, &p, (long)ca->chain.cert[1].len);
	bool ok;

	MUST(root != NULL && X509_STORE_add_cert(store, root) == 1 &&
	    sk_X509_push(middle, ca->cert) > 0);
	MUST(X509_STORE_CTX_init(ctx, store, leaf, middle) == 1);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	ok = X509_verify_cert(ctx) == 1;
	if (!ok)
		print_message("%s\n", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(middle);
	X509_free(root);
	return ok;
}

/* The first call also finds the CA not loaded, and loads it. */
static void
ca_sign__issues_what_verifies_strictly(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();
	X509 *x;

	add_extension(spec, "extendedKeyUsage", "clientAuth");
	x = issue(f, spec);
	assert_true(chain_verifies(f->ca, x));
	X509_free(x);
	cert_spec_free(spec);
}

static void
assert_urls(X509 *x, bool has_revocation)
{
	CRL_DIST_POINTS *cdp = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);
	STACK_OF(OPENSSL_STRING) *ocsp = X509_get1_ocsp(x);
	GENERAL_NAME *name;

	assert_int_equal(cdp != NULL, has_revocation);
	if (has_revocation) {
		assert_int_equal(sk_DIST_POINT_num(cdp), 1);
		name =
		    sk_GENERAL_NAME_value(sk_DIST_POINT_value(cdp, 0)->distpoint->name.fullname, 0);
		assert_int_equal(name->type, GEN_URI);
		assert_string_equal((const char *)name->d.ia5->data,
		    "http://pki.example/issuing.crl");
		assert_int_equal(sk_OPENSSL_STRING_num(ocsp), 1);
		assert_string_equal(sk_OPENSSL_STRING_value(ocsp, 0), "http://pki.example/ocsp");
	} else {
		assert_null(ocsp);
	}
	assert_int_equal(sk_ACCESS_DESCRIPTION_num(aia), has_revocation ? 2 : 1);
	name = sk_ACCESS_DESCRIPTION_value(aia, has_revocation ? 1 : 0)->location;
	assert_string_equal((const char *)name->d.ia5->data, "http://pki.example/issuing.cer");
	X509_email_free(ocsp);
	CRL_DIST_POINTS_free(cdp);
	AUTHORITY_INFO_ACCESS_free(aia);
}

static void
ca_sign__adds_cdp_and_aia(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();
	X509 *x = issue(f, spec);

	assert_urls(x, true);
	X509_free(x);
	spec->no_revocation_info = true;
	x = issue(f, spec);
	assert_urls(x, false);
	X509_free(x);
	cert_spec_free(spec);
}

static void
ca_sign__puts_several_urls_into_one_point(void **state)
{
	struct fixture *f = *state;
	char *urls[] = {(char *)"http://a.example/1.crl", (char *)"ldap://b.example/2", NULL};
	char **saved = f->ca->cdp_urls;
	struct cert_spec *spec = usual_spec();
	CRL_DIST_POINTS *cdp;
	X509 *x;

	f->ca->cdp_urls = urls;
	x = issue(f, spec);
	f->ca->cdp_urls = saved;
	cdp = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	assert_int_equal(sk_DIST_POINT_num(cdp), 1);
	assert_int_equal(sk_GENERAL_NAME_num(sk_DIST_POINT_value(cdp, 0)->distpoint->name.fullname),
	    2);
	CRL_DIST_POINTS_free(cdp);
	X509_free(x);
	cert_spec_free(spec);
}

static void
ca_sign__cuts_not_after_to_the_ca(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();
	X509 *x;

	spec->not_before = gh_now() + 3500 * DAY;
	spec->not_after = gh_now() + 9999 * DAY;
	x = issue(f, spec);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(f->ca->cert)),
	    0);
	X509_free(x);
	spec->not_before = gh_now() + 5000 * DAY;
	assert_not_issued(f, spec, GH_E_CA_UNAVAILABLE);
	cert_spec_free(spec);
}

static void
ca_sign__refuses_a_disabled_ca(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();

	f->ca->state = CA_DISABLED;
	assert_not_issued(f, spec, GH_E_CA_UNAVAILABLE);
	f->ca->state = CA_ACTIVE;
	cert_spec_free(spec);
}

/* A CA whose certificate is valid in another time. */
static void
check_ca_of_other_time(struct fixture *f, int64_t from, int64_t to)
{
	struct signer_create_ca c = {.key_alg = "P-256",
	    .not_before = from,
	    .not_after = to,
	    .limits = issuing_limits};
	unsigned char *name = name_der("Other time", &c.subject_len);
	struct cert_spec *spec = usual_spec();
	struct fixture mine = *f;
	struct made_ca made = {0};
	struct ca ca = {.name = (char *)"other", .state = CA_ACTIVE};
	struct gh_error err;
	int status;

	c.subject = name;
	assert_int_equal(signer_process_create(&f->sp, &c, &made, &status, &err), 0);
	assert_int_equal(cert_chain_add(&ca.chain, made.cert, made.cert_len, &err), 0);
	assert_int_equal(ca_finish(&ca, &err), 0);
	ca.sealed = made.sealed;
	ca.sealed_len = made.sealed_len;
	mine.ca = &ca;
	assert_not_issued(&mine, spec, GH_E_CA_UNAVAILABLE);
	X509_free(ca.cert);
	free(ca.issuer_dn);
	cert_chain_clear(&ca.chain);
	made_ca_free(&made);
	OPENSSL_free(name);
	cert_spec_free(spec);
}

static void
ca_sign__refuses_an_expired_or_future_ca(void **state)
{
	check_ca_of_other_time(*state, gh_now() - 2 * DAY, gh_now() - 60);
	check_ca_of_other_time(*state, gh_now() + 3600, gh_now() + 400 * DAY);
}

static void
ca_sign__passes_on_the_limits_of_the_signer(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();

	add_extension(spec, "basicConstraints", "critical,CA:TRUE");
	assert_not_issued(f, spec, GH_E_CA_POLICY);
	cert_spec_free(spec);
}

/* Restart under the same connection: the client reconnects, the CA is loaded again. */
static void
ca_sign__survives_a_killed_signer(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();
	int i;

	for (i = 0; i < 3; i++) {
		X509_free(issue(f, spec));
		assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
		assert_not_issued(f, spec, GH_E_SIGNER_DOWN);
		signer_process_start(&f->sp, "8");
		X509_free(issue(f, spec));
	}
	cert_spec_free(spec);
}

static void
ca_sign__needs_the_right_record(void **state)
{
	struct fixture *f = *state;
	struct cert_spec *spec = usual_spec();
	struct made_ca other = {0};
	unsigned char *sealed = f->ca->sealed;
	size_t len = f->ca->sealed_len;
	struct gh_error err;

	assert_int_equal(make_ca(&f->sp, "Other", "P-256", NULL, &issuing_limits, &other, &err), 0);
	signer_process_stop(&f->sp, SIGTERM);
	signer_process_start(&f->sp, "8");
	f->ca->sealed = NULL;
	assert_not_issued(f, spec, GH_E_CA_UNAVAILABLE);
	f->ca->sealed = other.sealed;
	f->ca->sealed_len = other.sealed_len;
	assert_not_issued(f, spec, GH_E_CA_UNAVAILABLE);
	f->ca->sealed = sealed;
	f->ca->sealed_len = len - 1;
	assert_not_issued(f, spec, GH_E_SIGNER);
	f->ca->sealed_len = len;
	X509_free(issue(f, spec));
	made_ca_free(&other);
	cert_spec_free(spec);
}

/* --- loading, outcome ------------------------------------------------------------------------- */

static void
ca_finish__refuses_what_is_no_certificate(void **state)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	struct gh_error err;

	(void)state;
	MUST(ca != NULL && (ca->name = strdup("x")) != NULL);
	assert_int_equal(ca_finish(ca, &err), GH_E_DB);
	assert_int_equal(cert_chain_add(&ca->chain, "0000", 4, &err), 0);
	assert_int_equal(ca_finish(ca, &err), GH_E_DB);
	ca_free(ca);
	ca_free(NULL);
}

/* RSA of so many bits, or 0 for P-256. Nothing is signed with it, so the modulus is no product of
 * primes. */
static X509 *
certificate_of(unsigned rsa_bits)
{
	unsigned char n[512];
	unsigned e = 65537;
	OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, rsa_bits / 8),
	    OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &e), OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = rsa_bits == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256") : NULL;
	X509 *cert = X509_new();

	memset(n, 0xff, sizeof(n));
	if (rsa_bits != 0)
		MUST(EVP_PKEY_fromdata_init(ctx) == 1 &&
		    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
	MUST(key != NULL && cert != NULL && X509_set_pubkey(cert, key) == 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return cert;
}

/* Which CAs' certificates would hold up a batch: those in a token, and long RSA keys. */
static void
ca_signs_slowly__by_its_key(void **state)
{
	static const struct {
		unsigned rsa_bits;
		enum ca_protection protection;
		bool is_slow;
	} row[] = {
	    {0, CA_KEY_SYSTEM, false},
	    {2048, CA_KEY_SYSTEM, false},
	    {3072, CA_KEY_PASSWORD, false},
	    {4096, CA_KEY_SYSTEM, true},
	    {4096, CA_KEY_PASSWORD, true},
	    {0, CA_KEY_PKCS11, true},
	    {2048, CA_KEY_PKCS11, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct ca ca = {.protection = row[i].protection,
		    .cert = certificate_of(row[i].rsa_bits)};

		if (ca_signs_slowly(&ca) != row[i].is_slow)
			fail_msg("RSA %u, protection %d", row[i].rsa_bits, (int)row[i].protection);
		X509_free(ca.cert);
	}
}

static void
outcome__describes_the_certificate(void **state)
{
	struct fixture *f = *state;
	struct enroll_outcome out = {0};
	struct cert_spec *spec = usual_spec();
	X509 *x = issue(f, spec);
	unsigned char *der = NULL, md[20];
	struct gh_error err;
	char *hex;
	BIGNUM *serial = NULL;
	int n = i2d_X509(x, &der);

	MUST(n > 0);
	assert_int_equal(ca_outcome_set_cert(&out, f->ca, der, (size_t)n, &err), 0);
	assert_int_equal(strlen(out.serial), 32);
	MUST(BN_hex2bn(&serial, out.serial) == 32);
	assert_int_equal(BN_cmp(serial, ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), serial)), 0);
	MUST(EVP_Digest(der, (size_t)n, md, NULL, EVP_sha1(), NULL) == 1);
	hex = gh_hex_encode(md, sizeof(md));
	assert_string_equal(out.thumbprint, hex);
	assert_string_equal(out.issuer_dn, "CN=Issuing\\, \\\"Inc\\\"");
	assert_int_equal(out.chain.n, 3);
	assert_memory_equal(out.chain.cert[0].der, der, (size_t)n);
	assert_memory_equal(out.chain.cert[2].der, f->ca->chain.cert[1].der,
	    f->ca->chain.cert[1].len);
	assert_int_equal(ca_outcome_set_cert(&out, f->ca, (const unsigned char *)"junk", 4, &err),
	    GH_E_INTERNAL);
	enroll_outcome_clear(&out);
	BN_free(serial);
	free(hex);
	OPENSSL_free(der);
	X509_free(x);
	cert_spec_free(spec);
}

/* --- names ------------------------------------------------------------------------------------ */

static void
check_dn(const char *expected, const char *const (*attributes)[2], size_t n)
{
	X509_NAME *name = X509_NAME_new();
	char *text;
	size_t i;

	for (i = 0; i < n; i++)
		MUST(X509_NAME_add_entry_by_txt(name, attributes[i][0], MBSTRING_UTF8,
			 (const unsigned char *)attributes[i][1], -1, -1, 0) == 1);
	text = ca_dn_text(name);
	assert_string_equal(text, expected);
	free(text);
	X509_NAME_free(name);
}

static void
dn__is_rfc4514_with_blanks(void **state)
{
	static const char *const plain[][2] = {{"DC", "com"}, {"DC", "keyexample"},
	    {"CN", "CorpCA1"}};
	static const char *const escaped[][2] = {{"O", " a+b;c "}, {"CN", "x, \"y\" <z>\\#"}};
	static const char *const utf8[][2] = {{"CN", "J\xc3\xbcrgen"}};

	(void)state;
	check_dn("CN=CorpCA1, DC=keyexample, DC=com", plain, 3);
	check_dn("CN=x\\, \\\"y\\\" \\<z\\>\\\\#, O=\\ a\\+b\\;c\\ ", escaped, 2);
	check_dn("CN=J\xc3\xbcrgen", utf8, 1);
	check_dn("", NULL, 0);
}

static void
check_san(const char *value, const char *expected)
{
	X509 *x = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, "subjectAltName", value);
	gh_json *list;
	char *text;

	MUST(x != NULL && e != NULL && X509_add_ext(x, e, -1) == 1);
	list = ca_san_json(x);
	text = gh_json_print(list, false);
	assert_string_equal(text, expected);
	free(text);
	gh_json_free(list);
	X509_EXTENSION_free(e);
	X509_free(x);
}

static void
san__lists_every_kind_of_name(void **state)
{
	X509 *x = X509_new();
	gh_json *list = ca_san_json(x);

	(void)state;
	assert_int_equal(gh_json_size(list), 0);
	gh_json_free(list);
	X509_free(x);
	check_san("DNS:a.example,email:a@b,URI:http://x/,IP:10.0.0.1,IP:fe80::1,RID:1.2.3",
	    "[\"dns:a.example\",\"email:a@b\",\"uri:http://x/"
	    "\",\"ip:10.0.0.1\",\"ip:fe80::1\",\"rid:1.2.3\"]");
	check_san("otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@ad.test", "[\"upn:alice@ad.test\"]");
	check_san("DER:3021A01F06092B0601040182371901A012041000112233445566778899AABBCCDDEEFF",
	    "[\"guid:00112233445566778899AABBCCDDEEFF\"]");
	check_san("otherName:1.2.3.4;UTF8:secret", "[\"other:1.2.3.4\"]");
}

/* Bytes that could make one name look like another, or end it. */
static void
san__shows_odd_bytes_as_hex(void **state)
{
	static const unsigned char value[] = {'a', 0, 'b', 0xff, 0x1b};
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
	X509 *x = X509_new();
	gh_json *list;

	(void)state;
	MUST(ASN1_STRING_set(dns, value, sizeof(value)) == 1);
	GENERAL_NAME_set0_value(name, GEN_DNS, dns);
	MUST(sk_GENERAL_NAME_push(names, name) > 0);
	MUST(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1);
	list = ca_san_json(x);
	assert_string_equal(gh_json_string(gh_json_at(list, 0)), "dns:a\\x00b\\xFF\\x1B");
	gh_json_free(list);
	GENERAL_NAMES_free(names);
	X509_free(x);
}

static void
san__shows_broken_upns_as_other(void **state)
{
	(void)state;
	/* a UTF8String of the octets FF FE */
	check_san("DER:3014A012060A2B060104018237140203A0040C02FFFE",
	    "[\"other:1.3.6.1.4.1.311.20.2.3\"]");
	check_san("otherName:1.3.6.1.4.1.311.20.2.3;INT:5", "[\"other:1.3.6.1.4.1.311.20.2.3\"]");
}

/* An arc of 600 octets, which OpenSSL reads and does not print. */
static void
san__has_a_text_for_oids_that_have_none(void **state)
{
	char arc[1201], rid[1300], other[1300];

	(void)state;
	for (size_t i = 0; i < 1200; i++)
		arc[i] = i % 2 == 0 ? '8' : '1';
	memcpy(arc + 1198, "01", 3);
	snprintf(rid, sizeof(rid), "DER:3082025D888202592A%s", arc);
	check_san(rid, "[\"rid:?\"]");
	snprintf(other, sizeof(other), "DER:30820265A0820261068202592A%sA0020C00", arc);
	check_san(other, "[\"other:?\"]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ca_sign__issues_what_verifies_strictly),
	    cmocka_unit_test(ca_sign__adds_cdp_and_aia),
	    cmocka_unit_test(ca_sign__puts_several_urls_into_one_point),
	    cmocka_unit_test(ca_sign__cuts_not_after_to_the_ca),
	    cmocka_unit_test(ca_sign__refuses_a_disabled_ca),
	    cmocka_unit_test(ca_sign__refuses_an_expired_or_future_ca),
	    cmocka_unit_test(ca_sign__passes_on_the_limits_of_the_signer),
	    cmocka_unit_test(ca_sign__survives_a_killed_signer),
	    cmocka_unit_test(ca_sign__needs_the_right_record),
	    cmocka_unit_test(ca_finish__refuses_what_is_no_certificate),
	    cmocka_unit_test(ca_signs_slowly__by_its_key),
	    cmocka_unit_test(outcome__describes_the_certificate),
	    cmocka_unit_test(dn__is_rfc4514_with_blanks),
	    cmocka_unit_test(san__lists_every_kind_of_name),
	    cmocka_unit_test(san__shows_odd_bytes_as_hex),
	    cmocka_unit_test(san__shows_broken_upns_as_other),
	    cmocka_unit_test(san__has_a_text_for_oids_that_have_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
