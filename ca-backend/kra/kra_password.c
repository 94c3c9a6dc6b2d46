/* Passwords of storage keys. See kra_password.h. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "store/key/kra_key_change.h"
#include "store/key/kra_password_row.h"
#include "timestamp.h"

#include "kra_key_list.h"
#include "kra_password.h"

#define OBJECT "storage key"

/* One question: the storage keys, and their records as they become. */
struct question {
	const struct kra_password *p;
	const char *event; /* of the audit */
	struct kra_key_list keys;
	struct store_kra_record *record; /* keys.n at most */
	size_t records;
	const char *current, *replacement; /* NULL: none */
	uint32_t seconds;
};

static void
clear(struct question *q)
{
	for (size_t i = 0; i < q->records; i++)
		free((unsigned char *)(uintptr_t)q->record[i].after.p);
	free(q->record);
	kra_key_list_clear(&q->keys);
}

/* The storage keys alone. */
static int
read_keys(struct question *q, struct gh_error *err)
{
	struct kra_key_list *l = &q->keys;
	size_t n = 0;
	int rc = kra_key_list_read(q->p->store, l, err);

	for (size_t i = 0; i < l->n; i++)
		if (l->key[i].kind == STORE_KRA_STORAGE)
			l->key[n++] = l->key[i];
		else
			store_kra_key_clear(&l->key[i]);
	l->n = n;
	if (rc == 0 && n == 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "the KRA has no keys yet: `gatehouse kra init`");
	if (rc == 0 && (q->record = calloc(n, sizeof(*q->record))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "records");
	return rc;
}

static int
audit(const struct question *q, const char *event, const char *outcome, const char *detail,
    struct gh_error *err)
{
	const struct store_audit a = {.event = event,
	    .outcome = outcome,
	    .who = q->p->who,
	    .object = OBJECT,
	    .detail = detail};

	return store_audit(q->p->store, &a, err);
}

/* --- trying a password ------------------------------------------------------------------------ */

static int
unlock_one(struct question *q, const struct store_kra_key *k, struct gh_error *err)
{
	int64_t until;

	return signer_client_unlock(q->p->kra, k->sealed.p, k->sealed.len, q->current, q->seconds,
	    &until, err);
}

/* Its record under the other password. */
static int
seal_one(struct question *q, const struct store_kra_key *k, struct gh_error *err)
{
	unsigned char *sealed = NULL;
	size_t len = 0;
	int rc = signer_client_set_password(q->p->admin, k->sealed.p, k->sealed.len, q->current,
	    q->replacement, &sealed, &len, err);

	if (rc == 0)
		q->record[q->records++] = (struct store_kra_record){.row = k->row,
		    .before = {k->sealed.p, k->sealed.len},
		    .after = {sealed, len}};
	return rc;
}

typedef int (*try_one)(struct question *q, const struct store_kra_key *k, struct gh_error *err);

/* On each key. 0: it fits one at least. Else GH_E_CA_PASSWORD where it was wrong, before
 * GH_E_CONFLICT of a key that has none, or has one. */
static int
try_all(struct question *q, try_one one, struct gh_error *err)
{
	struct gh_error wrong = {0}, none = {0}, e;
	size_t fits = 0;

	for (size_t i = 0; i < q->keys.n; i++) {
		int rc = one(q, &q->keys.key[i], &e);

		if (rc == 0)
			fits++;
		else if (rc == GH_E_CA_PASSWORD)
			wrong = e;
		else if (rc == GH_E_CONFLICT)
			none = e;
		else {
			*err = e;
			return rc;
		}
	}
	if (fits > 0)
		return 0;
	if (wrong.code == GH_E_CA_PASSWORD)
		return gh_refuse(err, GH_E_CA_PASSWORD, "the password is wrong");
	return gh_refuse(err, GH_E_CONFLICT, "storage key: %s", none.detail);
}

/* --- counting --------------------------------------------------------------------------------- */

static int
refuse_locked(const struct store_kra_tries *t, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];
	int rc =
	    gh_refuse(err, GH_E_LOCKED, "too many passwords were wrong: none is looked at until %s",
		gh_timestamp_format(t->locked_until, until));

	err->retry_after = t->locked_until > t->now ? (int)(t->locked_until - t->now) : 1;
	return rc;
}

/* Committed before anybody is told. */
static int
count_wrong(struct question *q, struct store_kra_tries *t, struct gh_error *err)
{
	const struct gh_conf *conf = q->p->conf;
	char detail[128], until[GH_TIMESTAMP_SIZE];
	int rc = store_kra_tries_put_wrong(q->p->store, t, conf->ca.password_attempts,
	    conf->ca.password_lock_seconds, err);

	snprintf(detail, sizeof(detail), "wrong password, %d attempts remain",
	    t->locked_until != 0 ? 0 : conf->ca.password_attempts - t->attempts);
	if (rc == 0)
		rc = audit(q, q->event, "failure", detail, err);
	if (rc == 0 && t->locked_until != 0) {
		snprintf(detail, sizeof(detail), "until %s, after %d wrong passwords",
		    gh_timestamp_format(t->locked_until, until), t->attempts);
		rc = audit(q, "kra.password.locked-out", "failure", detail, err);
	}
	if (rc == 0)
		rc = store_kra_tries_commit(q->p->store, err);
	return rc != 0 ? rc : gh_refuse(err, GH_E_CA_PASSWORD, "the password is wrong");
}

/* right: an audit row with it, or NULL. */
static int
commit_right(struct question *q, const char *right, struct gh_error *err)
{
	int rc = store_kra_tries_put_right(q->p->store, err);

	if (rc == 0 && right != NULL)
		rc = audit(q, right, "success", NULL, err);
	return rc == 0 ? store_kra_tries_commit(q->p->store, err) : rc;
}

/* One after the other, whoever tries, on whatever node. */
static int
try_counted(struct question *q, try_one one, const char *right, struct gh_error *err)
{
	struct store_kra_tries t;
	int rc = store_kra_tries_lock(q->p->store, &t, err);

	if (rc != 0)
		return rc;
	if (t.locked_until != 0)
		rc = refuse_locked(&t, err);
	else if ((rc = try_all(q, one, err)) == 0)
		rc = commit_right(q, right, err);
	else if (rc == GH_E_CA_PASSWORD)
		rc = count_wrong(q, &t, err);
	store_kra_tries_abandon(q->p->store);
	return rc;
}

/* --- the actions ------------------------------------------------------------------------------ */

/* The KRA of this node takes the new records at once; those of the others within a second. */
static void
load_new(const struct question *q)
{
	unsigned char id[KRA_KEY_ID_SIZE];
	struct gh_error err;

	for (size_t i = 0; i < q->records; i++) {
		int rc = signer_client_load_ca(q->p->kra, q->record[i].after.p,
		    q->record[i].after.len, id, &err);

		if (rc != 0 && rc != GH_E_CA_LOCKED)
			gh_log_kv(GH_LOG_WARN, "the KRA of this node does not take the new record",
			    "cause", err.detail, NULL);
	}
}

static int
put_records(struct question *q, struct gh_error *err)
{
	int rc =
	    store_put_kra_records(q->p->store, q->p->who, q->event, q->record, q->records, err);

	if (rc == 0)
		load_new(q);
	return rc;
}

int
kra_password_set(const struct kra_password *p, const char *password, struct gh_error *err)
{
	struct question q = {.p = p, .event = "kra.password.set", .replacement = password};
	int rc = read_keys(&q, err);

	if (rc == 0 && (rc = try_all(&q, seal_one, err)) == 0)
		rc = put_records(&q, err);
	clear(&q);
	return rc;
}

int
kra_password_change(const struct kra_password *p, const char *current, const char *replacement,
    struct gh_error *err)
{
	struct question q = {.p = p,
	    .event = replacement != NULL ? "kra.password.change" : "kra.password.remove",
	    .current = current,
	    .replacement = replacement};
	int rc = read_keys(&q, err);

	if (rc == 0 && (rc = try_counted(&q, seal_one, NULL, err)) == 0)
		rc = put_records(&q, err);
	clear(&q);
	return rc;
}

static int
lock_all(const struct question *q, struct gh_error *err)
{
	size_t done = 0;
	int rc = 0;

	for (size_t i = 0; i < q->keys.n; i++)
		if ((rc = signer_client_lock(q->p->kra, q->keys.key[i].id, err)) == 0)
			done++;
		else if (rc != GH_E_CONFLICT)
			return rc;
	return done > 0 ? 0 : gh_refuse(err, GH_E_CONFLICT, "storage key: %s", err->detail);
}

/* What cannot be audited does not happen: then it is locked again. */
int
kra_password_unlock(const struct kra_password *p, const char *password, int seconds,
    struct gh_error *err)
{
	int longest = p->conf->kra.unlock_seconds;
	struct question q = {.p = p,
	    .event = "kra.password.unlock",
	    .current = password,
	    .seconds = (uint32_t)(seconds < 1 || seconds > longest ? longest : seconds)};
	struct gh_error ignored;
	int rc = read_keys(&q, err);

	if (rc == 0 && (rc = try_counted(&q, unlock_one, q.event, err)) != 0 &&
	    rc != GH_E_CA_PASSWORD && rc != GH_E_CONFLICT && rc != GH_E_LOCKED &&
	    lock_all(&q, &ignored) != 0)
		gh_log_kv(GH_LOG_ERROR, "a storage key may be unlocked without an audit row",
		    "cause", ignored.detail, NULL);
	clear(&q);
	return rc;
}

int
kra_password_lock(const struct kra_password *p, struct gh_error *err)
{
	struct question q = {.p = p, .event = "kra.password.lock"};
	int rc = read_keys(&q, err);

	if (rc == 0 && (rc = lock_all(&q, err)) == 0)
		rc = audit(&q, q.event, "success", NULL, err);
	clear(&q);
	return rc;
}
