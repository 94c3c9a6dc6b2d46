/* See verb.h. */
#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "prompt.h"
#include "verb.h"

#define PARTS (OPEN_STORE | OPEN_RAW_STORE | OPEN_SECRET)

struct verb_shared verb_shared;
const struct option_row verb_options[] = {VERB_CONFIG, OPTION_END};
const struct option_row verb_json_options[] = {VERB_CONFIG, VERB_JSON, OPTION_END};

static int
open_all(struct verb_call *c, struct gh_error *err)
{
	unsigned needs = c->verb->needs;
	int rc = needs != 0 ? command_env_open(&c->env, verb_shared.conf, needs & PARTS, err) : 0;

	if (rc == 0 && (needs & NEEDS_PIPELINE) != 0)
		rc = pipeline_open(&c->env, &c->pipeline, err);
	if (rc == 0 && (needs & NEEDS_SIGNER) != 0)
		rc = own_signer_start(c->env.conf, SIGNER_PROCESS_CA, &c->signer, err);
	return rc;
}

static void
close_all(struct verb_call *c)
{
	own_signer_stop(&c->signer);
	pipeline_free(&c->pipeline);
	command_env_close(&c->env);
}

static void
say_not_found(const struct verb_call *c, struct gh_error *err)
{
	const char *quote = c->verb->operand == OPERAND_ID ? "" : "\"";
	size_t noun = (size_t)(strrchr(c->who, ' ') - c->who);

	gh_refuse(err, GH_E_NOT_FOUND, "there is no %s %s%.100s%s: see `%.*s list`",
	    c->verb->object, quote, c->operand[0], quote, (int)noun, c->who);
}

/* ---- actions ---- */

static void
join_names(const struct verb_action *a, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (; a->name != NULL && n < size; a++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "", a->name);
}

static int
find_action(struct verb_call *c)
{
	const struct verb_action *a = c->verb->actions;
	char names[200];

	while (a->name != NULL && strcmp(a->name, c->operand[0]) != 0)
		a++;
	if (a->name == NULL) {
		join_names(c->verb->actions, names, sizeof(names));
		return command_usage(c->who, "\"%s\" is none of %s", c->operand[0], names);
	}
	if (a->is_named != (c->operands == 2))
		return a->is_named
		    ? command_usage(c->who, "%s needs the name of the %s", a->name, c->verb->named)
		    : command_usage(c->who, "%s takes no name", a->name);
	c->action = a;
	return COMMAND_OK;
}

/* The name, and what was made for it, where the work leaves nothing else to be shown. */
static int
put_done(struct verb_call *c, struct gh_error *err)
{
	if (c->action == NULL || c->action->done == NULL || c->out != NULL)
		return 0;
	c->out = gh_json_new_object();
	if (gh_json_set_string(c->out, "name", c->operand[1]) == 0 &&
	    (c->made == NULL || gh_json_set_string(c->out, c->verb->made, c->made) == 0))
		return 0;
	return gh_fail(err, GH_E_NOMEM, "%s", c->verb->named);
}

static int
show_done(const struct verb_call *c)
{
	printf("%s ", c->verb->named);
	output_safe(stdout, c->operand[1]);
	printf(" %s\n", c->action->done);
	if (c->made != NULL)
		printf("%s  %s\n\nThe %s is shown this once and cannot be read back.\n",
		    c->verb->made, c->made, c->verb->made);
	return output_finish();
}

static int
show_action(const struct verb_call *c)
{
	const struct verb_action *a = c->action;

	if (a->show != NULL)
		return a->show(c->out);
	if (a->columns != NULL)
		return output_table(c->out, a->columns);
	return a->done != NULL ? show_done(c) : output_object(c->out, NULL);
}

/* ---- every verb ---- */

static int
show(struct verb_call *c)
{
	const struct verb *v = c->verb;

	if (c->json && c->out != NULL)
		return output_json(c->out);
	if (c->action != NULL)
		return show_action(c);
	if (v->show != NULL)
		return v->show(c);
	if (c->out == NULL)
		return output_finish();
	return v->columns != NULL ? output_table(c->out, v->columns)
				  : output_object(c->out, v->hidden);
}

static int
perform(struct verb_call *c)
{
	bool is_remote = c->verb->remote != NULL && verb_shared.url != NULL;
	struct gh_error err = {0};
	int rc = is_remote ? c->verb->remote(c, &err) : open_all(c, &err);

	if (rc == 0 && !is_remote)
		rc = c->action != NULL ? c->action->work(c, &err) : c->verb->work(c, &err);
	if (rc == 0)
		rc = put_done(c, &err);
	close_all(c);
	if (rc == GH_E_NOT_FOUND && c->verb->object != NULL)
		say_not_found(c, &err);
	if (rc != 0)
		return command_fail(c->who, &err);
	rc = show(c);
	return rc == COMMAND_OK ? c->exit : rc;
}

static int
check(struct verb_call *c)
{
	const struct verb *v = c->verb;
	int rc;

	if (v->operand == OPERAND_ID && !options_parse_id(c->operand[0], &c->id))
		return command_usage(c->who, "\"%s\" is no %s id", c->operand[0], v->object);
	if (v->actions != NULL && (rc = find_action(c)) != COMMAND_OK)
		return rc;
	return v->check != NULL ? v->check(c) : COMMAND_OK;
}

int
verb_run(const struct verb *v, int argc, char **argv)
{
	struct verb_call c = {.verb = v, .who = argv[0], .operand = argv + 1};
	int rc = options_parse(&v->usage, v->options, argc, argv, &c.operands);

	if (rc != OPTIONS_GO)
		return rc;
	c.json = verb_shared.json;
	rc = check(&c);
	if (rc == COMMAND_OK)
		rc = perform(&c);
	if (v->clear != NULL)
		v->clear();
	prompt_free(c.made);
	gh_json_free(c.out);
	return rc;
}

int
verb_append_rows(struct verb_call *c, const gh_json *page, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(page); i++)
		if (gh_json_append(c->out, gh_json_ref(gh_json_at(page, i))) != 0)
			return gh_fail(err, GH_E_NOMEM, "list");
	return 0;
}
