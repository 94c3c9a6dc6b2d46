/* See fake_trail.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "digest.h"

#include "fake_trail.h"

struct fake_trail fake_trail;

static EVP_PKEY *audit_key;
static unsigned char *spki;
static int spki_len;

static int
told(int code, struct gh_error *err)
{
	return code != 0 ? gh_fail(err, (enum gh_code)code, "told to fail") : 0;
}

/* ---- for the tests ---- */

void
fake_trail_reset(void)
{
	memset(&fake_trail, 0, sizeof(fake_trail));
}

void
fake_trail_add(int n)
{
	assert_true(fake_trail.rows + n <= FAKE_TRAIL_ROWS);
	for (; n > 0; n--) {
		struct audit_row *r = &fake_trail.row[fake_trail.rows++];

		*r = (struct audit_row){.id = fake_trail.rows,
		    .at_us = FAKE_TRAIL_NOW * INT64_C(1000000) + fake_trail.rows,
		    .actor_kind = 3,
		    .event = "test.row",
		    .outcome = "success",
		    .actor = "tester",
		    .app = "",
		    .address = ""};
	}
}

struct audit_row *
fake_trail_row(int64_t id)
{
	assert_true(id >= 1 && id <= fake_trail.rows);
	return &fake_trail.row[id - 1];
}

struct fake_leaf *
fake_trail_leaf(int64_t audit_id)
{
	for (int i = 0; i < fake_trail.leaves; i++)
		if (fake_trail.leaf[i].audit_id == audit_id)
			return &fake_trail.leaf[i];
	return NULL;
}

static bool
is_stopping(void *arg)
{
	(void)arg;
	return fake_trail.is_stopping;
}

const struct audit_sealing *
fake_trail_sealing(void)
{
	static const struct audit_sealing sealing = {.progress = {.is_stopping = is_stopping}};

	return &sealing;
}

static void
forget_key(void)
{
	EVP_PKEY_free(audit_key);
	OPENSSL_free(spki);
}

const unsigned char *
fake_trail_key(size_t *len)
{
	if (audit_key == NULL) {
		assert_non_null(audit_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
		assert_true((spki_len = i2d_PUBKEY(audit_key, &spki)) > 0);
		assert_int_equal(atexit(forget_key), 0);
	}
	*len = (size_t)spki_len;
	return spki;
}

/* ---- the signer ---- */

int
signer_client_sign_audit(struct signer_client *c, const unsigned char head[SIGNER_AUDIT_HEAD],
    uint64_t seal_id, unsigned char sig[SIGNER_AUDIT_SIG], unsigned char key_id[32],
    struct gh_error *err)
{
	static const char prefix[] = SIGNER_AUDIT_PREFIX;
	unsigned char message[sizeof(prefix) - 1 + 8 + SIGNER_AUDIT_HEAD], *p = message;
	size_t len, n = SIGNER_AUDIT_SIG;
	const unsigned char *key = fake_trail_key(&len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)c;
	if (fake_trail.fail_sign != 0) {
		EVP_MD_CTX_free(ctx);
		return told(fake_trail.fail_sign, err);
	}
	p = (unsigned char *)memcpy(p, prefix, sizeof(prefix) - 1) + sizeof(prefix) - 1;
	for (int i = 0; i < 8; i++)
		*p++ = (unsigned char)(seal_id >> (56 - 8 * i));
	memcpy(p, head, SIGNER_AUDIT_HEAD);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, audit_key), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &n, message, sizeof(message)), 1);
	EVP_MD_CTX_free(ctx);
	assert_true(gh_digest(GH_SHA256, key, len, key_id));
	return 0;
}

/* ---- sealing ---- */

static const struct audit_seal no_seal;

static const struct audit_seal *
newest_seal(void)
{
	return fake_trail.seals > 0 ? &fake_trail.seal[fake_trail.seals - 1] : &no_seal;
}

int
store_audit_seal_begin(struct store *s, struct audit_seal *last, int64_t *now, struct gh_error *err)
{
	(void)s;
	assert_false(fake_trail.is_open);
	*last = *newest_seal();
	*now = FAKE_TRAIL_NOW;
	if (fake_trail.fail_begin != 0)
		return told(fake_trail.fail_begin, err);
	fake_trail.is_open = true;
	fake_trail.leaves_before = fake_trail.leaves;
	return 0;
}

/* Rows with first <= id <= last and no leaf, by id. */
static int
unsealed(int64_t first, int64_t last, int limit, store_audit_fn fn, void *arg, int *n,
    struct gh_error *err)
{
	static bool has_leaf[FAKE_TRAIL_ROWS + 1];
	int rc = 0;

	memset(has_leaf, 0, sizeof(has_leaf));
	for (int i = 0; i < fake_trail.leaves; i++)
		has_leaf[fake_trail.leaf[i].audit_id] = true;
	*n = 0;
	for (int64_t id = first < 1 ? 1 : first;
	     rc == 0 && *n < limit && id <= fake_trail.rows && id <= last; id++)
		if (!has_leaf[id] && fake_trail_row(id)->event != NULL) {
			++*n;
			rc = fn(arg, fake_trail_row(id), err);
		}
	return rc;
}

int
store_audit_seal_unsealed(struct store *s, const struct audit_seal *last, int64_t after_id,
    int limit, store_audit_fn fn, void *arg, int *n, struct gh_error *err)
{
	(void)s;
	(void)last;
	assert_true(fake_trail.is_open);
	assert_true(limit <= STORE_AUDIT_SEAL_PAGE);
	*n = 0;
	if (fake_trail.fail_unsealed != 0)
		return told(fake_trail.fail_unsealed, err);
	return unsealed(after_id + 1, INT64_MAX, limit, fn, arg, n, err);
}

int
store_audit_seal_add(struct store *s, int64_t seal_id, int first_position,
    const struct store_leaves *leaves, struct gh_error *err)
{
	(void)s;
	assert_true(fake_trail.is_open);
	if (fake_trail.fail_add != 0)
		return told(fake_trail.fail_add, err);
	for (int i = 0; i < leaves->n; i++) {
		struct fake_leaf *l = &fake_trail.leaf[fake_trail.leaves++];

		*l = (struct fake_leaf){.audit_id = leaves->id[i],
		    .seal_id = seal_id,
		    .position = first_position + i};
		memcpy(l->hash, leaves->hash[i], sizeof(l->hash));
	}
	return 0;
}

int
store_audit_seal_end(struct store *s, const struct audit_seal *seal, struct gh_error *err)
{
	(void)s;
	assert_true(fake_trail.is_open);
	if (fake_trail.fail_end != 0)
		return told(fake_trail.fail_end, err);
	assert_true(fake_trail.seals < FAKE_TRAIL_SEALS);
	fake_trail.seal[fake_trail.seals++] = *seal;
	fake_trail.is_open = false;
	return 0;
}

void
store_audit_seal_cancel(struct store *s)
{
	(void)s;
	if (fake_trail.is_open)
		fake_trail.leaves = fake_trail.leaves_before;
	fake_trail.is_open = false;
}

/* ---- verifying ---- */

int
store_audit_seal_next(struct store *s, int64_t after, struct audit_seal *out, struct gh_error *err)
{
	(void)s;
	*out = no_seal;
	for (int i = 0; i < fake_trail.seals && out->id == 0; i++)
		if (fake_trail.seal[i].id > after)
			*out = fake_trail.seal[i];
	return told(fake_trail.fail_read, err);
}

int
store_audit_seal_of_leaves(struct store *s, int64_t *seal_id, struct gh_error *err)
{
	(void)s;
	(void)err;
	*seal_id = 0;
	for (int i = 0; i < fake_trail.leaves; i++)
		if (fake_trail.leaf[i].seal_id > *seal_id)
			*seal_id = fake_trail.leaf[i].seal_id;
	return 0;
}

static const struct audit_row *
row_now(int64_t id)
{
	return fake_trail_row(id)->event != NULL ? fake_trail_row(id) : NULL;
}

/* The leaf of a seal with the lowest position that is not below the given one. */
static const struct fake_leaf *
next_leaf(int64_t seal_id, int64_t from)
{
	const struct fake_leaf *best = NULL;

	for (int i = 0; i < fake_trail.leaves; i++) {
		const struct fake_leaf *l = &fake_trail.leaf[i];

		if (l->seal_id == seal_id && l->position >= from &&
		    (best == NULL || l->position < best->position))
			best = l;
		if (best != NULL && best->position == from)
			break;
	}
	return best;
}

int
store_audit_seal_leaves(struct store *s, int64_t seal_id, int64_t from, store_leaf_fn fn, void *arg,
    int *n, struct gh_error *err)
{
	const struct fake_leaf *l;
	int rc = 0;

	(void)s;
	for (*n = 0;
	     rc == 0 && *n < STORE_AUDIT_SEAL_PAGE && (l = next_leaf(seal_id, from)) != NULL;
	     ++*n) {
		struct store_leaf leaf = {.audit_id = l->audit_id,
		    .position = l->position,
		    .row = row_now(l->audit_id)};

		memcpy(leaf.hash, l->hash, sizeof(leaf.hash));
		from = (int64_t)l->position + 1;
		rc = fn(arg, &leaf, err);
	}
	return rc;
}

int
store_audit_unsealed(struct store *s, int64_t first, int64_t last, store_audit_fn fn, void *arg,
    int *n, struct gh_error *err)
{
	(void)s;
	return unsealed(first, last, STORE_AUDIT_SEAL_PAGE, fn, arg, n, err);
}

int
store_audit_extent(struct store *s, int64_t *max_id, struct gh_error *err)
{
	(void)s;
	(void)err;
	*max_id = fake_trail.rows;
	return 0;
}
