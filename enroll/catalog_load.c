/* Rows of the database, as JSON, to the objects of the catalog. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "encoding.h"
#include "hex.h"
#include "json.h"

#include "catalog_load.h"

#define CATALOG_LIST_MAX 1024 /* names in one list of a row */

static void
strings_free(char **list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

/* NULL-ended copy of an array of strings. An absent or empty one gives NULL, or with keep_empty a
 * list without elements. */
static int
strings_load(const gh_json *array, const char *member, bool keep_empty, char ***out,
    struct gh_error *err)
{
	size_t n = gh_json_size(array);
	char **list;

	*out = NULL;
	if (gh_json_type(array) != GH_JSON_ARRAY && gh_json_type(array) != GH_JSON_NULL)
		return gh_fail(err, GH_E_DB, "%s is no array", member);
	if (n > CATALOG_LIST_MAX)
		return gh_fail(err, GH_E_DB, "%s has more than %d elements", member,
		    CATALOG_LIST_MAX);
	if (n == 0 && !keep_empty)
		return 0;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "%s", member);
	for (size_t i = 0; i < n; i++) {
		const char *s = gh_json_string(gh_json_at(array, i));

		if (s == NULL || (list[i] = strdup(s)) == NULL) {
			strings_free(list);
			return gh_fail(err, s == NULL ? GH_E_DB : GH_E_NOMEM, "%s[%zu]", member, i);
		}
	}
	*out = list;
	return 0;
}

/* A required string, copied. */
static int
string_load(const gh_json *row, const char *member, char **out, struct gh_error *err)
{
	const char *s = gh_json_string(gh_json_get(row, member));

	if (s == NULL || *s == '\0')
		return gh_fail(err, GH_E_DB, "%s is missing", member);
	if ((*out = strdup(s)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "%s", member);
	return 0;
}

static int
base64_load(const gh_json *value, const char *member, unsigned char **out, size_t *len,
    struct gh_error *err)
{
	const char *s = gh_json_string(value);

	if (s == NULL)
		return gh_fail(err, GH_E_DB, "%s is no string", member);
	if (gh_base64_decode(s, strlen(s), out, len, err) != 0)
		return gh_fail(err, GH_E_DB, "%s is not base64", member);
	return 0;
}

/* max: the chain leaves one place for the leaf. */
static int
certs_load(const gh_json *list, size_t min, size_t max, struct cert_chain *out,
    struct gh_error *err)
{
	unsigned char *der;
	size_t n = gh_json_size(list), len;
	int rc;

	if (n < min || n > max)
		return gh_fail(err, GH_E_DB, "%zu certificates", n);
	for (size_t i = 0; i < n; i++) {
		if ((rc = base64_load(gh_json_at(list, i), "certificate", &der, &len, err)) != 0)
			return rc;
		rc = cert_chain_add(out, der, len, err);
		free(der);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* *policy is empty where the CA has none. */
static int
policy_load(gh_json *policy, struct ca *ca, struct gh_error *err)
{
	if (gh_json_type(policy) != GH_JSON_OBJECT)
		return gh_fail(err, GH_E_DB, "policy is no object");
	ca->policy = gh_json_ref(policy);
	return 0;
}

static int
ca_load_members(const gh_json *row, struct ca *ca, struct gh_error *err)
{
	const gh_json *sealed = gh_json_get(row, "sealed");
	int64_t shards;
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &ca->id))
		return gh_fail(err, GH_E_DB, "id is missing");
	if (!ca_state_parse(gh_json_string(gh_json_get(row, "state")), &ca->state) ||
	    !ca_protection_parse(gh_json_string(gh_json_get(row, "protection")), &ca->protection) ||
	    !gh_json_int(gh_json_get(row, "crl_shards"), &shards) || shards < 0 ||
	    shards > CA_SHARDS_MAX)
		return gh_fail(err, GH_E_DB, "state, protection or crl_shards is wrong");
	ca->crl_shards = (int)shards;
	if ((rc = string_load(row, "name", &ca->name, err)) != 0 ||
	    (rc = string_load(row, "slug", &ca->slug, err)) != 0 ||
	    (rc = policy_load(gh_json_get(row, "policy"), ca, err)) != 0 ||
	    (rc = certs_load(gh_json_get(row, "chain"), ca->state != CA_PENDING, CERT_CHAIN_MAX - 1,
		 &ca->chain, err)) != 0 ||
	    (rc = certs_load(gh_json_get(row, "also"), 0, CERT_CHAIN_MAX, &ca->also, err)) != 0 ||
	    (rc = strings_load(gh_json_get(row, "cdp"), "cdp", false, &ca->cdp_urls, err)) != 0 ||
	    (rc = strings_load(gh_json_get(row, "aia"), "aia", false, &ca->aia_urls, err)) != 0 ||
	    (rc = strings_load(gh_json_get(row, "ocsp"), "ocsp", false, &ca->ocsp_urls, err)) != 0)
		return rc;
	if (gh_json_type(sealed) != GH_JSON_NULL &&
	    (rc = base64_load(sealed, "sealed", &ca->sealed, &ca->sealed_len, err)) != 0)
		return rc;
	return ca->state == CA_PENDING ? 0 : ca_finish(ca, err);
}

int
catalog_load_ca(const gh_json *row, struct ca **out, struct gh_error *err)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	int rc;

	if (ca == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	if ((rc = ca_load_members(row, ca, err)) != 0) {
		ca_free(ca);
		return rc;
	}
	*out = ca;
	return 0;
}

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
	static const char *const name[] = {
	    [APP_HASH_SHA1] = "SHA1",
	    [APP_HASH_SHA256] = "SHA256",
	    [APP_HASH_SHA512] = "SHA512",
	};
	const char *s = gh_json_string(gh_json_get(row, "min_hash"));

	for (size_t i = 0; s != NULL && i < sizeof(name) / sizeof(*name); i++) {
		if (strcasecmp(s, name[i]) == 0) {
			app->min_hash = (enum app_hash)i;
			return 0;
		}
	}
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
app_load_members(const gh_json *row, const unsigned char server_secret[32], struct app *app,
    struct gh_error *err)
{
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &app->id))
		return gh_fail(err, GH_E_DB, "id is missing");
	/* what is absent or no boolean falls on the safe side */
	app->is_enabled = gh_json_bool(gh_json_get(row, "enabled"), false);
	app->signature_required = gh_json_bool(gh_json_get(row, "signature_required"), true);
	if ((rc = string_load(row, "name", &app->name, err)) != 0 ||
	    (rc = string_load(row, "ca", &app->ca_name, err)) != 0 ||
	    (rc = app_load_key_index(row, app, err)) != 0 ||
	    (rc = app_load_hash(row, app, err)) != 0 ||
	    (rc = strings_load(gh_json_get(row, "templates"), "templates", true, &app->templates,
		 err)) != 0 ||
	    (rc = strings_load(gh_json_get(row, "groups"), "groups", false, &app->groups, err)) !=
		0)
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
	free(app->ca_name);
	free(app->service_identity);
	strings_free(app->templates);
	strings_free(app->groups);
	free(app);
}
