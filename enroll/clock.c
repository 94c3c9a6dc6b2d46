/* Is this node's clock right? See clock.h. */
#include <stdatomic.h>
#include <stdlib.h>

#include "clock.h"

static _Atomic int64_t skew_ms;

void
clock_set_skew(int64_t ms)
{
	atomic_store(&skew_ms, ms);
}

int64_t
clock_skew(void)
{
	return atomic_load(&skew_ms);
}

int
clock_check(const struct gh_conf *conf, struct gh_error *err)
{
	int64_t ms = clock_skew();

	if (ms <= conf->database.clock_skew * INT64_C(1000) &&
	    ms >= conf->database.clock_skew * INT64_C(-1000))
		return 0;
	return gh_fail(err, GH_E_CLOCK,
	    "the clock of this node is %lld s %s that of the database, and %d s are allowed "
	    "(database.clock_skew): set the clocks",
	    (long long)(llabs(ms) / 1000), ms > 0 ? "ahead of" : "behind",
	    conf->database.clock_skew);
}
