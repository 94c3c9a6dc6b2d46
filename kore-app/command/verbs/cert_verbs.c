/* `gatehouse cert list|show|export`: what was issued. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "timestamp.h"

#include "command.h"
#include "list.h"
#include "cert_output.h"
#include "verb.h"

/* ---- list ---- */

static const char *from, *to;
static char serial[STORE_HEX_DIGITS_MAX + 1];
static struct list_query query = {STORE_LIST_CERTS, {.newest_first = true}, 50};
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"status", 's', OPTION_TEXT, &query.filter.cert_state, "STATUS",
	"only valid, hold, revoked or foreign ones"},
    {"requester", 'r', OPTION_TEXT, &query.filter.name, "NAME",
	"only certificates asked for by NAME, as the list has it: DOMAIN\\user"},
    {"template", 't', OPTION_TEXT, &query.filter.template_name, "NAME",
	"only certificates of template NAME"},
    {"serial", 0, OPTION_TEXT, &query.filter.serial, "HEX", "only those with this serial number"},
    {"expires-after", 0, OPTION_TEXT, &from, "TIME",
	"only those whose validity ends at TIME or later: 2030-01-31, 2030-01-31T12:00:00Z (UTC) or now"},
    {"expires-before", 0, OPTION_TEXT, &to, "TIME",
	"only those whose validity ends at TIME or earlier"},
    {"limit", 'n', OPTION_NUMBER, &query.limit, "N", "how many rows (default 50; 0: all)"},
    {"oldest-first", 0, OPTION_UNFLAG, &query.filter.newest_first, NULL,
	"from the first one issued; with --expires-..., from the first one that ends"},
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"ID", "id"}, {"SERIAL", "serial"},
    {"SUBJECT", "subject"}, {"REQUESTER", "requester"}, {"TEMPLATE", "template"},
    {"NOT AFTER", "not_after"}, {"STATUS", "status"}, {"REVOKED", "revoked_at"},
    {"REASON", "reason"}, {NULL, NULL}};

/* NULL stays 0. A date alone is its first second. */
static int
parse_time(const char *text, int64_t *out)
{
	if (text == NULL)
		return 0;
	if (strcmp(text, "now") == 0) {
		*out = gh_now();
		return 0;
	}
	return gh_day_parse(text, out) ? 0 : gh_timestamp_parse(text, out, NULL);
}

static int
check_filter(const struct verb_call *c)
{
	struct store_filter *f = &query.filter;

	if (parse_time(from, &f->expires_from) != 0 || parse_time(to, &f->expires_to) != 0)
		return command_usage(c->who,
		    "a time is written as 2030-01-31, 2030-01-31T12:00:00Z or now");
	if (f->cert_state != NULL && strcmp(f->cert_state, "valid") != 0 &&
	    strcmp(f->cert_state, "hold") != 0 && strcmp(f->cert_state, "revoked") != 0 &&
	    strcmp(f->cert_state, "foreign") != 0)
		return command_usage(c->who, "--status is valid, hold, revoked or foreign");
	if (f->serial != NULL && !store_clean_hex(f->serial, serial))
		return command_usage(c->who, "--serial has up to %d hexadecimal digits",
		    STORE_HEX_DIGITS_MAX);
	if (f->serial != NULL)
		f->serial = serial;
	return COMMAND_OK;
}

const struct verb verb_cert_list = {
    .usage = {"", 0, 0, "Lists issued certificates, newest first.",
	"gatehouse cert list --requester 'CORP\\alice' --template User\n"
	"gatehouse cert list --status revoked --limit 0 --json\n"
	"gatehouse cert list --expires-after now --expires-before 2030-01-31 --oldest-first\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .check = check_filter,
    .work = list_rows,
    .columns = columns,
    .arg = &query,
};

/* ---- show, export ---- */

static unsigned char *der;
static size_t der_len;
static bool as_der;

/* Its object, and its DER. */
static int
find(struct verb_call *c, struct gh_error *err)
{
	const char *id = c->operand[0], *text;
	int rc = cert_output_read(c->env.store, id, &c->out, err);

	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, rc,
		    "there is no certificate with id, serial or thumbprint %.100s", id);
	if (rc != 0)
		return rc;
	text = gh_json_string(gh_json_get(c->out, "der"));
	if (text == NULL)
		return gh_fail(err, GH_E_DB, "certificate without DER");
	return gh_base64_decode(text, strlen(text), &der, &der_len, err);
}

static void
free_der(void)
{
	free(der);
	der = NULL;
}

static int
show(struct verb_call *c)
{
	int rc = output_object(c->out, "der");

	putchar('\n');
	return pem_write_text(stdout, der, der_len) != COMMAND_OK ? COMMAND_FAILED : rc;
}

const struct verb verb_cert_show = {
    .usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	"Shows what is recorded of a certificate, and its content.",
	"gatehouse cert show 17\ngatehouse cert show 3F9A0C... --json\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = find,
    .show = show,
    .clear = free_der,
};

static int export(struct verb_call *c)
{
	int rc;

	(void)c;
	if (as_der)
		rc = fwrite(der, 1, der_len, stdout) == der_len ? COMMAND_OK : COMMAND_FAILED;
	else
		rc = pem_write_certificate(stdout, der, der_len);
	return output_finish() != COMMAND_OK ? COMMAND_FAILED : rc;
}

static const struct option_row export_options[] = {
    VERB_CONFIG,
    {"der", 0, OPTION_FLAG, &as_der, NULL, "write DER, not PEM"},
    OPTION_END,
};
const struct verb verb_cert_export = {
    .usage = {"ID|SERIAL|THUMBPRINT", 1, 1, "Writes a certificate to standard output.",
	"gatehouse cert export 17 > alice.pem\ngatehouse cert export --der 17 > alice.cer\n"},
    .options = export_options,
    .needs = NEEDS_STORE,
    .work = find,
    .show = export,
    .clear = free_der,
};
