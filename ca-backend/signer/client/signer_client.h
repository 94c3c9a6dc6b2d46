/*
 * The caller's end of the signer's socket: one connection (two for batches of slow signatures),
 * used by one thread at a time, reconnecting by itself. Each call has a deadline; a late or broken
 * answer closes the connection and is GH_E_SIGNER_DOWN.
 */
#ifndef SIGNER_CLIENT_H
#define SIGNER_CLIENT_H

#include "error.h"
#include "signer/protocol/protocol.h"
#include "signer/protocol/protocol_keys.h"
#include "signer/protocol/protocol_sign.h"

struct signer_client;

/* Does not connect yet. timeout_ms bounds each call. *out to be freed with signer_client_free. */
int signer_client_new(const char *socket_path, int timeout_ms, struct signer_client **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Take over a connected socket (the admin socketpair of `gatehouse init`). Never reconnects. */
int signer_client_from_fd(int fd, int timeout_ms, struct signer_client **out,
    struct gh_error *err) GH_MUSTCHECK;
void signer_client_free(struct signer_client *c);

int signer_client_ping(struct signer_client *c, struct gh_error *err) GH_MUSTCHECK;
/* ca_id receives SHA-256 of the CA certificate. GH_E_SIGNER: wrong system key or damaged record.
 * GH_E_CA_LOCKED: loaded, and ca_id is filled, but its key is under a password and not unlocked.
 * GH_E_CONFLICT: a newer record of this CA was loaded before. */
int signer_client_load_ca(struct signer_client *c, const unsigned char *sealed, size_t len,
    unsigned char ca_id[SIGNER_CA_ID_SIZE], struct gh_error *err) GH_MUSTCHECK;

/* A certificate to be signed, one of a batch. */
#define SIGNER_CERT_BATCH_MAX 16
struct signer_signing {
	const struct signer_cert_fields *fields;
	/* Results. rc: 0, or GH_E_NOT_FOUND: CA not loaded (load it and ask again; a restarted
	 * signer says this); GH_E_CA_LOCKED; GH_E_CA_POLICY: beyond the CA's limits or name
	 * constraints, the public message names it; GH_E_SIGNER: a malformed field;
	 * GH_E_SIGNER_DOWN. */
	int rc;
	struct gh_error err;
	unsigned char *cert; /* malloc'd DER; NULL after a failure */
	size_t cert_len;
};
/*
 * n ordinary questions at once, 1 to SIGNER_CERT_BATCH_MAX: sent together and answered together,
 * each with its own result. The timeout is that of the whole. When the connection dies, those that
 * were not answered are asked once more on a new one. by_two: signatures that take longer than
 * handing them to another thread (RSA, P-384); then half of them goes over a second connection,
 * which c keeps, and is signed at the same time. A certificate that does not have the subject and
 * the key that were asked for is never given out: it is a garbled answer.
 */
void signer_client_sign_certs(struct signer_client *c, struct signer_signing *m, size_t n,
    bool by_two);

/* Only on an admin socket. *cert and *sealed malloc'd. */
int signer_client_create_ca(struct signer_client *c, const struct signer_create_ca *f,
    unsigned char **cert, size_t *cert_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The password of a CA key. NULL or "" stands for no password; the record is then under the system
 * key alone. These return a new record and load nothing: store it first, then load it (a record
 * once loaded makes those before it useless). GH_E_CA_PASSWORD: wrong; GH_E_CONFLICT: current is
 * given and the key has no password, or the reverse, or a newer record was loaded; GH_E_SIGNER.
 */
int signer_client_set_password(struct signer_client *c, const unsigned char *sealed, size_t len,
    const char *current, const char *new_password, unsigned char **out, size_t *out_len,
    struct gh_error *err) GH_MUSTCHECK;
/* Loads the record too. *until: UTC seconds; the signer counts the seconds, whatever the clock
 * does. GH_E_CA_PASSWORD; GH_E_CONFLICT: the key has no password, or a newer record was loaded. */
int signer_client_unlock(struct signer_client *c, const unsigned char *sealed, size_t len,
    const char *password, int seconds, int64_t *until, struct gh_error *err) GH_MUSTCHECK;
/* From the next question on. A CA that is not loaded or is locked already stays so: 0.
 * GH_E_CONFLICT: the key has no password. */
int signer_client_lock(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
int signer_client_ca_state(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_ca_state *out, struct gh_error *err) GH_MUSTCHECK;

/*
 * Only on an admin socket, as create_ca. Outputs malloc'd, NULL after failure. GH_E_SIGNER:
 * malformed, or parts that do not belong together (public message); GH_E_CA_POLICY: beyond the
 * limits of the parent or the certificate; GH_E_CA_PASSWORD: a password is wrong or missing.
 */
int signer_client_import_ca(struct signer_client *c, const struct signer_import_ca *f,
    unsigned char **sealed, size_t *sealed_len, struct gh_error *err) GH_MUSTCHECK;
/* *sealed is a pending record: only complete_ca and set_password take it. */
int signer_client_create_csr(struct signer_client *c, const struct signer_create_csr *f,
    unsigned char **csr, size_t *csr_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err) GH_MUSTCHECK;
/* The certificate (DER) that came for a pending record. */
int signer_client_complete_ca(struct signer_client *c, const unsigned char *pending, size_t len,
    const unsigned char *cert, size_t cert_len, unsigned char **sealed, size_t *sealed_len,
    struct gh_error *err) GH_MUSTCHECK;
struct signer_renewed_ca {
	struct signer_blob cert, sealed;
	struct signer_blob old_with_new,
	    new_with_old; /* root with a new key; else empty. RFC 4210, 4.4 */
};
int signer_client_renew_ca(struct signer_client *c, const struct signer_renew_ca *f,
    struct signer_renewed_ca *out, struct gh_error *err) GH_MUSTCHECK;
void signer_renewed_ca_free(struct signer_renewed_ca *r);
/* Needs no password: the key is not touched. */
int signer_client_set_limits(struct signer_client *c, const unsigned char *sealed, size_t len,
    const struct signer_limits *limits, unsigned char **out, size_t *out_len,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * CRLs, signed while they pass: begin, entries in pieces, end, on one connection; the pieces need
 * not be kept together. The file is a SEQUENCE header (gh_der_put_header over the sum of all that
 * follows), head, the entries as they were sent, tail, sig. A CRL that is begun replaces the one
 * before it; after any failure, a lost connection too, it is to be begun again. Other questions may
 * be asked in between. GH_E_NOT_FOUND: CA not loaded; GH_E_CA_LOCKED; GH_E_SIGNER: a field or an
 * entry is malformed.
 */
/* *head malloc'd: TBSCertList from its SEQUENCE header to before the first entry. */
int signer_client_crl_begin(struct signer_client *c, const struct signer_crl_fields *f,
    unsigned char **head, size_t *head_len, struct gh_error *err) GH_MUSTCHECK;
/* Whole entries, at most SIGNER_CRL_PIECE_MAX bytes. */
int signer_client_crl_entries(struct signer_client *c, const unsigned char *p, size_t len,
    struct gh_error *err) GH_MUSTCHECK;
/* Both malloc'd. tail: crlExtensions; sig: signatureAlgorithm and signatureValue. */
int signer_client_crl_end(struct signer_client *c, unsigned char **tail, size_t *tail_len,
    unsigned char **sig, size_t *sig_len, struct gh_error *err) GH_MUSTCHECK;

/*
 * n OCSP answers in one question, 1 to SIGNER_OCSP_BATCH_MAX: out[i] is a complete OCSPResponse
 * (RFC 6960, 4.2.1: successful, basic, responder by key hash, with the signer's certificate);
 * out[i].p malloc'd. All or none: after a failure all of them are NULL. GH_E_NOT_FOUND: OCSP signer
 * not loaded (a CA's id, too).
 */
int signer_client_sign_ocsp(struct signer_client *c, const struct signer_ocsp_fields *f, size_t n,
    struct signer_blob *out, struct gh_error *err) GH_MUSTCHECK;
/*
 * A key and certificate for OCSP answers about a CA's certificates (RFC 6960, 4.2.2.2): subject of
 * the CA with " OCSP" behind its CN, EKU OCSPSigning, nocheck. At most SIGNER_OCSP_SIGNER_DAYS_MAX
 * long and not beyond the CA's own end (not_after is cut to that). key_alg NULL: the kind of the
 * CA's. *sealed is loaded with signer_client_load_ca; its id is the SHA-256 of *cert.
 */
int signer_client_create_ocsp_signer(struct signer_client *c,
    const unsigned char ca_id[SIGNER_CA_ID_SIZE], int64_t not_before, int64_t not_after,
    const char *key_alg, unsigned char **cert, size_t *cert_len, unsigned char **sealed,
    size_t *sealed_len, struct gh_error *err) GH_MUSTCHECK;

/* Ed25519 over SIGNER_AUDIT_PREFIX, u64 seal_id (big-endian), head. The key is made of the system
 * key: the same after a restart. key_id: SHA-256 of its SubjectPublicKeyInfo. */
int signer_client_sign_audit(struct signer_client *c, const unsigned char head[SIGNER_AUDIT_HEAD],
    uint64_t seal_id, unsigned char sig[SIGNER_AUDIT_SIG], unsigned char key_id[32],
    struct gh_error *err) GH_MUSTCHECK;
/* *spki malloc'd: SubjectPublicKeyInfo, DER. */
int signer_client_audit_key(struct signer_client *c, unsigned char **spki, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

/* Whether the CA keys that lie in a PKCS#11 token can be used; the signer looks for them every few
 * seconds at most. Keys that are unreachable come back by themselves; meanwhile the rest of the
 * service works. */
int signer_client_token_state(struct signer_client *c, struct signer_token_state *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same of one CA, which must be loaded: GH_E_NOT_FOUND. */
int signer_client_token_key(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    struct signer_token_key *out, struct gh_error *err) GH_MUSTCHECK;

#endif
