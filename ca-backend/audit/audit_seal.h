/* Sealing the audit trail. docs/audit.md */
#ifndef AUDIT_AUDIT_SEAL_H
#define AUDIT_AUDIT_SEAL_H

#include "error.h"
#include "progress.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

/* What it is done with; all borrowed. */
struct audit_sealing {
	struct store *store;
	struct signer_client *signer; /* signs the heads */
	struct gh_progress progress;
};

struct audit_sealed {
	int seals;
	int64_t rows, last_id; /* of all seals; id of the last one */
};

/* All rows that have no seal, at most 10 000 for each. *out says what was committed, also after a
 * failure. GH_E_BUSY: another process is at it, or the work is to stop. */
int audit_seal_new_rows(const struct audit_sealing *a, struct audit_sealed *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
