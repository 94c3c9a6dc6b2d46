/* Messages of Full CMC to an EST server (RFC 7030, 4.3), and what it answers, in words. */
#ifndef EST_CMC_H
#define EST_CMC_H

#include <openssl/x509.h>

#include "cmc/pki_answer.h"
#include "cmc/pki_draft.h"
#include "formats/cms_signed.h"
#include "json.h"

#include "est_call.h"

#define EST_CMC_NONCE_SIZE 16

/* A message on its way, and its answer. Zeroed at the beginning; est_cmc_clear in any case. */
struct est_cmc_exchange {
	unsigned char *sent, *got; /* DER */
	size_t sent_len, got_len;
	unsigned char nonce[EST_CMC_NONCE_SIZE];
	bool has_nonce;
	/* the answer */
	bool is_full, is_signed; /* a PKIResponse; its signature is right */
	struct cms_signed message;
	struct pki_answer answer;
	STACK_OF(X509) * certs; /* without that of who signed it */
};

/*
 * Puts transactionId and senderNonce into the draft and signs the whole. key NULL: nobody does.
 * cert NULL: by the key of a request, which names it by its SubjectKeyIdentifier
 * (est_cmc_key_id). GH_E_CONF, GH_E_INTERNAL.
 */
int est_cmc_make(struct est_cmc_exchange *m, struct pki_draft *d, EVP_PKEY *key, X509 *cert,
    struct gh_error *err) GH_MUSTCHECK;
/* The SubjectKeyIdentifier of a key: SHA-1 (RFC 5280, 4.2.1.2, method 1). To be freed. */
ASN1_OCTET_STRING *est_cmc_key_id(EVP_PKEY *key);

/* Sends m->sent and reads the answer. GH_E_BAD_REQUEST, GH_E_FORBIDDEN: an answer that is none, or
 * to another message; else as est_call. */
int est_cmc_send(struct est_cmc_exchange *m, struct est_server *s,
    struct gh_error *err) GH_MUSTCHECK;
/* Reads m->got, which is DER. */
int est_cmc_read(struct est_cmc_exchange *m, struct gh_error *err) GH_MUSTCHECK;

/* {"response":"full"|"simple","signed":bool,"statuses":[{"status","parts":[n],"failure"|null,
 * "meaning"|null,"text","token"|null,"ask_at"|null}],"certificates":[{"subject","serial",
 * "sha256"}]}. NULL: out of memory. */
gh_json *est_cmc_describe(const struct est_cmc_exchange *m);
/* COMMAND_OK; COMMAND_PENDING: something waits, and nothing failed; COMMAND_FAILED. */
int est_cmc_exit(const struct est_cmc_exchange *m);

void est_cmc_clear(struct est_cmc_exchange *m);

#endif
