/* See kra_key_list.h. */
#include <stdlib.h>
#include <string.h>

#include "kra_key_list.h"

/* ---- reading ---- */

static int
copy(const struct signer_blob *from, struct signer_blob *to)
{
	*to = (struct signer_blob){NULL, 0};
	if (from->len == 0)
		return 0;
	if ((to->p = malloc(from->len)) == NULL)
		return -1;
	memcpy(to->p, from->p, from->len);
	to->len = from->len;
	return 0;
}

static int
add(void *arg, const struct store_kra_key *k, struct gh_error *err)
{
	struct kra_key_list *l = arg;
	struct store_kra_key *more = reallocarray(l->key, l->n + 1, sizeof(*more));

	if (more == NULL)
		return gh_fail(err, GH_E_NOMEM, "keys of the KRA");
	l->key = more;
	l->key[l->n] = *k;
	more = &l->key[l->n++];
	if ((copy(&k->spki, &more->spki) | copy(&k->sealed, &more->sealed) |
		copy(&k->cert, &more->cert)) != 0)
		return gh_fail(err, GH_E_NOMEM, "keys of the KRA");
	return 0;
}

int
kra_key_list_read(struct store *s, struct kra_key_list *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_each_kra_key(s, add, out, err)) != 0)
		kra_key_list_clear(out);
	return rc;
}

void
kra_key_list_clear(struct kra_key_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		store_kra_key_clear(&l->key[i]);
	free(l->key);
	memset(l, 0, sizeof(*l));
}

/* ---- asking ---- */

const char *
kra_state_name(enum kra_state state)
{
	static const char *const names[] = {
	    [KRA_UP] = "up",
	    [KRA_EMPTY] = "empty",
	    [KRA_LOCKED] = "locked",
	    [KRA_TOKEN_AWAY] = "token",
	    [KRA_REFUSED] = "refused",
	    [KRA_DOWN] = "down",
	};

	return names[state];
}

static enum kra_state
state_of(int rc)
{
	switch (rc) {
	case 0:
		return KRA_UP;
	case GH_E_CA_LOCKED:
		return KRA_LOCKED;
	case GH_E_CA_UNAVAILABLE:
		return KRA_TOKEN_AWAY;
	case GH_E_SIGNER:
	case GH_E_CONFLICT:
		return KRA_REFUSED;
	default:
		return KRA_DOWN;
	}
}

/* A record that is older than the one which it has is told of by what it has. */
static int
load(const struct store_kra_key *k, struct signer_client *kra, struct gh_error *err)
{
	unsigned char id[KRA_KEY_ID_SIZE];
	int rc = signer_client_load_ca(kra, k->sealed.p, k->sealed.len, id, err);

	if ((rc == 0 || rc == GH_E_CA_LOCKED) && memcmp(id, k->id, sizeof(id)) != 0)
		return gh_fail(err, GH_E_SIGNER, "KRA key %lld is another one than its row says",
		    (long long)k->row);
	return rc == GH_E_CONFLICT || rc == GH_E_CA_LOCKED ? 0 : rc;
}

enum kra_state
kra_key_look(const struct store_kra_key *k, bool is_new, struct signer_client *kra,
    struct gh_error *err)
{
	struct signer_ca_state s = {0};
	int rc = is_new ? load(k, kra, err) : 0;

	if (rc == 0)
		rc = signer_client_ca_state(kra, k->id, &s, err);
	if (rc == 0 && !s.is_loaded && (rc = load(k, kra, err)) == 0)
		rc = signer_client_ca_state(kra, k->id, &s, err);
	if (rc == 0 && s.has_password && !s.is_unlocked)
		rc = gh_fail(err, GH_E_CA_LOCKED, "the key is locked by its password");
	return state_of(rc);
}

static bool
has_record(const struct kra_key_list *l, const struct store_kra_key *k)
{
	for (size_t i = 0; l != NULL && i < l->n; i++)
		if (l->key[i].sealed.len == k->sealed.len &&
		    memcmp(l->key[i].sealed.p, k->sealed.p, k->sealed.len) == 0)
			return true;
	return false;
}

/* Also a sign of life, where there are no keys. */
static enum kra_state
look_at_tokens(struct signer_client *kra, struct gh_error *err)
{
	struct signer_token_state tokens;
	int rc = signer_client_token_state(kra, &tokens, err);

	if (rc == 0 && tokens.keys_away > 0)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE, "%u of %u keys: %s", tokens.keys_away,
		    tokens.keys, tokens.text);
	return state_of(rc);
}

enum kra_state
kra_key_list_look(const struct kra_key_list *l, const struct kra_key_list *before,
    struct signer_client *kra, struct gh_error *err)
{
	enum kra_state worst = KRA_UP, state;
	struct gh_error one = {0};

	for (size_t i = 0; i < l->n; i++) {
		const struct store_kra_key *k = &l->key[i];

		state = kra_key_look(k, !has_record(before, k), kra, &one);
		if (state > worst) {
			worst = state;
			*err = one;
		}
	}
	if (worst <= KRA_TOKEN_AWAY && (state = look_at_tokens(kra, &one)) > worst) {
		worst = state;
		*err = one;
	}
	if (worst == KRA_UP && l->n == 0) {
		(void)!gh_fail(err, GH_E_NOT_FOUND, "no keys yet: `gatehouse kra init`");
		worst = KRA_EMPTY;
	}
	return worst;
}
