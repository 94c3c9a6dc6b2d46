/* The KRA makes a key: for a person, or for his token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "encoding.h"
#include "kra/key_generate.h"
#include "log.h"
#include "utf8.h"

#include "rest_generate.h"
#include "rest_idempotency.h"
#include "rest_kra.h"
#include "rest_owner.h"
#include "rest_release.h"
#include "rest_wrapped.h"

#define TEXT_MAX 255 /* characters */
#define CUID_MAX 64

/* What a body says; borrowed from it. */
struct wish {
	struct key_generate_ask ask;
	const char *owner; /* a name; NULL: who asks */
	const char *owner_member;
	struct requester owner_person;
	struct rest_wrapped wrapped;
	struct kra_release release;
	char about[CUID_MAX * 4 + 16];
	struct rest_mark mark;
};

/* ---- what is asked for ---- */

static const struct {
	const char *type;
	int64_t size; /* bits; 0: it has no choice */
	const char *alg;
} keys[] = {
    {"RSA", 2048, "RSA-2048"},
    {"RSA", 3072, "RSA-3072"},
    {"RSA", 4096, "RSA-4096"},
    {"EC", 256, "P-256"},
    {"EC", 384, "P-384"},
    {"Ed25519", 0, "Ed25519"},
    {"AES", 128, "AES-128"},
    {"AES", 192, "AES-192"},
    {"AES", 256, "AES-256"},
};

static void
read_key(const gh_json *body, struct rest_fields *f, struct wish *w)
{
	static const char *const types[] = {"RSA", "EC", "Ed25519", "AES", NULL};
	int type = rest_word(f, body, "key_type", types, true);
	int64_t size = rest_id(f, body, "key_size", false);

	if (type < 0)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].type, types[type]) == 0 && keys[i].size == size)
			w->ask.key_alg = keys[i].alg;
	if (w->ask.key_alg == NULL)
		rest_field_wrong(f, "key_size",
		    "RSA keys have 2048, 3072 or 4096 bits, EC keys 256 or 384, AES keys 128, 192 "
		    "or 256; Ed25519 has no key_size.");
}

/* A key that is not archived is his alone who gets it. */
static void
read_archive(const gh_json *body, struct rest_fields *f, struct wish *w)
{
	const gh_json *v = gh_json_get(body, "archive");

	w->ask.is_archived = gh_json_bool(v, true);
	if (gh_json_type(v) != GH_JSON_NULL && gh_json_type(v) != GH_JSON_BOOL)
		rest_field_wrong(f, "archive", "The field archive must be true or false.");
}

/* What it is to be wrapped in, where it is to leave. */
static void
read_release(const gh_json *body, struct rest_fields *f, struct wish *w)
{
	static const char *const formats[] = {"wrapped", NULL};

	if (!rest_release_is_there(body)) {
		if (!w->ask.is_archived)
			rest_field_wrong(f, "session_key",
			    "A key that is not archived must be given out: say what it is to be "
			    "wrapped in.");
		return;
	}
	(void)rest_word(f, body, "format", formats, false);
	rest_wrapped_read(f, body, NULL, &w->wrapped);
	w->release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = w->wrapped.wrapping};
	w->ask.release = &w->release;
}

static void
read_common(const gh_json *body, struct rest_fields *f, struct wish *w)
{
	read_key(body, f, w);
	read_archive(body, f, w);
	read_release(body, f, w);
	w->ask.labels.client_id = rest_text(f, body, "client_id", 1, TEXT_MAX, false);
	w->ask.labels.policy = rest_text(f, body, "policy", 1, TEXT_MAX, false);
	w->ask.comment = kra_rest_comment(f, body);
}

#define COMMON_MEMBERS \
	"key_type", "key_size", "archive", "client_id", "policy", "comment", "transport_key", \
	    "session_key", "format", "algorithm"

static void
read_plain(const gh_json *body, struct rest_fields *f, struct wish *w)
{
	static const char *const names[] = {"owner", COMMON_MEMBERS, NULL};

	rest_only(f, body, NULL, names);
	read_common(body, f, w);
	w->owner_member = "owner";
	w->owner = rest_text(f, body, "owner", 1, TEXT_MAX, false);
}

/* A token's key is called as the token, unless it gets a name of its own. */
static void
read_token(const gh_json *body, struct rest_fields *f, struct wish *w)
{
	static const char *const names[] = {"cuid", "userid", COMMON_MEMBERS, NULL};
	const char *cuid = rest_text(f, body, "cuid", 1, CUID_MAX, true);

	rest_only(f, body, NULL, names);
	read_common(body, f, w);
	w->owner_member = "userid";
	w->owner = rest_text(f, body, "userid", 1, TEXT_MAX, true);
	if (cuid == NULL)
		return;
	if (!gh_utf8_is_clean(cuid))
		rest_field_wrong(f, "cuid", "The field cuid must not have control characters.");
	snprintf(w->about, sizeof(w->about), "token %s", cuid);
	w->ask.about = w->about;
	if (w->ask.labels.client_id == NULL)
		w->ask.labels.client_id = cuid;
}

/* ---- the answer ---- */

static int
set_public_key(gh_json *o, const struct signer_blob *spki)
{
	char *text;
	int rc;

	if (spki->len == 0)
		return 0;
	text = gh_base64_encode(spki->p, spki->len, GH_BASE64_ONE_LINE);
	rc = text != NULL ? gh_json_set_string(o, "public_key", text) : -1;
	free(text);
	return rc;
}

static int
set_released(gh_json *o, const struct key_generated *g)
{
	struct key_retrieved k = {.kind = g->kind,
	    .form = KRA_WRAPPED,
	    .iv = g->iv,
	    .secret = g->secret,
	    .is_repeated = g->is_repeated};

	if (g->secret.len == 0)
		return 0;
	memcpy(k.key_id, g->key_id, sizeof(k.key_id));
	return gh_json_set(o, "released", rest_release_json(&k));
}

static void
reply_generated(struct gh_http_reply *rep, const struct key_generated *g)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_int(o, "id", g->request) != 0 ||
	    gh_json_set_string(o, "type", "generation") != 0 ||
	    gh_json_set_string(o, "state", "complete") != 0 ||
	    (*g->key_id != '\0' && gh_json_set_string(o, "key_id", g->key_id) != 0) ||
	    gh_json_set_string(o, "kind", kra_rest_kinds[g->kind - KRA_ASYMMETRIC]) != 0 ||
	    gh_json_set_string(o, "algorithm", g->algorithm) != 0 ||
	    gh_json_set_int(o, "bits", g->bits) != 0 || set_public_key(o, &g->spki) != 0 ||
	    set_released(o, g) != 0 || kra_rest_set_links(o, g->request, g->key_id) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kra_rest_created(rep, g->secret.len > 0 ? 207 : 201, g->request, o);
}

/* ---- the call ---- */

/* A call with an Idempotency-Key may come again. */
static int
mark(const struct worker_env *env, const struct call *call, struct wish *w, struct gh_error *err)
{
	struct store_call again;
	int rc = kra_rest_call(env, call, &w->mark, &again, err);

	w->ask.mark = again.mark;
	w->ask.content = again.content;
	return rc;
}

typedef void (*read_fn)(const gh_json *body, struct rest_fields *f, struct wish *w);

/* true: it leaves the batch, since the directory would have to be waited for, and there is no
 * answer yet. */
static bool
generate(struct worker_env *env, const struct call *call, read_fn read, bool may_leave,
    struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct wish w = {.ask = {.request_id = call->http->request_id}};
	struct rest_fields fields = {0};
	struct key_generated made;
	struct gh_error err = {0};
	gh_json *body = NULL;
	bool leaves;
	int rc = kra_rest_body(env, call, &body, &err);

	if (rc == 0) {
		read(body, &fields, &w);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0)
		rc = rest_owner_find(env, call,
		    &(struct rest_owner){w.owner_member, w.owner, "has keys made for others",
			"key.generate-refused"},
		    &fields, &w.owner_person, &w.ask.labels.owner, &err);
	leaves = may_leave && rc == GH_E_BUSY;
	if (rc == 0 && (rc = mark(env, call, &w, &err)) == 0)
		rc = key_generate(&means, call->requester, &w.ask, &made, &err);
	if (rc == 0) {
		reply_generated(rep, &made);
		key_generated_clear(&made);
	} else if (!leaves) {
		kra_rest_fail(call, &err, &fields, rep);
	}
	rest_wrapped_clear(&w.wrapped);
	gh_json_free(body);
	return leaves;
}

void
rest_generate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)generate(env, call, read_plain, false, rep);
}

void
rest_generate_token(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)generate(env, call, read_token, false, rep);
}

static bool
is_for_token(const struct call *call)
{
	const char *end = strrchr(call->http->path, '/');

	return end != NULL && strcasecmp(end, "/token") == 0;
}

static bool
generate_or_leave(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	return generate(env, call, is_for_token(call) ? read_token : read_plain, true, rep);
}

void
rest_generate_batch(struct worker_env *env, struct call_item *items, size_t n)
{
	call_each(env, items, n, generate_or_leave);
}
