/* An audit trail in memory, with its leaves and seals, and a signer of heads: in place of the
 * store's statements. */
#ifndef TEST_FAKE_TRAIL_H
#define TEST_FAKE_TRAIL_H

#include "audit/audit_seal.h"
#include "store/audit/audit_seal_row.h"

#define FAKE_TRAIL_ROWS 32000
#define FAKE_TRAIL_SEALS 16
#define FAKE_TRAIL_NOW 1800000000

struct fake_leaf {
	int64_t audit_id, seal_id;
	int position;
	unsigned char hash[AUDIT_HASH_SIZE];
};

struct fake_trail {
	struct audit_row row[FAKE_TRAIL_ROWS]; /* by id; one whose event is NULL was removed */
	int rows;
	struct fake_leaf leaf[FAKE_TRAIL_ROWS];
	int leaves;
	struct audit_seal seal[FAKE_TRAIL_SEALS];
	int seals;
	/* of the open transaction */
	bool is_open;
	int leaves_before;
	/* codes that the calls return */
	int fail_begin, fail_unsealed, fail_add, fail_sign, fail_end, fail_read;
	bool is_stopping; /* what the sealer is told */
};
extern struct fake_trail fake_trail;

/* Empty again. */
void fake_trail_reset(void);
/* n rows with the next ids, of now. */
void fake_trail_add(int n);
struct audit_row *fake_trail_row(int64_t id);
struct fake_leaf *fake_trail_leaf(int64_t audit_id);
/* What it is sealed with. */
const struct audit_sealing *fake_trail_sealing(void);
/* SubjectPublicKeyInfo of the signer's audit key. */
const unsigned char *fake_trail_key(size_t *len);

#endif
