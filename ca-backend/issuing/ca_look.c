/* Whether the key of a CA can be used. See ca.h. */
#include <stdio.h>
#include <string.h>

#include "ca.h"

int
ca_look_for_key(const struct ca *ca, struct signer_client *signer,
    char token[SIGNER_TOKEN_LABEL_SIZE], struct gh_error *err)
{
	struct signer_token_key key;
	int rc = ca_load_key(ca, signer, err);

	token[0] = '\0';
	/* a key in memory is not worth another question */
	if (rc != 0 || ca->protection != CA_KEY_PKCS11)
		return rc;
	if ((rc = signer_client_token_key(signer, ca->ca_id, &key, err)) != 0)
		return rc;
	snprintf(token, SIGNER_TOKEN_LABEL_SIZE, "%s", key.label);
	return key.text[0] == '\0'
	    ? 0
	    : gh_fail(err, GH_E_CA_UNAVAILABLE, "the key of CA %s in its PKCS#11 token: %s",
		  ca->name, key.text);
}
