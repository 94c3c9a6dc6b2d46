/* Requests for keys over REST. */
#include "kra/key_recovery.h"
#include "kra/key_view.h"
#include "store/status/revocation.h"

#include "rest_key_request.h"
#include "rest_kra.h"
#include "rest_release.h"

#define CMS_MAX KRA_APPROVAL_MAX /* octets */
#define TEXT_MAX 1024            /* characters of what names a certificate */
#define KEY_ID_LENGTH 36

/* --- lists ------------------------------------------------------------------------------------ */

enum { STATE = REST_PAGE_PARAMS_N, TYPE, KEY, REQUESTER, FROM, TO };
static const char *const list_params[] = {REST_PAGE_PARAMS, "state", "type", "key_id", "requester",
    "created_from", "created_to", NULL};

static void
read_filter(const struct rest_param *p, struct rest_fields *f, void *filter)
{
	static const char *const states[] = {"pending", "approved", "complete", "rejected",
	    "canceled", "expired", "failed", NULL};
	static const char *const types[] = {"archival", "recovery", "generation", NULL};
	struct rest_paging paging = rest_param_paging(f, p);

	*(struct store_key_request_filter *)filter =
	    (struct store_key_request_filter){.after_id = paging.after_id,
		.limit = paging.limit,
		.newest_first = paging.newest_first,
		.state = rest_param_word(f, &p[STATE], states),
		.type = rest_param_word(f, &p[TYPE], types),
		.key_id = rest_param_text(f, &p[KEY]),
		.requester = rest_param_text(f, &p[REQUESTER]),
		.created_from = rest_param_time(f, &p[FROM]),
		.created_to = rest_param_time(f, &p[TO])};
}

static int
read_page(struct worker_env *env, const struct call *call, const void *filter, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct kra_means means = kra_env_means(env);

	return key_view_requests(&means, call->requester, filter, entries, next, err);
}

void
rest_key_requests(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct rest_list list = {list_params, read_filter, read_page};
	struct store_key_request_filter filter = {0};

	kra_rest_list(&list, env, call, &filter, rep);
}

/* --- one -------------------------------------------------------------------------------------- */

void
rest_key_request(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	int64_t id = call_number(call->parts, "id");
	gh_json *o;

	if (kra_env_check(env, &err) != 0 ||
	    key_view_request(&means, call->requester, id, &o, &err) != 0) {
		kra_rest_fail(call, &err, &fields, rep);
		return;
	}
	if (kra_rest_set_links(o, id, gh_json_string(gh_json_get(o, "key_id"))) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kra_rest_versioned(rep, o);
}

/* --- asking for a key ------------------------------------------------------------------------- */

/* Borrowed from the body, but for the release. */
struct recovery {
	struct key_recovery_ask ask;
	struct store_cert_key cert;
	bool has_release;
	struct rest_release release;
};

static void
read_which(const gh_json *body, struct rest_fields *f, struct recovery *r)
{
	int n;

	r->ask.key_id = rest_text(f, body, "key_id", KEY_ID_LENGTH, KEY_ID_LENGTH, false);
	r->cert.id = rest_id(f, body, "certificate_id", false);
	r->cert.serial = rest_text(f, body, "serial", 1, TEXT_MAX, false);
	r->cert.issuer_dn = rest_text(f, body, "issuer", 1, TEXT_MAX, false);
	r->cert.thumbprint = rest_text(f, body, "thumbprint", 1, TEXT_MAX, false);
	n = (r->ask.key_id != NULL) + (r->cert.id != 0) + (r->cert.serial != NULL) +
	    (r->cert.thumbprint != NULL);
	if (n != 1 && f->errors == NULL)
		rest_field_wrong(f, "key_id",
		    "Give one of key_id, certificate_id, serial (and issuer), thumbprint.");
	if (r->cert.issuer_dn != NULL && r->cert.serial == NULL)
		rest_field_wrong(f, "issuer", "The issuer goes with a serial.");
}

static int
read_recovery(const gh_json *body, struct rest_fields *f, struct recovery *r, struct gh_error *err)
{
	static const char *const names[] = {"key_id", "certificate_id", "serial", "issuer",
	    "thumbprint", "comment", REST_RELEASE_MEMBERS, NULL};

	rest_only(f, body, NULL, names);
	read_which(body, f, r);
	r->ask.comment = kra_rest_comment(f, body);
	r->has_release = rest_release_is_there(body);
	if (r->has_release) {
		rest_release_read(f, body, &r->release);
		r->ask.release = &r->release.release;
	}
	return rest_fields_check(f, err);
}

static int
find_certificate(struct worker_env *env, struct recovery *r, struct gh_error *err)
{
	return r->ask.key_id != NULL
	    ? 0
	    : store_find_cert(env->store, &r->cert, &r->ask.certificate_id, err);
}

static gh_json *
state_json(const struct store_key_request *s)
{
	gh_json *o = gh_json_new_object();
	int missing = s->approvals < s->required ? s->required - s->approvals : 0;

	if (gh_json_set_int(o, "id", s->id) == 0 &&
	    gh_json_set_string(o, "type", "recovery") == 0 &&
	    gh_json_set_string(o, "state", key_state_name(s->state)) == 0 &&
	    gh_json_set_string(o, "key_id", s->key.id) == 0 &&
	    gh_json_set_int(o, "required", s->required) == 0 &&
	    gh_json_set_int(o, "approved", s->approvals) == 0 &&
	    gh_json_set_int(o, "missing", missing) == 0 &&
	    gh_json_set_int(o, "version", s->version) == 0 &&
	    kra_rest_set_links(o, s->id, s->key.id) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* Where the request is found that was made. NULL: no memory. */
static gh_json *
links_json(const struct store_key_request *s)
{
	gh_json *o = gh_json_new_object();

	if (kra_rest_set_links(o, s->id, s->key.id) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* 201, or 207 with what left already. */
static void
reply_recovery(struct gh_http_reply *rep, const struct store_key_request *s, gh_json *released)
{
	gh_json *o = state_json(s);

	if (released != NULL && gh_json_set(o, "released", released) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kra_rest_created(rep, released != NULL ? 207 : 201, s->id, o);
}

/* The one call of an agent where one agent is enough; or the same call once more. */
static int
release_at_once(struct kra_means *means, const struct call *call, const struct recovery *r,
    struct store_key_request *s, gh_json **out, struct gh_error *err)
{
	struct key_retrieval q = {.id = s->id, .request_id = call->http->request_id};
	struct key_retrieved k;
	int rc;

	*out = NULL;
	if ((s->state != KEY_APPROVED && s->state != KEY_COMPLETE) || !r->has_release)
		return 0;
	if ((rc = key_recovery_retrieve(means, call->requester, &q, &k, err)) != 0)
		return rc;
	s->state = KEY_COMPLETE;
	s->version++;
	*out = rest_release_json(&k);
	key_retrieved_clear(&k);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "answer");
}

void
rest_recovery(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct recovery r = {.ask = {.request_id = call->http->request_id}};
	struct store_key_request state = {0};
	struct rest_fields fields = {0};
	struct rest_mark mark;
	struct gh_error err = {0};
	gh_json *body = NULL, *released = NULL;
	int rc = kra_rest_body(env, call, &body, &err);

	if (rc == 0 && (rc = read_recovery(body, &fields, &r, &err)) == 0 &&
	    (rc = find_certificate(env, &r, &err)) == 0 &&
	    (rc = kra_rest_call(env, call, &mark, &r.ask.call, &err)) == 0 &&
	    (rc = key_recovery_request(&means, call->requester, &r.ask, &state, &err)) == 0)
		rc = release_at_once(&means, call, &r, &state, &released, &err);
	if (rc == 0)
		reply_recovery(rep, &state, released);
	else if (state.id != 0) /* asked for, and not given out */
		kra_rest_fail_with(call, &err, links_json(&state), rep);
	else
		kra_rest_fail(call, &err, &fields, rep);
	store_key_request_clear(&state);
	rest_release_clear(&r.release);
	gh_json_free(body);
}

/* --- decisions -------------------------------------------------------------------------------- */

static int
read_decision(const gh_json *body, struct rest_fields *f, enum key_verdict *verdict,
    struct store_key_step *step, struct rest_octets *octets, struct gh_error *err)
{
	static const char *const names[] = {"status", "comment", "signature", NULL};
	static const char *const states[] = {"approved", "rejected", "canceled", NULL};
	static const enum key_verdict verdicts[] = {KEY_APPROVE, KEY_REJECT, KEY_CANCEL};
	int i = rest_word(f, body, "status", states, true);

	rest_only(f, body, NULL, names);
	if (i >= 0)
		*verdict = verdicts[i];
	step->comment = kra_rest_comment(f, body);
	rest_base64(f, body, "signature", 1, CMS_MAX, false, octets, &step->signature);
	if (i > 0 && step->signature.len > 0)
		rest_field_wrong(f, "signature", "Only an approval is signed.");
	return rest_fields_check(f, err);
}

static int
check_seen(struct kra_means *means, const struct call *call, struct store_key_step *step,
    struct gh_error *err)
{
	gh_json *o;
	int rc = key_view_request(means, call->requester, step->id, &o, err);

	if (rc != 0)
		return rc;
	rc = kra_rest_check_match(call, o, &step->version, err);
	gh_json_free(o);
	return rc;
}

void
rest_key_request_decide(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct store_key_step step = {.id = call_number(call->parts, "id"),
	    .request_id = call->http->request_id};
	struct rest_octets octets = {0};
	struct rest_fields fields = {0};
	struct store_key_request state = {0};
	enum key_verdict verdict = KEY_REJECT;
	struct gh_error err = {0};
	gh_json *body = NULL;
	int rc = kra_rest_body(env, call, &body, &err);

	if (rc == 0 && (rc = read_decision(body, &fields, &verdict, &step, &octets, &err)) == 0 &&
	    (rc = check_seen(&means, call, &step, &err)) == 0)
		rc = key_recovery_decide(&means, call->requester, verdict, &step, &state, &err);
	if (rc == 0)
		rest_key_request(env, call, rep);
	else
		kra_rest_fail(call, &err, &fields, rep);
	store_key_request_clear(&state);
	rest_octets_clear(&octets);
	gh_json_free(body);
}

/* --- the key ---------------------------------------------------------------------------------- */

static int
read_retrieval(const gh_json *body, struct rest_fields *f, struct key_retrieval *q,
    struct rest_release *release, struct gh_error *err)
{
	static const char *const names[] = {"request", REST_RELEASE_MEMBERS, NULL};

	rest_only(f, body, NULL, names);
	q->id = rest_id(f, body, "request", true);
	if (rest_release_is_there(body)) {
		rest_release_read(f, body, release);
		q->release = &release->release;
	}
	return rest_fields_check(f, err);
}

static void
reply_key(struct gh_http_reply *rep, const struct key_retrieved *k)
{
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, rest_release_json(k));
}

void
rest_key_retrieve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct key_retrieval q = {.key_id = call_text(call->parts, "kid"),
	    .request_id = call->http->request_id};
	struct rest_release release = {0};
	struct rest_fields fields = {0};
	struct key_retrieved k;
	struct gh_error err = {0};
	gh_json *body = NULL;
	int rc = kra_rest_body(env, call, &body, &err);

	if (rc == 0 && (rc = read_retrieval(body, &fields, &q, &release, &err)) == 0)
		rc = key_recovery_retrieve(&means, call->requester, &q, &k, &err);
	if (rc == 0) {
		reply_key(rep, &k);
		key_retrieved_clear(&k);
	} else {
		kra_rest_fail(call, &err, &fields, rep);
	}
	rest_release_clear(&release);
	gh_json_free(body);
}
