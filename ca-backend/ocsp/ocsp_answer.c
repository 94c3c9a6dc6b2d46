/* See ocsp_answer.h. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "hex.h"

#include "ocsp_answer.h"

static void
write_etag(char *out, const unsigned char sha1[20])
{
	*out = '"';
	gh_hex_lower(sha1, 20, out + 1);
	strcpy(out + 41, "\"");
}

struct ocsp_answer *
ocsp_answer_new(int64_t ca_id, const struct ocsp_status *status, int64_t this_update,
    int64_t next_update, unsigned char *der, size_t len)
{
	struct ocsp_answer *a = calloc(1, sizeof(*a));
	unsigned char sha1[20] = {0};

	if (a == NULL || (len > 0 && !gh_digest(GH_SHA1, der, len, sha1))) {
		free(a);
		free(der);
		return NULL;
	}
	atomic_init(&a->refs, 1);
	a->ca_id = ca_id;
	a->status = *status;
	a->this_update = this_update;
	a->next_update = next_update;
	a->der = der;
	a->len = len;
	write_etag(a->etag, sha1);
	return a;
}

struct ocsp_answer *
ocsp_answer_ref(struct ocsp_answer *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

void
ocsp_answer_unref(struct ocsp_answer *a)
{
	if (a == NULL || atomic_fetch_sub(&a->refs, 1) != 1)
		return;
	free(a->der);
	free(a->head);
	free(a);
}
