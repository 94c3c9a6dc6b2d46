/* What an administrator does with a CA's record beside making it: import, certificates signed
 * elsewhere, renewal, limits. Each appends sealed records and DER to its outputs. */
#ifndef SIGNER_CA_ADMIN_H
#define SIGNER_CA_ADMIN_H

#include "signer/protocol/protocol_keys.h"
#include "signer/keys/sealed.h"

int ca_import(const struct sealing_key *k, const struct signer_import_ca *f, struct gh_buf *sealed,
    struct gh_error *err) GH_MUSTCHECK;
int ca_create_csr(const struct sealing_key *k, const struct signer_create_csr *f,
    struct gh_buf *csr, struct gh_buf *sealed, struct gh_error *err) GH_MUSTCHECK;
int ca_complete(const struct sealing_key *k, const struct gh_der *pending,
    const struct gh_der *cert, struct gh_buf *sealed, struct gh_error *err) GH_MUSTCHECK;
int ca_set_limits(const struct sealing_key *k, const struct gh_der *record,
    const struct signer_limits *limits, struct gh_buf *sealed, struct gh_error *err) GH_MUSTCHECK;

struct renewed {
	struct gh_buf cert, sealed;
	struct gh_buf old_with_new, new_with_old; /* empty but for a root with a new key */
};
int ca_renew(const struct sealing_key *k, const struct signer_renew_ca *f, struct renewed *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
