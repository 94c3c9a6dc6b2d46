/* The watcher: one connection that listens, another that loads and forgets answers that are too old
 * to repeat. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "env.h"
#include "log.h"
#include "timestamp.h"

#include "enroll.h"
#include "store/session/digest_count.h"

#include "catalog_watch.h"
#include "signer_keys.h"
#include "stop_flag.h"

#define WAIT_MS 1000 /* longest wait for a change: also how late a stop is noticed */
#define RETRY_SECONDS 1
#define NONCE_SECONDS 3600 /* that counts of Digest are kept: longer than a nonce is good */
#define PURGE_SECONDS 60   /* how often recorded answers that are too old are forgotten */
/* An answer outlives the last moment at which any node takes its request's Timestamp, also when
 * clocks differ. */
#define PURGE_SLACK_SECONDS 60

struct catalog_watch {
	const struct gh_conf *conf;
	const unsigned char *secret;
	struct metrics_worker *gauges;
	pthread_t thread;
	struct stop_flag stop;
	pthread_mutex_t lock; /* guards what follows */
	struct catalog *current;
	bool is_tried;        /* the first load has ended, well or not */
	pthread_cond_t first; /* one of both is there */
};

/* The thread's own. */
struct connections {
	struct worker_env listen; /* its store: for store_wait_change and nothing else */
	struct worker_env load;   /* the store that reads what grants rights; the signer */
	struct signer_keys *keys;
	bool was_down;  /* said so in the log */
	int64_t purged; /* UTC seconds */
};

static int
open_connections(struct connections *c, struct gh_error *err)
{
	int rc = env_open(&c->listen, ENV_STORE, err);

	if (rc == 0)
		rc = env_open(&c->load, ENV_STORE | ENV_SIGNER, err);
	if (rc == 0 && c->keys == NULL)
		rc = signer_keys_new(&c->keys, err);
	return rc;
}

static void
swap(struct catalog_watch *w, struct catalog *fresh)
{
	struct catalog *old;
	int64_t generation = fresh->generation;

	pthread_mutex_lock(&w->lock);
	old = w->current;
	w->current = fresh;
	pthread_cond_broadcast(&w->first);
	pthread_mutex_unlock(&w->lock);
	atomic_store(&w->gauges->catalog_generation, generation);
	catalog_free(old);
	gh_log(GH_LOG_INFO, "configuration %lld in use", (long long)generation);
}

/* Each worker of each node does it: a DELETE that finds nothing costs nothing, and none has to be
 * elected. */
static int
forget_old_answers(const struct catalog_watch *w, struct connections *c, struct gh_error *err)
{
	int rc;

	if (gh_now() - c->purged < PURGE_SECONDS)
		return 0;
	c->purged = gh_now();
	if ((rc = store_purge_nonces(c->load.store, NONCE_SECONDS, err)) != 0)
		return rc;
	return store_purge_replay(c->load.store,
	    w->conf->certenroll.replay_window + PURGE_SLACK_SECONDS, err);
}

/*
 * Wait for a change and load it. The wait comes first: its first call starts to listen and reports
 * a change, so that nothing that happens between listening and loading is missed.
 */
static int
step(struct catalog_watch *w, struct connections *c, bool *needs_load, struct gh_error *err)
{
	struct catalog *fresh;
	bool changed = false;
	int rc = open_connections(c, err);

	if (rc == 0)
		rc = store_wait_change(c->listen.store, WAIT_MS, &changed, err);
	if (rc == 0)
		rc = forget_old_answers(w, c, err);
	if (rc != 0)
		return rc;
	*needs_load |= changed;
	if (!*needs_load) {
		signer_keys_retry(c->keys, c->load.signer, &w->current->cas);
		return 0;
	}
	rc = enroll_load_catalog(c->load.store, w->secret, &fresh, err);
	if (rc == 0 || rc == GH_E_SEAL)
		atomic_store(&w->gauges->catalog_refused, rc == GH_E_SEAL);
	if (rc != 0)
		return rc;
	*needs_load = false;
	swap(w, fresh);
	signer_keys_update(c->keys, c->load.signer, &fresh->cas);
	return 0;
}

static void
report(struct connections *c, int rc, const struct gh_error *err)
{
	if (rc != 0 && !c->was_down)
		gh_log_kv(GH_LOG_ERROR,
		    "cannot read the configuration in the database; the last one stays", "cause",
		    err->detail, NULL);
	else if (rc == 0 && c->was_down)
		gh_log(GH_LOG_INFO, "the database answers again");
	c->was_down = rc != 0;
}

static void
first_is_over(struct catalog_watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->is_tried = true;
	pthread_cond_broadcast(&w->first);
	pthread_mutex_unlock(&w->lock);
}

static void *
watch(void *arg)
{
	struct catalog_watch *w = arg;
	struct connections c = {.listen = {.conf = w->conf},
	    .load = {.conf = w->conf, .server_secret = w->secret}};
	bool needs_load = true;
	int rc = 0;

	while (!stop_flag_wait(&w->stop, rc != 0 ? RETRY_SECONDS : 0)) {
		struct gh_error err = {0};

		rc = step(w, &c, &needs_load, &err);
		report(&c, rc, &err);
		first_is_over(w);
	}
	env_close(&c.listen);
	env_close(&c.load);
	signer_keys_free(c.keys);
	return NULL;
}

int
catalog_watch_new(const struct gh_conf *conf, const unsigned char server_secret[32],
    struct metrics_worker *gauges, struct catalog_watch **out, struct gh_error *err)
{
	struct catalog_watch *w = calloc(1, sizeof(*w));
	*out = NULL;
	if (w == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog watch");
	w->conf = conf;
	w->secret = server_secret;
	w->gauges = gauges;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->first, NULL);
	stop_flag_init(&w->stop);
	if (stop_flag_thread(&w->thread, watch, w) != 0) {
		stop_flag_destroy(&w->stop);
		pthread_cond_destroy(&w->first);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return gh_fail(err, GH_E_INTERNAL, "cannot start the catalog thread");
	}
	*out = w;
	return 0;
}

void
catalog_watch_await(struct catalog_watch *w, int ms)
{
	struct timespec until;
	int rc = clock_gettime(CLOCK_REALTIME,
	    &until); /* a clock that is set back costs a longer wait, once */

	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&w->lock);
	while (rc == 0 && w->current == NULL && !w->is_tried)
		rc = pthread_cond_timedwait(&w->first, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
}

struct catalog *
catalog_watch_get(struct catalog_watch *w)
{
	struct catalog *c;

	pthread_mutex_lock(&w->lock);
	c = w->current != NULL ? catalog_ref(w->current) : NULL;
	pthread_mutex_unlock(&w->lock);
	return c;
}

bool
catalog_watch_is_refused(const struct catalog_watch *w)
{
	return atomic_load(&w->gauges->catalog_refused) != 0;
}
