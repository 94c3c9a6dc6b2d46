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
#include "auth_limit.h"
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

/* What is known of a request while its session is looked at. */
struct visit {
	struct worker_env *env;
	struct auth_limiter *limiter;
	const struct gh_http_request *http;
};

static char *
handle_of(const unsigned char id[STORE_SESSION_ID_SIZE], char out[STORE_SESSION_HANDLE + 1])
{
	return gh_hex_lower(id, STORE_SESSION_HANDLE / 2, out);
}

/* This node does not believe the row any more, should somebody put it back. */
static void
note_end(const struct visit *v, const char *handle)
{
	auth_limiter_end_session(v->limiter, handle, gh_now_us() / 1000000);
}

static int
end_row(const struct visit *v, const unsigned char id[STORE_SESSION_ID_SIZE],
    const struct requester *who, const char *event, const char *why, struct gh_error *err)
{
	const struct store_session_end how = {.who = who,
	    .event = event,
	    .detail = why,
	    .request_id = v->http->request_id};
	char handle[STORE_SESSION_HANDLE + 1];
	int n;

	note_end(v, handle_of(id, handle));
	return store_end_session(v->env->store, id, &how, &n, err);
}

static void
end(const struct visit *v, const struct store_session *row, const char *why)
{
	struct requester who = row->who;
	struct gh_error err;

	memcpy(who.address, v->http->address, sizeof(who.address));
	gh_log_kv(GH_LOG_INFO, "session ended", "user", who.name, "address", who.address, "detail",
	    why, NULL);
	if (end_row(v, row->id, &who, "session.ended", why, &err) != 0)
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

/* One that ended here is over, whatever the database says now. */
static bool
is_put_back(const struct visit *v, const struct store_session *row)
{
	char handle[STORE_SESSION_HANDLE + 1];

	return auth_limiter_has_ended(v->limiter, handle_of(row->id, handle),
	    gh_now_us() / 1000000);
}

static int
find_row(const struct visit *v, const unsigned char cookie[COOKIE_SIZE], struct store_session *row,
    struct gh_error *err)
{
	unsigned char id[STORE_SESSION_ID_SIZE];
	const char *why = NULL;
	int rc = hash_cookie(v->env, ID_LABEL, cookie, id, err);

	if (rc == 0)
		rc = store_get_session(v->env->store, id, row, err);
	if (rc == GH_E_SEAL) {
		memcpy(row->id, id, sizeof(id));
		why = err->detail;
	} else if (rc == 0) {
		why = is_put_back(v, row) ? "its row was put back after its end"
					  : limit_of(v->env->conf, row, gh_now());
	} else if (rc != GH_E_NOT_FOUND) {
		return rc;
	}
	if (why != NULL)
		end(v, row, why);
	return why != NULL || rc == GH_E_NOT_FOUND ? gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED) : 0;
}

static int
check(const struct visit *v, const unsigned char cookie[COOKIE_SIZE], struct session *s,
    struct auth_result *out, struct gh_error *err)
{
	unsigned char token[GH_KEY_SIZE];
	int rc = find_row(v, cookie, &s->row, err);

	if (rc != 0)
		return rc;
	if ((rc = check_person(v->env, v->http, &s->row, out, err)) == 0)
		rc = hash_cookie(v->env, TOKEN_LABEL, cookie, token, err);
	if (ends_session(rc)) {
		end(v, &s->row, err->detail);
		return gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED);
	}
	if (rc == 0) {
		gh_hex_lower(token, sizeof(token), s->token);
		touch(v->env, &s->row, gh_now());
	}
	return rc;
}

int
session_check(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err)
{
	const struct visit v = {env, limiter, http};
	unsigned char cookie[COOKIE_SIZE];
	struct session *s;
	int rc;

	if (!cookie_read(http, SESSION_COOKIE, cookie))
		return gh_refuse(err, GH_E_AUTH_REQUIRED, ENDED);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "session");
	rc = check(&v, cookie, s, out, err);
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

/* The session that the browser came with, whoever's it is. */
static int
end_own(const struct visit *v, const struct requester *who, const char *event, const char *why,
    struct gh_error *err)
{
	unsigned char cookie[COOKIE_SIZE], id[STORE_SESSION_ID_SIZE];
	int rc = 0;

	if (cookie_read(v->http, SESSION_COOKIE, cookie) &&
	    (rc = hash_cookie(v->env, ID_LABEL, cookie, id, err)) == 0)
		rc = end_row(v, id, who, event, why, err);
	OPENSSL_cleanse(cookie, sizeof(cookie));
	return rc;
}

/* All of a person. */
static int
end_all(const struct visit *v, const struct requester *person, struct gh_error *err)
{
	const struct store_session_filter his = {.person = person};
	const struct store_session_end how = {.who = person,
	    .event = "logout",
	    .detail = "everywhere",
	    .request_id = v->http->request_id};
	const struct gh_conf *conf = v->env->conf;
	const struct store_session_page all = {.now = gh_now(),
	    .idle = conf->pages.session_idle,
	    .limit = conf->pages.sessions_max};
	gh_json *list = NULL;
	int n, rc = store_list_sessions(v->env->store, &his, &all, &list, NULL, err);

	for (size_t i = 0; rc == 0 && i < gh_json_size(list); i++) {
		const char *handle = gh_json_string(gh_json_get(gh_json_at(list, i), "session"));

		if (handle != NULL)
			note_end(v, handle);
	}
	gh_json_free(list);
	return rc == 0 ? store_end_sessions(v->env->store, &his, &how, &n, err) : rc;
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
session_start(struct worker_env *env, const struct call *call, const struct auth_result *who,
    struct gh_http_reply *rep, struct gh_error *err)
{
	const struct visit v = {env, call->limiter, call->http};
	struct store_session row = {0};
	unsigned char cookie[COOKIE_SIZE];
	int rc = fill_row(env, call->http, who, &row, err);

	if (rc == 0 && RAND_priv_bytes(cookie, sizeof(cookie)) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "no random numbers");
	if (rc == 0)
		rc = hash_cookie(env, ID_LABEL, cookie, row.id, err);
	if (rc == 0)
		rc = end_own(&v, &who->requester, "session.ended", "another log-in here", err);
	if (rc == 0)
		rc = store_new_session(env->store, &row, env->conf->pages.sessions_max,
		    call->http->request_id, err);
	if (rc == 0)
		cookie_set(rep, SESSION_COOKIE, cookie, 0);
	OPENSSL_cleanse(cookie, sizeof(cookie));
	return rc;
}

int
session_log_out(struct worker_env *env, const struct call *call, bool everywhere,
    struct gh_http_reply *rep, struct gh_error *err)
{
	const struct visit v = {env, call->limiter, call->http};
	int rc = everywhere ? end_all(&v, call->requester, err)
			    : end_own(&v, call->requester, "logout", NULL, err);

	if (rc == 0)
		cookie_set(rep, SESSION_COOKIE, NULL, 0);
	return rc;
}
