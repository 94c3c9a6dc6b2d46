/* Names and passwords of local EST users. See est_user_check.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "store/session/digest_count.h"
#include "timestamp.h"

#include "catalog/catalog.h"
#include "requester_check.h"

#include "auth_limit.h"
#include "digest_header.h"
#include "digest_nonce.h"
#include "est_user_check.h"
#include "one_time.h"

static int64_t
seconds_now(void)
{
	return gh_now_us() / 1000000;
}

/* ---- who it is, when the password was right ---- */

/* What is told here, only who has the password hears. */
static int
accept_user(const struct worker_env *env, const struct est_user *u, const struct est_label *label,
    struct auth_result *out, struct gh_error *err)
{
	const struct listed_device *d =
	    listed_devices_find_user(&env->catalog->est_devices, u->name);
	struct requester *who = &out->requester;
	int rc;

	if (!u->is_enabled)
		return gh_fail(err, GH_E_ACCOUNT_DISABLED, "EST user is disabled");
	if (u->expires != 0 && u->expires <= gh_now()) {
		gh_fail(err, GH_E_ACCOUNT_DISABLED, "the password of the EST user has expired");
		snprintf(err->message, sizeof(err->message), "The password has expired.");
		return GH_E_ACCOUNT_DISABLED;
	}
	if (u->label != NULL && strcasecmp(u->label, label->name) != 0)
		return gh_refuse(err, GH_E_FORBIDDEN, "This user may not enroll at this label.");
	who->kind = REQUESTER_EST_USER;
	who->roles = 0;
	snprintf(who->name, sizeof(who->name), "%s", u->name);
	snprintf(who->id, sizeof(who->id), "%lld", (long long)u->id);
	who->est_user = u->id;
	if (label->devices != EST_DEVICES_NONE && d != NULL) {
		who->device = d->id;
		if ((rc = requester_check(env, who, err)) != 0)
			return rc;
	}
	return u->is_one_time ? one_time_mark(u, who, err) : 0;
}

/* Before the password is looked at. */
static int
claim(const struct auth_attempt *a, const char *name, struct gh_error *err)
{
	struct requester *who = &a->out->requester;

	snprintf(who->name, sizeof(who->name), "%s", name);
	snprintf(a->guess->user, sizeof(a->guess->user), "%s", name);
	return auth_limiter_check_user(a->limiter, name, who->address, err);
}

/* And behind it: rc says whether it was right. */
static void
settle(const struct auth_attempt *a, int rc)
{
	a->guess->is_one = rc == GH_E_AUTH_FAILED;
	if (rc == 0)
		auth_limiter_succeed(a->limiter, a->guess->user, a->out->requester.address,
		    seconds_now());
}

/* ---- Basic ---- */

static int
check_password(const struct worker_env *env, const struct est_user *u,
    const struct auth_basic *basic, struct gh_error *err)
{
	struct digest_secret kept, given = {0};
	int rc = digest_secret_unseal(u->secret_sealed, env->server_secret, &kept, err);

	if (rc == 0)
		rc = digest_secret_make(u->name, basic->password, &given, err);
	if (rc == 0 &&
	    CRYPTO_memcmp(kept.a1[DIGEST_SHA256], given.a1[DIGEST_SHA256], DIGEST_HEX_SIZE) != 0)
		rc = gh_fail(err, GH_E_AUTH_FAILED, "wrong password of an EST user");
	OPENSSL_cleanse(&kept, sizeof(kept));
	OPENSSL_cleanse(&given, sizeof(given));
	return rc;
}

int
est_user_by_basic(const struct auth_attempt *a, const struct est_label *label,
    const struct est_user *user, struct gh_error *err)
{
	const struct auth_basic *basic = &a->given->basic;
	int rc = claim(a, user->name, err);

	if (rc != 0)
		return rc;
	/* in another case it is not his name, nor that of anybody in the directory */
	if (strcmp(basic->user, user->name) != 0)
		rc = gh_fail(err, GH_E_AUTH_FAILED, "the name of an EST user in another case");
	else
		rc = check_password(a->env, user, basic, err);
	if (rc == 0)
		rc = accept_user(a->env, user, label, a->out, err);
	settle(a, rc);
	return rc;
}

/* ---- Digest ---- */

bool
est_user_has_digest(const struct gh_http_request *http)
{
	const char *header = gh_http_header(http, "authorization");

	return header != NULL && strncasecmp(header, "Digest", 6) == 0 &&
	    (header[6] == ' ' || header[6] == '\0');
}

static bool
is_offered(const struct gh_conf *conf, enum digest_hash h)
{
	return strcmp(conf->est.digest, "md5") == 0 ||
	    (h == DIGEST_SHA256 && strcmp(conf->est.digest, "sha256") == 0);
}

static const char *
method_of(const struct gh_http_request *http)
{
	switch (http->method) {
	case GH_HTTP_GET:
		return "GET";
	case GH_HTTP_HEAD:
		return "HEAD";
	case GH_HTTP_POST:
		return "POST";
	default:
		return "?";
	}
}

/* RFC 7616, 3.4.6: the server should see that it is the one of the request. */
static bool
is_target(const char *uri, const struct gh_http_request *http)
{
	size_t n = strlen(http->path);

	if (strncmp(uri, http->path, n) != 0)
		return false;
	return http->query[0] == '\0' ? uri[n] == '\0'
				      : uri[n] == '?' && strcmp(uri + n + 1, http->query) == 0;
}

/* What was asked of us, by a client that has our challenge. */
static int
check_form(const struct worker_env *env, const struct digest_header *h,
    const struct gh_http_request *http, struct gh_error *err)
{
	if (!is_offered(env->conf, h->hash))
		return gh_fail(err, GH_E_AUTH_REQUIRED, "Digest with a hash that is not offered");
	if (strcmp(h->realm, AUTH_REALM) != 0 ||
	    digest_nonce_look(env->server_secret, h->nonce, gh_now()) == DIGEST_NONCE_FOREIGN)
		return gh_fail(err, GH_E_AUTH_REQUIRED, "Digest by a challenge that is not ours");
	return is_target(h->uri, http) ? 0
				       : gh_fail(err, GH_E_AUTH_FAILED, "Digest for another URI");
}

static int
check_response(const struct worker_env *env, const struct digest_header *h,
    const struct est_user *u, const struct gh_http_request *http, struct gh_error *err)
{
	struct digest_secret kept;
	int rc;

	if (u == NULL || strcmp(u->name, h->user) != 0)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such EST user");
	if ((rc = digest_secret_unseal(u->secret_sealed, env->server_secret, &kept, err)) == 0)
		rc = digest_header_check(h, &kept, method_of(http), err);
	OPENSSL_cleanse(&kept, sizeof(kept));
	return rc;
}

/* Each count of a nonce once, on all nodes. */
static int
check_nonce(struct worker_env *env, const struct digest_header *h, struct gh_error *err)
{
	bool is_new;
	int rc;

	if (digest_nonce_look(env->server_secret, h->nonce, gh_now()) == DIGEST_NONCE_STALE)
		return gh_fail(err, GH_E_NONCE, "the nonce of Digest is too old");
	if ((rc = store_count_nonce(env->store, h->nonce, h->count, &is_new, err)) != 0)
		return rc;
	return is_new ? 0 : gh_fail(err, GH_E_NONCE, "a call of Digest was repeated");
}

int
est_user_by_digest(const struct auth_attempt *a, const struct est_label *label,
    struct gh_error *err)
{
	struct worker_env *env = a->env;
	const struct est_user *u;
	struct digest_header h;
	int rc = digest_header_parse(gh_http_header(a->http, "authorization"), &h, err);

	if (rc != 0 || (rc = claim(a, h.user, err)) != 0 ||
	    (rc = check_form(env, &h, a->http, err)) != 0)
		return rc;
	u = est_users_find(&env->catalog->est_users, h.user);
	if ((rc = check_response(env, &h, u, a->http, err)) == 0 &&
	    (rc = check_nonce(env, &h, err)) == 0)
		rc = accept_user(env, u, label, a->out, err);
	settle(a, rc);
	OPENSSL_cleanse(&h, sizeof(h));
	return rc;
}

/* ---- the challenge ---- */

static void
put_digest(const char *algorithm, const char *nonce, bool is_stale, struct gh_http_reply *rep)
{
	char line[256];

	snprintf(line, sizeof(line),
	    "Digest realm=\"" AUTH_REALM
	    "\", qop=\"auth\", algorithm=%s, nonce=\"%s\", charset=UTF-8%s",
	    algorithm, nonce, is_stale ? ", stale=true" : "");
	gh_http_reply_header(rep, "WWW-Authenticate", line);
}

void
est_user_challenge(const struct worker_env *env, int code, struct gh_http_reply *rep)
{
	bool is_stale = code == GH_E_NONCE;
	char nonce[DIGEST_NONCE_SIZE];
	struct gh_error own;

	gh_http_reply_header(rep, "WWW-Authenticate",
	    "Basic realm=\"" AUTH_REALM "\", charset=\"UTF-8\"");
	if (digest_nonce_make(env->server_secret, gh_now(), nonce, &own) == 0) {
		if (is_offered(env->conf, DIGEST_SHA256))
			put_digest("SHA-256", nonce, is_stale, rep);
		if (is_offered(env->conf, DIGEST_MD5))
			put_digest("MD5", nonce, is_stale, rep);
	}
	if (is_stale || code == GH_E_AUTH_REQUIRED)
		rep->body_len = 0;
}
