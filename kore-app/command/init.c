/*
 * `gatehouse init`: from an empty database to a gateway that can start. Every step looks whether its result
 * is there and makes it when it is not, so that a run completes what an interrupted one began.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "encoding.h"

#include "command.h"
#include "list.h"
#include "make_ca.h"
#include "options.h"
#include "prompt.h"
#include "secret_file.h"
#include "template_file.h"
#include "user.h"

#define ROOT_YEARS 20
#define ISSUING_YEARS 10
#define PASSWORD_LENGTH 20               /* of 32 signs each: 100 bits */

struct init_args {
	const char *conf, *ca_name, *root_name, *root_subject, *issuing_subject, *key_alg;
	const char *admin, *admin_password_file, *templates;
	struct ca_url_options urls, root_urls;
	bool json;
};

struct init {
	const struct init_args *args;
	struct session session;
	struct own_signer signer;        /* started when the first CA is made */
	gh_json *report;
	char password[PASSWORD_LENGTH + 1];
};

/* ---- the report ---- */

static gh_json *
report_item(struct init *in, const char *list, const char *name, bool created)
{
	gh_json *array = gh_json_get(in->report, list), *item = gh_json_new_object();

	if (array == NULL) {
		array = gh_json_new_array();
		if (gh_json_set(in->report, list, array) != 0) {
			gh_json_free(item);
			return (NULL);
		}
	}
	if (gh_json_append(array, item) != 0 || gh_json_set_string(item, "name", name) != 0 ||
	    gh_json_set_bool(item, "created", created) != 0)
		return (NULL);
	if (!in->args->json)
		printf("%-11s %-24s %s\n", list, name, created ? "created" : "is there already");
	return (item);
}

static int
report(struct init *in, const char *list, const char *name, bool created, struct gh_error *err)
{
	if (report_item(in, list, name, created) == NULL)
		return (gh_fail(err, GH_E_NOMEM, "report"));
	return (0);
}

/* ---- schema and secrets ---- */

static int
init_schema(struct init *in, struct gh_error *err)
{
	int applied, rc = store_migrate(in->session.store, &applied, err);

	if (rc != 0)
		return (rc);
	return (report(in, "schema", "database", applied > 0, err));
}

/* A new secret beside rows that the lost one sealed would make them useless without a word. */
static int
refuse_if_used(struct init *in, enum store_list what, const char *path, const char *rows,
    struct gh_error *err)
{
	struct store_filter filter = {0};
	gh_json *found;
	size_t n;
	int rc = list_load(in->session.store, what, filter, 1, &found, err);

	if (rc != 0)
		return (rc);
	n = gh_json_size(found);
	gh_json_free(found);
	if (n == 0)
		return (0);
	return (gh_refuse(err, GH_E_CONF,
	    "%s is missing, but the database holds %s sealed with it: restore the file from a backup", path,
	    rows));
}

static int
init_secret(struct init *in, const char *path, const char *user, enum store_list used_by,
    const char *rows, struct gh_error *err)
{
	bool exists;
	int rc = secret_file_exists(path, &exists, err);

	if (rc == 0 && !exists)
		rc = refuse_if_used(in, used_by, path, rows, err);
	if (rc == 0 && !exists)
		rc = secret_file_create(path, user, err);
	if (rc == 0)
		rc = report(in, "secrets", path, !exists, err);
	return (rc);
}

static int
init_secrets(struct init *in, struct gh_error *err)
{
	const struct gh_conf *c = in->session.conf;
	int rc = init_secret(in, c->gateway.secret_file, c->gateway.user, STORE_LIST_APPS, "applications",
	    err);

	if (rc == 0)
		rc = init_secret(in, c->signer.key_file, c->signer.user, STORE_LIST_CAS, "CAs", err);
	if (rc == 0)
		rc = session_use_secret(&in->session, err);
	return (rc);
}

/* ---- CAs ---- */

static int
report_ca(struct init *in, const struct ca *ca, struct gh_error *err)
{
	gh_json *item = report_item(in, "cas", ca->name, true);
	char *sha256 = gh_hex_encode(ca->ca_id, sizeof(ca->ca_id));
	int bad = item == NULL || sha256 == NULL || gh_json_set_string(item, "subject", ca->issuer_dn) != 0 ||
	    gh_json_set_string(item, "sha256", sha256) != 0;

	if (!bad && !in->args->json)
		printf("            subject %s\n            SHA-256 %s\n", ca->issuer_dn, sha256);
	free(sha256);
	return (bad ? gh_fail(err, GH_E_NOMEM, "report") : 0);
}

static int
init_ca(struct init *in, const struct make_ca *spec, struct gh_error *err)
{
	gh_json *found;
	struct ca *ca;
	int rc = list_find(in->session.store, STORE_LIST_CAS, spec->name, &found, err);

	if (rc == 0) {
		gh_json_free(found);
		return (report(in, "cas", spec->name, false, err));
	}
	if (rc != GH_E_NOT_FOUND)
		return (rc);
	if (in->signer.client == NULL) {
		rc = own_signer_start(in->session.conf, &in->signer, err);
		if (rc != 0)
			return (rc);
	}
	rc = make_ca(&in->session, &in->signer, spec, &ca, err);
	if (rc == 0) {
		rc = report_ca(in, ca, err);
		ca_free(ca);
	}
	return (rc);
}

static int
init_cas(struct init *in, struct gh_error *err)
{
	const struct init_args *a = in->args;
	const struct make_ca root = {.name = a->root_name, .subject = a->root_subject, .key_alg = a->key_alg,
		.years = ROOT_YEARS, .path_len = 1, .policy = CA_POLICY_OPTIONS_INIT, .urls = a->root_urls};
	const struct make_ca issuing = {.name = a->ca_name, .subject = a->issuing_subject,
		.key_alg = a->key_alg, .parent = a->root_name, .years = ISSUING_YEARS,
		.policy = CA_POLICY_OPTIONS_INIT, .urls = a->urls};
	int rc = init_ca(in, &root, err);

	return (rc == 0 ? init_ca(in, &issuing, err) : rc);
}

/* ---- templates and the administrator ---- */

static int
init_templates(struct init *in, struct gh_error *err)
{
	struct template_result r;
	char **path;
	int rc;

	if (in->args->templates == NULL)
		return (0);
	rc = template_dir_list(in->args->templates, &path, err);
	for (size_t i = 0; rc == 0 && path[i] != NULL; i++) {
		rc = template_file_import(&in->session, path[i], &r, err);
		if (rc == 0)
			rc = report(in, "templates", r.name, r.is_new, err);
	}
	template_dir_free(path);
	return (rc);
}

/* Without the signs that are taken for each other; 32 of them, so that no bit is lost. */
static int
generate_password(char out[PASSWORD_LENGTH + 1], struct gh_error *err)
{
	static const char signs[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char raw[PASSWORD_LENGTH];

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return (gh_fail(err, GH_E_INTERNAL, "no random bytes"));
	for (size_t i = 0; i < PASSWORD_LENGTH; i++)
		out[i] = signs[raw[i] % (sizeof(signs) - 1)];
	out[PASSWORD_LENGTH] = '\0';
	OPENSSL_cleanse(raw, sizeof(raw));
	return (0);
}

static int
create_admin(struct init *in, struct gh_error *err)
{
	const unsigned roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR;
	char hash[USER_HASH_SIZE], *given = NULL;
	int rc;

	if (in->args->admin_password_file != NULL)
		rc = prompt_password(in->args->admin_password_file, "password", false, &given, err);
	else
		rc = generate_password(in->password, err);
	if (rc == 0)
		rc = user_hash_password(given != NULL ? given : in->password, hash, err);
	if (rc == 0)
		rc = store_create_user(in->session.store, &in->session.who, in->args->admin, hash, roles, err);
	prompt_free(given);
	return (rc);
}

/* Only when there is no local user at all: a second run must not bring back an administrator who was
 * replaced by others. */
static int
init_admin(struct init *in, struct gh_error *err)
{
	struct store_filter filter = {0};
	gh_json *users, *item;
	const char *name;
	int rc = list_load(in->session.store, STORE_LIST_USERS, filter, 1, &users, err);

	if (rc != 0)
		return (rc);
	if (gh_json_size(users) > 0) {
		name = gh_json_string(gh_json_get(gh_json_at(users, 0), "name"));
		rc = report(in, "users", name != NULL ? name : "?", false, err);
		gh_json_free(users);
		return (rc);
	}
	gh_json_free(users);
	rc = create_admin(in, err);
	if (rc != 0)
		return (rc);
	item = report_item(in, "users", in->args->admin, true);
	if (item == NULL ||
	    (in->password[0] != '\0' && gh_json_set_string(item, "password", in->password) != 0))
		return (gh_fail(err, GH_E_NOMEM, "report"));
	if (in->password[0] != '\0' && !in->args->json)
		printf("            password %s (shown this once)\n", in->password);
	return (0);
}

static int
init_steps(struct init *in, struct gh_error *err)
{
	static int (*const steps[])(struct init *, struct gh_error *) = {
		init_schema, init_secrets, init_cas, init_templates, init_admin,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](in, err);
	return (rc);
}

static int
init_run(const char *who, const struct init_args *a)
{
	struct init in = {.args = a};
	struct gh_error err;
	int rc = session_open(&in.session, a->conf, SESSION_RAW_STORE, &err), shown;

	if (rc != 0)
		return (command_fail(who, &err));
	in.report = gh_json_new_object();
	rc = in.report != NULL ? init_steps(&in, &err) : gh_fail(&err, GH_E_NOMEM, "report");
	own_signer_stop(&in.signer);
	session_close(&in.session);
	/* Also after a failure: a password that was made must be told. */
	shown = a->json ? output_json(in.report) : output_finish();
	gh_json_free(in.report);
	OPENSSL_cleanse(in.password, sizeof(in.password));
	if (rc == 0)
		return (shown);
	rc = command_fail(who, &err);
	fprintf(stderr, "    what is made stays; when the cause is removed, run init again\n");
	return (rc);
}

int
cmd_init(int argc, char **argv)
{
	struct init_args a = {.ca_name = "issuing", .root_name = "root", .root_subject = "CN=Gatehouse Root CA",
		.issuing_subject = "CN=Gatehouse Issuing CA", .key_alg = "P-256", .admin = "admin",
		.urls = CA_URL_OPTIONS_INIT, .root_urls = CA_URL_OPTIONS_INIT};
	const struct option_row rows[] = {
		OPTION_CONFIG(&a.conf),
		{"ca-name", 0, OPTION_TEXT, &a.ca_name, "NAME", "name of the issuing CA (default: issuing)"},
		{"root-name", 0, OPTION_TEXT, &a.root_name, "NAME", "name of the root CA (default: root)"},
		{"root-subject", 0, OPTION_TEXT, &a.root_subject, "DN", "default: CN=Gatehouse Root CA"},
		{"issuing-subject", 0, OPTION_TEXT, &a.issuing_subject, "DN", "default: CN=Gatehouse Issuing CA"},
		{"key-alg", 0, OPTION_TEXT, &a.key_alg, "ALG", "key of both CAs: " MAKE_CA_KEY_ALGS
		    " (default: P-256)"},
		{"base-url", 0, OPTION_TEXT, &a.urls.base, "URL",
		    "plain HTTP address of the gateways: makes the URLs of CRL, certificate and OCSP responder of both "
		    "CAs, for the certificates they issue"},
		{"cdp-url", 0, OPTION_LIST, &a.urls.cdp, "URL", "CRL of the issuing CA, in its certificates; repeat"},
		{"aia-url", 0, OPTION_LIST, &a.urls.aia, "URL", "certificate of the issuing CA, likewise; repeat"},
		{"ocsp-url", 0, OPTION_LIST, &a.urls.ocsp, "URL", "OCSP responder of the issuing CA, likewise; repeat"},
		{"root-cdp-url", 0, OPTION_LIST, &a.root_urls.cdp, "URL", "CRL of the root, in the CAs below it; repeat"},
		{"root-aia-url", 0, OPTION_LIST, &a.root_urls.aia, "URL", "certificate of the root, likewise; repeat"},
		{"root-ocsp-url", 0, OPTION_LIST, &a.root_urls.ocsp, "URL", "OCSP responder of the root, likewise; repeat"},
		{"templates", 0, OPTION_TEXT, &a.templates, "DIR", "import the template files (*.json) of DIR"},
		{"admin", 0, OPTION_TEXT, &a.admin, "NAME", "first local administrator (default: admin)"},
		{"admin-password-file", 0, OPTION_TEXT, &a.admin_password_file, "FILE",
		    "password of the administrator, first line of FILE (default: made and printed once)"},
		OPTION_JSON(&a.json),
		OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
		"Makes what a gateway needs to start: the secret files named by the configuration, the database "
		"schema, a root CA (20 years) and an issuing CA (10 years), and the first administrator. Running it "
		"again is safe: it tells what is there and makes what is missing.",
		"gatehouse init -c /etc/gatehouse/gatehouse.conf --templates /usr/share/gatehouse/templates\n"
		"gatehouse init --ca-name corp --issuing-subject 'CN=Corp Issuing CA,O=Corp,C=DE' \\\n"
		"    --root-subject 'CN=Corp Root CA,O=Corp,C=DE' --key-alg P-384 \\\n"
		"    --base-url http://pki.corp.example\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	if (!make_ca_is_key_alg(a.key_alg))
		return (command_usage(argv[0], "--key-alg is " MAKE_CA_KEY_ALGS));
	a.root_urls.base = a.urls.base;
	return (init_run(argv[0], &a));
}
