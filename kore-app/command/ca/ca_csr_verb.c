/* `gatehouse ca csr|complete`: a CA whose certificate comes from a CA elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "encoding.h"
#include "dn_text.h"
#include "store/ca/ca_row.h"

#include "verbs/cert_files.h"
#include "command.h"
#include "loaded_ca.h"
#include "make_ca.h"
#include "options.h"
#include "output.h"
#include "prompt.h"
#include "signer_session.h"

struct csr {
	struct make_ca spec;
	const char *password_file;
};

static int
print_csr(const unsigned char *der, size_t len, struct gh_error *err)
{
	if (PEM_write(stdout, PEM_STRING_X509_REQ, "", der, (long)len) <= 0)
		return gh_fail(err, GH_E_INTERNAL, "the request cannot be written");
	return 0;
}

/* ---- a new key ---- */

static int
settle(const struct make_ca *spec, struct ca *ca, struct gh_error *err)
{
	int rc;

	if (!loaded_ca_is_name(spec->name))
		return gh_refuse(err, GH_E_CONF, "\"%.80s\": " CA_NAME_RULE, spec->name);
	ca->name = strdup(spec->name);
	ca->slug = strdup(spec->name);
	ca->policy = gh_json_new_object();
	ca->state = CA_PENDING;
	ca->protection = spec->key_uri != NULL ? CA_KEY_PKCS11 : CA_KEY_SYSTEM;
	if (ca->name == NULL || ca->slug == NULL || ca->policy == NULL ||
	    gh_json_set_int(ca->policy, "path_len", spec->path_len) != 0)
		return gh_fail(err, GH_E_NOMEM, "CA");
	if ((rc = ca_urls_apply_new(&spec->urls, ca, err)) != 0 ||
	    (rc = ca_policy_apply(&spec->policy, ca->policy, err)) != 0)
		return rc;
	return ca_extensions_names_json(&spec->names, ca->policy, err);
}

static int
make_csr(struct session *s, struct own_signer *signer, const struct make_ca *spec, struct ca *ca,
    unsigned char **csr, size_t *csr_len, struct gh_error *err)
{
	struct signer_create_csr f = {.key_alg = spec->key_uri != NULL ? "" : spec->key_alg,
	    .key_uri = spec->key_uri};
	unsigned char *subject = NULL, *extensions = NULL;
	int rc = settle(spec, ca, err);

	if (rc == 0)
		rc = gh_dn_parse_der(spec->subject, &subject, &f.subject_len, err);
	if (rc == 0)
		rc = ca_extensions_make(NULL, NULL, &spec->names, &extensions, &f.extensions_len,
		    err);
	if (rc == 0)
		rc = ca_policy_limits(ca->policy, spec->path_len, &f.limits, err);
	f.subject = subject;
	f.extensions = extensions;
	if (rc == 0)
		rc = signer_client_create_csr(signer->client, &f, csr, csr_len, &ca->sealed,
		    &ca->sealed_len, err);
	if (rc == 0)
		rc = store_create_pending_ca(s->store, &s->who, ca, spec->subject, *csr, *csr_len,
		    &ca->id, err);
	free(subject);
	free(extensions);
	return rc;
}

static int
new_csr(struct session *s, struct own_signer *signer, const struct make_ca *spec,
    struct gh_error *err)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	unsigned char *csr = NULL;
	size_t len = 0;
	int rc = ca != NULL ? make_csr(s, signer, spec, ca, &csr, &len, err)
			    : gh_fail(err, GH_E_NOMEM, "CA");

	if (rc == 0)
		rc = print_csr(csr, len, err);
	free(csr);
	ca_free(ca);
	return rc;
}

/* ---- the key of a CA that is there ---- */

/* Request and pending record for the present key. */
static int
renewal_csr(struct own_signer *signer, const struct ca *ca, const char *password_file,
    unsigned char **csr, size_t *csr_len, unsigned char **pending, size_t *pending_len,
    struct gh_error *err)
{
	struct signer_create_csr f = {.sealed = ca->sealed, .sealed_len = ca->sealed_len};
	unsigned char *extensions = NULL;
	char *password = NULL;
	int rc;

	if (ca->state != CA_ACTIVE && ca->state != CA_DISABLED)
		return gh_refuse(err, GH_E_CONFLICT, "CA \"%s\" is %s", ca->name,
		    ca_state_name(ca->state));
	if (ca->sealed == NULL)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE, "the key of CA \"%s\" is not here",
		    ca->name);
	rc = loaded_ca_password(ca, password_file, &password, err);
	if (rc == 0)
		rc = ca_extensions_make(NULL, ca->cert, NULL, &extensions, &f.extensions_len, err);
	if (rc == 0)
		rc = ca_policy_limits(ca->policy, loaded_ca_path_len(ca), &f.limits, err);
	if (rc == 0 &&
	    X509_NAME_get0_der(X509_get_subject_name(ca->cert), &f.subject, &f.subject_len) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "subject");
	f.password = password;
	f.extensions = extensions;
	if (rc == 0)
		rc = signer_client_create_csr(signer->client, &f, csr, csr_len, pending,
		    pending_len, err);
	prompt_free(password);
	free(extensions);
	return rc;
}

/* Of a pending CA the request that was made, else one for the present key. */
static int
csr_again(struct session *s, struct own_signer *signer, const struct loaded_ca *l,
    const char *password_file, struct gh_error *err)
{
	const char *stored = gh_json_string(gh_json_get(l->row, "csr"));
	unsigned char *csr = NULL, *pending = NULL;
	size_t len = 0, pending_len = 0;
	int rc;

	if (l->ca->state == CA_PENDING && stored != NULL) {
		rc = gh_base64_decode(stored, strlen(stored), &csr, &len, err);
	} else {
		rc = renewal_csr(signer, l->ca, password_file, &csr, &len, &pending, &pending_len,
		    err);
		if (rc == 0)
			rc = store_ca_csr_made(s->store, &s->who, l->ca, err);
	}
	if (rc == 0)
		rc = print_csr(csr, len, err);
	free(csr);
	free(pending);
	return rc;
}

static int
csr(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	const struct csr *a = arg;
	struct loaded_ca l;
	int rc = loaded_ca_open(s, a->spec.name, &l, err);

	if (rc == GH_E_NOT_FOUND && a->spec.subject == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "there is no CA \"%.80s\": for a new one, --subject is needed", a->spec.name);
	if (rc == GH_E_NOT_FOUND)
		return new_csr(s, signer, &a->spec, err);
	if (rc == 0 && a->spec.subject != NULL)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "there is a CA \"%.80s\" already; without --subject, a request for its "
		    "key is made",
		    a->spec.name);
	if (rc == 0)
		rc = csr_again(s, signer, &l, a->password_file, err);
	loaded_ca_close(&l);
	return rc;
}

int
cmd_ca_csr(int argc, char **argv)
{
	const char *conf = NULL;
	struct csr a = {.spec = {.key_alg = "P-256",
			    .urls = CA_URL_OPTIONS_INIT,
			    .policy = CA_POLICY_OPTIONS_INIT}};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"subject", 's', OPTION_TEXT, &a.spec.subject, "DN", "distinguished name of a new CA"},
	    {"key-alg", 0, OPTION_TEXT, &a.spec.key_alg, "ALG",
		MAKE_CA_KEY_ALGS " (default: P-256)"},
	    {"key-uri", 0, OPTION_TEXT, &a.spec.key_uri, "URI",
		"a key pair in a PKCS#11 token: pkcs11:..."},
	    {"path-len", 0, OPTION_NUMBER, &a.spec.path_len, "N",
		"CAs that may stand below it in a chain; 0 (default): it signs end entities only"},
	    {"password-file", 0, OPTION_TEXT, &a.password_file, "FILE",
		"password of the present key, where it has one (\"-\": standard input; default: asked for)"},
	    CA_URL_OPTION_ROWS(&a.spec.urls),
	    CA_NO_URLS_ROW(&a.spec.urls),
	    CA_POLICY_OPTION_ROWS(&a.spec.policy),
	    CA_NAMES_OPTION_ROWS(&a.spec.names),
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
	if (!make_ca_is_key_alg(a.spec.key_alg))
		return command_usage(argv[0], "--key-alg is " MAKE_CA_KEY_ALGS);
	if (a.spec.path_len > MAKE_CA_PATH_LEN_MAX)
		return command_usage(argv[0], "--path-len is from 0 to %d", MAKE_CA_PATH_LEN_MAX);
	a.spec.name = argv[1];
	rc = signer_session_run(argv[0], conf, csr, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}

/* ---- the answer ---- */

struct answer {
	const char *name, *cert, *password_file;
	struct option_list chain;
	bool json;
};

static int
read_answer(const struct answer *a, struct ca *done, struct gh_error *err)
{
	struct cert_files f = {0};
	int rc = cert_files_add(&f, a->cert, err);

	for (size_t i = 0; rc == 0 && i < a->chain.n; i++)
		rc = cert_files_add(&f, a->chain.v[i], err);
	if (rc == 0)
		rc = cert_files_chain(&f, &done->chain, err);
	cert_files_clear(&f);
	return rc == 0 ? ca_finish(done, err) : rc;
}

static int
take_answer(struct own_signer *signer, const unsigned char *pending, size_t len, struct ca *done,
    struct gh_error *err)
{
	return signer_client_complete_ca(signer->client, pending, len, done->chain.cert[0].der,
	    done->chain.cert[0].len, &done->sealed, &done->sealed_len, err);
}

/* A CA that has a certificate: as a renewal with the same key. Certificates below name it as their
 * issuer. */
static int
renew(struct session *s, struct own_signer *signer, const struct answer *a, const struct ca *ca,
    struct ca *done, const struct ca *parent, struct gh_error *err)
{
	const struct store_ca_renewal row = {.read = ca, .parent = parent, .renewed = done};
	unsigned char *csr = NULL, *pending = NULL;
	size_t len = 0, pending_len = 0;
	int rc = 0;

	if (X509_cmp(ca->cert, done->cert) == 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "CA \"%s\" has this certificate already",
		    ca->name);
	else if (X509_NAME_cmp(X509_get_subject_name(ca->cert),
		     X509_get_subject_name(done->cert)) != 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "--cert: another subject than that of CA \"%s\"",
		    ca->name);
	if (rc == 0)
		rc = renewal_csr(signer, ca, a->password_file, &csr, &len, &pending, &pending_len,
		    err);
	if (rc == 0)
		rc = take_answer(signer, pending, pending_len, done, err);
	if (rc == 0)
		rc = store_renew_ca_certificate(s->store, &s->who, &row, err);
	free(csr);
	free(pending);
	return rc;
}

static int
finish(struct session *s, struct own_signer *signer, const struct answer *a, const struct ca *ca,
    struct ca *done, struct gh_error *err)
{
	struct loaded_ca parent;
	int rc = loaded_ca_open_issuer(s, &done->chain, &parent, err);

	if (rc != 0)
		return rc;
	if (ca->state != CA_PENDING)
		rc = renew(s, signer, a, ca, done, parent.ca, err);
	else if ((rc = take_answer(signer, ca->sealed, ca->sealed_len, done, err)) == 0)
		rc = store_complete_ca(s->store, &s->who, ca, done, parent.ca, err);
	loaded_ca_close(&parent);
	return rc;
}

static int
complete(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	const struct answer *a = arg;
	struct loaded_ca l;
	struct ca *done = NULL;
	int rc = loaded_ca_open(s, a->name, &l, err);

	if (rc != 0)
		return rc;
	done = loaded_ca_copy_settings(l.ca);
	rc = done != NULL ? read_answer(a, done, err) : gh_fail(err, GH_E_NOMEM, "CA");
	if (rc == 0)
		rc = finish(s, signer, a, l.ca, done, err);
	if (rc == 0 && a->json)
		printf("{\"id\":%lld}\n", (long long)l.ca->id);
	else if (rc == 0)
		printf("CA %s: %s\n", done->name, done->issuer_dn);
	loaded_ca_close(&l);
	ca_free(done);
	return rc;
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
	    {"password-file", 0, OPTION_TEXT, &a.password_file, "FILE",
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
