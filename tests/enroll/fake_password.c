/* The password row of a CA that is locked or not. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "store/ca/ca_password_row.h"

#include "fake.h"

int
store_password_get(struct store *s, const char *ca, struct store_password *out,
    struct gh_error *err)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->now = 1000;
	out->locked_until = fake_store.ca_locked_until;
	return strcmp(ca, "issuing") == 0 ? 0 : gh_fail(err, GH_E_NOT_FOUND, "CA");
}

void
store_password_clear(struct store_password *p)
{
	memset(p, 0, sizeof(*p));
}
