/* Making a CA: key and certificate by a signer of our own, then the row in the database. */
#ifndef MAKE_CA_H
#define MAKE_CA_H

#include <stdbool.h>

#include "ca.h"

#include "ca_extensions.h"
#include "ca_policy.h"
#include "ca_urls.h"
#include "own_signer.h"
#include "session.h"

struct make_ca {
	const char *name;
	const char *subject; /* DN as text */
	const char *key_alg;
	const char *key_uri; /* "pkcs11:...": a key in a token, used as it is; or NULL */
	const char *parent;  /* name of the CA that signs it; NULL = root */
	const char
	    *parent_password_file; /* of the parent's key, where it has one; NULL: asked for */
	int years, days;           /* days unless 0 */
	int path_len;              /* CAs that may stand below it in a chain; 0 = it signs no CAs */
	struct ca_url_options urls;
	struct ca_policy_options policy;
	struct ca_name_constraints names;
};
#define MAKE_CA_YEARS_MAX 50
#define MAKE_CA_PATH_LEN_MAX 5

/* GH_E_NOT_FOUND: no such parent; GH_E_CONFLICT: name taken; GH_E_SIGNER, GH_E_CA_POLICY: beyond
 * the parent's limits; GH_E_CA_PASSWORD; GH_E_CONF names the option. *out: the CA as stored, for
 * ca_free. */
int make_ca(struct session *s, struct own_signer *signer, const struct make_ca *spec,
    struct ca **out, struct gh_error *err) GH_MUSTCHECK;

/* UTC seconds from now on; a CA does not outlive its parent (or NULL). days unless 0. */
void make_ca_validity(const struct session *s, int years, int days, const struct ca *parent,
    int64_t *not_before, int64_t *not_after);
/* The chain of a CA: its certificate, then the parent's chain. */
int make_ca_chain(struct cert_chain *out, const unsigned char *cert, size_t len,
    const struct ca *parent, struct gh_error *err) GH_MUSTCHECK;

bool make_ca_is_key_alg(const char *name);
#define MAKE_CA_KEY_ALGS "P-256, P-384, RSA-2048, RSA-3072, RSA-4096 or Ed25519"

#endif
