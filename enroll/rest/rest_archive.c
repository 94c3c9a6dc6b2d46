/* A wrapped secret on its way to the KRA. */
#include "kra/key_archive.h"

#include "rest_archive.h"
#include "rest_kra.h"
#include "rest_owner.h"
#include "rest_wrapped.h"

#define SPKI_MAX (8 * 1024) /* octets */
#define TEXT_MAX 255        /* characters */
#define ALGORITHM_MAX 40

/* What a body says; borrowed from it and from octets. */
struct words {
	struct key_archive_ask ask;
	const char *owner; /* a name; NULL: who asks */
	struct requester owner_person;
	struct rest_wrapped wrapped;
	struct rest_octets octets;
};

static void
read_kind(const gh_json *body, struct rest_fields *f, struct words *w)
{
	int i = rest_word(f, body, "kind", kra_rest_kinds, true);
	bool has_key = gh_json_type(gh_json_get(body, "public_key")) != GH_JSON_NULL;

	if (i < 0)
		return;
	w->ask.kind = (enum kra_kind)(KRA_ASYMMETRIC + i);
	if (w->ask.kind == KRA_ASYMMETRIC) {
		if (!has_key && w->ask.certificate_id == 0)
			rest_field_wrong(f, "public_key",
			    "A private key needs public_key or certificate_id.");
	} else if (has_key || w->ask.certificate_id != 0) {
		rest_field_wrong(f, has_key ? "public_key" : "certificate_id",
		    "Only a private key has one.");
	}
}

static void
read_wrapped(const gh_json *body, struct rest_fields *f, struct words *w)
{
	rest_wrapped_read(f, body, "secret", &w->wrapped);
	w->ask.wrapping = w->wrapped.wrapping;
	w->ask.iv = w->wrapped.iv;
	w->ask.cipher = w->wrapped.cipher;
}

/* In place of both. */
static void
read_options(const gh_json *body, struct rest_fields *f, struct words *w)
{
	static const char *const others[] = {"session_key", "secret", NULL};

	rest_wrapped_transport(f, body, w->ask.wrapping.transport_id);
	rest_base64(f, body, "pki_archive_options", 1, KRA_OPTIONS_MAX, true, &w->octets,
	    &w->ask.options);
	for (size_t i = 0; others[i] != NULL; i++)
		if (rest_member(body, others[i]) != NULL)
			rest_field_wrong(f, others[i],
			    "There is %s, or pki_archive_options, not both.", others[i]);
	if (w->ask.kind != 0 && w->ask.kind != KRA_ASYMMETRIC)
		rest_field_wrong(f, "pki_archive_options",
		    "Only a private key comes in this form.");
}

static void
read_body(const gh_json *body, struct rest_fields *f, struct words *w)
{
	static const char *const names[] = {"kind", "owner", "client_id", "public_key",
	    "certificate_id", "policy", "algorithm", "transport_key", "session_key", "secret",
	    "pki_archive_options", NULL};

	rest_only(f, body, NULL, names);
	w->ask.certificate_id = rest_id(f, body, "certificate_id", false);
	rest_base64(f, body, "public_key", 1, SPKI_MAX, false, &w->octets, &w->ask.spki);
	read_kind(body, f, w);
	w->owner = rest_text(f, body, "owner", 1, TEXT_MAX, false);
	w->ask.client_id = rest_text(f, body, "client_id", 1, TEXT_MAX, false);
	w->ask.policy = rest_text(f, body, "policy", 1, TEXT_MAX, false);
	w->ask.algorithm = rest_text(f, body, "algorithm", 1, ALGORITHM_MAX, false);
	if (rest_member(body, "pki_archive_options") != NULL)
		read_options(body, f, w);
	else
		read_wrapped(body, f, w);
}

static void
reply_archived(struct gh_http_reply *rep, int64_t request, const char *key_id)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_int(o, "id", request) != 0 ||
	    gh_json_set_string(o, "type", "archival") != 0 ||
	    gh_json_set_string(o, "state", "complete") != 0 ||
	    gh_json_set_string(o, "key_id", key_id) != 0 ||
	    kra_rest_set_links(o, request, key_id) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kra_rest_created(rep, 201, request, o);
}

void
rest_archive(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct kra_means means = kra_env_means(env);
	struct words w = {.ask = {.request_id = call->http->request_id}};
	struct rest_fields fields = {0};
	char key_id[GH_UUID_TEXT_SIZE];
	struct rest_mark mark;
	int64_t request;
	struct gh_error err = {0};
	gh_json *body = NULL;
	int rc = kra_rest_body(env, call, &body, &err);

	if (rc == 0) {
		read_body(body, &fields, &w);
		rc = rest_fields_check(&fields, &err);
	}
	if (rc == 0)
		rc = rest_owner_find(env, call,
		    &(struct rest_owner){"owner", w.owner, "archives for somebody else",
			"key.archive-refused"},
		    &fields, &w.owner_person, &w.ask.owner, &err);
	if (rc == 0 && (rc = kra_rest_call(env, call, &mark, &w.ask.call, &err)) == 0)
		rc = key_archive(&means, call->requester, &w.ask, key_id, &request, &err);
	if (rc == 0)
		reply_archived(rep, request, key_id);
	else
		kra_rest_fail(call, &err, &fields, rep);
	rest_wrapped_clear(&w.wrapped);
	rest_octets_clear(&w.octets);
	gh_json_free(body);
}
