/* The option table of `gatehouse enroll`, its defaults from the environment, and what must fit
 * together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "key_alg.h"

#include "client_flow.h"
#include "client_key.h"
#include "command.h"
#include "enroll_options.h"

static const struct usage enroll_usage = {"", 0, 0,
    "Gets a certificate: makes a key and a PKCS#10, signs and sends the request, checks that the answer is for "
    "this key and that its chain holds, and writes key, certificate and chain. Prints the numbers "
    "of the request and of the certificate, its serial number and more. Values not given come from "
    "GATEHOUSE_URL, GATEHOUSE_CAFILE, GATEHOUSE_APP_KEY, GATEHOUSE_APP_SECRET, GATEHOUSE_USER, "
    "GATEHOUSE_PASSWORD and GATEHOUSE_TEMPLATE. Exit codes: 0 issued, 1 denied or failed, 2 wrong options, "
    "3 pending.",
    "gatehouse enroll --url https://pki.example --user alice --template User --out-dir alice \\\n"
    "    --app-key QUFB... --app-secret-file app.secret\n"
    "gatehouse enroll --csr printer.csr --template WebServer --out-cert printer.pem\n"
    "gatehouse enroll --template CodeSigning --out-dir alice --wait      (until an officer decides)\n"
    "gatehouse enroll --request-id 17 --key alice/key.pem --out-dir alice  (later, also after a crash)\n"};

static struct enroll_options given;
static const char *hash = "sha256", *request_id;

static const struct option_row rows[] = {
    {"url", 'u', OPTION_TEXT, &given.url, "URL", "https://HOST[:PORT][/PREFIX] of the gateway"},
    {"cacert", 0, OPTION_TEXT, &given.ca_file, "FILE",
	"PEM: CAs trusted for the gateway's TLS (default: the system's)"},
    {"app-key", 0, OPTION_TEXT, &given.app_key, "KEY",
	"application key: base64, or hex:..., text:..."},
    {"app-secret", 0, OPTION_TEXT, &given.app_secret, "SECRET",
	"application secret: text, or hex:..., base64:...; others on this machine may see it"},
    {"app-secret-file", 0, OPTION_TEXT, &given.app_secret_file, "FILE",
	"the same, first line of FILE"},
    {"user", 0, OPTION_TEXT, &given.user, "NAME", "directory user, as in alice or DOMAIN\\alice"},
    {"password-file", 0, OPTION_TEXT, &given.password_file, "FILE",
	"its password, first line of FILE (default: GATEHOUSE_PASSWORD, or asked for)"},
    {"tls-cert", 0, OPTION_TEXT, &given.tls_cert, "FILE", "PEM: client certificate for TLS"},
    {"tls-key", 0, OPTION_TEXT, &given.tls_key, "FILE", "PEM: its key (default: in the same file)"},
    {"template", 't', OPTION_TEXT, &given.template_name, "NAME", "certificate template"},
    {"key-type", 0, OPTION_TEXT, &given.key_type, "TYPE",
	"new key: " GH_KEY_NAMES " (default: P-256)"},
    {"key", 'k', OPTION_TEXT, &given.key, "FILE", "use this PEM key instead of a new one"},
    {"csr", 0, OPTION_TEXT, &given.csr, "FILE",
	"send this PKCS#10 (PEM or DER); its key is elsewhere"},
    {"key-password-file", 0, OPTION_TEXT, &given.key_password_file, "FILE",
	"password of the key file: encrypts a new one, opens that of --key"},
    {"subject", 's', OPTION_TEXT, &given.subject, "DN",
	"subject asked for; most templates take it from the directory instead"},
    {"san", 0, OPTION_LIST, &given.san, "NAME",
	"name asked for: dns:, email:, upn:, ip: or uri:, likewise; repeat for more"},
    {"metadata", 'm', OPTION_LIST, &given.metadata, "NAME=VALUE",
	"stored with the certificate; repeat"},
    {"api-version", 0, OPTION_NUMBER, &given.version, "N",
	"CertEnroll version: 3 (default), 2 or 1"},
    {"hash", 0, OPTION_TEXT, &hash, "HASH",
	"HMAC of the signature: sha256 (default), sha512, or sha1 as other servers of this API need"},
    {"out-dir", 'o', OPTION_TEXT, &given.out_dir, "DIR",
	"folder for key.pem, cert.pem and chain.pem, made if missing (default: here)"},
    {"out-key", 0, OPTION_TEXT, &given.out_key, "FILE", "where the new key goes instead"},
    {"out-cert", 0, OPTION_TEXT, &given.out_cert, "FILE", "where the certificate goes instead"},
    {"out-chain", 0, OPTION_TEXT, &given.out_chain, "FILE",
	"where its issuers go instead, root last"},
    {"out-p12", 0, OPTION_TEXT, &given.p12, "FILE",
	"also write key, certificate and chain as PKCS#12"},
    {"p12-password-file", 0, OPTION_TEXT, &given.p12_password_file, "FILE",
	"its password, first line of FILE (default: asked for)"},
    {"cert-only", 0, OPTION_FLAG, &given.cert_only, NULL, "ask for the certificate without chain"},
    {"trust-root", 0, OPTION_TEXT, &given.trust_root, "FILE",
	"PEM: the chain must end in one of these (default: the root that is sent)"},
    {"wait", 'w', OPTION_OPTIONAL, &given.wait, "SECONDS",
	"when an officer must approve, wait for it (without number: for ever)"},
    {"poll", 0, OPTION_NUMBER, &given.poll, "SECONDS",
	"look every so often while waiting (default: 5)"},
    {"request-id", 0, OPTION_TEXT, &request_id, "N",
	"fetch the answer to an earlier request; key: --key, --csr or key.pem of --out-dir"},
    {"timeout", 0, OPTION_NUMBER, &given.timeout, "SECONDS", "bound of one call (default: 60)"},
    {"retry", 0, OPTION_NUMBER, &given.retry, "SECONDS",
	"ask a busy gateway again for so long (default: 60, at most 240; 0: never)"},
    {"force", 'f', OPTION_FLAG, &given.force, NULL, "replace files that are there, also a key"},
    OPTION_JSON(&given.json),
    OPTION_END,
};

static const char *
environment(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0' ? v : NULL;
}

static void
set_defaults(struct enroll_options *o, const char *who)
{
	memset(o, 0, sizeof(*o));
	o->who = who;
	o->url = environment("GATEHOUSE_URL");
	o->ca_file = environment("GATEHOUSE_CAFILE");
	o->app_key = environment("GATEHOUSE_APP_KEY");
	o->app_secret = environment("GATEHOUSE_APP_SECRET");
	o->user = environment("GATEHOUSE_USER");
	o->template_name = environment("GATEHOUSE_TEMPLATE");
	o->out_dir = ".";
	o->version = 3;
	o->timeout = 60;
	o->retry = 60;
	o->poll = 5;
	o->wait = CLIENT_WAIT_NO;
}

/* Names in the output folder for what was not named. */
static int
default_path(struct enroll_options *o, size_t i, const char *name, const char **out)
{
	if (*out != NULL)
		return 0;
	if (snprintf(o->path[i], sizeof(o->path[i]), "%s/%s", o->out_dir, name) >=
	    (int)sizeof(o->path[i]))
		return -1;
	*out = o->path[i];
	return 0;
}

static int
finish_paths(struct enroll_options *o)
{
	if (default_path(o, 0, "key.pem", &o->out_key) != 0 ||
	    default_path(o, 1, "cert.pem", &o->out_cert) != 0 ||
	    default_path(o, 2, "chain.pem", &o->out_chain) != 0)
		return command_usage(o->who, "--out-dir is too long");
	o->makes_key = o->key == NULL && o->csr == NULL && o->request_id == 0;
	if (o->request_id != 0 && o->key == NULL && o->csr == NULL)
		o->key = o->out_key;
	return OPTIONS_GO;
}

static int
parse_words(struct enroll_options *o)
{
	char *end;

	if (!gh_hash_find(hash, &o->hash))
		return command_usage(o->who, "--hash is sha1, sha256 or sha512");
	if (request_id == NULL)
		return OPTIONS_GO;
	errno = 0;
	o->request_id = strtoll(request_id, &end, 10);
	if (errno != 0 || *end != '\0' || o->request_id < 1)
		return command_usage(o->who, "--request-id \"%s\" is no number", request_id);
	return OPTIONS_GO;
}

static int
check_key_options(const struct enroll_options *o)
{
	if (o->key != NULL && o->csr != NULL)
		return command_usage(o->who, "give --key or --csr, not both");
	if (o->key_type != NULL && (o->key != NULL || o->csr != NULL || o->request_id != 0))
		return command_usage(o->who, "--key-type is for a new key");
	if (o->key_type != NULL && !gh_key_is_name(o->key_type))
		return command_usage(o->who, "--key-type is " GH_KEY_NAMES);
	if (o->csr != NULL && (o->subject != NULL || o->san.n > 0))
		return command_usage(o->who,
		    "--subject and --san are in the file of --csr already");
	if (o->csr != NULL && (o->p12 != NULL || o->key_password_file != NULL))
		return command_usage(o->who,
		    "with --csr the key is not here: no PKCS#12, no key password");
	return OPTIONS_GO;
}

static int
check_options(const struct enroll_options *o)
{
	if (o->url == NULL)
		return command_usage(o->who, "--url (or GATEHOUSE_URL) is needed");
	if (o->template_name == NULL && o->request_id == 0)
		return command_usage(o->who, "--template (or GATEHOUSE_TEMPLATE) is needed");
	if (o->version < 1 || o->version > 3)
		return command_usage(o->who, "--api-version is 1, 2 or 3");
	if (o->timeout < 1 || o->poll < 1)
		return command_usage(o->who, "--timeout and --poll are at least 1");
	if (o->request_id != 0 && (o->subject != NULL || o->san.n > 0 || o->metadata.n > 0))
		return command_usage(o->who, "--request-id names a request that is made already");
	return check_key_options(o);
}

int
enroll_options_parse(struct enroll_options *o, int argc, char **argv)
{
	int n, rc;

	set_defaults(&given, argv[0]);
	rc = options_parse(&enroll_usage, rows, argc, argv, &n);
	*o = given;
	if (rc == OPTIONS_GO)
		rc = parse_words(o);
	if (rc == OPTIONS_GO)
		rc = check_options(o);
	if (rc == OPTIONS_GO)
		rc = finish_paths(o);
	if (o->key_type == NULL)
		o->key_type = "P-256";
	return rc;
}
