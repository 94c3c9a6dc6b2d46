/*
 * Bodies of CRLs in memory, one of each file, behind one lock that is never held while the database
 * is asked. Old ones live on in the replies that still send them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "timestamp.h"

#include "crl_cache.h"

#define FRESH_US 1000000
#define CACHE_MAX \
	(256 * 1024 * 1024) /* bytes of all bodies; the one that is asked for is kept in any case \
			     */

struct entry {
	struct entry *next;
	int64_t ca_id;
	int shard;
	bool is_delta;
	char name[CRL_FILE_SIZE]; /* as asked last */
	struct crl_cached c;      /* body NULL: not loaded */
	int64_t checked_us, used_us;
	bool is_loading;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static pthread_cond_t loaded = PTHREAD_COND_INITIALIZER;
static struct entry *entries;
static size_t cached_bytes;

static struct entry *
find_entry(const struct crl_file *file)
{
	for (struct entry *e = entries; e != NULL; e = e->next)
		if (e->ca_id == file->ca->id && e->shard == file->shard &&
		    e->is_delta == file->is_delta)
			return e;
	return NULL;
}

static struct entry *
get_entry(const struct crl_file *file)
{
	struct entry *e = find_entry(file);

	if (e != NULL || (e = calloc(1, sizeof(*e))) == NULL)
		return e;
	e->ca_id = file->ca->id;
	e->shard = file->shard;
	e->is_delta = file->is_delta;
	e->next = entries;
	entries = e;
	return e;
}

static void
drop_body(struct entry *e)
{
	if (e->c.body == NULL)
		return;
	cached_bytes -= e->c.body->len;
	gh_shared_unref(e->c.body);
	e->c.body = NULL;
	e->checked_us = 0;
}

/* Make room by what was not asked for longest. */
static void
shrink(const struct entry *keep)
{
	while (cached_bytes > CACHE_MAX) {
		struct entry *oldest = NULL;

		for (struct entry *e = entries; e != NULL; e = e->next)
			if (e != keep && e->c.body != NULL &&
			    (oldest == NULL || e->used_us < oldest->used_us))
				oldest = e;
		if (oldest == NULL)
			return;
		drop_body(oldest);
	}
}

static void
give(struct entry *e, struct crl_cached *out)
{
	e->used_us = gh_now_us();
	*out = e->c;
	gh_shared_ref(out->body);
}

/* --- loading ---------------------------------------------------------------------------------- */

static int
load_body(struct store *store, const struct store_crl *crl, struct gh_shared **out,
    struct gh_error *err)
{
	unsigned char *p;
	int rc = store_crl_body(store, crl, &p, err);

	if (rc != 0)
		return rc;
	if ((*out = gh_shared_new(p, (size_t)crl->size)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CRL");
	return 0;
}

/* Without the lock: what is newest, and its body unless it is that of known. */
static int
look(struct store *store, const struct crl_file *file, int64_t known, struct crl_cached *fresh,
    struct gh_error *err)
{
	struct store_crl_scope scope = {file->ca->id, file->shard};
	int rc = 0;

	memset(fresh, 0, sizeof(*fresh));
	/* a body that is gone was replaced meanwhile: look again */
	for (int attempt = 0; attempt < 3; attempt++) {
		rc = store_crl_newest(store, &scope, file->is_delta, &fresh->crl, err);
		if (rc == 0 && fresh->crl.id == 0)
			return gh_refuse(err, GH_E_NOT_FOUND, "No such CRL has been issued yet.");
		if (rc != 0 || fresh->crl.id == known)
			return rc;
		rc = load_body(store, &fresh->crl, &fresh->body, err);
		if (rc != GH_E_NOT_FOUND)
			return rc;
	}
	return rc;
}

/* Take over what look found. */
static void
update(struct entry *e, struct crl_cached *fresh)
{
	e->checked_us = gh_now_us();
	if (fresh->body == NULL)
		return;
	drop_body(e);
	e->c = *fresh;
	e->checked_us = gh_now_us();
	cached_bytes += fresh->body->len;
	shrink(e);
}

static bool
is_fresh(const struct entry *e)
{
	return e->c.body != NULL && gh_now_us() - e->checked_us < FRESH_US;
}

/* With the lock held, which is given up meanwhile. */
static int
refresh(struct store *store, const struct crl_file *file, struct entry *e, struct gh_error *err)
{
	int64_t known = e->c.body != NULL ? e->c.crl.id : 0;
	struct crl_cached fresh;
	int rc;

	e->is_loading = true;
	pthread_mutex_unlock(&lock);
	rc = look(store, file, known, &fresh, err);
	pthread_mutex_lock(&lock);
	e->is_loading = false;
	pthread_cond_broadcast(&loaded);
	if (rc == 0)
		update(e, &fresh);
	else if (rc != GH_E_NOT_FOUND && e->c.body != NULL) {
		/* a CRL is valid for long: better the last one than none */
		gh_log_kv(GH_LOG_WARN, "CRLs are not compared with the database", "cause",
		    err->detail, NULL);
		e->checked_us = gh_now_us();
		rc = 0;
	}
	/* pushed out while the database was asked whether it is still the newest: the next call
	 * loads it */
	return rc == 0 && e->c.body == NULL ? gh_fail(err, GH_E_BUSY, "CRL cache is under pressure")
					    : rc;
}

int
crl_cache_get(struct store *store, const struct crl_file *file, const char *name,
    struct crl_cached *out, struct gh_error *err)
{
	struct entry *e;
	int rc = 0;

	pthread_mutex_lock(&lock);
	if ((e = get_entry(file)) == NULL) {
		pthread_mutex_unlock(&lock);
		return gh_fail(err, GH_E_NOMEM, "CRL");
	}
	while (e->is_loading && e->c.body == NULL)
		pthread_cond_wait(&loaded, &lock);
	if (!is_fresh(e) && !e->is_loading)
		rc = refresh(store, file, e, err);
	if (rc == 0) {
		if (strlen(name) < sizeof(e->name))
			strcpy(e->name, name);
		give(e, out);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

bool
crl_cache_find(const char *name, struct crl_cached *out)
{
	struct entry *e;

	pthread_mutex_lock(&lock);
	for (e = entries; e != NULL; e = e->next)
		if (is_fresh(e) && strcasecmp(e->name, name) == 0)
			break;
	if (e != NULL)
		give(e, out);
	pthread_mutex_unlock(&lock);
	return e != NULL;
}

void
crl_cache_clear(void)
{
	pthread_mutex_lock(&lock);
	while (entries != NULL) {
		struct entry *e = entries;

		entries = e->next;
		drop_body(e);
		free(e);
	}
	pthread_mutex_unlock(&lock);
}
