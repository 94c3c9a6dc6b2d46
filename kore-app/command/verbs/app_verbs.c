/* `gatehouse app`: API applications, that is who may call CertEnroll and for what. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "list.h"
#include "make_app.h"
#include "options.h"

struct app_create {
	const char *conf;
	struct make_app make;
	bool json;
};

static int
show_created(const struct app_create *a, const char *name, int64_t id, const struct app_secrets *s)
{
	gh_json *o;
	int rc, bad = 0;

	if (!a->json) {
		printf("application  %s (%lld)\nkey          %s\n", name, (long long)id,
		    s->key_base64);
		if (s->secret_text != NULL)
			printf(
			    "secret       %s\n\nThe secret is shown this once and cannot be read back.\n",
			    s->secret_text);
		return output_finish();
	}
	o = gh_json_new_object();
	bad = o == NULL || gh_json_set_int(o, "id", id) != 0 ||
	    gh_json_set_string(o, "name", name) != 0 ||
	    gh_json_set_string(o, "key", s->key_base64) != 0 ||
	    gh_json_set_string(o, "secret", s->secret_text) != 0;
	rc = bad ? COMMAND_FAILED : output_json(o);
	gh_json_free(o);
	return rc;
}

static int
app_create(const char *who, const struct app_create *a, const char *name)
{
	struct app_secrets secrets = {0};
	struct gh_error err;
	struct session ses;
	int64_t id = 0;
	int rc = session_open(&ses, a->conf, SESSION_STORE | SESSION_SECRET, &err);

	if (rc != 0)
		return command_fail(who, &err);
	rc = make_app(&ses, &a->make, name, &secrets, &id, &err);
	session_close(&ses);
	rc = rc == 0 ? show_created(a, name, id, &secrets) : command_fail(who, &err);
	app_secrets_clear(&secrets);
	return rc;
}

int
cmd_app_create(int argc, char **argv)
{
	struct app_create a = {.make = MAKE_APP_INIT};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&a.conf),
	    {"template", 't', OPTION_LIST, &a.make.templates, "NAME",
		"template it may ask for; repeat for more"},
	    {"ca", 0, OPTION_TEXT, &a.make.ca, "NAME", "CA that issues for it"},
	    {"group", 'g', OPTION_LIST, &a.make.groups, "GROUP",
		"the user must be in one of these groups (DN, name or SID); repeat for more"},
	    {"no-signature", 0, OPTION_UNFLAG, &a.make.signature, NULL,
		"do not demand X-CSS-CMS-Signature: the secret proves nothing then"},
	    {"min-hash", 0, OPTION_TEXT, &a.make.min_hash, "HASH",
		"weakest HMAC accepted: SHA1 (default), SHA256 or SHA512"},
	    {"service-identity", 0, OPTION_TEXT, &a.make.identity, "ID",
		"directory name that callers without user credentials act as"},
	    {"key", 0, OPTION_TEXT, &a.make.key, "KEY",
		"application key, as hex:..., base64:... or text:... (default: 128 random bits)"},
	    {"key-file", 0, OPTION_TEXT, &a.make.key_file, "FILE", "the same, first line of FILE"},
	    {"secret", 0, OPTION_TEXT, &a.make.secret, "SECRET",
		"HMAC secret, written likewise (default: 256 random bits); others on this machine may see it"},
	    {"secret-file", 0, OPTION_TEXT, &a.make.secret_file, "FILE",
		"the same, first line of FILE"},
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
		return rc;
	if (a.make.templates.n == 0)
		return command_usage(argv[0], "--template is needed at least once");
	if (a.make.ca == NULL)
		return command_usage(argv[0], "--ca is needed");
	if (!make_app_take_hash(&a.make.min_hash))
		return command_usage(argv[0], "--min-hash is SHA1, SHA256 or SHA512");
	if ((a.make.key != NULL && a.make.key_file != NULL) ||
	    (a.make.secret != NULL && a.make.secret_file != NULL))
		return command_usage(argv[0], "give a value or a file, not both");
	return app_create(argv[0], &a, argv[1]);
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
	static const struct usage usage = {"", 0, 0,
	    "Lists the API applications. Secrets are never shown.", "gatehouse app list --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, 0);
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
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = list_find(s.store, STORE_LIST_APPS, argv[1], &app, &err);
	session_close(&s);
	if (rc == GH_E_NOT_FOUND)
		gh_refuse(&err, rc, "there is no application \"%s\": see `gatehouse app list`",
		    argv[1]);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = json ? output_json(app) : output_object(app, NULL);
	gh_json_free(app);
	return rc;
}

static int
set_enabled(int argc, char **argv, bool enabled)
{
	const char *conf = NULL;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_END};
	const struct usage usage = {"NAME", 1, 1,
	    enabled ? "Lets an API application call again. All nodes follow within a second."
		    : "Refuses all calls of an API application. All nodes follow within a second.",
	    enabled ? "gatehouse app enable mdm\n" : "gatehouse app disable mdm\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc == 0) {
		rc = store_set_app_enabled(s.store, &s.who, argv[1], enabled, &err);
		session_close(&s);
	}
	return rc == 0 ? COMMAND_OK : command_fail(argv[0], &err);
}

int
cmd_app_enable(int argc, char **argv)
{
	return set_enabled(argc, argv, true);
}

int
cmd_app_disable(int argc, char **argv)
{
	return set_enabled(argc, argv, false);
}
