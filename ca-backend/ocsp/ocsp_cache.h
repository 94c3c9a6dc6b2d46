/*
 * Ready OCSP answers of one process: a bounded table that the event loop reads and other threads
 * fill, renew and empty. The least recently used answer goes first when the memory is full.
 *
 * An answer must never be put in after the notification that would have removed it. So whoever
 * makes one takes the epoch before he asks the database, and ocsp_cache_put refuses what was
 * removed since.
 */
#ifndef CA_OCSP_CACHE_H
#define CA_OCSP_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "formats/ocsp_request.h"

#include "ocsp_answer.h"

struct ocsp_cache;

/* max_bytes: of answers, with what is kept beside them. GH_E_NOMEM. */
int ocsp_cache_new(size_t max_bytes, struct ocsp_cache **out, struct gh_error *err) GH_MUSTCHECK;
void ocsp_cache_free(struct ocsp_cache *c); /* accepts NULL; no thread may use it any more */

/* A reference to the answer about id, which is good for now; else NULL. In the last eighth of its
 * life an answer is given only when late is set: a caller who can have a new one asks for that
 * first. */
struct ocsp_answer *ocsp_cache_get(struct ocsp_cache *c, const struct ocsp_cert_id *id, int64_t now,
    bool late);

uint64_t ocsp_cache_epoch(struct ocsp_cache *c);
/* Takes its own reference. false: something about this certificate or about all was removed since
 * epoch, or there is no memory. */
bool ocsp_cache_put(struct ocsp_cache *c, const struct ocsp_cert_id *id, struct ocsp_answer *a,
    uint64_t epoch);
/* The status of a certificate has changed. serial: magnitude as in ocsp_cert_id. */
void ocsp_cache_remove(struct ocsp_cache *c, int64_t ca_id, const unsigned char *serial,
    size_t len);
/* Any status may have changed. */
void ocsp_cache_flush(struct ocsp_cache *c);

/* A copy of an entry's name, for whoever renews it. */
struct ocsp_due {
	int64_t ca_id;
	unsigned char cert_id[160];
	size_t len;
};
/* Entries with an answer in the last quarter of their life that were asked at least min_hits times
 * since they were put in; at most max. Each is listed once for each life. Longer CertIDs than
 * ocsp_due holds are left out. */
size_t ocsp_cache_due(struct ocsp_cache *c, int64_t now, unsigned min_hits, struct ocsp_due *out,
    size_t max);

struct ocsp_cache_size {
	size_t entries, bytes;
};
struct ocsp_cache_size ocsp_cache_size(struct ocsp_cache *c);

#endif
