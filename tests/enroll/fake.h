/*
 * Stand-ins for the neighbours of enroll/: a store in memory, a directory of one table, templates
 * that do what their JSON says, a CA with its key at hand. And the small world that the tests live
 * in.
 */
#ifndef TEST_ENROLL_FAKE_H
#define TEST_ENROLL_FAKE_H

#include <stdbool.h>

#include "certenroll/ce.h"
#include "enroll.h"
#include "store/ca/approval_password_row.h"
#include "store/request/request_approval.h"

#define FAKE_ROWS 16
#define FAKE_AUDITS 64

/* ---- store ---- */
struct fake_row {
	struct requester requester;
	char template_name[128];
	char *metadata; /* printed; NULL = none */
	unsigned char *csr;
	size_t csr_len;
	bool has_mark, cert_only;
	char renews[65];
	int64_t follows;
	unsigned char mark[REPLAY_MARK_SIZE], content[REPLAY_MARK_SIZE];
	int64_t template_id, ca_id;
	char detail[256]; /* of its audit row */
	struct enroll_outcome outcome;
	int version;
	struct store_approvals approvals;
};

struct fake_store {
	int rows; /* row i has id i + 1 */
	struct fake_row row[FAKE_ROWS];
	int audits;
	size_t detail_len;            /* of the last decision */
	char audit[FAKE_AUDITS][256]; /* "event outcome who object detail" */
	int fail;                     /* code that every call returns */
	int fail_record;              /* only store_record_batch and store_decide */
	int fail_member;              /* code for each member of fail_requester */
	const char *fail_requester;
	int lookups;             /* marks that were looked for */
	int questions;           /* by how many look-ups */
	int records;             /* statements */
	bool is_asked;           /* a look-up is on its way: nobody else may use the connection */
	bool is_tampered;        /* pending requests are not as they were recorded */
	int overtakes;           /* so many approvals find another version of the request */
	int64_t ca_locked_until; /* of the issuing CA; it is 1000 now */
	struct store_attempt attempt; /* tries of the approval password, of whoever comes */
};
extern struct fake_store fake_store;
void fake_store_reset(void);
/* Fails with this code, 0 is none. */
int fake_fails(int code, struct gh_error *err);
/* Row by CMSRequestId; fails the test when there is none. */
struct fake_row *fake_row(int64_t id);

/* ---- directory ---- */
struct fake_dir {
	int fail;
	int lookups;
	char dn_of_alice[64], cn_of_alice[64];
	bool alice_is_disabled;
};
extern struct fake_dir fake_dir;
struct dir_entry *fake_entry(const char *name);

/* ---- CA ---- */
struct fake_ca {
	int fail;
	int skip; /* signatures that succeed before it fails */
	int signed_certs;
	int exchanges; /* with the signer */
	unsigned serial;
	const char *slow_ca; /* name of one that signs slowly */
};
extern struct fake_ca fake_ca;
/* Issuing CA and root, DER in base64; made on first use. */
const char *fake_ca_chain(int i);

/* ---- people ---- */
struct requester fake_requester(const char *name);

/* ---- world ---- */
extern struct gh_conf fake_conf;
extern const unsigned char fake_secret[32];
/* Catalog with apps "app" (templates User, Slow, NoUpn, Closed, Gone, Needs, Patient, Two; id 7,
 * key "key7", secret "secret7"), "other" (id 8, key "key8", templates Other, Ruled) and "off" (id
 * 9, disabled CA). */
void fake_world_new(struct worker_env *env);
void fake_world_free(struct worker_env *env);
/* A fresh P-256 request, PEM, malloc'd. */
char *fake_csr_pem(void);
/* The same as one line of base64. */
char *fake_csr_base64(void);

#endif
