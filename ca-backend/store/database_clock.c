/* The clock of this node beside that of the database, which is the same for all nodes. */
#include <stdlib.h>
#include <time.h>

#include "store_private.h"

static int64_t
realtime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The database read its clock between question and answer: half of the round trip is what the
 * result may be wrong by. */
int
store_clock_skew(struct store *s, int64_t *ms, struct gh_error *err)
{
	static const struct store_statement st = {"clock",
	    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"};
	struct store_params p = {0};
	PGresult *res;
	int64_t asked;
	int rc;

	*ms = 0;
	if ((rc = store_ping(s, err)) != 0) /* so that no connecting is in the round trip */
		return rc;
	asked = realtime_ms();
	if ((rc = store_read(s, &st, &p, &res, err)) == 0)
		*ms = asked + (realtime_ms() - asked) / 2 - store_int(res, 0, 0);
	PQclear(res);
	return rc;
}
