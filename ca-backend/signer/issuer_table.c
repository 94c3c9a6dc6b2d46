/* The CAs a signer has loaded. The lock guards the slots only: nothing is computed under it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "issuer_table.h"

struct issuer_table {
	pthread_rwlock_t lock;
	size_t n;
	struct issuer *slot[SIGNER_ISSUERS_MAX];
};

struct issuer_table *
issuer_table_new(void)
{
	struct issuer_table *t = calloc(1, sizeof(*t));

	if (t != NULL && pthread_rwlock_init(&t->lock, NULL) != 0) {
		free(t);
		t = NULL;
	}
	return t;
}

void
issuer_table_free(struct issuer_table *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		issuer_unref(t->slot[i]);
	pthread_rwlock_destroy(&t->lock);
	free(t);
}

/* Slot of an id; t->n when it is not there. */
static size_t
find(const struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE])
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (memcmp(t->slot[i]->ca_id, ca_id, SIGNER_CA_ID_SIZE) == 0)
			break;
	}
	return i;
}

int
issuer_table_put(struct issuer_table *t, struct issuer *ca, struct gh_error *err)
{
	struct issuer *old = NULL;
	size_t i;

	pthread_rwlock_wrlock(&t->lock);
	i = find(t, ca->ca_id);
	if (i < SIGNER_ISSUERS_MAX) {
		if (i < t->n)
			old = t->slot[i];
		else
			t->n++;
		t->slot[i] = ca;
	}
	pthread_rwlock_unlock(&t->lock);
	issuer_unref(old);
	if (i < SIGNER_ISSUERS_MAX)
		return 0;
	issuer_unref(ca);
	return gh_fail(err, GH_E_BUSY, "more than %d CAs loaded", SIGNER_ISSUERS_MAX);
}

struct issuer *
issuer_table_get(struct issuer_table *t, const unsigned char ca_id[SIGNER_CA_ID_SIZE])
{
	struct issuer *ca = NULL;
	size_t i;

	pthread_rwlock_rdlock(&t->lock);
	i = find(t, ca_id);
	if (i < t->n)
		ca = issuer_ref(t->slot[i]);
	pthread_rwlock_unlock(&t->lock);
	return ca;
}
