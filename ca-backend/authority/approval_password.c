/* Approval passwords of CAs. See approval_password.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "bcrypt.h"
#include "password_gate.h"
#include "store/ca/approval_password_row.h"
#include "timestamp.h"
#include "utf8.h"

#include "approval_password.h"

/* Wrong ones of all people within an hour, from which on each has one try in place of several: so
 * many guesses are an attack by many accounts. It keeps out nobody who knows the password. */
#define OF_OTHERS_MAX 30

int
approval_password_set(struct store *s, const struct requester *who, const char *ca,
    const char *password, struct gh_error *err)
{
	char hash[GH_BCRYPT_SIZE];
	size_t n = password != NULL ? gh_utf8_length(password, strlen(password)) : 0;
	int rc;

	if (password == NULL)
		return store_set_approval_password(s, who, ca, NULL, err);
	if (n < APPROVAL_PASSWORD_MIN || n > APPROVAL_PASSWORD_MAX)
		return gh_refuse(err, GH_E_VALIDATION,
		    "An approval password has %d to %d characters.", APPROVAL_PASSWORD_MIN,
		    APPROVAL_PASSWORD_MAX);
	if ((rc = gh_bcrypt_hash_long(password, hash, err)) == 0)
		rc = store_set_approval_password(s, who, ca, hash, err);
	OPENSSL_cleanse(hash, sizeof(hash));
	return rc;
}

/* --- one try ---------------------------------------------------------------------------------- */

static int
refuse_locked(const struct store_attempt *a, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];
	int rc = gh_refuse(err, GH_E_LOCKED,
	    "Too many wrong approval passwords: try again after %s, or send the request without one, for "
	    "an officer to decide.",
	    gh_timestamp_format(a->locked_until, until));

	err->retry_after = a->locked_until > a->now ? (int)(a->locked_until - a->now) : 1;
	return rc;
}

static int
audit(const struct approval_try *t, const struct ca *ca, bool is_right, const char *detail,
    struct gh_error *err)
{
	const struct store_audit row = {.event = is_right ? "ca.approval-password.accepted"
							  : "ca.approval-password.failed",
	    .outcome = is_right ? "success" : "failure",
	    .who = t->who,
	    .request_id = t->request_id,
	    .object = ca->name,
	    .detail = detail};

	return store_audit(t->store, &row, err);
}

static int
count_wrong(const struct approval_try *t, struct store_attempt *a, char *detail, size_t size,
    struct gh_error *err)
{
	int max = a->of_others >= OF_OTHERS_MAX ? 1 : t->conf->ca.password_attempts;
	bool is_last = a->attempts + 1 >= max;
	char until[GH_TIMESTAMP_SIZE];
	int rc = store_attempt_put_failure(t->store, a,
	    is_last ? t->conf->ca.password_lock_seconds : 0, err);

	if (rc == 0 && is_last)
		snprintf(detail, size, "wrong password; locked out until %s",
		    gh_timestamp_format(a->locked_until, until));
	else if (rc == 0)
		snprintf(detail, size, "wrong password; %d attempts remain", max - a->attempts);
	return rc;
}

/* Who is locked out does not come here, and one person not twice at a time: nobody keeps others
 * from it. */
static int
compare(const char *password, const char *hash, bool *is_right, struct gh_error *err)
{
	static struct gh_password_gate gate = GH_PASSWORD_GATE_INIT;

	if (!gh_password_gate_enter(&gate))
		return gh_fail(err, GH_E_BUSY, "too many approval passwords are being checked");
	*is_right = gh_bcrypt_is_right_long(password, hash) && hash != NULL;
	gh_password_gate_leave(&gate);
	return 0;
}

/* In the transaction that holds this person's tries. */
static int
look(const struct approval_try *t, const struct ca *ca, struct store_attempt *a,
    const char *password, bool *is_right, struct gh_error *err)
{
	const char *hash = gh_json_string(gh_json_get(ca->policy, STORE_APPROVAL_PASSWORD));
	char detail[120] = "";
	int rc;

	if (a->locked_until != 0)
		return refuse_locked(a, err);
	if ((rc = compare(password, hash, is_right, err)) != 0)
		return rc;
	rc = *is_right ? store_attempt_put_success(t->store, a, err)
		       : count_wrong(t, a, detail, sizeof(detail), err);
	if (rc == 0)
		rc = audit(t, ca, *is_right, *detail != '\0' ? detail : NULL, err);
	return rc == 0 ? store_attempt_commit(t->store, err) : rc;
}

int
approval_password_check(const struct approval_try *t, const struct ca *ca, const char *password,
    bool *is_right, struct gh_error *err)
{
	struct store_attempt a;
	int rc;

	*is_right = false;
	if ((rc = store_attempt_begin(t->store, ca->id, t->who, &a, err)) == 0) {
		rc = look(t, ca, &a, password, is_right, err);
		store_attempt_abandon(t->store);
	}
	if (rc != 0)
		*is_right = false;
	return rc;
}
