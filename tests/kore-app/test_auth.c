/* Authentication of a call. Directory and store are replaced by the stand-ins below, at link time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "buf.h"
#include "encoding.h"
#include "store/revocation.h"

#include "auth.h"
#include "auth_password.h"

/* ---- stand-ins ---- */
static struct {
	int dir_fail, store_fail;
	int binds, finds, audits;
	bool cert_is_revoked;
	char audit[256];                 /* the last one */
	char admin_hash[AUTH_PASSWORD_HASH_SIZE];
	bool admin_enabled;
} fake;

/* "alice" with mail and UPN; "dave" is disabled. */
static int
entry_of(const char *name, struct dir_entry **out, struct gh_error *err)
{
	bool is_alice = strcasecmp(name, "alice") == 0 || strcmp(name, "alice@mail.test") == 0 || strcasecmp(name, "alice@example.test") == 0 ||
	    strcasecmp(name, "CORP\\alice") == 0 || strcasecmp(name, "alias@example.test") == 0;
	struct dir_entry *e;

	*out = NULL;
	if (!is_alice && strcmp(name, "dave") != 0)
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "nobody");
	assert_non_null(e = dir_entry_new());
	e->dn = strdup(is_alice ? "cn=alice,dc=example" : "cn=dave,dc=example");
	e->is_disabled = !is_alice;
	if (is_alice)
		assert_int_equal(dir_entry_add(e, DIR_SAM_ACCOUNT_NAME, "alice", 5) |
		    dir_entry_add(e, DIR_UPN, "alice@example.test", 18) |
		    dir_entry_add(e, DIR_MAIL, "alice@mail.test", 15), 0);
	*out = e;
	return 0;
}

int
dir_find(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	(void)d;
	*out = NULL;
	fake.finds++;
	return fake.dir_fail != 0 ? gh_fail(err, fake.dir_fail, "told to") : entry_of(name, out, err);
}

int
dir_authenticate(struct dir *d, const char *name, const char *password, struct dir_entry **out,
    struct gh_error *err)
{
	(void)d;
	*out = NULL;
	fake.binds++;
	assert_true(*password != '\0');
	if (fake.dir_fail != 0)
		return gh_fail(err, fake.dir_fail, "told to");
	if (strcmp(password, "secret") != 0 || entry_of(name, out, NULL) != 0)
		return gh_fail(err, GH_E_AUTH_FAILED, "wrong password or unknown");
	return 0;
}

int
store_get_user(struct store *s, const char *name, char **hash, unsigned *roles, bool *enabled,
    struct gh_error *err)
{
	(void)s;
	*hash = NULL;
	if (fake.store_fail != 0)
		return gh_fail(err, fake.store_fail, "told to");
	if (strcmp(name, "admin") != 0)
		return gh_fail(err, GH_E_NOT_FOUND, "no such user");
	*hash = strdup(fake.admin_hash);
	*roles = REQUESTER_ROLE_OFFICER;
	*enabled = fake.admin_enabled;
	return 0;
}

int
store_is_revoked(struct store *s, const unsigned char *der, size_t len, bool *out, struct gh_error *err)
{
	(void)s;
	(void)der;
	(void)len;
	*out = fake.cert_is_revoked;
	return fake.store_fail != 0 ? gh_fail(err, fake.store_fail, "told to") : 0;
}

int
store_audit(struct store *s, const struct store_audit *a, struct gh_error *err)
{
	(void)s;
	(void)err;
	fake.audits++;
	snprintf(fake.audit, sizeof(fake.audit), "%.30s %.10s %.60s %.60s", a->event, a->outcome, a->who->name,
	    a->object != NULL ? a->object : "-");
	return 0;
}

/* ---- world ---- */
static const unsigned char server_secret[32] = { 7 };
static struct gh_conf conf;
static struct enroll_env env;
static struct auth_limiter *limiter;
static struct auth_result result;
static struct gh_error err;

static void
put_app(struct gh_buf *b, int id, const char *more)
{
	unsigned char index[32];
	char key[16], *hex, *sealed;

	snprintf(key, sizeof(key), "key%d", id);
	catalog_key_index(server_secret, key, strlen(key), index);
	hex = gh_hex_encode(index, sizeof(index));
	assert_int_equal(catalog_seal(server_secret, "example-secret", 14, &sealed, NULL), 0);
	gh_buf_putf(b, "%s{\"id\":%d,\"name\":\"app%d\",\"key_index\":\"%s\",\"secret_sealed\":\"%s\",\"templates\":[],"
	    "\"ca\":\"ca\"%s}", id > 1 ? "," : "", id, id, hex, sealed, more);
	free(hex);
	free(sealed);
}

#define ON ",\"enabled\":true"

static void
load_catalog(void)
{
	struct gh_buf b;
	gh_json *j;

	gh_buf_init(&b, 65536);
	gh_buf_puts(&b, "{\"generation\":1,\"apps\":[");
	put_app(&b, 1, ON ",\"min_hash\":\"SHA1\"");
	put_app(&b, 2, ON ",\"min_hash\":\"SHA256\"");
	put_app(&b, 3, ON ",\"min_hash\":\"SHA1\",\"signature_required\":false");
	put_app(&b, 4, ",\"enabled\":false,\"min_hash\":\"SHA1\"");
	put_app(&b, 5, ON ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"service_identity\":\"alice\"");
	put_app(&b, 6, ON ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"service_identity\":\"ghost\"");
	put_app(&b, 7, ON ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"secret_sealed_x\":null");
	put_app(&b, 8, ON ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"service_identity\":\"dave\"");
	gh_buf_puts(&b, "]}");
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	assert_int_equal(gh_json_parse((char *)b.data, b.len, GH_JSON_STRICT, &j, &err), 0);
	assert_int_equal(catalog_new(j, server_secret, &env.catalog, &err), 0);
	assert_int_equal(env.catalog->apps, 8);
	gh_json_free(j);
	gh_buf_free(&b);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&env, 0, sizeof(env));
	conf.directory.netbios_domain = "";
	conf.gateway.client_name = "upn";
	env.conf = &conf;
	env.server_secret = server_secret;
	load_catalog();
	return auth_limiter_new(3, 300, &limiter, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	auth_result_clear(&result);
	auth_limiter_free(limiter);
	catalog_free(env.catalog);
	return 0;
}

/* ---- calls ---- */
struct call {
	const char *key, *signature, *user, *body;  /* user "name:password" */
	const char *address;                        /* NULL = 192.0.2.1 */
	const char *authorization;                  /* as it is */
	const unsigned char *cert;
	size_t cert_len;
};

static int
check(unsigned need, const struct call *c)
{
	struct gh_http_request http = { .request_id = "r" };
	const char *body = c->body != NULL ? c->body : "";
	char *key = NULL, *user = NULL;
	int rc;

	auth_result_clear(&result);
	strcpy(http.address, c->address != NULL ? c->address : "192.0.2.1");
	http.body = (unsigned char *)(uintptr_t)body;
	http.body_len = strlen(body);
	if (c->key != NULL)
		http.app_key = key = gh_base64_encode(c->key, strlen(c->key), GH_BASE64_ONE_LINE);
	http.signature = (char *)(uintptr_t)c->signature;
	http.authorization = (char *)(uintptr_t)c->authorization;
	if (c->user != NULL) {
		char *b64 = gh_base64_encode(c->user, strlen(c->user), GH_BASE64_ONE_LINE);

		assert_true(asprintf(&user, "Basic %s", b64) > 0);
		http.authorization = user;
		free(b64);
	}
	http.client_cert = (unsigned char *)(uintptr_t)c->cert;
	http.client_cert_len = c->cert_len;
	rc = auth_check(&env, limiter, need, &http, &result, &err);
	free(key);
	free(user);
	if (rc != 0) {
		assert_int_equal(err.code, rc);
		assert_null(result.entry);
		assert_null(result.app);
		assert_int_equal(result.requester.kind, REQUESTER_NONE);
		assert_int_equal(result.requester.roles, 0);
	}
	return rc;
}

#define CHECK(need, ...) check(need, &(const struct call){ __VA_ARGS__ })
#define APP_USER (AUTH_APP | AUTH_USER)

/* A C1-shaped body: pretty-printed, literal LF inside the CSR, no final newline. The signatures were made with
 * `openssl dgst -shaN -hmac example-secret -binary | base64`. */
#define A76 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B76 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define C1_BODY "{\n  \"timestamp\": \"2024-01-02T03:04:05.000000\",\n  \"request\": {\n    \"Flags\": 0,\n" \
	"    \"TemplateName\": \"User\",\n    \"Pkcs10Request\": \"" A76 "\n" B76 "\nQUJD\"\n  }\n}"
#define C1_SHA1 "k5nSxXzMo8AE110/yyFeTKgfiS0="
#define C1_SHA256 "2bZjVTjTwuqx12xtIgEbNL8qGvUT8F4TJGkhpDDF/tc="
#define C1_SHA512 "1yNOGTvvSF6RwKAjZELuvq7NTDTQVEIK1i0WYEHlLFrO7hqCuJAQLhw2/AH2usYyrcBthrYGdI9fwiyA/ajs4g=="
#define EMPTY_SHA1 "eLcTdsVxWEnsZEHYcHKXhbfIhpg="

/* ---- signature ---- */
/* The vector of the notes: key 00..1f. */
static void
hmac__vector_of_the_notes(void **state)
{
	static const char body[] = "{\"Timestamp\":\"2017-12-18T19:56:12.365Z\",\"Request\":{\"Flags\":0,"
	    "\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"}}";
	struct app *app = env.catalog->app[0];

	(void)state;
	assert_int_equal(strlen(body), 107);
	for (size_t i = 0; i < env.catalog->apps; i++)
		if (env.catalog->app[i]->id == 1)
			app = env.catalog->app[i];
	free(app->secret);
	app->secret = malloc(32);
	app->secret_len = 32;
	for (int i = 0; i < 32; i++)
		app->secret[i] = (unsigned char)i;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = body,
	    .signature = "JZf72LHiuKPWcJVCoBfBzm2+2cM="), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = body,
	    .signature = "JZf72LHiuKPWcJVCoBfBzm2+2cN="), GH_E_SIGNATURE);
}

static void
hmac__body_with_raw_line_feeds(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA1), 0);
	assert_string_equal(result.app->name, "app1");
	assert_int_equal(result.requester.app_id, 1);
	assert_string_equal(result.requester.app_name, "app1");
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA256), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA512), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY "\n", .signature = C1_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__of_an_empty_body(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = " ", .signature = EMPTY_SHA1), GH_E_SIGNATURE);
}

static void
hmac__minimum_hash(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA1), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA256), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA512), 0);
}

static void
hmac__required_or_not(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = ""), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = C1_BODY), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = C1_BODY, .signature = C1_SHA1), 0);
	/* a signature that is there is checked, wanted or not */
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = "x", .signature = C1_SHA1), GH_E_SIGNATURE);
}

static void
hmac__signatures_that_are_none(void **state)
{
	static const char *const bad[] = { "AAAA", "!!!", "k5nSxXzMo8AE110/yyFeTKgfiS0=AAAA", "k5nSxXzMo8AE110/yyFeTKgfi" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = bad[i],
		    .address = address), GH_E_SIGNATURE);
	}
}

/* ---- application key ---- */
static void
app__unknown_disabled_and_missing_get_one_code(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = NULL), GH_E_APP_KEY);
	assert_int_equal(CHECK(AUTH_APP, .key = ""), GH_E_APP_KEY);
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "nokey"), GH_E_APP_KEY);
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key4", .body = C1_BODY, .signature = C1_SHA1), GH_E_APP_KEY);
	assert_int_equal(fake.audits, 1);
	assert_string_equal(fake.audit, "auth.failed failure  app4");
}

static void
app__key_with_or_without_padding(void **state)
{
	static const struct { const char *key; int rc; } c[] = {
		{ "a2V5Mw==", 0 }, { "a2V5Mw", 0 }, { " a2V5Mw== ", 0 }, { "a2V5Mw=", GH_E_APP_KEY },
		{ "a2V5MwAA", GH_E_APP_KEY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct gh_http_request http = { .app_key = (char *)(uintptr_t)c[i].key };

		snprintf(http.address, sizeof(http.address), "192.0.2.%zu", i + 1);
		assert_int_equal(auth_check(&env, limiter, AUTH_APP, &http, &result, &err), c[i].rc);
		auth_result_clear(&result);
	}
}

/* ---- users ---- */
static void
user__by_basic(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_DIRECTORY);
	assert_string_equal(result.requester.name, "alice");
	assert_string_equal(result.requester.dn, "cn=alice,dc=example");
	assert_string_equal(result.requester.address, "192.0.2.1");
	assert_non_null(result.entry);
	assert_int_equal(result.requester.roles, 0);
	assert_false(result.requester.via_client_cert);
}

static void
user__has_one_name_however_he_spells_it(void **state)
{
	static const char *const spelling[] = { "ALICE:secret", "alice@example.test:secret", "CORP\\alice:secret" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = spelling[i]), 0);
		assert_string_equal(result.requester.name, "alice");
	}
	conf.directory.netbios_domain = "CORP";
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	assert_string_equal(result.requester.name, "CORP\\alice");
}

static void
user__without_credentials_is_challenged_and_not_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key3"), GH_E_AUTH_REQUIRED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Negotiate YII"), GH_E_AUTH_REQUIRED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Basic"), GH_E_AUTH_REQUIRED);
	}
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
}

static void
user__wrong_and_unknown_get_one_answer(void **state)
{
	struct gh_error wrong;

	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong"), GH_E_AUTH_FAILED);
	wrong = err;
	assert_string_equal(fake.audit, "auth.failed failure alice app3");
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "nobody:secret"), GH_E_AUTH_FAILED);
	assert_string_equal(wrong.message, err.message);
	assert_string_equal(fake.audit, "auth.failed failure nobody app3");
	assert_int_equal(fake.audits, 2);
}

static void
user__bad_credentials_never_reach_the_directory(void **state)
{
	static const char *const bad[] = { "alice:", ":secret", ":", "alice", "al\tice:secret", "alice:sec\nret",
		/* a surrogate, and a form that is too long */
		"al\xed\xa0\x80ice:secret", "alice:\xe0\x80\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = bad[i], .address = address), GH_E_AUTH_FAILED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Basic !!!"), GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "basic YWxpY2U6c2VjcmV0"), 0);
	assert_int_equal(fake.binds, 1);
}

/* "alice:secret" with an umlaut as a client of ISO-8859-1 sends it: the directory is asked in UTF-8. */
static void
user__name_in_latin1(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "J\xfcrgen:x"), GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure J\xc3\xbcrgen app3");
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "J\xc3\xbcrgen:x"), GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure J\xc3\xbcrgen app3");
	assert_int_equal(fake.finds, 2);
}

static void
user__disabled(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"), GH_E_ACCOUNT_DISABLED);
	assert_int_equal(fake.audits, 1);
}

static void
user__directory_down_is_no_failure_of_his(void **state)
{
	(void)state;
	fake.dir_fail = GH_E_DIR_DOWN;
	for (int i = 0; i < 10; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), GH_E_DIR_DOWN);
	fake.dir_fail = 0;
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
}

static void
user__service_identity_only_without_credentials(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key5"), 0);
	assert_string_equal(result.requester.name, "alice");
	assert_int_equal(CHECK(APP_USER, .key = "key5", .user = "alice:wrong"), GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key6"), GH_E_FORBIDDEN);
	/* nobody guessed: the address is not blocked for it */
	for (int i = 0; i < 4; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key8"), GH_E_FORBIDDEN);
	assert_int_equal(CHECK(APP_USER, .key = "key5"), 0);
}

/* ---- client certificates ---- */
static unsigned char *
make_cert(const char *san, size_t *len)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL, *copy;
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	X509 *x = X509_new();
	int n;

	assert_true(e != NULL && X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 60) != NULL && X509_add_ext(x, e, -1) == 1 &&
	    X509_sign(x, key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	copy = malloc((size_t)n);
	memcpy(copy, der, (size_t)n);
	*len = (size_t)n;
	OPENSSL_free(der);
	X509_EXTENSION_free(e);
	X509_free(x);
	EVP_PKEY_free(key);
	return copy;
}

static int
check_cert(const char *san, const char *user, const char *address)
{
	size_t len;
	unsigned char *der = make_cert(san, &len);
	int rc = CHECK(APP_USER, .key = "key3", .cert = der, .cert_len = len, .user = user,
	    .address = address);

	free(der);
	return rc;
}

static void
cert__names_its_user(void **state)
{
	(void)state;
	assert_int_equal(check_cert("otherName:msUPN;UTF8:alice@example.test,email:x@y.z", NULL, "::1"), 0);
	assert_string_equal(result.requester.name, "alice");
	assert_true(result.requester.via_client_cert);
	conf.gateway.client_name = "mail";
	assert_int_equal(check_cert("email:alice@mail.test", NULL, "::1"), 0);
	assert_string_equal(result.requester.name, "alice");
	assert_int_equal(check_cert("email:alice@example.test", NULL, "::1"), GH_E_AUTH_FAILED);
}

static void
cert__without_exactly_one_certified_name_is_refused(void **state)
{
	static const char *const san[] = {
		"email:alice@example.test", "DNS:alice",
		"otherName:msUPN;UTF8:alice@example.test,otherName:msUPN;UTF8:bob@example.test",
		"otherName:msUPN;UTF8:nobody@example.test",
		/* the directory finds somebody by this name, but it is not his UPN */
		"otherName:msUPN;UTF8:alias@example.test", "otherName:msUPN;UTF8:alice",
		"otherName:msUPN;IA5:alice@example.test", "otherName:1.2.3;UTF8:alice@example.test",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(san) / sizeof(*san); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(check_cert(san[i], NULL, address), GH_E_AUTH_FAILED);
	}
}

static void
cert__revoked_opens_nothing(void **state)
{
	static const char san[] = "otherName:msUPN;UTF8:alice@example.test";

	(void)state;
	fake.cert_is_revoked = true;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.finds, 0);
	assert_string_equal(fake.audit, "auth.failed failure alice@example.test app3");
	/* nor one that cannot be asked about */
	fake.cert_is_revoked = false;
	fake.store_fail = GH_E_DB_DOWN;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_DB_DOWN);
	fake.store_fail = 0;
	assert_int_equal(check_cert(san, NULL, "::1"), 0);
}

static void
app_sent__is_checked_when_it_is_there(void **state)
{
	unsigned need = AUTH_APP_SENT | AUTH_PERSON;

	(void)state;
	assert_int_equal(CHECK(need, .user = "alice:secret"), 0);
	assert_null(result.app);
	assert_int_equal(CHECK(need, .key = "key3", .user = "alice:secret"), 0);
	assert_non_null(result.app);
	assert_int_equal(CHECK(need, .key = "none", .user = "alice:secret"), GH_E_APP_KEY);
	assert_int_equal(CHECK(need, .key = "key1", .user = "alice:secret", .signature = "AAAA"), GH_E_SIGNATURE);
	assert_int_equal(CHECK(need, .key = "key3"), GH_E_AUTH_REQUIRED);
	assert_int_equal(CHECK(need, .user = "alice:wrong"), GH_E_AUTH_FAILED);
}

static void
cert__does_not_mend_a_wrong_password(void **state)
{
	(void)state;
	assert_int_equal(check_cert("otherName:msUPN;UTF8:alice@example.test", "alice:wrong", "::1"), GH_E_AUTH_FAILED);
}

static void
cert__does_not_make_an_administrator(void **state)
{
	size_t len;
	unsigned char *der = make_cert("otherName:msUPN;UTF8:alice@example.test", &len);

	(void)state;
	assert_int_equal(CHECK(AUTH_ADMIN, .cert = der, .cert_len = len), GH_E_AUTH_REQUIRED);
	free(der);
}

/* ---- administrators ---- */
static void
admin__by_bcrypt(void **state)
{
	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash, sizeof(fake.admin_hash), &err), 0);
	fake.admin_enabled = true;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_ADMIN);
	assert_int_equal(result.requester.roles, REQUESTER_ROLE_OFFICER);
	assert_null(result.entry);
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:wrong"), GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "alice:secret"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.binds, 0);
	fake.admin_enabled = false;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret", .address = "192.0.2.9"),
	    GH_E_ACCOUNT_DISABLED);
}

static void
admin__only_where_the_route_wants_one(void **state)
{
	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash, sizeof(fake.admin_hash), &err), 0);
	fake.admin_enabled = true;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "admin:admin-secret"), GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(AUTH_ADMIN | AUTH_USER, .user = "alice:secret"), 0);
	assert_int_equal(result.requester.roles, 0);
}

static void
admin__database_down(void **state)
{
	(void)state;
	fake.store_fail = GH_E_DB_DOWN;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), GH_E_DB_DOWN);
}

static void
password__bounds(void **state)
{
	char hash[AUTH_PASSWORD_HASH_SIZE], long_one[80];

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	long_one[73] = '\0';
	assert_int_equal(auth_password_hash("1234567", hash, sizeof(hash), &err), GH_E_BAD_REQUEST);
	assert_int_equal(auth_password_hash(long_one, hash, sizeof(hash), &err), GH_E_BAD_REQUEST);
	assert_int_equal(auth_password_hash("12345678", hash, 20, &err), GH_E_INTERNAL);
	long_one[72] = '\0';
	assert_int_equal(auth_password_hash(long_one, hash, sizeof(hash), &err), 0);
	assert_memory_equal(hash, "$2b$12$", 7);
	assert_true(auth_password_is_right(long_one, hash));
	long_one[71] = 'y';
	assert_false(auth_password_is_right(long_one, hash));
	long_one[71] = long_one[72] = 'x';
	assert_false(auth_password_is_right(long_one, hash));
	assert_false(auth_password_is_right("12345678", NULL));
	assert_false(auth_password_is_right("12345678", ""));
	assert_false(auth_password_is_right("12345678", "$1$abc$def"));
}

/* ---- rate limit ---- */
static void
limit__blocks_a_user_from_any_address(void **state)
{
	static const char *const address[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "Alice:wrong", .address = address[i]),
		    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret", .address = "192.0.2.4"),
	    GH_E_RATE_LIMITED);
	assert_in_range(err.retry_after, 290, 300);
	assert_int_equal(fake.binds, 3);
	assert_int_equal(fake.audits, 3);
	/* another user is not touched */
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret", .address = "192.0.2.4"),
	    GH_E_ACCOUNT_DISABLED);
}

/* However the name is spelled: the directory says that it is one account. */
static void
limit__blocks_a_user_by_any_name(void **state)
{
	static const char *const wrong[] = { "alice:x", "CORP\\alice:x", "alice@mail.test:x" };
	static const char *const address[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = wrong[i], .address = address[i]),
		    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alias@example.test:secret",
	    .address = "192.0.2.4"), GH_E_RATE_LIMITED);
	assert_string_equal(result.requester.dn, "");
}

static void
limit__blocks_an_address_for_any_user(void **state)
{
	static const char *const user[] = { "a:x", "b:x", "c:x" };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = user[i]), GH_E_AUTH_FAILED);
	for (int i = 0; i < 20; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), GH_E_RATE_LIMITED);
	assert_in_range(err.retry_after, 290, 300);
	assert_int_equal(fake.audits, 3);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret", .address = "192.0.2.2"), 0);
}

static void
limit__a_success_forgets_the_users_failures(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%d", i);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong", .address = address),
		    GH_E_AUTH_FAILED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret", .address = address), 0);
	}
}

static void
limit__counts_wrong_keys_and_signatures_of_an_address(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "guess"), GH_E_APP_KEY);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = C1_SHA1), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1"), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1), GH_E_RATE_LIMITED);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1, .address = "192.0.2.2"), 0);
}

static void
auth__nothing_needed_nothing_asked(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_NONE, .user = "alice:wrong", .key = "guess"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_NONE);
	assert_int_equal(fake.binds, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(hmac__vector_of_the_notes), T(hmac__body_with_raw_line_feeds), T(hmac__of_an_empty_body),
		T(hmac__minimum_hash), T(hmac__required_or_not), T(hmac__signatures_that_are_none),
		T(app__unknown_disabled_and_missing_get_one_code), T(app__key_with_or_without_padding),
		T(user__by_basic), T(user__has_one_name_however_he_spells_it),
		T(user__without_credentials_is_challenged_and_not_counted),
		T(user__wrong_and_unknown_get_one_answer),
		T(user__bad_credentials_never_reach_the_directory), T(user__disabled), T(user__name_in_latin1),
		T(user__directory_down_is_no_failure_of_his),
		T(user__service_identity_only_without_credentials), T(cert__names_its_user),
		T(cert__without_exactly_one_certified_name_is_refused),
		T(cert__revoked_opens_nothing), T(app_sent__is_checked_when_it_is_there),
		T(cert__does_not_mend_a_wrong_password), T(cert__does_not_make_an_administrator),
		T(admin__by_bcrypt), T(admin__only_where_the_route_wants_one), T(admin__database_down),
		T(password__bounds), T(limit__blocks_a_user_from_any_address),
		T(limit__blocks_a_user_by_any_name),
		T(limit__blocks_an_address_for_any_user), T(limit__a_success_forgets_the_users_failures),
		T(limit__counts_wrong_keys_and_signatures_of_an_address),
		T(auth__nothing_needed_nothing_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
