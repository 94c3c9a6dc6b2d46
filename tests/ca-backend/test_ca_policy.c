/* Policy and URLs of a CA: changes of them, in the words of their door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/policy.h"
#include "authority/urls.h"
#include "issuing/cdp.h"

static const struct authority_words words = {
    .max_validity = "max",
    .key = "key",
    .eku = "eku",
    .extension = "extension",
    .base_url = "base",
    .no_urls = "none",
    .shards = "shards",
    .cdp_url = "cdp",
    .aia_url = "aia",
    .ocsp_url = "ocsp",
    .approval = "approval",
    .group = "group",
};

static struct gh_error err;

static void
expect_policy(const struct ca_policy_change *c, gh_json *policy, const char *text)
{
	char *got;

	assert_int_equal(ca_policy_apply(c, policy, &words, &err), 0);
	got = gh_json_print(policy, false);
	assert_string_equal(got, text);
	free(got);
}

static void
ca_policy__changes_become_json_and_limits(void **state)
{
	static const char *const keys[] = {"rsa:3072", NULL}, *const ekus[] = {"clientAuth", NULL},
				 *const any[] = {NULL};
	struct ca_policy_change c = CA_POLICY_CHANGE_NONE, back = CA_POLICY_CHANGE_NONE;
	gh_json *policy = gh_json_new_object();
	struct signer_limits l;

	(void)state;
	assert_false(ca_policy_is_changed(&c));
	assert_int_equal(ca_policy_limits(policy, 0, &l, &err), 0);
	assert_true(l.allow_rsa && l.allow_ec && l.allow_ed25519 && l.min_rsa_bits == 2048 &&
	    !l.may_sign_ca);
	c.max_validity = 90;
	c.approval = 1;
	c.keys = keys;
	c.ekus = ekus;
	assert_true(ca_policy_is_changed(&c));
	expect_policy(&c, policy,
	    "{\"max_validity_days\":90,\"approval_required\":true,"
	    "\"keys\":[{\"type\":\"RSA\",\"min_bits\":3072}],\"ekus\":[\"1.3.6.1.5.5.7.3.2\"]}");
	assert_int_equal(ca_policy_limits(policy, 2, &l, &err), 0);
	assert_true(l.allow_rsa && !l.allow_ec && !l.allow_ed25519 && l.min_rsa_bits == 3072);
	assert_true(l.may_sign_ca && l.path_len == 1 && l.ekus.n == 1 && l.extensions.n == 0);
	assert_int_equal(l.max_validity, 90 * 86400);
	/* what is not given stays, any takes back */
	back.keys = any;
	back.max_validity = 0;
	expect_policy(&back, policy,
	    "{\"max_validity_days\":0,\"approval_required\":true,\"keys\":[],"
	    "\"ekus\":[\"1.3.6.1.5.5.7.3.2\"]}");
	assert_int_equal(ca_policy_limits(policy, -1, &l, &err), 0);
	assert_true(l.allow_ed25519 && l.max_validity == 0 && l.path_len == SIGNER_PATH_LEN_ANY);
	gh_json_free(policy);
}

/* Whose members may use the CA: of the gateway alone, no limit of the signer. */
static void
ca_policy__groups_are_given_and_taken_back(void **state)
{
	static const char *const groups[] = {"pki-hr", "CN=HR,DC=x", NULL}, *const none[] = {NULL},
				 *const wrong[] = {"", "a\nb"};
	struct ca_policy_change c = CA_POLICY_CHANGE_NONE;
	gh_json *policy = gh_json_new_object();
	struct signer_limits l;

	(void)state;
	c.groups = groups;
	assert_true(ca_policy_is_changed(&c));
	expect_policy(&c, policy, "{\"groups\":[\"pki-hr\",\"CN=HR,DC=x\"]}");
	assert_int_equal(ca_policy_limits(policy, 0, &l, &err), 0);
	c.groups = none;
	expect_policy(&c, policy, "{\"groups\":[]}");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *const list[] = {wrong[i], NULL};

		c.groups = list;
		assert_int_equal(ca_policy_apply(&c, policy, &words, &err), GH_E_CONF);
		assert_int_equal(strncmp(err.message, "group ", 6), 0);
	}
	gh_json_free(policy);
}

static void
ca_policy__wrong_values_and_damaged_json_are_named(void **state)
{
	static const char *const keys[] = {"DSA", "EC:256", "RSA:1024", "RSA:", "RSA:x",
	    "RSA:99999", ""};
	static const char *const damaged[] = {"{\"max_validity_days\":-1}",
	    "{\"max_validity_days\":\"x\"}", "{\"keys\":[{}]}",
	    "{\"keys\":[{\"type\":\"RSA\",\"min_bits\":1}]}", "{\"keys\":[{\"type\":\"DSA\"}]}",
	    "{\"ekus\":[1]}", "{\"extensions\":[\"no oid\"]}"};
	struct signer_limits l;
	gh_json *policy;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *const list[] = {keys[i], NULL};
		struct ca_policy_change c = CA_POLICY_CHANGE_NONE;

		policy = gh_json_new_object();
		c.keys = list;
		assert_int_equal(ca_policy_apply(&c, policy, &words, &err), GH_E_CONF);
		assert_int_equal(strncmp(err.message, "key ", 4), 0);
		gh_json_free(policy);
	}
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		assert_int_equal(gh_json_parse(damaged[i], strlen(damaged[i]), GH_JSON_STRICT,
				     &policy, &err),
		    0);
		assert_int_not_equal(ca_policy_limits(policy, 0, &l, &err), 0);
		gh_json_free(policy);
	}
}

static void
ca_urls__base_makes_all_of_them(void **state)
{
	static const char *const ocsp[] = {"http://ocsp.test/", NULL};
	struct ca_urls_change u = CA_URLS_CHANGE_NONE, plain = CA_URLS_CHANGE_NONE;
	struct ca ca = {.slug = (char[]){"corp"}};

	(void)state;
	u.base = "http://pki.test/";
	u.shards = 4;
	u.ocsp = ocsp;
	assert_int_equal(ca_urls_apply(&u, &ca, &words, &err), 0);
	assert_string_equal(ca.cdp_urls[0], "http://pki.test/crl/corp-s{shard}.crl");
	assert_string_equal(ca.aia_urls[0], "http://pki.test/ca/corp.cer");
	assert_string_equal(ca.ocsp_urls[0], "http://ocsp.test/");
	assert_null(ca.ocsp_urls[1]);
	/* the URLs would say shards, and there are none */
	plain.shards = 0;
	assert_int_equal(ca_urls_apply(&plain, &ca, &words, &err), GH_E_CONF);
	assert_string_equal(err.message,
	    "a cdp with {shard} needs shards; for one CRL, give base or cdp again");
	plain.base = "https://pki.test";
	assert_int_equal(ca_urls_apply(&plain, &ca, &words, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "base https://pki.test"));
	cdp_urls_free(ca.cdp_urls);
	cdp_urls_free(ca.aia_urls);
	cdp_urls_free(ca.ocsp_urls);
}

static void
ca_policy__ranges(void **state)
{
	static const struct {
		int max_validity, approval;
		const char *message; /* NULL = accepted */
	} rows[] = {
	    {CA_POLICY_KEEP, CA_POLICY_KEEP, NULL},
	    {0, 0, NULL},
	    {36600, 1, NULL},
	    {36601, 1, "max is from 0 to 36600 days"},
	    {-2, 1, "max is from 0 to 36600 days"},
	    {0, 2, "approval is 0 or 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ca_policy_change c = {.max_validity = rows[i].max_validity,
		    .approval = rows[i].approval};
		gh_json *policy = gh_json_new_object();

		assert_int_equal(ca_policy_apply(&c, policy, &words, &err),
		    rows[i].message != NULL ? GH_E_CONF : 0);
		if (rows[i].message != NULL)
			assert_string_equal(err.message, rows[i].message);
		gh_json_free(policy);
	}
}

static void
ca_urls__shards_have_a_range(void **state)
{
	static const struct {
		int shards;
		bool is_right;
	} rows[] = {{CA_URLS_KEEP, true}, {0, true}, {1024, true}, {1025, false}, {-2, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ca_urls_change u = {.base = "http://pki.test",
		    .shards = rows[i].shards};
		struct ca ca = {.slug = (char[]){"corp"}};

		assert_int_equal(ca_urls_apply(&u, &ca, &words, &err),
		    rows[i].is_right ? 0 : GH_E_CONF);
		if (!rows[i].is_right)
			assert_string_equal(err.message, "shards is from 0 to 1024");
		cdp_urls_free(ca.cdp_urls);
		cdp_urls_free(ca.aia_urls);
		cdp_urls_free(ca.ocsp_urls);
	}
}

/* A list without elements is no URL, as none is. */
static void
ca_urls__a_new_ca_has_them_or_says_no(void **state)
{
	static const char *const empty[] = {NULL}, *const ocsp[] = {"http://ocsp.test/", NULL};
	struct ca_urls_change u = CA_URLS_CHANGE_NONE;
	struct ca ca = {.name = (char[]){"corp"}, .slug = (char[]){"corp"}};

	(void)state;
	assert_int_equal(ca_urls_apply_new(&u, &ca, &words, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "give base"));
	u.cdp = empty;
	assert_int_equal(ca_urls_apply_new(&u, &ca, &words, &err), GH_E_CONF);
	u.none = true;
	assert_int_equal(ca_urls_apply_new(&u, &ca, &words, &err), 0);
	u.none = false;
	u.ocsp = ocsp;
	assert_int_equal(ca_urls_apply_new(&u, &ca, &words, &err), 0);
	assert_string_equal(ca.ocsp_urls[0], ocsp[0]);
	cdp_urls_free(ca.cdp_urls);
	cdp_urls_free(ca.ocsp_urls);
}

static void
ca_urls__a_new_key_has_its_own(void **state)
{
	char *urls[] = {"http://corp/crl/corp-s{shard}.crl", "http://x/ca/CORP.cer",
	    "http://x/corporate/corp", NULL};
	char *other[] = {"http://x/corporate.crl", NULL};
	bool all;
	char **new = ca_urls_renamed(urls, "corp", "corp-2", &all);

	(void)state;
	assert_true(all);
	assert_string_equal(new[0], "http://corp/crl/corp-2-s{shard}.crl");
	assert_string_equal(new[1], "http://x/ca/corp-2.cer");
	assert_string_equal(new[2], "http://x/corporate/corp-2");
	assert_null(new[3]);
	cdp_urls_free(new);
	new = ca_urls_renamed(other, "corp", "corp-2", &all);
	assert_false(all);
	assert_string_equal(new[0], other[0]);
	cdp_urls_free(new);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ca_policy__changes_become_json_and_limits),
	    cmocka_unit_test(ca_policy__groups_are_given_and_taken_back),
	    cmocka_unit_test(ca_policy__wrong_values_and_damaged_json_are_named),
	    cmocka_unit_test(ca_policy__ranges),
	    cmocka_unit_test(ca_urls__base_makes_all_of_them),
	    cmocka_unit_test(ca_urls__shards_have_a_range),
	    cmocka_unit_test(ca_urls__a_new_ca_has_them_or_says_no),
	    cmocka_unit_test(ca_urls__a_new_key_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
