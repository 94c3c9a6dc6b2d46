/* See est_settings.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>

#include "asn1_time.h"
#include "dn_print.h"
#include "timestamp.h"

#include "est_settings.h"

/* ---- keeping ---- */

static int
set_absolute(gh_json *o, const char *name, const char *path, struct gh_error *err)
{
	char full[PATH_MAX];

	if (path == NULL)
		return 0;
	if (realpath(path, full) == NULL)
		return gh_refuse(err, GH_E_CONF, "%.150s: not found", path);
	return gh_json_set_string(o, name, full) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "est.json");
}

int
est_settings_keep(const struct est_device *d, bool is_bootstrapped, struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	char *text = NULL;
	int rc = 0;

	if (gh_json_set_string(o, "url", d->server.login.http.url) != 0 ||
	    gh_json_set_string(o, "label", d->server.label) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "est.json");
	if (rc == 0 && !is_bootstrapped)
		rc = set_absolute(o, "cacert", d->server.login.http.ca_file, err);
	if (rc == 0 && (text = gh_json_print(o, true)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "est.json");
	if (rc == 0)
		rc = est_folder_write(&d->folder, "est.json", text, err);
	free(text);
	gh_json_free(o);
	return rc;
}

/* ---- opening ---- */

struct names {
	char cert[PATH_MAX], key[PATH_MAX], cas[PATH_MAX];
};

static int
find_files(const struct est_folder *f, struct names *n, struct gh_error *err)
{
	int rc = est_folder_name(f, "current/cert.pem", n->cert, err);

	if (rc == 0)
		rc = est_folder_name(f, "current/key.pem", n->key, err);
	return rc == 0 ? est_folder_name(f, "ca.pem", n->cas, err) : rc;
}

/* What the options do not say, est.json does. The texts live as long as the process: options are
 * borrowed. */
static int
fill_options(const struct est_folder *f, struct gh_error *err)
{
	static struct names names;
	static gh_json *settings;
	struct client_login_options *o = &client_login_options;
	int rc = find_files(f, &names, err);

	gh_json_free(settings);
	settings = NULL;
	if (rc == 0)
		rc = est_folder_settings(f, &settings, err);
	if (rc != 0)
		return rc;
	if (verb_shared.url == NULL)
		verb_shared.url = gh_json_string(gh_json_get(settings, "url"));
	if (est_server_options.label == NULL)
		est_server_options.label = gh_json_string(gh_json_get(settings, "label"));
	if (o->ca_file == NULL)
		o->ca_file = gh_json_string(gh_json_get(settings, "cacert"));
	if (o->ca_file == NULL)
		o->ca_file = names.cas;
	if (o->tls_cert == NULL) {
		o->tls_cert = names.cert;
		o->tls_key = names.key;
	}
	return 0;
}

int
est_settings_open(struct est_device *d, struct gh_error *err)
{
	int rc = fill_options(&d->folder, err);

	return rc == 0 ? est_server_open(&d->server, false, err) : rc;
}

/* ---- showing ---- */

static char *
serial_of(const X509 *cert)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = n != NULL ? BN_bn2hex(n) : NULL, *out = hex != NULL ? strdup(hex) : NULL;

	BN_free(n);
	OPENSSL_free(hex);
	return out;
}

static char *
subject_of(X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(cert), &der);
	char *out = n > 0 ? gh_dn_print(der, (size_t)n, false) : NULL;

	OPENSSL_free(der);
	return out;
}

static int
set_time(gh_json *o, const char *name, const ASN1_TIME *t)
{
	char text[GH_TIMESTAMP_SIZE];
	int64_t seconds;

	return gh_asn1_time_get(t, &seconds)
	    ? gh_json_set_string(o, name, gh_timestamp_format(seconds, text))
	    : -1;
}

int
est_settings_describe(X509 *cert, const char *state, const char *dir, gh_json **out,
    struct gh_error *err)
{
	char *subject = subject_of(cert), *serial = serial_of(cert);
	gh_json *o = gh_json_new_object();
	int bad = subject == NULL || serial == NULL || gh_json_set_string(o, "state", state) != 0 ||
	    gh_json_set_string(o, "subject", subject) != 0 ||
	    gh_json_set_string(o, "serial", serial) != 0 ||
	    set_time(o, "not_before", X509_get0_notBefore(cert)) != 0 ||
	    set_time(o, "not_after", X509_get0_notAfter(cert)) != 0 ||
	    gh_json_set_string(o, "dir", dir) != 0;

	free(subject);
	free(serial);
	*out = o;
	return bad ? gh_fail(err, GH_E_NOMEM, "result") : 0;
}
