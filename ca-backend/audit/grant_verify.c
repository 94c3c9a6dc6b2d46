/* Rows that grant rights beside the audit trail. See grant_verify.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/database/reseal.h"
#include "store/audit/audit_seal_row.h"

#include "grant_verify.h"

#define REVISION "revision "

/* The newest row grant.sealed; a rare event is searched for page by page. */
static int
find_recorded(struct store *store, int64_t *revision, struct gh_error *err)
{
	struct store_audit_filter f = {.limit = 1, .newest_first = true, .event = "grant.sealed"};
	int64_t next = 0;
	int rc;

	*revision = 0;
	do {
		gh_json *entries;
		const char *object;

		f.after_id = next;
		if ((rc = store_audit_page(store, &f, &entries, &next, err)) != 0)
			return rc;
		object = gh_json_string(gh_json_get(gh_json_at(entries, 0), "object"));
		if (object != NULL && strncmp(object, REVISION, strlen(REVISION)) == 0)
			*revision = strtoll(object + strlen(REVISION), NULL, 10);
		gh_json_free(entries);
	} while (*revision == 0 && next != 0);
	return 0;
}

int
grant_verify(struct store *store, struct grant_verdict *out, struct gh_error *err)
{
	struct store_grant_macs seals;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = find_recorded(store, &out->recorded, err)) != 0 ||
	    (rc = store_grant_macs_look(store, &seals, err)) != 0)
		return rc;
	out->revision = seals.revision;
	out->is_whole = seals.is_whole;
	snprintf(out->problem, sizeof(out->problem), "%s", seals.problem);
	store_grant_macs_clear(&seals);
	if (out->is_whole && out->revision < out->recorded) {
		out->is_whole = false;
		snprintf(out->problem, sizeof(out->problem),
		    "the rows that grant rights were set back to revision %lld; the "
		    "audit trail knows revision %lld. After a restore run `gatehouse db restored`",
		    (long long)out->revision, (long long)out->recorded);
	}
	return 0;
}
