/* `gatehouse db`: the schema of the database. */
#include <stdio.h>

#include "audit/grant_verify.h"
#include "store/grant/reseal.h"

#include "command.h"
#include "db_reseal.h"
#include "options.h"
#include "output.h"
#include "prompt.h"
#include "secret_file.h"
#include "session.h"

/* On its own: the table of the audit record is made by the first migration. */
static int
audit_migration(struct session *s, int applied, struct gh_error *err)
{
	char detail[40];
	struct store_audit a = {.event = "db.migrated",
	    .outcome = "success",
	    .who = &s->who,
	    .detail = detail};

	snprintf(detail, sizeof(detail), "%d migrations", applied);
	return store_audit(s->store, &a, err);
}

/* Rows of a version without seals. What was sealed before is not sealed again here, however the
 * database looks. */
static int
seal_first(struct session *s, bool yes, size_t *sealed, struct gh_error *err)
{
	struct store_grant_macs seals;
	bool has_secret;
	int rc = secret_file_exists(s->conf->gateway.secret_file, &has_secret, err);

	*sealed = 0;
	if (rc != 0 || !has_secret)
		return rc; /* `gatehouse init` comes next */
	rc = session_use_secret(s, err);
	if (rc == 0)
		rc = store_grant_macs_look(s->store, &seals, err);
	if (rc != 0)
		return rc;
	if (seals.is_first && seals.rows > 0) {
		db_reseal_show(&seals, stderr);
		if (!yes)
			rc = prompt_confirm("Seal these rows?", err);
		if (rc == 0)
			rc = store_reseal(s->store, &s->who, seals.digest, err);
		*sealed = rc == 0 ? seals.rows : 0;
	}
	store_grant_macs_clear(&seals);
	return rc;
}

static int
migrate(struct session *s, bool yes, int *applied, size_t *sealed, struct gh_error *err)
{
	int rc = store_migrate(s->store, applied, err);

	if (rc == 0 && *applied > 0)
		rc = audit_migration(s, *applied, err);
	return rc == 0 ? seal_first(s, yes, sealed, err) : rc;
}

int
cmd_db_migrate(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false, yes = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf),
	    {"yes", 'y', OPTION_FLAG, &yes, NULL,
		"seal rows of a version without seals without asking"},
	    OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
	    "Applies the schema changes that the database lacks, each in a transaction of its own. Safe to run "
	    "again, and on several nodes at once. When the database comes from a version without seals, it shows the "
	    "rows that grant rights and asks whether to seal them.",
	    "gatehouse db migrate\n"};
	struct gh_error err;
	struct session s;
	size_t sealed = 0;
	int n, applied = 0, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_RAW_STORE, &err);
	if (rc == 0) {
		rc = migrate(&s, yes, &applied, &sealed, &err);
		session_close(&s);
	}
	if (rc != 0)
		return command_fail(argv[0], &err);
	printf(json ? "{\"applied\":%d,\"sealed\":%zu}\n"
		    : "%d migrations applied, %zu rows sealed\n",
	    applied, sealed);
	return output_finish();
}

static int
check_grants(struct session *s, struct gh_error *err)
{
	struct grant_verdict v;
	int rc = grant_verify(s->store, &v, err);

	return rc != 0 || v.is_whole ? rc : gh_refuse(err, GH_E_SEAL, "%s", v.problem);
}

int
cmd_db_status(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0,
	    "Tells whether the database answers, its schema is the one of this program, and the rows that grant rights fit "
	    "their MACs and are the newest that the audit trail knows of.",
	    "gatehouse db status\n"};
	struct gh_error err;
	struct session s;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc == 0) {
		rc = check_grants(&s, &err);
		session_close(&s);
	}
	if (rc != 0)
		return command_fail(argv[0], &err);
	puts(json ? "{\"status\":\"ok\"}"
		  : "ok: the schema fits this program; all rows that grant rights fit their MACs");
	return output_finish();
}
