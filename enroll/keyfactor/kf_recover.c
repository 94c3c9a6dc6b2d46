/*
 * KeyfactorAPI: Certificates/Recover, by the requests and approvals of docs/kra.md. The first call
 * asks for the key; while agents have to agree, calls are refused and say how many are missing;
 * when they have agreed, the same call gets the PKCS#12, under the password that it brings. The
 * password is wrapped for the KRA here, and kept nowhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kra_env.h"
#include "rest/rest_key.h"
#include "rest/rest_key_request.h"
#include "rest/rest_transport.h"
#include "utf8.h"

#include "kf_api.h"
#include "kf_certificate.h"
#include "kf_lookup.h"
#include "kf_page.h"
#include "kf_seal.h"

#define REQUESTS_MAX 50  /* of one person for one key that are looked at */
#define PASSWORD_MAX 255 /* characters */
#define QUERY_MAX 2048
#define COMMENT "asked for by KeyfactorAPI"

/* One call on its way; password borrowed from the body. */
struct recovery {
	const char *password;
	struct kf_lookup lookup;
	int64_t certificate;
	char file_name[160];
	char key_id[GH_UUID_TEXT_SIZE];
};

/* ---- what is asked ---- */

static int
check_password(const struct worker_env *env, const char *password, struct gh_error *err)
{
	size_t min = (size_t)env->conf->certenroll.pkcs12_password_min,
	       n = password != NULL ? gh_utf8_length(password, strlen(password)) : 0;

	return n >= min && n > 0 && n <= PASSWORD_MAX && gh_utf8_is_clean(password)
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST,
		  "Password has %zu to %d characters, and no control characters.", min,
		  PASSWORD_MAX);
}

static int
read_recovery(const struct worker_env *env, const struct call *call, const gh_json *body,
    struct recovery *r, struct gh_error *err)
{
	const char *format = gh_http_header(call->http, "x-certificateformat");
	int rc = kf_text(body, "Password", &r->password, err);

	if (rc == 0)
		rc = check_password(env, r->password, err);
	if (rc == 0 && format != NULL && strcasecmp(format, "PFX") != 0)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "x-certificateformat is PFX here.");
	return rc == 0 ? kf_lookup_read(body, "CertID", NULL, &r->lookup, err) : rc;
}

/* ---- which key, which request ---- */

static gh_json *
tell_row(struct worker_env *env, const struct call *call, const gh_json *row, const void *arg,
    struct gh_http_reply *rep)
{
	gh_json *copy = (gh_json *)row;

	(void)env;
	(void)call;
	(void)arg;
	(void)rep;
	return gh_json_ref(copy);
}

/* The newest key of the certificate that the caller may know of. false: rep tells why not. */
static bool
find_key(struct worker_env *env, const struct call *call, struct recovery *r,
    struct gh_http_reply *rep)
{
	struct kf_search search = {.handler = rest_keys,
	    .next = "after",
	    .paging = {1, 1},
	    .tell = tell_row};
	gh_json *list = gh_json_new_array();
	char query[80];
	bool ok;

	snprintf(query, sizeof(query), "order=newest&state=active&certificate_id=%" PRId64,
	    r->certificate);
	search.query = query;
	if ((ok = kf_search(env, call, &search, list, rep)) && gh_json_size(list) == 0) {
		kf_fail(rep, 404, "not_found",
		    "The key of this certificate is not archived, or not yours to recover.");
		ok = false;
	}
	if (ok)
		snprintf(r->key_id, sizeof(r->key_id), "%s", kf_string(gh_json_at(list, 0), "id"));
	gh_json_free(list);
	return ok;
}

/* Of the caller's own recoveries of it, the newest in this state; NULL: none. Borrowed. */
static const gh_json *
newest(const struct call *call, const gh_json *list, const char *state)
{
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const gh_json *row = gh_json_at(list, i);

		if (strcmp(kf_string(row, "state"), state) == 0 &&
		    strcasecmp(kf_string(row, "requester"), call->requester->name) == 0)
			return row;
	}
	return NULL;
}

static bool
list_requests(struct worker_env *env, const struct call *call, const struct recovery *r,
    gh_json *list, struct gh_http_reply *rep)
{
	struct kf_search search = {.handler = rest_key_requests,
	    .next = "after",
	    .paging = {1, REQUESTS_MAX},
	    .tell = tell_row};
	struct gh_buf b;
	bool ok = false;

	gh_buf_init(&b, QUERY_MAX);
	gh_buf_putf(&b, "order=newest&type=recovery&key_id=%s&requester=", r->key_id);
	kf_put_escaped(&b, call->requester->name);
	gh_buf_putc(&b, '\0');
	search.query = (const char *)b.data;
	if (gh_buf_check(&b, NULL) == 0)
		ok = kf_search(env, call, &search, list, rep);
	else
		kf_json(rep, NULL);
	gh_buf_free(&b);
	return ok;
}

/* ---- asking for it ---- */

/* *request: as rest_recovery answers. false: rep tells why not. */
static bool
ask_for(struct worker_env *env, const struct call *call, const struct recovery *r,
    gh_json **request, struct gh_http_reply *rep)
{
	gh_json *body = gh_json_new_object();
	const struct kf_question q = {.handler = rest_recovery,
	    .method = GH_HTTP_POST,
	    .body = body};
	int bad = gh_json_set_int(body, "certificate_id", r->certificate) |
	    gh_json_set_string(body, "comment", COMMENT);
	bool ok = false;

	*request = NULL;
	if (bad == 0)
		ok = kf_ask(env, call, &q, request, rep);
	else
		kf_json(rep, NULL);
	gh_json_free(body);
	return ok;
}

/* An error for each client: there is no key in this answer. */
static void
reply_pending(const gh_json *request, struct gh_http_reply *rep)
{
	int64_t id = 0, approved = 0, required = 0;
	char text[200];

	(void)gh_json_int(gh_json_get(request, "id"), &id);
	(void)gh_json_int(gh_json_get(request, "approved"), &approved);
	(void)gh_json_int(gh_json_get(request, "required"), &required);
	snprintf(text, sizeof(text),
	    "Key request %" PRId64 " waits: %" PRId64 " of %" PRId64
	    " agents have agreed. Call again when all have.",
	    id, approved, required);
	kf_fail(rep, 409, "conflict", text);
}

/* ---- the key ---- */

/* false: rep tells why not. */
static bool
release_body(struct worker_env *env, const struct call *call, const struct recovery *r, int64_t id,
    gh_json *body, struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_transport, .method = GH_HTTP_GET};
	bool is_legacy = env->conf->certenroll.pkcs12_legacy;
	struct gh_error err = {0};
	gh_json *transport;

	if (!kf_ask(env, call, &q, &transport, rep))
		return false;
	if ((gh_json_set_int(body, "request", id) |
		gh_json_set_string(body, "format", is_legacy ? "pkcs12-legacy" : "pkcs12")) != 0)
		(void)gh_fail(&err, GH_E_NOMEM, "release");
	else
		(void)!kf_seal_password(transport, r->password, body, &err);
	gh_json_free(transport);
	if (err.code != 0)
		kf_error(&err, rep);
	return err.code == 0;
}

static void
reply_key(const struct recovery *r, const gh_json *released, struct gh_http_reply *rep)
{
	gh_json *o = gh_json_new_object();

	if ((gh_json_set_string(o, "PFX", kf_string(released, "value")) |
		gh_json_set_string(o, "FileName", r->file_name)) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
}

static bool
retrieve(struct worker_env *env, const struct call *call, const struct recovery *r,
    const gh_json *request, struct gh_http_reply *rep)
{
	gh_json *body = gh_json_new_object(), *released = NULL;
	struct kf_question q = {.handler = rest_key_retrieve,
	    .method = GH_HTTP_POST,
	    .key = r->key_id,
	    .body = body};
	int64_t id = 0;
	bool ok;

	(void)gh_json_int(gh_json_get(request, "id"), &id);
	ok = release_body(env, call, r, id, body, rep) && kf_ask(env, call, &q, &released, rep);
	if (ok)
		reply_key(r, released, rep);
	gh_json_free(released);
	gh_json_free(body);
	return ok;
}

/* ---- all of it ---- */

/* What was given out already is given out again in its time; after it, it is asked for anew. */
static bool
repeat(struct worker_env *env, const struct call *call, const struct recovery *r,
    const gh_json *list, struct gh_http_reply *rep)
{
	const gh_json *complete = newest(call, list, "complete");
	struct gh_http_reply inner = {0};
	bool ok = complete != NULL && retrieve(env, call, r, complete, &inner);

	if (ok)
		*rep = inner;
	else
		gh_http_reply_clear(&inner);
	return ok;
}

static void
recover(struct worker_env *env, const struct call *call, const struct recovery *r,
    struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array(), *asked = NULL;
	const gh_json *approved, *pending;

	if (!list_requests(env, call, r, list, rep)) {
		gh_json_free(list);
		return;
	}
	approved = newest(call, list, "approved");
	pending = newest(call, list, "pending");
	if (approved != NULL)
		(void)retrieve(env, call, r, approved, rep);
	else if (pending != NULL)
		reply_pending(pending, rep);
	else if (!repeat(env, call, r, list, rep) && ask_for(env, call, r, &asked, rep)) {
		if (strcmp(kf_string(asked, "state"), "approved") == 0)
			(void)retrieve(env, call, r, asked, rep);
		else
			reply_pending(asked, rep);
	}
	gh_json_free(asked);
	gh_json_free(list);
}

/* The certificate, which also names the file. */
static bool
find_certificate(struct worker_env *env, const struct call *call, struct recovery *r,
    struct gh_http_reply *rep)
{
	char cn[100];
	gh_json *row;

	if (!kf_lookup_ask(env, call, &r->lookup, &row, rep))
		return false;
	(void)gh_json_int(gh_json_get(row, "id"), &r->certificate);
	kf_name_part(kf_string(row, "subject"), "CN", cn, sizeof(cn));
	for (char *p = cn; *p != '\0'; p++)
		if (strchr("/\\:*?\"<>|", *p) != NULL)
			*p = '_';
	snprintf(r->file_name, sizeof(r->file_name), "%s.pfx", *cn != '\0' ? cn : "certificate");
	gh_json_free(row);
	return true;
}

void
kf_recover(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct recovery r = {0};
	struct gh_error err = {0};
	gh_json *body = NULL;
	int rc;

	if (kra_env_check(env, &err) != 0) {
		kf_fail(rep, 501, gh_error_info(err.code)->name, err.message);
		return;
	}
	if ((rc = kf_body(call, &body, &err)) == 0)
		rc = read_recovery(env, call, body, &r, &err);
	if (rc != 0)
		kf_error(&err, rep);
	else if (find_certificate(env, call, &r, rep) && find_key(env, call, &r, rep))
		recover(env, call, &r, rep);
	kf_lookup_clear(&r.lookup);
	gh_json_free(body);
}
