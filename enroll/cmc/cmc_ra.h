/*
 * What registration authorities say of messages and requests that they send on (RFC 5272, 6.5, 6.8,
 * 6.19; RFC 6402, 2.5): who may, and what it means for a message, whichever of the RAs around it
 * says so. No RA gets more by it than the requester, or the RA where it stands in for one, could
 * have asked for.
 */
#ifndef CMC_RA_H
#define CMC_RA_H

#include "cmc_run.h"

/* What this message says; its sender is proven. Before what is inside is read. Returns 0 or the
 * code of what was refused. */
int cmc_ra_read(struct cmc_run *r) GH_MUSTCHECK;
/* Is all there that this message and those around it speak of? Behind cmc_batch_read. */
int cmc_ra_check(struct cmc_run *r) GH_MUSTCHECK;

/* An RA has processed this control (6.19): it counts where nothing here knows it. */
bool cmc_ra_has_processed(const struct cmc_run *r, const struct pki_control *c);
/* It has seen the proof of identity in this control (RFC 6402, 2.5). */
bool cmc_ra_has_proven(const struct cmc_run *r, const struct pki_control *c);
/* It has seen possession of the key of request i, and the label believes it. */
bool cmc_ra_vouches_for(const struct cmc_run *r, size_t i);
/* Request i is not for who asks for it. */
bool cmc_ra_is_for_another(const struct cmc_run *r, size_t i);

/* Request i as RAs have changed it, from the innermost to the outermost; in place of what the
 * client signed, whose signature was verified. 0, or refused. */
int cmc_ra_change(struct cmc_run *r, size_t i) GH_MUSTCHECK;

/* For the audit row of request i: by whom it came, and what became of it on its way. NULL: nothing
 * to say. */
const char *cmc_ra_detail(const struct cmc_run *r, size_t i, char *out, size_t size);

/* The statements that lead to r, of its own and of all around it. */
struct cmc_ra_walk {
	const struct cmc_run *r, *at;
	size_t next;
};
const struct ra_statement *cmc_ra_next(struct cmc_ra_walk *w);
/* Does it name the part of this number? */
bool cmc_ra_names(const struct ra_statement *s, uint32_t id);

#endif
