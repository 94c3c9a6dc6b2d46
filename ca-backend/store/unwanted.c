/* Statements that nobody wants any more. See store_unless. */
#include "store/store_private.h"

void
store_unless(struct store *s, const atomic_bool *unwanted)
{
	s->unwanted = unwanted;
}

bool
store_is_unwanted(const struct store *s)
{
	return s->unwanted != NULL && atomic_load(s->unwanted);
}

/* Otherwise PostgreSQL notices when it sends the answer. Those before 14, and on some systems,
 * refuse: there a statement goes on for the time that it has. */
int
store_let_server_watch(struct store *s, struct gh_error *err)
{
	struct gh_error ignored;

	if (s->unwanted == NULL || s->is_watched || s->in_transaction)
		return 0;
	(void)!store_script(s, "SET client_connection_check_interval = 500", s->timeout_ms,
	    &ignored);
	s->is_watched = true;
	return s->conn != NULL ? 0 : gh_fail(err, GH_E_DB_DOWN, "connection lost");
}
