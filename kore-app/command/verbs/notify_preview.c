/* `gatehouse notify preview`: the words of a mail, with an example. */
#include <stdio.h>
#include <string.h>

#include "notify/mail.h"
#include "notify/mail_data.h"
#include "notify/mail_template.h"

#include "command.h"
#include "verb.h"

static const char *language, *audience;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"language", 'l', OPTION_TEXT, &language, "LANGUAGE", "en or de (default: notify.language)"},
    {"audience", 0, OPTION_TEXT, &audience, "AUDIENCE",
	"as it is written to another audience than usual: address, officers, requester, group ..."},
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	const struct words *w = words_find(language);

	if (language != NULL && (w == NULL || strcmp(words_language(w), language) != 0))
		return command_usage(c->who, "--language is en or de");
	return COMMAND_OK;
}

static int
list_events(struct verb_call *c, struct gh_error *err)
{
	const char *event;

	if ((c->out = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "events");
	for (size_t i = 0; (event = mail_sample_event(i)) != NULL; i++)
		if (gh_json_append(c->out, gh_json_new_string(event)) != 0)
			return gh_fail(err, GH_E_NOMEM, "events");
	return 0;
}

static int
compose(struct verb_call *c, const struct notification *n, struct gh_error *err)
{
	const struct worker_env env = {.conf = c->env.conf};
	struct recipient to = {.address = "alice@example.com", .name = "Alice Adams"};
	struct notify_mail mail;
	int rc;

	to.language = (char *)(language != NULL ? language : "");
	if (strcmp(n->audience, "address") == 0)
		to.name = "";
	if ((rc = notify_compose(&env, n, &to, &mail, err)) != 0)
		return rc;
	c->out = gh_json_new_object();
	if (gh_json_set_string(c->out, "subject", mail.subject) != 0 ||
	    gh_json_set_string(c->out, "text", mail.text) != 0 ||
	    gh_json_set_string(c->out, "html", mail.html) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "preview");
	notify_mail_clear(&mail);
	return rc;
}

static int
preview(struct verb_call *c, struct gh_error *err)
{
	struct notification n;
	int rc;

	if ((rc = mail_template_check(c->env.conf->notify.templates, err)) != 0)
		return rc;
	if (c->operands == 0)
		return list_events(c, err);
	if ((rc = mail_sample(c->operand[0], audience, &n, err)) != 0)
		return rc;
	rc = compose(c, &n, err);
	notification_clear(&n);
	return rc;
}

static void
show_part(const char *title, const struct verb_call *c, const char *name)
{
	const char *text = gh_json_string(gh_json_get(c->out, name));

	printf("%s%s%s", title, text != NULL ? text : "", strcmp(name, "subject") == 0 ? "\n" : "");
}

static int
show(struct verb_call *c)
{
	if (c->operands == 0) {
		for (size_t i = 0; i < gh_json_size(c->out); i++)
			puts(gh_json_string(gh_json_at(c->out, i)));
		return output_finish();
	}
	show_part("Subject: ", c, "subject");
	show_part("\n--- text\n", c, "text");
	show_part("\n--- HTML\n", c, "html");
	return output_finish();
}

const struct verb verb_notify_preview = {
    .usage = {"[EVENT]", 0, 1,
	"Shows the mail of an event with an example: subject, text and HTML, by our templates or those of "
	"notify.templates, which are checked before. Without EVENT it lists the events.",
	"gatehouse notify preview cert.expiring --language de\n"},
    .options = options,
    .needs = NEEDS_CONF,
    .check = check,
    .work = preview,
    .show = show,
};
