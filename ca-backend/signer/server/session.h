/* One connection to the signer: questions in, answers out, in order. Runs in a thread of its
 * own. */
#ifndef SIGNER_SESSION_H
#define SIGNER_SESSION_H

#include <stdbool.h>

#include "signer/issue/audit_sign.h"
#include "signer/issue/ca_known.h"
#include "signer/keys/issuer_table.h"
#include "signer/keys/sealed.h"
#include "signer/kra/kra.h"

#define SIGNER_IO_SECONDS 5 /* a begun frame must be complete, an answer taken, in this time */

/* What all sessions share. Lives as long as the process. */
struct signer {
	enum signer_role role;
	struct sealing_key key; /* only read after the start */
	struct audit_key audit; /* the same */
	struct issuer_table *issuers;
	struct ca_known *known;
	struct kra kra;             /* of that role */
	bool first_password_by_api; /* workers may put a key under its first password */
};

/* Serve fd until the peer closes it, sends bad framing, or stalls within a frame. is_admin permits
 * SIGNER_OP_CREATE_CA. Does not close fd. */
void session_run(struct signer *signer, int fd, bool is_admin);

#endif
