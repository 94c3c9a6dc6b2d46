/* Secrets are put under another storage key. See kra_rotation.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store/key/kra_key_change.h"
#include "store/key/storage_key.h"

#include "kra_key_list.h"
#include "kra_rotation.h"

/* What a run works with. */
struct run {
	const struct kra_rotation *r;
	struct kra_key_list keys;
	const struct store_kra_key *current;
	struct kra_rotated *out;
};

static const struct store_kra_key *
find_storage(const struct kra_key_list *l, const char *state)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->key[i].kind == STORE_KRA_STORAGE && strcmp(l->key[i].state, state) == 0)
			return &l->key[i];
	return NULL;
}

/* --- the next key ----------------------------------------------------------------------------- */

/* Nothing may come under a key that the KRA does not take. Its public half is enough. */
static int
check_usable(const struct run *run, const struct store_kra_key *k, struct gh_error *err)
{
	enum kra_state state = kra_key_look(k, true, run->r->kra, err);

	switch (state) {
	case KRA_UP:
	case KRA_LOCKED:
		return 0;
	case KRA_DOWN:
		return gh_fail(err, GH_E_SIGNER_DOWN, "the KRA does not answer");
	default:
		return gh_fail(err, GH_E_SIGNER, "the KRA does not take the next storage key: %s",
		    kra_state_name(state));
	}
}

/* run->current is the newest key when this returns; NULL: there are no keys. */
static int
begin_next(struct run *run, struct gh_error *err)
{
	const struct store_kra_key *next = find_storage(&run->keys, "next");
	int rc;

	if (next != NULL) {
		if ((rc = check_usable(run, next, err)) != 0 ||
		    (rc = store_begin_next_storage(run->r->store, run->r->who, next->row, err)) !=
			0)
			return rc;
		run->out->has_begun = true;
		kra_key_list_clear(&run->keys);
		if ((rc = kra_key_list_read(run->r->store, &run->keys, err)) != 0)
			return rc;
	}
	run->current = find_storage(&run->keys, "current");
	return 0;
}

/* --- the secrets ------------------------------------------------------------------------------ */

static int
explain_locked(struct gh_error *err)
{
	return gh_refuse(err, GH_E_CA_LOCKED,
	    "the old storage key is locked on this node: `gatehouse kra password unlock`, then "
	    "`gatehouse job run kra-rotate` here");
}

/* A KRA that was restarted is given its keys. */
static int
rewrap(const struct run *run, struct store_stored_key *k, struct gh_error *err)
{
	struct kra_rewrap q = {.stored = {k->before.p, k->before.len}};
	struct gh_error ignored;
	int rc;

	memcpy(q.to_id, run->current->id, sizeof(q.to_id));
	rc = kra_client_rewrap(run->r->kra, &q, &k->after, err);
	if (rc == GH_E_NOT_FOUND) {
		(void)kra_key_list_look(&run->keys, NULL, run->r->kra, &ignored);
		rc = kra_client_rewrap(run->r->kra, &q, &k->after, err);
	}
	if (rc == GH_E_NOT_FOUND)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "the KRA does not take its keys");
	return rc == GH_E_CA_LOCKED ? explain_locked(err) : rc;
}

/* One that was altered keeps nobody else's key away from the new one. */
static int
rewrap_page(struct run *run, struct store_stored_key *k, size_t n, struct gh_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = rewrap(run, &k[i], err);

		if (rc == GH_E_SIGNER) {
			gh_log_kv(GH_LOG_ERROR,
			    "an archived key cannot be put under another storage key", "key",
			    k[i].id, "cause", err->detail, NULL);
			if (run->out->left++ == 0)
				snprintf(run->out->first, sizeof(run->out->first), "%s", k[i].id);
		} else if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static int
move_page(struct run *run, const struct store_kra_key *old, int64_t *after, size_t *n,
    struct gh_error *err)
{
	struct store_stored_key page[STORE_MOVE_PAGE];
	int moved = 0;
	int rc = store_page_under(run->r->store, old->id, *after, page, n, err);

	if (rc == 0 && *n > 0 && (rc = rewrap_page(run, page, *n, err)) == 0)
		rc = store_move_keys(run->r->store, run->r->who, run->current->id, page, *n, &moved,
		    err);
	if (rc == 0 && *n > 0)
		*after = page[*n - 1].row;
	run->out->moved += moved;
	store_stored_keys_clear(page, *n);
	return rc;
}

/* All that lies under it now. */
static int
move_all(struct run *run, const struct store_kra_key *old, struct gh_error *err)
{
	int64_t after = 0;
	size_t n = 1;
	int rc = 0;

	run->out->left = 0;
	while (rc == 0 && n > 0) {
		if ((rc = move_page(run, old, &after, &n, err)) != 0)
			return rc;
		gh_progress_tell(&run->r->progress, "%lld keys are under the new storage key",
		    (long long)run->out->moved);
		if (n > 0 && gh_progress_is_stopping(&run->r->progress))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld keys; the rest is for the next run",
			    (long long)run->out->moved);
	}
	return rc;
}

/* --- the old key ------------------------------------------------------------------------------ */

/* Who archived while it was replaced may have come behind the page: once more, as long as that
 * leads on. */
static int
empty(struct run *run, const struct store_kra_key *old, struct gh_error *err)
{
	struct store_under left;
	int64_t before;
	int rc;

	do {
		before = run->out->moved;
		if ((rc = move_all(run, old, err)) != 0 ||
		    (rc = store_retire_storage(run->r->store, run->r->who, old->row, &left, err)) !=
			0)
			return rc;
	} while (left.archived > run->out->left && run->out->moved > before);
	run->out->retired += left.archived == 0 && left.kept == 0;
	run->out->left = left.archived;
	run->out->kept += left.kept;
	return 0;
}

static int
empty_all(struct run *run, struct gh_error *err)
{
	int64_t left = 0;

	for (size_t i = 0; i < run->keys.n; i++) {
		const struct store_kra_key *k = &run->keys.key[i];
		int rc;

		if (k->kind != STORE_KRA_STORAGE || strcmp(k->state, "old") != 0)
			continue;
		if ((rc = empty(run, k, err)) != 0)
			return rc;
		left += run->out->left;
	}
	run->out->left = left;
	if (left == 0)
		return 0;
	return gh_refuse(err, GH_E_SEAL,
	    "%lld keys cannot be opened, %s is one: their storage key stays, see the log",
	    (long long)left, run->out->first);
}

int
kra_rotation_run(const struct kra_rotation *r, struct kra_rotated *out, struct gh_error *err)
{
	struct run run = {.r = r, .out = out};
	int rc = kra_key_list_read(r->store, &run.keys, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && (rc = begin_next(&run, err)) == 0 && run.current != NULL)
		rc = empty_all(&run, err);
	kra_key_list_clear(&run.keys);
	return rc;
}

int
kra_rotation_look(struct store *s, struct kra_rotation_plan *out, struct gh_error *err)
{
	struct kra_key_list keys;
	int64_t n;
	int rc = kra_key_list_read(s, &keys, err);

	memset(out, 0, sizeof(*out));
	out->has_next = rc == 0 && find_storage(&keys, "next") != NULL;
	for (size_t i = 0; rc == 0 && i < keys.n; i++) {
		const struct store_kra_key *k = &keys.key[i];
		const char *goes = out->has_next ? "current" : "old";

		if (k->kind != STORE_KRA_STORAGE ||
		    (strcmp(k->state, "old") != 0 && strcmp(k->state, goes) != 0))
			continue;
		rc = store_count_under(s, k->id, &n, err);
		out->moves += n;
		out->old++;
	}
	kra_key_list_clear(&keys);
	return rc;
}
