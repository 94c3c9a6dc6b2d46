/* People of the tests. */
#include <stdio.h>

#include "fake.h"

struct requester
fake_requester(const char *name)
{
	struct requester r = {.kind = REQUESTER_DIRECTORY, .app_id = 7, .app_name = "app"};

	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.dn, sizeof(r.dn), "cn=%s,dc=example,dc=test", name);
	return r;
}
