/* A key that is made here. See est_serverkeygen.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "formats/csr_names.h"
#include "formats/pkcs7.h"
#include "kra/key_pkcs12.h"
#include "http_accept.h"
#include "device_check.h"
#include "package/made_key.h"
#include "package/package_client.h"
#include "single.h"
#include "store/key/generated_key.h"
#include "store/key/key_count.h"

#include "est_body.h"
#include "est_door.h"
#include "est_error.h"
#include "est_key_parts.h"
#include "est_linking.h"
#include "est_made_key.h"
#include "est_renewal.h"
#include "est_request.h"
#include "est_serverkeygen.h"
#include "kra_env.h"

#define KEEP_SECONDS 60 /* between the record and the answer */

/* One call on its way. */
struct keygen {
	const struct call *call;
	const struct est_label *label;
	struct ca_pkcs10 *asked; /* what the client sent; req.csr is the KRA's */
	struct enroll_request req;
	struct enrollment e; /* rc and err also of what is here */
	struct key_made made;
	unsigned char *subject, *extensions;
	struct gh_der names[2]; /* the same, DER */
	char detail[2 * EST_LABEL_MAX + CALL_PART_SIZE];
	/* for whom the key is encrypted, and who signs it; empty: it is plain */
	struct decrypt_wish wish; /* points into asked */
	struct est_recipient recipient;
	struct gateway_signer signer;
	struct est_made_key key;
};

static void
clear(struct keygen *k)
{
	est_made_key_clear(&k->key);
	est_recipient_clear(&k->recipient);
	gateway_signer_clear(&k->signer);
	OPENSSL_free(k->subject);
	OPENSSL_free(k->extensions);
	enrollment_clear(&k->e);
	enroll_request_clear(&k->req);
	key_made_clear(&k->made);
	ca_pkcs10_free(k->asked);
}

/* ---- what the call says ---- */

static int
init(const struct worker_env *env, struct keygen *k)
{
	struct enroll_request *req = &k->req;
	struct gh_error *err = &k->e.err;
	int rc = est_door_label(env, k->call->parts, &k->label, err);

	k->e.req = req;
	k->e.entry = k->call->entry;
	k->e.cannot_wait = true;
	if (rc != 0)
		return rc;
	if (!k->label->has_serverkeygen)
		return gh_refuse(err, GH_E_NOT_FOUND, "No keys are made at this label.");
	k->e.profile = &k->label->profile;
	snprintf(k->detail, sizeof(k->detail), "%.80s; label %s, key made here",
	    k->label->profile.templates[0], k->label->name);
	k->e.detail = k->detail;
	if (k->call->requester->is_one_time)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "A one-time password is for simpleenroll: make the key yourself.");
	if ((rc = est_request_init(k->call, k->label, req, err)) != 0)
		return rc;
	if (RAND_bytes(req->replay_mark, sizeof(req->replay_mark)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	req->has_replay_mark = true;
	return kra_env_check(env, err);
}

/* Subject and SAN, and nothing else of the request. */
static int
take_names(struct keygen *k)
{
	struct csr_names names;
	STACK_OF(X509_EXTENSION) *list = NULL;
	int n, rc = csr_names_read(k->asked, &names, &k->e.err);

	if (rc != 0)
		return rc;
	n = i2d_X509_NAME(names.subject, &k->subject);
	if (n > 0)
		k->names[0] = (struct gh_der){k->subject, (size_t)n};
	if (n > 0 && names.san != NULL &&
	    (X509V3_add1_i2d(&list, NID_subject_alt_name, names.san, 0, X509V3_ADD_DEFAULT) != 1 ||
		(n = i2d_X509_EXTENSIONS(list, &k->extensions)) <= 0))
		n = -1;
	else if (names.san != NULL)
		k->names[1] = (struct gh_der){k->extensions, (size_t)n};
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	csr_names_clear(&names);
	ERR_clear_error();
	return n > 0 ? 0 : gh_fail(&k->e.err, GH_E_NOMEM, "names");
}

/* Who names it, and prefers it to what else there is: a range that has both means neither. */
static bool
wants_pkcs12(const struct gh_http_request *http)
{
	const char *accept = gh_http_header(http, "accept");
	int weight = gh_accept_weight(accept, EST_PKCS12_TYPE, "application/*");

	return weight > gh_accept_weight(accept, "multipart/mixed", "multipart/*") &&
	    weight > gh_accept_weight(accept, "application/cms", "application/*");
}

/* Nothing of a request says that a PKCS#12 is wanted, and no key identifier fits it (RFC 8295,
 * 8.3). */
static int
read_wish(struct keygen *k)
{
	int rc = decrypt_wish_read(k->asked, &k->wish, &k->e.err);

	if (rc != 0 || !wants_pkcs12(k->call->http))
		return rc;
	if (k->wish.kind != DECRYPT_NONE)
		return gh_refuse(&k->e.err, GH_E_BAD_REQUEST,
		    "A PKCS#12 is encrypted with a password: ask for it without a key identifier.");
	k->wish.kind = DECRYPT_PASSWORD;
	return 0;
}

/* The signature may be anything: it proves nothing that is asked for here (4.4.1). */
static int
read_body(const struct worker_env *env, struct keygen *k)
{
	int rc = est_request_read(k->call, &k->asked, &k->e.err);

	if (rc == 0 && k->req.requester.is_ra)
		k->req.requester.device = device_of_ra(env, k->label->name, k->asked);
	if (rc == 0 && (rc = read_wish(k)) == 0)
		rc = est_recipient_find(env, k->call, k->label->name, &k->wish, &k->recipient,
		    &k->e.err);
	if (rc == 0)
		rc = est_linking_check((enum est_linking)k->label->linking, k->req.requester.is_ra,
		    &k->call->http->tls, k->asked, &k->e.err);
	return rc == 0 ? take_names(k) : rc;
}

/* ---- the key ---- */

static int
make_key(const struct worker_env *env, struct keygen *k)
{
	const struct tmpl *t = k->e.tmpl->tmpl;
	const struct tmpl_key_wish none = {.has_type = false};
	struct kra_means means = kra_env_means(env);
	struct key_for_request f = {.policy = tmpl_recovery_policy(t),
	    .is_archived = tmpl_archival(t) != TMPL_ARCHIVAL_NONE,
	    .keep = KEEP_SECONDS,
	    .mark = k->req.replay_mark,
	    .subject = k->names[0],
	    .extensions = k->names[1]};
	int rc = tmpl_choose_key(t, &none, &f.key_alg, &k->e.err);

	if (rc != 0)
		return rc;
	if ((rc = key_make_for_request(&means, &k->req.requester, &f, &k->made, &k->e.err)) != 0) {
		kra_env_explain(&k->e.err);
		return rc;
	}
	k->e.key = &k->made.record;
	k->req.archives_key = f.is_archived;
	return ca_pkcs10_parse(k->made.csr.p, k->made.csr.len, &k->req.csr, &k->e.err);
}

static int
find_signer(struct worker_env *env, struct keygen *k)
{
	return k->wish.kind == DECRYPT_SYMMETRIC || k->wish.kind == DECRYPT_ASYMMETRIC
	    ? gateway_signer_find(env, STORE_SIGNER_KEYS, k->e.ca, &k->signer, &k->e.err)
	    : 0;
}

/* Of this caller at this label, whatever became of them. */
static int
count_key(struct worker_env *env, struct keygen *k)
{
	char caller[EST_LABEL_MAX + 1 + PACKAGE_CLIENT_SIZE], client[PACKAGE_CLIENT_SIZE];
	int limit = (int)k->label->keys_per_hour, wait, rc;

	package_client_key(k->call->requester, client);
	snprintf(caller, sizeof(caller), "%s %s", k->label->name, client);
	if (limit == 0)
		limit = EST_KEYS_PER_HOUR;
	if ((rc = store_count_key(env->store, caller, limit, &wait, &k->e.err)) != 0 || wait == 0)
		return rc;
	rc = gh_refuse(&k->e.err, GH_E_RATE_LIMITED,
	    "Enough keys were made for this caller in this hour (%d). Come again later.", limit);
	k->e.err.retry_after = wait;
	return rc;
}

/* A key costs: all that can be refused without one comes first. */
static void
decide(struct worker_env *env, struct keygen *k, bool may_leave, bool *leaves)
{
	struct enrollment *e = &k->e;

	enroll_admit(env, e);
	*leaves = may_leave && e->rc == GH_E_BUSY;
	if (e->rc == 0 && (e->rc = gh_http_check_deadline(k->call->http, &e->err)) == 0 &&
	    (e->rc = est_renewal_check_first(env, k->call, k->label, &e->err)) == 0 &&
	    (e->rc = find_signer(env, k)) == 0 && (e->rc = count_key(env, k)) == 0 &&
	    (e->rc = make_key(env, k)) == 0)
		enroll_decide(env, e);
}

/* ---- the answer ---- */

/* What is encrypted has an identifier, by which the client answers. */
static int
fetch_key(struct worker_env *env, struct keygen *k)
{
	const struct est_key_of of = {k->req.replay_mark, &k->e.out.chain};
	const struct gh_der cert = {of.chain->cert[0].der, of.chain->cert[0].len};
	int rc;

	if (k->wish.kind == DECRYPT_NONE)
		return est_made_key_plain(env, &of, &k->key, &k->e.err);
	if (k->wish.kind == DECRYPT_PASSWORD)
		return est_made_key_pkcs12(env, &of, &k->recipient, &k->key, &k->e.err);
	rc = est_made_key_protected(env, &of, &k->wish, &k->recipient, &k->signer, &k->key,
	    &k->e.err);
	return rc == 0 ? made_key_record(env, k->call, &cert, &k->e.err) : rc;
}

/* One message, in which the certificate is, too (RFC 8295, 8.1 and 8.3). */
static int
reply_whole(const struct keygen *k, struct gh_http_reply *rep)
{
	est_body_put(k->label, false, k->key.type, k->key.der.p, k->key.der.len, rep);
	return 0;
}

static int
reply_key(struct worker_env *env, struct keygen *k, struct gh_http_reply *rep)
{
	const struct cert_chain *chain = &k->e.out.chain;
	struct gh_der certs = {NULL, 0}, leaf;
	unsigned char *der = NULL;
	int rc = fetch_key(env, k);

	if (rc == 0 && (k->wish.wants_key_package || k->wish.kind == DECRYPT_PASSWORD))
		return reply_whole(k, rep);
	leaf = (struct gh_der){chain->cert[0].der, chain->cert[0].len};
	if (rc == 0)
		rc = ca_pkcs7_encode_certs(&leaf, 1, &der, &certs.len, &k->e.err);
	certs.p = der;
	if (rc == 0)
		rc = est_key_parts_put(k->key.type, &k->key.der, &certs, rep, &k->e.err);
	free(der);
	return rc;
}

static void
answer(struct worker_env *env, struct keygen *k, struct gh_http_reply *rep)
{
	struct gh_error err = {0};

	if (k->e.rc == 0 && k->e.out.disposition == DB_DISP_ISSUED)
		k->e.rc = reply_key(env, k, rep);
	else if (k->e.rc == 0)
		single_denial(&k->e, false, &err);
	if (k->e.rc != 0)
		est_error(&k->e.err, rep);
	else if (err.code != 0)
		est_error(&err, rep);
}

/* true: it leaves the batch, and there is no answer yet. */
static bool
serve(struct worker_env *env, const struct call *call, struct gh_http_reply *rep, bool may_leave)
{
	struct keygen k = {.call = call};
	bool leaves = false;

	if ((k.e.rc = init(env, &k)) == 0 && (k.e.rc = read_body(env, &k)) == 0)
		decide(env, &k, may_leave, &leaves);
	if (!leaves) {
		single_finish(env, call, &k.e);
		answer(env, &k, rep);
	}
	clear(&k);
	return leaves;
}

void
est_serverkeygen(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)serve(env, call, rep, false);
}

static bool
serve_or_leave(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	return serve(env, call, rep, true);
}

void
est_serverkeygen_batch(struct worker_env *env, struct call_item *items, size_t n)
{
	call_each(env, items, n, serve_or_leave);
}
