/* Authentication of a call. Directory and store are replaced by the stand-ins below, at link
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <strings.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "buf.h"
#include "catalog/app.h"
#include "encoding.h"
#include "hex.h"
#include "password_gate.h"
#include "store/status/revocation.h"
#include "timestamp.h"

#include "auth/auth.h"
#include "auth/auth_basic.h"
#include "auth/auth_password.h"

/* ---- stand-ins ---- */
static struct {
	int dir_fail, store_fail;
	int binds, finds, audits;
	struct store_own_cert cert; /* what the database knows of a client certificate */
	const char *sid, *id;       /* of alice's entry */
	const char *account;        /* its account name; NULL: alice */
	bool mail_is_shared;
	char audit[256]; /* the last one */
	char admin_hash[AUTH_PASSWORD_HASH_SIZE];
	bool admin_enabled;
} fake;

#define ALICE "00000000-0000-4000-8000-00000000a11c"

/* "alice" with mail and UPN; "dave" is disabled. */
static int
entry_of(const char *name, struct dir_entry **out, struct gh_error *err)
{
	bool is_alice = strcasecmp(name, "alice") == 0 || strcmp(name, "alice@mail.test") == 0 ||
	    strcasecmp(name, "alice@example.test") == 0 || strcasecmp(name, "CORP\\alice") == 0 ||
	    strcasecmp(name, "alias@example.test") == 0;
	const char *account = fake.account != NULL ? fake.account : "alice";
	struct dir_entry *e;

	*out = NULL;
	if (!is_alice && strcmp(name, "dave") != 0)
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "nobody");
	assert_non_null(e = dir_entry_new());
	e->dn = strdup(is_alice ? "cn=alice,dc=example" : "cn=dave,dc=example");
	e->is_disabled = !is_alice;
	if (fake.sid != NULL)
		e->sid = strdup(fake.sid);
	snprintf(e->id, sizeof(e->id), "%s", fake.id != NULL ? fake.id : "");
	e->mail_is_shared = fake.mail_is_shared;
	if (is_alice)
		assert_int_equal(dir_entry_add(e, DIR_SAM_ACCOUNT_NAME, account, strlen(account)) |
			dir_entry_add(e, DIR_UPN, "alice@example.test", 18) |
			dir_entry_add(e, DIR_MAIL, "alice@mail.test", 15),
		    0);
	*out = e;
	return 0;
}

int
dir_find(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	(void)d;
	*out = NULL;
	fake.finds++;
	return fake.dir_fail != 0 ? gh_fail(err, fake.dir_fail, "told to")
				  : entry_of(name, out, err);
}

int
dir_find_anew(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *e)
{
	return dir_find(d, name, out, e);
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
store_get_user(struct store *s, const char *name, struct store_user *user, struct gh_error *err)
{
	(void)s;
	memset(user, 0, sizeof(*user));
	if (fake.store_fail != 0)
		return gh_fail(err, fake.store_fail, "told to");
	if (strcasecmp(name, "admin") != 0)
		return gh_fail(err, GH_E_NOT_FOUND, "no such user");
	strcpy(user->name, "Admin");
	strcpy(user->hash, fake.admin_hash);
	user->roles = REQUESTER_ROLE_OFFICER;
	user->enabled = fake.admin_enabled;
	return 0;
}

int
store_recognize(struct store *s, const unsigned char *der, size_t len, struct store_own_cert *out,
    struct gh_error *err)
{
	(void)s;
	(void)der;
	(void)len;
	*out = fake.cert;
	return fake.store_fail != 0 ? gh_fail(err, fake.store_fail, "told to") : 0;
}

int
store_audit(struct store *s, const struct store_audit *a, struct gh_error *err)
{
	(void)s;
	(void)err;
	fake.audits++;
	snprintf(fake.audit, sizeof(fake.audit), "%.30s %.10s %.60s %.60s", a->event, a->outcome,
	    a->who->name, a->object != NULL ? a->object : "-");
	return 0;
}

/* ---- world ---- */
static const unsigned char server_secret[32] = {7};
static struct gh_conf conf;
static struct worker_env env;
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
	gh_buf_putf(b,
	    "%s{\"id\":%d,\"name\":\"app%d\",\"key_index\":\"%s\",\"secret_sealed\":\"%s\",\"templates\":[],"
	    "\"ca\":\"ca\"%s}",
	    id > 1 ? "," : "", id, id, hex, sealed, more);
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
	put_app(&b, 5,
	    ON
	    ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"service_identity\":\"alice\"");
	put_app(&b, 6,
	    ON
	    ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"service_identity\":\"ghost\"");
	put_app(&b, 7,
	    ON ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"secret_sealed_x\":null");
	put_app(&b, 8,
	    ON ",\"min_hash\":\"SHA1\",\"signature_required\":false,\"service_identity\":\"dave\"");
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
	memset(&result, 0, sizeof(result));
	/* most tests are about a certificate that alice got from us */
	fake.id = ALICE;
	fake.cert.is_ours = true;
	fake.cert.requester.kind = REQUESTER_DIRECTORY;
	strcpy(fake.cert.requester.id, ALICE);
	conf.directory.netbios_domain = "";
	conf.gateway.client_name = "upn";
	conf.gateway.client_mapping = "strong";
	conf.roles.admin_groups = conf.roles.officer_groups = conf.roles.auditor_groups =
	    conf.roles.agent_groups = "";
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
	const char *key, *signature, *user, *body; /* user "name:password" */
	const char *address;                       /* NULL = 192.0.2.1 */
	const char *authorization;                 /* as it is */
	const unsigned char *cert;
	size_t cert_len;
};

static int
check(unsigned need, const struct call *c)
{
	struct gh_http_field field[] = {{"x-css-cms-appkey", NULL},
	    {"x-css-cms-signature", c->signature}, {"authorization", c->authorization}};
	struct gh_http_request http = {.request_id = "r", .field = field, .fields = 3};
	const char *body = c->body != NULL ? c->body : "";
	char *key = NULL, *user = NULL;
	int rc;

	auth_result_clear(&result);
	strcpy(http.address, c->address != NULL ? c->address : "192.0.2.1");
	http.body = (unsigned char *)(uintptr_t)body;
	http.body_len = strlen(body);
	if (c->key != NULL)
		field[0].value = key = gh_base64_encode(c->key, strlen(c->key), GH_BASE64_ONE_LINE);
	if (c->user != NULL) {
		char *b64 = gh_base64_encode(c->user, strlen(c->user), GH_BASE64_ONE_LINE);

		assert_true(asprintf(&user, "Basic %s", b64) > 0);
		field[2].value = user;
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

#define CHECK(need, ...) check(need, &(const struct call){__VA_ARGS__})
#define APP_USER (AUTH_APP | AUTH_USER)

/* A C1-shaped body: pretty-printed, literal LF inside the CSR, no final newline. The signatures
 * were made with `openssl dgst -shaN -hmac example-secret -binary | base64`. */
#define A76 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B76 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define C1_BODY \
	"{\n  \"timestamp\": \"2024-01-02T03:04:05.000000\",\n  \"request\": {\n    \"Flags\": 0,\n" \
	"    \"TemplateName\": \"User\",\n    \"Pkcs10Request\": \"" A76 "\n" B76 \
	"\nQUJD\"\n  }\n}"
#define C1_SHA1 "k5nSxXzMo8AE110/yyFeTKgfiS0="
#define C1_SHA256 "2bZjVTjTwuqx12xtIgEbNL8qGvUT8F4TJGkhpDDF/tc="
#define C1_SHA512 \
	"1yNOGTvvSF6RwKAjZELuvq7NTDTQVEIK1i0WYEHlLFrO7hqCuJAQLhw2/AH2usYyrcBthrYGdI9fwiyA/ajs4g=="
#define EMPTY_SHA1 "eLcTdsVxWEnsZEHYcHKXhbfIhpg="

/* ---- signature ---- */
/* The vector of the notes: key 00..1f. */
static void
hmac__vector_of_the_notes(void **state)
{
	static const char body[] =
	    "{\"Timestamp\":\"2017-12-18T19:56:12.365Z\",\"Request\":{\"Flags\":0,"
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
			     .signature = "JZf72LHiuKPWcJVCoBfBzm2+2cM="),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = body,
			     .signature = "JZf72LHiuKPWcJVCoBfBzm2+2cN="),
	    GH_E_SIGNATURE);
}

static void
hmac__body_with_raw_line_feeds(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA1), 0);
	assert_string_equal(result.app->name, "app1");
	assert_int_equal(result.requester.app_id, 1);
	assert_string_equal(result.requester.app_name, "app1");
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA256),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = C1_SHA512),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY "\n", .signature = C1_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__of_an_empty_body(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = " ", .signature = EMPTY_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__minimum_hash(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA1),
	    GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA256),
	    0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key2", .body = C1_BODY, .signature = C1_SHA512),
	    0);
}

static void
hmac__required_or_not(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY), GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY, .signature = ""),
	    GH_E_SIGNATURE);
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = C1_BODY), 0);
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = C1_BODY, .signature = C1_SHA1), 0);
	/* a signature that is there is checked, wanted or not */
	assert_int_equal(CHECK(AUTH_APP, .key = "key3", .body = "x", .signature = C1_SHA1),
	    GH_E_SIGNATURE);
}

static void
hmac__signatures_that_are_none(void **state)
{
	static const char *const bad[] = {"AAAA", "!!!", "k5nSxXzMo8AE110/yyFeTKgfiS0=AAAA",
	    "k5nSxXzMo8AE110/yyFeTKgfi"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1", .body = C1_BODY,
				     .signature = bad[i], .address = address),
		    GH_E_SIGNATURE);
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
	assert_int_equal(CHECK(AUTH_APP, .key = "key4", .body = C1_BODY, .signature = C1_SHA1),
	    GH_E_APP_KEY);
	assert_int_equal(fake.audits, 1);
	assert_string_equal(fake.audit, "auth.failed failure  app4");
}

static void
app__key_with_or_without_padding(void **state)
{
	static const struct {
		const char *key;
		int rc;
	} c[] = {
	    {"a2V5Mw==", 0},
	    {"a2V5Mw", 0},
	    {" a2V5Mw== ", 0},
	    {"a2V5Mw=", GH_E_APP_KEY},
	    {"a2V5MwAA", GH_E_APP_KEY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct gh_http_field key = {"x-keyfactor-appkey", c[i].key};
		struct gh_http_request http = {.field = &key, .fields = 1};

		snprintf(http.address, sizeof(http.address), "192.0.2.%zu", i + 1);
		assert_int_equal(auth_check(&env, limiter, AUTH_APP, &http, &result, &err),
		    c[i].rc);
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
	static const char *const spelling[] = {"ALICE:secret", "alice@example.test:secret",
	    "CORP\\alice:secret"};

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
		assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Negotiate YII"),
		    GH_E_AUTH_REQUIRED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Basic"),
		    GH_E_AUTH_REQUIRED);
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
	static const char *const bad[] = {"alice:", ":secret", ":", "alice", "al\tice:secret",
	    "alice:sec\nret",
	    /* a surrogate, and a form that is too long */
	    "al\xed\xa0\x80ice:secret", "alice:\xe0\x80\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = bad[i], .address = address),
		    GH_E_AUTH_FAILED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Basic !!!"),
	    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "basic YWxpY2U6c2VjcmV0"),
	    0);
	assert_int_equal(fake.binds, 1);
}

/* "alice:secret" with an umlaut as a client of ISO-8859-1 sends it: the directory is asked in
 * UTF-8. */
static void
user__name_in_latin1(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "J\xfcrgen:x"), GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure J\xc3\xbcrgen app3");
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "J\xc3\xbcrgen:x"),
	    GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure J\xc3\xbcrgen app3");
	assert_int_equal(fake.finds, 2);
}

/* A name that cannot be recorded is nobody's: each spelling would be a user of its own. */
static void
user__account_name_has_a_longest(void **state)
{
	char account[AUTH_USER_MAX + 2];

	(void)state;
	memset(account, 'x', sizeof(account) - 1);
	account[AUTH_USER_MAX + 1] = '\0';
	fake.account = account;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), GH_E_AUTH_FAILED);
	assert_string_equal(err.detail, "account name of the entry is too long");
	account[AUTH_USER_MAX] = '\0';
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	assert_int_equal(strlen(result.requester.name), AUTH_USER_MAX);
}

static void
user__disabled(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"),
	    GH_E_ACCOUNT_DISABLED);
	assert_int_equal(fake.audits, 1);
}

static void
user__directory_down_is_no_failure_of_his(void **state)
{
	(void)state;
	fake.dir_fail = GH_E_DIR_DOWN;
	for (int i = 0; i < 10; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"),
		    GH_E_DIR_DOWN);
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
/* What a client certificate says. */
struct names {
	const char *san;             /* as openssl.cnf has it */
	const char *uri[2], *ext[2]; /* SIDs */
	const char *oid;             /* inside the security extension; NULL = the right one */
};

/* SEQUENCE { [0] { OID, [0] OCTET STRING } }, each length below 128 */
static void
add_sid_extension(X509 *x, const char *oid, const char *sid)
{
	ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.4.1.311.25.2", 1), *inner = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	unsigned char der[256], *p = der;
	int o = i2d_ASN1_OBJECT(inner, NULL), n = (int)strlen(sid);
	X509_EXTENSION *e;

	*p++ = 0x30, *p++ = (unsigned char)(o + n + 6);
	*p++ = 0xA0, *p++ = (unsigned char)(o + n + 4);
	i2d_ASN1_OBJECT(inner, &p);
	*p++ = 0xA0, *p++ = (unsigned char)(n + 2);
	*p++ = 0x04, *p++ = (unsigned char)n;
	memcpy(p, sid, (size_t)n);
	assert_int_equal(ASN1_OCTET_STRING_set(value, der, (int)(p - der) + n), 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, type, 0, value);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(inner);
	ASN1_OBJECT_free(type);
}

static void
add_names(X509 *x, const struct names *of)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, of->san);
	GENERAL_NAMES *san = X509V3_EXT_d2i(e);

	for (int i = 0; i < 2 && of->uri[i] != NULL; i++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		assert_int_equal(ASN1_STRING_set(text, of->uri[i], -1), 1);
		GENERAL_NAME_set0_value(name, GEN_URI, text);
		assert_true(sk_GENERAL_NAME_push(san, name) > 0);
	}
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, san, 0, 0), 1);
	for (int i = 0; i < 2 && of->ext[i] != NULL; i++)
		add_sid_extension(x, of->oid != NULL ? of->oid : "1.3.6.1.4.1.311.25.2.1",
		    of->ext[i]);
	GENERAL_NAMES_free(san);
	X509_EXTENSION_free(e);
}

static unsigned char *
make_cert_of(const struct names *of, size_t *len)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL, *copy;
	X509 *x = X509_new();
	int n;

	assert_true(X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 60) != NULL);
	add_names(x, of);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	copy = malloc((size_t)n);
	memcpy(copy, der, (size_t)n);
	*len = (size_t)n;
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	return copy;
}

static unsigned char *
make_cert(const char *san, size_t *len)
{
	return make_cert_of(&(const struct names){.san = san}, len);
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
	assert_int_equal(check_cert("otherName:msUPN;UTF8:alice@example.test,email:x@y.z", NULL,
			     "::1"),
	    0);
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
	    "email:alice@example.test",
	    "DNS:alice",
	    "otherName:msUPN;UTF8:alice@example.test,otherName:msUPN;UTF8:bob@example.test",
	    "otherName:msUPN;UTF8:nobody@example.test",
	    /* the directory finds somebody by this name, but it is not his UPN */
	    "otherName:msUPN;UTF8:alias@example.test",
	    "otherName:msUPN;UTF8:alice",
	    "otherName:msUPN;IA5:alice@example.test",
	    "otherName:1.2.3;UTF8:alice@example.test",
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
	fake.cert.is_revoked = true;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.finds, 0);
	assert_string_equal(fake.audit, "auth.failed failure alice@example.test app3");
	/* nor one that cannot be asked about */
	fake.cert.is_revoked = false;
	fake.cert.is_issuer_revoked = true;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.finds, 0);
	fake.cert.is_issuer_revoked = false;
	fake.store_fail = GH_E_DB_DOWN;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_DB_DOWN);
	fake.store_fail = 0;
	assert_int_equal(check_cert(san, NULL, "::1"), 0);
}

#define SID "S-1-5-21-1-2-3-1104"
#define OTHER_SID "S-1-5-21-1-2-3-500"
#define URI "tag:microsoft.com,2022-09-14:sid:"
#define UPN "otherName:msUPN;UTF8:alice@example.test"
#define BOB "00000000-0000-4000-8000-000000000b0b"
#define OURS true
#define FOREIGN false

/* Who the certificate was made for, and who has its name now. The name is alice's in all rows. */
static const struct binding {
	const char *why;
	bool is_ours;
	const char *requested_by; /* id in our records */
	const char *entry_id, *entry_sid;
	struct names cert;
	int strong, weak; /* by gateway.client_mapping */
} bindings[] = {
    {"ours, asked for by the entry", OURS, ALICE, ALICE, NULL, {.san = UPN}, 0, 0},
    {"the name was given to somebody else", OURS, BOB, ALICE, NULL, {.san = UPN}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"and he has no SID", OURS, BOB, ALICE, NULL, {.san = UPN, .ext = {SID}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"from before ids were recorded", OURS, "", ALICE, SID, {.san = UPN}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"the same with SID", OURS, "", ALICE, SID, {.san = UPN, .ext = {SID}}, 0, 0},
    {"a directory that numbers nothing", OURS, ALICE, "", NULL, {.san = UPN}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"ours, with a SID of somebody else", OURS, ALICE, ALICE, SID, {.san = UPN, .ext = {OTHER_SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, name only", FOREIGN, "", ALICE, SID, {.san = UPN}, GH_E_AUTH_FAILED, 0},
    {"foreign, SID in the extension", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {SID}}, 0, 0},
    {"foreign, SID in a URI", FOREIGN, "", ALICE, SID, {.san = UPN, .uri = {URI SID}}, 0, 0},
    {"foreign, both", FOREIGN, "", ALICE, SID, {.san = UPN, .uri = {URI SID}, .ext = {SID}}, 0, 0},
    {"foreign, both and not the same", FOREIGN, "", ALICE, SID,
	{.san = UPN, .uri = {URI OTHER_SID}, .ext = {SID}}, GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, another URI beside", FOREIGN, "", ALICE, SID,
	{.san = UPN, .uri = {"https://a/b", URI SID}}, 0, 0},
    {"foreign, two URIs", FOREIGN, "", ALICE, SID, {.san = UPN, .uri = {URI SID, URI SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, two extensions", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {SID, SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, SID of somebody else", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {OTHER_SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, the entry has no SID", FOREIGN, "", ALICE, NULL, {.san = UPN, .ext = {SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"no SID at all", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {"alice"}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"a SID and more", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {SID " "}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"a prefix of it", FOREIGN, "", ALICE, SID "4", {.san = UPN, .ext = {SID}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"of another type", FOREIGN, "", ALICE, SID,
	{.san = UPN, .ext = {SID}, .oid = "1.3.6.1.4.1.311.25.2.2"}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
};

static int
log_in_as(const struct binding *b, const char *mapping, size_t i)
{
	char address[32];
	unsigned char *der;
	size_t len;
	int rc;

	conf.gateway.client_mapping = (char *)(uintptr_t)mapping;
	fake.cert.is_ours = b->is_ours;
	strcpy(fake.cert.requester.id, b->requested_by);
	fake.id = b->entry_id;
	fake.sid = b->entry_sid;
	snprintf(address, sizeof(address), "%s.2.%zu",
	    strcmp(mapping, "name") == 0 ? "10.0" : "10.1", i);
	der = make_cert_of(&b->cert, &len);
	rc = CHECK(APP_USER, .key = "key3", .cert = der, .cert_len = len, .address = address);
	free(der);
	return rc;
}

static void
cert__belongs_to_the_entry(void **state)
{
	(void)state;
	conf.roles.officer_groups = "*";
	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		const struct binding *b = &bindings[i];
		bool is_named = !b->is_ours && b->cert.ext[0] == NULL && b->cert.uri[0] == NULL;
		int strong = log_in_as(b, "strong", i), weak;

		if (strong != b->strong)
			fail_msg("%s: %d, %s", b->why, strong, err.detail);
		assert_int_equal(result.requester.roles, strong == 0 ? REQUESTER_ROLE_OFFICER : 0);
		assert_string_equal(result.requester.id, strong == 0 ? b->entry_id : "");
		if ((weak = log_in_as(b, "name", i)) != b->weak)
			fail_msg("%s, by name: %d, %s", b->why, weak, err.detail);
		/* a name is no ground for a role */
		assert_int_equal(result.requester.roles,
		    weak == 0 && !is_named ? REQUESTER_ROLE_OFFICER : 0);
	}
	conf.roles.officer_groups = "";
}

static void
roles__each_by_its_own_groups(void **state)
{
	static const struct {
		char **groups;
		unsigned role;
	} roles[] = {
	    {&conf.roles.admin_groups, REQUESTER_ROLE_ADMIN},
	    {&conf.roles.officer_groups, REQUESTER_ROLE_OFFICER},
	    {&conf.roles.auditor_groups, REQUESTER_ROLE_AUDITOR},
	    {&conf.roles.agent_groups, REQUESTER_ROLE_AGENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		*roles[i].groups = "cn=others;*";
		assert_int_equal(check_cert(UPN, NULL, "::1"), 0);
		assert_int_equal(result.requester.roles, roles[i].role);
		*roles[i].groups = "";
	}
}

static void
cert__requested_by_no_directory_user(void **state)
{
	(void)state;
	fake.cert.requester.kind = REQUESTER_COMMAND;
	assert_int_equal(check_cert(UPN, NULL, "::1"), GH_E_AUTH_FAILED);
}

/* Users may often write their own mail. */
static void
cert__mail_that_two_entries_have(void **state)
{
	(void)state;
	conf.gateway.client_name = "mail";
	assert_int_equal(check_cert("email:alice@mail.test", NULL, "::1"), 0);
	fake.mail_is_shared = true;
	assert_int_equal(check_cert("email:alice@mail.test", NULL, "::1"), GH_E_AUTH_FAILED);
	conf.gateway.client_name = "upn";
	assert_int_equal(check_cert(UPN, NULL, "::1"), 0);
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
	assert_int_equal(CHECK(need, .key = "key1", .user = "alice:secret", .signature = "AAAA"),
	    GH_E_SIGNATURE);
	assert_int_equal(CHECK(need, .key = "key3"), GH_E_AUTH_REQUIRED);
	assert_int_equal(CHECK(need, .user = "alice:wrong"), GH_E_AUTH_FAILED);
}

static void
cert__does_not_mend_a_wrong_password(void **state)
{
	(void)state;
	assert_int_equal(check_cert("otherName:msUPN;UTF8:alice@example.test", "alice:wrong",
			     "::1"),
	    GH_E_AUTH_FAILED);
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
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_ADMIN);
	assert_string_equal(result.requester.name, "Admin");
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
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "admin:admin-secret"),
	    GH_E_AUTH_FAILED);
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

static bool
is_right(const char *password, const char *hash)
{
	bool yes;

	assert_int_equal(auth_password_check(password, hash, gh_now_us(), &yes, &err), 0);
	return yes;
}

/* Of this thread: what others do on the machine does not count. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
time_of(const char *password, const char *hash, int64_t now)
{
	int64_t begin = cpu_us();
	bool yes;

	assert_int_equal(auth_password_check(password, hash, now, &yes, &err), 0);
	return cpu_us() - begin;
}

static void
password__is_remembered_for_its_hash(void **state)
{
	char hash[AUTH_PASSWORD_HASH_SIZE], changed[AUTH_PASSWORD_HASH_SIZE];
	int64_t now = gh_now_us(), slow;

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", hash, sizeof(hash), &err), 0);
	assert_int_equal(auth_password_hash("other-secret", changed, sizeof(changed), &err), 0);
	slow = time_of("admin-secret", hash, now);
	assert_true(time_of("admin-secret", hash, now) * 10 < slow);
	assert_true(is_right("admin-secret", hash));
	/* not for another password, not for a changed one, and not for ever */
	assert_false(is_right("admin-secreT", hash));
	assert_false(is_right("admin-secret", changed));
	assert_false(is_right("", hash));
	assert_true(time_of("admin-secret", hash, now + 61 * INT64_C(1000000)) * 3 > slow);
}

/* All at once: some are checked, some wait for them, the rest is refused at once and told to come
 * again. */
static void *
check_wrong(void *arg)
{
	struct gh_error own;
	bool yes;

	*(int *)arg = auth_password_check("wrong-secret", NULL, gh_now_us(), &yes, &own);
	return NULL;
}

static void
password__checks_are_bounded(void **state)
{
	pthread_t t[16];
	int rc[16], busy = 0, done = 0;

	(void)state;
	for (int i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&t[i], NULL, check_wrong, &rc[i]), 0);
	for (int i = 0; i < 16; i++) {
		pthread_join(t[i], NULL);
		busy += rc[i] == GH_E_BUSY;
		done += rc[i] == 0;
	}
	assert_int_equal(busy + done, 16);
	assert_true(busy > 0 && done >= GH_PASSWORD_RUNNING);
	assert_false(is_right("wrong-secret", NULL));
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
	assert_true(is_right(long_one, hash));
	long_one[71] = 'y';
	assert_false(is_right(long_one, hash));
	long_one[71] = long_one[72] = 'x';
	assert_false(is_right(long_one, hash));
	assert_false(is_right("12345678", NULL));
	assert_false(is_right("12345678", ""));
	assert_false(is_right("12345678", "$1$abc$def"));
}

/* The steps of a refusal are the same for every name: bcrypt once, the directory once. */
static void
admin__time_tells_no_name(void **state)
{
	static const struct {
		const char *user;
		int rc;
	} rows[] = {
	    {"admin:wrong-secret", GH_E_AUTH_FAILED},
	    {"nobody:wrong-secret", GH_E_AUTH_FAILED},
	    {"alice:wrong-secret", GH_E_AUTH_FAILED},
	    {"ADMIN:wrong-secret", GH_E_AUTH_FAILED},
	};
	int64_t us[4];

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	for (int enabled = 0; enabled < 2; enabled++) {
		fake.admin_enabled = enabled != 0;
		for (size_t i = 0; i < 4; i++) {
			char address[32];
			int64_t best = INT64_MAX;

			for (int k = 0; k < 3; k++) {
				int64_t begin = cpu_us(), used;

				snprintf(address, sizeof(address), "198.51.%d.%zu",
				    enabled * 10 + k, i);
				fake.finds = 0;
				assert_int_equal(CHECK(AUTH_PERSON, .user = rows[i].user,
						     .address = address),
				    rows[i].rc);
				used = cpu_us() - begin;
				best = used < best ? used : best;
				assert_int_equal(fake.finds, 1);
			}
			us[i] = best;
		}
		for (size_t i = 1; i < 4; i++)
			if (us[i] * 2 < us[0] || us[0] * 2 < us[i])
				fail_msg("%s: %lld us, %s: %lld us", rows[0].user, (long long)us[0],
				    rows[i].user, (long long)us[i]);
	}
	/* also when the directory does not answer, or is not to be waited for */
	for (int code = 0; code < 2; code++) {
		fake.dir_fail = code == 0 ? GH_E_DIR_DOWN : GH_E_BUSY;
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(CHECK(AUTH_PERSON, .user = rows[i].user,
					     .address = "198.51.100.1"),
			    fake.dir_fail);
	}
}

static void
admin__one_count_for_all_spellings(void **state)
{
	static const char *const wrong[] = {"admin:wrong-one", "ADMIN:wrong-one",
	    "aDmin:wrong-one"};

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(AUTH_ADMIN, .user = wrong[i]), GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure Admin -");
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "Admin:admin-secret"), GH_E_RATE_LIMITED);
	/* characters that some folding takes for an ASCII letter are other names, and have other
	 * counts */
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "adm\xc4\xb0n:admin-secret"), GH_E_AUTH_FAILED);
}

static void
admin__is_checked_once_a_minute(void **state)
{
	int64_t begin, slow;

	(void)state;
	assert_int_equal(auth_password_hash("admin-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	fake.admin_enabled = true;
	begin = cpu_us();
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	slow = cpu_us() - begin;
	begin = cpu_us();
	for (int i = 0; i < 10; i++)
		assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), 0);
	assert_true(cpu_us() - begin < slow);
	/* at once: disabled, and another password */
	fake.admin_enabled = false;
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), GH_E_ACCOUNT_DISABLED);
	fake.admin_enabled = true;
	assert_int_equal(auth_password_hash("other-secret", fake.admin_hash,
			     sizeof(fake.admin_hash), &err),
	    0);
	assert_int_equal(CHECK(AUTH_ADMIN, .user = "admin:admin-secret"), GH_E_AUTH_FAILED);
}

/* ---- rate limit ---- */
/* However the name is spelled: the directory says that it is one account. But nowhere else. */
static void
limit__blocks_a_user_where_he_fails(void **state)
{
	static const char *const wrong[] = {"alice:x", "CORP\\alice:x", "alice@mail.test:x"};

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = wrong[i]),
		    GH_E_AUTH_FAILED);
	assert_int_equal(fake.binds, 3);
	assert_int_equal(fake.audits, 3);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alias@example.test:secret"),
	    GH_E_RATE_LIMITED);
	assert_in_range(err.retry_after, 290, 300);
	assert_string_equal(result.requester.dn, "");
	/* another user of this address, and this user from another one, are not touched */
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"),
	    GH_E_ACCOUNT_DISABLED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.4"),
	    0);
	assert_int_equal(fake.binds, 5);
}

static void
limit__slows_a_user_down_whom_many_addresses_try(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.200"),
	    0);
	for (int i = 0; i < 15; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%d", i + 10);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "Alice:wrong",
				     .address = address),
		    GH_E_AUTH_FAILED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.99"),
	    GH_E_RATE_LIMITED);
	/* one attempt each window / failures, not a lock-out */
	assert_in_range(err.retry_after, 90, 100);
	/* and where he has been before, nothing is slow */
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.200"),
	    0);
}

static void
fail_many_users(int n)
{
	for (int i = 0; i < n; i++) {
		char user[32];

		snprintf(user, sizeof(user), "u%d:x", i);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = user), GH_E_AUTH_FAILED);
	}
}

static void
limit__blocks_an_address_for_any_user(void **state)
{
	(void)state;
	fail_many_users(15);
	for (int i = 0; i < 20; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"),
		    GH_E_RATE_LIMITED);
	assert_in_range(err.retry_after, 290, 300);
	assert_int_equal(fake.audits, 15);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret",
			     .address = "192.0.2.2"),
	    0);
}

static void
limit__spares_known_users_of_an_address(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	fail_many_users(15);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"), GH_E_RATE_LIMITED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "ALICE:secret"), 0);
	/* which is no way to guess on */
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong"),
		    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), GH_E_RATE_LIMITED);
}

/* Nor is it one to try keys and signatures, or to fill the audit trail. */
static void
limit__does_not_spare_wrong_keys_and_signatures(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	fail_many_users(15);
	for (int i = 0; i < 3; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key1", .signature = C1_SHA1,
				     .user = "alice:wrong"),
		    GH_E_SIGNATURE);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key1", .signature = C1_SHA1,
				     .user = "alice:wrong"),
		    GH_E_RATE_LIMITED);
		assert_int_equal(CHECK(APP_USER, .key = "guess", .user = "alice:wrong"),
		    GH_E_RATE_LIMITED);
	}
	assert_int_equal(fake.audits, 18);
}

/* A disabled application has all its clients refused, and a disabled account its owner: no address
 * is blocked for it. */
static void
limit__what_we_switched_off_is_no_guess(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key4", .user = "alice:secret"),
		    GH_E_APP_KEY);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"),
		    GH_E_ACCOUNT_DISABLED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	/* it is told a bounded number of times */
	assert_int_equal(fake.audits, 6);
}

static void
limit__a_success_forgets_the_users_failures(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 2; k++)
			assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong"),
			    GH_E_AUTH_FAILED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	}
}

static void
limit__counts_wrong_keys_and_signatures_of_an_address(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(CHECK(AUTH_APP, .key = "guess"), GH_E_APP_KEY);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = C1_SHA1),
		    GH_E_SIGNATURE);
		assert_int_equal(CHECK(AUTH_APP, .key = "key1"), GH_E_SIGNATURE);
	}
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1),
	    GH_E_RATE_LIMITED);
	assert_int_equal(CHECK(AUTH_APP, .key = "key1", .signature = EMPTY_SHA1,
			     .address = "192.0.2.2"),
	    0);
}

static void
auth__nothing_needed_nothing_asked(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_ANYBODY, .user = "alice:wrong", .key = "guess"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_NONE);
	assert_int_equal(fake.binds, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(hmac__vector_of_the_notes),
	    T(hmac__body_with_raw_line_feeds),
	    T(hmac__of_an_empty_body),
	    T(hmac__minimum_hash),
	    T(hmac__required_or_not),
	    T(hmac__signatures_that_are_none),
	    T(app__unknown_disabled_and_missing_get_one_code),
	    T(app__key_with_or_without_padding),
	    T(user__by_basic),
	    T(user__has_one_name_however_he_spells_it),
	    T(user__without_credentials_is_challenged_and_not_counted),
	    T(user__wrong_and_unknown_get_one_answer),
	    T(user__bad_credentials_never_reach_the_directory),
	    T(user__account_name_has_a_longest),
	    T(user__disabled),
	    T(user__name_in_latin1),
	    T(user__directory_down_is_no_failure_of_his),
	    T(user__service_identity_only_without_credentials),
	    T(cert__names_its_user),
	    T(cert__without_exactly_one_certified_name_is_refused),
	    T(cert__belongs_to_the_entry),
	    T(roles__each_by_its_own_groups),
	    T(cert__requested_by_no_directory_user),
	    T(cert__mail_that_two_entries_have),
	    T(cert__revoked_opens_nothing),
	    T(app_sent__is_checked_when_it_is_there),
	    T(cert__does_not_mend_a_wrong_password),
	    T(cert__does_not_make_an_administrator),
	    T(admin__by_bcrypt),
	    T(admin__only_where_the_route_wants_one),
	    T(admin__database_down),
	    T(admin__time_tells_no_name),
	    T(admin__one_count_for_all_spellings),
	    T(admin__is_checked_once_a_minute),
	    T(password__is_remembered_for_its_hash),
	    T(password__checks_are_bounded),
	    T(password__bounds),
	    T(limit__blocks_a_user_where_he_fails),
	    T(limit__slows_a_user_down_whom_many_addresses_try),
	    T(limit__blocks_an_address_for_any_user),
	    T(limit__a_success_forgets_the_users_failures),
	    T(limit__counts_wrong_keys_and_signatures_of_an_address),
	    T(limit__spares_known_users_of_an_address),
	    T(limit__does_not_spare_wrong_keys_and_signatures),
	    T(limit__what_we_switched_off_is_no_guess),
	    T(auth__nothing_needed_nothing_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
