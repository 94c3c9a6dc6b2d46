/*
 * What became of the parts of a request: CMCStatusInfoV2 (RFC 5272, 6.1), and the one table from
 * our errors to CMCFailInfo.
 */
#ifndef CMC_STATUS_H
#define CMC_STATUS_H

#include <stdint.h>

#include "buf.h"
#include "error.h"

enum cmc_state { /* CMCStatus, 6.1.3 */
	CMC_SUCCESS = 0,
	CMC_FAILED = 2,
	CMC_PENDING = 3,
	CMC_NO_SUPPORT = 4,
	CMC_CONFIRM_REQUIRED = 5,
	CMC_POP_REQUIRED = 6,
	CMC_PARTIAL = 7
};

enum cmc_fail { /* CMCFailInfo, 6.1.4 */
	CMC_BAD_ALG = 0,
	CMC_BAD_MESSAGE_CHECK = 1,
	CMC_BAD_REQUEST = 2,
	CMC_BAD_TIME = 3,
	CMC_BAD_CERT_ID = 4,
	CMC_UNSUPPORTED_EXT = 5,
	CMC_MUST_ARCHIVE_KEYS = 6,
	CMC_BAD_IDENTITY = 7,
	CMC_POP_REQUIRED_FAIL = 8,
	CMC_POP_FAILED = 9,
	CMC_NO_KEY_REUSE = 10,
	CMC_INTERNAL_CA_ERROR = 11,
	CMC_TRY_LATER = 12,
	CMC_AUTH_DATA_FAIL = 13
};

#define CMC_STATUS_BODIES_MAX 16
#define CMC_STATUS_TOKEN_MAX 64 /* bytes */

/* One CMCStatusInfoV2. */
struct cmc_status {
	enum cmc_state state;
	enum cmc_fail fail;                   /* of CMC_FAILED */
	uint32_t body[CMC_STATUS_BODIES_MAX]; /* bodyPartIDs; 0: the whole PKIData */
	size_t bodies;                        /* 1 at least */
	char text[256];                       /* UTF-8; "": none */
	/* of CMC_PENDING and CMC_PARTIAL: what queryPending shall bring, and when */
	unsigned char token[CMC_STATUS_TOKEN_MAX];
	size_t token_len;
	int64_t pend_time; /* UTC seconds */
};

/* What an error is to a client of CMC. */
enum cmc_fail cmc_fail_of(enum gh_code code);

/* Append the DER. GH_E_NOMEM, GH_E_INTERNAL: no time. */
int cmc_status_put(const struct cmc_status *s, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
