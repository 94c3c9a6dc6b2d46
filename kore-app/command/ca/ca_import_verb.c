/* `gatehouse ca import`: a CA that was made elsewhere, with its key. */
#include "authority/import.h"

#include "ca_options.h"
#include "ca_work.h"
#include "verbs/cert_files.h"
#include "command.h"
#include "verb.h"

static struct import {
	struct authority_import spec;
	const char *pkcs12, *key, *cert, *password_file;
	struct option_list chain;
	struct ca_url_options urls;
	struct ca_policy_options policy;
} wish = {.urls = CA_URL_OPTIONS_INIT, .policy = CA_POLICY_OPTIONS_INIT};

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

/* The key stays in *f. */
static int
read_all(struct import *a, struct cert_files *f, struct cert_chain *chain, struct gh_error *err)
{
	int rc = ca_policy_options_read(&a->policy, &a->spec.settings.policy, err);

	if (rc == 0)
		rc = read_files(a, f, err);
	if (rc == 0)
		rc = cert_files_chain(f, chain, err);
	a->spec.settings.urls = ca_url_options_read(&a->urls);
	a->spec.pkcs8 = f->pkcs8;
	a->spec.pkcs8_len = f->pkcs8_len;
	a->spec.chain = chain;
	return rc;
}

static int
import(struct verb_call *c, struct gh_error *err)
{
	static const struct ca_passwords none; /* none is needed */
	struct cert_chain chain = {0};
	struct cert_files f = {0};
	struct authority means;
	struct ca *ca = NULL;
	int rc = read_all(&wish, &f, &chain, err);

	ca_work_init(&c->env, &c->signer, &none, &means);
	if (rc == 0)
		rc = authority_import(&means, &wish.spec, &ca, err);
	cert_files_clear(&f);
	cert_chain_clear(&chain);
	if (rc != 0)
		return rc;
	ca_work_tell(ca, c->json);
	ca_free(ca);
	return 0;
}

static const struct option_row import_options[] = {
    VERB_CONFIG,
    {"pkcs12", 0, OPTION_TEXT, &wish.pkcs12, "FILE", "key, certificate and chain"},
    {"key", 0, OPTION_TEXT, &wish.key, "FILE", "private key in PEM"},
    {"key-uri", 0, OPTION_TEXT, &wish.spec.settings.key_uri, "URI",
	"the key is in a PKCS#11 token: pkcs11:..."},
    {"cert", 0, OPTION_TEXT, &wish.cert, "FILE",
	"certificate of the CA, PEM (then its chain may follow) or DER"},
    {"chain", 0, OPTION_LIST, &wish.chain, "FILE",
	"certificates of its issuers up to the root, any order; repeat"},
    {"password-file", 0, OPTION_TEXT, &wish.password_file, "FILE",
	"password of the PKCS#12 or key file (\"-\": standard input; default: asked for)"},
    CA_URL_OPTION_ROWS(&wish.urls),
    CA_NO_URLS_ROW(&wish.urls),
    CA_POLICY_OPTION_ROWS(&wish.policy),
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	struct import *a = &wish;

	a->spec.settings.name = c->operand[0];
	if (a->pkcs12 != NULL &&
	    (a->key != NULL || a->spec.settings.key_uri != NULL || a->cert != NULL))
		return command_usage(c->who,
		    "--pkcs12 has key and certificate: no --key, --key-uri and --cert beside it");
	if (a->pkcs12 == NULL &&
	    (a->cert == NULL || (a->key == NULL) == (a->spec.settings.key_uri == NULL)))
		return command_usage(c->who,
		    "--pkcs12 is needed, or --cert with one of --key and --key-uri");
	if (!authority_is_name(a->spec.settings.name))
		return command_usage(c->who, "\"%.80s\": " AUTHORITY_NAME_RULE,
		    a->spec.settings.name);
	return COMMAND_OK;
}

const struct verb verb_ca_import = {
    .usage = {"NAME", 1, 1,
	"Takes over a CA that was made elsewhere. Certificates that it issued there are not known here: "
	"OCSP and CRLs tell about those that are issued from now on.",
	"gatehouse ca import corp --pkcs12 corp.p12 --base-url http://pki.corp.example\n"
	"gatehouse ca import corp --key corp.key --cert corp.pem --chain root.pem \\\n"
	"    --base-url http://pki.corp.example\n"},
    .options = import_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check,
    .work = import,
};
