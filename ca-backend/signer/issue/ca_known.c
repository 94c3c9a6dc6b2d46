/* Names and keys of CAs, behind a lock. See ca_known.h. */
#include <pthread.h>
#include <stdlib.h>

#include "ca_identity.h"
#include "ca_known.h"

struct ca_known {
	pthread_rwlock_t lock;
	struct gh_ca_identities identities;
};

struct ca_known *
ca_known_new(void)
{
	struct ca_known *k = calloc(1, sizeof(*k));

	if (k != NULL && pthread_rwlock_init(&k->lock, NULL) != 0) {
		free(k);
		k = NULL;
	}
	return k;
}

void
ca_known_free(struct ca_known *k)
{
	if (k == NULL)
		return;
	gh_ca_identities_clear(&k->identities);
	pthread_rwlock_destroy(&k->lock);
	free(k);
}

int
ca_known_add(struct ca_known *k, const struct issuer *ca, struct gh_error *err)
{
	struct gh_der cert = {ca->cert.data, ca->cert.len}, spki = {ca->spki.data, ca->spki.len};
	int rc;

	pthread_rwlock_wrlock(&k->lock);
	rc = ca->kind == ISSUER_CA ? gh_ca_identities_add_cert(&k->identities, &cert, err)
				   : gh_ca_identities_add_key(&k->identities, &spki, err);
	pthread_rwlock_unlock(&k->lock);
	return rc == GH_E_SUBJECT
	    ? gh_fail(err, GH_E_SIGNER, "name or key of the CA cannot be read")
	    : rc;
}

int
ca_known_check(struct ca_known *k, const struct cert_facts *c, struct gh_error *err)
{
	bool has_key;
	int rc;

	pthread_rwlock_rdlock(&k->lock);
	rc = c->is_ca ? 0 : gh_ca_identities_check_names(&k->identities, &c->subject, &c->san, err);
	has_key = gh_ca_identities_has_key(&k->identities, &c->spki);
	pthread_rwlock_unlock(&k->lock);
	if (rc == GH_E_SUBJECT)
		return gh_fail(err, GH_E_SIGNER,
		    "subject or subjectAltName: not a Name that can be compared");
	if (rc == 0 && has_key)
		return gh_fail(err, GH_E_CA_POLICY, "the public key is that of a CA");
	return rc;
}
