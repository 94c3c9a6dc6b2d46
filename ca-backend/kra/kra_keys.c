/* The KRA's own keys. See kra_keys.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cert_parts.h"
#include "log.h"
#include "timestamp.h"

#include "kra_keys.h"
#include "store/key/archived_key.h"

static int
check_there(const struct kra_means *m, struct gh_error *err)
{
	return m->kra != NULL
	    ? 0
	    : gh_refuse(err, GH_E_CA_UNAVAILABLE, "There is no key recovery authority here.");
}

/* --- loading ---------------------------------------------------------------------------------- */

/* GH_E_CA_LOCKED: it is there, under a password. */
static int
load(struct kra_means *m, const struct store_kra_key *k, struct gh_error *err)
{
	unsigned char id[KRA_KEY_ID_SIZE];
	int rc = signer_client_load_ca(m->kra, k->sealed.p, k->sealed.len, id, err);

	if ((rc == 0 || rc == GH_E_CA_LOCKED) && memcmp(id, k->id, sizeof(id)) != 0)
		return gh_fail(err, GH_E_SEAL, "KRA key %lld is another one than its row says",
		    (long long)k->row);
	return rc;
}

/* One that cannot be loaded does not keep the others away. */
static int
load_one(void *arg, const struct store_kra_key *k, struct gh_error *err)
{
	int rc = load(arg, k, err);

	if (rc == GH_E_SIGNER || rc == GH_E_SEAL || rc == GH_E_CONFLICT)
		gh_log_kv(GH_LOG_ERROR, "a key of the KRA cannot be loaded", "cause", err->detail,
		    NULL);
	return rc == GH_E_SIGNER_DOWN || rc == GH_E_NOMEM ? rc : 0;
}

static int
load_all(struct kra_means *m, struct gh_error *err)
{
	return store_each_kra_key(m->store, load_one, m, err);
}

/* A policy that a secret names goes with it: the KRA believes nobody that there is one. out borrows
 * from *row. */
static int
put_policy(struct kra_means *m, const struct gh_der *name, struct store_kra_policy *row,
    struct gh_der *out, struct gh_error *err)
{
	char text[STORE_KEY_TEXT_SIZE];
	int rc;

	memset(row, 0, sizeof(*row));
	if (name->len == 0 || name->len >= sizeof(text))
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)name->len, (const char *)name->p);
	if ((rc = store_get_kra_policy(m->store, text, row, err)) == GH_E_NOT_FOUND)
		return 0;
	*out = (struct gh_der){row->sealed.p, row->sealed.len};
	return rc;
}

int
kra_keys_archive(struct kra_means *m, const struct kra_archive *f, struct signer_blob *stored,
    struct gh_error *err)
{
	struct store_kra_policy policy = {0};
	struct kra_archive q = *f;
	int rc = check_there(m, err);

	*stored = (struct signer_blob){NULL, 0};
	if (rc == 0 && (rc = put_policy(m, &f->facts.policy, &policy, &q.policy, err)) == 0 &&
	    (rc = kra_client_archive(m->kra, &q, stored, err)) == GH_E_NOT_FOUND &&
	    (rc = load_all(m, err)) == 0)
		rc = kra_client_archive(m->kra, &q, stored, err);
	store_kra_policy_clear(&policy);
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_fail(err, GH_E_CA_UNAVAILABLE, "the KRA does not take its keys");
}

int
kra_keys_recover(struct kra_means *m, const struct kra_recover *f, struct signer_blob *iv,
    struct signer_blob *out, struct gh_error *err)
{
	int rc = check_there(m, err);

	*iv = *out = (struct signer_blob){NULL, 0};
	if (rc == 0 && (rc = kra_client_recover(m->kra, f, iv, out, err)) == GH_E_NOT_FOUND &&
	    (rc = load_all(m, err)) == 0)
		rc = kra_client_recover(m->kra, f, iv, out, err);
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_fail(err, GH_E_CA_UNAVAILABLE, "the KRA does not take its keys");
}

int
kra_keys_generate(struct kra_means *m, const struct kra_generate *f, struct kra_client_made *out,
    struct gh_error *err)
{
	struct store_kra_policy policy = {0};
	struct kra_generate q = *f;
	int rc = check_there(m, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && (rc = put_policy(m, &f->facts.policy, &policy, &q.policy, err)) == 0 &&
	    (rc = kra_client_generate(m->kra, &q, out, err)) == GH_E_NOT_FOUND &&
	    (rc = load_all(m, err)) == 0)
		rc = kra_client_generate(m->kra, &q, out, err);
	store_kra_policy_clear(&policy);
	if (rc == GH_E_BUSY)
		return gh_refuse(err, GH_E_BUSY,
		    "Too many RSA keys are being made. Please try again in a few seconds.");
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_fail(err, GH_E_CA_UNAVAILABLE, "the KRA does not take its keys");
}

/* --- policies --------------------------------------------------------------------------------- */

int
kra_keys_show_policy(struct kra_means *m, const char *name, const struct store_kra_policy *row,
    struct kra_policy *out, struct signer_blob *text, struct gh_error *err)
{
	const struct kra_show_policy f = {{(const unsigned char *)name, strlen(name)},
	    {row->sealed.p, row->sealed.len}};
	char cause[128];
	int rc = check_there(m, err);

	*text = (struct signer_blob){NULL, 0};
	if (rc == 0 && (rc = kra_client_show_policy(m->kra, &f, out, text, err)) == GH_E_SIGNER) {
		snprintf(cause, sizeof(cause), "%.120s", err->detail);
		rc = gh_refuse(err, GH_E_SEAL,
		    "The policy of recovery \"%.80s\" is not as it was sealed (%s): set it again with "
		    "`gatehouse kra policy`.",
		    name, cause);
	}
	return rc;
}

int
kra_keys_check_approval(struct kra_means *m, const struct kra_recover *f, struct signer_blob *agent,
    struct gh_error *err)
{
	int rc = check_there(m, err);

	*agent = (struct signer_blob){NULL, 0};
	return rc == 0 ? kra_client_check_approval(m->kra, f, agent, err) : rc;
}

/* --- which ------------------------------------------------------------------------------------ */

int
kra_keys_check_row(struct kra_means *m, const struct store_kra_key *k, struct gh_error *err)
{
	struct cert_parts cert;
	int rc = check_there(m, err);

	if (rc == 0 && (rc = load(m, k, err)) == GH_E_CA_LOCKED)
		rc = 0;
	if (rc != 0 || k->cert.len == 0)
		return rc;
	if (!cert_parts_read(k->cert.p, k->cert.len, &cert) ||
	    !gh_der_equals(&cert.spki, k->spki.p, k->spki.len))
		return gh_fail(err, GH_E_SEAL, "transport certificate of KRA key %lld",
		    (long long)k->row);
	return 0;
}

int
kra_keys_current(struct kra_means *m, enum store_kra_kind kind, struct store_kra_key *out,
    struct gh_error *err)
{
	int rc = store_get_kra_key(m->store, kind, out, err);

	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE,
		    "The key recovery authority has no %s key: an administrator makes it with "
		    "`gatehouse kra init`.",
		    kind == STORE_KRA_STORAGE ? "storage" : "transport");
	if (rc == 0 && kind == STORE_KRA_TRANSPORT && (rc = kra_keys_check_row(m, out, err)) != 0)
		store_kra_key_clear(out);
	return rc;
}

int
kra_keys_storage_id(struct kra_means *m, unsigned char out[KRA_KEY_ID_SIZE], struct gh_error *err)
{
	struct store_kra_key storage;
	int rc = kra_keys_current(m, STORE_KRA_STORAGE, &storage, err);

	if (rc == 0)
		memcpy(out, storage.id, KRA_KEY_ID_SIZE);
	store_kra_key_clear(&storage);
	return rc;
}

int
kra_keys_check_transport(struct kra_means *m, unsigned char id[KRA_KEY_ID_SIZE],
    struct gh_error *err)
{
	static const unsigned char none[KRA_KEY_ID_SIZE];
	struct store_kra_key k;
	int rc;

	if (memcmp(id, none, sizeof(none)) == 0) {
		if ((rc = kra_keys_current(m, STORE_KRA_TRANSPORT, &k, err)) == 0)
			memcpy(id, k.id, sizeof(k.id));
	} else if ((rc = store_find_kra_key(m->store, id, &k, err)) == GH_E_NOT_FOUND ||
	    (rc == 0 && k.kind != STORE_KRA_TRANSPORT)) {
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "This was wrapped for a key that is not the transport key of the key recovery "
		    "authority: get its certificate again.");
	}
	if (rc == 0 && k.not_after != 0 && k.not_after < gh_now())
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "The transport certificate that this was wrapped for has ended: get the new "
		    "one.");
	store_kra_key_clear(&k);
	return rc;
}
