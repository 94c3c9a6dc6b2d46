/* Signers that were read. See gateway_signer_cache.h. */
#include <pthread.h>
#include <string.h>

#include "buf.h"
#include "digest.h"

#include "gateway_signer_cache.h"

#define SLOTS 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot {
	unsigned char mark[GH_DIGEST_MAX]; /* SHA-256 of use and row */
	struct gateway_signer signer;
} slots[SLOTS];
static size_t next;

static bool
mark_of(const char *use, const struct store_signer *row, unsigned char out[GH_DIGEST_MAX])
{
	struct gh_buf b;
	bool ok;

	gh_buf_init(&b, 65536);
	gh_buf_put_string(&b, use);
	gh_buf_put_block(&b, row->cert, row->cert_len);
	gh_buf_put_block(&b, row->sealed, row->sealed_len);
	ok = !b.failed && gh_digest(GH_SHA256, b.data, b.len, out);
	gh_buf_free(&b);
	return ok;
}

/* Under the lock. */
static bool
share(const struct gateway_signer *from, struct gateway_signer *out)
{
	if (EVP_PKEY_up_ref(from->key) != 1)
		return false;
	if (X509_up_ref(from->cert) != 1) {
		EVP_PKEY_free(from->key);
		return false;
	}
	*out = *from;
	return true;
}

bool
gateway_signer_cache_find(const char *use, const struct store_signer *row,
    struct gateway_signer *out)
{
	unsigned char mark[GH_DIGEST_MAX];
	bool found = false;

	if (!mark_of(use, row, mark))
		return false;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; !found && i < SLOTS; i++)
		found = slots[i].signer.key != NULL && memcmp(slots[i].mark, mark, 32) == 0 &&
		    share(&slots[i].signer, out);
	pthread_mutex_unlock(&lock);
	return found;
}

void
gateway_signer_cache_add(const char *use, const struct store_signer *row,
    const struct gateway_signer *s)
{
	struct gateway_signer shared;
	unsigned char mark[GH_DIGEST_MAX];

	if (!mark_of(use, row, mark))
		return;
	pthread_mutex_lock(&lock);
	if (share(s, &shared)) {
		gateway_signer_clear(&slots[next].signer);
		slots[next].signer = shared;
		memcpy(slots[next].mark, mark, 32);
		next = (next + 1) % SLOTS;
	}
	pthread_mutex_unlock(&lock);
}
