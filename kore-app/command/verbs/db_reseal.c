/* `gatehouse db reseal`: a person accepts rows that do not fit their MAC. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "db_reseal.h"
#include "options.h"
#include "output.h"
#include "prompt.h"
#include "session.h"

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

static int
show_json(const struct store_grant_macs *seals, bool sealed)
{
	gh_json *v = gh_json_new_object();
	int rc = gh_json_set_bool(v, "whole", seals->is_whole) |
	    gh_json_set_bool(v, "sealed", sealed) |
	    gh_json_set_int(v, "rows", (int64_t)seals->rows) |
	    gh_json_set_string(v, "problem", seals->is_whole ? NULL : seals->problem) |
	    gh_json_set(v, "differences", gh_json_ref(seals->differences));

	rc = rc == 0 ? output_json(v) : COMMAND_FAILED;
	gh_json_free(v);
	return rc;
}

struct reseal_args {
	const char *conf;
	bool yes, dry_run, json;
};

static int
reseal(struct session *s, const struct reseal_args *a, struct store_grant_macs *seals,
    struct gh_error *err)
{
	int rc = store_grant_macs_look(s->store, seals, err);

	if (rc != 0)
		return rc;
	if (!a->json)
		db_reseal_show(seals, stdout);
	if (a->dry_run || seals->is_whole)
		return 0;
	if (!a->yes)
		rc = prompt_confirm("Seal all rows as they are now?", err);
	return rc == 0 ? store_reseal(s->store, &s->who, seals->digest, err) : rc;
}

int
cmd_db_reseal(int argc, char **argv)
{
	struct reseal_args a = {0};
	const struct option_row rows[] = {OPTION_CONFIG(&a.conf),
	    {"yes", 'y', OPTION_FLAG, &a.yes, NULL, "do not ask"},
	    {"dry-run", 0, OPTION_FLAG, &a.dry_run, NULL,
		"only show; exit code 1 when a row does not fit"},
	    OPTION_JSON(&a.json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
	    "Shows which rows that grant rights (administrators, applications, templates, CAs and the like) do not fit "
	    "their MAC, and seals all rows as they are. Run it after a restore, after the gateway secret was changed, or "
	    "after a change by hand. Rows that somebody else wrote into the database would be accepted, too: look at "
	    "what it shows.",
	    "gatehouse db reseal --dry-run\ngatehouse db reseal\n"};
	struct store_grant_macs seals = {0};
	struct gh_error err;
	struct session s;
	bool done;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if ((rc = session_open(&s, a.conf, SESSION_STORE | SESSION_SECRET, &err)) == 0) {
		rc = reseal(&s, &a, &seals, &err);
		session_close(&s);
	}
	if (rc != 0) {
		store_grant_macs_clear(&seals);
		return command_fail(argv[0], &err);
	}
	done = !a.dry_run && !seals.is_whole;
	rc = a.json ? show_json(&seals, done) : COMMAND_OK;
	if (!a.json && done)
		printf("%zu rows sealed\n", seals.rows);
	if (rc == COMMAND_OK)
		rc = output_finish();
	if (rc == COMMAND_OK && a.dry_run && !seals.is_whole)
		rc = COMMAND_FAILED;
	store_grant_macs_clear(&seals);
	return rc;
}
