/* Asked for and given, side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "request_diff.h"

/* Extensions as openssl.cnf has them, NULL-ended pairs; and a common name. */
struct side {
	const char *cn;
	const char *const *extensions;
};

static EVP_PKEY *key;

static int
set_up(void **state)
{
	(void)state;
	return (key = EVP_EC_gen("P-256")) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static X509_NAME *
name_of(const char *cn)
{
	X509_NAME *n = X509_NAME_new();

	if (cn != NULL)
		assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
				     (const unsigned char *)cn, -1, -1, 0),
		    1);
	return n;
}

static STACK_OF(X509_EXTENSION) * extensions_of(const char *const *pairs)
{
	STACK_OF(X509_EXTENSION) *list = NULL;

	for (; pairs != NULL && *pairs != NULL; pairs += 2) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, pairs[0], pairs[1]);

		assert_non_null(e);
		assert_non_null(X509v3_add_ext(&list, e, -1));
		X509_EXTENSION_free(e);
	}
	return list;
}

static struct ca_pkcs10 *
csr_of(const struct side *s)
{
	STACK_OF(X509_EXTENSION) *list = extensions_of(s->extensions);
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = name_of(s->cn);
	unsigned char *der = NULL;
	struct ca_pkcs10 *csr;
	struct gh_error err;
	int n;

	assert_true(X509_REQ_set_subject_name(req, name) == 1 &&
	    X509_REQ_set_pubkey(req, key) == 1 &&
	    (list == NULL || X509_REQ_add_extensions(req, list) == 1) &&
	    X509_REQ_sign(req, key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	if (ca_pkcs10_parse(der, (size_t)n, &csr, &err) != 0)
		fail_msg("%s", err.detail);
	OPENSSL_free(der);
	X509_NAME_free(name);
	X509_REQ_free(req);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return csr;
}

static struct cert_spec *
spec_of(const struct side *s)
{
	struct cert_spec *spec = cert_spec_new();
	STACK_OF(X509_EXTENSION) *list = extensions_of(s->extensions);

	X509_NAME_free(spec->subject);
	spec->subject = name_of(s->cn);
	for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
		assert_true(sk_X509_EXTENSION_push(spec->extensions,
				X509_EXTENSION_dup(sk_X509_EXTENSION_value(list, i))) > 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return spec;
}

/* "name label|asked|result|state" of each row, one a line. result: NULL where there is none. */
static void
check(const struct side *asked, const struct side *result, const char *want)
{
	struct ca_pkcs10 *csr = csr_of(asked);
	struct cert_spec *spec = result != NULL ? spec_of(result) : NULL;
	static const char *const names[] = {"name", "label", "asked", "result", "state"};
	char got[4096] = "";
	struct gh_error err;
	gh_json *rows;

	assert_int_equal(request_diff(csr, spec, &rows, &err), 0);
	for (size_t i = 0; i < gh_json_size(rows); i++)
		for (size_t k = 0; k < 5; k++) {
			const char *text =
			    gh_json_string(gh_json_get(gh_json_at(rows, i), names[k]));

			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%c",
			    text != NULL ? text : "-", k == 4 ? '\n' : '|');
		}
	assert_string_equal(got, want);
	gh_json_free(rows);
	cert_spec_free(spec);
	ca_pkcs10_free(csr);
}

static void
diff__of_each_part(void **state)
{
	static const char *const san[] = {"subjectAltName", "DNS:a.example,IP:192.0.2.1",
	    "keyUsage", "digitalSignature", "basicConstraints", "critical,CA:TRUE",
	    "subjectKeyIdentifier", "00:11", NULL};
	static const char *const given[] = {"subjectAltName", "DNS:a.example,DNS:b.example",
	    "keyUsage", "critical,digitalSignature", "extendedKeyUsage", "serverAuth", NULL};

	(void)state;
	check(&(struct side){"a.example", san}, &(struct side){"a.example", given},
	    "subject|-|CN=a.example|CN=a.example|same\n"
	    "san|-|dns:a.example|dns:a.example|same\n"
	    "san|-|ip:192.0.2.1|-|dropped\n"
	    "san|-|-|dns:b.example|added\n"
	    "key|-|EC P-256|EC P-256|same\n"
	    "extension|X509v3 Key Usage|Digital Signature|critical, Digital Signature|changed\n"
	    "extension|X509v3 Basic Constraints|critical, CA:TRUE|-|dropped\n"
	    "extension|X509v3 Subject Key Identifier|00:11|-|ca\n"
	    "extension|X509v3 Extended Key Usage|-|TLS Web Server Authentication|added\n");
}

static void
diff__of_names(void **state)
{
	(void)state;
	check(&(struct side){"a", NULL}, &(struct side){"b", NULL},
	    "subject|-|CN=a|CN=b|changed\nkey|-|EC P-256|EC P-256|same\n");
	check(&(struct side){NULL, NULL}, &(struct side){"b", NULL},
	    "subject|-||CN=b|changed\nkey|-|EC P-256|EC P-256|same\n");
}

/* What is refused has no certificate to compare with. */
static void
diff__without_certificate(void **state)
{
	static const char *const san[] = {"subjectAltName", "DNS:a", "subjectKeyIdentifier",
	    "00:11", NULL};

	(void)state;
	check(&(struct side){"a", san}, NULL,
	    "subject|-|CN=a|-|asked\nsan|-|dns:a|-|asked\nkey|-|EC P-256|-|asked\n"
	    "extension|X509v3 Subject Key Identifier|00:11|-|asked\n");
}

/* Extensions that print alike, or not at all, are compared by their octets; what is long is cut,
 * and nothing breaks a line. */
static void
diff__extensions_that_nobody_knows(void **state)
{
	static const char *const one[] = {"1.2.3.4", "DER:0401AA", "nsComment", "two\nlines", NULL},
				 *const two[] = {"1.2.3.4", "DER:0401AB", "nsComment", "two\nlines",
				     NULL};
	char big[2 * 5000 + 16] = "DER:04821388", rows[1024];
	const char *long_one[] = {"1.2.3.4", big, NULL};

	(void)state;
	check(&(struct side){"a", one}, &(struct side){"a", two},
	    "subject|-|CN=a|CN=a|same\nkey|-|EC P-256|EC P-256|same\n"
	    "extension|1.2.3.4|0401AA|0401AB|changed\n"
	    "extension|Netscape Comment|two lines|two lines|same\n");
	memset(big + 12, 'A', 2 * 5000);
	big[12 + 2 * 5000] = '\0';
	snprintf(rows, sizeof(rows),
	    "subject|-|CN=a|CN=a|same\nkey|-|EC P-256|EC P-256|same\n"
	    "extension|1.2.3.4|%.128s...|-|dropped\n",
	    big + 4);
	check(&(struct side){"a", long_one}, &(struct side){"a", NULL}, rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(diff__of_each_part),
	    cmocka_unit_test(diff__of_names),
	    cmocka_unit_test(diff__without_certificate),
	    cmocka_unit_test(diff__extensions_that_nobody_knows),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
