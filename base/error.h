/*
 * The one error type of Gatehouse. A function that can fail returns 0 or one of the negative codes
 * below and fills a struct gh_error; the caller that meets the outside renders it.
 *
 * code     says what happened; one table (error.c) maps it to HTTP status, HRESULT (MS-ERREF) and
 *          disposition (MS-WCCE), so that no handler decides on a status of its own.
 * message  is public: it is sent to the client and tells what to do.
 * detail   is private: it is logged and never sent.
 */
#ifndef GH_ERROR_H
#define GH_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#define GH_MUSTCHECK __attribute__((warn_unused_result))

enum gh_code {
	GH_OK = 0,
	/* our side: the client may try again */
	GH_E_INTERNAL = -1,
	GH_E_NOMEM = -2,
	GH_E_BUSY = -3,            /* queue or pool full */
	GH_E_DB_DOWN = -4,         /* PostgreSQL unreachable or restarted */
	GH_E_DB = -5,              /* PostgreSQL refused a statement: a bug or a broken schema */
	GH_E_DIR_DOWN = -6,        /* directory unreachable, or too slow */
	GH_E_SIGNER_DOWN = -7,     /* signer unreachable */
	GH_E_SIGNER = -8,          /* signer refused: the CA's own limits */
	GH_E_CONF = -9,            /* configuration wrong: only at start or in the command */
	GH_E_CA_UNAVAILABLE = -10, /* CA unknown, disabled, expired */
	GH_E_CA_LOCKED = -11,      /* its key is under a password and not unlocked */
	GH_E_SEAL = -12, /* rows that grant rights were changed past Gatehouse: they are not used */
	GH_E_CLOCK = -13,      /* the clock of this node is too far from the database's */
	GH_E_NOT_LOADED = -14, /* the configuration has not been read from the database yet */
	/* HTTP envelope */
	GH_E_NOT_FOUND = -20, /* no such route or object */
	GH_E_METHOD = -21,
	GH_E_TOO_LARGE = -22,
	GH_E_BAD_REQUEST = -23, /* malformed in a way no other code names */
	GH_E_BAD_JSON = -24,
	GH_E_TIMESTAMP = -25, /* v3 Timestamp missing or unreadable */
	GH_E_METADATA = -26,  /* metadata unknown, wrong type, missing though required */
	GH_E_CONFLICT = -27,  /* state does not allow it, or name is taken */
	GH_E_UNSUPPORTED_MEDIA = -28,
	GH_E_VALIDATION = -29,    /* members of a well-formed body: the answer names each */
	GH_E_LOCKED = -30,        /* too many wrong passwords of a CA key; until a time */
	GH_E_PRECONDITION = -31,  /* If-Match names an older state */
	GH_E_MISDIRECTED = -32,   /* Host is none of our names */
	GH_E_UNCONDITIONAL = -33, /* If-Match is missing where it must be */
	/* authentication and authorization of the call */
	GH_E_AUTH_REQUIRED = -40, /* no user credentials: 401 with a challenge */
	GH_E_AUTH_FAILED = -41,   /* wrong password, unknown user: one answer for both */
	GH_E_ACCOUNT_DISABLED = -42,
	GH_E_RATE_LIMITED = -43,
	GH_E_APP_KEY = -44,   /* application key missing or unknown */
	GH_E_SIGNATURE = -45, /* X-CSS-CMS-Signature missing or wrong */
	GH_E_TIMESTAMP_WINDOW = -46,
	GH_E_TOKEN = -47,     /* token missing, expired, of another user or application */
	GH_E_REPLAY = -48,    /* signed request recorded for another requester */
	GH_E_FORBIDDEN = -49, /* role or policy of the route */
	GH_E_CROSS_SITE =
	    -51,          /* a page of another origin calls with what the browser keeps for us */
	GH_E_NONCE = -52, /* Digest: right, but its nonce is too old or was used */
	GH_E_CA_PASSWORD = -50, /* wrong password of a CA key: 401 without a challenge */
	/* the PKCS#10 */
	GH_E_CSR = -60,           /* not base64, not DER, trailing bytes, duplicates, version */
	GH_E_CSR_SIGNATURE = -61, /* proof of possession fails */
	GH_E_CSR_WEAK = -62,      /* weak key or hash */
	GH_E_LINKING = -63,       /* EST: not linked to the TLS connection that it came over */
	/* refusals by policy: disposition "Denied" (MS-WCCE 3.2.2.6.2.1) */
	GH_E_TEMPLATE_UNKNOWN = -80,  /* unknown, or not configured for this application */
	GH_E_TEMPLATE_DENIED = -81,   /* no enroll permission */
	GH_E_TEMPLATE_CONFLICT = -82, /* the CSR names another template */
	GH_E_TEMPLATE_VERSION = -83,
	GH_E_KEY_TYPE = -84,
	GH_E_KEY_LENGTH = -85,
	GH_E_SUBJECT = -86, /* subject invalid, too long, or no subject and no SAN */
	GH_E_UPN_REQUIRED = -87,
	GH_E_GUID_REQUIRED = -88,
	GH_E_DNS_REQUIRED = -89,
	GH_E_EMAIL_REQUIRED = -90,
	GH_E_SID_REQUIRED = -91,
	GH_E_NOT_IN_DIRECTORY = -92, /* requester has no entry, or not exactly one */
	GH_E_REQUESTER_KIND = -93,   /* machine template for a user, or the reverse */
	GH_E_DENIED = -94,           /* refused by the policy for a reason given in the message */
	GH_E_DENIED_BY_ADMIN = -95,  /* an officer said no */
	GH_E_CA_POLICY = -96,        /* beyond what the CA may certify */
	GH_E_ARCHIVED_KEY_REQUIRED = -97,   /* the template demands the private key */
	GH_E_ARCHIVED_KEY_UNEXPECTED = -98, /* the template archives none */
	/* template files */
	GH_E_TEMPLATE_INVALID = -110, /* schema error; message holds the path of the member */
	GH_E_TEMPLATE_UNSAFE =
	    -111, /* a rule of templates/lint.c matches and is not acknowledged */
	/* the HTTP message itself (RFC 9110, 15.5 and 15.6) */
	GH_E_TARGET_TOO_LONG = -120,
	GH_E_HEADER_TOO_LARGE = -121,
	GH_E_REQUEST_TIMEOUT = -122, /* the client took too long to send it */
	GH_E_NOT_IMPLEMENTED = -123, /* method or transfer coding that we do not know */
	GH_E_HTTP_VERSION = -124,
	GH_E_EXPECTATION = -125,     /* Expect: other than 100-continue */
	GH_E_LENGTH_REQUIRED = -126, /* a body is needed, and neither Content-Length nor chunks */
	GH_E_NOT_ACCEPTABLE = -127   /* none of the types that the client accepts is there */
};
#define GH_CODE_MIN (-127)

#define GH_ERROR_VALUE_SIZE 128

struct gh_error {
	enum gh_code code;
	int retry_after; /* seconds for the Retry-After header; 0 = the usual for this code */
	/* What pages say in the reader's language: the text "wrong.REASON" of conf/languages, with
	 * this {value}. NULL: they say "wrong_code.NAME", by the code, and show the message behind.
	 * Static. */
	const char *reason;
	char value[GH_ERROR_VALUE_SIZE];
	char message[256];
	char detail[512];
};

/* One row for each code. Strings are static. */
struct gh_error_info {
	enum gh_code code;
	const char *name; /* for logs, audit and metrics: "db_down" */
	int http_status;
	uint32_t hresult;
	bool is_denial;      /* true: stored and answered as "Denied"; else as a failure */
	bool is_retryable;   /* true: the same request may succeed later: 503 and Retry-After */
	const char *message; /* public text when the caller gives none */
};

/* The row of a code; never NULL (an unknown code gets the row of GH_E_INTERNAL). */
const struct gh_error_info *gh_error_info(enum gh_code code);

/*
 * Fill *err (may be NULL) and return code, so that a caller can write
 *     return gh_fail(err, GH_E_CSR, "attribute %s twice", oid);
 * gh_fail takes the public message from the table and the formatted text as private detail;
 * gh_refuse makes the formatted text public (and the detail too).
 */
int gh_fail(struct gh_error *err, enum gh_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int gh_refuse(struct gh_error *err, enum gh_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* gh_refuse, where pages have words of their own for it. value may be NULL. */
int gh_refuse_as(struct gh_error *err, enum gh_code code, const char *reason, const char *value,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Set *err to "no error". */
void gh_error_clear(struct gh_error *err);

#endif
