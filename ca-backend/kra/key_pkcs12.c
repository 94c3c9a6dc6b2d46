/* A key for a request for a certificate. See key_pkcs12.h. */
#include <stdlib.h>
#include <string.h>

#include "signer/kra/pkcs12.h"
#include "timestamp.h"

#include "key_describe.h"
#include "key_pkcs12.h"
#include "kra_keys.h"

static int
put_question(struct kra_means *m, const struct key_for_request *f, struct store_archived_key *k,
    struct kra_generate *q, struct gh_error *err)
{
	int rc = kra_keys_storage_id(m, k->storage_id, err);

	if (rc != 0)
		return rc;
	memcpy(q->storage_id, k->storage_id, sizeof(q->storage_id));
	k->kind = KRA_ASYMMETRIC;
	if ((rc = store_archived_key_facts(k, &q->facts, err)) != 0)
		return rc;
	q->facts.forget_at = gh_now() + f->keep;
	q->key_alg = f->key_alg;
	q->is_archived = f->is_archived;
	q->subject = f->subject;
	q->extensions = f->extensions;
	return 0;
}

/* Moves what is recorded. */
static int
take_made(struct key_made *out, const struct kra_generate *q, struct kra_client_made *made,
    struct gh_error *err)
{
	struct gh_der spki = {made->spki.p, made->spki.len};

	out->key.spki = made->spki;
	out->key.stored = made->archived;
	out->kept = made->kept;
	out->csr = made->csr;
	made->spki = made->archived = made->kept = made->csr = (struct signer_blob){NULL, 0};
	out->record = (struct store_new_key){.key = &out->key,
	    .type = "generation",
	    .kept = out->kept,
	    .kept_until = q->facts.forget_at};
	return key_describe_spki(&spki, &out->key, err);
}

int
key_make_for_request(struct kra_means *m, const struct requester *who,
    const struct key_for_request *f, struct key_made *out, struct gh_error *err)
{
	const struct key_labels labels = {.policy = f->policy};
	struct kra_generate q = {.is_released = false};
	struct kra_client_made made = {.kind = KRA_ASYMMETRIC};
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = key_describe(m, who, &labels, &out->key, err)) == 0 &&
	    (rc = key_describe_call(f->mark, REPLAY_MARK_SIZE, out->key.id, err)) == 0 &&
	    (rc = put_question(m, f, &out->key, &q, err)) == 0 &&
	    (rc = kra_keys_generate(m, &q, &made, err)) == 0)
		rc = take_made(out, &q, &made, err);
	kra_client_made_free(&made);
	return rc;
}

void
key_made_clear(struct key_made *made)
{
	store_archived_key_clear(&made->key);
	free(made->csr.p);
	free(made->kept.p);
	memset(made, 0, sizeof(*made));
}

int
key_pkcs12(struct kra_means *m, const struct store_archived_key *kept,
    const struct key_pkcs12_ask *a, struct signer_blob *out, struct gh_error *err)
{
	struct kra_recover q = {.stored = {kept->stored.p, kept->stored.len}};
	struct kra_release *r = &q.release;
	struct signer_blob iv;
	int rc = key_describe_check_call(a->mark, REPLAY_MARK_SIZE, kept, err);

	*out = (struct signer_blob){NULL, 0};
	if (rc != 0 || (rc = store_archived_key_facts(kept, &q.facts, err)) != 0)
		return rc;
	r->form = a->is_legacy ? KRA_PKCS12_LEGACY : KRA_PKCS12;
	r->has_clear_password = true;
	r->password = (struct gh_der){(const unsigned char *)a->password, strlen(a->password)};
	r->iterations = PKCS12_ITERATIONS;
	if (a->name != NULL)
		r->name = (struct gh_der){(const unsigned char *)a->name, strlen(a->name)};
	r->cert = (struct gh_der){a->chain->cert[0].der, a->chain->cert[0].len};
	for (size_t i = 1; a->has_chain && i < a->chain->n && r->chain_len < KRA_CHAIN_MAX; i++)
		r->chain[r->chain_len++] =
		    (struct gh_der){a->chain->cert[i].der, a->chain->cert[i].len};
	rc = kra_keys_recover(m, &q, &iv, out, err);
	free(iv.p);
	return rc;
}
