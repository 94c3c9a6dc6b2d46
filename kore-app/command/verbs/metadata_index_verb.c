/* Making and dropping the index of a metadata field. See metadata_index_verb.h. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "store/catalog/metadata_row.h"
#include "store/inventory/metadata_index.h"
#include "store/status/job_row.h"

#include "command.h"
#include "list.h"
#include "metadata_index_verb.h"

#define LOCK "metadata-index" /* one at a time */

static volatile sig_atomic_t interrupts;

static void
interrupt(int number)
{
	(void)number;
	interrupts++;
}

/* Each interrupt ends one thing: first the making, then the clearing away of what was begun. */
static bool
is_stopping(void *arg)
{
	sig_atomic_t *taken = arg;

	if (*taken == interrupts)
		return false;
	*taken += 1;
	return true;
}

static void
tell(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static int
make(struct verb_call *c, struct store *builder, const struct metadata_index *i,
    struct gh_error *err)
{
	const struct sigaction ours = {.sa_handler = interrupt};
	sig_atomic_t taken = interrupts;
	const struct gh_progress p = {.is_stopping = is_stopping,
	    .tell = isatty(STDERR_FILENO) ? tell : NULL,
	    .arg = &taken};
	struct sigaction was[2];
	struct gh_error ignored;
	int rc;

	sigaction(SIGINT, &ours, &was[0]);
	sigaction(SIGTERM, &ours, &was[1]);
	rc = store_make_metadata_index(builder, c->env.store, i, &p, err);
	/* the field may have become another one, or be gone: then nobody asks the index */
	if (rc == 0 &&
	    (rc = store_set_metadata_indexed(c->env.store, &c->env.who, i, true, err)) != 0)
		(void)!store_drop_metadata_index(builder, c->env.store, i->field_id, &p, &ignored);
	sigaction(SIGINT, &was[0], NULL);
	sigaction(SIGTERM, &was[1], NULL);
	return rc;
}

/* First nobody counts on it. */
static int
drop(struct verb_call *c, struct store *builder, const struct metadata_index *i, bool was,
    struct gh_error *err)
{
	static const struct gh_progress never = {NULL, NULL, NULL};
	int rc = was ? store_set_metadata_indexed(c->env.store, &c->env.who, i, false, err) : 0;

	return rc == 0 ? store_drop_metadata_index(builder, c->env.store, i->field_id, &never, err)
		       : rc;
}

static int
with_lock(struct verb_call *c, const gh_json *row, bool indexed, struct gh_error *err)
{
	struct metadata_index i = {.name = gh_json_string(gh_json_get(row, "name"))};
	bool was = gh_json_bool(gh_json_get(row, "indexed"), false);
	struct store *builder;
	int64_t type = 0;
	int rc;

	if (!gh_json_int(gh_json_get(row, "id"), &i.field_id) ||
	    !gh_json_int(gh_json_get(row, "type"), &type))
		return gh_fail(err, GH_E_DB, "metadata field");
	i.is_number = metadata_index_is_number(type);
	/* before searches stop to count on it */
	if ((indexed || was) && (rc = store_may_index_metadata(c->env.store, err)) != 0)
		return rc;
	if ((rc = command_env_open_store(c->env.conf, &builder, err)) != 0)
		return rc;
	rc = indexed ? make(c, builder, &i, err) : drop(c, builder, &i, was, err);
	store_free(builder);
	return rc;
}

int
metadata_index_set(struct verb_call *c, const char *name, bool indexed, struct gh_error *err)
{
	gh_json *row;
	bool locked;
	int rc = store_job_lock(c->env.store, LOCK, &locked, err);

	if (rc == 0 && !locked)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "another command makes or drops the index of a metadata field at this moment");
	if (rc != 0)
		return rc;
	if ((rc = list_find(c->env.store, STORE_LIST_METADATA_FIELDS, name, &row, err)) == 0)
		rc = with_lock(c, row, indexed, err);
	gh_json_free(row);
	store_job_unlock(c->env.store, LOCK);
	return rc;
}
