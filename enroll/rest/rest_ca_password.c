/* JSON around ca_password.h. All wrong members are named at once; no value of the body is ever
 * repeated. */
#include <string.h>

#include "authority/ca_password.h"
#include "json.h"
#include "timestamp.h"

#include "rest_ca_password.h"
#include "rest.h"

/* What the members of a body say; borrowed from it. */
struct words {
	const char *current, *new_password;
	int seconds;
};

struct operation {
	enum ca_password_action action;
	/* Take the members; wrong ones go into f. */
	void (*read)(const gh_json *body, struct rest_fields *f, struct words *w);
	int (*run)(const struct ca_password_call *c, const struct words *w,
	    struct ca_password_status *out, struct gh_error *err);
	const char *done; /* message of the answer */
};

/* --- answers ---------------------------------------------------------------------------------- */

static int
set_time(gh_json *o, const char *name, int64_t t)
{
	char text[GH_TIMESTAMP_SIZE];

	return gh_json_set_string(o, name, t != 0 ? gh_timestamp_format(t, text) : NULL);
}

static int
put_status(gh_json *o, const struct ca_password_status *s)
{
	return gh_json_set_string(o, "ca", s->ca) |
	    gh_json_set_bool(o, "requires_private_key_password", s->requires_password) |
	    gh_json_set_bool(o, "is_locked", s->is_locked) |
	    set_time(o, "locked_until", s->locked_until) |
	    set_time(o, "last_accessed_at", s->last_accessed_at) |
	    gh_json_set_int(o, "access_attempts", s->attempts) |
	    set_time(o, "unlocked_until", s->unlocked_until);
}

static gh_json *
status_json(const char *message, const struct ca_password_status *s)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && (message == NULL || gh_json_set_string(o, "message", message) == 0) &&
	    put_status(o, s) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

gh_json *
ca_password_status_json(const struct ca_password_status *s)
{
	return status_json(NULL, s);
}

/* What a refusal tells beside its message. NULL: nothing. */
static gh_json *
refusal_members(const struct ca_password_status *s, const struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int rc = 0;

	if (o != NULL && err->code == GH_E_CA_PASSWORD)
		rc = gh_json_set_int(o, "remaining_attempts", s->remaining);
	if (o != NULL && rc == 0 && s->is_locked &&
	    (err->code == GH_E_LOCKED || err->code == GH_E_CA_PASSWORD))
		rc = set_time(o, "locked_until", s->locked_until);
	if (rc == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* --- bodies ----------------------------------------------------------------------------------- */

static const char *
read_current(const gh_json *body, struct rest_fields *f, const char *name)
{
	return rest_text(f, body, name, 1, CA_PASSWORD_MAX, true);
}

static void
read_confirmation(const gh_json *body, struct rest_fields *f, const char *name, const char *wanted,
    const char *wanted_name)
{
	const char *again = rest_text(f, body, name, 0, CA_PASSWORD_MAX, true);

	if (again != NULL && wanted != NULL && strcmp(again, wanted) != 0)
		rest_field_wrong(f, name, "The field %s must be the same as %s.", name,
		    wanted_name);
}

static void
read_set(const gh_json *body, struct rest_fields *f, struct words *w)
{
	w->new_password = rest_text(f, body, "password", CA_PASSWORD_MIN, CA_PASSWORD_MAX, true);
	read_confirmation(body, f, "password_confirmation", w->new_password, "password");
}

static void
read_remove(const gh_json *body, struct rest_fields *f, struct words *w)
{
	w->current = read_current(body, f, "current_password");
}

/* The confirmation has two names; where both are there, both must agree. */
static void
read_change(const gh_json *body, struct rest_fields *f, struct words *w)
{
	static const char first[] = "new_password_confirmation", second[] = "confirm_new_password";
	bool has_second = gh_json_type(gh_json_get(body, second)) != GH_JSON_NULL;

	w->current = read_current(body, f, "current_password");
	w->new_password =
	    rest_text(f, body, "new_password", CA_PASSWORD_MIN, CA_PASSWORD_MAX, true);
	if (has_second)
		read_confirmation(body, f, second, w->new_password, "new_password");
	if (!has_second || gh_json_type(gh_json_get(body, first)) != GH_JSON_NULL)
		read_confirmation(body, f, first, w->new_password, "new_password");
	if (w->current != NULL && w->new_password != NULL &&
	    strcmp(w->current, w->new_password) == 0)
		rest_field_wrong(f, "new_password",
		    "The new password must differ from the current one.");
}

static void
read_unlock(const gh_json *body, struct rest_fields *f, struct words *w)
{
	const gh_json *seconds = gh_json_get(body, "seconds");
	int64_t n = 0;

	w->current = read_current(body, f, "password");
	if (gh_json_type(seconds) == GH_JSON_NULL)
		return;
	if (gh_json_type(seconds) != GH_JSON_INT || !gh_json_int(seconds, &n) || n < 1 ||
	    n > INT32_MAX)
		rest_field_wrong(f, "seconds", "The field seconds must be a positive integer.");
	else
		w->seconds = (int)n;
}

static void
read_nothing(const gh_json *body, struct rest_fields *f, struct words *w)
{
	(void)body;
	(void)f;
	(void)w;
}

/* --- operations ------------------------------------------------------------------------------- */

static int
run_set(const struct ca_password_call *c, const struct words *w, struct ca_password_status *out,
    struct gh_error *err)
{
	return ca_password_set(c, w->new_password, out, err);
}

static int
run_remove(const struct ca_password_call *c, const struct words *w, struct ca_password_status *out,
    struct gh_error *err)
{
	return ca_password_remove(c, w->current, out, err);
}

static int
run_change(const struct ca_password_call *c, const struct words *w, struct ca_password_status *out,
    struct gh_error *err)
{
	return ca_password_change(c, w->current, w->new_password, out, err);
}

static int
run_unlock(const struct ca_password_call *c, const struct words *w, struct ca_password_status *out,
    struct gh_error *err)
{
	return ca_password_unlock(c, w->current, w->seconds, out, err);
}

static int
run_lock(const struct ca_password_call *c, const struct words *w, struct ca_password_status *out,
    struct gh_error *err)
{
	(void)w;
	return ca_password_lock(c, out, err);
}

/* A CA that does not exist is told first, whatever the body. */
static int
check_body(const struct ca_password_call *c, const struct operation *op, const gh_json *body,
    struct rest_fields *f, struct words *w, struct gh_error *err)
{
	struct ca_password_status found;
	int rc = ca_password_get_status(c, &found, err);

	if (rc == 0) {
		op->read(body, f, w);
		rc = rest_fields_check(f, err);
	}
	if (rc != 0)
		ca_password_audit_refusal(c, op->action, err);
	return rc;
}

static struct ca_password_call
password_call(const struct worker_env *env, const struct call *call)
{
	return (struct ca_password_call){.store = env->store,
	    .signer = env->signer,
	    .conf = env->conf,
	    .who = call->requester,
	    .request_id = call->http->request_id,
	    .ca = call_text(call->parts, "name")};
}

static void
perform(const struct operation *op, struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	const struct ca_password_call c = password_call(env, call);
	struct ca_password_status status = {0};
	struct rest_fields fields = {0};
	struct words words = {0};
	struct gh_error err = {0};
	gh_json *body, *more = NULL;
	int rc = rest_body(call, &body, &err);

	if (rc != 0) {
		ca_password_audit_refusal(&c, op->action, &err);
	} else if ((rc = check_body(&c, op, body, &fields, &words, &err)) != 0) {
		more = rest_fields_take(&fields);
	} else {
		rc = op->run(&c, &words, &status, &err);
		more = rc != 0 ? refusal_members(&status, &err) : NULL;
	}
	if (rc != 0)
		rest_error(&err, call->http->request_id, more, rep);
	else
		rest_json(rep, 200, status_json(op->done, &status));
	rest_fields_clear(&fields);
	gh_json_free(body);
}

void
ca_password_rest_set(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct operation op = {CA_PASSWORD_SET, read_set, run_set,
	    "The private key is now protected by the password, and locked until it is unlocked with it."};

	perform(&op, env, call, rep);
}

void
ca_password_rest_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct operation op = {CA_PASSWORD_REMOVE, read_remove, run_remove,
	    "The private key is no longer protected by a password."};

	perform(&op, env, call, rep);
}

void
ca_password_rest_change(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct operation op = {CA_PASSWORD_CHANGE, read_change, run_change,
	    "The password of the private key was changed. It is locked until it is unlocked with the new one."};

	perform(&op, env, call, rep);
}

void
ca_password_rest_unlock(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct operation op = {CA_PASSWORD_UNLOCK, read_unlock, run_unlock,
	    "The private key is unlocked on this node."};

	perform(&op, env, call, rep);
}

void
ca_password_rest_lock(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct operation op = {CA_PASSWORD_LOCK, read_nothing, run_lock,
	    "The private key is locked on this node."};

	perform(&op, env, call, rep);
}

void
ca_password_rest_status(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct ca_password_call c = password_call(env, call);
	struct ca_password_status status;
	struct gh_error err = {0};

	if (ca_password_get_status(&c, &status, &err) != 0)
		rest_error(&err, call->http->request_id, NULL, rep);
	else
		rest_json(rep, 200, status_json(NULL, &status));
}
