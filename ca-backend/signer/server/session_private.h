/* What the files of a connection share. */
#ifndef SIGNER_SESSION_PRIVATE_H
#define SIGNER_SESSION_PRIVATE_H

#include "signer/issue/crl_sign.h"
#include "signer/protocol/protocol_frames.h"
#include "session.h"

struct session {
	struct signer *signer;
	int fd;
	bool is_admin;
	struct signer_frames in; /* questions */
	struct gh_buf out;       /* answers that are to be sent */
	struct crl_sign *crl;    /* begun and not ended; NULL = none */
};

int session_fail_garbled(struct gh_error *err);
/* A loaded issuer, to be given back with issuer_unref; GH_E_NOT_FOUND also when it is of the
 * other kind; GH_E_CA_LOCKED when its key is locked. */
int session_find_issuer(struct session *s, const unsigned char id[SIGNER_CA_ID_SIZE],
    enum issuer_kind kind, struct issuer **out, struct gh_error *err) GH_MUSTCHECK;
/* The signer's own trail: whoever steals a worker cannot sign a certificate without leaving it. */
void session_log_signed(const struct gh_buf *cert_der);

/* Operations, session_keys.c: the keys of CAs and their passwords. */
int session_load_ca(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_set_password(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_unlock(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_lock(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_ca_state(struct session *s, struct gh_reader *r, struct gh_error *err);

/* Operations, session_admin.c: making, importing, renewing CAs. On the inherited socket only. */
int session_create_ca(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_import_ca(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_create_csr(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_complete_ca(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_renew_ca(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_set_limits(struct session *s, struct gh_reader *r, struct gh_error *err);

/* Operations, session_sign.c: each reads its question and writes the payload of its answer to
 * s->out. */
int session_crl_begin(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_crl_entries(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_crl_end(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_sign_ocsp(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_create_ocsp_signer(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_sign_audit(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_audit_key(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_token_state(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_token_key(struct session *s, struct gh_reader *r, struct gh_error *err);

/* Operations, session_kra.c: of a KRA. */
int session_kra_create_key(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_archive(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_recover(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_rewrap(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_generate(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_seal_policy(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_show_policy(struct session *s, struct gh_reader *r, struct gh_error *err);
int session_kra_check_approval(struct session *s, struct gh_reader *r, struct gh_error *err);

#endif
