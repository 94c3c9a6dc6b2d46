/* `gatehouse ca csr|complete`: a CA whose certificate comes from a CA elsewhere. */
#include <stdlib.h>

#include <openssl/pem.h>

#include "authority/complete.h"
#include "authority/csr.h"
#include "key_alg.h"

#include "ca_options.h"
#include "ca_work.h"
#include "verbs/cert_files.h"
#include "command.h"
#include "options.h"
#include "output.h"
#include "signer_session.h"

struct request {
	struct authority_new_ca spec;
	struct ca_url_options urls;
	struct ca_policy_options policy;
	struct ca_name_options names;
	struct ca_passwords passwords;
};

static int
request(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	struct request *r = arg;
	struct authority a;
	unsigned char *der;
	size_t len;
	int rc = ca_policy_options_read(&r->policy, &r->spec.settings.policy, err);

	if (rc != 0)
		return rc;
	r->spec.settings.urls = ca_url_options_read(&r->urls);
	r->spec.names = ca_name_options_read(&r->names);
	ca_work_init(s, signer, &r->passwords, &a);
	if ((rc = authority_csr(&a, &r->spec, &der, &len, err)) != 0)
		return rc;
	if (PEM_write(stdout, PEM_STRING_X509_REQ, "", der, (long)len) <= 0)
		rc = gh_fail(err, GH_E_INTERNAL, "the request cannot be written");
	free(der);
	return rc;
}

int
cmd_ca_csr(int argc, char **argv)
{
	const char *conf = NULL;
	struct request a = {.spec = {.key_alg = "P-256"},
	    .urls = CA_URL_OPTIONS_INIT,
	    .policy = CA_POLICY_OPTIONS_INIT};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"subject", 's', OPTION_TEXT, &a.spec.subject, "DN", "distinguished name of a new CA"},
	    {"key-alg", 0, OPTION_TEXT, &a.spec.key_alg, "ALG",
		AUTHORITY_KEY_ALGS " (default: P-256)"},
	    {"key-uri", 0, OPTION_TEXT, &a.spec.settings.key_uri, "URI",
		"a key pair in a PKCS#11 token: pkcs11:..."},
	    {"path-len", 0, OPTION_NUMBER, &a.spec.path_len, "N",
		"CAs that may stand below it in a chain; 0 (default): it signs end entities only"},
	    {"password-file", 0, OPTION_TEXT, &a.passwords.file, "FILE",
		"password of the present key, where it has one (\"-\": standard input; default: asked for)"},
	    CA_URL_OPTION_ROWS(&a.urls),
	    CA_NO_URLS_ROW(&a.urls),
	    CA_POLICY_OPTION_ROWS(&a.policy),
	    CA_NAMES_OPTION_ROWS(&a.names),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Writes the PKCS#10 request of a CA that another CA, elsewhere, is to sign. With --subject the CA is new: "
	    "its key is made, and it is pending until `gatehouse ca complete`. Without, the request is for the key "
	    "of a CA that is there, to renew its certificate, or the one of a pending CA once more.",
	    "gatehouse ca csr corp --subject 'CN=Corp Issuing CA,O=Corp,C=DE' \\\n"
	    "    --base-url http://pki.corp.example > corp.csr\n"
	    "gatehouse ca csr corp > corp.csr      (again, or to renew its certificate)\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!gh_key_is_name(a.spec.key_alg))
		return command_usage(argv[0], "--key-alg is " AUTHORITY_KEY_ALGS);
	if (a.spec.path_len > AUTHORITY_PATH_LEN_MAX)
		return command_usage(argv[0], "--path-len is from 0 to %d", AUTHORITY_PATH_LEN_MAX);
	a.spec.settings.name = argv[1];
	rc = signer_session_run(argv[0], conf, request, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}

/* ---- the answer ---- */

struct answer {
	const char *name, *cert;
	struct option_list chain;
	struct ca_passwords passwords;
	bool json;
};

static int
read_answer(const struct answer *a, struct cert_chain *out, struct gh_error *err)
{
	struct cert_files f = {0};
	int rc = cert_files_add(&f, a->cert, err);

	for (size_t i = 0; rc == 0 && i < a->chain.n; i++)
		rc = cert_files_add(&f, a->chain.v[i], err);
	if (rc == 0)
		rc = cert_files_chain(&f, out, err);
	cert_files_clear(&f);
	return rc;
}

static int
complete(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	const struct answer *answer = arg;
	struct cert_chain chain = {0};
	struct authority a;
	struct ca *done;
	int rc = read_answer(answer, &chain, err);

	if (rc != 0) {
		cert_chain_clear(&chain);
		return rc;
	}
	ca_work_init(s, signer, &answer->passwords, &a);
	if ((rc = authority_complete(&a, answer->name, &chain, &done, err)) != 0)
		return rc;
	ca_work_tell(done, answer->json);
	ca_free(done);
	return 0;
}

int
cmd_ca_complete(int argc, char **argv)
{
	const char *conf = NULL;
	struct answer a = {0};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"cert", 0, OPTION_TEXT, &a.cert, "FILE",
		"the certificate, PEM (then its chain may follow) or DER"},
	    {"chain", 0, OPTION_LIST, &a.chain, "FILE",
		"certificates of its issuers up to the root, any order; repeat"},
	    {"password-file", 0, OPTION_TEXT, &a.passwords.file, "FILE",
		"password of the present key, where it has one (\"-\": standard input; default: asked for)"},
	    OPTION_JSON(&a.json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Takes the certificate that another CA signed for the request of `gatehouse ca csr`: a pending CA "
	    "becomes active, another one is renewed.",
	    "gatehouse ca complete corp --cert corp.pem --chain root.pem\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (a.cert == NULL)
		return command_usage(argv[0], "--cert is needed");
	a.name = argv[1];
	rc = signer_session_run(argv[0], conf, complete, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}
