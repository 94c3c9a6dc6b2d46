/* Transactions over several statements. See store_private.h. */
#include <stdio.h>

#include "store/store_private.h"

#define IDLE_SECONDS 60 /* of a transaction that holds locks */

int
store_begin(struct store *s, struct gh_error *err)
{
	int rc = store_connect(s, err);

	if (rc == 0)
		rc = store_script(s, "BEGIN", s->timeout_ms, err);
	s->in_transaction = rc == 0;
	return rc;
}

int
store_begin_locking(struct store *s, struct gh_error *err)
{
	char sql[160];
	int rc = store_begin(s, err);

	if (rc != 0)
		return rc;
	/* below statement_timeout, so that waiting is told from a slow database */
	snprintf(sql, sizeof(sql),
	    "SET LOCAL lock_timeout = %d; "
	    "SET LOCAL idle_in_transaction_session_timeout = '%ds'",
	    s->timeout_ms / 10 * 8, IDLE_SECONDS);
	if ((rc = store_script(s, sql, s->timeout_ms, err)) != 0)
		store_rollback(s);
	return rc;
}

int
store_commit(struct store *s, struct gh_error *err)
{
	int rc;

	if (!s->in_transaction || s->conn == NULL)
		rc = gh_fail(err, GH_E_DB_DOWN, "connection lost inside a transaction");
	else
		rc = store_script(s, "COMMIT", s->timeout_ms, err);
	if (rc == 0)
		s->in_transaction = false;
	else
		store_rollback(s);
	return rc;
}

void
store_rollback(struct store *s)
{
	if (s->in_transaction && s->conn != NULL &&
	    store_script(s, "ROLLBACK", s->timeout_ms, NULL) != 0)
		store_disconnect(s);
	s->in_transaction = false;
}
