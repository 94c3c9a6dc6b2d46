/* A key is made by the KRA. See key_generate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "timestamp.h"

#include "key_generate.h"
#include "key_people.h"
#include "kra_keys.h"

#define DETAIL_SIZE 400

void
key_generated_clear(struct key_generated *g)
{
	free(g->spki.p);
	free(g->iv.p);
	if (g->secret.p != NULL)
		OPENSSL_cleanse(g->secret.p, g->secret.len);
	free(g->secret.p);
	memset(g, 0, sizeof(*g));
}

static int
check_who(const struct requester *who, const struct requester *owner, struct gh_error *err)
{
	if (who->kind == REQUESTER_NONE)
		return gh_fail(err, GH_E_AUTH_REQUIRED, "nobody has keys made");
	if (owner == NULL || key_people_is_agent(who) || requester_is_same(who, owner))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN, "Only an agent has keys made for others.");
}

/* --- a call that came before ------------------------------------------------------------------ */

/* Moves what is said about a key. */
static void
take_description(struct key_generated *out, struct store_archived_key *k)
{
	out->kind = k->kind;
	out->bits = k->bits;
	memcpy(out->algorithm, k->algorithm, sizeof(out->algorithm));
	out->spki = k->spki;
	k->spki = (struct signer_blob){NULL, 0};
}

/* The key leaves again as it did, and that is recorded before it does. */
static int
give_again(struct kra_means *m, const struct requester *who, const struct key_generate_ask *a,
    struct key_generated *out, struct gh_error *err)
{
	struct kra_recover q = {.release = *a->release};
	struct store_archived_key kept;
	char detail[40];
	int rc = store_get_kept_key(m->store, a->mark, STORE_CALL_MARK_SIZE, &kept, err);

	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key was made and given out, and this call gives it out no more.%s",
		    *out->key_id != '\0' ? " It is archived: ask for its recovery." : "");
	if (rc != 0)
		return rc;
	snprintf(detail, sizeof(detail), "request %lld", (long long)out->request);
	q.stored = (struct gh_der){kept.stored.p, kept.stored.len};
	if ((rc = key_describe_check_call(a->mark, STORE_CALL_MARK_SIZE, &kept, err)) == 0 &&
	    (rc = store_archived_key_facts(&kept, &q.facts, err)) == 0 &&
	    (rc = kra_keys_check_transport(m, q.release.wrapping.transport_id, err)) == 0 &&
	    (rc = kra_keys_recover(m, &q, &out->iv, &out->secret, err)) == 0)
		rc = key_people_note_repeat(m, who, &kept, detail, a->request_id, err);
	if (rc == 0)
		take_description(out, &kept);
	store_archived_key_clear(&kept);
	return rc;
}

/* Nothing was given out; what was made is told again. */
static int
tell_again(struct kra_means *m, struct key_generated *out, struct gh_error *err)
{
	struct store_archived_key k;
	int rc = store_get_archived_key(m->store, out->key_id, &k, err);

	if (rc != 0)
		return rc;
	take_description(out, &k);
	store_archived_key_clear(&k);
	return 0;
}

/* GH_E_NOT_FOUND: it is the first one. */
static int
repeat(struct kra_means *m, const struct requester *who, const struct key_generate_ask *a,
    struct key_generated *out, struct gh_error *err)
{
	const struct store_call call = {a->mark, a->content};
	int rc = key_people_find_call(m, "generation", &call, &out->request, out->key_id, err);

	if (rc != 0)
		return rc;
	out->is_repeated = true;
	return a->release != NULL ? give_again(m, who, a, out, err) : tell_again(m, out, err);
}

/* --- a new one -------------------------------------------------------------------------------- */

static int
put_question(struct kra_means *m, const struct key_generate_ask *a, struct store_archived_key *k,
    struct kra_generate *q, struct gh_error *err)
{
	int rc = kra_keys_storage_id(m, k->storage_id, err);

	if (rc != 0)
		return rc;
	memcpy(q->storage_id, k->storage_id, sizeof(q->storage_id));
	if ((rc = store_archived_key_facts(k, &q->facts, err)) != 0)
		return rc;
	q->key_alg = a->key_alg;
	q->is_archived = a->is_archived;
	if (a->release == NULL)
		return 0;
	q->is_released = true;
	q->release = *a->release;
	if (a->content != NULL && m->rules.repeat > 0)
		q->facts.forget_at = gh_now() + m->rules.repeat;
	return kra_keys_check_transport(m, q->release.wrapping.transport_id, err);
}

/* k borrows from made. */
static int
describe_made(const struct key_generate_ask *a, const struct kra_client_made *made,
    struct store_archived_key *k, struct gh_error *err)
{
	struct gh_der spki = {made->spki.p, made->spki.len};

	k->kind = made->kind;
	k->spki = made->spki;
	k->stored = made->archived;
	if (made->kind == KRA_ASYMMETRIC)
		return key_describe_spki(&spki, k, err);
	snprintf(k->algorithm, sizeof(k->algorithm), "AES");
	k->bits = atoi(strchr(a->key_alg, '-') + 1);
	return 0;
}

static void
write_detail(const struct requester *who, const struct key_generate_ask *a,
    const struct store_archived_key *k, char out[DETAIL_SIZE])
{
	bool is_others = !requester_is_same(who, &k->owner);

	snprintf(out, DETAIL_SIZE, "%s%s%s%.200s%s%.80s, ", a->key_alg,
	    a->is_archived ? ", archived" : "", is_others ? ", for " : "",
	    is_others ? k->owner.name : "", a->about != NULL ? ", " : "",
	    a->about != NULL ? a->about : "");
}

/* Moves what leaves. */
static void
take_made(struct key_generated *out, struct kra_client_made *made,
    const struct store_archived_key *k)
{
	out->kind = k->kind;
	out->bits = k->bits;
	memcpy(out->algorithm, k->algorithm, sizeof(out->algorithm));
	if (made->archived.len > 0)
		memcpy(out->key_id, k->id, sizeof(out->key_id));
	out->spki = made->spki;
	out->iv = made->iv;
	out->secret = made->out;
	made->spki = made->iv = made->out = (struct signer_blob){NULL, 0};
}

/* Store it, and hand it out. Another call under this mark may have been faster: then its key is the
 * one. */
static int
keep(struct kra_means *m, const struct requester *who, const struct key_generate_ask *a,
    const struct kra_generate *q, struct kra_client_made *made, struct store_archived_key *k,
    struct key_generated *out, struct gh_error *err)
{
	unsigned char mark[STORE_CALL_MARK_SIZE];
	char detail[DETAIL_SIZE];
	struct store_generation g = {.key = k,
	    .kept = made->kept,
	    .forget_at = q->facts.forget_at,
	    .mark = a->mark != NULL ? a->mark : mark,
	    .content = a->content,
	    .comment = a->comment,
	    .detail = detail,
	    .request_id = a->request_id};
	const struct store_call own = {.mark = mark};
	int rc = describe_made(a, made, k, err);

	if (rc == 0 && a->mark == NULL && RAND_bytes(mark, sizeof(mark)) != 1)
		rc = gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	write_detail(who, a, k, detail);
	if (rc != 0 || (rc = store_add_generation(m->store, who, &g, &out->request, err)) != 0)
		return rc;
	if (out->request == 0 && a->mark != NULL)
		return repeat(m, who, a, out, err);
	/* our own, whose answer was lost */
	if (out->request == 0 &&
	    (rc = key_people_find_call(m, "generation", &own, &out->request, out->key_id, err)) !=
		0)
		return rc;
	take_made(out, made, k);
	return 0;
}

static int
make(struct kra_means *m, const struct requester *who, const struct key_generate_ask *a,
    struct key_generated *out, struct gh_error *err)
{
	struct kra_generate q = {.is_released = false};
	struct kra_client_made made = {.kind = KRA_ASYMMETRIC};
	struct store_archived_key k = {0};
	int rc;

	if ((rc = key_describe(m, who, &a->labels, &k, err)) == 0 && a->mark != NULL)
		rc = key_describe_call(a->mark, STORE_CALL_MARK_SIZE, k.id, err);
	if (rc == 0 && (rc = put_question(m, a, &k, &q, err)) == 0 &&
	    (rc = kra_keys_generate(m, &q, &made, err)) == 0)
		rc = keep(m, who, a, &q, &made, &k, out, err);
	kra_client_made_free(&made); /* what leaves it is wrapped, or sealed */
	return rc;
}

int
key_generate(struct kra_means *m, const struct requester *who, const struct key_generate_ask *a,
    struct key_generated *out, struct gh_error *err)
{
	struct gh_error local = {.code = GH_OK};
	int rc;

	err = err != NULL ? err : &local;
	memset(out, 0, sizeof(*out));
	if ((rc = check_who(who, a->labels.owner, err)) == 0) {
		rc = a->mark != NULL ? repeat(m, who, a, out, err) : GH_E_NOT_FOUND;
		if (rc == GH_E_NOT_FOUND)
			rc = make(m, who, a, out, err);
	}
	if (rc == 0) {
		key_people_note_done(who,
		    out->is_repeated ? "key.generated-again" : "key.generated", out->key_id,
		    out->request);
	} else {
		key_generated_clear(out);
		key_people_note_refusal(m, who, "key.generate-refused", a->labels.client_id,
		    a->request_id, err);
	}
	return rc;
}
