/* `gatehouse db reseal`: a person accepts rows that do not fit their MAC. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "db_reseal.h"
#include "prompt.h"
#include "verb.h"

void
db_reseal_show(const struct store_grant_macs *seals, FILE *f)
{
	output_safe(f, seals->is_whole ? "Every row fits its MAC." : seals->problem);
	fputs("\n", f);
	for (size_t i = 0; i < gh_json_size(seals->differences); i++) {
		const gh_json *d = gh_json_at(seals->differences, i);
		char *key = output_text(gh_json_get(d, "key"));
		const char *name = gh_json_string(gh_json_get(d, "name"));

		fprintf(f, "    %-8s %s %s", gh_json_string(gh_json_get(d, "what")),
		    gh_json_string(gh_json_get(d, "table")), key != NULL ? key : "?");
		if (name != NULL) {
			fputs(" ", f);
			output_safe(f, name);
		}
		fputs("\n", f);
		free(key);
	}
}

static bool is_dry;
static struct store_grant_macs seals;
static const struct option_row options[] = {VERB_CONFIG, VERB_YES,
    {"dry-run", 0, OPTION_FLAG, &is_dry, NULL, "only show; exit code 1 when a row does not fit"},
    VERB_JSON, OPTION_END};

static int
put_result(struct verb_call *c, struct gh_error *err)
{
	c->out = gh_json_new_object();
	if (gh_json_set_bool(c->out, "whole", seals.is_whole) != 0 ||
	    gh_json_set_bool(c->out, "sealed", !is_dry && !seals.is_whole) != 0 ||
	    gh_json_set_int(c->out, "rows", (int64_t)seals.rows) != 0 ||
	    gh_json_set_string(c->out, "problem", seals.is_whole ? NULL : seals.problem) != 0 ||
	    gh_json_set(c->out, "differences", gh_json_ref(seals.differences)) != 0)
		return gh_fail(err, GH_E_NOMEM, "result");
	return 0;
}

static int
reseal(struct verb_call *c, struct gh_error *err)
{
	int rc = store_grant_macs_look(c->env.store, &seals, err);

	if (rc != 0)
		return rc;
	if (!c->json)
		db_reseal_show(&seals, stdout);
	if (is_dry && !seals.is_whole)
		c->exit = COMMAND_FAILED;
	if (!is_dry && !seals.is_whole) {
		if (!verb_shared.is_sure)
			rc = prompt_confirm("Seal all rows as they are now?", err);
		if (rc == 0)
			rc = store_reseal(c->env.store, &c->env.who, seals.digest, err);
	}
	return rc == 0 ? put_result(c, err) : rc;
}

static int
show(struct verb_call *c)
{
	(void)c;
	if (!is_dry && !seals.is_whole)
		printf("%zu rows sealed\n", seals.rows);
	return output_finish();
}

static void
clear(void)
{
	store_grant_macs_clear(&seals);
}

const struct verb verb_db_reseal = {
    .usage = {"", 0, 0,
	"Shows which rows that grant rights (administrators, applications, templates, CAs and the like) do not fit "
	"their MAC, and seals all rows as they are. Run it after a restore, after the gateway secret was changed, or "
	"after a change by hand. Rows that somebody else wrote into the database would be accepted, too: look at "
	"what it shows.",
	"gatehouse db reseal --dry-run\ngatehouse db reseal\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .work = reseal,
    .show = show,
    .clear = clear,
};
