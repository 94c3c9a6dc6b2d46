/* `gatehouse est cacerts` and `csrattrs`: what an EST server says, without a folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable_file.h"

#include "command.h"
#include "file.h"

#include "est_attrs.h"
#include "est_certs.h"

static const char *fingerprint, *out_file;
static bool force;

#define OUT_OPTIONS(text) \
	{"out", 'o', OPTION_TEXT, &out_file, "FILE", text}, \
	{ \
		"force", 'f', OPTION_FLAG, &force, NULL, "replace a file that is there" \
	}

static int
write_out(const void *p, size_t n, struct gh_error *err)
{
	if (out_file != NULL)
		return gh_file_write(out_file, p, n, 0644, force, err);
	return fwrite(p, 1, n, stdout) == n && fflush(stdout) == 0
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "standard output cannot be written");
}

/* ---- cacerts ---- */

static const struct option_row cacerts_options[] = {
    {"fingerprint", 0, OPTION_TEXT, &fingerprint, "SHA256",
	"of the root: TLS is not verified then, and only what chains to this root is written"},
    OUT_OPTIONS("PEM (default: standard output)"),
    EST_SERVER_OPTIONS,
    OPTION_END,
};

static int
write_certs(STACK_OF(X509) * certs, struct gh_error *err)
{
	char name[EST_FINGERPRINT_SIZE], *text = est_certs_pem(certs);
	int rc = text != NULL ? write_out(text, strlen(text), err)
			      : gh_fail(err, GH_E_NOMEM, "CA certificates");

	for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (X509_self_signed(cert, 0) != 1)
			continue;
		est_certs_fingerprint(cert, name);
		fprintf(stderr, "root: SHA-256 %s\n", name);
	}
	free(text);
	return rc;
}

static int
cacerts_work(struct verb_call *c, struct gh_error *err)
{
	STACK_OF(X509) *all = NULL, *trusted = NULL;
	struct est_server s;
	int rc = est_server_open(&s, fingerprint != NULL, err);

	(void)c;
	if (rc == 0)
		rc = est_certs_fetch(&s, &all, err);
	if (rc == 0 && fingerprint != NULL)
		rc = est_certs_trust(all, fingerprint, &trusted, err);
	if (rc == 0)
		rc = write_certs(trusted != NULL ? trusted : all, err);
	est_certs_free(trusted);
	est_certs_free(all);
	est_server_close(&s);
	return rc;
}

const struct verb verb_est_cacerts = {
    .usage = {"", 0, 0,
	"Fetches the CA certificates of an EST server (RFC 7030, 4.1) as PEM, and tells the SHA-256 of each root.",
	"gatehouse est cacerts --url https://pki.example --fingerprint 4A:1B:... --out ca.pem\n"},
    .options = cacerts_options,
    .work = cacerts_work,
};

/* ---- csrattrs ---- */

static const struct option_row csrattrs_options[] = {
    EST_SERVER_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static int
csrattrs_work(struct verb_call *c, struct gh_error *err)
{
	struct est_attrs attrs = {0};
	struct est_server s;
	int rc = est_server_open(&s, false, err);

	if (rc == 0)
		rc = est_attrs_fetch(&s, &attrs, err);
	if (rc == 0)
		c->out = gh_json_ref(attrs.list);
	est_attrs_clear(&attrs);
	est_server_close(&s);
	return rc;
}

static const struct output_column csrattrs_columns[] = {
    {"NAME", "name"},
    {"OID", "oid"},
    {"VALUES", "values"},
    {NULL, NULL},
};

const struct verb verb_est_csrattrs = {
    .usage = {"", 0, 0,
	"Lists what an EST server wants in a request (RFC 7030, 4.5; RFC 9908): object identifiers, and attributes with their "
	"values. `gatehouse est enroll` keeps to the kind of key and the link by itself.",
	"gatehouse est csrattrs --url https://pki.example --label printers\n"},
    .options = csrattrs_options,
    .work = csrattrs_work,
    .columns = csrattrs_columns,
};
