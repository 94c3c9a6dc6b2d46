/* What a kept CRL or log shows: certificates by serial number, and what became of them. */
#ifndef RESTORED_SOURCE_H
#define RESTORED_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "issuing/ca_set.h"

#define RESTORED_SERIAL_MAX 20 /* octets; RFC 5280, 4.1.2.2 */

struct restored_item {
	const struct ca *ca; /* NULL: the source does not say */
	unsigned char serial[RESTORED_SERIAL_MAX];
	size_t serial_len; /* magnitude, without zeros in front */
	bool is_revoked;   /* or on hold; false: it was issued */
	int reason;        /* REASON_* */
	int64_t at;        /* UTC seconds */
};
typedef int (*restored_fn)(void *arg, const struct restored_item *item, struct gh_error *err);

/* Each entry of a CRL file, DER or PEM, that one of the CAs has signed. *ca and *number: whose it
 * is, and its number (0: none). GH_E_CONF names the file. */
int restored_read_crl(const char *path, const struct ca_set *cas, restored_fn fn, void *arg,
    const struct ca **ca, int64_t *number, struct gh_error *err) GH_MUSTCHECK;
/* Lines of the gateway's log ("-": standard input) that tell of certificates issued, revoked and
 * put on hold; all others are passed over, also what a journal puts in front of the JSON. */
int restored_read_log(const char *path, const struct ca_set *cas, restored_fn fn, void *arg,
    struct gh_error *err) GH_MUSTCHECK;

#endif
