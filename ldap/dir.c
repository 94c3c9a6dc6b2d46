/* The access to the directory as a whole: start, stop, and look-ups through the cache. */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "authenticate.h"
#include "lookup.h"
#include "search.h"

#define ENTRIES_MAX 4096
#define BINDS_MAX 4096
#define DN_KEY_MAX 1024 /* longer DNs are not cached */
/* in front of a DN that is a key; no name holds it */
#define DN_KEY_MARK '\001'

static void *
entry_ref(void *item)
{
	return dir_entry_ref(item);
}

static void
entry_free(void *item)
{
	dir_entry_free(item);
}

static const struct dir_cache_type entry_type = {entry_ref, entry_free};

/* --- start and stop --------------------------------------------------------------------------- */

static int
split_uris(struct dir_shared *s, struct gh_error *err)
{
	const struct gh_conf *conf = s->conf;
	const char *p = conf->directory.uris;
	size_t n;
	int rc;

	for (;;) {
		p += strspn(p, " \t\r\n");
		if ((n = strcspn(p, " \t\r\n")) == 0)
			break;
		if (s->uris == DIR_URIS_MAX)
			return gh_refuse(err, GH_E_CONF, "directory.uris: more than %d",
			    DIR_URIS_MAX);
		if ((s->uri[s->uris] = strndup(p, n)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "directory.uris");
		rc = dir_conn_check_uri(s->uri[s->uris++], conf->directory.starttls, err);
		if (rc != 0)
			return rc;
		p += n;
	}
	return s->uris != 0 ? 0 : gh_refuse(err, GH_E_CONF, "directory.uris is empty");
}

static int
read_password(struct dir_shared *s, struct gh_error *err)
{
	const struct gh_conf *conf = s->conf;
	int rc;

	if (*conf->directory.bind_dn == '\0')
		return 0;
	if ((rc = gh_conf_read_secret(conf->directory.password_file, &s->password, err)) != 0)
		return rc;
	if (*s->password == '\0')
		return gh_refuse(err, GH_E_CONF, "directory.password_file: %.200s is empty",
		    conf->directory.password_file);
	return 0;
}

/* libldap would read /etc/ldap/ldap.conf, ~/.ldaprc and LDAP* variables into its defaults (CAs,
 * whether certificates are checked at all): ours is the only configuration. And a connection that
 * the watchdog shut down must give an error, not a signal. */
static void
tame_libldap(void)
{
	struct sigaction sa;

	setenv("LDAPNOINIT", "1", 1);
	if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL) {
		sa.sa_handler = SIG_IGN;
		sigaction(SIGPIPE, &sa, NULL);
	}
}

static int
fill(struct dir_shared *s, struct gh_error *err)
{
	const struct gh_conf *conf = s->conf;
	int rc;

	if ((rc = dir_profile_init(&s->profile, conf, err)) != 0 ||
	    (rc = split_uris(s, err)) != 0 || (rc = read_password(s, err)) != 0)
		return rc;
	if (RAND_bytes(s->key, sizeof s->key) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	s->entries = dir_cache_new(&entry_type, ENTRIES_MAX, conf->directory.cache_seconds);
	s->binds =
	    dir_cache_new(&dir_authenticate_marks, BINDS_MAX, conf->directory.bind_cache_seconds);
	if (s->entries == NULL || s->binds == NULL)
		return gh_fail(err, GH_E_NOMEM, "directory caches");
	if ((s->dog = dir_watchdog_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "watchdog thread");
	return 0;
}

int
dir_shared_new(const struct gh_conf *conf, struct dir_shared **out, struct gh_error *err)
{
	struct dir_shared *s = calloc(1, sizeof *s);
	int rc;

	*out = NULL;
	if (s == NULL)
		return gh_fail(err, GH_E_NOMEM, "directory");
	tame_libldap();
	s->conf = conf;
	if ((rc = fill(s, err)) != 0) {
		dir_shared_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void
dir_shared_free(struct dir_shared *s)
{
	if (s == NULL)
		return;
	dir_watchdog_free(s->dog);
	dir_cache_free(s->entries);
	dir_cache_free(s->binds);
	dir_profile_clear(&s->profile);
	for (size_t i = 0; i < s->uris; i++)
		free(s->uri[i]);
	if (s->password != NULL)
		OPENSSL_cleanse(s->password, strlen(s->password));
	free(s->password);
	OPENSSL_cleanse(s->key, sizeof s->key);
	free(s);
}

int
dir_new(struct dir_shared *s, struct dir **out, struct gh_error *err)
{
	struct dir *d = calloc(1, sizeof *d);

	*out = NULL;
	if (d == NULL)
		return gh_fail(err, GH_E_NOMEM, "directory");
	d->s = s;
	dir_conn_init(&d->service, s);
	dir_conn_init(&d->login, s);
	*out = d;
	return 0;
}

void
dir_set_waiting(struct dir *d, bool may_wait)
{
	d->never_waits = !may_wait;
}

void
dir_free(struct dir *d)
{
	if (d == NULL)
		return;
	dir_conn_close(&d->service);
	dir_conn_close(&d->login);
	free(d);
}

/* --- look-ups --------------------------------------------------------------------------------- */

bool
dir_shared_key(const char *name, char key[DIR_KEY_SIZE])
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++) {
		/* control characters are in no name, and DN_KEY_MARK must not come from outside */
		if (i == DIR_KEY_SIZE - 1 || (unsigned char)name[i] < 0x20)
			return false;
		key[i] = (char)tolower((unsigned char)name[i]);
	}
	key[i] = '\0';
	return true;
}

int
dir_find(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	char key[DIR_KEY_SIZE];
	int rc;

	*out = NULL;
	if (!dir_shared_key(name, key))
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "not an account name");
	if ((*out = dir_cache_get(d->s->entries, key)) != NULL)
		return 0;
	if ((rc = dir_lookup_name(d, name, out, err)) == 0)
		dir_cache_put(d->s->entries, key, *out);
	return rc;
}

int
dir_find_anew(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	char key[DIR_KEY_SIZE];

	*out = NULL;
	if (d->never_waits)
		return gh_fail(err, GH_E_BUSY, "the account would have to be looked up again");
	if (dir_shared_key(name, key)) {
		dir_cache_drop(d->s->entries, key);
		dir_cache_drop(d->s->binds, key);
	}
	return dir_find(d, name, out, err);
}

int
dir_find_dn(struct dir *d, const char *dn, struct dir_entry **out, struct gh_error *err)
{
	char key[1 + DN_KEY_MAX + 1];
	bool has_key = strlen(dn) <= DN_KEY_MAX;
	int rc;

	*out = NULL;
	if (has_key) {
		key[0] = DN_KEY_MARK;
		strcpy(key + 1, dn);
		if ((*out = dir_cache_get(d->s->entries, key)) != NULL)
			return 0;
	}
	if ((rc = dir_lookup_dn(d, dn, out, err)) == 0 && has_key)
		dir_cache_put(d->s->entries, key, *out);
	return rc;
}

int
dir_find_id(struct dir *d, const char *id, struct dir_entry **out, struct gh_error *err)
{
	return dir_lookup_id(d, id, out, err);
}
