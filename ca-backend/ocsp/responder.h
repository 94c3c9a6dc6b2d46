/*
 * The OCSP responder (RFC 6960 in the profile of RFC 5019): request bytes in, an answer out. What a
 * process remembers for it (ready answers, signers) is one struct ocsp_service, shared by its
 * threads. docs/ocsp.md
 */
#ifndef OCSP_RESPONDER_H
#define OCSP_RESPONDER_H

#include "issuing/ca_set.h"
#include "conf.h"
#include "error.h"
#include "ocsp_cache.h"
#include "formats/ocsp_request.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

struct ocsp_service;

/* prepare: called with each answer before others see it, for what its transport wants to keep with
 * it (ocsp_answer's head); may be NULL. */
int ocsp_service_new(const struct gh_conf *conf, void (*prepare)(struct ocsp_answer *a),
    struct ocsp_service **out, struct gh_error *err) GH_MUSTCHECK;
void ocsp_service_free(struct ocsp_service *s); /* accepts NULL; no thread may use it any more */
struct ocsp_cache *ocsp_service_cache(struct ocsp_service *s);

/* The status of a certificate has changed; of all when serial is NULL (whatever was missed). Any
 * thread. */
void ocsp_status_changed(struct ocsp_service *s, int64_t ca_id, const unsigned char *serial,
    size_t len);

/* A cached answer: one CertID without nonce, answered before. NULL: ask ocsp_answer. Never
 * blocks. */
struct ocsp_answer *ocsp_find_ready(struct ocsp_service *s, const unsigned char *p, size_t len);

/* What a thread answers with; all borrowed. */
struct ocsp_means {
	const struct gh_conf *conf;
	struct ocsp_service *service;
	const struct ca_set *cas; /* NULL: they were not read from the database yet */
	struct store *store;
	struct signer_client *signer;
};

struct ocsp_reply {
	struct ocsp_answer *answer; /* one reference; NULL: error */
	enum ocsp_error error;
	struct gh_error why; /* for the log, when there was an error; code 0 = none */
};
struct ocsp_ask {
	const unsigned char *p;
	size_t len;
};
#define OCSP_BATCH_MAX 32
/*
 * Answer n requests (1 to OCSP_BATCH_MAX) on a pool thread, with one question to the signer for all
 * that are about one certificate. Never a wrong answer: without database, signer or OCSP signer
 * certificate it is tryLater.
 */
void ocsp_answer(const struct ocsp_means *m, const struct ocsp_ask *asks, size_t n,
    struct ocsp_reply *out);

/* Renew answers that are asked often and about to end, one batch. *renewed: how many. Not on a pool
 * thread: it may take as long as database and signer let it. */
int ocsp_renew(const struct ocsp_means *m, size_t *renewed, struct gh_error *err) GH_MUSTCHECK;

/* How an answer was found, for GH_MEASURE_OCSP. */
enum ocsp_event {
	OCSP_EVENT_HIT,
	OCSP_EVENT_GOOD,
	OCSP_EVENT_REVOKED,
	OCSP_EVENT_UNKNOWN,
	OCSP_EVENT_MALFORMED,
	OCSP_EVENT_UNAUTHORIZED,
	OCSP_EVENT_TRY_LATER,
	OCSP_EVENT_INTERNAL,
	OCSP_EVENT_RENEWED,
	OCSP_EVENT_CHANGED,
	OCSP_EVENTS
};
void ocsp_count(enum ocsp_event event, size_t n);

#endif
