/* All keys of the KRA that are not retired, and what the KRA says of them. */
#ifndef KRA_KEY_LIST_H
#define KRA_KEY_LIST_H

#include "store/key/kra_key.h"

struct kra_key_list {
	struct store_kra_key *key;
	size_t n;
};
int kra_key_list_read(struct store *s, struct kra_key_list *out, struct gh_error *err) GH_MUSTCHECK;
void kra_key_list_clear(struct kra_key_list *l);

enum kra_state {
	KRA_UP,
	KRA_EMPTY,  /* it has no keys yet */
	KRA_LOCKED, /* the storage key is under a password and not unlocked: nothing is recovered */
	KRA_TOKEN_AWAY, /* a token with one of its keys is out of reach */
	KRA_REFUSED,    /* it does not take a record: another key file, or a damaged row */
	KRA_DOWN        /* no answer */
};
/* "up", "empty", "locked", "token", "refused", "down". Static. */
const char *kra_state_name(enum kra_state state);

/* Give it what it does not have, as after a restart, and records that are not in `before` (NULL:
 * all), as after a change of password on another node; then ask. err: why it is not KRA_UP. */
enum kra_state kra_key_list_look(const struct kra_key_list *l, const struct kra_key_list *before,
    struct signer_client *kra, struct gh_error *err);
/* The same of one key: KRA_UP, KRA_LOCKED, KRA_REFUSED or KRA_DOWN; KRA_UP of a key that lies in a
 * token says nothing of the token. */
enum kra_state kra_key_look(const struct store_kra_key *k, bool is_new, struct signer_client *kra,
    struct gh_error *err);

#endif
