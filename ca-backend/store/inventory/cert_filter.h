/*
 * Which certificates: a condition as a tree of values, and what it is in SQL. It is made by
 * enroll/inventory/query_parse.h of what people write; nothing of that gets into a statement but
 * as a parameter.
 */
#ifndef STORE_CERT_FILTER_H
#define STORE_CERT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define CERT_TESTS_MAX 40   /* of a condition */
#define CERT_SHA1_DIGITS 40 /* of a thumbprint; those of SHA-256 have more */

enum cert_value {
	CERT_TEXT,   /* compared without case */
	CERT_NUMBER, /* int64_t */
	CERT_TIME,   /* UTC seconds; a whole day where is_day */
	CERT_DAY,    /* metadata: "YYYY-MM-DD" */
	CERT_BOOL,   /* number 0 or 1 */
	CERT_HEX,    /* digits of store_clean_hex */
	CERT_STATE   /* number: enum cert_state_asked */
};
/* Of a foreign one it is active or expired, too. */
enum cert_state_asked { CERT_ACTIVE, CERT_EXPIRED, CERT_REVOKED, CERT_ON_HOLD, CERT_FOREIGN };

enum cert_op {
	CERT_EQ,
	CERT_NE, /* and all that have no value */
	CERT_LT,
	CERT_LE,
	CERT_GT,
	CERT_GE,
	CERT_CONTAINS,
	CERT_NOT_CONTAINS, /* and all that have no value */
	CERT_STARTS_WITH,
	CERT_ENDS_WITH,
	CERT_HAS_NONE, /* -eq NULL */
	CERT_HAS_SOME  /* -ne NULL */
};

/* What is compared. Of a column with several values (names) one is enough, and none for CERT_NE and
 * CERT_NOT_CONTAINS. */
enum cert_column {
	CERT_COL_ID,
	CERT_COL_REQUEST,
	CERT_COL_SUBJECT,
	CERT_COL_SUBJECT_PART, /* part: "CN" ... */
	CERT_COL_SAN,          /* part: "dns" ..., or NULL: of any kind */
	CERT_COL_CA,
	CERT_COL_ISSUER,
	CERT_COL_SERIAL,
	CERT_COL_THUMBPRINT, /* SHA-1 or SHA-256 */
	CERT_COL_KEY,        /* SHA-256 of its SubjectPublicKeyInfo */
	CERT_COL_REQUESTER,
	CERT_COL_TEMPLATE,
	CERT_COL_STATE,
	CERT_COL_KEY_TYPE, /* RSA, EC, Ed25519, Ed448 or other */
	CERT_COL_KEY_SIZE, /* bits, of RSA and EC */
	CERT_COL_NOT_BEFORE,
	CERT_COL_NOT_AFTER,
	CERT_COL_LOCATION, /* "host:port" of endpoints that serve it */
	CERT_COL_METADATA  /* part: name of the field, as defined */
};

enum cert_node_kind { CERT_TEST, CERT_AND, CERT_OR };

struct cert_node {
	enum cert_node_kind kind;
	struct cert_node *left, *right; /* owned; of CERT_AND and CERT_OR */
	enum cert_column column;
	char *part; /* owned */
	enum cert_value type;
	enum cert_op op;
	char *text; /* owned */
	int64_t number;
	bool is_day;
	bool is_indexed; /* of CERT_COL_METADATA: there is an index of the field (cert_field.h) */
};

void cert_node_free(struct cert_node *n); /* accepts NULL */

struct store_params;
/* A condition on the table certificate, in brackets, and one parameter more (an array of all values
 * in it) where it has any. Failures are remembered in b and p. */
void cert_filter_put(struct gh_buf *b, struct store_params *p, const struct cert_node *n);

#endif
