/*
 * Another storage key: the next one is taken into use, the secrets under old ones are put under it
 * page by page, and an old key under which nothing lies any more is retired. Each step is one
 * commit, so that a run may end anywhere and another one goes on. docs/kra.md
 */
#ifndef KRA_ROTATION_H
#define KRA_ROTATION_H

#include "progress.h"
#include "requester.h"
#include "signer/client/signer_client_kra.h"
#include "store/store.h"

/* All borrowed. */
struct kra_rotation {
	struct store *store;
	struct signer_client *kra;
	const struct requester *who; /* of the audit rows */
	struct gh_progress progress;
};

struct kra_rotated {
	bool has_begun; /* the next key was taken into use */
	int64_t moved;  /* secrets that this run put under the current key */
	int retired;    /* old keys */
	int64_t kept;   /* keys kept for a repeated call, under an old key: it stays until they are
			   gone */
	int64_t left;   /* secrets that cannot be opened, each with a line in the log */
	char first[37]; /* key id of one of those; "" */
};
/*
 * Go as far as it goes; nothing to do is no error. *out also after a failure. GH_E_CA_LOCKED
 * (public): an old key is locked in the KRA of this node; GH_E_BUSY: it was to stop; GH_E_SEAL:
 * all is done but secrets that cannot be opened (out->left), and the old key stays for them;
 * GH_E_CA_UNAVAILABLE, GH_E_SIGNER, GH_E_SIGNER_DOWN: the KRA, its token, or a record of it.
 */
int kra_rotation_run(const struct kra_rotation *r, struct kra_rotated *out,
    struct gh_error *err) GH_MUSTCHECK;

struct kra_rotation_plan {
	bool has_next; /* a key would be taken into use */
	int64_t moves; /* secrets that are not under the newest key */
	int old;       /* keys that would be retired, with the one that is current if has_next */
};
int kra_rotation_look(struct store *s, struct kra_rotation_plan *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
