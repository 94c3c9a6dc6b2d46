/* A secret comes in. See key_archive.h. */
#include <stdlib.h>
#include <string.h>

#include "key_archive.h"
#include "key_certificate.h"
#include "key_describe.h"
#include "key_people.h"
#include "kra_keys.h"

/* --- what it is ------------------------------------------------------------------------------- */

/* spki of k points to that of the question, or into cert. */
static int
describe_asymmetric(const struct key_archive_ask *a, const struct key_certificate *cert,
    struct store_archived_key *k, struct gh_error *err)
{
	struct gh_der spki = a->spki.len > 0 ? a->spki : cert->spki;

	if (cert->spki.len > 0 && !gh_der_equals(&cert->spki, spki.p, spki.len))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The certificate is for another public key than the one that was sent.");
	k->spki = (struct signer_blob){(unsigned char *)spki.p, spki.len};
	return key_describe_spki(&spki, k, err);
}

static int
describe(struct kra_means *m, const struct requester *who, const struct key_archive_ask *a,
    const struct key_certificate *cert, struct store_archived_key *k, struct gh_error *err)
{
	const struct key_labels labels = {.owner = a->owner,
	    .client_id = a->client_id,
	    .policy = a->policy,
	    .algorithm = a->algorithm};
	int rc;

	if (a->bits < 0 || (a->kind != KRA_ASYMMETRIC && a->spki.len > 0))
		return gh_refuse(err, GH_E_VALIDATION,
		    "Only a private key has a public key, and no key has less than 0 bits.");
	if ((rc = key_describe(m, who, &labels, k, err)) != 0)
		return rc;
	k->kind = a->kind;
	k->bits = a->bits;
	k->certificate_id = a->certificate_id;
	return a->kind == KRA_ASYMMETRIC ? describe_asymmetric(a, cert, k, err) : 0;
}

/* --- the way in ------------------------------------------------------------------------------- */

/* What somebody else has wrapped does not say whose it is. So who has seen it on its way can send
 * it as his own, but not once it is kept for its owner. Told only to who could have it opened. */
static int
check_other_owner(struct kra_means *m, const struct store_archived_key *k, struct gh_error *err)
{
	bool is_anothers;
	int rc = store_is_key_of_another(m->store, k, &is_anothers, err);

	if (rc != 0 || !is_anothers)
		return rc;
	return gh_refuse(err, GH_E_CONFLICT,
	    "This private key is archived for somebody else. Make a key of your own; a key that several "
	    "share is archived by an agent.");
}

/* k->stored is malloc'd. */
static int
ask(struct kra_means *m, const struct key_archive_ask *a, struct store_archived_key *k,
    struct gh_error *err)
{
	struct kra_archive q = {.wrapping = a->wrapping,
	    .iv = a->iv,
	    .cipher = a->cipher,
	    .options = a->options};
	int rc = kra_keys_check_transport(m, q.wrapping.transport_id, err);

	if (rc != 0 || (rc = kra_keys_storage_id(m, k->storage_id, err)) != 0)
		return rc;
	memcpy(q.storage_id, k->storage_id, sizeof(q.storage_id));
	if ((rc = store_archived_key_facts(k, &q.facts, err)) != 0)
		return rc;
	return kra_keys_archive(m, &q, &k->stored, err);
}

static int
check_who(const struct requester *who, const struct key_archive_ask *a, struct gh_error *err)
{
	if (who->kind == REQUESTER_NONE)
		return gh_fail(err, GH_E_AUTH_REQUIRED, "nobody archives");
	if (a->owner == NULL || key_people_is_agent(who) || requester_is_same(who, a->owner))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN, "Only an agent archives keys of others.");
}

int
key_archive_seal(struct kra_means *m, const struct requester *who, const struct key_archive_ask *a,
    struct store_archived_key *k, struct gh_error *err)
{
	const struct key_certificate none = {0};
	struct gh_error local = {.code = GH_OK};
	int rc;

	err = err != NULL ? err : &local;
	memset(k, 0, sizeof(*k));
	if ((rc = describe(m, who, a, &none, k, err)) == 0 && (rc = ask(m, a, k, err)) == 0)
		rc = check_other_owner(m, k, err);
	if (rc != 0)
		key_people_note_refusal(m, who, "key.archive-refused", a->client_id, a->request_id,
		    err);
	return rc;
}

static int
take(struct kra_means *m, const struct requester *who, const struct key_archive_ask *a,
    char id[GH_UUID_TEXT_SIZE], int64_t *request, struct gh_error *err)
{
	struct key_certificate cert = {0};
	struct store_archived_key k = {0};
	int rc;

	if ((rc = check_who(who, a, err)) == 0 && a->certificate_id != 0)
		rc = key_certificate_get(m, a->certificate_id, &cert, err);
	if (rc == 0 && (rc = describe(m, who, a, &cert, &k, err)) == 0 &&
	    (rc = ask(m, a, &k, err)) == 0 &&
	    (key_people_is_agent(who) || (rc = check_other_owner(m, &k, err)) == 0)) {
		const struct store_new_key n = {.key = &k,
		    .type = "archival",
		    .call = a->call,
		    .comment = a->comment,
		    .request_id = a->request_id};

		if ((rc = store_add_archived_key(m->store, who, &n, request, err)) == 0)
			memcpy(id, k.id, sizeof(k.id));
	}
	free(k.stored.p);
	key_certificate_clear(&cert);
	return rc;
}

int
key_archive(struct kra_means *m, const struct requester *who, const struct key_archive_ask *a,
    char id[GH_UUID_TEXT_SIZE], int64_t *request, struct gh_error *err)
{
	struct gh_error local = {.code = GH_OK};
	int rc;

	err = err != NULL ? err : &local;
	*id = '\0';
	*request = 0;
	rc = key_people_find_call(m, "archival", &a->call, request, id, err);
	if (rc == GH_E_NOT_FOUND && (rc = take(m, who, a, id, request, err)) == GH_E_CONFLICT &&
	    key_people_find_call(m, "archival", &a->call, request, id, NULL) == 0)
		rc = 0; /* the same call was faster */
	if (rc == 0)
		key_people_note_done(who, "key.archived", id, *request);
	else
		key_people_note_refusal(m, who, "key.archive-refused", a->client_id, a->request_id,
		    err);
	return rc;
}

int
key_archive_set_active(struct kra_means *m, const struct requester *who,
    const struct store_key_change *c, int *version, struct gh_error *err)
{
	struct gh_error local = {.code = GH_OK};
	int rc;

	err = err != NULL ? err : &local;
	*version = 0;
	if (key_people_is_agent(who))
		rc = store_set_key_active(m->store, who, c, version, err);
	else
		rc =
		    gh_refuse(err, GH_E_FORBIDDEN, "Only an agent makes a key active or inactive.");
	if (rc == 0)
		key_people_note_done(who, c->is_active ? "key.activated" : "key.deactivated", c->id,
		    0);
	else
		key_people_note_refusal(m, who, "key.change-refused", c->id, c->request_id, err);
	return rc;
}
