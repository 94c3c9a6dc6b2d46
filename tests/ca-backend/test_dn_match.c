/* Names that mean the same though they are written differently; reasons by name and number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issuing/ca.h"
#include "formats/names_text.h"
#include "formats/dn_match.h"
#include "formats/revocation_reason.h"

#define CORP "CN=CorpCA1, DC=keyexample, DC=com"

static void
dn__written_differently_is_the_same(void **state)
{
	static const char *const same[][2] = {
	    {CORP, CORP},
	    {CORP, "CN=CorpCA1,DC=keyexample,DC=com"},
	    {CORP, "cn=corpca1 ;dc=KEYEXAMPLE;  Dc = com "},
	    {CORP, "DC=com,DC=keyexample,CN=CorpCA1"},
	    {CORP, "CN=\"CorpCA1\",DC=\"keyexample\", DC=com"},
	    {CORP, "OID.2.5.4.3=CorpCA1,0.9.2342.19200300.100.1.25=keyexample,domainComponent=com"},
	    {"CN=a  b, O=x", "CN= a b,O=x"},
	    {"CN=a\\, b", "CN=\"a, b\""},
	    {"CN=a\\2C b", "CN=a\\, b"},
	    {"CN=J\303\274rgen", "CN=J\\C3\\BCrgen"},
	    {"CN=a\\\"b", "CN=\"a\"\"b\""},
	    {"CN=a\\\"b", "CN=\"a\\\"b\""},
	    {"ST=x, emailAddress=a@b", "S=X, E=A@B"},
	    {"CN=a + OU=b, C=DE", "OU=b+CN=a,C=de"},
	    {"1.2.3=#0C0141", "OID.1.2.3=#0c0141"},
	    {"CN=", "CN=\"\""},
	    {"CN=a=b", "CN=a\\=b"},
	    {"O=a\\+b", "O=\"a+b\""},
	    {"CN=a\\;b", "CN=\"a;b\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		if (!dn_text_equal(same[i][0], same[i][1]) ||
		    !dn_text_equal(same[i][1], same[i][0]))
			fail_msg("%s and %s", same[i][0], same[i][1]);
	}
}

static void
dn__different_is_different(void **state)
{
	static const char *const other[] = {
	    "CN=CorpCA2, DC=keyexample, DC=com",
	    "CN=CorpCA1, DC=keyexample",
	    "DC=keyexample, DC=com, CN=CorpCA1",
	    "CN=CorpCA1, DC=com, DC=keyexample",
	    "CN=CorpCA1 + DC=keyexample, DC=com",
	    "O=CorpCA1, DC=keyexample, DC=com",
	    "CN=Corp CA1, DC=keyexample, DC=com",
	    "CN=CorpCA1\\, DC=keyexample, DC=com",
	    "CN=CorpCA1, DC=keyexample, DC=com, DC=com",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
		if (dn_text_equal(CORP, other[i]) || dn_text_equal(other[i], CORP))
			fail_msg("%s", other[i]);
	}
	assert_false(dn_text_equal("CN=a, OU=b", "CN=a + OU=b"));
	assert_false(dn_text_equal("CN=a, CN=b, OU=c", "CN=b, CN=a, OU=c"));
}

static void
dn__no_name_equals_nothing(void **state)
{
	static const char *const bad[] = {
	    "",
	    " ",
	    "CN",
	    "=a",
	    "CN=a,",
	    ",CN=a",
	    "CN=a,,CN=b",
	    "CN=\"a",
	    "CN=\"a\"b",
	    "CN=a\\",
	    "CN=a\\00",
	    "C N=a",
	    "CN=a+",
	    "CN=\"a\\",
	    "\303\274=a",
	    "CN=1+CN=2+CN=3+CN=4+CN=5+CN=6+CN=7+CN=8+CN=9",
	};
	char *longest = malloc(DN_TEXT_MAX + 2);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (dn_text_equal(bad[i], bad[i]))
			fail_msg("\"%s\"", bad[i]);
	}
	assert_non_null(longest);
	memset(longest, 'a', DN_TEXT_MAX + 1);
	memcpy(longest, "CN=", 3);
	longest[DN_TEXT_MAX] = '\0';
	assert_true(dn_text_equal(longest, longest));
	longest[DN_TEXT_MAX] = 'a';
	longest[DN_TEXT_MAX + 1] = '\0';
	assert_false(dn_text_equal(longest, longest));
	longest[0] = '\0';
	for (int i = 0; i < DN_RDNS_MAX + 1; i++)
		strcat(longest, i > 0 ? ",C=a" : "C=a");
	assert_false(dn_text_equal(longest, longest));
	longest[strlen(longest) - 4] = '\0';
	assert_true(dn_text_equal(longest, longest));
	free(longest);
}

/* What we print ourselves, from DER with every character that is special. */
static void
dn__own_text_is_understood(void **state)
{
	X509_NAME *n = X509_NAME_new();
	char *text, *again;

	(void)state;
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "DC", MBSTRING_UTF8,
			     (const unsigned char *)"test", -1, -1, 0),
	    1);
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8,
			     (const unsigned char *)" #a,b+c\"d\\e<f>g;h \303\274=i ", -1, -1, 0),
	    1);
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "1.2.3.4", MBSTRING_UTF8,
			     (const unsigned char *)"x", -1, -1, 0),
	    1);
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
			     (const unsigned char *)"a", -1, -1, -1),
	    1);
	assert_non_null(text = ca_dn_text(n));
	again = strdup(text);
	assert_true(dn_text_equal(text, again));
	assert_false(dn_text_equal(text, "DC=test"));
	free(again);
	free(text);
	X509_NAME_free(n);
}

static void
reason__by_number_and_name(void **state)
{
	static const struct {
		const char *text;
		int reason;
	} good[] = {
	    {"0", 0},
	    {"10", 10},
	    {"01", 1},
	    {"keyCompromise", 1},
	    {"KEY_COMPROMISE", 1},
	    {"Key-Compromise", 1},
	    {"key compromise", 1},
	    {"cacompromise", 2},
	    {"CA_Compromise", 2},
	    {"Affiliation_Changed", 3},
	    {"Cessation_of_Operation", 5},
	    {"Certificate_Hold", 6},
	    {"remove_from_crl", 8},
	    {"Privilege_Withdrawn", 9},
	    {"AA_Compromise", 10},
	    {"unspecified", 0},
	};
	static const char *const bad[] = {"", "7", "11", "99", "100", "-1", "1 ", "key",
	    "keyCompromised", "_", "0x1", "1.0"};
	int reason;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		reason = -1;
		if (!revocation_reason_parse(good[i].text, &reason) || reason != good[i].reason)
			fail_msg("%s: %d", good[i].text, reason);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (revocation_reason_parse(bad[i], &reason))
			fail_msg("%s", bad[i]);
	for (int i = -1; i <= REASON_MAX + 1; i++) {
		const char *name = revocation_reason_name(i);

		assert_int_equal(name == NULL, i < 0 || i == 7 || i > REASON_MAX);
		assert_true(
		    name == NULL || (revocation_reason_parse(name, &reason) && reason == i));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dn__written_differently_is_the_same),
	    cmocka_unit_test(dn__different_is_different),
	    cmocka_unit_test(dn__no_name_equals_nothing),
	    cmocka_unit_test(dn__own_text_is_understood),
	    cmocka_unit_test(reason__by_number_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
