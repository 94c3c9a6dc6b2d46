/* `gatehouse est cmc`: a client of Full CMC (RFC 5272). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "durable_file.h"
#include "formats/revocation_reason.h"
#include "hex.h"

#include "client/client_csr.h"
#include "client/client_key.h"
#include "command.h"
#include "file.h"
#include "prompt.h"
#include "verb.h"

#include "est_certs.h"
#include "est_cmc.h"
#include "est_cmc_parts.h"
#include "est_csr.h"

#define SECRET_MIN 16
#define SECRET_MAX 255
#define TOKEN_MAX 512 /* hex digits */

static const char *in_file, *out_file, *message_file, *csr_file, *request_key, *subject, *signer,
    *signer_key, *identity, *secret_file, *token, *certificate, *reason, *comment;
static struct option_list san;
static bool force;

static const struct option_row options[] = {
    {"request-key", 0, OPTION_TEXT, &request_key, "FILE",
	"enroll, renew: PEM, the private key of the certificate that is asked for"},
    {"subject", 's', OPTION_TEXT, &subject, "DN", "enroll: subject that is asked for"},
    {"san", 0, OPTION_LIST, &san, "NAME",
	"enroll: dns:, email:, upn:, ip: or uri: name that is asked for; repeat for more"},
    {"csr", 0, OPTION_TEXT, &csr_file, "FILE",
	"enroll: a PKCS#10 in place of these, PEM or DER; --signer signs the message"},
    {"signer", 0, OPTION_TEXT, &signer, "FILE",
	"PEM, the certificate that signs the message, and so says who asks; renew: whose names are kept"},
    {"signer-key", 0, OPTION_TEXT, &signer_key, "FILE",
	"PEM, its private key (default: in the same file)"},
    {"identity", 0, OPTION_TEXT, &identity, "NAME",
	"enroll, revoke: in place of --signer: whose shared secret it is"},
    {"secret-file", 0, OPTION_TEXT, &secret_file, "FILE",
	"that secret, first line of FILE, - is standard input (default: asked for)"},
    {"token", 0, OPTION_TEXT, &token, "HEX", "poll: of the request that waits, as it was shown"},
    {"certificate", 0, OPTION_TEXT, &certificate, "FILE",
	"revoke, confirm: PEM, the certificate that is meant"},
    {"reason", 0, OPTION_TEXT, &reason, "WORD",
	"revoke: as RFC 5280 calls it: keyCompromise, superseded ... (default: unspecified)"},
    {"comment", 0, OPTION_TEXT, &comment, "TEXT", "revoke: for the records of the server"},
    {"in", 'i', OPTION_TEXT, &in_file, "FILE",
	"send: a message that is there, DER; show: an answer, DER or base64"},
    {"message", 0, OPTION_TEXT, &message_file, "FILE",
	"keep what is sent, DER: sent again it gets the same answer"},
    {"out", 'o', OPTION_TEXT, &out_file, "FILE",
	"the certificates, PEM, the new one first; send: the answer, DER"},
    {"force", 'f', OPTION_FLAG, &force, NULL, "replace files that are there"},
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

/* What a message is made of. */
struct means {
	EVP_PKEY *key; /* of the request, or NULL */
	EVP_PKEY *signer_key;
	X509 *signer;
	char *secret;
	struct pki_draft draft;
};

static void
clear(struct means *m)
{
	EVP_PKEY_free(m->key);
	EVP_PKEY_free(m->signer_key);
	X509_free(m->signer);
	prompt_free(m->secret);
	pki_draft_free(&m->draft);
}

static int
read_means(struct means *m, struct gh_error *err)
{
	int rc = 0;

	pki_draft_init(&m->draft);
	if (signer != NULL && (rc = est_cmc_read_cert(signer, &m->signer, err)) == 0)
		rc = client_key_load(signer_key != NULL ? signer_key : signer, NULL, &m->signer_key,
		    err);
	if (rc == 0 && m->signer != NULL && X509_check_private_key(m->signer, m->signer_key) != 1) {
		ERR_clear_error();
		rc = gh_refuse(err, GH_E_CONF, "--signer-key is not the key of --signer");
	}
	if (rc == 0 && request_key != NULL)
		rc = client_key_load(request_key, NULL, &m->key, err);
	if (rc == 0 && identity != NULL)
		rc = prompt_secret(secret_file, "Secret", SECRET_MIN, SECRET_MAX, &m->secret, err);
	return rc;
}

/* ---- parts ---- */

static int
put_request(struct means *m, X509_REQ *req, struct gh_error *err)
{
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der), rc = 0;

	if (n <= 0)
		return gh_fail(err, GH_E_NOMEM, "PKCS#10");
	(void)pki_draft_add_pkcs10(&m->draft, &(struct gh_der){der, (size_t)n});
	OPENSSL_free(der);
	if (m->secret != NULL)
		rc = pki_draft_prove(&m->draft, identity, m->secret, err);
	return rc;
}

static int
add_enroll(struct means *m, struct gh_error *err)
{
	X509_REQ *req = NULL;
	int rc = csr_file != NULL ? client_csr_load(csr_file, &req, err)
				  : client_csr_build(m->key, subject, san.v, &req, err);

	if (rc == 0 && m->signer == NULL)
		rc = est_cmc_add_key_id(req, m->key, err);
	if (rc == 0)
		rc = put_request(m, req, err);
	X509_REQ_free(req);
	return rc;
}

static int
add_renew(struct means *m, struct gh_error *err)
{
	EVP_PKEY *key = m->key != NULL ? m->key : m->signer_key;
	struct est_csr csr;
	int rc = est_csr_build_like(&csr, key, m->signer, false, err);

	if (rc == 0)
		rc = put_request(m, csr.req, err);
	est_csr_clear(&csr);
	return rc;
}

static int
add_poll(struct means *m, struct gh_error *err)
{
	unsigned char *raw = NULL;
	size_t n = 0;
	int rc = strlen(token) <= TOKEN_MAX && strlen(token) % 2 == 0
	    ? gh_hex_decode(token, strlen(token), &raw, &n, err)
	    : GH_E_CONF;

	if (rc != 0 || n == 0)
		rc = gh_refuse(err, GH_E_CONF, "--token is hexadecimal, as it was shown");
	else
		(void)pki_draft_add_value(&m->draft, CMC_QUERY_PENDING, GH_DER_OCTETS, raw, n);
	free(raw);
	return rc;
}

static int
add_cert_control(struct means *m, enum cmc_kind kind, struct gh_buf *b, struct gh_error *err)
{
	int rc = gh_buf_check(b, err);

	if (rc == 0)
		(void)pki_draft_add_value(&m->draft, kind, GH_DER_SEQUENCE, b->data, b->len);
	gh_buf_free(b);
	return rc;
}

/* RevokeRequest (6.8); without a signature the secret is its passphrase. */
static int
add_revoke(struct means *m, struct gh_error *err)
{
	unsigned char code;
	struct gh_buf b;
	int n = 0, rc;

	if (reason != NULL && !revocation_reason_parse(reason, &n))
		return gh_refuse(err, GH_E_CONF, "--reason is one of RFC 5280: keyCompromise ...");
	code = (unsigned char)n;
	gh_buf_init(&b, CMS_MESSAGE_MAX);
	if ((rc = est_cmc_put_cert_id(certificate, &b, err)) != 0) {
		gh_buf_free(&b);
		return rc;
	}
	gh_der_put(&b, GH_DER_ENUMERATED, &code, 1);
	if (m->secret != NULL)
		gh_der_put(&b, GH_DER_OCTETS, m->secret, strlen(m->secret));
	if (comment != NULL)
		gh_der_put(&b, GH_DER_UTF8, comment, strlen(comment));
	if (m->secret != NULL)
		(void)pki_draft_add_value(&m->draft, CMC_IDENTIFICATION, GH_DER_UTF8, identity,
		    strlen(identity));
	return add_cert_control(m, CMC_REVOKE_REQUEST, &b, err);
}

static int
add_confirm(struct means *m, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, CMS_MESSAGE_MAX);
	if ((rc = est_cmc_put_cert_id(certificate, &b, err)) == 0)
		return add_cert_control(m, CMC_CONFIRM_CERT_ACCEPTANCE, &b, err);
	gh_buf_free(&b);
	return rc;
}

/* ---- what came of it ---- */

/* The certificate for our key first. */
static int
write_certs(const struct est_cmc_exchange *m, const EVP_PKEY *key, struct gh_error *err)
{
	STACK_OF(X509) *list = sk_X509_dup(m->certs);
	X509 *leaf = key != NULL ? est_certs_find(m->certs, key) : NULL;
	char *text;
	int rc = 0;

	if (list != NULL && leaf != NULL) {
		(void)sk_X509_delete_ptr(list, leaf);
		if (sk_X509_unshift(list, leaf) <= 0)
			rc = gh_fail(err, GH_E_NOMEM, "certificates");
	}
	text = list != NULL ? est_certs_pem(list) : NULL;
	if (rc == 0)
		rc = text != NULL ? gh_file_write(out_file, text, strlen(text), 0644, force, err)
				  : gh_fail(err, GH_E_NOMEM, "certificates");
	free(text);
	sk_X509_free(list);
	return rc;
}

/* A certificate alone must be ours: there is no status that says so. */
static int
check_own(const struct est_cmc_exchange *m, const EVP_PKEY *key, struct gh_error *err)
{
	return m->is_full || key == NULL || est_certs_find(m->certs, key) != NULL
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST,
		  "the answer has no certificate for the key of the request");
}

static int
finish(struct verb_call *c, const struct est_cmc_exchange *m, struct gh_error *err)
{
	c->exit = est_cmc_exit(m);
	c->out = est_cmc_describe(m);
	return c->out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "answer");
}

static int
exchange(struct verb_call *c, struct est_cmc_exchange *m, const EVP_PKEY *key, struct gh_error *err)
{
	struct est_server s = {0};
	int rc = 0;

	if (message_file != NULL)
		rc = gh_file_write(message_file, m->sent, m->sent_len, 0600, force, err);
	if (rc == 0 && (rc = est_server_open(&s, false, err)) == 0)
		rc = est_cmc_send(m, &s, err);
	est_server_close(&s);
	if (rc == 0 && (rc = check_own(m, key, err)) == 0)
		rc = finish(c, m, err);
	return rc;
}

/* ---- actions ---- */

static int
run(struct verb_call *c, int (*add)(struct means *m, struct gh_error *err), struct gh_error *err)
{
	struct means m = {.key = NULL};
	struct est_cmc_exchange cmc = {.sent = NULL};
	EVP_PKEY *by;
	int rc = read_means(&m, err);

	if (rc == 0)
		rc = add(&m, err);
	/* a secret that revokes is in a message that nobody signs (6.11) */
	by = m.signer_key != NULL ? m.signer_key : add == add_revoke ? NULL : m.key;
	if (rc == 0 && (rc = est_cmc_make(&cmc, &m.draft, by, m.signer, err)) == 0)
		rc = exchange(c, &cmc, m.key, err);
	if (rc == 0 && out_file != NULL && sk_X509_num(cmc.certs) > 0)
		rc = write_certs(&cmc, m.key != NULL ? m.key : m.signer_key, err);
	est_cmc_clear(&cmc);
	clear(&m);
	return rc;
}

static int
enroll(struct verb_call *c, struct gh_error *err)
{
	return run(c, add_enroll, err);
}

static int
renew(struct verb_call *c, struct gh_error *err)
{
	return run(c, add_renew, err);
}

static int
poll(struct verb_call *c, struct gh_error *err)
{
	return run(c, add_poll, err);
}

static int
revoke(struct verb_call *c, struct gh_error *err)
{
	return run(c, add_revoke, err);
}

static int
confirm(struct verb_call *c, struct gh_error *err)
{
	return run(c, add_confirm, err);
}

static int
read_in(unsigned char **out, size_t *len, struct gh_error *err)
{
	char *text;
	size_t n;
	int rc = file_read(in_file, &text, &n, err);

	if (rc != 0)
		return rc;
	rc = est_decode(text, n, out, len, err);
	if (rc != 0)
		rc = gh_refuse(err, GH_E_CONF, "%s: neither DER nor base64", in_file);
	free(text);
	return rc;
}

/* Of another program: what its nonce was is for it to compare. */
static int
send_file(struct verb_call *c, struct gh_error *err)
{
	struct est_cmc_exchange cmc = {.sent = NULL};
	int rc = read_in(&cmc.sent, &cmc.sent_len, err);

	if (rc == 0)
		rc = exchange(c, &cmc, NULL, err);
	if (rc == 0 && out_file != NULL)
		rc = gh_file_write(out_file, cmc.got, cmc.got_len, 0644, force, err);
	est_cmc_clear(&cmc);
	return rc;
}

static int
show_file(struct verb_call *c, struct gh_error *err)
{
	struct est_cmc_exchange cmc = {.sent = NULL};
	int rc = read_in(&cmc.got, &cmc.got_len, err);

	if (rc == 0 && (rc = est_cmc_read(&cmc, err)) == 0)
		rc = finish(c, &cmc, err);
	if (rc == 0 && out_file != NULL && sk_X509_num(cmc.certs) > 0)
		rc = write_certs(&cmc, NULL, err);
	est_cmc_clear(&cmc);
	return rc;
}

/* ---- as text ---- */

static void
show_text(const char *before, const gh_json *o, const char *member)
{
	const char *text = gh_json_string(gh_json_get(o, member));

	if (text == NULL || *text == '\0')
		return;
	fputs(before, stdout);
	output_safe(stdout, text);
}

static int
show(const gh_json *out)
{
	const gh_json *statuses = gh_json_get(out, "statuses"),
		      *certs = gh_json_get(out, "certificates");

	for (size_t i = 0; i < gh_json_size(statuses); i++) {
		const gh_json *s = gh_json_at(statuses, i);

		show_text("", s, "status");
		show_text(", ", s, "failure");
		show_text(": ", s, "meaning");
		show_text(". ", s, "text");
		show_text("\n  token  ", s, "token");
		show_text("\n  ask at ", s, "ask_at");
		putchar('\n');
	}
	for (size_t i = 0; i < gh_json_size(certs); i++) {
		show_text("certificate ", gh_json_at(certs, i), "serial");
		show_text("  ", gh_json_at(certs, i), "subject");
		putchar('\n');
	}
	return output_finish();
}

static const struct verb_action actions[] = {
    {"enroll", false, enroll, NULL, NULL, show},
    {"renew", false, renew, NULL, NULL, show},
    {"poll", false, poll, NULL, NULL, show},
    {"confirm", false, confirm, NULL, NULL, show},
    {"revoke", false, revoke, NULL, NULL, show},
    {"send", false, send_file, NULL, NULL, show},
    {"show", false, show_file, NULL, NULL, show},
    {NULL, false, NULL, NULL, NULL, NULL},
};

/* What is missing for this action; NULL: nothing. */
static const char *
missing(int (*work)(struct verb_call *c, struct gh_error *err))
{
	if (work == send_file || work == show_file)
		return in_file == NULL ? "--in is missing" : NULL;
	if (work == enroll && csr_file != NULL)
		return signer == NULL ? "--csr needs --signer, which signs the message" : NULL;
	if (work == enroll && request_key == NULL)
		return "--request-key is missing, or --csr";
	if (work == enroll)
		return NULL; /* TLS may say who asks */
	if (work == poll && token == NULL)
		return "--token is missing";
	if ((work == revoke || work == confirm) && certificate == NULL)
		return "--certificate is missing";
	if (signer == NULL && !(work == revoke && identity != NULL))
		return work == revoke ? "--signer or --identity is missing" : "--signer is missing";
	return NULL;
}

static int
check(const struct verb_call *c)
{
	const char *why = missing(c->action->work);

	if (why == NULL && signer != NULL && identity != NULL)
		why = "--signer and --identity exclude each other";
	if (why == NULL && csr_file != NULL && request_key != NULL)
		why = "--csr and --request-key exclude each other";
	return why != NULL ? command_usage(c->who, "%s", why) : COMMAND_OK;
}

const struct verb verb_est_cmc = {
    .usage = {"ACTION", 1, 1,
	"A client of Full CMC (RFC 5272) at an EST server (RFC 7030, 4.3). ACTION is enroll, renew, poll (for what waits), confirm or "
	"revoke (a certificate), send (a message of another program) or show (an answer that is there). Exit codes: 0 granted, 1 "
	"refused, 2 wrong options, 3 something waits.",
	"gatehouse est cmc enroll --url https://pki.example --cacert ca.pem --request-key key.pem --subject CN=gw-3 --identity gw-3 "
	"--secret-file once --out cert.pem\n"
	"gatehouse est cmc renew --url https://pki.example --signer cert.pem --signer-key key.pem --request-key new.pem --out "
	"new-cert.pem\n"
	"gatehouse est cmc revoke --url https://pki.example --certificate cert.pem --reason keyCompromise --identity gw-3\n"},
    .options = options,
    .actions = actions,
    .named = "message",
    .check = check,
};
