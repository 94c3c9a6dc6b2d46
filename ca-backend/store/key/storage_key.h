/* Which secrets lie under which storage key, and how they come under another one. Under which one a
 * secret lies, its stored form says: the column beside it is for people. docs/kra.md */
#ifndef STORE_STORAGE_KEY_H
#define STORE_STORAGE_KEY_H

#include "signer/protocol/protocol_kra.h"
#include "store/store.h"
#include "uuid.h"

#define STORE_MOVE_PAGE 100

struct store_stored_key {
	int64_t row;
	char id[GH_UUID_TEXT_SIZE];
	struct signer_blob before; /* as it is stored */
	struct signer_blob after;  /* under the other key; empty = it stays as it is */
};
void store_stored_keys_clear(struct store_stored_key *k, size_t n);

/* The next ones under this key behind the row `after`, by row. k[STORE_MOVE_PAGE], for
 * store_stored_keys_clear. */
int store_page_under(struct store *s, const unsigned char storage_id[KRA_KEY_ID_SIZE],
    int64_t after, struct store_stored_key *k, size_t *n, struct gh_error *err) GH_MUSTCHECK;
/* Store what is under the other key now ("kra.rewrapped", one audit row for all): each where it is
 * still as it was. What was changed or destroyed meanwhile stays so. *moved: how many. */
int store_move_keys(struct store *s, const struct requester *who,
    const unsigned char to_id[KRA_KEY_ID_SIZE], const struct store_stored_key *k, size_t n,
    int *moved, struct gh_error *err) GH_MUSTCHECK;

/* How many lie under it. */
int store_count_under(struct store *s, const unsigned char storage_id[KRA_KEY_ID_SIZE], int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;
/* How many lie under a key that is none, or is retired: its row is gone or was altered, and nothing
 * opens them. */
int store_count_lost(struct store *s, int64_t *n, struct gh_error *err) GH_MUSTCHECK;

/* What an old key is needed for. */
struct store_under {
	int64_t archived;
	int64_t kept; /* for a repeated call: gone when its time is over */
};
/* An old key under which nothing lies any more: its record is removed, and nothing comes under it
 * again ("kra.storage-retired"). *left: what does lie there: then nothing is changed. */
int store_retire_storage(struct store *s, const struct requester *who, int64_t row,
    struct store_under *left, struct gh_error *err) GH_MUSTCHECK;

#endif
