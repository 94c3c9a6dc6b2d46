/* `gatehouse cert remove`: certificates from elsewhere leave the inventory. docs/inventory.md */
#include <stdlib.h>
#include <string.h>

#include "store/inventory/foreign_cert_remove.h"

#include "command.h"
#include "prompt.h"
#include "verb.h"

#define ID_DIGITS_MAX 18

static bool
is_id(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= ID_DIGITS_MAX && text[n] == '\0' && strtoll(text, NULL, 10) > 0;
}

/* Serial numbers are not taken: others may have given the same one. */
static int
check(const struct verb_call *c)
{
	struct gh_error err;

	for (int i = 0; i < c->operands; i++)
		if (!is_id(c->operand[i]))
			return command_usage(c->who,
			    "\"%s\" is no number of a certificate, as `gatehouse cert list --status "
			    "foreign` shows it",
			    c->operand[i]);
	if (!verb_shared.is_sure &&
	    prompt_confirm(
		"Remove these certificates from the inventory, with the history of their "
		"metadata and where they were seen?",
		&err) != 0)
		return command_fail(c->who, &err);
	return COMMAND_OK;
}

/* Takes o. */
static int
note(struct verb_call *c, int64_t id, const char *subject, const struct gh_error *why,
    struct gh_error *err)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "result", why == NULL ? "removed" : "refused") |
	    gh_json_set_int(o, "id", id) | gh_json_set_string(o, "subject", subject) |
	    gh_json_set_string(o, "reason", why != NULL ? why->message : NULL);

	if (why != NULL)
		c->exit = COMMAND_FAILED;
	bad |= gh_json_append(c->out, o);
	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "report") : 0;
}

/* One that is refused does not keep the others. */
static int
work(struct verb_call *c, struct gh_error *err)
{
	int rc = 0;

	if ((c->out = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "report");
	for (int i = 0; rc == 0 && i < c->operands; i++) {
		int64_t id = strtoll(c->operand[i], NULL, 10);
		struct gh_error why;
		char *subject;

		rc = store_remove_foreign(c->env.store, &c->env.who, id, NULL, &subject, &why);
		if (rc == 0)
			rc = note(c, id, subject, NULL, err);
		else if (rc == GH_E_CONFLICT || rc == GH_E_NOT_FOUND)
			rc = note(c, id, NULL, &why, err);
		else
			*err = why;
		free(subject);
	}
	return rc;
}

static const struct option_row options[] = {VERB_CONFIG, VERB_YES, VERB_JSON, OPTION_END};
static const struct output_column columns[] = {{"RESULT", "result"}, {"ID", "id"},
    {"SUBJECT", "subject"}, {"REASON", "reason"}, {NULL, NULL}};

const struct verb verb_cert_remove = {
    .usage = {"ID...", 1, -1,
	"Takes certificates out of the inventory that others issued, as after an import by mistake, with the history of their "
	"metadata and where they were seen. What one of our own CAs has issued stays: it is revoked. "
	"Fails where one was refused; the others are removed.",
	"gatehouse cert remove 4711\n"
	"gatehouse cert import wrong/ --json > report; jq '.entries[] | select(.result == \"stored\").id' report | xargs -r gatehouse cert remove --yes\n"},
    .options = options,
    .needs = NEEDS_STORE,
    .check = check,
    .work = work,
    .columns = columns,
};
