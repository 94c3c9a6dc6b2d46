/* The CSR form: what is taken for a request, three types of body, names that must match, answers,
 * and the same form once more. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "buf.h"
#include "csr/csr_answer.h"
#include "csr/csr_data.h"
#include "csr/csr_facts.h"
#include "encoding.h"

#include "fake.h"

static struct gh_error err;

/* ---- requests ---- */

struct made {
	unsigned char *der;
	size_t len;
	char *pem;
};

static void
made_free(struct made *m)
{
	OPENSSL_free(m->der);
	free(m->pem);
}

static char *
pem_text(BIO *bio)
{
	char *p, *text;
	long n = BIO_get_mem_data(bio, &p);

	text = strndup(p, (size_t)n);
	BIO_free(bio);
	return text;
}

/* names: "O=...", one after the other, NULL-ended, string type in front: "U:CN=..." UTF8String,
 * "B:" BMPString, "T:" TeletexString, "P:" PrintableString. */
static struct made
make(const char *const *names, const char *san)
{
	X509_REQ *req = X509_REQ_new();
	X509_NAME *n = X509_REQ_get_subject_name(req);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	struct made m = {0};

	for (; *names != NULL; names++) {
		char type[8] = "";
		const char *equals = strchr(*names, '=');
		int string = **names == 'B' ? V_ASN1_BMPSTRING
		    : **names == 'T'        ? V_ASN1_T61STRING
		    : **names == 'P'        ? V_ASN1_PRINTABLESTRING
					    : V_ASN1_UTF8STRING;
		unsigned char wide[200];
		const char *value = equals + 1;
		int len = (int)strlen(value);

		memcpy(type, *names + 2, (size_t)(equals - *names - 2));
		if (string == V_ASN1_BMPSTRING) {
			for (int i = 0; i < len; i++) {
				wide[2 * i] = 0;
				wide[2 * i + 1] = (unsigned char)value[i];
			}
			value = (char *)wide;
			len *= 2;
		}
		assert_int_equal(X509_NAME_add_entry_by_txt(n, type, string,
				     (const unsigned char *)value, len, -1, 0),
		    1);
	}
	if (san != NULL) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

		sk_X509_EXTENSION_push(list,
		    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
		X509_REQ_add_extensions(req, list);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	X509_REQ_set_version(req, X509_REQ_VERSION_1);
	X509_REQ_set_pubkey(req, key);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	m.len = (size_t)i2d_X509_REQ(req, &m.der);
	PEM_write_bio_X509_REQ(bio, req);
	m.pem = pem_text(bio);
	EVP_PKEY_free(key);
	X509_REQ_free(req);
	return m;
}

static struct made
make_named(const char *name)
{
	const char *const names[] = {name, NULL};

	return make(names, NULL);
}

/* ---- csr_data ---- */

static int
parse(const void *p, size_t n)
{
	struct ca_pkcs10 *csr = NULL;
	int rc;

	memset(&err, 0, sizeof(err));
	rc = csr_data_parse(p, n, &csr, &err);
	assert_true((rc == 0) == (csr != NULL));
	ca_pkcs10_free(csr);
	return rc;
}

static int
parse_text(const char *text)
{
	return parse(text, strlen(text));
}

static void
data__each_form_of_a_request(void **state)
{
	struct made m = make_named("U:CN=a");
	char *one_line = gh_base64_encode(m.der, m.len, GH_BASE64_ONE_LINE), *text;

	(void)state;
	assert_int_equal(parse(m.der, m.len), 0);
	assert_int_equal(parse_text(m.pem), 0);
	assert_int_equal(parse_text(one_line), 0);
	assert_true(
	    asprintf(&text, "\xef\xbb\xbf\r\nSubject: CN=a\r\n%s\r\nand more\r\n", m.pem) > 0);
	assert_int_equal(parse_text(text), 0);
	free(text);
	assert_true(asprintf(&text,
			"-----BEGIN NEW CERTIFICATE REQUEST-----\r\n%s\r\n-----END NEW CERTIFICATE "
			"REQUEST-----",
			one_line) > 0);
	assert_int_equal(parse_text(text), 0);
	free(text);
	free(one_line);
	made_free(&m);
}

/* A private key in each encoding: it is called what it is, and nothing of it is in the message. */
static void
expect_key(const void *p, size_t n)
{
	assert_int_equal(parse(p, n), GH_E_CSR);
	assert_non_null(strstr(err.message, "private key"));
	assert_string_equal(err.message, err.detail);
}

static void
check_key(EVP_PKEY *key, bool traditional)
{
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *pem, *base64;
	int n;

	if (traditional)
		PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
	else
		PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
	pem = pem_text(bio);
	expect_key(pem, strlen(pem));
	pem[strlen(pem) - 20] = '\0'; /* the last line is missing */
	expect_key(pem, strlen(pem));
	free(pem);
	n = i2d_PrivateKey(key, &der);
	expect_key(der, (size_t)n);
	base64 = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	expect_key(base64, strlen(base64));
	free(base64);
	OPENSSL_free(der);
}

static void
data__a_private_key_is_called_one(void **state)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048),
		 *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct made m = make_named("U:CN=a");
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(rsa);
	unsigned char *der = NULL;
	char *text;
	int n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);

	(void)state;
	check_key(ec, true);
	check_key(rsa, true);
	check_key(ec, false);
	check_key(ed, false);
	expect_key(der, (size_t)n);
	/* behind the request, as some tools write one file */
	assert_true(
	    asprintf(&text, "%s-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		m.pem) > 0);
	expect_key(text, strlen(text));
	free(text);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed);
	made_free(&m);
}

static void
data__what_is_no_request_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"", "empty"},
	    {" \r\n\t", "empty"},
	    {"hello", "no certificate request"},
	    {"<script>alert(1)</script>", "no certificate request"},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"a certificate, not"},
	    {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "PEM lines"},
	    {"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "cut off"},
	    {"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE-----\n", "cut off"},
	};
	struct made m = make_named("U:CN=a");
	char *two;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse_text(rows[i].text), GH_E_CSR);
		if (strstr(err.message, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].text, err.message);
	}
	assert_int_equal(parse("a\0b", 3), GH_E_CSR);
	assert_non_null(strstr(err.message, "binary"));
	assert_int_equal(parse(m.der, m.len - 1), GH_E_CSR);
	assert_true(asprintf(&two, "%s%s", m.pem, m.pem) > 0);
	assert_int_equal(parse_text(two), GH_E_CSR);
	assert_non_null(strstr(err.message, "more than one"));
	free(two);
	two = calloc(1, 300 * 1024);
	memset(two, 'A', 300 * 1024 - 1);
	assert_int_equal(parse_text(two), GH_E_TOO_LARGE);
	free(two);
	made_free(&m);
}

/* ---- names ---- */

static int
compare_names(const char *const *names, const char *typed)
{
	struct made m = make(names, NULL);
	struct ca_pkcs10 *csr;
	int rc;

	assert_int_equal(ca_pkcs10_parse(m.der, m.len, &csr, &err), 0);
	rc = csr_check_common_name(csr, typed, &err);
	ca_pkcs10_free(csr);
	made_free(&m);
	return rc;
}

/* RFC 5280, 7.1: one row for each rule, the request's name in each string type. */
static void
common_name__is_compared_as_relying_parties_do(void **state)
{
	static const struct {
		const char *csr, *typed;
		bool same;
	} rows[] = {
	    {"U:CN=www.example.com", "www.example.com", true},
	    {"P:CN=www.example.com", "www.example.com", true},
	    {"B:CN=www.example.com", "www.example.com", true},
	    {"T:CN=www.example.com", "www.example.com", true},
	    {"U:CN=WWW.Example.COM", "www.example.com", true},
	    {"U:CN=Alice  Smith ", " alice smith", true},
	    {"U:CN=M\xc3\xbcller", "Mu\xcc\x88ller", true}, /* composed, decomposed */
	    {"U:CN=www.example.com", "www.example.org", false},
	    {"U:CN=www.example.com", "ww.example.com", false},
	    {"U:CN=alicesmith", "alice smith", false},
	    {"U:CN=Mueller", "M\xc3\xbcller", false},
	    {"U:O=www.example.com", "www.example.com", false},
	    {"U:O=x", NULL, true},
	    {"U:CN=x", NULL, false},
	};
	static const char *const two[] = {"U:CN=a", "U:CN=b", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const names[] = {rows[i].csr, NULL};

		if (compare_names(names, rows[i].typed) != (rows[i].same ? 0 : GH_E_VALIDATION))
			fail_msg("%s and %s", rows[i].csr, rows[i].typed);
	}
	assert_int_equal(compare_names(two, "a"), GH_E_VALIDATION);
}

static void
sans__are_a_part_of_the_requests(void **state)
{
	static const char *const names[] = {"U:CN=a", NULL};
	static const struct {
		const char *name;
		bool is_there;
	} rows[] = {
	    {"dns:www.example.com", true},
	    {"WWW.example.com", true},
	    {"dns:mail.example.com", false},
	    {"ip:192.0.2.1", true},
	    {"192.0.2.1", true},
	    {"2001:db8:0:0::1", true},
	    {"ip:192.0.2.2", false},
	    {"alice@example.com", true},
	    {"email:www.example.com", false},
	    {"https://www.example.com/A", true},
	    {"https://www.example.com/a", false},
	    {"dns:192.0.2.1", false},
	};
	struct made m = make(names,
	    "DNS:www.example.com,IP:192.0.2.1,IP:2001:db8::1,email:Alice@example.com,"
	    "URI:https://www.example.com/A");
	struct ca_pkcs10 *csr;

	(void)state;
	assert_int_equal(ca_pkcs10_parse(m.der, m.len, &csr, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gh_json *list = gh_json_new_array();

		gh_json_append(list, gh_json_new_string("dns:www.example.com"));
		gh_json_append(list, gh_json_new_string(rows[i].name));
		if (csr_check_sans(csr, list, &err) != (rows[i].is_there ? 0 : GH_E_VALIDATION))
			fail_msg("%s", rows[i].name);
		gh_json_free(list);
	}
	ca_pkcs10_free(csr);
	made_free(&m);
}

static const char *
text_of(const gh_json *o, const char *name)
{
	return gh_json_string(gh_json_get(o, name));
}

static void
facts__say_what_is_there(void **state)
{
	static const char *const names[] = {"U:C=DE", "U:O=Example <b>GmbH</b>", "U:CN=a\nb", NULL};
	struct made m = make(names, "DNS:a.example");
	struct ca_pkcs10 *csr;
	gh_json *o;
	int64_t bits;

	(void)state;
	assert_int_equal(ca_pkcs10_parse(m.der, m.len, &csr, &err), 0);
	assert_non_null(o = csr_facts(csr));
	assert_string_equal(text_of(o, "country"), "DE");
	assert_string_equal(text_of(o, "organization"), "Example <b>GmbH</b>");
	assert_string_equal(text_of(o, "common_name"), "a?b");
	assert_string_equal(text_of(o, "key_type"), "EC");
	assert_string_equal(text_of(o, "curve"), "P-256");
	assert_true(gh_json_int(gh_json_get(o, "key_size"), &bits) && bits == 256);
	assert_string_equal(gh_json_string(gh_json_at(gh_json_get(o, "sans"), 0)), "dns:a.example");
	assert_int_equal(strlen(text_of(o, "sha256")), 64);
	gh_json_free(o);
	ca_pkcs10_free(csr);
	made_free(&m);
}

/* ---- the whole door ---- */

static struct worker_env env;
static struct gh_http_request http;
static struct gh_http_field field[3];
static struct requester who;
static struct call call;
static struct gh_http_reply rep;
static gh_json *answer;
static char *csr64; /* of CN "from the csr" */

static int
set_up(void **state)
{
	static char path[] = CSR_PROCESS;

	(void)state;
	fake_world_new(&env);
	fake_conf.csr.application = (char *)"app";
	who = fake_requester("alice");
	who.app_id = 0;
	strcpy(who.app_name, "");
	http = (struct gh_http_request){.method = GH_HTTP_POST, .field = field, .path = path};
	call = (struct call){.http = &http, .requester = &who};
	call.entry = fake_entry("alice");
	csr64 = fake_csr_base64();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dir_entry_free(call.entry);
	gh_http_reply_clear(&rep);
	gh_json_free(answer);
	answer = NULL;
	free(csr64);
	fake_conf.csr.application = NULL;
	fake_world_free(&env);
	return 0;
}

static void
send(const char *type, const void *body, size_t len, const char *key, int status)
{
	struct gh_form form = {0};
	int rc = 0;

	gh_http_reply_clear(&rep);
	gh_json_free(answer);
	answer = NULL;
	field[0] = (struct gh_http_field){"content-type", type};
	field[1] = (struct gh_http_field){"idempotency-key", key};
	http.fields = key != NULL ? 2 : 1;
	http.body = (unsigned char *)body;
	http.body_len = len;
	call.form = &form;
	if (gh_form_is_type(type))
		rc = gh_form_parse(type, body, len, &form, &err);
	assert_int_equal(rc, 0);
	csr_process(&env, &call, &rep);
	gh_form_clear(&form);
	if (rep.status != status)
		fail_msg("%d: %.*s", rep.status, (int)rep.body_len, (char *)rep.body);
	assert_int_equal(gh_json_parse((char *)rep.body, rep.body_len, GH_JSON_STRICT, &answer,
			     &err),
	    0);
	assert_int_equal(gh_json_bool(gh_json_get(answer, "success"), status >= 300), status < 300);
}

#define NAME "\"common_name\":\"From the CSR\""

/* more: ,"member":... */
static void
send_json(const char *more, const char *key, int status)
{
	char body[4096];
	int n = snprintf(body, sizeof(body), "{\"csr_data\":\"%s\"," NAME "%s}", csr64, more);

	send("application/json", body, (size_t)n, key, status);
}

static bool
blames(const char *name)
{
	gh_json *list = gh_json_get(gh_json_get(answer, "errors"), name);

	return gh_json_size(list) > 0 && gh_json_string(gh_json_at(list, 0)) != NULL;
}

static const char *
link_of(const char *name)
{
	return text_of(gh_json_get(answer, "links"), name);
}

static void
process__issued_with_everything(void **state)
{
	gh_json *cert, *csr;

	(void)state;
	send_json(",\"template\":\"User\"", NULL, 201);
	assert_string_equal(text_of(answer, "status"), "issued");
	assert_string_equal(text_of(answer, "template"), "User");
	assert_string_equal(text_of(answer, "ca"), "issuing");
	assert_string_equal(link_of("page"), "/requests/1");
	cert = gh_json_get(answer, "certificate");
	assert_memory_equal(text_of(cert, "pem"), "-----BEGIN CERTIFICATE-----\n", 28);
	assert_int_equal(gh_json_size(gh_json_get(cert, "chain")), 2);
	assert_non_null(text_of(cert, "not_after"));
	csr = gh_json_get(answer, "csr");
	assert_string_equal(text_of(csr, "common_name"), "from the csr");
	assert_string_equal(text_of(csr, "key_type"), "EC");
	assert_int_equal(fake_row(1)->requester.app_id, 7);
	assert_int_equal(fake_ca.signed_certs, 1);
}

static void
process__pending_has_its_link(void **state)
{
	(void)state;
	send_json(",\"template\":\"Slow\",\"ca_id\":1,\"email\":\"alice@example.com\"", NULL, 202);
	assert_string_equal(text_of(answer, "status"), "pending");
	assert_null(gh_json_get(answer, "certificate"));
	assert_string_equal(link_of("page"), "/requests/1");
	assert_string_equal(link_of("request"), "/pki/request/1");
	assert_int_equal(fake_ca.signed_certs, 0);
}

/* The same in each type of body. */
static void
process__three_types_of_body(void **state)
{
	char body[8192], *pem = fake_csr_pem(), *escaped = calloc(1, 3 * strlen(pem) + 1);
	unsigned char *der;
	struct gh_buf b;
	size_t len;
	int n;

	(void)state;
	for (size_t i = 0; pem[i] != '\0'; i++)
		sprintf(escaped + 3 * i, "%%%02x", (unsigned char)pem[i]);
	n = snprintf(body, sizeof(body),
	    "csr_data=%s&common_name=from+the+csr&template=User&metadata.Dept=x&validity_days=3&sans="
	    "&csrf=y&ca_id=issuing",
	    escaped);
	send("application/x-www-form-urlencoded", body, (size_t)n, NULL, 201);
	assert_string_equal(fake_row(1)->metadata, "{\"Dept\":\"x\"}");
	assert_int_equal(gh_base64_decode(csr64, strlen(csr64), &der, &len, NULL), 0);
	gh_buf_init(&b, 8192);
	gh_buf_puts(&b,
	    "--b\r\nContent-Disposition: form-data; name=\"csr_data\"\r\n\r\n\r\n--b\r\n"
	    "Content-Disposition: form-data; name=\"csr_file\"; filename=\"a.der\"\r\n\r\n");
	gh_buf_put(&b, der, len);
	gh_buf_puts(&b,
	    "\r\n--b\r\nContent-Disposition: form-data; name=\"common_name\"\r\n\r\nfrom the csr\r\n--b\r\n"
	    "Content-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"Dept\":\"x\"}\r\n--b\r\n"
	    "Content-Disposition: form-data; name=\"template\"\r\n\r\nUser\r\n--b--\r\n");
	send("multipart/form-data; boundary=b", b.data, b.len, NULL, 201);
	assert_string_equal(fake_row(2)->metadata, "{\"Dept\":\"x\"}");
	send_json(",\"template\":\"User\",\"metadata\":{\"Dept\":\"x\"}", NULL, 201);
	assert_string_equal(fake_row(3)->metadata, "{\"Dept\":\"x\"}");
	gh_buf_free(&b);
	free(der);
	free(escaped);
	free(pem);
}

static void
process__wrong_fields_are_named(void **state)
{
	static const struct {
		const char *more, *field;
	} rows[] = {
	    {",\"template\":\"User\",\"validity_days\":0", "validity_days"},
	    {",\"template\":\"User\",\"validity_days\":36501", "validity_days"},
	    {",\"template\":\"User\",\"validity_days\":\"x\"", "validity_days"},
	    {",\"template\":\"User\",\"validity_days\":1.5", "validity_days"},
	    {",\"template\":\"User\",\"ca_id\":\"nothing\"", "ca_id"},
	    {",\"template\":\"User\",\"ca_id\":99", "ca_id"},
	    {",\"template\":\"User\",\"ca_id\":\"stopped\"", "ca_id"}, /* not this application's */
	    {",\"template\":\"User\",\"ca_id\":[1]", "ca_id"},
	    {",\"purpose_category\":\"everything\"", "purpose_category"},
	    {"", "purpose_category"}, /* several templates, none chosen */
	    {",\"template\":\"User\",\"email\":\"a@b\\r\\nBcc: c@d\"", "email"},
	    {",\"template\":\"User\",\"email\":\"a@b, c@d\"", "email"},
	    {",\"template\":\"User\",\"email\":\"<a@b>\"", "email"},
	    {",\"template\":\"User\",\"email\":\"alice\"", "email"},
	    {",\"template\":\"User\",\"tenant_id\":\"a\\u0007\"", "tenant_id"},
	    {",\"template\":\"User\",\"language\":\"de;q\"", "language"},
	    {",\"template\":\"User\",\"sans\":[\"dns:a.example\"]", "sans"},
	    {",\"template\":\"User\",\"sans\":\"dns:a.example\"", "sans"},
	    {",\"template\":\"User\",\"metadata\":[]", "metadata"},
	    {",\"template\":\"User\",\"metadata\":{\"None\":\"x\"}", "metadata"},
	    {",\"template\":\"User\",\"metadata\":{\"Count\":\"x\"}", "metadata.Count"},
	    {",\"template\":\"Needs\"", "metadata.Dept"},
	    {",\"template\":\"User\",\"approval_password\":5", "approval_password"},
	    {",\"template\":\"User\",\"typo\":5", "typo"},
	    {",\"purpose_category\":\"code_signing\"", "purpose_category"}, /* there is none */
	    /* what an officer would read is not what it is */
	    {",\"purpose_category\":\"server_auth\",\"template\":\"Slow\"", "purpose_category"},
	    {",\"purpose_category\":\"server_auth\",\"template\":\"User\"", "purpose_category"},
	    {",\"template\":\"Nothing\"", "template"},
	    {",\"template\":\"Closed\"", "template"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		send_json(rows[i].more, NULL, 422);
		if (!blames(rows[i].field))
			fail_msg("%s: %.*s", rows[i].more, (int)rep.body_len, (char *)rep.body);
	}
	assert_int_equal(fake_ca.signed_certs, 0);
	send("application/json", "{}", 2, NULL, 422);
	assert_true(blames("csr_data"));
	send("application/json", "[]", 2, NULL, 400);
}

/* The first of the purpose, in the order of the application. */
static void
process__a_purpose_chooses_the_template(void **state)
{
	(void)state;
	send_json(",\"purpose_category\":\"client_auth\"", NULL, 202);
	assert_string_equal(text_of(answer, "template"), "Slow");
	send_json(",\"purpose_category\":\"client_auth\",\"template\":\"Patient\"", NULL, 201);
	assert_string_equal(text_of(answer, "template"), "Patient");
}

static void
process__common_name_must_match(void **state)
{
	char body[4096];
	int n = snprintf(body, sizeof(body),
	    "{\"csr_data\":\"%s\",\"common_name\":\"other\",\"template\":\"User\"}", csr64);

	(void)state;
	send("application/json", body, (size_t)n, NULL, 422);
	assert_true(blames("common_name"));
	n = snprintf(body, sizeof(body), "{\"csr_data\":\"%s\",\"template\":\"User\"}", csr64);
	send("application/json", body, (size_t)n, NULL, 422);
	assert_true(blames("common_name"));
	assert_int_equal(fake_store.rows, 0);
}

static void
process__repeated_fields_of_a_form(void **state)
{
	static const char *const bodies[] = {"csr_data=x&csr_data=y", "csr_data=x&csr_file=y",
	    "common_name=a&common_name=b", "metadata.Dept=a&metadata.Dept=b", "metadata=1",
	    "metadata=%7b%7d&metadata=%7b%7d", "typo=1", "email=%ff", "metadata.=x"};
	static const char *const fields[] = {"csr_data", "csr_data", "common_name", "metadata.Dept",
	    "metadata", "metadata", "typo", "email", "metadata."};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		send("application/x-www-form-urlencoded", bodies[i], strlen(bodies[i]), NULL, 422);
		if (!blames(fields[i]))
			fail_msg("%s: %.*s", bodies[i], (int)rep.body_len, (char *)rep.body);
	}
}

static void
process__a_key_is_stored_nowhere(void **state)
{
	static const char body[] =
	    "csr_data=-----BEGIN+PRIVATE+KEY-----%0aTOPSECRET%0a-----END+PRIVATE+KEY-----%0a";

	(void)state;
	send("application/x-www-form-urlencoded", body, sizeof(body) - 1, NULL, 422);
	assert_non_null(
	    strstr(gh_json_string(
		       gh_json_at(gh_json_get(gh_json_get(answer, "errors"), "csr_data"), 0)),
		"private key"));
	assert_null(memmem(rep.body, rep.body_len, "TOPSECRET", 9));
	assert_int_equal(fake_store.rows, 0);
	for (int i = 0; i < fake_store.audits; i++)
		assert_null(strstr(fake_store.audit[i], "TOPSECRET"));
}

static void
process__same_once_more_is_the_same_request(void **state)
{
	(void)state;
	send_json(",\"template\":\"User\"", "k1", 201);
	send_json(",\"template\":\"User\"", "k1", 201);
	assert_int_equal(fake_store.rows, 1);
	assert_string_equal(text_of(answer, "template"), "User");
	assert_int_equal(gh_json_size(gh_json_get(gh_json_get(answer, "certificate"), "chain")), 2);
	send_json(",\"template\":\"Patient\"", "k1", 409);
	send_json(",\"template\":\"User\",\"form_token\":\"t1\"", NULL, 201);
	send_json(",\"template\":\"User\",\"form_token\":\"t1\",\"approval_password\":\"x\"", NULL,
	    201);
	send_json(",\"template\":\"User\",\"form_token\":\"t1\",\"email\":\"a@b.c\"", NULL, 409);
	assert_int_equal(fake_store.rows, 2);
	send_json(",\"template\":\"User\",\"form_token\":\"t2\"", NULL, 201);
	send_json(",\"template\":\"User\"", NULL, 201);
	assert_int_equal(fake_store.rows, 4);
	assert_int_equal(fake_ca.signed_certs, 4);
	/* a database that is away for the answer gives no second certificate */
	fake_store.fail_record = GH_E_DB_DOWN;
	send_json(",\"template\":\"User\"", "k9", 503);
	fake_store.fail_record = 0;
	send_json(",\"template\":\"User\"", "k9", 201);
	assert_int_equal(fake_store.rows, 5);
}

static void
process__denials_are_recorded(void **state)
{
	(void)state;
	send_json(",\"template\":\"NoUpn\"", "k1", 403);
	assert_string_equal(text_of(answer, "code"), "upn_required");
	assert_string_equal(link_of("page"), "/requests/1");
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
	send_json(",\"template\":\"NoUpn\"", "k1", 403);
	assert_int_equal(fake_store.rows, 1);
}

static void
process__without_its_application(void **state)
{
	(void)state;
	fake_conf.csr.application = (char *)"";
	send_json(",\"template\":\"User\"", NULL, 403);
	assert_non_null(strstr(text_of(answer, "message"), "csr.application"));
	fake_conf.csr.application = (char *)"disabled";
	send_json(",\"template\":\"User\"", NULL, 403);
	assert_int_equal(fake_store.rows, 0);
}

#define DOOR(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(data__each_form_of_a_request),
	    cmocka_unit_test(data__a_private_key_is_called_one),
	    cmocka_unit_test(data__what_is_no_request_is_named),
	    cmocka_unit_test(common_name__is_compared_as_relying_parties_do),
	    cmocka_unit_test(sans__are_a_part_of_the_requests),
	    cmocka_unit_test(facts__say_what_is_there),
	    DOOR(process__issued_with_everything),
	    DOOR(process__pending_has_its_link),
	    DOOR(process__three_types_of_body),
	    DOOR(process__wrong_fields_are_named),
	    DOOR(process__a_purpose_chooses_the_template),
	    DOOR(process__common_name_must_match),
	    DOOR(process__repeated_fields_of_a_form),
	    DOOR(process__a_key_is_stored_nowhere),
	    DOOR(process__same_once_more_is_the_same_request),
	    DOOR(process__denials_are_recorded),
	    DOOR(process__without_its_application),
	};

	return cmocka_run_group_tests_name("enroll/csr", tests, NULL, NULL);
}
