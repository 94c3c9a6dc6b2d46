/* What is sealed as a policy of recovery: each rule accepts and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "signer/kra/policy_rules.h"

#define NOW 1800000000
#define TEXT(s) \
	{ \
		(const unsigned char *)(s), sizeof(s) - 1 \
	}

/* What a certificate is made of. */
struct sort {
	int key; /* which one of them */
	const char *issuer;
	long serial;
	int64_t end;     /* UTC seconds after NOW */
	const char *ski; /* or NULL */
};
static EVP_PKEY *keys[3];

static struct gh_der
make_cert(const struct sort *t)
{
	X509_NAME *n = X509_NAME_new();
	X509 *x = X509_new();
	unsigned char *der = NULL;
	X509_EXTENSION *ext;
	int len;

	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)t->issuer, -1, -1,
	    0);
	X509_set_version(x, X509_VERSION_3);
	X509_set_issuer_name(x, n);
	ASN1_INTEGER_set(X509_get_serialNumber(x), t->serial);
	ASN1_TIME_set(X509_getm_notBefore(x), NOW - 86400);
	ASN1_TIME_set(X509_getm_notAfter(x), NOW + t->end);
	X509_set_pubkey(x, keys[t->key]);
	if (t->ski != NULL) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_key_identifier, t->ski);
		assert_non_null(ext);
		X509_add_ext(x, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_int_not_equal(X509_sign(x, keys[2], EVP_sha256()), 0);
	len = i2d_X509(x, &der);
	assert_true(len > 0);
	X509_NAME_free(n);
	X509_free(x);
	return (struct gh_der){der, (size_t)len};
}

static int
check_pair(const struct sort *a, const struct sort *b, struct gh_error *err)
{
	struct kra_policy p = {.name = TEXT("p"),
	    .required = 2,
	    .is_signed = true,
	    .agents = 2,
	    .agent = {{.id = TEXT("anna"), .cert = make_cert(a)},
		{.id = TEXT("bert"), .cert = make_cert(b)}}};
	int rc = policy_rules_check(&p, NOW, err);

	for (size_t i = 0; i < 2; i++)
		OPENSSL_free((void *)p.agent[i].cert.p);
	return rc;
}

static void
certificates__tell_agents_apart(void **state)
{
	static const struct {
		const char *what;
		struct sort a, b;
		bool is_good;
	} pairs[] = {
	    {"nothing in common", {0, "CA", 1, 60, "01:02"}, {1, "CA", 2, 60, "01:03"}, true},
	    {"the same serial number of two CAs", {0, "CA", 1, 60, NULL}, {1, "CB", 1, 60, NULL},
		true},
	    {"one has an identifier", {0, "CA", 1, 60, "01:02"}, {1, "CA", 2, 60, NULL}, true},
	    {"issuer and serial number", {0, "CA", 1, 60, NULL}, {1, "CA", 1, 60, NULL}, false},
	    {"public key", {0, "CA", 1, 60, NULL}, {0, "CB", 2, 60, NULL}, false},
	    {"key identifier", {0, "CA", 1, 60, "01:02"}, {1, "CA", 2, 60, "01:02"}, false},
	    {"the same octets", {0, "CA", 1, 60, NULL}, {0, "CA", 1, 60, NULL}, false},
	    {"ends now", {0, "CA", 1, 60, NULL}, {1, "CA", 2, 0, NULL}, true},
	    {"has ended", {0, "CA", 1, 60, NULL}, {1, "CA", 2, -1, NULL}, false},
	};
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		int rc = check_pair(&pairs[i].a, &pairs[i].b, &err);

		if (rc != (pairs[i].is_good ? 0 : GH_E_VALIDATION))
			fail_msg("%s: %d %s", pairs[i].what, rc, rc != 0 ? err.detail : "");
	}
}

static void
certificates__that_are_none(void **state)
{
	struct kra_policy p = {.name = TEXT("p"),
	    .required = 1,
	    .is_signed = true,
	    .agents = 1,
	    .agent = {{.id = TEXT("anna")}}};
	struct gh_der good = make_cert(&(struct sort){0, "CA", 1, 60, NULL});
	unsigned char longer[2048];
	struct gh_error err;

	(void)state;
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	p.is_signed = false;
	assert_int_equal(policy_rules_check(&p, NOW, &err), 0);
	p.is_signed = true;
	memcpy(longer, good.p, good.len);
	longer[good.len] = 0;
	p.agent[0].cert = (struct gh_der){longer, good.len};
	assert_int_equal(policy_rules_check(&p, NOW, &err), 0);
	p.agent[0].cert.len++;
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	p.agent[0].cert.len -= 2;
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	OPENSSL_free((void *)good.p);
}

static void
agents__are_so_many_people(void **state)
{
	struct kra_policy good = {.name = TEXT("p"),
			      .required = 2,
			      .agents = 2,
			      .agent = {{.id = TEXT("anna")}, {.id = TEXT("bert")}}},
			  p;
	struct gh_error err;

	(void)state;
	assert_int_equal(policy_rules_check(&good, NOW, &err), 0);
	p = good, p.required = 3;
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	p = good, p.name.len = 0;
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	p = good, p.agent[1].id.len = 0;
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	p = good, p.agent[1].id = (struct gh_der)TEXT("ANNA");
	assert_int_equal(policy_rules_check(&p, NOW, &err), GH_E_VALIDATION);
	p = good, p.agent[1].id = (struct gh_der)TEXT("annas");
	assert_int_equal(policy_rules_check(&p, NOW, &err), 0);
}

static int
make_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		keys[i] = EVP_EC_gen("P-256");
	return 0;
}

static int
free_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		EVP_PKEY_free(keys[i]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificates__tell_agents_apart),
	    cmocka_unit_test(certificates__that_are_none),
	    cmocka_unit_test(agents__are_so_many_people),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
