/* `gatehouse est user`: local users of EST, mostly devices. docs/est-auth.md */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "auth/digest_secret.h"
#include "calendar.h"
#include "store/catalog/est_user_row.h"
#include "timestamp.h"

#include "command.h"
#include "generated.h"
#include "list.h"
#include "prompt.h"

#define NAME_MAX_BYTES 64
#define PASSWORD_MIN_BYTES 12
#define PASSWORD_MAX_BYTES 255
#define DAYS_MAX 3650
#define ONE_TIME_DAYS 7 /* of a one-time password, where nothing else is said */

static const char *password_file, *label;
static bool is_generated, is_one_time;
static int hours = -1, days = -1;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"password-file", 0, OPTION_TEXT, &password_file, "FILE",
	"add, passwd: password, first line of FILE (\"-\": standard input); asked for when not given"},
    {"generate", 'g', OPTION_FLAG, &is_generated, NULL,
	"add, passwd: make a password and show it once"},
    {"one-time", 0, OPTION_FLAG, &is_one_time, NULL,
	"add: for one certificate only; ends after 7 days, unless told otherwise"},
    {"hours", 0, OPTION_NUMBER, &hours, "N", "add, passwd: the password ends in so many hours"},
    {"days", 0, OPTION_NUMBER, &days, "N", "add, passwd: ... in so many days"},
    {"label", 'l', OPTION_TEXT, &label, "LABEL", "add: for this label of EST only"},
    VERB_JSON,
    OPTION_END,
};

/* ---- the password ---- */

static int
get_password(char **out, struct gh_error *err)
{
	return is_generated ? generated_password(out, err)
			    : prompt_secret(password_file, "password of an EST user",
				  PASSWORD_MIN_BYTES, PASSWORD_MAX_BYTES, out, err);
}

/* UTC seconds; 0: never. What is for one certificate is for soon. */
static int64_t
get_end(void)
{
	if (hours > 0)
		return gh_now() + (int64_t)hours * 3600;
	if (days > 0)
		return gh_now() + (int64_t)days * GH_DAY_SECONDS;
	return is_one_time ? gh_now() + ONE_TIME_DAYS * GH_DAY_SECONDS : 0;
}

/* Password and its end, in row. */
static int
put_password(struct verb_call *c, gh_json *row, struct gh_error *err)
{
	char *password = NULL, *sealed = NULL;
	struct digest_secret secret;
	int64_t end = get_end();
	int rc = get_password(&password, err);

	if (rc != 0)
		return rc;
	if ((rc = digest_secret_make(c->operand[1], password, &secret, err)) == 0)
		rc = digest_secret_seal(&secret, c->env.secret, &sealed, err);
	if (rc == 0 &&
	    (gh_json_set_string(row, "secret_sealed", sealed) != 0 ||
		gh_json_set(row, "expires",
		    end != 0 ? gh_json_new_int(end) : gh_json_new_string(NULL)) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "EST user");
	if (rc == 0 && is_generated)
		c->made = password;
	else
		prompt_free(password);
	free(sealed);
	OPENSSL_cleanse(&secret, sizeof(secret));
	return rc;
}

/* ---- the actions ---- */

static int
run_add(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = put_password(c, row, err);

	if (rc == 0 &&
	    (gh_json_set_string(row, "name", c->operand[1]) != 0 ||
		gh_json_set_string(row, "label", label) != 0 ||
		gh_json_set_bool(row, "one_time", is_one_time) != 0 ||
		gh_json_set_bool(row, "enabled", true) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "EST user");
	if (rc == 0)
		rc = store_create_est_user(c->env.store, &c->env.who, row, err);
	gh_json_free(row);
	return rc;
}

static int
run_passwd(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = put_password(c, row, err);

	if (rc == 0)
		rc = store_change_est_user(c->env.store, &c->env.who, c->operand[1], row,
		    "password", err);
	gh_json_free(row);
	return rc;
}

static int
set_enabled(struct verb_call *c, bool enabled, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = gh_json_set_bool(row, "enabled", enabled) == 0
	    ? store_change_est_user(c->env.store, &c->env.who, c->operand[1], row,
		  enabled ? "enabled" : "disabled", err)
	    : gh_fail(err, GH_E_NOMEM, "EST user");

	gh_json_free(row);
	return rc;
}

static int
run_enable(struct verb_call *c, struct gh_error *err)
{
	return set_enabled(c, true, err);
}

static int
run_disable(struct verb_call *c, struct gh_error *err)
{
	return set_enabled(c, false, err);
}

static int
run_remove(struct verb_call *c, struct gh_error *err)
{
	return store_remove_est_user(c->env.store, &c->env.who, c->operand[1], err);
}

static int
run_list(struct verb_call *c, struct gh_error *err)
{
	int rc = store_load_est_users(c->env.store, &c->out, err);

	return rc == 0 ? list_tidy_secrets(c->out, err) : rc;
}

static const struct output_column columns[] = {{"NAME", "name"}, {"LABEL", "label"},
    {"ONE TIME", "one_time"}, {"EXPIRES", "expires"}, {"ENABLED", "enabled"}, {NULL, NULL}};

static const struct verb_action actions[] = {
    {"add", true, run_add, "may enroll from now on", NULL, NULL},
    {"passwd", true, run_passwd, "has a new password", NULL, NULL},
    {"enable", true, run_enable, "may enroll again", NULL, NULL},
    {"disable", true, run_disable, "is refused from now on", NULL, NULL},
    {"remove", true, run_remove, "is removed", NULL, NULL},
    {"list", false, run_list, NULL, columns, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

/* What Basic and Digest take apart, and what is printed. */
static bool
is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-");

	return n > 0 && n <= NAME_MAX_BYTES && s[n] == '\0';
}

static int
check_password_options(const struct verb_call *c)
{
	bool has_password = c->action->work == run_add || c->action->work == run_passwd;

	if (!has_password && (password_file != NULL || is_generated || hours != -1 || days != -1))
		return command_usage(c->who, "%s has no password", c->action->name);
	if (password_file != NULL && is_generated)
		return command_usage(c->who, "--password-file and --generate exclude each other");
	if (hours != -1 && days != -1)
		return command_usage(c->who, "--hours and --days exclude each other");
	if (hours == 0 || days == 0 || hours > DAYS_MAX * 24 || days > DAYS_MAX)
		return command_usage(c->who, "a password ends after 1 hour to %d days", DAYS_MAX);
	return COMMAND_OK;
}

static int
check(const struct verb_call *c)
{
	if (c->operands == 2 && !is_name(c->operand[1]))
		return command_usage(c->who, "a name has 1 to %d letters, digits and \"._@-\"",
		    NAME_MAX_BYTES);
	if ((is_one_time || label != NULL) && c->action->work != run_add)
		return command_usage(c->who, "--one-time and --label are for add");
	return check_password_options(c);
}

const struct verb verb_est_user = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Names local users of EST, mostly devices, who may enroll by Basic or Digest. ACTION is add, passwd, enable, disable, "
	"remove or list.",
	"gatehouse est user add printer-17 --generate --one-time --days 7 --label printers\n"
	"gatehouse est user passwd gateway --password-file /root/gateway.password\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "EST user",
    .made = "password",
    .check = check,
};
