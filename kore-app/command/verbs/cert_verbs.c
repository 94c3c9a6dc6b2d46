/* `gatehouse cert`: what was issued. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "timestamp.h"

#include "command.h"
#include "list.h"
#include "options.h"
#include "cert_output.h"

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

/* What the options say of the filter; a mistake is told. serial: room for its digits. */
static int
check_filter(const char *who, struct store_filter *f, char serial[STORE_HEX_DIGITS_MAX + 1])
{
	if (f->cert_state != NULL && strcmp(f->cert_state, "valid") != 0 &&
	    strcmp(f->cert_state, "hold") != 0 && strcmp(f->cert_state, "revoked") != 0)
		return command_usage(who, "--status is valid, hold or revoked");
	if (f->serial != NULL && !store_clean_hex(f->serial, serial))
		return command_usage(who, "--serial has up to %d hexadecimal digits",
		    STORE_HEX_DIGITS_MAX);
	if (f->serial != NULL)
		f->serial = serial;
	return COMMAND_OK;
}

int
cmd_cert_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"SERIAL", "serial"},
	    {"SUBJECT", "subject"}, {"REQUESTER", "requester"}, {"TEMPLATE", "template"},
	    {"NOT AFTER", "not_after"}, {"STATUS", "status"}, {"REVOKED", "revoked_at"},
	    {"REASON", "reason"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_CERTS, columns};
	struct store_filter filter = {.newest_first = true};
	char serial[STORE_HEX_DIGITS_MAX + 1];
	const char *conf = NULL, *from = NULL, *to = NULL;
	bool json = false;
	int limit = 50;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"status", 's', OPTION_TEXT, &filter.cert_state, "STATUS",
		"only valid, hold or revoked ones"},
	    {"requester", 'r', OPTION_TEXT, &filter.name, "NAME",
		"only certificates asked for by NAME, as the list has it: DOMAIN\\user"},
	    {"template", 't', OPTION_TEXT, &filter.template_name, "NAME",
		"only certificates of template NAME"},
	    {"serial", 0, OPTION_TEXT, &filter.serial, "HEX", "only those with this serial number"},
	    {"expires-after", 0, OPTION_TEXT, &from, "TIME",
		"only those whose validity ends at TIME or later: 2030-01-31, 2030-01-31T12:00:00Z (UTC) or now"},
	    {"expires-before", 0, OPTION_TEXT, &to, "TIME",
		"only those whose validity ends at TIME or earlier"},
	    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default 50; 0: all)"},
	    {"oldest-first", 0, OPTION_UNFLAG, &filter.newest_first, NULL,
		"from the first one issued; with --expires-..., from the first one that ends"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0, "Lists issued certificates, newest first.",
	    "gatehouse cert list --requester 'CORP\\alice' --template User\n"
	    "gatehouse cert list --status revoked --limit 0 --json\n"
	    "gatehouse cert list --expires-after now --expires-before 2030-01-31 --oldest-first\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (parse_time(from, &filter.expires_from) != 0 || parse_time(to, &filter.expires_to) != 0)
		return command_usage(argv[0],
		    "a time is written as 2030-01-31, 2030-01-31T12:00:00Z or now");
	if ((rc = check_filter(argv[0], &filter, serial)) != COMMAND_OK)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, limit);
}

/* The object of store_get_cert and its DER. der malloc'd. */
struct found_cert {
	gh_json *row;
	unsigned char *der;
	size_t len;
};

static void
found_clear(struct found_cert *f)
{
	gh_json_free(f->row);
	free(f->der);
}

static int
find_cert(const char *conf, const char *id, struct found_cert *f, struct gh_error *err)
{
	struct session s;
	const char *text;
	int rc = session_open(&s, conf, SESSION_STORE, err);

	memset(f, 0, sizeof(*f));
	if (rc != 0)
		return rc;
	rc = store_get_cert(s.store, id, &f->row, err);
	session_close(&s);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, rc,
		    "there is no certificate with id, serial or thumbprint %.100s", id);
	if (rc != 0)
		return rc;
	text = gh_json_string(gh_json_get(f->row, "der"));
	if (text == NULL)
		rc = gh_fail(err, GH_E_DB, "certificate without DER");
	else
		rc = gh_base64_decode(text, strlen(text), &f->der, &f->len, err);
	if (rc != 0)
		found_clear(f);
	return rc;
}

int
cmd_cert_show(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	    "Shows what is recorded of a certificate, and its content.",
	    "gatehouse cert show 17\ngatehouse cert show 3F9A0C... --json\n"};
	struct found_cert f;
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (find_cert(conf, argv[1], &f, &err) != 0)
		return command_fail(argv[0], &err);
	if (json)
		rc = output_json(f.row);
	else {
		rc = output_object(f.row, "der");
		putchar('\n');
		if (pem_write_text(stdout, f.der, f.len) != COMMAND_OK)
			rc = COMMAND_FAILED;
	}
	found_clear(&f);
	return rc;
}

int
cmd_cert_export(int argc, char **argv)
{
	const char *conf = NULL;
	bool der = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"der", 0, OPTION_FLAG, &der, NULL, "write DER, not PEM"},
	    OPTION_END,
	};
	static const struct usage usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	    "Writes a certificate to standard output.",
	    "gatehouse cert export 17 > alice.pem\ngatehouse cert export --der 17 > alice.cer\n"};
	struct found_cert f;
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (find_cert(conf, argv[1], &f, &err) != 0)
		return command_fail(argv[0], &err);
	if (der)
		rc = fwrite(f.der, 1, f.len, stdout) == f.len ? COMMAND_OK : COMMAND_FAILED;
	else
		rc = pem_write_certificate(stdout, f.der, f.len);
	found_clear(&f);
	return output_finish() != COMMAND_OK ? COMMAND_FAILED : rc;
}
