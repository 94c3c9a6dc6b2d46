/* Options of a CA: policy and URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdp.h"

#include "ca/ca_policy.h"
#include "ca/ca_urls.h"

static struct gh_error err;

static void
add(struct option_list *l, const char *value)
{
	l->v[l->n++] = value;
}

static void
expect_policy(const struct ca_policy_options *o, gh_json *policy, const char *text)
{
	char *got;

	assert_int_equal(ca_policy_apply(o, policy, &err), 0);
	got = gh_json_print(policy, false);
	assert_string_equal(got, text);
	free(got);
}

static void
ca_policy__options_become_json_and_limits(void **state)
{
	struct ca_policy_options o = CA_POLICY_OPTIONS_INIT, back = CA_POLICY_OPTIONS_INIT;
	gh_json *policy = gh_json_new_object();
	struct signer_limits l;

	(void)state;
	assert_false(ca_policy_is_given(&o));
	assert_int_equal(ca_policy_limits(policy, 0, &l, &err), 0);
	assert_true(l.allow_rsa && l.allow_ec && l.allow_ed25519 && l.min_rsa_bits == 2048 &&
	    !l.may_sign_ca);
	o.max_validity = 90;
	o.approval = true;
	add(&o.keys, "rsa:3072");
	add(&o.ekus, "clientAuth");
	assert_true(ca_policy_is_given(&o));
	expect_policy(&o, policy,
	    "{\"max_validity_days\":90,\"approval_required\":true,"
	    "\"keys\":[{\"type\":\"RSA\",\"min_bits\":3072}],\"ekus\":[\"1.3.6.1.5.5.7.3.2\"]}");
	assert_int_equal(ca_policy_limits(policy, 2, &l, &err), 0);
	assert_true(l.allow_rsa && !l.allow_ec && !l.allow_ed25519 && l.min_rsa_bits == 3072);
	assert_true(l.may_sign_ca && l.path_len == 1 && l.ekus.n == 1 && l.extensions.n == 0);
	assert_int_equal(l.max_validity, 90 * 86400);
	/* what is not given stays, "any" takes back */
	add(&back.keys, "any");
	back.max_validity = 0;
	expect_policy(&back, policy,
	    "{\"max_validity_days\":0,\"approval_required\":true,\"keys\":[],"
	    "\"ekus\":[\"1.3.6.1.5.5.7.3.2\"]}");
	assert_int_equal(ca_policy_limits(policy, -1, &l, &err), 0);
	assert_true(l.allow_ed25519 && l.max_validity == 0 && l.path_len == SIGNER_PATH_LEN_ANY);
	gh_json_free(policy);
}

static void
ca_policy__wrong_options_and_damaged_json_are_named(void **state)
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
		struct ca_policy_options o = CA_POLICY_OPTIONS_INIT;

		policy = gh_json_new_object();
		add(&o.keys, keys[i]);
		assert_int_equal(ca_policy_apply(&o, policy, &err), GH_E_CONF);
		assert_non_null(strstr(err.message, "--allow-key"));
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
	struct ca_url_options u = CA_URL_OPTIONS_INIT, plain = CA_URL_OPTIONS_INIT;
	struct ca ca = {.slug = (char[]){"corp"}};

	(void)state;
	u.base = "http://pki.test/";
	u.shards = 4;
	add(&u.ocsp, "http://ocsp.test/");
	assert_int_equal(ca_urls_apply(&u, &ca, &err), 0);
	assert_string_equal(ca.cdp_urls[0], "http://pki.test/crl/corp-s{shard}.crl");
	assert_string_equal(ca.aia_urls[0], "http://pki.test/ca/corp.cer");
	assert_string_equal(ca.ocsp_urls[0], "http://ocsp.test/");
	assert_null(ca.ocsp_urls[1]);
	/* the URLs would say shards, and there are none */
	plain.shards = 0;
	assert_int_equal(ca_urls_apply(&plain, &ca, &err), GH_E_CONF);
	plain.base = "https://pki.test";
	assert_int_equal(ca_urls_apply(&plain, &ca, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "--base-url"));
	cdp_urls_free(ca.cdp_urls);
	cdp_urls_free(ca.aia_urls);
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
	    cmocka_unit_test(ca_policy__options_become_json_and_limits),
	    cmocka_unit_test(ca_policy__wrong_options_and_damaged_json_are_named),
	    cmocka_unit_test(ca_urls__base_makes_all_of_them),
	    cmocka_unit_test(ca_urls__a_new_key_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
