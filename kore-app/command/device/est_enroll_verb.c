/* `gatehouse est enroll` and `gatehouse est reenroll`: a device's certificate, made and renewed in
 * place (RFC 7030, 4.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1_time.h"
#include "key_alg.h"
#include "timestamp.h"

#include "client/client_flow.h"
#include "command.h"

#include "est_attrs.h"
#include "est_device.h"
#include "est_hook.h"
#include "est_settings.h"

static struct {
	const char *dir, *fingerprint, *key_type, *subject, *hook;
	const char *decrypt_key, *decrypt_cert, *decrypt_id, *pkcs12, *pkcs12_password;
	struct option_list san;
	bool is_linked, same_key, new_key, now;
	int wait, poll, within;
} given = {.wait = CLIENT_WAIT_NO, .within = -1};

#define DIR_OPTION(text) \
	{ \
		"dir", 'd', OPTION_TEXT, &given.dir, "DIR", text \
	}
#define COMMON_OPTIONS \
	{"link", 0, OPTION_FLAG, &given.is_linked, NULL, \
	    "link the request to its TLS connection, also where the server does not say so (RFC 7030, 3.5)"}, \
	    {"wait", 'w', OPTION_OPTIONAL, &given.wait, "SECONDS", \
		"when an officer must approve, wait for it (without number: for ever)"}, \
	    {"poll", 0, OPTION_NUMBER, &given.poll, "SECONDS", \
		"ask again so often while waiting (default: as the server says)"}, \
	    {"new-key", 0, OPTION_FLAG, &given.new_key, NULL, \
		"forget the key of an earlier request that was not answered"}, \
	{ \
		"hook", 0, OPTION_TEXT, &given.hook, "COMMAND", \
		    "run by sh when a new certificate is in use; GATEHOUSE_EST_DIR is set" \
	}

#define ENROLL_OPTIONS \
	DIR_OPTION( \
	    "folder of the device, made if missing: DIR/current/key.pem, cert.pem, chain.pem"), \
	    {"fingerprint", 0, OPTION_TEXT, &given.fingerprint, "SHA256", \
		"of the server's root: whoever has another one is not believed (RFC 7030, 4.1.1)"}, \
	    {"subject", 's', OPTION_TEXT, &given.subject, "DN", \
		"subject asked for: \"CN=printer-7\""}, \
	    {"san", 0, OPTION_LIST, &given.san, "NAME", \
		"name asked for: dns:, email:, upn:, ip: or uri:; repeat for more"}, \
	    {"key-type", 0, OPTION_TEXT, &given.key_type, "TYPE", \
		"new key: " GH_KEY_NAMES " (default: as the server wants it, or P-256)"}, \
	    COMMON_OPTIONS

static const struct option_row enroll_options[] = {
    ENROLL_OPTIONS,
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static const struct option_row serverkeygen_options[] = {
    ENROLL_OPTIONS,
    {"decrypt-key", 0, OPTION_TEXT, &given.decrypt_key, "FILE",
	"the server encrypts the key for this one, and an unprotected one is refused (RFC 7030, 4.4.1): a private key "
	"(PEM), or a symmetric key of 16, 24 or 32 bytes (hex:..., base64:...)"},
    {"decrypt-certificate", 0, OPTION_TEXT, &given.decrypt_cert, "FILE",
	"of that private key (default: behind it)"},
    {"decrypt-id", 0, OPTION_TEXT, &given.decrypt_id, "HEX",
	"of that symmetric key: what the server knows it by"},
    {"pkcs12", 0, OPTION_TEXT, &given.pkcs12, "FILE",
	"ask for key and certificate as one PKCS#12 (RFC 8295, 8.3), which is kept in FILE, too, mode 0600"},
    {"pkcs12-password-file", 0, OPTION_TEXT, &given.pkcs12_password, "FILE",
	"password of the PKCS#12, as the server has it: first line of FILE, - is standard input (default: asked for)"},
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static const struct option_row reenroll_options[] = {
    DIR_OPTION("folder of the device, as `gatehouse est enroll` made it"),
    {"within", 0, OPTION_NUMBER, &given.within, "DAYS",
	"renew only what ends within so many days (default: in the last third of its life)"},
    {"now", 0, OPTION_FLAG, &given.now, NULL, "renew it, however long it is valid"},
    {"same-key", 0, OPTION_FLAG, &given.same_key, NULL,
	"keep the key (default: a new one of the same kind)"},
    COMMON_OPTIONS,
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static int
check_dir(const struct verb_call *c)
{
	return given.dir != NULL ? COMMAND_OK : command_usage(c->who, "--dir is missing");
}

/* ---- what is shown ---- */

static int
show_pending(struct verb_call *c, int retry_after, struct gh_error *err)
{
	c->exit = COMMAND_PENDING;
	c->out = gh_json_new_object();
	if (gh_json_set_string(c->out, "state", "pending") != 0 ||
	    gh_json_set_int(c->out, "retry_after", retry_after) != 0)
		return gh_fail(err, GH_E_NOMEM, "result");
	fprintf(stderr,
	    "%s: the request waits for a decision: call again in %d s, or with --wait\n", c->who,
	    retry_after);
	return 0;
}

static int
show_current(struct verb_call *c, const struct est_device *d, const char *state,
    struct gh_error *err)
{
	X509 *cert = NULL;
	int rc = est_folder_current(&d->folder, NULL, &cert, err);

	if (rc == 0)
		rc = est_settings_describe(cert, state, d->folder.path, &c->out, err);
	X509_free(cert);
	return rc;
}

/* The certificate is in use, whatever the hook says. */
static int
finish(struct verb_call *c, const struct est_device *d, enum est_outcome outcome, int retry_after,
    struct gh_error *err)
{
	int rc;

	if (outcome == EST_PENDING)
		return show_pending(c, retry_after, err);
	rc = show_current(c, d, "issued", err);
	if (rc == 0 && given.hook != NULL)
		rc = est_hook_run(given.hook, d->folder.path, err);
	return rc;
}

/* ---- enroll ---- */

/* What the server wants, where it says so and the options do not. */
static int
heed_attrs(struct est_device *d, struct gh_error *err)
{
	struct est_attrs attrs;
	int rc = est_attrs_fetch(&d->server, &attrs, err);

	/* a list is a courtesy: who is refused it may be given a certificate */
	if (rc == GH_E_AUTH_FAILED || rc == GH_E_FORBIDDEN || rc == GH_E_VALIDATION)
		return 0;
	if (rc != 0)
		return rc;
	given.is_linked |= attrs.wants_link;
	if (given.key_type == NULL)
		given.key_type = attrs.key_type;
	est_attrs_clear(&attrs);
	return 0;
}

static int
enroll(struct est_device *d, bool is_their_key, enum est_outcome *outcome, int *retry_after,
    struct gh_error *err)
{
	EVP_PKEY *key = NULL;
	struct est_csr csr = {0};
	int rc = heed_attrs(d, err);

	if (given.new_key)
		est_folder_drop_next(&d->folder);
	if (rc == 0)
		rc = est_folder_next_key(&d->folder,
		    given.key_type != NULL ? given.key_type : EST_KEY_TYPE, &key, err);
	if (rc == 0)
		rc = est_csr_build(&csr, key, given.subject, given.san.v, given.is_linked, err);
	if (rc == 0 && d->decrypt != NULL && (rc = est_decrypt_ask(d->decrypt, csr.req, err)) == 0)
		rc = est_csr_resign(&csr, err);
	if (rc == 0)
		rc = is_their_key
		    ? est_device_request_key(d, &csr, outcome, retry_after, err)
		    : est_device_request(d, "simpleenroll", &csr, outcome, retry_after, err);
	est_csr_clear(&csr);
	EVP_PKEY_free(key);
	return rc;
}

/* How the server protects a key that it makes, where more than TLS is asked for. */
struct protection {
	struct est_decrypt decrypt;
	struct est_pkcs12 pkcs12;
};

static int
prepare_protection(struct protection *p, struct est_device *d, struct gh_error *err)
{
	int rc = 0;

	if (given.decrypt_key != NULL &&
	    (rc = est_decrypt_read(given.decrypt_key, given.decrypt_cert, given.decrypt_id,
		 &p->decrypt, err)) == 0)
		d->decrypt = &p->decrypt;
	if (given.pkcs12 != NULL &&
	    (rc = est_pkcs12_prepare(given.pkcs12, given.pkcs12_password, &p->pkcs12, err)) == 0)
		d->pkcs12 = &p->pkcs12;
	return rc;
}

static int
enroll_work(struct verb_call *c, struct gh_error *err)
{
	struct est_device d = {.who = c->who, .wait = given.wait, .poll = given.poll};
	enum est_outcome outcome = EST_PENDING;
	bool is_bootstrapped = given.fingerprint != NULL && client_login_options.ca_file == NULL;
	struct protection protection = {.decrypt = {.kek = NULL}};
	int retry_after = 0, rc = est_folder_open(&d.folder, given.dir, true, err);

	if (rc == 0)
		rc = prepare_protection(&protection, &d, err);
	if (rc == 0 && est_folder_has(&d.folder, "current"))
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "%.100s holds a certificate already: use `gatehouse est reenroll`, or another --dir",
		    given.dir);
	if (rc == 0)
		rc = est_device_bootstrap(&d, given.fingerprint, err);
	if (rc == 0)
		rc = est_settings_keep(&d, is_bootstrapped, err);
	if (rc == 0)
		rc = enroll(&d, c->verb == &verb_est_serverkeygen, &outcome, &retry_after, err);
	if (rc == 0)
		rc = finish(c, &d, outcome, retry_after, err);
	est_device_clear(&d);
	est_decrypt_clear(&protection.decrypt);
	est_pkcs12_clear(&protection.pkcs12);
	return rc;
}

static int
check_decrypt(const struct verb_call *c)
{
	if (given.decrypt_key == NULL && (given.decrypt_cert != NULL || given.decrypt_id != NULL))
		return command_usage(c->who, "--decrypt-key is missing");
	if (given.decrypt_cert != NULL && given.decrypt_id != NULL)
		return command_usage(c->who,
		    "--decrypt-certificate is of a private key, --decrypt-id of a symmetric one");
	if (given.pkcs12 == NULL && given.pkcs12_password != NULL)
		return command_usage(c->who, "--pkcs12 is missing");
	if (given.pkcs12 != NULL && given.decrypt_key != NULL)
		return command_usage(c->who,
		    "--pkcs12 is protected by a password, --decrypt-key by a key: one of them");
	return check_dir(c);
}

const struct verb verb_est_enroll = {
    .usage = {"", 0, 0,
	"Gets a certificate from an EST server (RFC 7030), this gateway's or another one: learns its CA certificates, "
	"makes a key, sends the request, checks that the answer is for this key and chains to these CAs, and puts both into "
	"use in one step. What fails or waits is taken up by the same command again, with the same key. Exit codes: "
	"0 issued, 1 refused, 2 wrong options, 3 pending.",
	"gatehouse est enroll --url https://pki.example --label printers --user printer-7 \\\n"
	"    --fingerprint 4A:1B:... --subject CN=printer-7 --dir /var/lib/printer/est\n"},
    .options = enroll_options,
    .check = check_dir,
    .work = enroll_work,
};

const struct verb verb_est_serverkeygen = {
    .usage = {"", 0, 0,
	"As `gatehouse est enroll`, with a key that the server makes (RFC 7030, 4.4), for devices that cannot make a good one. "
	"It comes unprotected inside of TLS, encrypted for a key that the device has (--decrypt-key), or as PKCS#12 (--pkcs12). What asks for it is signed by a "
	"key of its own, which is thrown away.",
	"gatehouse est serverkeygen --url https://pki.example --label sensors --user sensor-3 \\\n"
	"    --fingerprint 4A:1B:... --subject CN=sensor-3 --dir /var/lib/sensor/est\n"},
    .options = serverkeygen_options,
    .check = check_decrypt,
    .work = enroll_work,
};

/* ---- reenroll ---- */

static bool
is_due(const X509 *cert)
{
	int64_t now = gh_now(), from = 0, to = 0, left;

	if (given.now || !gh_asn1_time_get(X509_get0_notAfter(cert), &to) ||
	    !gh_asn1_time_get(X509_get0_notBefore(cert), &from))
		return true;
	left = to - now;
	return given.within >= 0 ? left <= (int64_t)given.within * 86400 : left <= (to - from) / 3;
}

/* A key of the kind that there is. */
static int
prepare_key(const struct est_folder *f, EVP_PKEY *current, EVP_PKEY **key, struct gh_error *err)
{
	const char *type = gh_key_name_like(current);

	*key = NULL;
	if (given.new_key)
		est_folder_drop_next(f);
	if (!given.same_key)
		return est_folder_next_key(f, type != NULL ? type : EST_KEY_TYPE, key, err);
	*key = current;
	EVP_PKEY_up_ref(current);
	return est_folder_put_next_key(f, current, err);
}

static int
renew(struct est_device *d, EVP_PKEY *current, X509 *cert, enum est_outcome *outcome,
    int *retry_after, struct gh_error *err)
{
	struct est_csr csr = {0};
	EVP_PKEY *key = NULL;
	int rc = est_settings_open(d, err);

	if (rc == 0)
		rc = est_device_learn_cas(d, err);
	if (rc == 0)
		rc = prepare_key(&d->folder, current, &key, err);
	if (rc == 0)
		rc = est_csr_build_like(&csr, key, cert, given.is_linked, err);
	if (rc == 0)
		rc = est_device_request(d, "simplereenroll", &csr, outcome, retry_after, err);
	est_csr_clear(&csr);
	EVP_PKEY_free(key);
	return rc;
}

/* A server that says when it will renew has its own idea of what is due. */
static int
take_refusal(struct verb_call *c, const struct est_device *d, int rc, struct gh_error *err)
{
	if (rc != GH_E_FORBIDDEN || err->retry_after <= 0 || given.now)
		return rc;
	est_folder_drop_next(&d->folder);
	fprintf(stderr, "%s: ", c->who);
	output_safe(stderr, err->message);
	fputc('\n', stderr);
	return show_current(c, d, "not due", err);
}

static int
reenroll_work(struct verb_call *c, struct gh_error *err)
{
	struct est_device d = {.who = c->who, .wait = given.wait, .poll = given.poll};
	enum est_outcome outcome = EST_PENDING;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int retry_after = 0, rc = est_folder_open(&d.folder, given.dir, false, err);

	if (rc == 0)
		rc = est_folder_current(&d.folder, &key, &cert, err);
	if (rc == 0 && !is_due(cert))
		rc = show_current(c, &d, "not due", err);
	else if (rc == 0) {
		rc = renew(&d, key, cert, &outcome, &retry_after, err);
		rc = rc == 0 ? finish(c, &d, outcome, retry_after, err)
			     : take_refusal(c, &d, rc, err);
	}
	EVP_PKEY_free(key);
	X509_free(cert);
	est_device_clear(&d);
	return rc;
}

const struct verb verb_est_reenroll = {
    .usage = {"", 0, 0,
	"Renews the certificate of a folder when it is due: with the certificate itself as log-in, the same names, and a "
	"new key. Key and certificate are exchanged together, in one step; until then, and whatever fails, the old pair is in "
	"use. For a timer: conf/gatehouse-est@.timer. Exit codes: 0 renewed or not due, 1 refused, 2 wrong options, 3 pending.",
	"gatehouse est reenroll --dir /var/lib/printer/est --hook 'systemctl reload cups'\n"},
    .options = reenroll_options,
    .check = check_dir,
    .work = reenroll_work,
};
