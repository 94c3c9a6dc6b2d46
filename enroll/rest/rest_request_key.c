/* The private key of a request for a certificate. See rest_request_key.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/crmf.h"

#include "store/key/kra_key.h"

#include "kra_env.h"
#include "rest_kra.h"
#include "rest_request_key.h"

#define MEMBER "archival"
#define PATH_SIZE 120

void
rest_request_key_clear(struct rest_request_key *k)
{
	rest_wrapped_clear(&k->wrapped);
	rest_octets_clear(&k->octets);
	ca_pkcs10_free(k->message);
	gh_json_free(k->body);
	free(k->key.stored.p);
	memset(k, 0, sizeof(*k));
}

/* --- the way in ------------------------------------------------------------------------------- */

static void
read_options(const gh_json *o, struct rest_fields *f, struct rest_request_key *k)
{
	static const char *const names[] = {"transport_key", "pki_archive_options", NULL};

	rest_only(f, o, NULL, names);
	rest_wrapped_transport(f, o, k->ask.wrapping.transport_id);
	rest_base64(f, o, "pki_archive_options", 1, KRA_OPTIONS_MAX, true, &k->octets,
	    &k->ask.options);
}

static void
read_wrapped(const gh_json *o, struct rest_fields *f, struct rest_request_key *k)
{
	static const char *const names[] = {"transport_key", "session_key", "secret", NULL};

	rest_only(f, o, NULL, names);
	rest_wrapped_read(f, o, "secret", &k->wrapped);
	k->ask.wrapping = k->wrapped.wrapping;
	k->ask.iv = k->wrapped.iv;
	k->ask.cipher = k->wrapped.cipher;
}

/* What is wrong in the member is wrong in the body. */
static void
take_errors(struct rest_fields *f, struct rest_fields *inner)
{
	for (void *it = gh_json_iter(inner->errors); it != NULL;
	     it = gh_json_next(inner->errors, it)) {
		const gh_json *texts = gh_json_iter_value(it);
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), MEMBER ".%s", gh_json_iter_name(it));
		for (size_t i = 0; i < gh_json_size(texts); i++)
			rest_field_wrong(f, path, "%s", gh_json_string(gh_json_at(texts, i)));
	}
	f->failed |= inner->failed;
	rest_fields_clear(inner);
}

void
rest_request_key_read(gh_json *body, struct rest_fields *f, struct rest_request_key *k)
{
	const gh_json *o = gh_json_get(body, MEMBER);
	struct rest_fields inner = {0};

	if (gh_json_type(o) == GH_JSON_NULL)
		return;
	k->is_there = true;
	k->body = gh_json_ref(body);
	if (gh_json_type(o) != GH_JSON_OBJECT)
		rest_field_wrong(f, MEMBER, "The field " MEMBER " must be an object.");
	else if (rest_member(o, "pki_archive_options") != NULL)
		read_options(o, &inner, k);
	else
		read_wrapped(o, &inner, k);
	take_errors(f, &inner);
}

int
rest_request_key_take(struct ca_pkcs10 **csr, struct rest_request_key *k, struct gh_error *err)
{
	struct ca_pkcs10 *keyless;
	int rc;

	if ((*csr)->archive_options.len == 0)
		return 0;
	if (k->is_there)
		return gh_refuse(err, GH_E_CSR,
		    "The key is in the request (pkiArchiveOptions) and in " MEMBER
		    ": send it once.");
	if ((*csr)->archive_options.len > KRA_OPTIONS_MAX)
		return gh_refuse(err, GH_E_CSR, "CSR: pkiArchiveOptions of more than %d bytes",
		    KRA_OPTIONS_MAX);
	if ((rc = ca_pkcs10_check(*csr, err)) != 0 ||
	    (rc = ca_crmf_without_key(*csr, &keyless, err)) != 0)
		return rc;
	k->is_there = true;
	k->message = *csr;
	k->ask.options = k->message->archive_options;
	*csr = keyless;
	return 0;
}

/* --- the KRA ---------------------------------------------------------------------------------- */

/* The caller did not name it, and cannot mend it. */
static int
check_policy(struct worker_env *env, const char *name, struct gh_error *err)
{
	struct store_kra_policy policy;
	int rc;

	if (name == NULL)
		return 0;
	rc = store_get_kra_policy(env->store, name, &policy, err);
	store_kra_policy_clear(&policy);
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_refuse(err, GH_E_CA_UNAVAILABLE,
		  "The profile's policy of recovery \"%.80s\" is not there. Its administrator must "
		  "set it.",
		  name);
}

int
rest_request_key_archive(struct worker_env *env, struct rest_request_key *k, struct enrollment *e,
    struct gh_error *err)
{
	const struct enroll_request *req = e->req;
	struct kra_means means = kra_env_means(env);
	int rc;

	if (!k->is_there)
		return 0;
	k->ask.kind = KRA_ASYMMETRIC;
	k->ask.policy = tmpl_recovery_policy(e->tmpl->tmpl);
	k->ask.spki = (struct gh_der){req->csr->spki, req->csr->spki_len};
	k->ask.request_id = req->request_id;
	if ((rc = check_policy(env, k->ask.policy, err)) != 0 ||
	    (rc = key_archive_seal(&means, &req->requester, &k->ask, &k->key, err)) != 0) {
		kra_env_explain(err);
		return rc;
	}
	k->row = (struct store_new_key){.key = &k->key, .type = "archival"};
	e->key = &k->row;
	return 0;
}
