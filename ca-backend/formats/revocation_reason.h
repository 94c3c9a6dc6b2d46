/* Reason codes of a revocation: CRLReason of RFC 5280, 5.3.1. Stored and sent by number: never
 * renumber. */
#ifndef REVOCATION_REASON_H
#define REVOCATION_REASON_H

#include <stdbool.h>

enum revocation_reason {
	REASON_UNSPECIFIED = 0,
	REASON_KEY_COMPROMISE = 1,
	REASON_CA_COMPROMISE = 2,
	REASON_AFFILIATION_CHANGED = 3,
	REASON_SUPERSEDED = 4,
	REASON_CESSATION_OF_OPERATION = 5,
	REASON_CERTIFICATE_HOLD = 6,
	REASON_REMOVE_FROM_CRL = 8, /* ends a hold; never the reason of a revocation */
	REASON_PRIVILEGE_WITHDRAWN = 9,
	REASON_AA_COMPROMISE = 10
};
#define REASON_MAX 10

/* "keyCompromise"; NULL for a number that is no reason (7 is not used). */
const char *revocation_reason_name(int reason);
/* By number ("1") or by name in any case, with or without '_', '-' and blanks: "keyCompromise", and
 * "Key_Compromise" as Dogtag writes it. */
bool revocation_reason_parse(const char *text, int *out);

#endif
