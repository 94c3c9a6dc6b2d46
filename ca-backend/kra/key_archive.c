/* A secret comes in. See key_archive.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "key_alg.h"
#include "log.h"
#include "utf8.h"

#include "key_archive.h"
#include "key_certificate.h"
#include "key_people.h"
#include "kra_keys.h"

/* --- what it is ------------------------------------------------------------------------------- */

static int
copy_text(char out[STORE_KEY_TEXT_SIZE], const char *text, const char *what, struct gh_error *err)
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n >= STORE_KEY_TEXT_SIZE || (n > 0 && !gh_utf8_is_clean(text)))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The %s has at most %d bytes of UTF-8, and no control characters.", what,
		    STORE_KEY_TEXT_SIZE - 1);
	snprintf(out, STORE_KEY_TEXT_SIZE, "%s", n > 0 ? text : "");
	return 0;
}

/* The name and size of a public key. */
static int
describe_spki(const struct gh_der *spki, struct store_archived_key *k, struct gh_error *err)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *key = spki->len > 0 ? d2i_PUBKEY(NULL, &p, (long)spki->len) : NULL;
	enum gh_curve curve;
	int rc = 0;

	if (key == NULL || p != spki->p + spki->len)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "A private key comes with its SubjectPublicKeyInfo (DER), or with its "
		    "certificate.");
	else if (gh_curve_of_key(key, &curve))
		snprintf(k->algorithm, sizeof(k->algorithm), "%s", gh_curve_name(curve));
	else
		snprintf(k->algorithm, sizeof(k->algorithm), "%s",
		    EVP_PKEY_is_a(key, "RSA") ? "RSA" : EVP_PKEY_get0_type_name(key));
	k->bits = rc == 0 ? EVP_PKEY_get_bits(key) : 0;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}

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
	return describe_spki(&spki, k, err);
}

static int
check_policy(struct kra_means *m, const char *name, struct gh_error *err)
{
	struct store_kra_policy policy;
	int rc;

	if (*name == '\0')
		return 0;
	rc = store_get_kra_policy(m->store, name, &policy, err);
	store_kra_policy_clear(&policy);
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_refuse(err, GH_E_VALIDATION, "There is no policy of recovery \"%.80s\".", name);
}

static int
describe(struct kra_means *m, const struct requester *who, const struct key_archive_ask *a,
    const struct key_certificate *cert, struct store_archived_key *k, struct gh_error *err)
{
	unsigned char uuid[GH_UUID_SIZE];
	int rc;

	*k = (struct store_archived_key){.kind = a->kind,
	    .bits = a->bits,
	    .owner = a->owner != NULL ? *a->owner : *who,
	    .certificate_id = a->certificate_id,
	    .is_active = true};
	if (!gh_uuid_make(uuid))
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	gh_uuid_format(uuid, k->id);
	if (a->bits < 0 || (a->kind != KRA_ASYMMETRIC && a->spki.len > 0))
		return gh_refuse(err, GH_E_VALIDATION,
		    "Only a private key has a public key, and no key has less than 0 bits.");
	if ((rc = copy_text(k->bound_owner, store_key_identity(&k->owner), "owner's name", err)) !=
		0 ||
	    (rc = copy_text(k->client_id, a->client_id, "client id", err)) != 0 ||
	    (rc = copy_text(k->policy, a->policy, "name of the policy", err)) != 0 ||
	    (rc = copy_text(k->algorithm, a->algorithm, "algorithm", err)) != 0 ||
	    (rc = check_policy(m, k->policy, err)) != 0)
		return rc;
	return a->kind == KRA_ASYMMETRIC ? describe_asymmetric(a, cert, k, err) : 0;
}

/* --- the way in ------------------------------------------------------------------------------- */

/* k->stored is malloc'd. */
static int
ask(struct kra_means *m, const struct key_archive_ask *a, struct store_archived_key *k,
    struct gh_error *err)
{
	struct kra_archive q = {.wrapping = a->wrapping,
	    .iv = a->iv,
	    .cipher = a->cipher,
	    .options = a->options};
	struct store_kra_key storage;
	int rc = kra_keys_check_transport(m, q.wrapping.transport_id, err);

	if (rc != 0 || (rc = kra_keys_current(m, STORE_KRA_STORAGE, &storage, err)) != 0)
		return rc;
	memcpy(q.storage_id, storage.id, sizeof(q.storage_id));
	memcpy(k->storage_id, storage.id, sizeof(k->storage_id));
	store_kra_key_clear(&storage);
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
	    (rc = ask(m, a, &k, err)) == 0) {
		const struct store_new_key n = {.key = &k,
		    .type = "archival",
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
	if ((rc = take(m, who, a, id, request, err)) != 0)
		key_people_note_refusal(m, who, "key.archive-refused", a->client_id, a->request_id,
		    err);
	return rc;
}

int
key_archive_set_active(struct kra_means *m, const struct requester *who,
    const struct store_key_change *c, int *version, struct gh_error *err)
{
	*version = 0;
	if (!key_people_is_agent(who))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Only an agent makes a key active or inactive.");
	return store_set_key_active(m->store, who, c, version, err);
}
