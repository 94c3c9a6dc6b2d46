/* A password of a CA key is looked at; what is done and refused is audited. */
#include <stdio.h>

#include "bcrypt.h"
#include "log.h"
#include "timestamp.h"
#include "utf8.h"

#include "ca_password_private.h"

static const struct action {
	const char *event, *word;
} actions[] = {
    [CA_PASSWORD_SET] = {"ca.password.set", "set"},
    [CA_PASSWORD_REMOVE] = {"ca.password.removed", "remove"},
    [CA_PASSWORD_CHANGE] = {"ca.password.changed", "change"},
    [CA_PASSWORD_UNLOCK] = {"ca.password.unlocked", "unlock"},
    [CA_PASSWORD_LOCK] = {"ca.password.locked", "lock"},
};

/* ---- audit ---- */

static int
put_row(const struct ca_password_call *c, const char *event, bool success, const char *ca,
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

int
ca_password_audit(const struct ca_password_call *c, enum ca_password_action action, const char *ca,
    const char *detail, struct gh_error *err)
{
	return put_row(c, actions[action].event, true, ca, detail, err);
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
	if (put_row(c, actions[action].event, false, c->ca, detail, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

int
ca_password_refuse(const struct ca_password_call *c, enum ca_password_action action,
    const struct gh_error *err)
{
	if (err->code != GH_E_CA_PASSWORD)
		ca_password_audit_refusal(c, action, err);
	return err->code;
}

/* ---- the password ---- */

int
ca_password_check_protected(const struct store_password *row, struct gh_error *err)
{
	if (row->protection != CA_KEY_PASSWORD || row->sealed == NULL || row->hash == NULL)
		return gh_refuse(err, GH_E_CONFLICT, "The key of this CA is not under a password.");
	return 0;
}

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
	rc = put_row(c, "ca.password.failed", false, row->name, detail, err);
	if (rc == 0 && row->locked_until != 0) {
		snprintf(detail, sizeof(detail), "until %s, after %d wrong passwords",
		    gh_timestamp_format(row->locked_until, until), row->attempts);
		rc = put_row(c, "ca.password.locked-out", false, row->name, detail, err);
	}
	if (rc == 0)
		rc = store_password_commit(c->store, row, err);
	return rc != 0 ? rc : gh_fail(err, GH_E_CA_PASSWORD, "wrong password of CA %s", row->name);
}

int
ca_password_verify(const struct ca_password_call *c, enum ca_password_action action,
    struct store_password *row, const char *password, struct gh_error *err)
{
	int rc = ca_password_check_protected(row, err);

	if (rc != 0)
		return rc;
	if (row->locked_until != 0)
		return fail_locked(row, err);
	if (gh_bcrypt_is_right_long(password, row->hash))
		return 0;
	return count_failure(c, action, row, err);
}

/* The hash says yes: a no of the signer means that hash and record are not of one commit. */
int
ca_password_signer_failed(int rc, struct gh_error *err)
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
