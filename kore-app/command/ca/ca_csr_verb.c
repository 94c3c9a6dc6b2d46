/* `gatehouse ca csr|complete`: a CA whose certificate comes from a CA elsewhere. */
#include <stdlib.h>

#include <openssl/pem.h>

#include "authority/complete.h"
#include "authority/csr.h"

#include "ca_options.h"
#include "ca_work.h"
#include "verbs/cert_files.h"
#include "command.h"
#include "verb.h"

static struct {
	struct authority_new_ca spec;
	struct ca_new_options options;
	struct ca_passwords passwords;
} wish = {.spec = {.key_alg = "P-256", .path_len = AUTHORITY_NOT_GIVEN},
    .options = CA_NEW_OPTIONS_INIT};

static int
request(struct verb_call *c, struct gh_error *err)
{
	struct authority a;
	unsigned char *der;
	size_t len;
	int rc = ca_new_options_read(&wish.options, &wish.spec, err);

	if (rc != 0)
		return rc;
	ca_work_init(&c->env, &c->signer, &wish.passwords, &a);
	if ((rc = authority_csr(&a, &wish.spec, &der, &len, err)) != 0)
		return rc;
	if (PEM_write(stdout, PEM_STRING_X509_REQ, "", der, (long)len) <= 0)
		rc = gh_fail(err, GH_E_INTERNAL, "the request cannot be written");
	free(der);
	return rc;
}

static const struct option_row csr_options[] = {
    VERB_CONFIG,
    {"subject", 's', OPTION_TEXT, &wish.spec.subject, "DN", "distinguished name of a new CA"},
    CA_NEW_KEY_ROWS(&wish.spec),
    {"path-len", 0, OPTION_NUMBER, &wish.spec.path_len, "N",
	"CAs that may stand below it in a chain; 0 (default): it signs end entities only"},
    {"password-file", 0, OPTION_TEXT, &wish.passwords.file, "FILE",
	"password of the present key, where it has one (\"-\": standard input; default: asked for)"},
    CA_NEW_OPTION_ROWS(&wish.options),
    OPTION_END,
};

static int
check_csr(const struct verb_call *c)
{
	struct gh_error err;

	if (authority_csr_check(&wish.spec, &ca_option_words, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	wish.spec.settings.name = c->operand[0];
	return COMMAND_OK;
}

const struct verb verb_ca_csr = {
    .usage = {"NAME", 1, 1,
	"Writes the PKCS#10 request of a CA that another CA, elsewhere, is to sign. With --subject the CA is new: "
	"its key is made, and it is pending until `gatehouse ca complete`. Without, the request is for the key "
	"of a CA that is there, to renew its certificate, or the one of a pending CA once more.",
	"gatehouse ca csr corp --subject 'CN=Corp Issuing CA,O=Corp,C=DE' \\\n"
	"    --base-url http://pki.corp.example > corp.csr\n"
	"gatehouse ca csr corp > corp.csr      (again, or to renew its certificate)\n"},
    .options = csr_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check_csr,
    .work = request,
};

/* ---- the answer ---- */

static struct answer {
	const char *cert;
	struct option_list chain;
	struct ca_passwords passwords;
} answer;

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
complete(struct verb_call *c, struct gh_error *err)
{
	struct cert_chain chain = {0};
	struct authority a;
	struct ca *done;
	int rc = read_answer(&answer, &chain, err);

	if (rc != 0) {
		cert_chain_clear(&chain);
		return rc;
	}
	ca_work_init(&c->env, &c->signer, &answer.passwords, &a);
	if ((rc = authority_complete(&a, c->operand[0], &chain, &done, err)) != 0)
		return rc;
	ca_work_tell(done, c->json);
	ca_free(done);
	return 0;
}

static const struct option_row complete_options[] = {
    VERB_CONFIG,
    {"cert", 0, OPTION_TEXT, &answer.cert, "FILE",
	"the certificate, PEM (then its chain may follow) or DER"},
    {"chain", 0, OPTION_LIST, &answer.chain, "FILE",
	"certificates of its issuers up to the root, any order; repeat"},
    {"password-file", 0, OPTION_TEXT, &answer.passwords.file, "FILE",
	"password of the present key, where it has one (\"-\": standard input; default: asked for)"},
    VERB_JSON,
    OPTION_END,
};

static int
check_answer(const struct verb_call *c)
{
	return answer.cert != NULL ? COMMAND_OK : command_usage(c->who, "--cert is needed");
}

const struct verb verb_ca_complete = {
    .usage = {"NAME", 1, 1,
	"Takes the certificate that another CA signed for the request of `gatehouse ca csr`: a pending CA "
	"becomes active, another one is renewed.",
	"gatehouse ca complete corp --cert corp.pem --chain root.pem\n"},
    .options = complete_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check_answer,
    .work = complete,
};
