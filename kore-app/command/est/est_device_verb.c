/* `gatehouse est device`: which devices EST knows, and what they are called. docs/est-devices.md */
#include <string.h>

#include "catalog/listed_device.h"
#include "store/catalog/est_device_row.h"
#include "timestamp.h"

#include "command.h"
#include "est_device_file.h"
#include "prompt.h"
#include "verb.h"

static const char *anchor, *spki, *labels, *subject, *san, *user, *expires, *note;
static bool enable, disable, dry_run, skip_errors;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"anchor", 0, OPTION_TEXT, &anchor, "HEX",
	"its manufacturer: SHA-256 of the public key of the CA; without: any, where the label has but one"},
    {"spki", 0, OPTION_TEXT, &spki, "HEX", "add, set: SHA-256 of its own public key"},
    {"labels", 'l', OPTION_TEXT, &labels, "LABELS",
	"add, set: labels that it enrolls at, with blanks between them; without: any"},
    {"subject", 0, OPTION_TEXT, &subject, "DN",
	"add, set: subject of its certificate; without: that of its request, as the template allows"},
    {"san", 0, OPTION_TEXT, &san, "NAMES",
	"add, set: SubjectAltName: dns:, ip:, email:, uri:, with blanks between them"},
    {"user", 0, OPTION_TEXT, &user, "NAME",
	"add, set: the EST user that enrolls for it with a password"},
    {"expires", 0, OPTION_TEXT, &expires, "DAY", "add, set: it is refused from this day on, UTC"},
    {"note", 'm', OPTION_TEXT, &note, "TEXT", "add, set: for people"},
    {"enable", 0, OPTION_FLAG, &enable, NULL, "set: it may enroll again"},
    {"disable", 0, OPTION_FLAG, &disable, NULL,
	"add, set: it, and each certificate that it has, is refused"},
    {"dry-run", 'n', OPTION_FLAG, &dry_run, NULL, "import: only tell what would change"},
    {"skip-errors", 0, OPTION_FLAG, &skip_errors, NULL,
	"import: leave wrong lines out, and take the others; else all or none"},
    VERB_YES,
    VERB_JSON,
    OPTION_END,
};

/* ---- one device ---- */

static int
put_given(const struct verb_call *c, gh_json *row, struct gh_error *err)
{
	const struct {
		const char *name, *text;
	} given[] = {{"serial", c->operand[1]}, {"anchor", anchor != NULL ? anchor : ""},
	    {"spki", spki}, {"labels", labels}, {"subject", subject}, {"san", san}, {"user", user},
	    {"expires", expires}, {"note", note},
	    {"enabled",
		disable      ? "no"
		    : enable ? "yes"
			     : NULL}};
	int rc = row != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "device");

	for (size_t i = 0; rc == 0 && i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].text != NULL)
			rc = est_device_member(row, given[i].name, given[i].text, err);
	return rc;
}

static int
find(struct verb_call *c, const gh_json *like, gh_json **out, struct gh_error *err)
{
	const char *serial = gh_json_string(gh_json_get(like, "serial")),
		   *by = gh_json_string(gh_json_get(like, "anchor"));
	gh_json *all;
	int rc = store_load_est_devices(c->env.store, &all, err);

	*out = NULL;
	for (size_t i = 0; rc == 0 && *out == NULL && i < gh_json_size(all); i++) {
		gh_json *row = gh_json_at(all, i);

		if (strcmp(gh_json_string(gh_json_get(row, "serial")), serial) == 0 &&
		    strcmp(gh_json_string(gh_json_get(row, "anchor")), by) == 0)
			*out = gh_json_ref(row);
	}
	gh_json_free(rc == 0 ? all : NULL);
	if (rc == 0 && *out == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no device \"%s\"%s: see `gatehouse est device list`", serial,
		    *by != '\0' ? " of this manufacturer" : " without a manufacturer");
	return rc;
}

/* The row as it is to be must hold together. */
static int
check_changed(struct verb_call *c, const gh_json *given, struct gh_error *err)
{
	gh_json *row;
	int bad = 0, rc = find(c, given, &row, err);

	if (rc != 0)
		return rc;
	for (void *it = gh_json_iter(given); it != NULL; it = gh_json_next(given, it))
		bad |= gh_json_set(row, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it)));
	rc = bad == 0 ? listed_device_check(row, err) : gh_fail(err, GH_E_NOMEM, "device");
	gh_json_free(row);
	return rc;
}

static int
put(struct verb_call *c, enum store_device_change how, struct gh_error *err)
{
	gh_json *list = gh_json_new_array(), *row = gh_json_new_object(), *changes = NULL;
	int rc = put_given(c, row, err);

	if (rc == 0 && how == STORE_DEVICE_ADD && !disable &&
	    gh_json_set_bool(row, "enabled", true) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "device");
	if (rc == 0)
		rc = how == STORE_DEVICE_SET ? check_changed(c, row, err)
					     : listed_device_check(row, err);
	if (rc == 0 && gh_json_append(list, gh_json_ref(row)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "device");
	if (rc == 0)
		rc = store_put_est_devices(c->env.store, &c->env.who, list, how, LISTED_DEVICES_MAX,
		    false, &changes, err);
	gh_json_free(changes);
	gh_json_free(row);
	gh_json_free(list);
	return rc;
}

static int
add(struct verb_call *c, struct gh_error *err)
{
	return put(c, STORE_DEVICE_ADD, err);
}

static int
set(struct verb_call *c, struct gh_error *err)
{
	return put(c, STORE_DEVICE_SET, err);
}

static int
remove_device(struct verb_call *c, struct gh_error *err)
{
	gh_json *like = gh_json_new_object();
	int rc = put_given(c, like, err);

	if (rc == 0 && !verb_shared.is_sure)
		rc = prompt_confirm("Remove this device? Its certificates log in no more.", err);
	if (rc == 0)
		rc = store_remove_est_device(c->env.store, &c->env.who,
		    gh_json_string(gh_json_get(like, "serial")),
		    gh_json_string(gh_json_get(like, "anchor")), err);
	gh_json_free(like);
	return rc;
}

/* ---- all of them ---- */

static int
tidy(gh_json *row, struct gh_error *err)
{
	char text[GH_TIMESTAMP_SIZE];
	int64_t at;

	if (gh_json_int(gh_json_get(row, "expires"), &at) &&
	    gh_json_set_string(row, "expires", gh_timestamp_format(at, text)) != 0)
		return gh_fail(err, GH_E_NOMEM, "devices");
	return 0;
}

static int
show_one(struct verb_call *c, struct gh_error *err)
{
	gh_json *like = gh_json_new_object();
	int rc = put_given(c, like, err);

	if (rc == 0 && (rc = find(c, like, &c->out, err)) == 0)
		rc = tidy(c->out, err);
	gh_json_free(like);
	return rc;
}

static int
list(struct verb_call *c, struct gh_error *err)
{
	int rc = store_load_est_devices(c->env.store, &c->out, err);

	for (size_t i = 0; rc == 0 && i < gh_json_size(c->out); i++)
		rc = tidy(gh_json_at(c->out, i), err);
	return rc;
}

static int
import(struct verb_call *c, struct gh_error *err)
{
	gh_json *rows;
	size_t wrong;
	int rc = est_device_file_read(c->operand[1], skip_errors, &rows, &wrong, err);

	if (rc != 0)
		return rc;
	rc = store_put_est_devices(c->env.store, &c->env.who, rows, STORE_DEVICE_PUT,
	    LISTED_DEVICES_MAX, dry_run, &c->out, err);
	gh_json_free(rows);
	if (rc == 0 && wrong > 0)
		c->exit = COMMAND_FAILED;
	return rc;
}

static const struct output_column columns[] = {{"SERIAL", "serial"}, {"SUBJECT", "subject"},
    {"LABELS", "labels"}, {"ENABLED", "enabled"}, {"EXPIRES", "expires"}, {NULL, NULL}};
static const struct output_column change_columns[] = {{"SERIAL", "serial"}, {"CHANGE", "change"},
    {NULL, NULL}};

static const struct verb_action actions[] = {
    {"add", true, add, "may enroll from now on", NULL, NULL},
    {"set", true, set, "is changed", NULL, NULL},
    {"remove", true, remove_device, "is removed", NULL, NULL},
    {"list", false, list, NULL, columns, NULL},
    {"show", true, show_one, NULL, NULL, NULL},
    {"import", true, import, NULL, change_columns, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static int
check(const struct verb_call *c)
{
	if (enable && disable)
		return command_usage(c->who, "--enable and --disable exclude each other");
	if ((dry_run || skip_errors) && c->action->work != import)
		return command_usage(c->who, "--dry-run and --skip-errors are for import");
	return COMMAND_OK;
}

const struct verb verb_est_device = {
    .usage = {"ACTION [NAME]", 1, 2,
	"The device table of EST: devices by the serial number in their manufacturer's certificate, with the names that they get. "
	"ACTION is add, set, remove, show (with the serial number), list, or import with a CSV FILE (\"-\": standard input) whose "
	"first line names its columns. A row of the file replaces the device of its serial number; what is not in the file stays.",
	"gatehouse est device add SN-4711 --labels phones --subject 'CN=phone-1.example,O=Example' --san dns:phone-1.example\n"
	"gatehouse est device import --dry-run phones.csv\n"
	"gatehouse est device set SN-4711 --disable\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "device",
    .check = check,
};
