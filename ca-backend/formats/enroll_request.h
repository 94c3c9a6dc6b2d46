/*
 * A request for a certificate and what became of it, the same for every front door and for the
 * database row. There is no other struct that describes a request.
 */
#ifndef ENROLL_REQUEST_H
#define ENROLL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "http.h"
#include "json.h"
#include "pkcs10.h"
#include "requester.h"

#define REPLAY_MARK_SIZE 32 /* SHA-256 */

enum enroll_protocol { /* stored: never renumber */
	ENROLL_CERTENROLL_V1 = 1,
	ENROLL_CERTENROLL_V2 = 2,
	ENROLL_CERTENROLL_V3 = 3,
	ENROLL_REST = 4,
	ENROLL_CSR = 5, /* POST /csr/process */
	ENROLL_EST = 6, /* RFC 7030 */
	ENROLL_CMC = 7  /* RFC 5272 */
};

/* Stored dispositions, DB_DISP of MS-CSRA (notes "microsoft-enrollment" 3.1). */
enum db_disposition {
	DB_DISP_PENDING = 9,
	DB_DISP_FOREIGN = 12, /* of a certificate alone: issued elsewhere */
	DB_DISP_ISSUED = 20,
	DB_DISP_REVOKED = 21,
	DB_DISP_ERROR = 30,
	DB_DISP_DENIED = 31,
	DB_DISP_CANCELED = 32, /* ours: taken back by its requester, or by an officer */
	DB_DISP_EXPIRED = 33   /* ours: nobody decided in time */
};

/* "pending", "issued", "denied", "canceled", "expired", "failed", "revoked": in lists, options and
 * REST. */
const char *enroll_state_name(enum db_disposition state);
bool enroll_state_find(const char *name, enum db_disposition *out);

struct enroll_request {
	enum enroll_protocol protocol;
	char request_id[GH_REQUEST_ID_SIZE]; /* of the HTTP request, for log and audit */
	struct requester requester;
	char *template_name; /* as asked */
	struct ca_pkcs10 *csr;
	gh_json *metadata; /* object, checked and typed; NULL = none */
	bool cert_only;    /* Flags bit 0x01 */
	/* What is asked for beside the CSR: NULL or 0 where the front door asks for none. */
	char *ca_name; /* of the CA that is asked for, or was chosen */
	char *ca_rule; /* the rule that chose it; NULL: none did */
	int64_t
	    confirm_within; /* seconds that the client has to confirm its certificate; 0: no need */
	int64_t validity;   /* seconds; 0: as the template says */
	char *purpose;      /* "server_auth", "client_auth", "email_protection", "code_signing" */
	char *tenant;
	char *email;     /* where the answer goes */
	char *language;  /* of that: "en" */
	char *label;     /* of EST, by which it came: what it may ask for (est_label.h) */
	char *poll_key;  /* what it is found by when it comes again (est_poll.h) */
	char *operation; /* of EST: "simpleenroll", "simplereenroll" or "fullcmc" */
	/* Of a renewal, where each certificate is renewed once: SHA-256 of its
	 * TBSCertificate, in hex. */
	char *renews;
	int64_t follows; /* number of the certificate that its own takes the place of; 0: none */
	bool has_replay_mark;
	unsigned char replay_mark[REPLAY_MARK_SIZE]; /* over application, signature and body */
	/* SHA-256 of what is asked, where the mark is over a key that the client chose. */
	bool has_replay_content;
	unsigned char replay_content[REPLAY_MARK_SIZE];
	/* Its private key is archived before anything is signed; of a pending one that was read
	 * from the database: it waits there. */
	bool archives_key;
	int64_t submitted; /* UTC seconds */
	bool is_sealed;    /* pending, read from the database: as it was recorded */
	/* read from the database: one more with each change, and how many officers have agreed */
	int version, approvals;
};

void enroll_request_clear(struct enroll_request *req);

/* The certificates of an answer, DER, leaf first, root last. */
#define CERT_CHAIN_MAX 8
struct cert_chain {
	size_t n;
	struct {
		unsigned char *der;
		size_t len;
	} cert[CERT_CHAIN_MAX];
};

void cert_chain_clear(struct cert_chain *chain);
/* Copies der. Returns 0 or GH_E_INTERNAL (longer than CERT_CHAIN_MAX), GH_E_NOMEM. */
int cert_chain_add(struct cert_chain *chain, const void *der, size_t len,
    struct gh_error *err) GH_MUSTCHECK;

struct enroll_outcome {
	enum db_disposition disposition;
	int64_t cms_request_id;  /* id of the request row */
	int64_t cms_id;          /* id of the certificate row; 0 = none */
	uint32_t status_code;    /* HRESULT; 0 when issued or pending */
	char message[256];       /* DispositionMessage */
	char serial[48];         /* upper-case hex, 32 digits */
	char thumbprint[41];     /* SHA-1, upper-case hex */
	char *issuer_dn;         /* "CN=..., DC=..." */
	struct cert_chain chain; /* empty unless issued */
	bool is_replay;          /* recorded answer of an earlier call */
};

void enroll_outcome_clear(struct enroll_outcome *out);

#endif
