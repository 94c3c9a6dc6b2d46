/* `gatehouse name test`: what a requester may name, and by which rule. */
#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "dir.h"
#include "naming.h"

#include "command.h"
#include "verb.h"

static const char *template_name, *user;

/* "dns:www.example" */
static bool
split(const char *operand, enum name_kind *kind, const char **text)
{
	const char *colon = strchr(operand, ':');
	char word[16];

	if (colon == NULL || (size_t)(colon - operand) >= sizeof(word))
		return false;
	snprintf(word, sizeof(word), "%.*s", (int)(colon - operand), operand);
	*text = colon + 1;
	return name_kind_find(word, kind);
}

static int
check(const struct verb_call *c)
{
	enum name_kind kind;
	const char *text;

	if (template_name == NULL || user == NULL)
		return command_usage(c->who, "--template and --user are needed");
	for (int i = 0; i < c->operands; i++)
		if (!split(c->operand[i], &kind, &text))
			return command_usage(c->who,
			    "a name is dns:NAME, email:ADDRESS, ip:ADDRESS, uri:URI or upn:NAME");
	return COMMAND_OK;
}

static gh_json *
answer(const char *operand, const struct name_answer *a)
{
	static const char *const verdict[] =
	    {[NAME_ALLOWED] = "allowed", [NAME_WAITS] = "approval", [NAME_DENIED] = "denied"};
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "name", operand) == 0 &&
	    gh_json_set_string(o, "verdict", verdict[a->verdict]) == 0 &&
	    gh_json_set_string(o, "why", a->why) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
test(struct verb_call *c, struct gh_error *err)
{
	const struct worker_env *env = &c->pipeline.env;
	const struct catalog_template *t = catalog_find_template(env->catalog, template_name);
	struct dir_entry *e = NULL;
	int rc;

	if (t == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no template \"%.64s\": see `gatehouse template list`", template_name);
	if ((rc = dir_find(env->dir, user, &e, err)) != 0)
		return rc;
	if ((c->out = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "answers");
	for (int i = 0; rc == 0 && i < c->operands; i++) {
		struct name_answer a;
		enum name_kind kind = NAME_DNS;
		const char *text = "";

		(void)split(c->operand[i], &kind, &text);
		naming_ask(t->tmpl, env->catalog->owners, e, kind, text, &a);
		if (gh_json_append(c->out, answer(c->operand[i], &a)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "answers");
		if (a.verdict != NAME_ALLOWED)
			c->exit = COMMAND_FAILED;
	}
	dir_entry_free(e);
	return rc;
}

static const struct option_row options[] = {VERB_CONFIG,
    {"template", 't', OPTION_TEXT, &template_name, "NAME", "whose rules are asked"},
    {"user", 'u', OPTION_TEXT, &user, "USER", "who would ask: the name that he logs in with"},
    VERB_JSON, OPTION_END};
static const struct output_column columns[] = {{"NAME", "name"}, {"VERDICT", "verdict"},
    {"WHY", "why"}, {NULL, NULL}};
const struct verb verb_name_test = {
    .usage = {"NAME...", 1, -1,
	"Tells for each name whether the user may ask for it, and by which rule or owner: allowed, approval (an "
	"officer must answer for it) or denied. Names are dns:, email:, ip:, uri: and upn:. Exit code 1: not all are "
	"allowed.",
	"gatehouse name test --template WebServer --user bob dns:www.shop.example ip:10.1.7.3\n"},
    .options = options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .check = check,
    .work = test,
    .columns = columns,
};
