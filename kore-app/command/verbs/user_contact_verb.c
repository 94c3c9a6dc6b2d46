/* `gatehouse user contact`: where a local administrator is told of what happens. */
#include <string.h>

#include "mail_address.h"
#include "store/catalog/user_contact.h"
#include "words.h"

#include "command.h"
#include "verb.h"

static const char *email, *language;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"email", 'e', OPTION_TEXT, &email, "ADDRESS", "where mails go; \"\": nowhere"},
    {"language", 'l', OPTION_TEXT, &language, "LANGUAGE", "en or de (default: notify.language)"},
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	const struct words *w = words_find(language);

	if (email == NULL)
		return command_usage(c->who, "--email is needed");
	if (*email != '\0' && !gh_mail_address_is_valid(email))
		return command_usage(c->who, "--email is no address like pki@corp.example");
	if (language != NULL && (w == NULL || strcmp(words_language(w), language) != 0))
		return command_usage(c->who, "--language is en or de");
	return COMMAND_OK;
}

static int
set_contact(struct verb_call *c, struct gh_error *err)
{
	return store_set_user_contact(c->env.store, &c->env.who, c->operand[0], email,
	    language != NULL ? language : "", err);
}

const struct verb verb_user_contact = {
    .usage = {"NAME", 1, 1, "Says where a local administrator is told of what happens.",
	"gatehouse user contact olga --email olga@corp.example --language de\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check,
    .work = set_contact,
};
