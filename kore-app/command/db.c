/* `gatehouse db`: the schema of the database. */
#include "command.h"
#include "options.h"
#include "output.h"
#include "session.h"

/* On its own: the table of the audit record is made by the first migration. */
static int
audit_migration(struct session *s, int applied, struct gh_error *err)
{
	char detail[40];
	struct store_audit a = {.event = "db.migrated", .outcome = "success", .who = &s->who, .detail = detail};

	snprintf(detail, sizeof(detail), "%d migrations", applied);
	return (store_audit(s->store, &a, err));
}

int
cmd_db_migrate(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
		"Applies the schema changes that the database lacks, each in a transaction of its own. Safe to run "
		"again, and on several nodes at once.", "gatehouse db migrate\n"};
	struct gh_error err;
	struct session s;
	int n, applied = 0, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	rc = session_open(&s, conf, SESSION_RAW_STORE, &err);
	if (rc == 0) {
		rc = store_migrate(s.store, &applied, &err);
		if (rc == 0 && applied > 0)
			rc = audit_migration(&s, applied, &err);
		session_close(&s);
	}
	if (rc != 0)
		return (command_fail(argv[0], &err));
	printf(json ? "{\"applied\":%d}\n" : "%d migrations applied\n", applied);
	return (output_finish());
}

int
cmd_db_status(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
		"Tells whether the database answers and its schema is the one of this program.",
		"gatehouse db status\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	rc = session_open(&s, conf, SESSION_STORE, &err);
	if (rc != 0)
		return (command_fail(argv[0], &err));
	session_close(&s);
	puts(json ? "{\"status\":\"ok\"}" : "ok: the schema fits this program");
	return (output_finish());
}
