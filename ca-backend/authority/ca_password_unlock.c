/* A key is unlocked in the signer of this node, or locked, and what its state is. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "timestamp.h"

#include "ca_password_private.h"

/* Of the row alone. */
void
ca_password_take_row(const struct ca_password_call *c, const struct store_password *row,
    struct ca_password_status *out)
{
	int left = c->conf->ca.password_attempts - row->attempts;

	out->ca_row = row->ca;
	snprintf(out->ca, sizeof(out->ca), "%s", row->name);
	out->requires_password = row->protection == CA_KEY_PASSWORD;
	out->is_locked = row->locked_until != 0;
	out->locked_until = row->locked_until;
	out->last_accessed_at = row->last_accessed_at;
	out->attempts = row->attempts;
	out->remaining = left > 0 ? left : 0;
}

/* A signer that does not answer has nothing unlocked that could be used. */
static void
ask_signer(const struct ca_password_call *c, const struct store_password *row,
    struct ca_password_status *out)
{
	struct signer_ca_state state;
	struct gh_error err;

	out->unlocked_until = 0;
	if (!out->requires_password)
		return;
	if (signer_client_ca_state(c->signer, row->ca_id, &state, &err) != 0)
		gh_log_kv(GH_LOG_WARN, "cannot ask the signer for the state of a key", "ca",
		    row->name, "cause", err.detail, NULL);
	else if (state.is_unlocked)
		out->unlocked_until = state.unlocked_until;
}

static int
commit_access(const struct ca_password_call *c, struct store_password *row, int64_t until,
    struct gh_error *err)
{
	char detail[64], text[GH_TIMESTAMP_SIZE];
	int rc = store_password_put_access(c->store, row, err);

	snprintf(detail, sizeof(detail), "until %s", gh_timestamp_format(until, text));
	if (rc == 0)
		rc = ca_password_audit(c, CA_PASSWORD_UNLOCK, row->name, detail, err);
	return rc == 0 ? store_password_commit(c->store, row, err) : rc;
}

/* What cannot be audited does not happen: then the key is locked again. */
static int
unlock(const struct ca_password_call *c, struct store_password *row, const char *password,
    int seconds, struct gh_error *err)
{
	struct gh_error ignored;
	int64_t until = 0;
	int rc = signer_client_unlock(c->signer, row->sealed, row->sealed_len, password, seconds,
	    &until, err);

	if (rc != 0)
		return ca_password_signer_failed(rc, err);
	rc = commit_access(c, row, until, err);
	if (rc != 0 && signer_client_lock(c->signer, row->ca_id, &ignored) != 0)
		gh_log_kv(GH_LOG_ERROR, "a key is unlocked and the audit row is not written", "ca",
		    row->name, NULL);
	return rc;
}

int
ca_password_unlock(const struct ca_password_call *c, const char *password, int seconds,
    struct ca_password_status *out, struct gh_error *err)
{
	int longest = c->conf->ca.unlock_seconds;
	struct store_password row;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_password_lock(c->store, c->ca, &row, err)) != 0)
		return ca_password_refuse(c, CA_PASSWORD_UNLOCK, err);
	if ((rc = ca_password_verify(c, CA_PASSWORD_UNLOCK, &row, password, err)) == 0)
		rc = unlock(c, &row, password, seconds < 1 || seconds > longest ? longest : seconds,
		    err);
	store_password_abandon(c->store);
	ca_password_take_row(c, &row, out);
	if (rc == 0)
		ask_signer(c, &row, out);
	store_password_clear(&row);
	return rc != 0 ? ca_password_refuse(c, CA_PASSWORD_UNLOCK, err) : 0;
}

/* What is locked stays locked when the audit row cannot be written; the caller hears of it. */
int
ca_password_lock(const struct ca_password_call *c, struct ca_password_status *out,
    struct gh_error *err)
{
	struct store_password row;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_password_get(c->store, c->ca, &row, err)) != 0)
		return ca_password_refuse(c, CA_PASSWORD_LOCK, err);
	if ((rc = ca_password_check_protected(&row, err)) == 0 &&
	    (rc = signer_client_lock(c->signer, row.ca_id, err)) == 0)
		rc = ca_password_audit(c, CA_PASSWORD_LOCK, row.name, NULL, err);
	ca_password_take_row(c, &row, out);
	ask_signer(c, &row, out);
	store_password_clear(&row);
	return rc != 0 ? ca_password_refuse(c, CA_PASSWORD_LOCK, err) : 0;
}

int
ca_password_get_status(const struct ca_password_call *c, struct ca_password_status *out,
    struct gh_error *err)
{
	struct store_password row;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_password_get(c->store, c->ca, &row, err)) != 0)
		return rc;
	ca_password_take_row(c, &row, out);
	ask_signer(c, &row, out);
	store_password_clear(&row);
	return 0;
}
