/* The mark of a one-time password. See one_time.h. */
#include <stdio.h>
#include <string.h>

#include "digest.h"

#include "one_time.h"

int
one_time_mark(const struct est_user *u, struct requester *who, struct gh_error *err)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "EST one-time password %lld %s", (long long)u->id,
	    u->secret_sealed);

	if (n <= 0 || (size_t)n >= sizeof(text) ||
	    !gh_digest(GH_SHA256, text, (size_t)n, who->one_time))
		return gh_fail(err, GH_E_INTERNAL, "mark of a one-time password");
	who->is_one_time = true;
	return 0;
}
