/*
 * Passwords, verified by a simple bind as the user (RFC 4513, 5.1). A success is remembered for a
 * short time as HMAC-SHA256 under a key that only this process has, so that a dump of the table is
 * no help.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "digest.h"
#include "log.h"

#include "authenticate.h"

#define PASSWORD_MAX 1024 /* bytes */
#define DN_MAX 4096       /* a longer DN works but is not remembered */
#define SALT_SIZE 16
#define HASH_SIZE 32

struct mark {
	int refs; /* atomic */
	unsigned char salt[SALT_SIZE], hash[HASH_SIZE];
};

static void *
mark_ref(void *item)
{
	struct mark *m = item;

	__atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
	return m;
}

static void
mark_free(void *item)
{
	struct mark *m = item;

	if (m == NULL || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	OPENSSL_cleanse(m, sizeof *m);
	free(m);
}

const struct dir_cache_type dir_authenticate_marks = {mark_ref, mark_free};

/* The DN is part of it: a name that stands for another entry now has no mark. */
static bool
hash(const struct dir_shared *s, const unsigned char salt[SALT_SIZE], const char *dn,
    const char *password, unsigned char out[HASH_SIZE])
{
	unsigned char text[SALT_SIZE + DN_MAX + 1 + PASSWORD_MAX];
	size_t dn_len = strlen(dn), len = strlen(password);
	bool ok;

	if (dn_len > DN_MAX || len > PASSWORD_MAX)
		return false;
	memcpy(text, salt, SALT_SIZE);
	memcpy(text + SALT_SIZE, dn, dn_len + 1);
	memcpy(text + SALT_SIZE + dn_len + 1, password, len);
	ok = gh_hmac(GH_SHA256, s->key, sizeof s->key, text, SALT_SIZE + dn_len + 1 + len, out);
	OPENSSL_cleanse(text + SALT_SIZE + dn_len + 1, len);
	return ok;
}

static bool
is_remembered(struct dir_shared *s, const char *key, const char *dn, const char *password)
{
	struct mark *m = dir_cache_get(s->binds, key);
	unsigned char got[HASH_SIZE];
	bool yes;

	if (m == NULL)
		return false;
	yes = hash(s, m->salt, dn, password, got) && CRYPTO_memcmp(got, m->hash, HASH_SIZE) == 0;
	mark_free(m);
	return yes;
}

/* Best effort: without it the next request binds again. */
static void
remember(struct dir_shared *s, const char *key, const char *dn, const char *password)
{
	struct mark *m = calloc(1, sizeof *m);

	if (m == NULL)
		return;
	m->refs = 1;
	if (RAND_bytes(m->salt, SALT_SIZE) == 1 && hash(s, m->salt, dn, password, m->hash))
		dir_cache_put(s->binds, key, m);
	mark_free(m);
}

/* --- the bind --------------------------------------------------------------------------------- */

/*
 * Active Directory tells in the diagnostic why it refused a password that was right (data 530:
 * logon hours, 531: workstation, 532: password expired, 533: disabled, 701: expired, 773: must
 * change). Not 775, locked: it comes for wrong passwords, too.
 */
static bool
was_password_right(const char *diagnostic)
{
	static const char *const data[] = {"data 530,", "data 531,", "data 532,", "data 533,",
	    "data 701,", "data 773,"};

	for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
		if (strstr(diagnostic, data[i]) != NULL)
			return true;
	return false;
}

static int
refuse(struct dir *d, int code, struct gh_error *err)
{
	switch (code) {
	case LDAP_INVALID_CREDENTIALS:
		if (d->s->profile.is_ad && was_password_right(d->login.diagnostic))
			return gh_fail(err, GH_E_ACCOUNT_DISABLED, "%s", d->login.diagnostic);
		/* fall through */
	case LDAP_INAPPROPRIATE_AUTH: /* the entry has no password */
	case LDAP_UNWILLING_TO_PERFORM:
	case LDAP_CONSTRAINT_VIOLATION:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
		return gh_fail(err, GH_E_AUTH_FAILED, "%s", d->login.diagnostic);
	default:
		return gh_fail(err, GH_E_DIR_DOWN, "%s", d->login.diagnostic);
	}
}

static int
bind_as(struct dir *d, const char *dn, const char *password, struct gh_error *err)
{
	int rc, code = LDAP_SERVER_DOWN;

	if (d->never_waits)
		return gh_fail(err, GH_E_BUSY, "the password would have to be tried");
	for (int attempt = 0; attempt < 2 && dir_conn_is_broken(code); attempt++) {
		if ((rc = dir_conn_open(&d->login, false, err)) != 0)
			return rc;
		code = dir_conn_bind(&d->login, dn, password);
	}
	return code == LDAP_SUCCESS ? 0 : refuse(d, code, err);
}

/* Remembered, or bound now. */
static int
verify(struct dir *d, const char *key, const struct dir_entry *e, const char *password,
    struct gh_error *err)
{
	int rc;

	if (is_remembered(d->s, key, e->dn, password))
		return 0;
	if ((rc = bind_as(d, e->dn, password, err)) != 0) {
		if (rc != GH_E_DIR_DOWN && rc != GH_E_BUSY)
			dir_cache_drop(d->s->binds, key);
		return rc;
	}
	remember(d->s, key, e->dn, password);
	return 0;
}

/* The state may have changed since the entry was read (an administrator enabled the account, the
 * directory took a lock away that had run out): look again before saying no. */
static int
look_again(struct dir *d, const char *name, struct dir_entry **e, struct gh_error *err)
{
	struct dir_entry *fresh;
	int rc;

	if ((rc = dir_find_anew(d, name, &fresh, err)) != 0)
		return rc;
	if (fresh->is_disabled || strcmp(fresh->dn, (*e)->dn) != 0) {
		dir_entry_free(fresh);
		return gh_fail(err, GH_E_ACCOUNT_DISABLED,
		    "account of %.200s is disabled, expired or locked", (*e)->dn);
	}
	dir_entry_free(*e);
	*e = fresh;
	return 0;
}

int
dir_authenticate(struct dir *d, const char *name, const char *password, struct dir_entry **out,
    struct gh_error *err)
{
	char key[DIR_KEY_SIZE];
	struct dir_entry *e;
	int rc;

	*out = NULL;
	/* RFC 4513, 5.1.2: a bind without password succeeds without proving anything */
	if (password == NULL || *password == '\0' || strlen(password) > PASSWORD_MAX)
		return gh_fail(err, GH_E_AUTH_FAILED, "password is empty or too long");
	rc = dir_find(d, name, &e, err);
	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_AUTH_FAILED, "no such user, or not unique");
	if (rc != 0)
		return rc;
	if (!dir_shared_key(name, key))
		rc = gh_fail(err, GH_E_AUTH_FAILED, "not an account name");
	if (rc == 0)
		rc = verify(d, key, e, password, err);
	if (rc == 0 && e->is_disabled)
		rc = look_again(d, name, &e, err);
	if (rc != 0) {
		dir_entry_free(e);
		return rc;
	}
	*out = e;
	return 0;
}
