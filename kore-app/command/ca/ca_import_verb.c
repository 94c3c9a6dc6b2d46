/* `gatehouse ca import`: a CA that was made elsewhere, with its key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/ca/ca_row.h"

#include "ca_policy.h"
#include "ca_urls.h"
#include "verbs/cert_files.h"
#include "command.h"
#include "loaded_ca.h"
#include "options.h"
#include "output.h"
#include "signer_session.h"

struct import {
	const char *name, *pkcs12, *key, *key_uri, *cert, *password_file;
	struct option_list chain;
	struct ca_url_options urls;
	struct ca_policy_options policy;
	bool json;
};

static int
read_files(const struct import *a, struct cert_files *f, struct gh_error *err)
{
	int rc = 0;

	if (a->pkcs12 != NULL)
		rc = cert_files_read_pkcs12(f, a->pkcs12, a->password_file, err);
	else
		rc = cert_files_add(f, a->cert, err);
	if (rc == 0 && a->key != NULL)
		rc = cert_files_read_key(f, a->key, a->password_file, err);
	for (size_t i = 0; rc == 0 && i < a->chain.n; i++)
		rc = cert_files_add(f, a->chain.v[i], err);
	return rc;
}

static int
settle(const struct import *a, const struct cert_files *f, struct ca *ca, struct gh_error *err)
{
	int rc;

	ca->name = strdup(a->name);
	ca->slug = strdup(a->name);
	ca->policy = gh_json_new_object();
	ca->state = CA_ACTIVE;
	ca->protection = a->key_uri != NULL ? CA_KEY_PKCS11 : CA_KEY_SYSTEM;
	if (ca->name == NULL || ca->slug == NULL || ca->policy == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	if ((rc = ca_urls_apply_new(&a->urls, ca, err)) != 0 ||
	    (rc = ca_policy_apply(&a->policy, ca->policy, err)) != 0 ||
	    (rc = cert_files_chain(f, &ca->chain, err)) != 0)
		return rc;
	return ca_finish(ca, err);
}

/* The signer looks whether key and certificate belong together, and whether it is the certificate
 * of a CA. */
static int
seal(struct own_signer *signer, const struct import *a, const struct cert_files *f, struct ca *ca,
    struct gh_error *err)
{
	struct signer_import_ca in = {.pkcs8 = f->pkcs8,
	    .pkcs8_len = f->pkcs8_len,
	    .key_uri = a->key_uri,
	    .cert = ca->chain.cert[0].der,
	    .cert_len = ca->chain.cert[0].len};
	int rc = ca_policy_limits(ca->policy, loaded_ca_path_len(ca), &in.limits, err);

	return rc == 0
	    ? signer_client_import_ca(signer->client, &in, &ca->sealed, &ca->sealed_len, err)
	    : rc;
}

static int
record(struct session *s, struct ca *ca, struct gh_error *err)
{
	struct loaded_ca parent;
	int rc = loaded_ca_open_issuer(s, &ca->chain, &parent, err);
	struct store_new_ca n = {.ca = ca, .event = "ca.imported"};

	if (rc != 0)
		return rc;
	n.parent = parent.ca;
	rc = store_create_ca(s->store, &s->who, &n, &ca->id, err);
	loaded_ca_close(&parent);
	return rc;
}

static int
import(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	const struct import *a = arg;
	struct ca *ca = calloc(1, sizeof(*ca));
	struct cert_files f = {0};
	int rc = ca != NULL ? read_files(a, &f, err) : gh_fail(err, GH_E_NOMEM, "CA");

	if (rc == 0)
		rc = settle(a, &f, ca, err);
	if (rc == 0)
		rc = seal(signer, a, &f, ca, err);
	cert_files_clear(&f);
	if (rc == 0)
		rc = record(s, ca, err);
	if (rc == 0 && a->json)
		printf("{\"id\":%lld}\n", (long long)ca->id);
	else if (rc == 0)
		printf("CA %s: %s\n", ca->name, ca->issuer_dn);
	ca_free(ca);
	return rc;
}

static int
check(const char *who, const struct import *a)
{
	if (a->pkcs12 != NULL && (a->key != NULL || a->key_uri != NULL || a->cert != NULL))
		return command_usage(who,
		    "--pkcs12 has key and certificate: no --key, --key-uri and --cert beside it");
	if (a->pkcs12 == NULL && (a->cert == NULL || (a->key == NULL) == (a->key_uri == NULL)))
		return command_usage(who,
		    "--pkcs12 is needed, or --cert with one of --key and --key-uri");
	if (!loaded_ca_is_name(a->name))
		return command_usage(who, "\"%.80s\": " CA_NAME_RULE, a->name);
	return COMMAND_OK;
}

int
cmd_ca_import(int argc, char **argv)
{
	const char *conf = NULL;
	struct import a = {.urls = CA_URL_OPTIONS_INIT, .policy = CA_POLICY_OPTIONS_INIT};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"pkcs12", 0, OPTION_TEXT, &a.pkcs12, "FILE", "key, certificate and chain"},
	    {"key", 0, OPTION_TEXT, &a.key, "FILE", "private key in PEM"},
	    {"key-uri", 0, OPTION_TEXT, &a.key_uri, "URI",
		"the key is in a PKCS#11 token: pkcs11:..."},
	    {"cert", 0, OPTION_TEXT, &a.cert, "FILE",
		"certificate of the CA, PEM (then its chain may follow) or DER"},
	    {"chain", 0, OPTION_LIST, &a.chain, "FILE",
		"certificates of its issuers up to the root, any order; repeat"},
	    {"password-file", 0, OPTION_TEXT, &a.password_file, "FILE",
		"password of the PKCS#12 or key file (\"-\": standard input; default: asked for)"},
	    CA_URL_OPTION_ROWS(&a.urls),
	    CA_NO_URLS_ROW(&a.urls),
	    CA_POLICY_OPTION_ROWS(&a.policy),
	    OPTION_JSON(&a.json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Takes over a CA that was made elsewhere. Certificates that it issued there are not known here: "
	    "OCSP and CRLs tell about those that are issued from now on.",
	    "gatehouse ca import corp --pkcs12 corp.p12 --base-url http://pki.corp.example\n"
	    "gatehouse ca import corp --key corp.key --cert corp.pem --chain root.pem \\\n"
	    "    --base-url http://pki.corp.example\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	a.name = argv[1];
	rc = check(argv[0], &a);
	if (rc == COMMAND_OK)
		rc = signer_session_run(argv[0], conf, import, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}
