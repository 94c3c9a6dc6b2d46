/* Sessions of browsers. See login_session.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "digest.h"
#include "hex.h"
#include "log.h"
#include "store/session/session_list.h"
#include "timestamp.h"

#include "auth_entry.h"
#include "auth_user_cert.h"
#include "cookie.h"
#include "login_session.h"

#define ID_LABEL "gatehouse session id v1"
#define TOKEN_LABEL "gatehouse session form token v1"
/* Its use is written so often at most: an idle limit is kept to a tenth. */
#define TOUCH_SECONDS 60
#define ENDED "Your session has ended. Please log in again."

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

bool
session_has_cookie(const struct gh_http_request *http)
{
	return cookie_is_sent(http, SESSION_COOKIE);
}

/* What is made from a cookie, under the gateway secret. */
static int
hash_cookie(const struct worker_env *env, const char *label,
    const unsigned char cookie[COOKIE_SIZE], unsigned char out[GH_KEY_SIZE], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(env->server_secret, label, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), cookie, COOKIE_SIZE, out))
		rc = gh_fail(err, GH_E_INTERNAL, "no HMAC");
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

bool
session_token_fits(const struct session *s, const char *sent)
{
	return sent != NULL && strlen(sent) == SESSION_TOKEN_SIZE - 1 &&
	    CRYPTO_memcmp(sent, s->token, SESSION_TOKEN_SIZE - 1) == 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void
end(struct worker_env *env, const struct gh_http_request *http, const struct store_session *row,
    const char *why)
{
	struct requester who = row->who;
	const struct store_session_end how = {.who = &who,
	    .event = "session.ended",
	    .detail = why,
	    .request_id = http->request_id};
	struct gh_error err;
	int n;

	memcpy(who.address, http->address, sizeof(who.address));
	gh_log_kv(GH_LOG_INFO, "session ended", "user", who.name, "address", who.address, "detail",
	    why, NULL);
	if (store_end_session(env->store, row->id, &how, &n, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "session not removed", "detail", err.detail, NULL);
}

/* --- as it is now ----------------------------------------------------------------------------- */

/* NULL: the session goes on; else why not. */
static const char *
limit_of(const struct gh_conf *conf, const struct store_session *row, int64_t now)
{
	return now >= row->ends                           ? "it has reached its absolute limit"
	    : now - row->used >= conf->pages.session_idle ? "it was not used for too long"
							  : NULL;
}

static int
check_admin(struct worker_env *env, const struct store_session *row, struct auth_result *out,
    struct gh_error *err)
{
	unsigned char mark[CREDENTIAL_MARK_SIZE];
	struct store_user user;
	int rc = store_get_user(env->store, row->who.name, &user, err);

	if (rc == GH_E_NOT_FOUND)
		return gh_fail(err, GH_E_AUTH_FAILED, "the local user is gone");
	if (rc == 0)
		rc = credential_mark_of_hash(env->server_secret, user.hash, mark, err);
	if (rc == 0 && !user.enabled)
		rc = gh_fail(err, GH_E_ACCOUNT_DISABLED, "the local user is disabled");
	else if (rc == 0 && CRYPTO_memcmp(mark, row->mark, sizeof(mark)) != 0)
		rc = gh_fail(err, GH_E_AUTH_FAILED, "the password was changed");
	snprintf(out->requester.name, sizeof(out->requester.name), "%s", user.name);
	out->requester.kind = REQUESTER_ADMIN;
	out->requester.roles = user.roles;
	OPENSSL_cleanse(&user, sizeof(user));
	return rc;
}

static int
has_mark(const struct worker_env *env, const struct dir_entry *e, const struct store_session *row,
    bool *out, struct gh_error *err)
{
	unsigned char mark[CREDENTIAL_MARK_SIZE];
	int rc = credential_mark_of_entry(env->server_secret, e, mark, err);

	*out = rc == 0 && CRYPTO_memcmp(mark, row->mark, sizeof(mark)) == 0;
	return rc;
}

/* Out of the cache it may be older than the log-in: so it is asked for anew before it ends one. */
static int
find_entry(struct worker_env *env, const struct store_session *row, struct dir_entry **out,
    struct gh_error *err)
{
	bool fits = false;
	int rc = dir_find(env->dir, row->who.name, out, err);

	if (rc == 0)
		rc = has_mark(env, *out, row, &fits, err);
	if (rc == 0 && !fits) {
		dir_entry_free(*out);
		rc = dir_find_anew(env->dir, row->who.name, out, err);
		if (rc == 0)
			rc = has_mark(env, *out, row, &fits, err);
	}
	if (rc == 0 && !fits)
		rc = gh_fail(err, GH_E_AUTH_FAILED, "the password was changed");
	if (rc != 0) {
		dir_entry_free(*out);
		*out = NULL;
	}
	return rc;
}

static int
check_user(struct worker_env *env, const struct store_session *row, struct auth_result *out,
    struct gh_error *err)
{
	struct dir_entry *e = NULL;
	int rc = find_entry(env, row, &e, err);

	return rc != 0 ? rc : auth_entry_accept(env, e, out, err);
}

/* The certificate must be on each connection that says so: a cookie alone is worth nothing then. */
static int
check_cert(struct worker_env *env, const struct gh_http_request *http,
    const struct store_session *row, struct auth_result *out, struct gh_error *err)
{
	unsigned char sum[GH_DIGEST_MAX];

	if (http->client_cert == NULL ||
	    !gh_digest(GH_SHA256, http->client_cert, http->client_cert_len, sum) ||
	    memcmp(sum, row->certificate, sizeof(row->certificate)) != 0)
		return gh_refuse(err, GH_E_AUTH_REQUIRED,
		    "This session needs the client certificate that it began with.");
	return auth_user_by_cert(env, http, out, err);
}

static int
check_person(struct worker_env *env, const struct gh_http_request *http,
    const struct store_session *row, struct auth_result *out, struct gh_error *err)
{
	const struct requester *was = &row->who, *now = &out->requester;
	int rc = row->by_certificate           ? check_cert(env, http, row, out, err)
	    : was->kind == REQUESTER_ADMIN     ? check_admin(env, row, out, err)
	    : was->kind == REQUESTER_DIRECTORY ? check_user(env, row, out, err)
					       : gh_fail(err, GH_E_AUTH_FAILED, "nobody's");

	if (rc != 0)
		return rc;
	if (now->kind != was->kind ||
	    (*was->id != '\0' || *now->id != '\0' ? strcasecmp(was->id, now->id) != 0
						  : strcmp(was->dn, now->dn) != 0))
		return gh_fail(err, GH_E_AUTH_FAILED, "another entry has the name now");
	if ((was->roles & ~now->roles) != 0)
		return gh_fail(err, GH_E_AUTH_FAILED, "a role was taken away");
	return 0;
}

static void
touch(struct worker_env *env, struct store_session *row, int64_t now)
{
	int step = env->conf->pages.session_idle / 10;
	struct gh_error err;

	if (now - row->used < (step < TOUCH_SECONDS ? step : TOUCH_SECONDS))
		return;
	row->used = now;
	if (store_touch_session(env->store, row, &err) != 0)
		gh_log_kv(GH_LOG_WARN, "use of a session not written", "detail", err.detail, NULL);
}

/* Is it over by itself, by its person, or for a reason that will pass? */
static bool
ends_session(int rc)
{
	return rc == GH_E_AUTH_FAILED || rc == GH_E_ACCOUNT_DISABLED || rc == GH_E_NOT_IN_DIRECTORY;
}

static int
find_row(struct worker_env *env, const struct gh_http_request *http,
    const unsigned char cookie[COOKIE_SIZE], struct store_session *row, struct gh_error *err)
{
	unsigned char id[STORE_SESSION_ID_SIZE];
	const char *limit;
	int rc = hash_cookie(env, ID_LABEL, cookie, id, err);

	if (rc == 0)
		rc = store_get_session(env->store, id, row, err);
	if (rc == GH_E_SEAL) {
		memcpy(row->id, id, sizeof(id));
		end(env, http, row, err->detail);
	}
	if (rc == GH_E_SEAL || rc == GH_E_NOT_FOUND)
		return gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED);
	if (rc != 0 || (limit = limit_of(env->conf, row, gh_now())) == NULL)
		return rc;
	end(env, http, row, limit);
	return gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED);
}

static int
check(struct worker_env *env, const struct gh_http_request *http,
    const unsigned char cookie[COOKIE_SIZE], struct session *s, struct auth_result *out,
    struct gh_error *err)
{
	unsigned char token[GH_KEY_SIZE];
	int rc = find_row(env, http, cookie, &s->row, err);

	if (rc != 0)
		return rc;
	if ((rc = check_person(env, http, &s->row, out, err)) == 0)
		rc = hash_cookie(env, TOKEN_LABEL, cookie, token, err);
	if (ends_session(rc)) {
		end(env, http, &s->row, err->detail);
		return gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED);
	}
	if (rc == 0) {
		gh_hex_lower(token, sizeof(token), s->token);
		touch(env, &s->row, gh_now());
	}
	return rc;
}

int
session_check(struct worker_env *env, const struct gh_http_request *http, struct auth_result *out,
    struct gh_error *err)
{
	unsigned char cookie[COOKIE_SIZE];
	struct session *s;
	int rc;

	if (!cookie_read(http, SESSION_COOKIE, cookie))
		return gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "session");
	rc = check(env, http, cookie, s, out, err);
	OPENSSL_cleanse(cookie, sizeof(cookie));
	if (rc == 0) {
		out->session = s;
		return 0;
	}
	session_free(s);
	auth_result_clear(out);
	out->requester = (struct requester){0};
	memcpy(out->requester.address, http->address, sizeof(out->requester.address));
	return rc;
}

/* --- log-in and log-out ----------------------------------------------------------------------- */

static int
end_own(struct worker_env *env, const struct gh_http_request *http, const struct requester *who,
    const char *event, const char *why, struct gh_error *err)
{
	const struct store_session_end how = {.who = who,
	    .event = event,
	    .detail = why,
	    .request_id = http->request_id};
	unsigned char cookie[COOKIE_SIZE], id[STORE_SESSION_ID_SIZE];
	int n, rc = 0;

	if (cookie_read(http, SESSION_COOKIE, cookie) &&
	    (rc = hash_cookie(env, ID_LABEL, cookie, id, err)) == 0)
		rc = store_end_session(env->store, id, &how, &n, err);
	OPENSSL_cleanse(cookie, sizeof(cookie));
	return rc;
}

static int
fill_row(const struct worker_env *env, const struct gh_http_request *http,
    const struct auth_result *who, struct store_session *row, struct gh_error *err)
{
	unsigned char sum[GH_DIGEST_MAX];

	row->who = who->requester;
	row->by_certificate = who->requester.via_client_cert;
	if (row->by_certificate) {
		if (!gh_digest(GH_SHA256, http->client_cert, http->client_cert_len, sum))
			return gh_fail(err, GH_E_NOMEM, "certificate");
		memcpy(row->certificate, sum, sizeof(row->certificate));
	}
	memcpy(row->mark, who->mark, sizeof(row->mark));
	row->created = row->used = gh_now();
	row->ends = row->created + env->conf->pages.session_seconds;
	return 0;
}

int
session_start(struct worker_env *env, const struct gh_http_request *http,
    const struct auth_result *who, struct gh_http_reply *rep, struct gh_error *err)
{
	struct store_session row = {0};
	unsigned char cookie[COOKIE_SIZE];
	int rc = fill_row(env, http, who, &row, err);

	if (rc == 0 && RAND_priv_bytes(cookie, sizeof(cookie)) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "no random numbers");
	if (rc == 0)
		rc = hash_cookie(env, ID_LABEL, cookie, row.id, err);
	if (rc == 0)
		rc = end_own(env, http, &who->requester, "session.ended", "another log-in here",
		    err);
	if (rc == 0)
		rc = store_new_session(env->store, &row, env->conf->pages.sessions_max,
		    http->request_id, err);
	if (rc == 0)
		cookie_set(rep, SESSION_COOKIE, cookie, 0);
	OPENSSL_cleanse(cookie, sizeof(cookie));
	return rc;
}

int
session_log_out(struct worker_env *env, const struct call *call, bool everywhere,
    struct gh_http_reply *rep, struct gh_error *err)
{
	const struct store_session_filter mine = {.person = call->requester};
	const struct store_session_end how = {.who = call->requester,
	    .event = "logout",
	    .detail = "everywhere",
	    .request_id = call->http->request_id};
	int n, rc;

	rc = everywhere ? store_end_sessions(env->store, &mine, &how, &n, err)
			: end_own(env, call->http, call->requester, "logout", NULL, err);
	if (rc == 0)
		cookie_set(rep, SESSION_COOKIE, NULL, 0);
	return rc;
}
