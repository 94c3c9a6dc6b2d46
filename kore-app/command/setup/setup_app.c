/* `gatehouse setup`: the first application, and files with what is shown only once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "durable_file.h"

#include "list.h"
#include "setup.h"

#define FIRST_APP "clients"

static int
write_credential(const struct setup *s, const char *name, const char *value, struct gh_error *err)
{
	char path[SETUP_PATH_SIZE], line[256];
	int rc;

	if (snprintf(path, sizeof(path), "%s/%s", s->o.credentials, name) >= (int)sizeof(path))
		return gh_refuse(err, GH_E_CONF, "--credentials: name too long");
	snprintf(line, sizeof(line), "%s\n", value);
	rc = gh_file_write(path, line, strlen(line), 0600, true, err);
	explicit_bzero(line, sizeof(line));
	return rc;
}

/* To the files, or to the report, which shows it. */
static int
give_app(struct setup *s, const char *name, const struct app_secrets *secrets, struct gh_error *err)
{
	gh_json *item = report_item(&s->made.report, "apps", name, true);
	int rc = 0;

	if (item == NULL)
		return gh_fail(err, GH_E_NOMEM, "report");
	if (s->o.credentials != NULL) {
		rc = write_credential(s, "app.key", secrets->key_base64, err);
		if (rc == 0)
			rc = write_credential(s, "app.secret", secrets->secret_text, err);
		report_note(&s->made.report, "key and secret are in %s", s->o.credentials);
		return rc;
	}
	if (gh_json_set_string(item, "key", secrets->key_base64) != 0 ||
	    gh_json_set_string(item, "secret", secrets->secret_text) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "report");
	report_note(&s->made.report, "key    %s", secrets->key_base64);
	report_note(&s->made.report, "secret %s (shown this once)", secrets->secret_text);
	return rc;
}

/* When there is no application at all: one that was deleted does not come back. */
static int
find_any(struct setup *s, gh_json **first, struct gh_error *err)
{
	const struct store_filter filter = {0};
	gh_json *apps;
	int rc = list_load(s->env.store, STORE_LIST_APPS, filter, 1, &apps, err);

	*first = NULL;
	if (rc == 0 && gh_json_size(apps) > 0)
		*first = gh_json_ref(gh_json_at(apps, 0));
	if (rc == 0)
		gh_json_free(apps);
	return rc;
}

int
setup_first_app(struct setup *s, struct gh_error *err)
{
	struct make_app app = MAKE_APP_INIT;
	const char *name = s->o.app != NULL ? s->o.app : FIRST_APP, *there;
	struct app_secrets secrets = {0};
	gh_json *first;
	int64_t id;
	int rc = find_any(s, &first, err);

	if (rc == 0 && first != NULL) {
		there = gh_json_string(gh_json_get(first, "name"));
		rc = report_add(&s->made.report, "apps", there != NULL ? there : "?", false, err);
		gh_json_free(first);
		return rc;
	}
	app.ca = s->o.make.ca_name;
	app.templates = s->o.app_templates;
	if (app.templates.n == 0) {
		app.templates.v[0] = "User";
		app.templates.v[1] = "Computer";
		app.templates.n = 2;
	}
	if (rc == 0)
		rc = make_app(&s->env, &app, name, &secrets, &id, err);
	if (rc == 0)
		rc = give_app(s, name, &secrets, err);
	app_secrets_clear(&secrets);
	return rc;
}
