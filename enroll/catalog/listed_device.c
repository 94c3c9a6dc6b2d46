/* Rows of est_device, as JSON, to devices. See listed_device.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "digest.h"
#include "dn_text.h"
#include "hex.h"
#include "json_row.h"
#include "utf8.h"

#include "listed_device.h"

#define TEXT_MAX 1000
#define SAN_NAMES_MAX 32

/* ---- serial numbers and keys ---- */

bool
listed_device_serial(const char *text, size_t len, char out[LISTED_DEVICE_SERIAL_SIZE])
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c > '~')
			return false;
		if (c == ' ' && (n == 0 || out[n - 1] == ' '))
			continue;
		if (n == LISTED_DEVICE_SERIAL_SIZE - 1)
			return false;
		out[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	if (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n > 0;
}

bool
listed_device_serial_of(const X509_NAME *name, char out[LISTED_DEVICE_SERIAL_SIZE])
{
	int at = X509_NAME_get_index_by_NID(name, NID_serialNumber, -1), n;
	unsigned char *text = NULL;
	bool ok = false;

	*out = '\0';
	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_serialNumber, at) >= 0)
		return false;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n > 0)
		ok = listed_device_serial((const char *)text, (size_t)n, out);
	OPENSSL_free(text);
	ERR_clear_error();
	return ok;
}

bool
listed_device_key(const X509 *cert, char out[LISTED_DEVICE_KEY_SIZE])
{
	unsigned char *der = NULL, sum[GH_DIGEST_MAX];
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool ok = n > 0 && gh_digest(GH_SHA256, der, (size_t)n, sum);

	*out = '\0';
	if (ok)
		(void)gh_hex_lower(sum, 32, out);
	OPENSSL_free(der);
	return ok;
}

/* ---- names ---- */

static int
add_name(GENERAL_NAMES *list, const char *word, struct gh_error *err)
{
	static const struct {
		const char *prefix;
		int type;
	} kinds[] = {{"dns:", GEN_DNS}, {"ip:", GEN_IPADD}, {"email:", GEN_EMAIL},
	    {"uri:", GEN_URI}};
	GENERAL_NAME *name = NULL;

	for (size_t i = 0; name == NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].prefix);

		if (strncasecmp(word, kinds[i].prefix, n) == 0 && word[n] != '\0')
			name = a2i_GENERAL_NAME(NULL, NULL, NULL, kinds[i].type, word + n, 0);
	}
	ERR_clear_error();
	if (name == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "san: \"%.100s\" is not dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI", word);
	if (sk_GENERAL_NAME_push(list, name) > 0)
		return 0;
	GENERAL_NAME_free(name);
	return gh_fail(err, GH_E_NOMEM, "names of a device");
}

static int
read_san(const char *san, GENERAL_NAMES **out, struct gh_error *err)
{
	char *copy = strdup(san), *rest = NULL;
	int rc = 0;

	if (copy == NULL || (*out = GENERAL_NAMES_new()) == NULL) {
		free(copy);
		return gh_fail(err, GH_E_NOMEM, "names of a device");
	}
	for (char *word = strtok_r(copy, " ", &rest); rc == 0 && word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		rc = sk_GENERAL_NAME_num(*out) < SAN_NAMES_MAX
		    ? add_name(*out, word, err)
		    : gh_refuse(err, GH_E_CONF, "san: more than %d names", SAN_NAMES_MAX);
	free(copy);
	return rc;
}

int
listed_device_names(const struct listed_device *d, struct csr_names *out, struct gh_error *err)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (d->subject == NULL)
		return 0;
	if ((rc = gh_dn_parse(d->subject, &out->subject, err)) == 0 && d->san != NULL)
		rc = read_san(d->san, &out->san, err);
	if (rc != 0)
		csr_names_clear(out);
	return rc;
}

bool
listed_device_has_label(const struct listed_device *d, const char *label)
{
	size_t n = strlen(label), len;

	if (d->labels == NULL)
		return true;
	for (const char *p = d->labels; *p != '\0'; p += len + (p[len] == ' ')) {
		len = strcspn(p, " ");
		if (len == n && strncasecmp(p, label, n) == 0)
			return true;
	}
	return false;
}

/* ---- a row ---- */

static void
clear_device(struct listed_device *d)
{
	free(d->serial);
	free(d->anchor);
	free(d->spki);
	free(d->labels);
	free(d->subject);
	free(d->san);
	free(d->est_user);
	memset(d, 0, sizeof(*d));
}

static int
take_text(const gh_json *row, const char *member, char **out, struct gh_error *err)
{
	const gh_json *v = gh_json_get(row, member);
	const char *text = gh_json_string(v);

	if (gh_json_type(v) == GH_JSON_NULL)
		return 0;
	if (text == NULL || strlen(text) > TEXT_MAX || !gh_utf8_is_clean(text))
		return gh_refuse(err, GH_E_CONF,
		    "%s: not a text of up to %d bytes without control characters", member,
		    TEXT_MAX);
	*out = strdup(text);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "device");
}

static int
check_key(const char *member, const char *text, struct gh_error *err)
{
	if (text == NULL ||
	    (strlen(text) == LISTED_DEVICE_KEY_SIZE - 1 &&
		strspn(text, "0123456789abcdef") == LISTED_DEVICE_KEY_SIZE - 1))
		return 0;
	return gh_refuse(err, GH_E_CONF, "%s: not the SHA-256 of a public key: 64 digits 0-9, a-f",
	    member);
}

/* What is absent or of another type falls on the safe side. */
static int
load_device(const gh_json *row, struct listed_device *out, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE];
	const char *text = gh_json_string(gh_json_get(row, "serial"));
	int rc;

	(void)gh_json_int(gh_json_get(row, "id"), &out->id);
	if (text == NULL || !listed_device_serial(text, strlen(text), serial))
		return gh_refuse(err, GH_E_CONF,
		    "serial: not 1 to %d printable characters of ASCII",
		    LISTED_DEVICE_SERIAL_SIZE - 1);
	out->is_enabled = gh_json_bool(gh_json_get(row, "enabled"), false);
	if (gh_json_type(gh_json_get(row, "expires")) != GH_JSON_NULL &&
	    (!gh_json_int(gh_json_get(row, "expires"), &out->expires) || out->expires <= 0))
		return gh_refuse(err, GH_E_CONF, "expires: no time");
	if ((rc = take_text(row, "anchor", &out->anchor, err)) != 0 ||
	    (rc = take_text(row, "spki", &out->spki, err)) != 0 ||
	    (rc = take_text(row, "labels", &out->labels, err)) != 0 ||
	    (rc = take_text(row, "subject", &out->subject, err)) != 0 ||
	    (rc = take_text(row, "san", &out->san, err)) != 0 ||
	    (rc = take_text(row, "est_user", &out->est_user, err)) != 0)
		return rc;
	if ((out->serial = strdup(serial)) == NULL ||
	    (out->anchor == NULL && (out->anchor = strdup("")) == NULL))
		return gh_fail(err, GH_E_NOMEM, "device");
	return 0;
}

int
listed_device_check(const gh_json *row, struct gh_error *err)
{
	struct listed_device d = {.id = 0};
	struct csr_names names = {NULL, NULL};
	char *note = NULL;
	int rc = load_device(row, &d, err);

	if (rc == 0)
		rc = take_text(row, "note", &note, err);
	if (rc == 0 && *d.anchor != '\0')
		rc = check_key("anchor", d.anchor, err);
	if (rc == 0)
		rc = check_key("spki", d.spki, err);
	if (rc == 0 && d.san != NULL && d.subject == NULL)
		rc = gh_refuse(err, GH_E_CONF,
		    "san: names come from the table where it has a subject; give one");
	if (rc == 0)
		rc = listed_device_names(&d, &names, err);
	free(note);
	csr_names_clear(&names);
	clear_device(&d);
	return rc;
}

/* ---- all of them ---- */

static int
compare(const void *a, const void *b)
{
	const struct listed_device *x = a, *y = b;
	int by_serial = strcmp(x->serial, y->serial);

	return by_serial != 0 ? by_serial : strcmp(x->anchor, y->anchor);
}

int
listed_devices_load(const gh_json *rows, struct listed_devices *out, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error why;

	memset(out, 0, sizeof(*out));
	if ((out->device = calloc(n + 1, sizeof(*out->device))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "devices");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (load_device(row, &out->device[out->n], &why) == 0) {
			out->n++;
			continue;
		}
		clear_device(&out->device[out->n]);
		if (gh_json_row_leave_out("device of EST", row, &why, err) != 0) {
			listed_devices_clear(out);
			return GH_E_NOMEM;
		}
	}
	qsort(out->device, out->n, sizeof(*out->device), compare);
	return 0;
}

void
listed_devices_clear(struct listed_devices *d)
{
	for (size_t i = 0; i < d->n; i++)
		clear_device(&d->device[i]);
	free(d->device);
	memset(d, 0, sizeof(*d));
}

const struct listed_device *
listed_devices_find_id(const struct listed_devices *d, int64_t id)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->device[i].id == id)
			return &d->device[i];
	return NULL;
}

const struct listed_device *
listed_devices_find_user(const struct listed_devices *d, const char *user)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->device[i].est_user != NULL && strcmp(d->device[i].est_user, user) == 0)
			return &d->device[i];
	return NULL;
}

static const struct listed_device *
find_exactly(const struct listed_devices *d, const char *serial, const char *anchor)
{
	const struct listed_device probe = {.serial = (char *)(uintptr_t)serial,
	    .anchor = (char *)(uintptr_t)anchor};

	return d->n > 0 ? bsearch(&probe, d->device, d->n, sizeof(*d->device), compare) : NULL;
}

const struct listed_device *
listed_devices_find(const struct listed_devices *d, const char *serial, const char *anchor,
    bool is_only)
{
	const struct listed_device *found = find_exactly(d, serial, anchor);

	return found == NULL && is_only ? find_exactly(d, serial, "") : found;
}

/* How many, and one of them. */
static size_t
count_serial(const struct listed_devices *d, const char *serial, const struct listed_device **one)
{
	size_t n = 0;

	*one = NULL;
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->device[i].serial, serial) == 0) {
			*one = &d->device[i];
			n++;
		}
	return n;
}

const struct listed_device *
listed_devices_find_only(const struct listed_devices *d, const char *serial)
{
	const struct listed_device *one;

	return count_serial(d, serial, &one) == 1 ? one : NULL;
}

bool
listed_devices_has(const struct listed_devices *d, const char *serial)
{
	const struct listed_device *one;

	return count_serial(d, serial, &one) > 0;
}
