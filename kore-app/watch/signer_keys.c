/* What the signer was told last, as digests of the records; see signer_keys.h. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "log.h"

#include "signer_keys.h"

#define DIGEST_SIZE 32 /* SHA-256 */

struct told {
	int64_t ca; /* row */
	unsigned char sealed[DIGEST_SIZE];
};

struct signer_keys {
	struct told *told;
	size_t n;
	bool failed;  /* at the last update: something is still to be told */
	bool is_down; /* the signer did not answer: the others are not tried */
};

int
signer_keys_new(struct signer_keys **out, struct gh_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "records of keys");
}

void
signer_keys_free(struct signer_keys *k)
{
	if (k == NULL)
		return;
	free(k->told);
	free(k);
}

static const struct told *
find(const struct signer_keys *k, int64_t ca)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->told[i].ca == ca)
			return &k->told[i];
	return NULL;
}

/* A record that is older than the signer's (another worker was faster) is as good as told, and one
 * that it cannot read does not get better. A signer that does not answer may have died and lost
 * all, or be just slow. */
static bool
tell(struct signer_keys *k, struct signer_client *signer, const struct ca *ca, bool was_failed)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err;
	int rc = signer_client_load_ca(signer, ca->sealed, ca->sealed_len, id, &err);

	if (rc == 0 || rc == GH_E_CA_LOCKED || rc == GH_E_CONFLICT)
		return true;
	gh_log_kv(was_failed ? GH_LOG_DEBUG : GH_LOG_WARN,
	    "the signer did not take the record of a key", "ca", ca->name, "cause", err.detail,
	    NULL);
	k->is_down = rc == GH_E_SIGNER_DOWN;
	return !k->is_down;
}

static bool
update_one(struct signer_keys *k, struct signer_client *signer, const struct ca *ca,
    struct told *now, bool was_failed)
{
	const struct told *before = find(k, ca->id);

	now->ca = ca->id;
	if (!gh_digest(GH_SHA256, ca->sealed, ca->sealed_len, now->sealed))
		return false;
	if (before != NULL && memcmp(before->sealed, now->sealed, DIGEST_SIZE) == 0)
		return true;
	if (!k->is_down && tell(k, signer, ca, was_failed))
		return true;
	memset(now->sealed, 0, DIGEST_SIZE);
	return false;
}

void
signer_keys_update(struct signer_keys *k, struct signer_client *signer, const struct ca_set *cas)
{
	struct told *now = calloc(cas->n + 1, sizeof(*now));
	bool was_failed = k->failed;
	size_t n = 0;

	k->failed = now == NULL;
	k->is_down = false;
	if (now == NULL)
		return;
	for (size_t i = 0; i < cas->n; i++)
		if (cas->ca[i]->sealed != NULL &&
		    !update_one(k, signer, cas->ca[i], &now[n++], was_failed))
			k->failed = true;
	free(k->told);
	k->told = now;
	k->n = n;
}

void
signer_keys_retry(struct signer_keys *k, struct signer_client *signer, const struct ca_set *cas)
{
	if (k->failed)
		signer_keys_update(k, signer, cas);
}
