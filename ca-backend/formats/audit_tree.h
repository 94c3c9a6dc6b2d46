/*
 * The sealed audit trail: what is hashed and signed. Byte for byte as in docs/audit.md, so that
 * others can check it. leaf = SHA-256(0x00 || row), tree of RFC 6962, 2.1, over the leaves of a
 * seal, head = SHA-256("gatehouse audit head\n" || seal id || rows || max id || root || head before
 * || time), signed by the signer's Ed25519 audit key.
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

#define AUDIT_HASH_SIZE 32
#define AUDIT_SIGNATURE_SIZE 64
#define AUDIT_TREE_DEPTH 32 /* more than 2^31 leaves are not added */

/* A row of table audit; texts borrowed. NULL where the column is null. */
struct audit_row {
	int64_t id, at_us; /* microseconds since 1970 UTC */
	int64_t actor_kind;
	const char *event, *outcome, *actor, *app, *address, *request_id, *object, *detail;
};

/* The canonical form, put behind what b holds. */
void audit_row_encode(const struct audit_row *row, struct gh_buf *b);
/* GH_E_NOMEM. */
int audit_leaf(const struct audit_row *row, unsigned char out[AUDIT_HASH_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* Grows leaf by leaf; holds one hash for each level. Zeroed = empty. */
struct audit_tree {
	unsigned char node[AUDIT_TREE_DEPTH][AUDIT_HASH_SIZE];
	int nodes;
	uint32_t leaves;
	bool failed; /* no memory for a digest, or too many leaves */
};
void audit_tree_add(struct audit_tree *t, const unsigned char leaf[AUDIT_HASH_SIZE]);
/* GH_E_NOMEM. The tree can grow on. */
int audit_tree_root(const struct audit_tree *t, unsigned char out[AUDIT_HASH_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

struct audit_seal {
	int64_t id; /* 1, 2, 3 ...; 0 = there is none */
	int64_t rows, max_id;
	unsigned char root[AUDIT_HASH_SIZE], previous[AUDIT_HASH_SIZE], head[AUDIT_HASH_SIZE];
	unsigned char signature[AUDIT_SIGNATURE_SIZE];
	unsigned char key_id[AUDIT_HASH_SIZE]; /* SHA-256 of the SubjectPublicKeyInfo */
	int64_t sealed_at;
};
/* The head that belongs to the other members. GH_E_NOMEM. */
int audit_seal_head(const struct audit_seal *seal, unsigned char out[AUDIT_HASH_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
/* spki: Ed25519, DER. False also for any other key. */
bool audit_seal_is_signed(const struct audit_seal *seal, const unsigned char *spki, size_t len);

#endif
