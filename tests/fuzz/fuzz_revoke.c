/* The body of Certificates/3/Revoke, and the names that it compares. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "certenroll/ce_revoke.h"
#include "formats/dn_match.h"

/* A name that is understood equals itself, and equality has no direction. */
static void
check_name(const char *dn)
{
	static const char ours[] = "CN=CorpCA1, DC=keyexample, DC=com";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ=, ";
	size_t n = strlen(dn);
	bool ours_first = dn_text_equal(ours, dn);
	char *longer;

	if (ours_first != dn_text_equal(dn, ours))
		abort();
	if (!dn_text_equal(dn, dn))
		return;
	/* one RDN more is another name */
	if (strspn(dn, plain) != n || n > DN_TEXT_MAX - 8 || (longer = malloc(n + 8)) == NULL)
		return;
	memcpy(longer, dn, n);
	memcpy(longer + n, ",XX=1", 6);
	if (dn_text_equal(dn, longer))
		abort();
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ce_revoke r;
	struct gh_error err = {0};
	int rc = ce_revoke_parse(data, size, &r, &err);

	if (rc == 0) {
		const struct revoke_request *q = &r.request;

		if ((q->key.id > 0) + (q->key.serial != NULL) + (q->key.thumbprint != NULL) != 1 ||
		    (q->key.serial != NULL && q->key.issuer_dn == NULL) ||
		    revocation_reason_name(q->reason) == NULL ||
		    q->to != revoke_state_of(q->reason) ||
		    (q->comment != NULL && !revoke_comment_is_valid(q->comment)))
			abort();
		if (q->key.issuer_dn != NULL)
			check_name(q->key.issuer_dn);
	} else if (err.code != (enum gh_code)rc || err.message[0] == '\0') {
		abort();
	}
	ce_revoke_clear(&r);
	return 0;
}
