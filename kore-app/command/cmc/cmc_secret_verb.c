/* `gatehouse cmc secret`: shared secrets of CMC. docs/cmc.md */
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "catalog/catalog_seal.h"
#include "store/catalog/cmc_secret_row.h"
#include "timestamp.h"
#include "utf8.h"

#include "command.h"
#include "generated.h"
#include "list.h"
#include "prompt.h"

#define NAME_MAX_BYTES 255
#define SECRET_MIN_BYTES 16 /* RFC 5272, 6.2.1: tokens should be long enough */
#define SECRET_MAX_BYTES 255
#define DAYS_MAX 3650
#define ONE_TIME_DAYS 7 /* of one that is good once, where nothing else is said */

static const char *secret_file, *label, *user;
static bool is_one_time;
static int days = -1;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"secret-file", 0, OPTION_TEXT, &secret_file, "FILE",
	"add: the secret, first line of FILE (\"-\": standard input); made and shown once when not given"},
    {"for", 0, OPTION_TEXT, &user, "USER",
	"add: of this user of the directory, whose rights it gives; else of a device that nothing else knows"},
    {"one-time", 0, OPTION_FLAG, &is_one_time, NULL,
	"add: for one message only; ends after 7 days, unless told otherwise"},
    {"days", 0, OPTION_NUMBER, &days, "N", "add: it ends in so many days"},
    {"label", 'l', OPTION_TEXT, &label, "LABEL", "add: at this label of EST only"},
    VERB_JSON,
    OPTION_END,
};

/* ---- the secret ---- */

static int
put_secret(struct verb_call *c, gh_json *row, struct gh_error *err)
{
	char *secret = NULL, *sealed = NULL;
	int rc = secret_file != NULL
	    ? prompt_secret(secret_file, "secret", SECRET_MIN_BYTES, SECRET_MAX_BYTES, &secret, err)
	    : generated_password(&secret, err);

	if (rc != 0)
		return rc;
	rc = catalog_seal_as(SEAL_LABEL_CMC_SECRET, c->env.secret, secret, strlen(secret), &sealed,
	    err);
	if (rc == 0 && gh_json_set_string(row, "secret_sealed", sealed) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "CMC secret");
	if (rc == 0 && secret_file == NULL)
		c->made = secret;
	else
		prompt_free(secret);
	free(sealed);
	return rc;
}

/* ---- the actions ---- */

/* NULL: it does not end. */
static gh_json *
end(void)
{
	if (days > 0)
		return gh_json_new_int(gh_now() + (int64_t)days * GH_DAY_SECONDS);
	return is_one_time ? gh_json_new_int(gh_now() + ONE_TIME_DAYS * GH_DAY_SECONDS)
			   : gh_json_new_string(NULL);
}

/* By the number of his entry: the next one of his name has no right to it. */
static int
put_user(const struct verb_call *c, gh_json *row, struct gh_error *err)
{
	struct dir_entry *entry = NULL;
	int rc = 0, bad;

	if (user != NULL && (rc = dir_find(c->pipeline.env.dir, user, &entry, err)) != 0)
		return rc == GH_E_NOT_IN_DIRECTORY
		    ? gh_refuse(err, GH_E_CONF, "\"%.100s\" is nobody in the directory", user)
		    : rc;
	bad = gh_json_set_string(row, "requester", user) |
	    gh_json_set_string(row, "requester_id",
		entry != NULL && *entry->id != '\0' ? entry->id : NULL);
	dir_entry_free(entry);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "CMC secret");
}

static int
run_add(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = put_user(c, row, err);

	if (rc == 0)
		rc = put_secret(c, row, err);
	if (rc == 0 &&
	    (gh_json_set_string(row, "name", c->operand[1]) != 0 ||
		gh_json_set_string(row, "label", label) != 0 ||
		gh_json_set_bool(row, "one_time", is_one_time) != 0 ||
		gh_json_set(row, "expires", end()) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "CMC secret");
	if (rc == 0)
		rc = store_add_cmc_secret(c->env.store, &c->env.who, row, err);
	gh_json_free(row);
	return rc;
}

static int
run_remove(struct verb_call *c, struct gh_error *err)
{
	return store_remove_cmc_secret(c->env.store, &c->env.who, c->operand[1], err);
}

static int
run_list(struct verb_call *c, struct gh_error *err)
{
	int rc = store_load_cmc_secrets(c->env.store, &c->out, err);

	return rc == 0 ? list_tidy_secrets(c->out, err) : rc;
}

static const struct output_column columns[] = {{"NAME", "name"}, {"USER", "requester"},
    {"LABEL", "label"}, {"ONE TIME", "one_time"}, {"EXPIRES", "expires"}, {NULL, NULL}};

static const struct verb_action actions[] = {
    {"add", true, run_add, "is good from now on", NULL, NULL},
    {"remove", true, run_remove, "is good no more", NULL, NULL},
    {"list", false, run_list, NULL, columns, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static int
check(const struct verb_call *c)
{
	if (c->operands == 2 &&
	    (*c->operand[1] == '\0' || strlen(c->operand[1]) > NAME_MAX_BYTES ||
		!gh_utf8_is_clean(c->operand[1])))
		return command_usage(c->who, "a name has 1 to %d bytes of UTF-8", NAME_MAX_BYTES);
	if (c->action->work != run_add &&
	    (secret_file != NULL || user != NULL || label != NULL || is_one_time || days != -1))
		return command_usage(c->who, "those options are for add");
	if (days == 0 || days > DAYS_MAX)
		return command_usage(c->who, "a secret ends after 1 to %d days", DAYS_MAX);
	return COMMAND_OK;
}

const struct verb verb_cmc_secret = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Makes shared secrets, by which a client of CMC proves who it is; NAME is its control identification. ACTION is add, remove "
	"or list.",
	"gatehouse cmc secret add gateway-3 --one-time --label gateways\n"
	"gatehouse cmc secret add alice@example --for alice --days 30\n"},
    .options = options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .actions = actions,
    .named = "CMC secret",
    .made = "secret",
    .check = check,
};
