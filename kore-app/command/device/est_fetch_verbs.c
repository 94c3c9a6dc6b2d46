/* `gatehouse est pal` and `gatehouse est fetch`: what a server has for a client (RFC 8295). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable_file.h"

#include "command.h"

#include "est_receipt.h"
#include "est_settings.h"

#define PAGES_MAX 100
#define PAL_MAX (1024 * 1024) /* bytes of one page, quoted */
#define DIGITS_MAX 18         /* of a number that JSON's readers take */

static const char *dir, *out_file;
static bool force, no_receipt;

static const struct option_row pal_options[] = {
    {"dir", 'd', OPTION_TEXT, &dir, "DIR",
	"folder of the device: its certificate is the log-in, and its server is asked"},
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static const struct option_row fetch_options[] = {
    {"dir", 'd', OPTION_TEXT, &dir, "DIR",
	"folder of the device: its certificate is the log-in, and its server is asked"},
    {"out", 'o', OPTION_TEXT, &out_file, "FILE", "where it goes, DER, mode 0600"},
    {"force", 'f', OPTION_FLAG, &force, NULL, "replace a file that is there"},
    {"no-receipt", 0, OPTION_FLAG, &no_receipt, NULL,
	"symmetrickeys: do not look at what came, and answer nothing (RFC 7191)"},
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static int
open_server(struct est_device *d, struct gh_error *err)
{
	int rc;

	d->folder.lock = -1;
	if (dir == NULL)
		return est_server_open(&d->server, false, err);
	rc = est_folder_open(&d->folder, dir, false, err);
	return rc == 0 ? est_settings_open(d, err) : rc;
}

/* ---- pal ---- */

/* Serial numbers are JSON numbers of up to 20 octets: put into quotes what no integer holds. */
static int
quote_numbers(const char *p, size_t n, struct gh_buf *out, struct gh_error *err)
{
	bool is_text = false;
	size_t digits;

	gh_buf_init(out, PAL_MAX);
	for (size_t i = 0; i < n; i++) {
		if (is_text && p[i] == '\\' && i + 1 < n)
			gh_buf_putc(out, p[i++]);
		else if (p[i] == '"')
			is_text = !is_text;
		for (digits = 0;
		     !is_text && i + digits < n && isdigit((unsigned char)p[i + digits]);)
			digits++;
		if (digits > DIGITS_MAX)
			gh_buf_putc(out, '"');
		gh_buf_put(out, p + i, digits > 0 ? digits : 1);
		if (digits > DIGITS_MAX)
			gh_buf_putc(out, '"');
		i += digits > 0 ? digits - 1 : 0;
	}
	return gh_buf_check(out, err);
}

static int
read_page(struct est_server *s, const char *operation, gh_json **out, struct gh_error *err)
{
	const struct est_call call = {.operation = operation, .accept = "application/json"};
	struct est_reply reply;
	struct gh_buf text;
	int rc = est_call(s, &call, &reply, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = quote_numbers((const char *)reply.body.data, reply.body.len, &text, err);
	if (rc == 0 &&
	    (gh_json_parse((const char *)text.data, text.len, GH_JSON_STRICT, out, NULL) != 0 ||
		gh_json_type(*out) != GH_JSON_ARRAY))
		rc = gh_refuse(err, GH_E_BAD_JSON, "the server's list cannot be read");
	gh_buf_free(&text);
	est_reply_clear(&reply);
	return rc;
}

/* "issuer, serial", or the one text that it is. malloc'd. */
static char *
info_text(const gh_json *info)
{
	const gh_json *iasn = gh_json_get(info, "iasn");
	const char *text = NULL;
	char *out, *serial;

	if (iasn != NULL) {
		serial = output_text(gh_json_get(iasn, "serial"));
		text = gh_json_string(gh_json_get(iasn, "issuer"));
		if (serial == NULL ||
		    asprintf(&out, "%s, serial %s", text != NULL ? text : "?", serial) < 0)
			out = NULL;
		free(serial);
		return out;
	}
	for (size_t i = 0; i < 3 && text == NULL; i++)
		text =
		    gh_json_string(gh_json_get(info, (const char *const[]){"uri", "dn", "ski"}[i]));
	return strdup(text != NULL ? text : "?");
}

/* Where the next page is, below our label: the last part of its path. "": there is none. */
static void
next_page(const gh_json *entry, char *out, size_t size)
{
	const char *type = gh_json_string(gh_json_get(entry, "type"));
	const char *uri = gh_json_string(gh_json_get(gh_json_get(entry, "info"), "uri")), *at;

	out[0] = '\0';
	if (type == NULL || uri == NULL || strcmp(type, "0001") != 0 ||
	    (at = strstr(uri, "/pal")) == NULL || strlen(at + 1) >= size ||
	    strpbrk(at, " \r\n#@") != NULL)
		return;
	snprintf(out, size, "%s", at + 1);
}

static int
copy_member(const gh_json *entry, const char *name, gh_json *row)
{
	gh_json *v = gh_json_get(entry, name);

	return v != NULL ? gh_json_set(row, name, gh_json_ref(v)) : 0;
}

static int
take_entry(const gh_json *entry, gh_json *all, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	char *info = info_text(gh_json_get(entry, "info"));
	int bad = row == NULL || info == NULL || copy_member(entry, "type", row) != 0 ||
	    copy_member(entry, "date", row) != 0 || copy_member(entry, "size", row) != 0 ||
	    gh_json_set_string(row, "info", info) != 0;

	free(info);
	if (!bad)
		return gh_json_append(all, row) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "list");
	gh_json_free(row);
	return gh_fail(err, GH_E_NOMEM, "list");
}

static int
pal_work(struct verb_call *c, struct gh_error *err)
{
	struct est_device d = {.who = c->who};
	char page[256] = "pal";
	gh_json *entries;
	int rc = open_server(&d, err), pages = 0;

	c->out = gh_json_new_array();
	while (rc == 0 && page[0] != '\0') {
		rc = pages++ < PAGES_MAX
		    ? read_page(&d.server, page, &entries, err)
		    : gh_refuse(err, GH_E_BAD_JSON, "the server's list does not end");
		page[0] = '\0';
		for (size_t i = 0; rc == 0 && i < gh_json_size(entries); i++) {
			next_page(gh_json_at(entries, i), page, sizeof(page));
			if (page[0] == '\0')
				rc = take_entry(gh_json_at(entries, i), c->out, err);
		}
		gh_json_free(entries);
	}
	est_device_clear(&d);
	return rc;
}

static const struct output_column pal_columns[] = {
    {"TYPE", "type"},
    {"FETCHED", "date"},
    {"SIZE", "size"},
    {"WHAT", "info"},
    {NULL, NULL},
};

const struct verb verb_est_pal = {
    .usage = {"", 0, 0,
	"Lists what an EST server has for this client, or wants from it (RFC 8295, 2): type, when it was fetched last, "
	"bytes, and where it is.",
	"gatehouse est pal --dir /var/lib/printer/est\n"},
    .options = pal_options,
    .work = pal_work,
    .columns = pal_columns,
};

/* ---- fetch ---- */

static int
check_fetch(const struct verb_call *c)
{
	return out_file != NULL ? COMMAND_OK : command_usage(c->who, "--out is missing");
}

/* A path below the label: letters, digits and "._/-", no step up. */
static int
check_path(const char *path, struct gh_error *err)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";

	return path[0] != '/' && path[strspn(path, plain)] == '\0' && strstr(path, "..") == NULL
	    ? 0
	    : gh_refuse(err, GH_E_CONF,
		  "WHAT is firmware, symmetrickeys, tamp, eecerts or crls, or a path below one: firmware/7");
}

static int
show_fetched(struct verb_call *c, const struct est_reply *reply, size_t n, bool is_sent,
    struct gh_error *err)
{
	c->out = gh_json_new_object();
	return gh_json_set_string(c->out, "type", reply->type) == 0 &&
		gh_json_set_int(c->out, "bytes", (int64_t)n) == 0 &&
		gh_json_set_string(c->out, "file", out_file) == 0 &&
		gh_json_set_bool(c->out, "receipt", is_sent) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "result");
}

/* Firmware and messages of TAMP are answered by who loads them and knows what came of it. */
static bool
is_answered(const char *path)
{
	static const char keys[] = "symmetrickeys";
	size_t n = sizeof(keys) - 1;

	return !no_receipt && strncmp(path, keys, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* The receipt says that the keys are here: so first the file, then the receipt. */
static int
keep(const struct verb_call *c, struct est_server *s, const struct gh_der *package, bool *is_sent,
    struct gh_error *err)
{
	struct est_receipt receipt = {0};
	bool answers = is_answered(c->operand[0]);
	int rc = answers ? est_receipt_open(&receipt, s, c->who, package, err) : 0;

	*is_sent = false;
	if (rc == 0)
		rc = gh_file_write(out_file, package->p, package->len, 0600, force, err);
	if (rc == 0 && answers && (rc = est_receipt_send(&receipt, s, is_sent, err)) != 0)
		fprintf(stderr, "%s: the file is there; its receipt was not sent\n", c->who);
	est_receipt_clear(&receipt);
	return rc;
}

static int
fetch_work(struct verb_call *c, struct gh_error *err)
{
	const struct est_call call = {.operation = c->operand[0]};
	struct est_device d = {.who = c->who};
	struct est_reply reply = {0};
	unsigned char *der = NULL;
	bool is_sent = false;
	size_t n = 0;
	int rc = open_server(&d, err);

	if (rc == 0)
		rc = check_path(c->operand[0], err);
	if (rc == 0)
		rc = est_call(&d.server, &call, &reply, err);
	if (rc == 0)
		rc = est_reply_der(&reply, &der, &n, err);
	if (rc == 0)
		rc = keep(c, &d.server, &(struct gh_der){der, n}, &is_sent, err);
	if (rc == 0)
		rc = show_fetched(c, &reply, n, is_sent, err);
	if (der != NULL)
		OPENSSL_cleanse(der, n);
	free(der);
	est_reply_clear(&reply);
	est_device_clear(&d);
	return rc;
}

const struct verb verb_est_fetch = {
    .usage = {"WHAT", 1, 1,
	"Fetches what an EST server has for this client (RFC 8295): firmware, symmetrickeys, tamp, eecerts or crls; or "
	"one thing of these by the path that `gatehouse est pal` shows behind the label: firmware/7. Symmetric keys are "
	"looked at: a receipt is sent where they ask for one (RFC 7191), and an error where they cannot be taken.",
	"gatehouse est fetch firmware --dir /var/lib/printer/est --out firmware.cms\n"},
    .options = fetch_options,
    .check = check_fetch,
    .work = fetch_work,
};
