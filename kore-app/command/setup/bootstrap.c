/* See bootstrap.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "authority/make.h"
#include "hex.h"

#include "bootstrap.h"
#include "ca/ca_work.h"
#include "list.h"
#include "prompt.h"
#include "secret_file.h"
#include "verbs/template_file.h"
#include "verbs/user.h"

#define ROOT_YEARS 20
#define ISSUING_YEARS 10

/* ---- schema and secrets ---- */

static int
init_schema(struct bootstrap *in, struct gh_error *err)
{
	int applied, rc = store_migrate(in->env->store, &applied, err);

	if (rc != 0)
		return rc;
	return report_add(&in->report, "schema", "database", applied > 0, err);
}

/* A new secret beside rows that the lost one sealed would make them useless without a word. */
static int
refuse_if_used(struct bootstrap *in, enum store_list what, const char *path, const char *rows,
    struct gh_error *err)
{
	struct store_filter filter = {0};
	gh_json *found;
	size_t n;
	int rc = list_load(in->env->store, what, filter, 1, &found, err);

	if (rc != 0)
		return rc;
	n = gh_json_size(found);
	gh_json_free(found);
	if (n == 0)
		return 0;
	return gh_refuse(err, GH_E_CONF,
	    "%s is missing, but the database holds %s sealed with it: restore the file from a backup",
	    path, rows);
}

static int
init_secret(struct bootstrap *in, const char *path, const char *user, enum store_list used_by,
    const char *rows, struct gh_error *err)
{
	bool exists;
	int rc = secret_file_exists(path, &exists, err);

	if (rc == 0 && !exists)
		rc = refuse_if_used(in, used_by, path, rows, err);
	if (rc == 0 && !exists)
		rc = secret_file_create(path, user, used_by == STORE_LIST_CAS,
		    err); /* the signer demands to own its key */
	if (rc == 0)
		rc = report_add(&in->report, "secrets", path, !exists, err);
	return rc;
}

static int
init_secrets(struct bootstrap *in, struct gh_error *err)
{
	const struct gh_conf *c = in->env->conf;
	int rc = init_secret(in, c->gateway.secret_file, c->gateway.user, STORE_LIST_APPS,
	    "applications", err);

	if (rc == 0)
		rc =
		    init_secret(in, c->signer.key_file, c->signer.user, STORE_LIST_CAS, "CAs", err);
	if (rc == 0)
		rc = command_env_use_secret(in->env, err);
	return rc;
}

/* ---- CAs ---- */

static int
report_ca(struct bootstrap *in, const struct ca *ca, struct gh_error *err)
{
	gh_json *item = report_item(&in->report, "cas", ca->name, true);
	char *sha256 = gh_hex_encode(ca->ca_id, sizeof(ca->ca_id));
	int bad = item == NULL || sha256 == NULL ||
	    gh_json_set_string(item, "subject", ca->issuer_dn) != 0 ||
	    gh_json_set_string(item, "sha256", sha256) != 0;

	if (!bad) {
		report_note(&in->report, "subject %s", ca->issuer_dn);
		report_note(&in->report, "SHA-256 %s", sha256);
	}
	free(sha256);
	return bad ? gh_fail(err, GH_E_NOMEM, "report") : 0;
}

static int
init_ca(struct bootstrap *in, const struct authority_new_ca *spec, struct gh_error *err)
{
	static const struct ca_passwords passwords; /* asked for */
	struct authority a;
	gh_json *found;
	struct ca *ca;
	int rc = list_find(in->env->store, STORE_LIST_CAS, spec->settings.name, &found, err);

	if (rc == 0) {
		gh_json_free(found);
		return report_add(&in->report, "cas", spec->settings.name, false, err);
	}
	if (rc != GH_E_NOT_FOUND)
		return rc;
	if (in->signer.client == NULL) {
		rc = own_signer_start(in->env->conf, SIGNER_PROCESS_CA, &in->signer, err);
		if (rc != 0)
			return rc;
	}
	ca_work_init(in->env, &in->signer, &passwords, &a);
	rc = authority_make(&a, spec, &ca, err);
	if (rc == 0) {
		rc = report_ca(in, ca, err);
		ca_free(ca);
	}
	return rc;
}

static int
init_cas(struct bootstrap *in, struct gh_error *err)
{
	const struct bootstrap_args *a = in->args;
	const struct authority_new_ca root = {.settings = {.name = a->root_name,
						  .urls = ca_url_options_read(&a->root_urls),
						  .policy = CA_POLICY_CHANGE_NONE},
	    .subject = a->root_subject,
	    .key_alg = a->key_alg,
	    .years = ROOT_YEARS,
	    .days = AUTHORITY_NOT_GIVEN,
	    .path_len = 1};
	const struct authority_new_ca issuing = {.settings = {.name = a->ca_name,
						     .urls = ca_url_options_read(&a->urls),
						     .policy = CA_POLICY_CHANGE_NONE},
	    .subject = a->issuing_subject,
	    .key_alg = a->key_alg,
	    .parent = a->root_name,
	    .years = ISSUING_YEARS,
	    .days = AUTHORITY_NOT_GIVEN};
	int rc = init_ca(in, &root, err);

	return rc == 0 ? init_ca(in, &issuing, err) : rc;
}

/* ---- templates and the administrator ---- */

static int
init_templates(struct bootstrap *in, struct gh_error *err)
{
	struct template_result r;
	char **path;
	int rc;

	if (in->args->templates == NULL)
		return 0;
	rc = template_dir_list(in->args->templates, &path, err);
	for (size_t i = 0; rc == 0 && path[i] != NULL; i++) {
		rc = template_file_import(in->env, path[i], &r, err);
		if (rc == 0)
			rc = report_add(&in->report, "templates", r.name, r.is_new, err);
	}
	template_dir_free(path);
	return rc;
}

/* Without the signs that are taken for each other; 32 of them, so that no bit is lost. */
static int
generate_password(char out[BOOTSTRAP_PASSWORD_LENGTH + 1], struct gh_error *err)
{
	static const char signs[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char raw[BOOTSTRAP_PASSWORD_LENGTH];

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bytes");
	for (size_t i = 0; i < BOOTSTRAP_PASSWORD_LENGTH; i++)
		out[i] = signs[raw[i] % (sizeof(signs) - 1)];
	out[BOOTSTRAP_PASSWORD_LENGTH] = '\0';
	OPENSSL_cleanse(raw, sizeof(raw));
	return 0;
}

static int
create_admin(struct bootstrap *in, struct gh_error *err)
{
	const unsigned roles =
	    REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR;
	char hash[USER_HASH_SIZE], *given = NULL;
	int rc;

	if (in->args->admin_password_file != NULL)
		rc = prompt_password(in->args->admin_password_file, "password", false, &given, err);
	else
		rc = generate_password(in->password, err);
	if (rc == 0)
		rc = user_hash_password(given != NULL ? given : in->password, hash, err);
	if (rc == 0)
		rc = store_create_user(in->env->store, &in->env->who, in->args->admin, hash, roles,
		    err);
	prompt_free(given);
	return rc;
}

/* Only when there is no local user at all: a second run must not bring back an administrator who
 * was replaced by others. */
static int
init_admin(struct bootstrap *in, struct gh_error *err)
{
	struct store_filter filter = {0};
	gh_json *users, *item;
	const char *name;
	int rc = list_load(in->env->store, STORE_LIST_USERS, filter, 1, &users, err);

	if (rc != 0)
		return rc;
	if (gh_json_size(users) > 0) {
		name = gh_json_string(gh_json_get(gh_json_at(users, 0), "name"));
		rc = report_add(&in->report, "users", name != NULL ? name : "?", false, err);
		gh_json_free(users);
		return rc;
	}
	gh_json_free(users);
	rc = create_admin(in, err);
	if (rc != 0)
		return rc;
	item = report_item(&in->report, "users", in->args->admin, true);
	if (item == NULL ||
	    (in->password[0] != '\0' && gh_json_set_string(item, "password", in->password) != 0))
		return gh_fail(err, GH_E_NOMEM, "report");
	if (in->password[0] != '\0')
		report_note(&in->report, "password %s (shown this once)", in->password);
	return 0;
}

int
bootstrap_run(struct bootstrap *in, struct gh_error *err)
{
	static int (*const steps[])(struct bootstrap *, struct gh_error *) = {
	    init_schema,
	    init_secrets,
	    init_cas,
	    init_templates,
	    init_admin,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](in, err);
	return rc;
}

void
bootstrap_close(struct bootstrap *b)
{
	own_signer_stop(&b->signer);
	report_end(&b->report);
	OPENSSL_cleanse(b->password, sizeof(b->password));
}
