/*
 * Where the CRLs of a CA are: its CDP URLs, which may hold "{shard}". A certificate belongs to one
 * shard for its whole life, chosen by its public key when it is issued, and names the CRL of that
 * shard.
 */
#ifndef CA_CDP_H
#define CA_CDP_H

#include "buf.h"
#include "ca.h"

#define CDP_SHARD "{shard}"
#define CDP_NO_SHARD (-1)

/* The shard of a certificate with this key, SubjectPublicKeyInfo in DER: its SHA-256, first four
 * bytes, modulo ca->crl_shards. CDP_NO_SHARD when the CA has none. */
int cdp_shard(const struct ca *ca, const unsigned char *spki, size_t len);

/*
 * cRLDistributionPoints (RFC 5280, 4.2.1.13) for a certificate of this shard, as an Extension, DER;
 * nothing when there is no URL. URLs with {shard} are one point, those without another: the CRLs
 * behind them differ. Of a certificate without shard, URLs with {shard} are left out.
 */
void cdp_put_extension(struct gh_buf *b, const struct ca *ca, int shard);

/* NULL-ended and malloc'd, to be freed with cdp_urls_free; NULL when out of memory. */
/* The CDP URLs with {shard}, for this shard: what is in the CRL's issuingDistributionPoint. */
char **cdp_shard_urls(const struct ca *ca, int shard);
/* Of the delta CRL: "delta" in place of {shard}, "-delta.crl" in place of ".crl"; other URLs have
 * none. No URL twice. */
char **cdp_delta_urls(const struct ca *ca);
void cdp_urls_free(char **urls);

#endif
