/*
 * Authentication of a call: rate limit, application key, signature over the raw body, user. What
 * fails is counted, and where somebody known was refused, audited. The number of such rows is
 * bounded by the limiter: a blocked caller leaves none.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "catalog/app.h"
#include "certenroll/ce_header.h"
#include "log.h"
#include "timestamp.h"
#include "utf8.h"

#include "est/est_door.h"

#include "auth.h"
#include "auth_est.h"
#include "auth_hmac.h"
#include "auth_limit.h"
#include "auth_user.h"
#include "login_event.h"
#include "login_session.h"

static int64_t
seconds_now(void)
{
	return gh_now_us() / 1000000;
}

/* A user who has logged in from here before need not suffer for others behind the same address.
 * What then fails before his password is looked at counts for him, so that his name is no way
 * around the limit. */
static bool
is_good_user(const struct auth_attempt *a)
{
	const char *user = a->given->basic.user, *address = a->http->address;
	bool is_good = a->given->parsed == 0 &&
	    auth_limiter_is_good(a->limiter, user, address, seconds_now()) &&
	    auth_limiter_check_user(a->limiter, user, address, NULL) == 0;

	a->guess->is_one = is_good;
	if (is_good)
		snprintf(a->guess->user, sizeof(a->guess->user), "%s", user);
	return is_good;
}

static int
check_address(const struct auth_attempt *a, struct gh_error *err)
{
	const char *address = a->http->address;
	int wait = auth_limiter_wait_address(a->limiter, address, seconds_now());
	int rc;

	if (wait == 0 || is_good_user(a))
		return 0;
	rc = gh_fail(err, GH_E_RATE_LIMITED, "address %s is blocked for %d s", address, wait);
	err->retry_after = wait;
	return rc;
}

static void
set_app(struct requester *r, const struct app *app)
{
	r->app_id = app->id;
	snprintf(r->app_name, sizeof(r->app_name), "%s", app->name);
	gh_utf8_clean(r->app_name);
}

static int
check_app(struct worker_env *env, const struct gh_http_request *http, struct auth_result *out,
    struct gh_error *err)
{
	const struct app *known;
	int rc = auth_app_find(env->catalog, ce_header_app_key(http), &out->app, &known, err);

	if (known != NULL)
		set_app(&out->requester, known);
	if (rc != 0)
		return rc;
	return auth_signature_check(out->app, ce_header_signature(http), http->body, http->body_len,
	    err);
}

/*
 * Could it have been a guess? Not a client that waits for the challenge, one without a key, and
 * what is our own doing: an application or account that was disabled, a directory that is down.
 * Whoever meets these has shown what he should.
 */
static bool
is_guess(const struct gh_error *err, const struct gh_http_request *http,
    const struct requester *who)
{
	const char *key = ce_header_app_key(http);

	switch (err->code) {
	case GH_E_AUTH_FAILED:
	case GH_E_SIGNATURE:
		return true;
	case GH_E_APP_KEY:
		return key != NULL && *key != '\0' && *who->app_name == '\0';
	default:
		return false;
	}
}

static bool
is_disabled(const struct gh_error *err, const struct requester *who)
{
	return err->code == GH_E_ACCOUNT_DISABLED ||
	    (err->code == GH_E_APP_KEY && *who->app_name != '\0');
}

/* Known: an application of ours called, or somebody gave a user name. */
static void
audit_failure(struct worker_env *env, const struct gh_http_request *http,
    const struct requester *who, const struct gh_error *err, int blocked)
{
	char detail[sizeof(err->detail) + 128];
	struct store_audit a = {
	    .event = "auth.failed",
	    .outcome = "failure",
	    .who = who,
	    .request_id = http->request_id,
	    .object = *who->app_name != '\0' ? who->app_name : NULL,
	    .detail = detail,
	};
	struct gh_error why;
	int n;

	n = snprintf(detail, sizeof(detail), "%s: %s", gh_error_info(err->code)->name, err->detail);
	if (blocked > 0 && n > 0 && (size_t)n < sizeof(detail))
		snprintf(detail + n, sizeof(detail) - (size_t)n, "; blocked for %d s", blocked);
	gh_utf8_clean(detail);
	gh_log_kv(GH_LOG_WARN, "authentication failed", "user", who->name, "application",
	    who->app_name, "address", who->address, "detail", detail, NULL);
	if (*who->app_name == '\0' && *who->name == '\0')
		return;
	if (store_audit(env->store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

static void
on_failure(const struct auth_attempt *a, const struct gh_error *err)
{
	const struct gh_http_request *http = a->http;
	struct requester *who = &a->out->requester;
	int64_t now = seconds_now();
	int by_user = 0, by_address;

	who->kind = REQUESTER_NONE;
	who->roles = 0;
	who->has_groups = false;
	gh_utf8_clean(who->name);
	if (is_disabled(err, who) &&
	    auth_limiter_may_audit(a->limiter, *who->name != '\0' ? who->name : who->app_name,
		http->address, now))
		audit_failure(a->env, http, who, err, 0);
	if (!is_guess(err, http, who))
		return;
	if (a->guess->is_one)
		by_user = auth_limiter_fail_user(a->limiter, a->guess->user, http->address, now);
	by_address = auth_limiter_fail_address(a->limiter, http->address, now);
	audit_failure(a->env, http, who, err, by_user > by_address ? by_user : by_address);
}

/* Whoever comes without a session. */
static int
check_caller(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, const struct auth_given *given, struct auth_result *out,
    struct gh_error *err)
{
	struct auth_guess guess = {0};
	const struct auth_attempt a = {env, limiter, need, http, given, out, &guess};
	int rc = check_address(&a, err);

	if (rc == 0 &&
	    ((need & AUTH_APP) != 0 ||
		((need & AUTH_APP_SENT) != 0 && ce_header_app_key(http) != NULL)))
		rc = check_app(env, http, out, err);
	if (rc == 0)
		rc = auth_user_check(&a, err);
	if (rc != 0) {
		on_failure(&a, err);
		auth_result_clear(out);
	}
	return rc;
}

static void
begin(const struct gh_http_request *http, struct auth_result *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->requester.address, http->address, sizeof(out->requester.address));
}

/* A password was given for this very call, and comes before a cookie, where the row takes one. */
static bool
is_by_session(unsigned need, const struct gh_http_request *http)
{
	return (need & AUTH_SESSION) != 0 && session_has_cookie(http) &&
	    ((need & AUTH_PERSON) == 0 || gh_http_header(http, "authorization") == NULL);
}

int
auth_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err)
{
	struct auth_given given;
	struct gh_error own;
	int rc;

	if (err == NULL)
		err = &own;
	begin(http, out);
	if (need == AUTH_ANYBODY)
		return 0;
	if (is_by_session(need, http)) {
		rc = session_check(env, limiter, http, out, err);
		return rc == GH_E_AUTH_REQUIRED && (need & AUTH_ANYBODY) != 0 ? 0 : rc;
	}
	if ((need & AUTH_ANYBODY) != 0)
		return 0;
	if (need == AUTH_SESSION)
		return gh_fail(err, GH_E_AUTH_REQUIRED, "no session");
	memset(&given.err, 0, sizeof(given.err));
	given.parsed =
	    auth_basic_parse(gh_http_header(http, "authorization"), &given.basic, &given.err);
	rc = check_caller(env, limiter, need & ~(unsigned)AUTH_SESSION, http, &given, out, err);
	OPENSSL_cleanse(&given.basic, sizeof(given.basic));
	return rc;
}

/* Nobody says who calls, and nobody has to. */
static bool
is_message_alone(unsigned need, const struct est_label *label, const struct gh_http_request *http)
{
	return (need & AUTH_EST_MESSAGE) != 0 && label->cmc == EST_CMC_MESSAGE &&
	    gh_http_header(http, "authorization") == NULL && http->client_cert == NULL;
}

/* Of an application key nothing is asked: EST knows none. */
int
auth_est_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct call_parts *parts, const struct gh_http_request *http, struct auth_result *out,
    struct gh_error *err)
{
	const struct est_label *label;
	struct auth_given given = {0};
	struct auth_guess guess = {0};
	const struct auth_attempt a = {env, limiter, need, http, &given, out, &guess};
	int rc;

	begin(http, out);
	if ((rc = est_door_label(env, parts, &label, err)) != 0)
		return rc;
	given.parsed =
	    auth_basic_parse(gh_http_header(http, "authorization"), &given.basic, &given.err);
	rc = check_address(&a, err);
	if (rc == 0 && !is_message_alone(need, label, http))
		rc = auth_est_user(&a, label, err);
	if (rc == 0 && out->requester.is_one_time && (need & AUTH_EST_ONE_TIME) == 0)
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "A one-time password is for simpleenroll and simplereenroll only.");
	if (rc == GH_E_FORBIDDEN && *out->requester.name != '\0' &&
	    auth_limiter_may_audit(limiter, out->requester.name, http->address, seconds_now()))
		audit_failure(env, http, &out->requester, err, 0);
	if (rc != 0) {
		on_failure(&a, err);
		auth_result_clear(out);
	}
	OPENSSL_cleanse(&given.basic, sizeof(given.basic));
	return rc;
}

void
auth_message_refused(struct auth_limiter *limiter, const struct gh_http_request *http,
    const char *code)
{
	static const enum gh_code guesses[] = {GH_E_AUTH_FAILED, GH_E_SIGNATURE};

	for (size_t i = 0; code != NULL && i < sizeof(guesses) / sizeof(guesses[0]); i++)
		if (strcmp(code, gh_error_info(guesses[i])->name) == 0)
			(void)auth_limiter_fail_address(limiter, http->address, seconds_now());
}

int
auth_log_in(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, const char *user, const char *password,
    struct auth_result *out, struct gh_error *err)
{
	struct auth_given given = {0};
	int rc;

	begin(http, out);
	given.parsed = auth_basic_set(user, password, &given.basic, &given.err);
	rc = check_caller(env, limiter, AUTH_PERSON | AUTH_ANEW, http, &given, out, err);
	login_event_count(rc);
	OPENSSL_cleanse(&given.basic, sizeof(given.basic));
	return rc;
}

int
auth_log_in_by_cert(struct worker_env *env, struct auth_limiter *limiter,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err)
{
	struct auth_given given = {.parsed = GH_E_AUTH_REQUIRED};
	int rc;

	begin(http, out);
	if (http->client_cert == NULL)
		return gh_refuse(err, GH_E_AUTH_REQUIRED,
		    "This connection has no client certificate.");
	rc = check_caller(env, limiter, AUTH_USER, http, &given, out, err);
	login_event_count(rc);
	return rc;
}

/* The requester stays: it names who was refused, and belongs to nobody. */
void
auth_result_clear(struct auth_result *r)
{
	if (r->entry != NULL)
		dir_entry_free(r->entry);
	r->entry = NULL;
	r->app = NULL;
	session_free(r->session);
	r->session = NULL;
	OPENSSL_cleanse(r->mark, sizeof(r->mark));
}
