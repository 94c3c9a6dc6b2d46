/* The example of docs/audit.md, and the tree of RFC 6962 for every number of leaves up to 70. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "formats/audit_tree.h"
#include "digest.h"
#include "hex.h"
#include "signer/protocol/protocol_sign.h"

#define LEAVES 70

static struct gh_error err;

static void
assert_hex(const void *p, size_t n, const char *want)
{
	char *hex = gh_hex_encode(p, n);

	assert_non_null(hex);
	assert_int_equal(strlen(hex), strlen(want));
	for (size_t i = 0; hex[i] != '\0'; i++)
		if (hex[i] != (want[i] >= 'a' ? want[i] - 32 : want[i]))
			fail_msg("%s is not %s", hex, want);
	free(hex);
}

static const struct audit_row example[] = {
    {.id = 1,
	.at_us = 1795256100670624,
	.event = "ca.created",
	.outcome = "success",
	.actor = "root@pki",
	.actor_kind = 3,
	.app = "",
	.address = "",
	.object = "root",
	.detail = "CN=Example Root CA"},
    {.id = 2,
	.at_us = 1795256102000000,
	.event = "user.created",
	.outcome = "success",
	.actor = "root@pki",
	.actor_kind = 3,
	.app = "",
	.address = "",
	.object = "admin",
	.detail = "roles: admin"},
    {.id = 4,
	.at_us = 1795256102000001,
	.event = "auth.failed",
	.outcome = "failure",
	.actor = "alice",
	.actor_kind = 0,
	.app = "mdm",
	.address = "192.0.2.7",
	.request_id = "0123456789abcdef0123456789abcdef",
	.detail = "auth_failed: wrong password"},
};

static void
audit_row_encode__as_documented(void **state)
{
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 1024);
	audit_row_encode(&example[0], &b);
	assert_int_equal(gh_buf_check(&b, &err), 0);
	assert_hex(b.data, b.len,
	    "010000000000000001000660c6a2294ca00000000a63612e63726561746564000000077375636365737300000008726f"
	    "6f7440706b69000000030000000000000000ffffffff00000004726f6f7400000012434e3d4578616d706c6520526f6f74204341");
	gh_buf_free(&b);
}

static void
audit_seal_head__as_documented(void **state)
{
	static const char *const leaves[] =
	    {"225101fb6c3806c02e2d52e4616ea04b3cf392f06412570865b9ca5771078408",
		"a27d0b6769ce56d6383aa9ae7d44c89f3137c540a1b89e80a908f688c6dab03e",
		"ba345b5d1de94937eea0ee412c396e5815617da168234cbdbd9aa73f65612964"};
	struct audit_seal seal = {.id = 1, .rows = 3, .max_id = 4, .sealed_at = 1795256160};
	struct audit_tree tree = {0};
	unsigned char hash[AUDIT_HASH_SIZE];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(audit_leaf(&example[i], hash, &err), 0);
		assert_hex(hash, sizeof(hash), leaves[i]);
		audit_tree_add(&tree, hash);
	}
	assert_int_equal(audit_tree_root(&tree, seal.root, &err), 0);
	assert_hex(seal.root, sizeof(seal.root),
	    "3b6fc80ec2e74f87f9b4240085192071a145f65d4fde5e5c28ffd0a2fdaaa0cc");
	assert_int_equal(audit_seal_head(&seal, hash, &err), 0);
	assert_hex(hash, sizeof(hash),
	    "6ee0853eb07a0831281f46aa0d26ea1820f711c500736f5ca43dc9d55a996a43");
}

/* Every field counts, null is not the empty text, and no byte can move from one field to the
 * next. */
static void
audit_leaf__differs_for_each_field(void **state)
{
	struct audit_row row[12];
	unsigned char hash[12][AUDIT_HASH_SIZE];

	(void)state;
	for (size_t i = 0; i < 12; i++)
		row[i] = example[2];
	row[1].id++;
	row[2].at_us++;
	row[3].event = "auth.faile";
	row[3].outcome = "dfailure";
	row[4].outcome = "success";
	row[5].actor = "alic";
	row[5].app = "emdm";
	row[6].actor_kind = 1;
	row[7].app = "";
	row[8].address = "192.0.2.8";
	row[9].request_id = NULL;
	row[10].object = "";
	row[11].detail = NULL;
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(audit_leaf(&row[i], hash[i], &err), 0);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(hash[i], hash[k], AUDIT_HASH_SIZE);
	}
}

/* MTH of RFC 6962, 2.1, by its definition. */
static void
reference_root(unsigned char (*leaf)[AUDIT_HASH_SIZE], size_t n, unsigned char out[AUDIT_HASH_SIZE])
{
	unsigned char both[1 + 2 * AUDIT_HASH_SIZE] = {1};
	size_t k = 1;

	if (n == 1) {
		memcpy(out, leaf[0], AUDIT_HASH_SIZE);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	reference_root(leaf, k, both + 1);
	reference_root(leaf + k, n - k, both + 1 + AUDIT_HASH_SIZE);
	assert_true(gh_digest(GH_SHA256, both, sizeof(both), out));
}

static void
audit_tree_root__is_that_of_rfc_6962(void **state)
{
	unsigned char leaf[LEAVES][AUDIT_HASH_SIZE], got[AUDIT_HASH_SIZE], want[AUDIT_HASH_SIZE];
	struct audit_tree tree = {0};

	(void)state;
	assert_int_equal(audit_tree_root(&tree, got, &err), 0);
	assert_hex(got, sizeof(got),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < LEAVES; i++) {
		memset(leaf[i], (int)i + 1, AUDIT_HASH_SIZE);
		audit_tree_add(&tree, leaf[i]);
		reference_root(leaf, i + 1, want);
		assert_int_equal(audit_tree_root(&tree, got, &err), 0);
		assert_memory_equal(got, want, AUDIT_HASH_SIZE);
	}
}

static void
audit_seal_is_signed__by_this_key_over_this_seal(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *stranger = EVP_EC_gen("P-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct audit_seal seal = {.id = 258};
	unsigned char text[sizeof(SIGNER_AUDIT_PREFIX) - 1 + 8 + AUDIT_HASH_SIZE] =
	    SIGNER_AUDIT_PREFIX;
	unsigned char *spki = NULL, *other = NULL;
	size_t at = sizeof(SIGNER_AUDIT_PREFIX) - 1, n = AUDIT_SIGNATURE_SIZE;
	int len = i2d_PUBKEY(key, &spki), other_len = i2d_PUBKEY(stranger, &other);

	(void)state;
	memset(seal.head, 0xab, sizeof(seal.head));
	memset(text + at, 0, 8);
	text[at + 6] = 1;
	text[at + 7] = 2;
	memset(text + at + 8, 0xab, AUDIT_HASH_SIZE);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, seal.signature, &n, text, sizeof(text)), 1);
	assert_true(audit_seal_is_signed(&seal, spki, (size_t)len));
	assert_false(audit_seal_is_signed(&seal, spki, (size_t)len - 1));
	assert_false(audit_seal_is_signed(&seal, other, (size_t)other_len));
	seal.id = 259;
	assert_false(audit_seal_is_signed(&seal, spki, (size_t)len));
	seal.id = 258;
	seal.head[31] ^= 1;
	assert_false(audit_seal_is_signed(&seal, spki, (size_t)len));
	OPENSSL_free(spki);
	OPENSSL_free(other);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	EVP_PKEY_free(stranger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(audit_row_encode__as_documented),
	    cmocka_unit_test(audit_seal_head__as_documented),
	    cmocka_unit_test(audit_leaf__differs_for_each_field),
	    cmocka_unit_test(audit_tree_root__is_that_of_rfc_6962),
	    cmocka_unit_test(audit_seal_is_signed__by_this_key_over_this_seal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
