/* Bodies of CertEnroll: their members, spellings and times, and what is answered. */
/* valgrind: parses bytes from outside */
#include "enroll/ce_case.h"

/* ---- the answer ---- */
static void
ce__answer_has_the_documented_members_in_order(void **state)
{
	static const char *const name[] = {"{\"SerialNumber\":\"",
	    ",\"IssuerDN\":\"CN=Issuing, DC=test\"", ",\"Thumbprint\":\"", ",\"CMSID\":101",
	    ",\"CMSRequestId\":1", ",\"Certificates\":\"", ",\"RequestDisposition\":\"Issued\"",
	    ",\"DispositionMessage\":\"\"}"};
	char *body = envelope("User", ""), *text = post_for(&v3, body, 200);
	const char *p = text;

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		if ((p = strstr(p, name[i])) == NULL)
			fail_msg("%s is not in its place: %s", name[i], text);
	}
	assert_null(strstr(text, "\\/"));
	assert_null(strstr(text, "\\u002"));
	assert_null(strstr(text, "Message\":\"Denied"));
	free(text);
	free(body);
}

/* Lines of 64 with CRLF, the last one too. */
static void
check_lines(const char *text)
{
	const char *p = text, *end;

	assert_true(strlen(text) > 64);
	for (; (end = strstr(p, "\r\n")) != NULL; p = end + 2)
		assert_true(end - p == 64 || end[2] == '\0');
	assert_int_equal(*p, '\0');
}

static void
ce__certificates_is_a_pkcs7_leaf_issuer_root(void **state)
{
	char *body = envelope("User", ""), *text = post_for(&v3, body, 200), *b64;
	const unsigned char *p;
	unsigned char *der;
	size_t len;
	STACK_OF(X509) * certs;
	PKCS7 *p7;

	(void)state;
	b64 = member(text, "Certificates");
	check_lines(b64);
	assert_int_equal(gh_base64_decode(b64, strlen(b64), &der, &len, NULL), 0);
	p = der;
	p7 = d2i_PKCS7(NULL, &p, (long)len);
	assert_non_null(p7);
	certs = p7->d.sign->cert;
	assert_int_equal(sk_X509_num(certs), 3);
	assert_int_equal(X509_check_issued(sk_X509_value(certs, 1), sk_X509_value(certs, 0)),
	    X509_V_OK);
	assert_int_equal(X509_check_issued(sk_X509_value(certs, 2), sk_X509_value(certs, 1)),
	    X509_V_OK);
	assert_int_equal(X509_check_issued(sk_X509_value(certs, 2), sk_X509_value(certs, 2)),
	    X509_V_OK);
	PKCS7_free(p7);
	free(der);
	free(b64);
	free(text);
	free(body);
}

/* Flags: numbers and strings; bits that nobody defined are ignored. */
static void
ce__flags(void **state)
{
	static const struct {
		const char *flags;
		int status;
		bool cert_only;
	} c[] = {
	    {"0", 200, false},
	    {"1", 200, true},
	    {"\"1\"", 200, true},
	    {"\"0\"", 200, false},
	    {"null", 200, false},
	    {"17", 200, true},
	    {"16", 200, false},
	    {"4294967295", 200, true},
	    {"4294967296", 400, false},
	    {"-1", 400, false},
	    {"\"x\"", 400, false},
	    {"1.5", 400, false},
	    {"[]", 400, false},
	    {"true", 400, false},
	    {"\"\"", 400, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char more[64], *body, *text, *b64;
		unsigned char *der;
		size_t len;
		bool is_cert;

		snprintf(more, sizeof(more), ",\"Flags\":%s", c[i].flags);
		body = envelope("User", more);
		text = post_for(&v3, body, c[i].status);
		free(body);
		if (c[i].status == 200) {
			const unsigned char *p;
			X509 *x;

			b64 = member(text, "Certificates");
			assert_int_equal(gh_base64_decode(b64, strlen(b64), &der, &len, NULL), 0);
			p = der;
			is_cert = (x = d2i_X509(NULL, &p, (long)len)) != NULL;
			X509_free(x);
			assert_int_equal(is_cert, c[i].cert_only);
			free(der);
			free(b64);
		}
		free(text);
	}
}

/* ---- the body ---- */
static void
ce__member_names_in_any_case_and_trimmed(void **state)
{
	char stamp[GH_TIMESTAMP_SIZE], *csr = fake_csr_base64(), *body;

	(void)state;
	assert_true(
	    asprintf(&body,
		"{\n \" REQUEST \" : { \"pkcs10request \":\"%s\",\"Unknown\":{\"a\":[1]},"
		"\"templatename\":\" user \",\"metadataList\":null,\"flags\":0},\"timestamp\":\"%s\", \"x\":1 }",
		csr, gh_timestamp_format(gh_now(), stamp)) > 0);
	expect_v3(body, 200, "\"Issued\"");
	free(body);
	free(csr);
}

/* How the lines of a PEM end, and what stands around it. "\n" stays raw, as here-documents leave
 * it. */
static char *
armoured(const char *label, const char *eol, const char *before)
{
	char *pem = fake_csr_pem(), *out = malloc(8192), *p = out, *line, *save = NULL;

	p += sprintf(p, "%s", before);
	for (line = strtok_r(pem, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		bool is_dash = line[0] == '-';

		if (is_dash && *label == '\0')
			continue;
		if (is_dash)
			p += sprintf(p, "-----%s %s-----%s", line[5] == 'B' ? "BEGIN" : "END",
			    label, eol);
		else
			p += sprintf(p, "%s%s", line, eol);
	}
	free(pem);
	return out;
}

static void
ce__every_armour(void **state)
{
	static const struct {
		const char *label, *eol, *before;
	} c[] = {
	    {"CERTIFICATE REQUEST", "\\n", ""},
	    {"CERTIFICATE REQUEST", "\\r\\n", "  "},
	    {"NEW CERTIFICATE REQUEST", "\\r\\n", "    "},
	    {"CERTIFICATE REQUEST", "\n", ""},
	    {"CERTIFICATE REQUEST", "\r\n", ""},
	    {"NEW CERTIFICATE REQUEST", " ", ""},
	    {"CERTIFICATE REQUEST", " ", "\\r\\n"},
	    {"", "\n", ""},
	    {"", "\\r\\n", "\t"},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], *csr = armoured(c[i].label, c[i].eol, c[i].before),
					       *body;

		assert_true(asprintf(&body,
				"{\"timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"User\","
				"\"Pkcs10Request\":\"%s\"}}",
				gh_timestamp_format(gh_now(), stamp), csr) > 0);
		expect_v3(body, 200, "\"Issued\"");
		free(body);
		free(csr);
	}
}

/* Spellings of now, by strftime; %% stands for fractions and zones. */
static void
ce__every_timestamp_spelling(void **state)
{
	static const struct {
		const char *format;
		int offset;
	} c[] = {
	    {"\"%Y-%m-%dT%H:%M:%S.123Z\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S.000000\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%SZ\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S+02:00\"", 7200},
	    {"\"%Y-%m-%dT%H:%M:%S.123456789+02:00\"", 7200},
	    {"\"%Y-%m-%dT%H:%M:%S.123456Z\"", 0},
	    {"\"%m/%d/%Y %H:%M:%S\"", 0},
	    {"\"%Y-%m-%dT%H:%M:%S-05:30\"", -19800},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		time_t t = (time_t)gh_now() + c[i].offset;
		struct tm tm;
		char value[64], *body;

		strftime(value, sizeof(value), c[i].format, gmtime_r(&t, &tm));
		body = body_with_timestamp(value);
		expect_v3(body, 200, "\"Issued\"");
		free(body);
	}
}

static void
ce__timestamp_outside_the_window_is_403(void **state)
{
	static const struct {
		int offset, status;
	} c[] = {
	    {-290, 200},
	    {290, 200},
	    {-310, 403},
	    {310, 403},
	    {-86400, 403},
	    {86400 * 365, 403},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], value[64], *body;

		snprintf(value, sizeof(value), "\"%s\"",
		    gh_timestamp_format(gh_now() + c[i].offset, stamp));
		body = body_with_timestamp(value);
		expect_v3(body, c[i].status,
		    c[i].status == 200 ? "Issued" : "\"ErrorCode\":\"0x80070005\"");
		free(body);
	}
}

static void
ce__timestamp_unreadable_is_400(void **state)
{
	static const char *const c[] = {
	    "\"\"",
	    "\"yesterday\"",
	    "\"2024-13-01T00:00:00Z\"",
	    "\"2023-02-29T00:00:00Z\"",
	    "1700000000",
	    "\"1700000000\"",
	    "null",
	    "[]",
	    "{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char *body = body_with_timestamp(c[i]);

		expect_v3(body, 400, "Timestamp");
		free(body);
	}
	assert_int_equal(fake_store.rows, 0);
}

static void
ce__two_members_of_one_meaning_are_400(void **state)
{
	static const char *const c[] = {
	    "{\"Timestamp\":\"%s\",\"timestamp\":\"%s\",\"Request\":{}}",
	    "{\"Timestamp\":\"%s\",\"TIMESTAMP \":\"%s\",\"Request\":{}}",
	    "{\"Timestamp\":\"%s\",\"Request\":{},\"request\":{\"a\":\"%s\"}}",
	    "{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"User\",\"templateName\":\"%s\"}}",
	    "{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"U\",\"Flags\":0,\"flags\":1,\"x\":\"%s\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], body[512];

		gh_timestamp_format(gh_now(), stamp);
		snprintf(body, sizeof(body), c[i], stamp, stamp);
		expect_v3(body, 400, "twice");
	}
}

static void
ce__bodies_that_are_no_request(void **state)
{
	static const char *const c[] = {
	    "",
	    "{",
	    "[]",
	    "null",
	    "\"x\"",
	    "7",
	    "{}",
	    "{\"Timestamp\":\"2024-01-02T03:04:05Z\"}",
	    "{\"Timestamp\":\"2024-01-02T03:04:05Z\",\"Request\":null}",
	    "{\"Timestamp\":\"2024-01-02T03:04:05Z\",\"Request\":[]}",
	    "{\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"}",
	    "{\"a\":1}{\"a\":1}",
	    "{'a':1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++)
		expect_v3(c[i], 400, "\"Message\":\"");
	assert_int_equal(fake_store.rows, 0);
	assert_int_equal(fake_store.audits, (int)(sizeof(c) / sizeof(*c)));
}

static void
ce__members_missing_or_of_a_wrong_type(void **state)
{
	static const struct {
		const char *request, *message;
	} c[] = {
	    {"\"Pkcs10Request\":\"AAAA\"", "TemplateName is missing"},
	    {"\"Pkcs10Request\":\"AAAA\",\"TemplateName\":7", "TemplateName is not a string"},
	    {"\"Pkcs10Request\":\"AAAA\",\"TemplateName\":\"  \"", "TemplateName is empty"},
	    {"\"Pkcs10Request\":\"AAAA\",\"TemplateName\":\"a\\u0001\"", "control character"},
	    {"\"TemplateName\":\"User\"", "Pkcs10Request is missing"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":null", "Pkcs10Request is not a string"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":\"\"", "0x8007000D"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"", "0x8007000D"},
	    {"\"TemplateName\":\"User\",\"Pkcs10Request\":\"***\"", "0x8007000D"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char stamp[GH_TIMESTAMP_SIZE], body[512];

		snprintf(body, sizeof(body), "{\"Timestamp\":\"%s\",\"Request\":{%s}}",
		    gh_timestamp_format(gh_now(), stamp), c[i].request);
		expect_v3(body, 400, c[i].message);
		assert_int_equal(fake_store.audits, (int)i + 1);
		assert_non_null(strstr(fake_store.audit[i], "enroll.refused failure alice"));
	}
	assert_int_equal(fake_store.rows, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(ce__answer_has_the_documented_members_in_order),
	    T(ce__certificates_is_a_pkcs7_leaf_issuer_root),
	    T(ce__flags),
	    T(ce__member_names_in_any_case_and_trimmed),
	    T(ce__every_armour),
	    T(ce__every_timestamp_spelling),
	    T(ce__timestamp_outside_the_window_is_403),
	    T(ce__timestamp_unreadable_is_400),
	    T(ce__two_members_of_one_meaning_are_400),
	    T(ce__bodies_that_are_no_request),
	    T(ce__members_missing_or_of_a_wrong_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
