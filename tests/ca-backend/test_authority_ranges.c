/* Ranges of what a CA is made and renewed with: each rule once kept and once broken. Signer and
 * database are not asked for what is refused so: here are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "key_alg.h"
#include "authority/csr.h"
#include "authority/import.h"
#include "authority/renew.h"

#define NOT AUTHORITY_NOT_GIVEN

static const struct authority_words words = {.subject = "subject",
    .key_alg = "alg",
    .key_uri = "uri",
    .cert = "cert",
    .years = "years",
    .days = "days",
    .path_len = "path_len",
    .new_key = "new_key"};
static const struct authority authority = {.words = &words};
static struct gh_error err;

/* message: NULL = accepted. */
static void
expect(int rc, const char *message)
{
	assert_int_equal(rc, message != NULL ? GH_E_CONF : 0);
	if (message != NULL)
		assert_string_equal(err.message, message);
}

static void
make__ranges(void **state)
{
	static const char years[] = "years is from 1 to 50", days[] = "days is from 1 to 18300",
			  alg[] = "alg is " GH_KEY_NAMES, len[] = "path_len is from 0 to 5";
	static const struct {
		struct authority_new_ca spec;
		const char *message;
	} rows[] = {
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 1, .days = NOT}, NULL},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 50, .days = NOT, .path_len = NOT},
		NULL},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 0, .days = NOT}, years},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 51, .days = NOT}, years},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = -2, .days = NOT}, years},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = NOT, .days = 1}, NULL},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 10, .days = 18300}, NULL},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 10, .days = 0}, days},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 10, .days = 18301}, days},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = NOT, .days = INT32_MIN}, days},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = NOT, .days = NOT},
		"years or days is needed"},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 1, .days = NOT, .path_len = 5}, NULL},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 1, .days = NOT, .path_len = 6}, len},
	    {{.subject = "CN=x", .key_alg = "P-256", .years = 1, .days = NOT, .path_len = -2}, len},
	    {{.subject = "CN=x", .key_alg = "Ed25519", .years = 1, .days = NOT}, NULL},
	    {{.subject = "CN=x", .key_alg = "RSA-1024", .years = 1, .days = NOT}, alg},
	    {{.subject = "CN=x", .years = 1, .days = NOT}, alg},
	    {{.subject = "CN=x",
		 .settings = {.key_uri = "pkcs11:object=x"},
		 .years = 1,
		 .days = NOT},
		NULL},
	    {{.key_alg = "P-256", .years = 1, .days = NOT}, "subject is needed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ca *ca;

		expect(authority_make_check(&rows[i].spec, &words, &err), rows[i].message);
		if (rows[i].message == NULL)
			continue;
		expect(authority_make(&authority, &rows[i].spec, &ca, &err), rows[i].message);
		assert_null(ca);
	}
}

static void
csr__ranges(void **state)
{
	static const struct {
		struct authority_new_ca spec;
		const char *message;
	} rows[] = {
	    {{.subject = "CN=x", .key_alg = "P-384"}, NULL}, /* no validity: another CA gives it */
	    {{.subject = "CN=x", .key_alg = "P-384", .path_len = 5}, NULL},
	    {{.subject = "CN=x", .key_alg = "P-384", .path_len = 6}, "path_len is from 0 to 5"},
	    {{.subject = "CN=x", .key_alg = "P-521"}, "alg is " GH_KEY_NAMES},
	    {{.path_len = NOT}, NULL}, /* for the key of a CA that is there */
	};
	unsigned char *csr;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(authority_csr_check(&rows[i].spec, &words, &err), rows[i].message);
		if (rows[i].message == NULL)
			continue;
		expect(authority_csr(&authority, &rows[i].spec, &csr, &len, &err), rows[i].message);
		assert_null(csr);
	}
}

static void
renewal__ranges(void **state)
{
	static const struct {
		struct authority_renewal spec;
		const char *message;
	} rows[] = {
	    {{.years = NOT, .days = NOT}, NULL}, /* as long as before */
	    {{.years = 50, .days = NOT}, NULL},
	    {{.years = 0, .days = NOT}, "years is from 1 to 50"},
	    {{.years = NOT, .days = 18300}, NULL},
	    {{.years = NOT, .days = 18301}, "days is from 1 to 18300"},
	    {{.years = 1, .days = NOT, .new_key = true, .key_alg = "P-384"}, NULL},
	    {{.years = 1, .days = NOT, .new_key = true, .key_alg = "DSA"}, "alg is " GH_KEY_NAMES},
	    {{.years = 1, .days = NOT, .key_alg = "P-384"}, "alg and uri need new_key"},
	    {{.years = 1, .days = NOT, .new_key = true, .key_uri = "pkcs11:object=x"}, NULL},
	    {{.years = 1, .days = NOT, .key_uri = "pkcs11:object=x"}, "alg and uri need new_key"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct authority_renewed done;

		expect(authority_renew_check(&rows[i].spec, &words, &err), rows[i].message);
		if (rows[i].message == NULL)
			continue;
		expect(authority_renew(&authority, &rows[i].spec, &done, &err), rows[i].message);
		assert_null(done.ca);
	}
}

/* One key, and one certificate at least. The right ones are made in test_signer_admin.c. */
static void
import__needs_certificate_and_one_key(void **state)
{
	struct cert_chain none = {0}, some = {.n = 1};
	struct ca *ca;
	const struct authority_import no_cert = {.chain = &none, .pkcs8 = (unsigned char *)"k"},
				      no_key = {.chain = &some},
				      both = {.chain = &some,
					  .pkcs8 = (unsigned char *)"k",
					  .settings = {.key_uri = "pkcs11:object=x"}};

	(void)state;
	expect(authority_import(&authority, &no_cert, &ca, &err), "cert is needed");
	expect(authority_import(&authority, &no_key, &ca, &err),
	    "a private key or uri is needed, and not both");
	expect(authority_import(&authority, &both, &ca, &err),
	    "a private key or uri is needed, and not both");
	assert_null(ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(make__ranges),
	    cmocka_unit_test(csr__ranges),
	    cmocka_unit_test(renewal__ranges),
	    cmocka_unit_test(import__needs_certificate_and_one_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
