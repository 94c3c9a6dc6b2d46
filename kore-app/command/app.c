/* `gatehouse app`: API applications, that is who may call CertEnroll and for what. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "encoding.h"

#include "command.h"
#include "list.h"
#include "options.h"

#define APP_KEY_BYTES 16                 /* 128 bits: a name, not a secret */
#define APP_SECRET_BYTES 32              /* 256 bits */

struct app_create {
	const char *conf, *ca, *min_hash, *identity;
	const char *key, *key_file, *secret, *secret_file;
	struct option_list templates, groups;
	bool signature, json;
};

/* Key and secret as bytes, and as they are told to the administrator. */
struct app_secrets {
	unsigned char *key, *secret;
	size_t key_len, secret_len;
	char *key_base64;
	char *secret_text;       /* only when generated here; else NULL */
};

static void
secrets_clear(struct app_secrets *s)
{
	if (s->secret != NULL)
		OPENSSL_cleanse(s->secret, s->secret_len);
	if (s->secret_text != NULL)
		OPENSSL_cleanse(s->secret_text, strlen(s->secret_text));
	free(s->key);
	free(s->secret);
	free(s->key_base64);
	free(s->secret_text);
	memset(s, 0, sizeof(*s));
}

/* From the command line or a file; *out NULL when neither is given. */
static int
given_bytes(const char *text, const char *file, unsigned char **out, size_t *len, struct gh_error *err)
{
	char *line = NULL;
	int rc;

	*out = NULL;
	*len = 0;
	if (text == NULL && file == NULL)
		return (0);
	if (file != NULL) {
		rc = gh_conf_read_secret(file, &line, err);
		if (rc != 0)
			return (rc);
		text = line;
	}
	rc = gh_secret_decode(text, out, len, err);
	if (line != NULL) {
		OPENSSL_cleanse(line, strlen(line));
		free(line);
	}
	if (rc == 0 && *len == 0)
		rc = gh_refuse(err, GH_E_CONF, "an empty key or secret is not accepted");
	return (rc);
}

static int
make_key(struct app_secrets *s, struct gh_error *err)
{
	if (s->key == NULL) {
		s->key = malloc(APP_KEY_BYTES);
		s->key_len = APP_KEY_BYTES;
		if (s->key == NULL || RAND_bytes(s->key, APP_KEY_BYTES) != 1)
			return (gh_fail(err, GH_E_INTERNAL, "no random bytes"));
	}
	s->key_base64 = gh_base64_encode(s->key, s->key_len, GH_BASE64_ONE_LINE);
	return (s->key_base64 != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "key"));
}

/* The HMAC key is the text itself, as clients use it: 64 hex digits hold 256 bits. */
static int
make_secret(struct app_secrets *s, struct gh_error *err)
{
	unsigned char raw[APP_SECRET_BYTES];

	if (s->secret != NULL)
		return (0);
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return (gh_fail(err, GH_E_INTERNAL, "no random bytes"));
	s->secret_text = gh_hex_encode(raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (s->secret_text == NULL)
		return (gh_fail(err, GH_E_NOMEM, "secret"));
	s->secret = (unsigned char *)strdup(s->secret_text);
	s->secret_len = strlen(s->secret_text);
	return (s->secret != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "secret"));
}

static int
prepare_secrets(const struct app_create *a, struct app_secrets *s, struct gh_error *err)
{
	int rc = given_bytes(a->key, a->key_file, &s->key, &s->key_len, err);

	if (rc == 0)
		rc = given_bytes(a->secret, a->secret_file, &s->secret, &s->secret_len, err);
	if (rc == 0)
		rc = make_key(s, err);
	if (rc == 0)
		rc = make_secret(s, err);
	return (rc);
}

static gh_json *
list_json(const struct option_list *list)
{
	gh_json *array = gh_json_new_array();

	for (size_t i = 0; i < list->n && array != NULL; i++) {
		if (gh_json_append(array, gh_json_new_string(list->v[i])) != 0) {
			gh_json_free(array);
			return (NULL);
		}
	}
	return (array);
}

/* The application as store_create_app takes it. */
static int
build_app(const struct session *ses, const struct app_create *a, const char *name,
    const struct app_secrets *s, gh_json **out, struct gh_error *err)
{
	unsigned char index[32];
	char *hex, *sealed = NULL;
	gh_json *app = gh_json_new_object();
	int bad = app == NULL, rc;

	*out = NULL;
	catalog_key_index(ses->secret, s->key, s->key_len, index);
	hex = gh_hex_encode(index, sizeof(index));
	rc = catalog_seal(ses->secret, s->secret, s->secret_len, &sealed, err);
	if (rc == 0) {
		bad = bad || gh_json_set_string(app, "name", name) != 0;
		bad = bad || gh_json_set_string(app, "key_index", hex) != 0;
		bad = bad || gh_json_set_string(app, "secret_sealed", sealed) != 0;
		bad = bad || gh_json_set(app, "templates", list_json(&a->templates)) != 0;
		bad = bad || gh_json_set_string(app, "ca", a->ca) != 0;
		bad = bad || gh_json_set(app, "groups", list_json(&a->groups)) != 0;
		bad = bad || gh_json_set_bool(app, "signature_required", a->signature) != 0;
		bad = bad || gh_json_set_string(app, "min_hash", a->min_hash) != 0;
		bad = bad || gh_json_set_string(app, "service_identity", a->identity) != 0;
		bad = bad || gh_json_set_bool(app, "enabled", true) != 0;
		if (bad || hex == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "application");
	}
	free(hex);
	free(sealed);
	if (rc != 0)
		gh_json_free(app);
	else
		*out = app;
	return (rc);
}

/* A misspelt CA or template would only be noticed by the first caller. */
static int
check_names(struct session *ses, const struct app_create *a, struct gh_error *err)
{
	gh_json *found;
	int rc = list_find(ses->store, STORE_LIST_CAS, a->ca, &found, err);

	if (rc == GH_E_NOT_FOUND)
		return (gh_refuse(err, GH_E_NOT_FOUND, "there is no CA \"%s\": see `gatehouse ca list`", a->ca));
	gh_json_free(found);
	for (size_t i = 0; rc == 0 && i < a->templates.n; i++) {
		rc = list_find(ses->store, STORE_LIST_TEMPLATES, a->templates.v[i], &found, err);
		if (rc == GH_E_NOT_FOUND)
			return (gh_refuse(err, GH_E_NOT_FOUND,
			    "there is no template \"%s\": see `gatehouse template list`", a->templates.v[i]));
		gh_json_free(found);
	}
	return (rc);
}

static int
show_created(const struct app_create *a, const char *name, int64_t id, const struct app_secrets *s)
{
	gh_json *o;
	int rc, bad = 0;

	if (!a->json) {
		printf("application  %s (%lld)\nkey          %s\n", name, (long long)id, s->key_base64);
		if (s->secret_text != NULL)
			printf("secret       %s\n\nThe secret is shown this once and cannot be read back.\n",
			    s->secret_text);
		return (output_finish());
	}
	o = gh_json_new_object();
	bad = o == NULL || gh_json_set_int(o, "id", id) != 0 || gh_json_set_string(o, "name", name) != 0 ||
	    gh_json_set_string(o, "key", s->key_base64) != 0 ||
	    gh_json_set_string(o, "secret", s->secret_text) != 0;
	rc = bad ? COMMAND_FAILED : output_json(o);
	gh_json_free(o);
	return (rc);
}

static int
app_create(const char *who, const struct app_create *a, const char *name)
{
	struct app_secrets secrets = {0};
	struct gh_error err;
	struct session ses;
	gh_json *app = NULL;
	int64_t id = 0;
	int rc = session_open(&ses, a->conf, SESSION_STORE | SESSION_SECRET, &err);

	if (rc != 0)
		return (command_fail(who, &err));
	rc = prepare_secrets(a, &secrets, &err);
	if (rc == 0)
		rc = check_names(&ses, a, &err);
	if (rc == 0)
		rc = build_app(&ses, a, name, &secrets, &app, &err);
	if (rc == 0)
		rc = store_create_app(ses.store, &ses.who, app, &id, &err);
	gh_json_free(app);
	session_close(&ses);
	rc = rc == 0 ? show_created(a, name, id, &secrets) : command_fail(who, &err);
	secrets_clear(&secrets);
	return (rc);
}

static bool
is_hash_name(const char *s)
{
	return (strcmp(s, "SHA1") == 0 || strcmp(s, "SHA256") == 0 || strcmp(s, "SHA512") == 0);
}

int
cmd_app_create(int argc, char **argv)
{
	struct app_create a = {.min_hash = "SHA1", .signature = true};
	const struct option_row rows[] = {
		OPTION_CONFIG(&a.conf),
		{"template", 't', OPTION_LIST, &a.templates, "NAME", "template it may ask for; repeat for more"},
		{"ca", 0, OPTION_TEXT, &a.ca, "NAME", "CA that issues for it"},
		{"group", 'g', OPTION_LIST, &a.groups, "GROUP",
		    "the user must be in one of these groups (DN, name or SID); repeat for more"},
		{"no-signature", 0, OPTION_UNFLAG, &a.signature, NULL,
		    "do not demand X-CSS-CMS-Signature: the secret proves nothing then"},
		{"min-hash", 0, OPTION_TEXT, &a.min_hash, "HASH",
		    "weakest HMAC accepted: SHA1 (default), SHA256 or SHA512"},
		{"service-identity", 0, OPTION_TEXT, &a.identity, "ID",
		    "directory name that callers without user credentials act as"},
		{"key", 0, OPTION_TEXT, &a.key, "KEY",
		    "application key, as hex:..., base64:... or text:... (default: 128 random bits)"},
		{"key-file", 0, OPTION_TEXT, &a.key_file, "FILE", "the same, first line of FILE"},
		{"secret", 0, OPTION_TEXT, &a.secret, "SECRET",
		    "HMAC secret, written likewise (default: 256 random bits); others on this machine may see it"},
		{"secret-file", 0, OPTION_TEXT, &a.secret_file, "FILE", "the same, first line of FILE"},
		OPTION_JSON(&a.json),
		OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
		"Creates an API application. Its key (base64, for the header X-CSS-CMS-AppKey) and a generated "
		"secret (text, the key of the HMAC) are printed once.",
		"gatehouse app create mdm --template User --template Computer --ca issuing\n"
		"gatehouse app create scep-bridge -t Computer --ca issuing --min-hash SHA256 \\\n"
		"    --service-identity 'bridge$'\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	if (a.templates.n == 0)
		return (command_usage(argv[0], "--template is needed at least once"));
	if (a.ca == NULL)
		return (command_usage(argv[0], "--ca is needed"));
	if (!is_hash_name(a.min_hash))
		return (command_usage(argv[0], "--min-hash is SHA1, SHA256 or SHA512"));
	if ((a.key != NULL && a.key_file != NULL) || (a.secret != NULL && a.secret_file != NULL))
		return (command_usage(argv[0], "give a value or a file, not both"));
	return (app_create(argv[0], &a, argv[1]));
}

int
cmd_app_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"}, {"CA", "ca"},
		{"TEMPLATES", "templates"}, {"SIGNATURE", "signature_required"}, {"HASH", "min_hash"},
		{"ENABLED", "enabled"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_APPS, columns};
	const struct store_filter filter = {0};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0, "Lists the API applications. Secrets are never shown.",
		"gatehouse app list --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	return (list_show(argv[0], conf, json, &view, &filter, 0));
}

int
cmd_app_show(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"NAME", 1, 1,
		"Shows one API application. Its secret is not shown: it is stored sealed.",
		"gatehouse app show mdm\n"};
	struct gh_error err;
	struct session s;
	gh_json *app;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	rc = session_open(&s, conf, SESSION_STORE, &err);
	if (rc != 0)
		return (command_fail(argv[0], &err));
	rc = list_find(s.store, STORE_LIST_APPS, argv[1], &app, &err);
	session_close(&s);
	if (rc != 0)
		return (command_fail(argv[0], &err));
	rc = json ? output_json(app) : output_object(app, NULL);
	gh_json_free(app);
	return (rc);
}

static int
set_enabled(int argc, char **argv, bool enabled)
{
	const char *conf = NULL;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_END};
	const struct usage usage = {"NAME", 1, 1,
		enabled ? "Lets an API application call again. All nodes follow within a second." :
			  "Refuses all calls of an API application. All nodes follow within a second.",
		enabled ? "gatehouse app enable mdm\n" : "gatehouse app disable mdm\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	rc = session_open(&s, conf, SESSION_STORE, &err);
	if (rc == 0) {
		rc = store_set_app_enabled(s.store, &s.who, argv[1], enabled, &err);
		session_close(&s);
	}
	if (rc == GH_E_NOT_FOUND)
		gh_refuse(&err, GH_E_NOT_FOUND, "there is no application \"%s\"", argv[1]);
	return (rc == 0 ? COMMAND_OK : command_fail(argv[0], &err));
}

int
cmd_app_enable(int argc, char **argv)
{
	return (set_enabled(argc, argv, true));
}

int
cmd_app_disable(int argc, char **argv)
{
	return (set_enabled(argc, argv, false));
}
