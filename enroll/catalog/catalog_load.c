/* Rows of the database, as JSON, to the objects of the catalog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "encoding.h"
#include "hex.h"
#include "json.h"
#include "json_row.h"

#include "app.h"
#include "catalog_load.h"

int
catalog_load_template(const gh_json *row, struct catalog_template *out, struct gh_error *err)
{
	const gh_json *body = gh_json_get(row, "body");
	int64_t id, version;
	struct tmpl *t;
	char *text;
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &id) ||
	    !gh_json_int(gh_json_get(row, "version"), &version) || version < 1 ||
	    version > INT32_MAX)
		return gh_fail(err, GH_E_DB, "id or version is missing");
	if (gh_json_type(body) != GH_JSON_OBJECT)
		return gh_fail(err, GH_E_DB, "body is no object");
	if ((text = gh_json_print(body, false)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template");
	rc = tmpl_load(text, strlen(text), &t, err);
	free(text);
	if (rc != 0)
		return rc;
	out->id = id;
	out->version = (int)version;
	out->tmpl = t;
	return 0;
}

/* The index is 32 bytes in hex. All zeros is what catalog_key_index gives when it fails. */
static int
app_load_key_index(const gh_json *row, struct app *app, struct gh_error *err)
{
	static const unsigned char zero[sizeof(app->key_index)];
	const char *hex = gh_json_string(gh_json_get(row, "key_index"));
	unsigned char *p = NULL;
	size_t len = 0;
	bool ok;

	if (hex == NULL || gh_hex_decode(hex, strlen(hex), &p, &len, NULL) != 0)
		return gh_fail(err, GH_E_DB, "key_index is no hex");
	ok = len == sizeof(app->key_index) && memcmp(p, zero, sizeof(zero)) != 0;
	if (ok)
		memcpy(app->key_index, p, len);
	free(p);
	return ok ? 0 : gh_fail(err, GH_E_DB, "key_index has a wrong length or is zero");
}

static int
app_load_hash(const gh_json *row, struct app *app, struct gh_error *err)
{
	const char *s = gh_json_string(gh_json_get(row, "min_hash"));

	if (s != NULL && gh_hash_find(s, &app->min_hash))
		return 0;
	return gh_fail(err, GH_E_DB, "min_hash is none of SHA1, SHA256, SHA512");
}

static int
app_load_optional(const gh_json *row, const unsigned char server_secret[32], struct app *app,
    struct gh_error *err)
{
	const char *identity = gh_json_string(gh_json_get(row, "service_identity"));
	const char *sealed = gh_json_string(gh_json_get(row, "secret_sealed"));

	if (identity != NULL && *identity != '\0' &&
	    (app->service_identity = strdup(identity)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "service_identity");
	if (sealed == NULL)
		return 0;
	return catalog_unseal(server_secret, sealed, &app->secret, &app->secret_len, err);
}

static int
app_load_profile(const gh_json *row, const char *name, struct enroll_profile *p,
    struct gh_error *err)
{
	bool is_named = gh_json_type(gh_json_get(row, "ca")) != GH_JSON_NULL;
	int rc;

	p->ca_by = is_named ? PROFILE_CA_NAMED : PROFILE_CA_BY_RULE;
	if (asprintf(&p->name, "application %s", name) < 0) {
		p->name = NULL;
		return gh_fail(err, GH_E_NOMEM, "application");
	}
	rc = is_named ? gh_json_row_text(row, "ca", &p->ca_name, err) : 0;
	if (rc == 0 && (rc = gh_json_row_texts(row, "templates", true, &p->templates, err)) == 0)
		rc = gh_json_row_texts(row, "groups", false, &p->groups, err);
	return rc;
}

static int
app_load_members(const gh_json *row, const unsigned char server_secret[32], struct app *app,
    struct gh_error *err)
{
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &app->id))
		return gh_fail(err, GH_E_DB, "id is missing");
	/* what is absent or no boolean falls on the safe side */
	app->is_enabled = gh_json_bool(gh_json_get(row, "enabled"), false);
	app->signature_required = gh_json_bool(gh_json_get(row, "signature_required"), true);
	if ((rc = gh_json_row_text(row, "name", &app->name, err)) != 0 ||
	    (rc = app_load_key_index(row, app, err)) != 0 ||
	    (rc = app_load_hash(row, app, err)) != 0 ||
	    (rc = app_load_profile(row, app->name, &app->profile, err)) != 0)
		return rc;
	return app_load_optional(row, server_secret, app, err);
}

int
catalog_load_app(const gh_json *row, const unsigned char server_secret[32], struct app **out,
    struct gh_error *err)
{
	struct app *app = calloc(1, sizeof(*app));
	int rc;

	if (app == NULL)
		return gh_fail(err, GH_E_NOMEM, "application");
	if ((rc = app_load_members(row, server_secret, app, err)) != 0) {
		catalog_app_free(app);
		return rc;
	}
	*out = app;
	return 0;
}

void
catalog_app_free(struct app *app)
{
	if (app == NULL)
		return;
	if (app->secret != NULL)
		OPENSSL_cleanse(app->secret, app->secret_len);
	free(app->secret);
	free(app->name);
	free(app->service_identity);
	enroll_profile_clear(&app->profile);
	free(app);
}
