/* Canonical form of audit rows, their tree and the signed head. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "digest.h"
#include "signer/protocol/protocol_sign.h"

#include "audit_tree.h"

#define ROW_MAX (1024 * 1024 * 1024)
#define ROW_VERSION 1
#define NULL_LENGTH 0xffffffffu
#define HEAD_LABEL "gatehouse audit head\n"
#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

/* --- row -------------------------------------------------------------------------------------- */

static void
put_text(struct gh_buf *b, const char *s)
{
	if (s == NULL)
		gh_buf_put_u32(b, NULL_LENGTH);
	else
		gh_buf_put_block(b, s, strlen(s));
}

void
audit_row_encode(const struct audit_row *row, struct gh_buf *b)
{
	gh_buf_put_u8(b, ROW_VERSION);
	gh_buf_put_u64(b, (uint64_t)row->id);
	gh_buf_put_u64(b, (uint64_t)row->at_us);
	put_text(b, row->event);
	put_text(b, row->outcome);
	put_text(b, row->actor);
	gh_buf_put_u32(b, (uint32_t)row->actor_kind);
	put_text(b, row->app);
	put_text(b, row->address);
	put_text(b, row->request_id);
	put_text(b, row->object);
	put_text(b, row->detail);
}

int
audit_leaf(const struct audit_row *row, unsigned char out[AUDIT_HASH_SIZE], struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, ROW_MAX);
	gh_buf_put_u8(&b, LEAF_PREFIX);
	audit_row_encode(row, &b);
	rc = gh_buf_check(&b, err);
	if (rc == 0 && !gh_digest(GH_SHA256, b.data, b.len, out))
		rc = gh_fail(err, GH_E_NOMEM, "audit leaf");
	gh_buf_free(&b);
	return rc;
}

/* --- tree ------------------------------------------------------------------------------------- */

static bool
join(const unsigned char left[AUDIT_HASH_SIZE], const unsigned char right[AUDIT_HASH_SIZE],
    unsigned char out[AUDIT_HASH_SIZE])
{
	unsigned char both[1 + 2 * AUDIT_HASH_SIZE] = {NODE_PREFIX};

	memcpy(both + 1, left, AUDIT_HASH_SIZE);
	memcpy(both + 1 + AUDIT_HASH_SIZE, right, AUDIT_HASH_SIZE);
	return gh_digest(GH_SHA256, both, sizeof(both), out);
}

/* The stack holds the roots of complete subtrees, one for each bit of leaves, the largest at the
 * bottom. */
void
audit_tree_add(struct audit_tree *t, const unsigned char leaf[AUDIT_HASH_SIZE])
{
	if (t->leaves == UINT32_MAX >> 1) {
		t->failed = true;
		return;
	}
	memcpy(t->node[t->nodes++], leaf, AUDIT_HASH_SIZE);
	for (uint32_t n = t->leaves; (n & 1) != 0; n >>= 1) {
		t->nodes--;
		t->failed |= !join(t->node[t->nodes - 1], t->node[t->nodes], t->node[t->nodes - 1]);
	}
	t->leaves++;
}

int
audit_tree_root(const struct audit_tree *t, unsigned char out[AUDIT_HASH_SIZE],
    struct gh_error *err)
{
	bool ok = !t->failed;

	if (t->nodes == 0)
		ok = ok && gh_digest(GH_SHA256, NULL, 0, out);
	else
		memcpy(out, t->node[t->nodes - 1], AUDIT_HASH_SIZE);
	for (int i = t->nodes - 2; ok && i >= 0; i--)
		ok = join(t->node[i], out, out);
	return ok ? 0 : gh_fail(err, GH_E_NOMEM, "audit tree");
}

/* --- head ------------------------------------------------------------------------------------- */

int
audit_seal_head(const struct audit_seal *seal, unsigned char out[AUDIT_HASH_SIZE],
    struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, 512);
	gh_buf_puts(&b, HEAD_LABEL);
	gh_buf_put_u64(&b, (uint64_t)seal->id);
	gh_buf_put_u32(&b, (uint32_t)seal->rows);
	gh_buf_put_u64(&b, (uint64_t)seal->max_id);
	gh_buf_put(&b, seal->root, AUDIT_HASH_SIZE);
	gh_buf_put(&b, seal->previous, AUDIT_HASH_SIZE);
	gh_buf_put_u64(&b, (uint64_t)seal->sealed_at);
	rc = gh_buf_check(&b, err);
	if (rc == 0 && !gh_digest(GH_SHA256, b.data, b.len, out))
		rc = gh_fail(err, GH_E_NOMEM, "audit head");
	gh_buf_free(&b);
	return rc;
}

bool
audit_seal_is_signed(const struct audit_seal *seal, const unsigned char *spki, size_t len)
{
	unsigned char text[sizeof(SIGNER_AUDIT_PREFIX) - 1 + 8 + AUDIT_HASH_SIZE];
	const size_t prefix = sizeof(SIGNER_AUDIT_PREFIX) - 1;
	const unsigned char *p = spki;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	memcpy(text, SIGNER_AUDIT_PREFIX, prefix);
	for (int i = 0; i < 8; i++)
		text[prefix + (size_t)i] = (unsigned char)((uint64_t)seal->id >> (56 - 8 * i));
	memcpy(text + prefix + 8, seal->head, AUDIT_HASH_SIZE);
	good = key != NULL && ctx != NULL && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, seal->signature, AUDIT_SIGNATURE_SIZE, text, sizeof(text)) == 1;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}
