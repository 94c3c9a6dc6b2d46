/* Names of the reason codes. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "revocation_reason.h"

static const char *const names[REASON_MAX + 1] = {
    [REASON_UNSPECIFIED] = "unspecified",
    [REASON_KEY_COMPROMISE] = "keyCompromise",
    [REASON_CA_COMPROMISE] = "cACompromise",
    [REASON_AFFILIATION_CHANGED] = "affiliationChanged",
    [REASON_SUPERSEDED] = "superseded",
    [REASON_CESSATION_OF_OPERATION] = "cessationOfOperation",
    [REASON_CERTIFICATE_HOLD] = "certificateHold",
    [REASON_REMOVE_FROM_CRL] = "removeFromCRL",
    [REASON_PRIVILEGE_WITHDRAWN] = "privilegeWithdrawn",
    [REASON_AA_COMPROMISE] = "aACompromise",
};

const char *
revocation_reason_name(int reason)
{
	return reason >= 0 && reason <= REASON_MAX ? names[reason] : NULL;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool
is_same_word(const char *text, const char *name)
{
	for (;; text++) {
		if (*text != '\0' && strchr("_- ", *text) != NULL)
			continue;
		if (lower(*text) != lower(*name))
			return false;
		if (*name++ == '\0')
			return true;
	}
}

bool
revocation_reason_parse(const char *text, int *out)
{
	size_t digits = strspn(text, "0123456789");

	*out = 0;
	if (digits > 0 && digits <= 2 && text[digits] == '\0') {
		int n = atoi(text);

		if (revocation_reason_name(n) == NULL)
			return false;
		*out = n;
		return true;
	}
	for (int i = 0; i <= REASON_MAX; i++) {
		if (names[i] != NULL && is_same_word(text, names[i])) {
			*out = i;
			return true;
		}
	}
	return false;
}
