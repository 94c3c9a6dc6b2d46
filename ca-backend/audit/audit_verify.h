/* Does the audit trail still say what was sealed? docs/audit.md */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "formats/audit_tree.h"
#include "store/store.h"

enum audit_finding_kind {
	AUDIT_ROW_CHANGED,
	AUDIT_ROW_REMOVED,
	AUDIT_ROW_MOVED,    /* its content stands under another row's number */
	AUDIT_ROW_INSERTED, /* among sealed rows, without a seal */
	AUDIT_LEAF_WRONG,   /* the sealed hash itself was changed, removed or moved; the rows may be
			       right */
	AUDIT_SEAL_WRONG,   /* signature, head, or link to the seal before */
	AUDIT_SEAL_MISSING,
	AUDIT_HEAD_MISSING, /* the pinned head is not in the chain */
	AUDIT_GRANTS_WRONG, /* rows that grant rights: grant_verify.h */
};

struct audit_finding {
	enum audit_finding_kind kind;
	int64_t seal;   /* 0 = none */
	int64_t row;    /* audit.id; 0 = none */
	int64_t other;  /* moved: where the content came from */
	char text[240]; /* a sentence for people */
};
const char *audit_finding_name(enum audit_finding_kind kind);
/* {"kind","seal","row","other","text"}, null for 0. NULL: out of memory. */
gh_json *audit_finding_json(const struct audit_finding *f);

#define AUDIT_KEYS_MAX 8

struct audit_verify {
	/* in */
	struct {
		const unsigned char *spki;
		size_t len;
	} key[AUDIT_KEYS_MAX]; /* any of them may have signed */
	size_t keys;
	int64_t from;          /* first seal that is looked at; 0 or 1 = all */
	int64_t unsealed_from; /* first row of the look for those without a seal; 0 = by from */
	const unsigned char
	    *expected_head; /* AUDIT_HASH_SIZE bytes that must be a seal's head; NULL = none */
	void (*found)(void *arg, const struct audit_finding *f);
	void (*progress)(void *arg, int64_t seal, int64_t rows); /* after each seal; may be NULL */
	/* Asked after each seal and each page of rows; true: the rest is for another call, whose
	 * from is last.id + 1 and whose unsealed_from is next_row. May be NULL. */
	bool (*is_enough)(void *arg);
	void *arg;
	/* out */
	bool has_more; /* is_enough has ended it */
	int64_t next_row;
	int64_t seals, rows; /* looked at */
	int64_t unsealed;    /* rows that wait for a seal, as they should */
	int64_t findings;
	struct audit_seal last; /* id 0 = no seal */
};

/* 0 when all was looked at, or enough, whatever was found (v->findings); memory does not grow with
 * the trail. */
int audit_verify(struct store *store, struct audit_verify *v, struct gh_error *err) GH_MUSTCHECK;

#endif
