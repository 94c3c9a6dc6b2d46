/* One connection to the signer. See session.h and docs/signer-protocol.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <openssl/crypto.h>

#include "signer/issue/cert_build.h"
#include "signer/issue/cert_limits.h"
#include "dn_print.h"
#include "hex.h"
#include "log.h"
#include "session_private.h"
#include "timestamp.h"
#include "wiping.h"

/* --- frames ----------------------------------------------------------------------------------- */

enum received { RECEIVED, RECEIVED_END /* closed between frames */, RECEIVED_BROKEN };

static bool
send_answers(struct session *s)
{
	size_t sent = 0;
	bool is_sent;

	while (sent < s->out.len) {
		ssize_t n = send(s->fd, s->out.data + sent, s->out.len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	is_sent = sent == s->out.len;
	if (s->out.secret)
		OPENSSL_cleanse(s->out.data, s->out.len);
	s->out.len = 0;
	return is_sent;
}

/*
 * Read what there is. A connection may be idle for ever before a frame, but a frame that has begun
 * must end by the deadline: *deadline is 0 while nothing of it has come. recv gives up every
 * SIGNER_IO_SECONDS (SO_RCVTIMEO), so that the deadline is looked at.
 */
static enum received
receive(struct session *s, int64_t *deadline)
{
	enum received broken = signer_frames_is_empty(&s->in) ? RECEIVED_END : RECEIVED_BROKEN;
	size_t room;
	unsigned char *p = signer_frames_room(&s->in, &room);
	ssize_t n;

	if (p == NULL)
		return RECEIVED_BROKEN;
	n = recv(s->fd, p, room, 0);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
		return broken;
	if (n > 0)
		signer_frames_added(&s->in, (size_t)n);
	if (signer_frames_is_empty(&s->in))
		return RECEIVED;
	if (*deadline == 0)
		*deadline = gh_now_us() + SIGNER_IO_SECONDS * 1000000LL;
	return gh_now_us() < *deadline ? RECEIVED : RECEIVED_BROKEN;
}

/* The next question. Answers are sent when no whole question is left, so that a batch of questions
 * that came at once is answered at once; their lines are written then, too. */
static enum received
receive_frame(struct session *s, unsigned char **payload, size_t *len)
{
	enum received result = RECEIVED;
	enum signer_taken taken;
	int64_t deadline = 0;

	while ((taken = signer_frames_take(&s->in, payload, len)) == SIGNER_FRAME_PARTIAL &&
	    result == RECEIVED) {
		if (!send_answers(s))
			return RECEIVED_END;
		gh_log_release();
		result = receive(s, &deadline);
		gh_log_hold();
	}
	return taken == SIGNER_FRAME_IMPOSSIBLE ? RECEIVED_BROKEN : result;
}

/* --- operations: each writes the payload of its answer to s->out ------------------------------ */

int
session_fail_garbled(struct gh_error *err)
{
	return gh_fail(err, GH_E_BAD_REQUEST, "payload does not fit the operation");
}

int
session_find_issuer(struct session *s, const unsigned char id[SIGNER_CA_ID_SIZE],
    enum issuer_kind kind, struct issuer **out, struct gh_error *err)
{
	int rc = 0;

	*out = issuer_table_get(s->signer->issuers, id);
	if (*out == NULL || (*out)->kind != kind)
		rc = gh_fail(err, GH_E_NOT_FOUND, "%s is not loaded",
		    kind == ISSUER_CA ? "CA" : "OCSP signer");
	else if (issuer_is_locked(*out))
		rc = gh_fail(err, GH_E_CA_LOCKED, "the key of the CA is locked");
	if (rc != 0) {
		issuer_unref(*out);
		*out = NULL;
	}
	return rc;
}

static int
ping(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	(void)s;
	return gh_reader_is_done(r) ? 0 : session_fail_garbled(err);
}

void
session_log_signed(const struct gh_buf *cert_der)
{
	struct gh_der in = {cert_der->data, cert_der->len}, cert, tbs, serial, subject;
	char *serial_hex = NULL, *subject_text = NULL;

	if (gh_der_take(&in, GH_DER_SEQUENCE, &cert) && gh_der_take(&cert, GH_DER_SEQUENCE, &tbs) &&
	    gh_der_take(&tbs, GH_DER_CONTEXT(0), NULL) &&
	    gh_der_take(&tbs, GH_DER_INTEGER, &serial) &&
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* signature */
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* issuer */
	    gh_der_take(&tbs, GH_DER_SEQUENCE, NULL) && /* validity */
	    gh_der_take_whole(&tbs, GH_DER_SEQUENCE, &subject)) {
		/* as the gateway's line has it */
		bool has_sign_octet = serial.len > 1 && serial.p[0] == 0;

		serial_hex = gh_hex_encode(serial.p + has_sign_octet, serial.len - has_sign_octet);
		subject_text = gh_dn_print(subject.p, subject.len, false);
	}
	gh_log_kv(GH_LOG_INFO, "certificate signed", "serial", serial_hex, "subject", subject_text,
	    NULL);
	free(serial_hex);
	free(subject_text);
}

static int
sign_with(struct session *s, const struct issuer *ca, const struct signer_cert_fields *fields,
    struct gh_error *err)
{
	struct cert_facts facts;
	struct gh_buf cert;
	int rc;

	if ((rc = cert_fields_read(fields, &facts, err)) != 0 ||
	    (rc = cert_limits_check(&facts, ca, err)) != 0)
		return rc;
	/* Workers can read every sealed record in the database, a root's too: whatever that root
	 * may sign, a worker that was taken over must not get a CA of its own. */
	if (facts.is_ca && !s->is_admin)
		return gh_fail(err, GH_E_SIGNER, "CA certificates are not signed on this socket");
	if ((rc = ca_known_check(s->signer->known, &facts, err)) != 0)
		return rc;
	gh_buf_init(&cert, CERT_DER_MAX);
	if ((rc = cert_build_checked(&facts, ca, &cert, err)) == 0) {
		session_log_signed(&cert);
		signer_put_block(&s->out, cert.data, cert.len);
	}
	gh_buf_free(&cert);
	return rc;
}

static int
sign_cert(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_cert_fields fields;
	struct issuer *ca;
	int rc;

	if (!signer_get_sign_cert(r, &fields))
		return session_fail_garbled(err);
	if ((rc = session_find_issuer(s, fields.ca_id, ISSUER_CA, &ca, err)) != 0)
		return rc;
	rc = sign_with(s, ca, &fields, err);
	issuer_unref(ca);
	return rc;
}

#define CA_ONLY SIGNER_CA
#define KRA_ONLY SIGNER_KRA
#define BOTH (SIGNER_CA | SIGNER_KRA)

static const struct operation {
	enum signer_op op;
	const char *name;
	unsigned roles;
	bool is_for_admin;
	bool has_secret; /* the question is wiped, and what answering it left on the stack */
	int (*run)(struct session *, struct gh_reader *, struct gh_error *);
} operations[] = {
    {SIGNER_OP_PING, "ping", BOTH, false, false, ping},
    {SIGNER_OP_LOAD_CA, "load_ca", BOTH, false, false, session_load_ca},
    {SIGNER_OP_SIGN_CERT, "sign_cert", CA_ONLY, false, false, sign_cert},
    {SIGNER_OP_CRL_BEGIN, "crl_begin", CA_ONLY, false, false, session_crl_begin},
    {SIGNER_OP_CRL_ENTRIES, "crl_entries", CA_ONLY, false, false, session_crl_entries},
    {SIGNER_OP_CRL_END, "crl_end", CA_ONLY, false, false, session_crl_end},
    {SIGNER_OP_SIGN_OCSP, "sign_ocsp", CA_ONLY, false, false, session_sign_ocsp},
    {SIGNER_OP_CREATE_OCSP_SIGNER, "create_ocsp_signer", CA_ONLY, false, false,
	session_create_ocsp_signer},
    {SIGNER_OP_SIGN_AUDIT, "sign_audit", CA_ONLY, false, false, session_sign_audit},
    {SIGNER_OP_AUDIT_KEY, "audit_key", CA_ONLY, false, false, session_audit_key},
    {SIGNER_OP_TOKEN_STATE, "token_state", BOTH, false, false, session_token_state},
    {SIGNER_OP_TOKEN_KEY, "token_key", CA_ONLY, false, false, session_token_key},
    {SIGNER_OP_SET_PASSWORD, "set_password", BOTH, false, true, session_set_password},
    {SIGNER_OP_UNLOCK, "unlock", BOTH, false, true, session_unlock},
    {SIGNER_OP_LOCK, "lock", BOTH, false, false, session_lock},
    {SIGNER_OP_CA_STATE, "ca_state", BOTH, false, false, session_ca_state},
    {SIGNER_OP_CREATE_CA, "create_ca", CA_ONLY, true, true, session_create_ca},
    {SIGNER_OP_IMPORT_CA, "import_ca", CA_ONLY, true, true, session_import_ca},
    {SIGNER_OP_CREATE_CSR, "create_csr", CA_ONLY, true, true, session_create_csr},
    {SIGNER_OP_COMPLETE_CA, "complete_ca", CA_ONLY, true, false, session_complete_ca},
    {SIGNER_OP_RENEW_CA, "renew_ca", CA_ONLY, true, true, session_renew_ca},
    {SIGNER_OP_SET_LIMITS, "set_limits", CA_ONLY, true, false, session_set_limits},
    {SIGNER_OP_KRA_CREATE_KEY, "kra_create_key", KRA_ONLY, false, true, session_kra_create_key},
    {SIGNER_OP_KRA_ARCHIVE, "kra_archive", KRA_ONLY, false, true, session_kra_archive},
    {SIGNER_OP_KRA_RECOVER, "kra_recover", KRA_ONLY, false, true, session_kra_recover},
    {SIGNER_OP_KRA_REWRAP, "kra_rewrap", KRA_ONLY, false, true, session_kra_rewrap},
    {SIGNER_OP_KRA_GENERATE, "kra_generate", KRA_ONLY, false, true, session_kra_generate},
    {SIGNER_OP_KRA_SHOW_POLICY, "kra_show_policy", KRA_ONLY, false, false, session_kra_show_policy},
    {SIGNER_OP_KRA_CHECK_APPROVAL, "kra_check_approval", KRA_ONLY, false, false,
	session_kra_check_approval},
    {SIGNER_OP_KRA_SEAL_POLICY, "kra_seal_policy", KRA_ONLY, true, false, session_kra_seal_policy},
};

static const struct operation *
find_operation(uint8_t op)
{
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (operations[i].op == op)
			return &operations[i];
	}
	return NULL;
}

/* --- session ---------------------------------------------------------------------------------- */

static int
run_operation(struct session *s, const struct operation *o, struct gh_reader *r,
    struct gh_error *err)
{
	size_t at;
	int rc;

	if (o == NULL)
		return gh_fail(err, GH_E_BAD_REQUEST, "unknown operation");
	if ((o->roles & s->signer->role) == 0)
		return gh_fail(err, GH_E_FORBIDDEN, "not an operation of this role");
	if (o->is_for_admin && !s->is_admin)
		return gh_fail(err, GH_E_FORBIDDEN, "not permitted on this socket");
	at = signer_frame_append(&s->out, o->op);
	if ((rc = o->run(s, r, err)) == 0)
		return signer_frame_close(&s->out, at, err);
	s->out.len = at;
	s->out.failed = false;
	return rc;
}

static bool
answer_error(struct session *s, const struct operation *o, int code, const struct gh_error *err)
{
	bool is_usual = code == GH_E_NOT_FOUND || code == GH_E_CA_LOCKED;
	size_t at;

	gh_log_kv(is_usual ? GH_LOG_INFO : GH_LOG_WARN, err->detail, "operation",
	    o != NULL ? o->name : "unknown", "error", gh_error_info((enum gh_code)code)->name,
	    NULL);
	at = signer_frame_append(&s->out, SIGNER_OP_ERROR);
	signer_put_error(&s->out, code, err->detail);
	return signer_frame_close(&s->out, at, NULL) == 0;
}

/* Answer a question; false when the connection must end: who cannot frame a question, or asks what
 * is not his to ask, is broken or hostile. */
static bool
answer(struct session *s, unsigned char *question, size_t len)
{
	struct gh_error err = {0};
	struct gh_reader r;
	const struct operation *o;
	int rc;

	gh_reader_init(&r, question, len);
	o = find_operation(gh_reader_u8(&r));
	rc = run_operation(s, o, &r, &err);
	if (o != NULL && o->has_secret) {
		OPENSSL_cleanse(question, len);
		wiping_stack();
	}
	if (rc != 0 && !answer_error(s, o, rc, &err))
		return false;
	if (s->out.len > SIGNER_FRAMES_SIZE && !send_answers(s))
		return false;
	return rc != GH_E_BAD_REQUEST && rc != GH_E_FORBIDDEN;
}

static bool
set_timeouts(int fd)
{
	struct timeval tv = {SIGNER_IO_SECONDS, 0};

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0;
}

void
session_run(struct signer *signer, int fd, bool is_admin)
{
	struct session s = {.signer = signer, .fd = fd, .is_admin = is_admin};
	enum received result = RECEIVED_BROKEN;
	unsigned char *question;
	size_t len;

	signer_frame_init(&s.out);
	s.out.secret = signer->role == SIGNER_KRA; /* a PKCS#12 is as good as its password */
	if (!set_timeouts(fd)) {
		gh_log(GH_LOG_ERROR, "setsockopt: %s", strerror(errno));
		return;
	}
	while (
	    (result = receive_frame(&s, &question, &len)) == RECEIVED && answer(&s, question, len))
		;
	gh_log_release();
	(void)send_answers(&s); /* to who is still there */
	if (result == RECEIVED_BROKEN)
		gh_log(GH_LOG_WARN, "connection closed: a frame was oversized, stalled or cut off");
	crl_sign_free(s.crl);
	gh_buf_free(&s.out);
	signer_frames_free(&s.in);
	OPENSSL_thread_stop();
}
