/* `gatehouse app set`, `app rotate`, `app delete`: changes of API applications, followed by all
 * nodes within a second. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "make_app.h"
#include "options.h"
#include "output.h"
#include "prompt.h"

/* ---- set ---- */

static bool
is_given(const struct make_app_changes *c)
{
	return c->ca != NULL || c->min_hash != NULL || c->identity != NULL || c->templates.n > 0 ||
	    c->groups.n > 0 || c->signature || c->no_signature;
}

static int
check(const char *who, struct make_app_changes *c)
{
	if (!is_given(c))
		return command_usage(who, "nothing to change is given");
	if (c->signature && c->no_signature)
		return command_usage(who, "--signature and --no-signature exclude each other");
	if (c->min_hash != NULL && !make_app_take_hash(&c->min_hash))
		return command_usage(who, "--min-hash is SHA1, SHA256 or SHA512");
	for (size_t i = 0; i < c->templates.n; i++)
		if (c->templates.v[i][0] == '\0')
			return command_usage(who,
			    "--template needs a name: to end an application, `gatehouse app disable`");
	return OPTIONS_GO;
}

int
cmd_app_set(int argc, char **argv)
{
	const char *conf = NULL;
	struct make_app_changes c = {.signature = false};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"template", 't', OPTION_LIST, &c.templates, "NAME",
		"templates it may ask for, in place of the old ones; repeat"},
	    {"ca", 0, OPTION_TEXT, &c.ca, "NAME", "CA that issues for it"},
	    {"group", 'g', OPTION_LIST, &c.groups, "GROUP",
		"groups that the user must be in one of, in place of the old ones; repeat; \"\": none"},
	    {"signature", 0, OPTION_FLAG, &c.signature, NULL, "demand X-CSS-CMS-Signature"},
	    {"no-signature", 0, OPTION_FLAG, &c.no_signature, NULL,
		"do not demand it: the secret proves nothing then"},
	    {"min-hash", 0, OPTION_TEXT, &c.min_hash, "HASH",
		"weakest HMAC accepted: SHA1, SHA256 or SHA512"},
	    {"service-identity", 0, OPTION_TEXT, &c.identity, "ID",
		"directory name that callers without user credentials act as; \"\": none"},
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Changes an API application: what is not given stays. Key and secret: gatehouse app rotate.",
	    "gatehouse app set mdm --template User --template Computer --min-hash SHA256\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO || (rc = check(argv[0], &c)) != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = make_app_change(&s, argv[1], &c, &err);
	session_close(&s);
	return rc == 0 ? COMMAND_OK : command_fail(argv[0], &err);
}

/* ---- rotate ---- */

static int
show_rotated(const char *name, const struct app_secrets *secrets, bool new_key, bool json)
{
	gh_json *o;
	int rc;

	if (!json) {
		printf("application  %s\n", name);
		if (new_key)
			printf("key          %s\n", secrets->key_base64);
		printf(
		    "secret       %s\n\nThe secret is shown this once and cannot be read back. The old one is useless.\n",
		    secrets->secret_text);
		return output_finish();
	}
	o = gh_json_new_object();
	if (o == NULL || gh_json_set_string(o, "name", name) != 0 ||
	    (new_key && gh_json_set_string(o, "key", secrets->key_base64) != 0) ||
	    gh_json_set_string(o, "secret", secrets->secret_text) != 0)
		rc = COMMAND_FAILED;
	else
		rc = output_json(o);
	gh_json_free(o);
	return rc;
}

int
cmd_app_rotate(int argc, char **argv)
{
	const char *conf = NULL;
	bool new_key = false, json = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"new-key", 0, OPTION_FLAG, &new_key, NULL, "a new key, too"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Gives an API application a new secret, which is printed once. The old one ends on all nodes within a second. For a "
	    "change without interruption make a second application, move the clients, and delete the first.",
	    "gatehouse app rotate mdm\n"};
	struct app_secrets secrets = {0};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = make_app_rotate(&s, argv[1], new_key, &secrets, &err);
	session_close(&s);
	rc = rc == 0 ? show_rotated(argv[1], &secrets, new_key, json) : command_fail(argv[0], &err);
	app_secrets_clear(&secrets);
	return rc;
}

/* ---- delete ---- */

int
cmd_app_delete(int argc, char **argv)
{
	const char *conf = NULL;
	bool yes = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"yes", 'y', OPTION_FLAG, &yes, NULL, "do not ask"},
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Removes an API application and its secret for good. Its requests, certificates and audit rows stay. Refused while "
	    "it has pending requests.",
	    "gatehouse app delete mdm --yes\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	if (!yes)
		rc = prompt_confirm("Remove the application for good? Type yes", &err);
	if (rc == 0)
		rc = store_delete_app(s.store, &s.who, argv[1], &err);
	session_close(&s);
	return rc == 0 ? COMMAND_OK : command_fail(argv[0], &err);
}
