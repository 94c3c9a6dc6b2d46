/* `gatehouse db`: the schema of the database. */
#include <stdio.h>

#include "audit/grant_verify.h"
#include "store/database/reseal.h"

#include "command.h"
#include "db_reseal.h"
#include "prompt.h"
#include "secret_file.h"
#include "verb.h"

/* On its own: the table of the audit record is made by the first migration. */
static int
audit_migration(struct command_env *env, int applied, struct gh_error *err)
{
	char detail[40];
	struct store_audit a = {.event = "db.migrated",
	    .outcome = "success",
	    .who = &env->who,
	    .detail = detail};

	snprintf(detail, sizeof(detail), "%d migrations", applied);
	return store_audit(env->store, &a, err);
}

static bool is_sure;

/* Rows of a version without seals. What was sealed before is not sealed again here, however the
 * database looks. */
static int
seal_first(struct command_env *env, size_t *sealed, struct gh_error *err)
{
	struct store_grant_macs seals;
	bool has_secret;
	int rc = secret_file_exists(env->conf->gateway.secret_file, &has_secret, err);

	*sealed = 0;
	if (rc != 0 || !has_secret)
		return rc; /* `gatehouse init` comes next */
	rc = command_env_use_secret(env, err);
	if (rc == 0)
		rc = store_grant_macs_look(env->store, &seals, err);
	if (rc != 0)
		return rc;
	if (seals.is_first && seals.rows > 0) {
		db_reseal_show(&seals, stderr);
		if (!is_sure)
			rc = prompt_confirm("Seal these rows?", err);
		if (rc == 0)
			rc = store_reseal(env->store, &env->who, seals.digest, err);
		*sealed = rc == 0 ? seals.rows : 0;
	}
	store_grant_macs_clear(&seals);
	return rc;
}

static int
migrate(struct verb_call *c, struct gh_error *err)
{
	size_t sealed = 0;
	int applied = 0, rc = store_migrate(c->env.store, &applied, err);

	if (rc == 0 && applied > 0)
		rc = audit_migration(&c->env, applied, err);
	if (rc == 0)
		rc = seal_first(&c->env, &sealed, err);
	if (rc != 0)
		return rc;
	c->out = gh_json_new_object();
	if (gh_json_set_int(c->out, "applied", applied) != 0 ||
	    gh_json_set_int(c->out, "sealed", (int64_t)sealed) != 0)
		return gh_fail(err, GH_E_NOMEM, "result");
	return 0;
}

static int
show_migrated(struct verb_call *c)
{
	int64_t applied = 0, sealed = 0;

	if (gh_json_int(gh_json_get(c->out, "applied"), &applied) &&
	    gh_json_int(gh_json_get(c->out, "sealed"), &sealed))
		printf("%lld migrations applied, %lld rows sealed\n", (long long)applied,
		    (long long)sealed);
	return output_finish();
}

static const struct option_row migrate_options[] = {VERB_CONFIG,
    {"yes", 'y', OPTION_FLAG, &is_sure, NULL,
	"seal rows of a version without seals without asking"},
    VERB_JSON, OPTION_END};
const struct verb verb_db_migrate = {
    .usage = {"", 0, 0,
	"Applies the schema changes that the database lacks, each in a transaction of its own. Safe to run "
	"again, and on several nodes at once. When the database comes from a version without seals, it shows the "
	"rows that grant rights and asks whether to seal them.",
	"gatehouse db migrate\n"},
    .options = migrate_options,
    .needs = NEEDS_RAW_STORE,
    .work = migrate,
    .show = show_migrated,
};

/* ---- status ---- */

static int
check_grants(struct verb_call *c, struct gh_error *err)
{
	struct grant_verdict v;
	int rc = grant_verify(c->env.store, &v, err);

	if (rc == 0 && !v.is_whole)
		rc = gh_refuse(err, GH_E_SEAL, "%s", v.problem);
	if (rc == 0 &&
	    ((c->out = gh_json_new_object()) == NULL ||
		gh_json_set_string(c->out, "status", "ok") != 0))
		rc = gh_fail(err, GH_E_NOMEM, "status");
	return rc;
}

static int
show_status(struct verb_call *c)
{
	(void)c;
	puts("ok: the schema fits this program; all rows that grant rights fit their MACs");
	return output_finish();
}

const struct verb verb_db_status = {
    .usage = {"", 0, 0,
	"Tells whether the database answers, its schema is the one of this program, and the rows that grant rights fit "
	"their MACs and are the newest that the audit trail knows of.",
	"gatehouse db status\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .work = check_grants,
    .show = show_status,
};
