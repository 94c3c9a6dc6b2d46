/* What an agent signs to approve of a recovery, and the KRA verifies: docs/kra.md "Approvals". */
#ifndef SIGNER_APPROVAL_TEXT_H
#define SIGNER_APPROVAL_TEXT_H

#include "signer/protocol/protocol_kra.h"

#define APPROVAL_TEXT_MAX 4096 /* bytes */

/* What is approved. */
struct approval_subject {
	unsigned char key_id[KRA_SECRET_ID_SIZE];
	int64_t request_id;
	struct gh_der requester; /* directory id or name, UTF-8, no control characters */
	unsigned char
	    wrapping[KRA_RELEASE_DIGEST_SIZE]; /* of what the requester sent to wrap it in */
	int64_t until;                         /* UTC seconds: not used after that */
};

/* The text that is signed:
 *     gatehouse key recovery 1
 *     key: 0f1e2d3c-...            lower case, as RFC 9562 writes it
 *     request: 17
 *     requester: ...
 *     wrapping: SHA-256 in lower-case hex
 *     until: 2026-11-29T16:00:00Z
 * each line ended by a line feed. GH_E_VALIDATION: a control character in requester. */
int approval_text(const struct approval_subject *s, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
