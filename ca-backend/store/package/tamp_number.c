/* Sequence numbers of TAMP. See tamp_number.h. */
#include "calendar.h"
#include "timestamp.h"

#include "store/store_private.h"

#include "tamp_number.h"

#define AHEAD_SECONDS GH_DAY_SECONDS /* as many messages at once, and more than clocks differ */

int
store_next_tamp_number(struct store *s, int64_t *out, struct gh_error *err)
{
	/* a number is lost with a call that fails behind it; that harms nobody */
	static const struct store_statement st = {"tamp_number",
	    "UPDATE tamp_number SET last = GREATEST(last + 1, extract(epoch FROM clock_timestamp())::bigint) "
	    "WHERE last < 9223372036854775807 RETURNING last"};
	/* What clients have seen they never take back: a number that somebody has set far ahead
	 * would be the last one of this signer. */
	int64_t latest = gh_now() + AHEAD_SECONDS;
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*out = 0;
	if ((rc = store_begin(s, err)) != 0)
		return rc;
	rc = store_write(s, &st, &p, "Conflict.", &res, err);
	if (rc == 0 && PQntuples(res) != 1)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "there is no sequence number left: see table tamp_number");
	if (rc == 0 && store_int(res, 0, 0) > latest)
		rc = gh_refuse(err, GH_E_SEAL,
		    "the sequence number of the last message lies more than a day ahead of the clock: the "
		    "table tamp_number was changed past Gatehouse, or the clock was wrong");
	if (rc == 0)
		*out = store_int(res, 0, 0);
	PQclear(res);
	if (rc == 0 && (rc = store_commit(s, err)) != 0)
		*out = 0;
	if (rc != 0)
		store_rollback(s);
	return rc;
}
