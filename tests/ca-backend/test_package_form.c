/* Packages of RFC 8295 and answers to them. pyasn1-modules made them: tests/e2e/packages.py. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>

#include "package/firmware.h"
#include "package/key_answer.h"
#include "package/package_form.h"
#include "package/package_signature.h"
#include "hex.h"

#include "ca-backend/fixture_file.h"

#define FIXTURE_MAX (64 * 1024)

static size_t
read_fixture(const char *name, unsigned char out[FIXTURE_MAX])
{
	return fixture_read("packages", name, out, FIXTURE_MAX);
}

/* "good.firmware.bare": its kind */
static enum package_kind
kind_of(const char *name)
{
	const char *begin = strchr(name, '.') + 1;
	char word[40];
	enum package_kind kind;

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(begin, "."), begin);
	assert_true(package_kind_find(word, &kind));
	return kind;
}

/* Form and signature: what is done before a file is kept. */
static int
judge(const char *name, struct package_form *form, bool *is_checked, struct gh_error *err)
{
	unsigned char p[FIXTURE_MAX];
	size_t len = read_fixture(name, p);
	int rc = package_form_read(kind_of(name), p, len, form, err);

	return rc == 0 ? package_signature_check(form, NULL, is_checked, err) : rc;
}

static void
check_good(const char *name)
{
	char says_name[100], said[300], hex[400] = "";
	struct package_form form;
	struct gh_error err;
	bool is_checked;
	size_t len;

	if (judge(name, &form, &is_checked, &err) != 0)
		fail_msg("%s: %s", name, err.message);
	snprintf(says_name, sizeof(says_name), "says%s", strchr(name, '.'));
	len = fixture_read("packages", says_name, (unsigned char *)said, sizeof(said) - 1);
	said[len] = '\0';
	if (form.reference.p != NULL)
		gh_hex_upper(form.reference.p, form.reference.len, hex);
	assert_string_equal(strchr(said, '\n') + 1, hex);
	*strchr(said, '\n') = '\0';
	assert_string_equal(said, form.media);
	assert_int_equal(is_checked, form.is_signed);
	assert_true(
	    form.der.data[0] == GH_DER_SEQUENCE && gh_der_is_strict(form.der.data, form.der.len));
	package_form_clear(&form);
}

static void
check_bad(const char *name)
{
	struct package_form form;
	struct gh_error err = {0};
	bool is_checked;

	if (judge(name, &form, &is_checked, &err) != GH_E_BAD_REQUEST || err.message[0] == '\0')
		fail_msg("%s: %d %s", name, err.code, err.message);
	package_form_clear(&form);
}

static int
each(const char *begin, void (*check)(const char *name))
{
	DIR *d = opendir(fixture_folder("packages"));
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, begin, strlen(begin)) == 0) {
			check(e->d_name);
			n++;
		}
	closedir(d);
	return n;
}

static void
X070_X078_X079_form__of_its_kind(void **state)
{
	(void)state;
	assert_int_equal(each("good.", check_good), 21);
}

static void
X003_X071_X072_form__of_no_kind_is_refused(void **state)
{
	(void)state;
	assert_int_equal(each("bad.", check_bad), 46);
}

/* What is wrong is said so that the one who put it in can mend it. */
static void
form__says_what_is_wrong(void **state)
{
	static const struct {
		const char *name, *says;
	} wrong[] = {
	    {"bad.tamp-update.unsigned", "must be signed"},
	    {"bad.symmetric-keys.auth-enveloped-no-mac", "what encrypts it is malformed"},
	    {"bad.symmetric-keys.enveloped-with-mac", "what encrypts it is malformed"},
	    {"bad.symmetric-keys.auth-enveloped-no-attributes", "what encrypts it is malformed"},
	    {"bad.symmetric-keys.encrypted-data-version", "what encrypts it is malformed"},
	    {"bad.symmetric-keys.encrypted-data-two-hints", "what encrypts it is malformed"},
	    {"bad.symmetric-keys.auth-enveloped-firmware", "must be a signed SymmetricKeyPackage"},
	    {"bad.symmetric-keys.encrypted-package-choice", "none of RFC 6032"},
	    {"bad.symmetric-keys.only-auth-enveloped-data", "RFC 8295, 5.1.2"},
	    {"bad.tamp-update.status-query", "the message is tamp-status-query"},
	    {"bad.firmware.unnamed", "no firmware package identifier"},
	    {"bad.firmware.altered", "signature of the package is wrong"},
	    {"bad.symmetric-keys.deep", "ContentInfo"},
	    {"bad.ee-certificate.two", "one certificate"},
	};
	struct package_form form;
	struct gh_error err;
	bool is_checked;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_not_equal(judge(wrong[i].name, &form, &is_checked, &err), 0);
		if (strstr(err.message, wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].name, err.message);
		package_form_clear(&form);
	}
}

static void
X075_form__receipt_that_the_package_asks_for(void **state)
{
	static const struct {
		const char *name;
		bool wants;
	} packages[] = {{"good.symmetric-keys.signed", true},
	    {"good.symmetric-keys.signed-enveloped", false}, {"good.firmware.signed", false},
	    {"good.tamp-update.signed", true}};
	struct package_form form;
	struct gh_error err;
	bool is_checked;

	(void)state;
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		assert_int_equal(judge(packages[i].name, &form, &is_checked, &err), 0);
		assert_int_equal(form.wants_receipt, packages[i].wants);
		package_form_clear(&form);
	}
}

static void
form__larger_than_may_be(void **state)
{
	unsigned char *p = calloc(1, CMS_DER_MAX + 1);
	struct package_form form;
	struct gh_error err;

	(void)state;
	assert_non_null(p);
	assert_int_equal(package_form_read(PACKAGE_FIRMWARE, p, CMS_DER_MAX + 1, &form, &err),
	    GH_E_TOO_LARGE);
	package_form_clear(&form);
	free(p);
}

/* A certificate that is not in it, given beside it; and another one's. */
static void
signature__of_a_signer_that_is_given(void **state)
{
	unsigned char p[FIXTURE_MAX];
	const unsigned char *q = p;
	size_t len = read_fixture("good.ee-certificate.der", p);
	X509 *cert = d2i_X509(NULL, &q, (long)len);
	STACK_OF(X509) *signers = sk_X509_new_null();
	struct package_form form;
	struct gh_error err;
	bool is_checked;

	(void)state;
	assert_true(cert != NULL && sk_X509_push(signers, cert) > 0);
	assert_int_equal(judge("bare.firmware.without-certificate", &form, &is_checked, &err), 0);
	assert_true(form.is_signed && !is_checked);
	assert_int_equal(package_signature_check(&form, signers, &is_checked, &err), 0);
	assert_true(is_checked);
	package_form_clear(&form);
	sk_X509_pop_free(signers, X509_free);
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool
read_answer(const char *name, unsigned char p[FIXTURE_MAX], struct package_answer *out)
{
	static const struct {
		const char *word;
		bool (*read)(struct gh_der in, struct package_answer *out);
	} readers[] = {{"key-receipt", key_receipt_read}, {"key-error", key_error_read},
	    {"firmware-receipt", firmware_receipt_read}, {"firmware-error", firmware_error_read}};
	struct gh_der in = {p, read_fixture(name, p)};
	const char *begin = strchr(name, '.') + 1;
	char word[60];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(begin, "."), begin);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (strcmp(word, readers[i].word) == 0)
			return readers[i].read(in, out);
	for (int m = TAMP_STATUS_QUERY; m <= TAMP_SEQUENCE_ADJUST_CONFIRM; m++)
		if (strcmp(word + strlen("tamp-"), tamp_word(m)) == 0)
			return tamp_answer_read(m, in, out);
	fail_msg("%s", name);
	return false;
}

static void
check_answer(const char *name)
{
	unsigned char p[FIXTURE_MAX];
	struct package_answer answer;
	bool is_good = strstr(name, ".good") != NULL;

	if (read_answer(name, p, &answer) != is_good)
		fail_msg("%s", name);
}

static void
X076_X078_X080_answer__good_and_bad(void **state)
{
	(void)state;
	assert_int_equal(each("answer.", check_answer), 18);
}

static void
X077_answer__names_its_package(void **state)
{
	static const struct {
		const char *name, *reference;
		bool is_error;
		unsigned code;
	} good[] = {
	    {"answer.key-receipt.good", "69642D31", false, 0},
	    {"answer.key-error.good", "69642D31", true, 17},
	    {"answer.key-error.good-unnamed", "", true, 61},
	    {"answer.firmware-receipt.good", "04027631", false, 0},
	    {"answer.firmware-error.good", "04027631", true, 15},
	    {"answer.firmware-error.good-vendor", "", true, 99},
	    {"answer.tamp-error.good", "300C840775726E3A616C6C020107", true, 21},
	    {"answer.tamp-error.good-unnamed", "", true, 1},
	    {"answer.tamp-update-confirm.good", "300C840775726E3A616C6C020107", false, 24},
	    {"answer.tamp-status-response.good", "300C840775726E3A616C6C020107", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unsigned char p[FIXTURE_MAX];
		struct package_answer answer;
		char hex[200] = "";

		assert_true(read_answer(good[i].name, p, &answer));
		if (answer.reference.p != NULL)
			gh_hex_upper(answer.reference.p, answer.reference.len, hex);
		assert_string_equal(hex, good[i].reference);
		assert_int_equal(answer.is_error, good[i].is_error);
		assert_int_equal(answer.code, good[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(X070_X078_X079_form__of_its_kind),
	    cmocka_unit_test(X003_X071_X072_form__of_no_kind_is_refused),
	    cmocka_unit_test(form__says_what_is_wrong),
	    cmocka_unit_test(X075_form__receipt_that_the_package_asks_for),
	    cmocka_unit_test(form__larger_than_may_be),
	    cmocka_unit_test(signature__of_a_signer_that_is_given),
	    cmocka_unit_test(X076_X078_X080_answer__good_and_bad),
	    cmocka_unit_test(X077_answer__names_its_package),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
