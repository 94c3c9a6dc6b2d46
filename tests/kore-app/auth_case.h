/* A caller with headers, in front of stand-ins for the directory and the database. */
#ifndef TEST_AUTH_CASE_H
#define TEST_AUTH_CASE_H

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
static inline int
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

static inline void
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

static inline void
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

static inline int
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

static inline int
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

static inline int
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
#define C1_SHA1 "k5nSxXzMo8AE110/yyFeTKgfiS0="
#define EMPTY_SHA1 "eLcTdsVxWEnsZEHYcHKXhbfIhpg="

#endif
