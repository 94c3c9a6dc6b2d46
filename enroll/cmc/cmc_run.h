/* One request of CMC on its way: what each stage left for the next. For the files of this room. */
#ifndef CMC_RUN_H
#define CMC_RUN_H

#include "formats/auth_data.h"
#include "formats/cms_signed.h"

#include "cmc.h"
#include "cmc_secret.h"
#include "cmc_status.h"
#include "pki_data.h"

#define CMC_STATUSES_MAX 32
#define CMC_POP_SIZE 32                          /* bytes */
#define CMC_SIGNATURES_MAX 4                     /* on one SignedData */
#define CMC_SIGNERS_MAX (2 * CMC_SIGNATURES_MAX) /* SignedData around it included */

#define CMC_LAYERS_MAX 3 /* messages of RAs around a message */

struct cmc_batch;     /* cmc_batch.h */
struct ra_statements; /* ra_statement.h */

/* What all messages inside have together, over all layers. */
struct cmc_load {
	size_t messages, requests, signatures;
	struct gh_error guess; /* the first wrong proof; code 0: none */
};

struct cmc_run {
	const struct cmc_context *ctx;
	/* The message of an RA in which this one came; borrowed; NULL: it came by itself. */
	const struct cmc_run *ra;
	uint32_t id;                     /* its bodyPartID there */
	int layer;                       /* of those around it */
	struct cmc_load own_load, *load; /* of the outermost; borrowed */
	struct cms_signed outer;         /* around EnvelopedData; empty: there is none */
	bool came_enveloped;             /* whether it could be opened or not */
	bool is_enveloped;               /* what follows was encrypted for us */
	/* The innermost envelope: one of them. */
	struct cms_signed message;
	struct auth_data authenticated;
	struct gh_der content; /* of it */
	struct pki_data data;
	const struct pki_control *control[CMC_KINDS]; /* by kind; NULL: it is not there */
	struct ca_pkcs10 *csr[PKI_DATA_REQUESTS_MAX]; /* of data.request; owned until recorded */
	bool is_believed; /* signatures or MAC of it are right: what it says was said */
	/* Who is proven to ask; kind REQUESTER_NONE: nobody. */
	struct requester who;
	bool has_entry;           /* entry is his; else it is looked up by his row */
	struct dir_entry *entry;  /* borrowed; NULL: he has none */
	struct cmc_secret secret; /* that was proven; empty: none */
	/* It is good once, and this very message has used it: no more than the recorded answer. */
	bool was_used;
	X509 *signer[CMC_SIGNERS_MAX]; /* certificates of ours that signed; owned */
	/* Of each: its number, if it is of the template that is asked here; else 0. */
	int64_t renewable[CMC_SIGNERS_MAX];
	size_t signers;
	/* Nothing but such a certificate proves who asks: a request of it is a renewal. */
	bool is_by_cert_alone;
	bool is_by_ra; /* nothing in the message proves who asks: the RA does, for another */
	struct ra_statements *said; /* what it says as an RA; owned; NULL: nothing */
	struct cmc_batch *batch;    /* messages inside; owned; NULL: none */
	/* what came of it */
	struct cmc_status status[CMC_STATUSES_MAX];
	size_t statuses;
	STACK_OF(X509) * certs;    /* issued, with their issuers, and asked for */
	STACK_OF(X509_CRL) * crls; /* asked for */
	struct cert_chain chain;   /* of the first one that was issued */
	size_t issued;
	/* By request: the value of a challenge that was proven, and who gets a challenge
	 * (cmc_pop.h). */
	unsigned char pop[PKI_DATA_REQUESTS_MAX][CMC_POP_SIZE];
	bool has_pop[PKI_DATA_REQUESTS_MAX], is_challenged[PKI_DATA_REQUESTS_MAX];
	/* By request: by RAs (cmc_ra.h). */
	bool is_changed[PKI_DATA_REQUESTS_MAX], is_vouched[PKI_DATA_REQUESTS_MAX];
	bool needs_full;     /* what came of it cannot be said by certificates alone */
	const struct ca *ca; /* that answers; borrowed; NULL: not known yet */
	int rc;              /* of the first failure */
	struct gh_error err;
};

/* A failure of one part (0: of all). code as in r->err of gh_fail: the public text is told. Returns
 * err->code. */
int cmc_refuse(struct cmc_run *r, uint32_t body, const struct gh_error *err);
/* The same with a CMCFailInfo that the table does not give. */
int cmc_refuse_as(struct cmc_run *r, uint32_t body, enum cmc_fail fail, const struct gh_error *err);
/* A status to be filled; NULL: there are too many. */
struct cmc_status *cmc_status_new(struct cmc_run *r, enum cmc_state state, uint32_t body);
/* A success for this part, in one status with all others. */
void cmc_succeed(struct cmc_run *r, uint32_t body);

/* An empty one; NULL: no memory. */
struct cmc_run *cmc_run_new(const struct cmc_context *ctx, const struct cmc_run *ra);
void cmc_run_free(struct cmc_run *r); /* accepts NULL */
/* Everything behind cmc_read, whatever that returned. */
void cmc_run_answer(struct cmc_run *r, struct cmc_answer *out);

/* The first stage; r->rc is what came of it. */
void cmc_read(struct cmc_run *r, const unsigned char *ber, size_t len);
/* The others; each returns 0 or the code of what was refused, which has its status then. */
int cmc_verify(struct cmc_run *r) GH_MUSTCHECK;
/* An RA has signed this very message: the connection that it came over does not count. */
bool cmc_is_ra(const struct cmc_run *r);
bool cmc_is_authenticated(const struct cmc_run *r); /* by AuthenticatedData */
int cmc_identify(struct cmc_run *r) GH_MUSTCHECK;
int cmc_check_time(struct cmc_run *r) GH_MUSTCHECK; /* what was said under a proof */
void cmc_serve(struct cmc_run *r);
int cmc_respond(struct cmc_run *r, struct cmc_answer *out) GH_MUSTCHECK;

#endif
