/*
 * What a password of a CA key can be asked to do. The order is the same for all: lock the row, look
 * whether it is locked out, compare with the hash, ask the signer, write, audit, commit; only then
 * is the caller told anything. A crash before the commit leaves everything as it was, behind it all
 * is done but loading the record, which the catalog's watchers do on every node.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "bcrypt.h"
#include "log.h"
#include "store/ca/ca_password_row.h"
#include "timestamp.h"
#include "utf8.h"

#include "ca_password.h"

static const struct action {
	const char *event, *word;
} actions[] = {
    [CA_PASSWORD_SET] = {"ca.password.set", "set"},
    [CA_PASSWORD_REMOVE] = {"ca.password.removed", "remove"},
    [CA_PASSWORD_CHANGE] = {"ca.password.changed", "change"},
    [CA_PASSWORD_UNLOCK] = {"ca.password.unlocked", "unlock"},
    [CA_PASSWORD_LOCK] = {"ca.password.locked", "lock"},
};

/* --- audit ------------------------------------------------------------------------------------ */

static int
audit(const struct ca_password_call *c, const char *event, bool success, const char *ca,
    const char *detail, struct gh_error *err)
{
	struct store_audit a = {
	    .event = event,
	    .outcome = success ? "success" : "failure",
	    .who = c->who,
	    .request_id = c->request_id,
	    .object = ca,
	    .detail = detail,
	};

	return store_audit(c->store, &a, err);
}

/* A wrong password has its row already, in the transaction that counted it. */
void
ca_password_audit_refusal(const struct ca_password_call *c, enum ca_password_action action,
    const struct gh_error *err)
{
	char detail[sizeof(err->detail) + 32];
	struct gh_error why;

	snprintf(detail, sizeof(detail), "%s: %s", gh_error_info(err->code)->name, err->detail);
	gh_utf8_clean(detail);
	if (audit(c, actions[action].event, false, c->ca, detail, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

static int
refuse(const struct ca_password_call *c, enum ca_password_action action, const struct gh_error *err)
{
	if (err->code != GH_E_CA_PASSWORD)
		ca_password_audit_refusal(c, action, err);
	return err->code;
}

/* --- rules ------------------------------------------------------------------------------------ */

static int
check_new(const char *password, struct gh_error *err)
{
	size_t n = gh_utf8_length(password, strlen(password));

	if (n < CA_PASSWORD_MIN || n > CA_PASSWORD_MAX)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The password of a CA key has %d to %d characters.", CA_PASSWORD_MIN,
		    CA_PASSWORD_MAX);
	return 0;
}

static int
check_may_set(const struct store_password *row, struct gh_error *err)
{
	if (row->protection == CA_KEY_PASSWORD)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key of this CA is under a password already: change it.");
	if (row->sealed == NULL || row->protection != CA_KEY_SYSTEM)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The key of this CA is not kept here, or in a token: it cannot "
		    "have a password.");
	return 0;
}

static int
check_is_protected(const struct store_password *row, struct gh_error *err)
{
	if (row->protection != CA_KEY_PASSWORD || row->sealed == NULL || row->hash == NULL)
		return gh_refuse(err, GH_E_CONFLICT, "The key of this CA is not under a password.");
	return 0;
}

/* --- state ------------------------------------------------------------------------------------ */

/* Of the row alone. */
static void
take_row(const struct ca_password_call *c, const struct store_password *row,
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

/* --- a password is looked at ------------------------------------------------------------------ */

static int
fail_locked(const struct store_password *row, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];
	int rc =
	    gh_fail(err, GH_E_LOCKED, "until %s", gh_timestamp_format(row->locked_until, until));

	err->retry_after = (int)(row->locked_until - row->now);
	if (err->retry_after < 1)
		err->retry_after = 1;
	return rc;
}

/* Counted and committed before anybody is told. */
static int
count_failure(const struct ca_password_call *c, enum ca_password_action action,
    struct store_password *row, struct gh_error *err)
{
	const struct gh_conf *conf = c->conf;
	char detail[128], until[GH_TIMESTAMP_SIZE];
	int rc = store_password_put_failure(c->store, row, conf->ca.password_attempts,
	    conf->ca.password_lock_seconds, err);

	if (rc != 0)
		return rc;
	snprintf(detail, sizeof(detail), "%s: wrong password, %d attempts remain",
	    actions[action].word,
	    row->locked_until != 0 ? 0 : conf->ca.password_attempts - row->attempts);
	rc = audit(c, "ca.password.failed", false, row->name, detail, err);
	if (rc == 0 && row->locked_until != 0) {
		snprintf(detail, sizeof(detail), "until %s, after %d wrong passwords",
		    gh_timestamp_format(row->locked_until, until), row->attempts);
		rc = audit(c, "ca.password.locked-out", false, row->name, detail, err);
	}
	if (rc == 0)
		rc = store_password_commit(c->store, row, err);
	return rc != 0 ? rc : gh_fail(err, GH_E_CA_PASSWORD, "wrong password of CA %s", row->name);
}

static int
verify(const struct ca_password_call *c, enum ca_password_action action, struct store_password *row,
    const char *password, struct gh_error *err)
{
	int rc = check_is_protected(row, err);

	if (rc != 0)
		return rc;
	if (row->locked_until != 0)
		return fail_locked(row, err);
	if (gh_bcrypt_is_right_long(password, row->hash))
		return 0;
	return count_failure(c, action, row, err);
}

/* The hash says yes: a no of the signer means that hash and record are not of one commit. */
static int
signer_failed(int rc, struct gh_error *err)
{
	struct gh_error why = *err;

	if (rc == GH_E_CA_POLICY)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "The first password of a CA key is set on the server: gatehouse ca "
		    "password set NAME. The signer takes it from the API only with --first-password-by-api.");
	if (rc != GH_E_CA_PASSWORD && rc != GH_E_CONFLICT)
		return rc;
	gh_fail(err, GH_E_SIGNER, "record and hash do not fit: %.400s", why.detail);
	snprintf(err->message, sizeof(err->message),
	    "The signer does not accept the record of this CA's key. Nothing "
	    "was changed; see the log.");
	return GH_E_SIGNER;
}

/* --- a new record of the key ------------------------------------------------------------------ */

/* The committed record takes effect on this node at once; the others hear of it within a second. */
static void
load_new(const struct ca_password_call *c, const struct store_password *row)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err;
	int rc = signer_client_load_ca(c->signer, row->new_sealed, row->new_sealed_len, id, &err);

	if (rc != 0 && rc != GH_E_CA_LOCKED)
		gh_log_kv(GH_LOG_WARN, "the signer did not take the new record of a key", "ca",
		    row->name, "cause", err.detail, NULL);
}

static int
put_key(const struct ca_password_call *c, enum ca_password_action action,
    struct store_password *row, const unsigned char *sealed, size_t len, const char *hash,
    struct gh_error *err)
{
	int rc = store_password_put_key(c->store, c->who, row, sealed, len, hash, err);

	if (rc == 0)
		rc = audit(c, actions[action].event, true, row->name, NULL, err);
	if (rc == 0)
		rc = store_password_commit(c->store, row, err);
	if (rc != 0)
		return rc;
	row->protection = hash != NULL ? CA_KEY_PASSWORD : CA_KEY_SYSTEM;
	row->attempts = row->lockouts = 0;
	row->locked_until = 0;
	row->last_accessed_at = hash != NULL && action == CA_PASSWORD_CHANGE ? row->now : 0;
	return 0;
}

/* current, new_password: NULL = under the system key. */
static int
seal_anew(const struct ca_password_call *c, enum ca_password_action action,
    struct store_password *row, const char *current, const char *new_password, struct gh_error *err)
{
	char hash[GH_BCRYPT_SIZE] = "";
	unsigned char *sealed = NULL;
	size_t len = 0;
	int rc = 0;

	if (new_password != NULL)
		rc = gh_bcrypt_hash_long(new_password, hash, err);
	if (rc == 0 &&
	    (rc = signer_client_set_password(c->signer, row->sealed, row->sealed_len, current,
		 new_password, &sealed, &len, err)) != 0)
		rc = signer_failed(rc, err);
	if (rc == 0)
		rc = put_key(c, action, row, sealed, len, new_password != NULL ? hash : NULL, err);
	if (rc == 0)
		load_new(c, row);
	OPENSSL_cleanse(hash, sizeof(hash));
	free(sealed);
	return rc;
}

static int
re_encrypt(const struct ca_password_call *c, enum ca_password_action action, const char *current,
    const char *new_password, struct ca_password_status *out, struct gh_error *err)
{
	struct store_password row;
	int rc = store_password_lock(c->store, c->ca, &row, err);

	if (rc != 0)
		return refuse(c, action, err);
	rc = current != NULL ? verify(c, action, &row, current, err) : check_may_set(&row, err);
	if (rc == 0)
		rc = seal_anew(c, action, &row, current, new_password, err);
	store_password_abandon(c->store);
	take_row(c, &row, out);
	store_password_clear(&row);
	return rc != 0 ? refuse(c, action, err) : 0;
}

int
ca_password_set(const struct ca_password_call *c, const char *password,
    struct ca_password_status *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (check_new(password, err) != 0)
		return refuse(c, CA_PASSWORD_SET, err);
	return re_encrypt(c, CA_PASSWORD_SET, NULL, password, out, err);
}

int
ca_password_remove(const struct ca_password_call *c, const char *current,
    struct ca_password_status *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	return re_encrypt(c, CA_PASSWORD_REMOVE, current, NULL, out, err);
}

int
ca_password_change(const struct ca_password_call *c, const char *current, const char *new_password,
    struct ca_password_status *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (check_new(new_password, err) != 0)
		return refuse(c, CA_PASSWORD_CHANGE, err);
	if (strcmp(current, new_password) == 0) {
		gh_refuse(err, GH_E_VALIDATION,
		    "The new password must differ from the current one.");
		return refuse(c, CA_PASSWORD_CHANGE, err);
	}
	return re_encrypt(c, CA_PASSWORD_CHANGE, current, new_password, out, err);
}

/* --- unlocking -------------------------------------------------------------------------------- */

static int
commit_access(const struct ca_password_call *c, struct store_password *row, int64_t until,
    struct gh_error *err)
{
	char detail[64], text[GH_TIMESTAMP_SIZE];
	int rc = store_password_put_access(c->store, row, err);

	snprintf(detail, sizeof(detail), "until %s", gh_timestamp_format(until, text));
	if (rc == 0)
		rc = audit(c, actions[CA_PASSWORD_UNLOCK].event, true, row->name, detail, err);
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
		return signer_failed(rc, err);
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
		return refuse(c, CA_PASSWORD_UNLOCK, err);
	if ((rc = verify(c, CA_PASSWORD_UNLOCK, &row, password, err)) == 0)
		rc = unlock(c, &row, password, seconds < 1 || seconds > longest ? longest : seconds,
		    err);
	store_password_abandon(c->store);
	take_row(c, &row, out);
	if (rc == 0)
		ask_signer(c, &row, out);
	store_password_clear(&row);
	return rc != 0 ? refuse(c, CA_PASSWORD_UNLOCK, err) : 0;
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
		return refuse(c, CA_PASSWORD_LOCK, err);
	if ((rc = check_is_protected(&row, err)) == 0 &&
	    (rc = signer_client_lock(c->signer, row.ca_id, err)) == 0)
		rc = audit(c, actions[CA_PASSWORD_LOCK].event, true, row.name, NULL, err);
	take_row(c, &row, out);
	ask_signer(c, &row, out);
	store_password_clear(&row);
	return rc != 0 ? refuse(c, CA_PASSWORD_LOCK, err) : 0;
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
	take_row(c, &row, out);
	ask_signer(c, &row, out);
	store_password_clear(&row);
	return 0;
}
