/* A store in memory: what it keeps, and the audit trail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"

struct fake_store fake_store;

int
fake_fails(int code, struct gh_error *err)
{
	return code != 0 ? gh_fail(err, (enum gh_code)code, "the store was told to fail") : 0;
}

static void
row_clear(struct fake_row *r)
{
	free(r->metadata);
	free(r->csr);
	enroll_outcome_clear(&r->outcome);
	memset(r, 0, sizeof(*r));
}

void
fake_store_reset(void)
{
	for (int i = 0; i < fake_store.rows; i++)
		row_clear(&fake_store.row[i]);
	memset(&fake_store, 0, sizeof(fake_store));
}

struct fake_row *
fake_row(int64_t id)
{
	if (id < 1 || id > fake_store.rows)
		fail_msg("there is no row %lld", (long long)id);
	return &fake_store.row[id - 1];
}

int
store_audit(struct store *s, const struct store_audit *a, struct gh_error *err)
{
	(void)s;
	assert_false(fake_store.is_asked);
	if (fake_store.fail != 0)
		return fake_fails(fake_store.fail, err);
	snprintf(fake_store.audit[fake_store.audits++ % FAKE_AUDITS], sizeof(fake_store.audit[0]),
	    "%.30s %.10s %.60s %.40s %.100s", a->event, a->outcome, a->who->name,
	    a->object != NULL ? a->object : "-", a->detail != NULL ? a->detail : "-");
	return 0;
}
