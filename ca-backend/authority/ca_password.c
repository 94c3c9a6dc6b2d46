/*
 * A CA key comes under a password, under another one, or under none. The order is the same for all
 * that work with a password: lock the row, look whether it is locked out, compare with the hash,
 * ask the signer, write, audit, commit; only then is the caller told anything. A crash before the
 * commit leaves everything as it was; behind it all is done but loading the record, which the
 * catalog's watchers do on every node.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "bcrypt.h"
#include "log.h"
#include "utf8.h"

#include "ca_password_private.h"

/* ---- rules ---- */

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

/* ---- a new record of the key ---- */

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
		rc = ca_password_audit(c, action, row->name, NULL, err);
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
		rc = ca_password_signer_failed(rc, err);
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
		return ca_password_refuse(c, action, err);
	rc = current != NULL ? ca_password_verify(c, action, &row, current, err)
			     : check_may_set(&row, err);
	if (rc == 0)
		rc = seal_anew(c, action, &row, current, new_password, err);
	store_password_abandon(c->store);
	ca_password_take_row(c, &row, out);
	store_password_clear(&row);
	return rc != 0 ? ca_password_refuse(c, action, err) : 0;
}

int
ca_password_set(const struct ca_password_call *c, const char *password,
    struct ca_password_status *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (check_new(password, err) != 0)
		return ca_password_refuse(c, CA_PASSWORD_SET, err);
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
		return ca_password_refuse(c, CA_PASSWORD_CHANGE, err);
	if (strcmp(current, new_password) == 0) {
		gh_refuse(err, GH_E_VALIDATION,
		    "The new password must differ from the current one.");
		return ca_password_refuse(c, CA_PASSWORD_CHANGE, err);
	}
	return re_encrypt(c, CA_PASSWORD_CHANGE, current, new_password, out, err);
}
