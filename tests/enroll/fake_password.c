/* Passwords: the row of a CA whose key is locked or not, and tries of approval passwords. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "store/ca/approval_password_row.h"
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

int
store_set_approval_password(struct store *s, const struct requester *who, const char *ca,
    const char *hash, struct gh_error *err)
{
	(void)s;
	(void)who;
	(void)ca;
	(void)hash;
	return gh_fail(err, GH_E_INTERNAL, "not here");
}

int
store_attempt_begin(struct store *s, int64_t ca, const struct requester *who,
    struct store_attempt *out, struct gh_error *err)
{
	(void)s;
	(void)ca;
	(void)who;
	if (fake_store.fail != 0)
		return fake_fails(fake_store.fail, err);
	*out = fake_store.attempt;
	return 0;
}

int
store_attempt_put_failure(struct store *s, struct store_attempt *a, int lock_seconds,
    struct gh_error *err)
{
	(void)s;
	(void)err;
	a->attempts++;
	a->locked_until = lock_seconds > 0 ? a->now + lock_seconds : 0;
	fake_store.attempt = *a;
	return 0;
}

int
store_attempt_put_success(struct store *s, const struct store_attempt *a, struct gh_error *err)
{
	(void)s;
	(void)a;
	(void)err;
	memset(&fake_store.attempt, 0, sizeof(fake_store.attempt));
	return 0;
}

int
store_attempt_commit(struct store *s, struct gh_error *err)
{
	(void)s;
	(void)err;
	return 0;
}

void
store_attempt_abandon(struct store *s)
{
	(void)s;
}
