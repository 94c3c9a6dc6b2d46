/* CSRs linked to TLS connections: each protocol, full and resumed, each mode of a label. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "encoding.h"
#include "est/est_linking.h"

#define PASSWORD "1.2.840.113549.1.9.7"
#define OTP "1.2.840.113549.1.9.16.2.56"
#define REVOCATION "1.2.840.113549.1.9.16.2.57"
#define LINKING "1.2.840.113549.1.9.16.2.58"

static struct gh_error err;

/* ---- connections: 12 bytes of TLS 1.2, 32 of TLS 1.3, and one that proves nothing ---- */

static struct gh_tls
connection(const char *protocol, bool is_resumed, size_t n)
{
	struct gh_tls t = {.protocol = protocol, .is_resumed = is_resumed, .binding_len = n};

	memset(t.binding, (int)n + is_resumed, n);
	return t;
}

/* ---- CSRs ---- */

struct attribute {
	const char *oid, *text;
	int type; /* 0: PrintableString */
};

static struct ca_pkcs10 *
make_csr(const struct attribute *a, size_t n)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	struct ca_pkcs10 *csr;
	unsigned char *der = NULL;
	int len;

	assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(X509_REQ_add1_attr_by_txt(req, a[i].oid,
				     a[i].type != 0 ? a[i].type : V_ASN1_PRINTABLESTRING,
				     (const unsigned char *)a[i].text, (int)strlen(a[i].text)),
		    1);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	assert_true((len = i2d_X509_REQ(req, &der)) > 0);
	assert_int_equal(ca_pkcs10_parse(der, (size_t)len, &csr, &err), 0);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return csr;
}

static int
check(enum est_linking mode, bool is_ra, const struct gh_tls *tls, const struct attribute *a,
    size_t n)
{
	struct ca_pkcs10 *csr = make_csr(a, n);
	int rc;

	memset(&err, 0, sizeof(err));
	rc = est_linking_check(mode, is_ra, tls, csr, &err);
	ca_pkcs10_free(csr);
	return rc;
}

/* ---- each combination: E-060, E-061, E-062, E-063, E-064, E-065 ---- */

enum csr_kind { UNLINKED, RIGHT, MISMATCH, OTHER_KIND, KINDS };

static void
matrix__each_combination(void **state)
{
	const struct gh_tls connections[] = {
	    connection("TLSv1.2", false, 12),
	    connection("TLSv1.2", true, 12),
	    connection("TLSv1.2", true, 0), /* without extended master secret */
	    connection("TLSv1.3", false, 32),
	    connection("TLSv1.3", true, 32),
	};
	static const char *const oids[] = {PASSWORD, LINKING};

	(void)state;
	for (size_t c = 0; c < sizeof(connections) / sizeof(connections[0]); c++) {
		const struct gh_tls *t = &connections[c];
		struct gh_tls right = *t, wrong = *t,
			      other = connection("", false, t->binding_len == 32 ? 12 : 32);

		if (t->binding_len == 0) /* what the client would take for it */
			right = wrong = connection("TLSv1.2", true, 12);
		wrong.binding[0] ^= 1;
		for (int kind = UNLINKED; kind < KINDS; kind++) {
			const struct gh_tls *from = kind == RIGHT ? &right
			    : kind == MISMATCH                    ? &wrong
								  : &other;
			char *text =
			    gh_base64_encode(from->binding, from->binding_len, GH_BASE64_ONE_LINE);
			bool is_right = kind == RIGHT && t->binding_len > 0;

			for (size_t o = 0; o < 2; o++) {
				struct attribute a = {oids[o], text, 0};
				size_t n = kind == UNLINKED ? 0 : 1;
				bool is_hidden = oids[o] == oids[0];

				assert_int_equal(check(EST_LINKING_IF_PRESENT, false, t, &a, n),
				    is_right || n == 0 ? 0 : GH_E_LINKING);
				assert_int_equal(check(EST_LINKING_REQUIRED, false, t, &a, n),
				    is_right ? 0 : GH_E_LINKING);
				/* E-066: a challengePassword is something else there */
				assert_int_equal(check(EST_LINKING_NONE, false, t, &a, n),
				    is_right || n == 0 || is_hidden ? 0 : GH_E_LINKING);
			}
			free(text);
		}
	}
}

/* E-065: each for itself, and all of them. */
static void
attributes__all_must_pass(void **state)
{
	struct gh_tls t = connection("TLSv1.2", false, 12);
	char *right = gh_base64_encode(t.binding, 12, GH_BASE64_ONE_LINE);
	const struct attribute both[] = {{PASSWORD, right, 0}, {LINKING, right, V_ASN1_UTF8STRING}};
	const struct attribute first[] = {{PASSWORD, right, 0}, {LINKING, "AAAA", 0}};
	const struct attribute second[] = {{PASSWORD, "AAAA", 0}, {LINKING, right, 0}};
	const struct attribute otp[] = {{PASSWORD, right, 0}, {OTP, "123456", 0}};
	const struct attribute revocation[] = {{PASSWORD, right, 0}, {REVOCATION, "secret", 0}};

	(void)state;
	assert_int_equal(check(EST_LINKING_IF_PRESENT, false, &t, both, 2), 0);
	assert_int_equal(check(EST_LINKING_IF_PRESENT, false, &t, first, 2), GH_E_LINKING);
	assert_int_equal(check(EST_LINKING_IF_PRESENT, false, &t, second, 2), GH_E_LINKING);
	assert_int_equal(check(EST_LINKING_NONE, false, &t, second, 2), 0);
	assert_int_equal(check(EST_LINKING_NONE, false, &t, otp, 2), GH_E_LINKING);
	assert_int_equal(check(EST_LINKING_REQUIRED, false, &t, revocation, 2), 0);
	assert_int_equal(check(EST_LINKING_REQUIRED, false, &t, revocation + 1, 1), GH_E_LINKING);
	free(right);
}

/* E-060: a text of up to 255 characters, of these types. */
static void
value__types_and_sizes(void **state)
{
	static char blanks[300];
	struct gh_tls t = connection("TLSv1.3", false, 32);
	char *right = gh_base64_encode(t.binding, 32, GH_BASE64_ONE_LINE);
	const struct {
		struct attribute a;
		int rc;
	} rows[] = {
	    {{PASSWORD, right, V_ASN1_PRINTABLESTRING}, 0},
	    {{PASSWORD, right, V_ASN1_UTF8STRING}, 0},
	    {{PASSWORD, right, V_ASN1_IA5STRING}, 0},
	    {{PASSWORD, right, V_ASN1_T61STRING}, 0},
	    {{PASSWORD, right, V_ASN1_OCTET_STRING}, GH_E_LINKING},
	    {{PASSWORD, right, V_ASN1_BMPSTRING}, GH_E_LINKING},
	    {{PASSWORD, "my-scep-secret!", V_ASN1_PRINTABLESTRING}, GH_E_LINKING},
	    {{PASSWORD, "", V_ASN1_PRINTABLESTRING}, GH_E_LINKING},
	    {{PASSWORD, blanks, V_ASN1_PRINTABLESTRING}, GH_E_LINKING},
	};

	(void)state;
	memset(blanks, ' ', sizeof(blanks) - 1);
	memcpy(blanks, right, strlen(right));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(check(EST_LINKING_IF_PRESENT, false, &t, &rows[i].a, 1),
		    rows[i].rc);
	free(right);
}

/* E-064: what went wrong is said. */
static void
message__names_linking(void **state)
{
	struct gh_tls t = connection("TLSv1.3", false, 32);
	const struct attribute unique = {PASSWORD, "DAwMDAwMDAwMDAwM", 0};

	(void)state;
	assert_int_equal(check(EST_LINKING_IF_PRESENT, false, &t, &unique, 1), GH_E_LINKING);
	assert_non_null(strstr(err.message, "linked"));
	assert_non_null(strstr(err.message, "TLS 1.3 has none"));
	assert_int_equal(check(EST_LINKING_REQUIRED, false, &t, NULL, 0), GH_E_LINKING);
	assert_non_null(strstr(err.message, "linked"));
}

/* E-044: the connection is the RA's, and the value of the device behind it. */
static void
ra__forwards_what_others_linked(void **state)
{
	struct gh_tls t = connection("TLSv1.2", false, 12);
	const struct attribute of_device = {PASSWORD, "AAAA", 0};

	(void)state;
	assert_int_equal(check(EST_LINKING_REQUIRED, true, &t, &of_device, 1), 0);
	assert_int_equal(check(EST_LINKING_IF_PRESENT, true, &t, NULL, 0), 0);
	assert_int_equal(check(EST_LINKING_REQUIRED, true, &t, NULL, 0), GH_E_LINKING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matrix__each_combination),
	    cmocka_unit_test(attributes__all_must_pass),
	    cmocka_unit_test(value__types_and_sizes),
	    cmocka_unit_test(message__names_linking),
	    cmocka_unit_test(ra__forwards_what_others_linked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
