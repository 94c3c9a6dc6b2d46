/* `gatehouse doctor`: packages that nobody gets. */
#include <stdlib.h>

#include "package/package_audience.h"
#include "store/package/package_row.h"

#include "doctor.h"

static void
check_package(struct doctor *d, const gh_json *row)
{
	const char *audience = gh_json_string(gh_json_get(row, "audience"));
	int64_t id = 0;

	(void)!gh_json_int(gh_json_get(row, "id"), &id);
	if (audience != NULL && package_audience_is_unbound(audience))
		finding_wrong(&d->findings, FINDING_WARNING, "package",
		    "name the label that the device's certificate came by: `gatehouse package set ID "
		    "--for device:LABEL/SUBJECT`",
		    "nobody gets package %lld, which is for %.200s", (long long)id, audience);
}

void
doctor_packages(struct doctor *d)
{
	struct gh_error err = {0};
	gh_json *rows = NULL;

	if (d->env.store == NULL || store_load_packages(d->env.store, &rows, &err) != 0)
		return; /* told by others */
	for (size_t i = 0; i < gh_json_size(rows); i++)
		check_package(d, gh_json_at(rows, i));
	gh_json_free(rows);
}
