/* `gatehouse est key`: keys of EST clients that private keys made here are encrypted for.
 * docs/est.md */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "asn1_time.h"
#include "catalog/catalog_seal.h"
#include "encoding.h"
#include "est/est_recipient.h"
#include "hex.h"
#include "package/package_audience.h"
#include "pem.h"
#include "store/catalog/est_key_row.h"
#include "timestamp.h"
#include "utf8.h"

#include "command.h"
#include "file.h"
#include "list.h"
#include "prompt.h"

#define NAME_MAX_BYTES 80
#define KEK_MADE 32 /* bytes */

#define PASSWORD_MIN 16 /* bytes: a PKCS#12 can be tried without us */
#define PASSWORD_MAX 128

static const char *whose, *secret_file, *cert_file, *password_file, *id_text, *until;
static bool is_made;
static int64_t expires; /* 0: never */

static const struct option_row options[] = {
    VERB_CONFIG,
    {"for", 'f', OPTION_TEXT, &whose, "CLIENT",
	"add: whose it is: user:NAME, est-user:NAME, device:LABEL/SUBJECT or device:HEX"},
    {"secret-file", 0, OPTION_TEXT, &secret_file, "FILE",
	"add: a key-encryption key of 16, 24 or 32 bytes, first line of FILE (\"-\": standard input): "
	"hex:..., base64:... or text:..."},
    {"generate", 'g', OPTION_FLAG, &is_made, NULL,
	"add: make a key-encryption key of 32 bytes, and show it once"},
    {"certificate", 0, OPTION_TEXT, &cert_file, "FILE",
	"add: a certificate (PEM) whose key, RSA or EC, decrypts"},
    {"password-file", 0, OPTION_TEXT, &password_file, "FILE",
	"add: a password of 16 to 128 bytes, first line of FILE (\"-\": standard input), under which the client gets its key "
	"as PKCS#12"},
    {"id", 0, OPTION_TEXT, &id_text, "HEX",
	"add: what the client calls a key-encryption key (default: the bytes of NAME); a certificate has its "
	"subject key identifier"},
    {"until", 'u', OPTION_TEXT, &until, "TIME",
	"add: it is good until this day or time (UTC); a certificate until its end at most"},
    VERB_JSON,
    OPTION_END,
};

/* ---- what is added ---- */

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "EST key");
}

static int
set_identifier(gh_json *row, const void *p, size_t n, struct gh_error *err)
{
	char text[2 * DECRYPT_KEY_ID_MAX + 1];

	if (n == 0 || n > DECRYPT_KEY_ID_MAX)
		return gh_refuse(err, GH_E_CONF, "an identifier has 1 to %d bytes",
		    DECRYPT_KEY_ID_MAX);
	return gh_json_set_string(row, "identifier", gh_hex_upper(p, n, text)) == 0
	    ? 0
	    : no_memory(err);
}

static int
put_identifier(const char *name, gh_json *row, struct gh_error *err)
{
	unsigned char *id = NULL;
	size_t n;
	int rc;

	if (id_text == NULL)
		return set_identifier(row, name, strlen(name), err);
	if (strlen(id_text) % 2 != 0 || gh_hex_decode(id_text, strlen(id_text), &id, &n, err) != 0)
		return gh_refuse(err, GH_E_CONF, "--id is hexadecimal, two digits a byte");
	rc = set_identifier(row, id, n, err);
	free(id);
	return rc;
}

static int
seal(const struct verb_call *c, const void *secret, size_t n, gh_json *row, struct gh_error *err)
{
	char *sealed = NULL;
	int rc = catalog_seal_as(SEAL_LABEL_EST_KEY, c->env.secret, secret, n, &sealed, err);

	if (rc == 0 && gh_json_set_string(row, "secret_sealed", sealed) != 0)
		rc = no_memory(err);
	free(sealed);
	return rc;
}

static int
seal_kek(const struct verb_call *c, const unsigned char *kek, size_t n, gh_json *row,
    struct gh_error *err)
{
	return n == 16 || n == 24 || n == 32
	    ? seal(c, kek, n, row, err)
	    : gh_refuse(err, GH_E_CONF,
		  "a key-encryption key has 16, 24 or 32 bytes; this one has %zu", n);
}

/* Its identifier is empty, as no request can name a key. */
static int
read_password(const struct verb_call *c, gh_json *row, struct gh_error *err)
{
	char *text = NULL;
	int rc = prompt_secret(password_file, "password", PASSWORD_MIN, PASSWORD_MAX, &text, err);

	if (rc != 0)
		return rc;
	rc = gh_json_set_string(row, "identifier", "") == 0 ? seal(c, text, strlen(text), row, err)
							    : no_memory(err);
	prompt_free(text);
	return rc;
}

static int
read_kek(const struct verb_call *c, gh_json *row, struct gh_error *err)
{
	unsigned char *kek = NULL;
	char *text = NULL;
	size_t n = 0;
	int rc = prompt_password(secret_file, "key", false, &text, err);

	if (rc == 0)
		rc = gh_secret_decode(text, &kek, &n, err);
	if (rc == 0)
		rc = seal_kek(c, kek, n, row, err);
	if (kek != NULL)
		OPENSSL_cleanse(kek, n);
	free(kek);
	prompt_free(text);
	return rc;
}

static int
make_kek(struct verb_call *c, gh_json *row, struct gh_error *err)
{
	unsigned char kek[KEK_MADE];
	char text[sizeof("hex:") + 2 * KEK_MADE] = "hex:";
	int rc;

	if (RAND_bytes(kek, sizeof(kek)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	rc = seal_kek(c, kek, sizeof(kek), row, err);
	(void)gh_hex_lower(kek, sizeof(kek), text + strlen("hex:"));
	if (rc == 0 && (c->made = strdup(text)) == NULL)
		rc = no_memory(err);
	OPENSSL_cleanse(text, sizeof(text));
	OPENSSL_cleanse(kek, sizeof(kek));
	return rc;
}

static int
put_cert(X509 *x, gh_json *row, struct gh_error *err)
{
	unsigned char own[EST_KEY_ID_SIZE], *der = NULL;
	struct gh_der id;
	int64_t end = 0;
	char *text = NULL;
	int n, rc = est_recipient_check(x, err);

	if (rc != 0)
		return rc;
	if (gh_asn1_time_get(X509_get0_notAfter(x), &end) && (expires == 0 || end < expires))
		expires = end;
	est_recipient_id(x, own, &id);
	if ((rc = set_identifier(row, id.p, id.len, err)) != 0)
		return rc;
	n = i2d_X509(x, &der);
	if (n > 0)
		text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);
	if (text == NULL || gh_json_set_string(row, "cert", text) != 0)
		rc = no_memory(err);
	free(text);
	OPENSSL_free(der);
	return rc;
}

static int
read_certificate(gh_json *row, struct gh_error *err)
{
	STACK_OF(X509) *certs = NULL;
	char *text;
	size_t len;
	int rc = file_read(cert_file, &text, &len, err);

	if (rc != 0)
		return rc;
	rc = gh_pem_read_certs(text, len, &certs, err);
	free(text);
	if (rc == 0)
		rc = sk_X509_num(certs) == 1
		    ? put_cert(sk_X509_value(certs, 0), row, err)
		    : gh_refuse(err, GH_E_CONF, "%.100s: give one certificate", cert_file);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

static int
put_key(struct verb_call *c, gh_json *row, struct gh_error *err)
{
	int rc;

	if (cert_file != NULL)
		return read_certificate(row, err);
	if (password_file != NULL)
		return read_password(c, row, err);
	rc = put_identifier(c->operand[1], row, err);
	if (rc != 0)
		return rc;
	return is_made ? make_kek(c, row, err) : read_kek(c, row, err);
}

/* ---- the actions ---- */

static int
run_add(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc;

	if (gh_json_set_string(row, "name", c->operand[1]) != 0 ||
	    gh_json_set_string(row, "audience", whose) != 0 ||
	    gh_json_set_string(row, "secret_sealed", NULL) != 0 ||
	    gh_json_set_string(row, "cert", NULL) != 0)
		rc = no_memory(err);
	else
		rc = put_key(c, row, err);
	if (rc == 0 &&
	    gh_json_set(row, "expires",
		expires != 0 ? gh_json_new_int(expires) : gh_json_new_string(NULL)) != 0)
		rc = no_memory(err);
	if (rc == 0)
		rc = store_add_est_key(c->env.store, &c->env.who, row, err);
	gh_json_free(row);
	return rc;
}

static int
run_remove(struct verb_call *c, struct gh_error *err)
{
	return store_remove_est_key(c->env.store, &c->env.who, c->operand[1], err);
}

static const char *
kind_of(const gh_json *row)
{
	const char *id = gh_json_string(gh_json_get(row, "identifier"));

	return gh_json_string(gh_json_get(row, "cert")) != NULL ? "certificate"
	    : id != NULL && *id != '\0'                         ? "symmetric"
								: "password";
}

/* What kind it is, in place of the certificate. */
static int
run_list(struct verb_call *c, struct gh_error *err)
{
	int rc = store_load_est_keys(c->env.store, &c->out, err);

	for (size_t i = 0; rc == 0 && i < gh_json_size(c->out); i++) {
		gh_json *row = gh_json_at(c->out, i);

		if (gh_json_set_string(row, "kind", kind_of(row)) != 0 ||
		    gh_json_set_string(row, "cert", NULL) != 0)
			rc = no_memory(err);
	}
	return rc == 0 ? list_tidy_secrets(c->out, err) : rc;
}

static const struct output_column columns[] = {{"NAME", "name"}, {"FOR", "audience"},
    {"KIND", "kind"}, {"IDENTIFIER", "identifier"}, {"EXPIRES", "expires"}, {NULL, NULL}};

static const struct verb_action actions[] = {
    {"add", true, run_add, "is used from now on", NULL, NULL},
    {"remove", true, run_remove, "is used no more", NULL, NULL},
    {"list", false, run_list, NULL, columns, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

/* ---- the verb ---- */

static int
check_add(const struct verb_call *c)
{
	struct gh_error err;

	if (whose == NULL ||
	    (secret_file != NULL) + (cert_file != NULL) + (password_file != NULL) +
		    (is_made ? 1 : 0) !=
		1)
		return command_usage(c->who,
		    "give --for, and one of --secret-file, --generate, --certificate and --password-file");
	if (package_audience_check(whose, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	if (strcmp(whose, "all") == 0 || strncmp(whose, "group:", strlen("group:")) == 0)
		return command_usage(c->who,
		    "--for is one client: user:NAME, est-user:NAME, device:LABEL/SUBJECT or device:HEX");
	if ((cert_file != NULL || password_file != NULL) && id_text != NULL)
		return command_usage(c->who,
		    "a certificate has its own identifier, and a password none");
	if (until != NULL && !gh_day_parse(until, &expires) &&
	    gh_timestamp_parse(until, &expires, NULL) != 0)
		return command_usage(c->who, "--until is 2027-01-31 or 2027-01-31T12:00:00Z");
	return COMMAND_OK;
}

static int
check(const struct verb_call *c)
{
	if (c->operands == 2 &&
	    (*c->operand[1] == '\0' || strlen(c->operand[1]) > NAME_MAX_BYTES ||
		!gh_utf8_is_clean(c->operand[1])))
		return command_usage(c->who, "a name has 1 to %d bytes of UTF-8", NAME_MAX_BYTES);
	if (c->action->work == run_add)
		return check_add(c);
	if (whose != NULL || secret_file != NULL || cert_file != NULL || password_file != NULL ||
	    is_made || id_text != NULL || until != NULL)
		return command_usage(c->who, "those options are for add");
	return COMMAND_OK;
}

const struct verb verb_est_key = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Says for which key of a client of EST a private key that is made for it may be encrypted (RFC 7030, 4.4.1). ACTION is "
	"add, remove or list.",
	"gatehouse est key add meter-7 --for device:meters/CN=meter-7 --certificate meter-7.pem\n"
	"gatehouse est key add meter-8 --for est-user:meter-8 --secret-file meter-8.kek --id 0A1B\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "EST key",
    .made = "key",
    .check = check,
};
