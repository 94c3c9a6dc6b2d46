/* The listener and the renewer. See status_watch.h. */
#include <stdlib.h>

#include "env.h"
#include "log.h"
#include "timestamp.h"

#include "store/status/ocsp_row.h"

#include "status_watch.h"
#include "stop_flag.h"

#define WAIT_MS 1000 /* longest wait for a change: also how late a stop is noticed */
#define RETRY_SECONDS 1
#define RENEW_SECONDS 5

struct status_watch {
	const struct gh_conf *conf;
	struct ocsp_service *ocsp;
	struct catalog_watch *catalog;
	struct metrics_worker *gauges;
	pthread_t listener, renewer;
	struct stop_flag stop;
};

/* ---- changes of status ---- */

static void
changed(void *arg, int64_t ca_id, const unsigned char *serial, size_t len)
{
	struct status_watch *w = arg;

	ocsp_status_changed(w->ocsp, ca_id, serial, len);
}

static int
listen_step(struct status_watch *w, struct store *s, struct gh_error *err)
{
	bool all = false;
	int rc = store_wait_status(s, WAIT_MS, changed, w, &all, err);

	if (rc == 0 && all)
		ocsp_status_changed(w->ocsp, 0, NULL, 0);
	return rc;
}

static void
report(bool *was_down, int rc, const struct gh_error *err)
{
	if (rc != 0 && !*was_down)
		gh_log_kv(GH_LOG_ERROR,
		    "cannot listen for revocations; cached OCSP answers are still served", "cause",
		    err->detail, NULL);
	else if (rc == 0 && *was_down)
		gh_log(GH_LOG_INFO, "listening for revocations again");
	*was_down = rc != 0;
}

static void *
listen_for_changes(void *arg)
{
	struct status_watch *w = arg;
	struct gh_error err = {0};
	struct worker_env env = {.conf = w->conf};
	bool was_down = false;
	int rc = 0;

	while (!stop_flag_wait(&w->stop, rc != 0 ? RETRY_SECONDS : 0)) {
		gh_error_clear(&err);
		rc = env_open(&env, ENV_STORE, &err);
		if (rc == 0)
			rc = listen_step(w, env.store, &err);
		report(&was_down, rc, &err);
	}
	env_close(&env);
	return NULL;
}

/* ---- renewal ---- */

static void
publish_size(struct status_watch *w)
{
	struct ocsp_cache_size size = ocsp_cache_size(ocsp_service_cache(w->ocsp));

	atomic_store(&w->gauges->ocsp_entries, (int64_t)size.entries);
	atomic_store(&w->gauges->ocsp_bytes, (int64_t)size.bytes);
}

static void *
renew(void *arg)
{
	struct status_watch *w = arg;
	struct ocsp_means m = {.conf = w->conf, .service = w->ocsp};
	struct worker_env env = {.conf = w->conf};
	struct catalog *catalog;
	size_t renewed = 0;

	while (!stop_flag_wait(&w->stop, renewed > 0 ? 0 : RENEW_SECONDS)) {
		struct gh_error err = {0};
		int rc = env_open(&env, ENV_STORE | ENV_SIGNER, &err);

		renewed = 0;
		m.store = env.store;
		m.signer = env.signer;
		catalog = catalog_watch_get(w->catalog);
		m.cas = catalog != NULL ? &catalog->cas : NULL;
		if (rc == 0)
			rc = ocsp_renew(&m, &renewed, &err);
		if (rc != 0)
			gh_log_kv(GH_LOG_WARN, "cannot renew OCSP answers", "cause", err.detail,
			    NULL);
		catalog_free(catalog);
		publish_size(w);
	}
	env_close(&env);
	return NULL;
}

/* ---- life ---- */

static void
destroy(struct status_watch *w)
{
	stop_flag_destroy(&w->stop);
	free(w);
}

static int
start_threads(struct status_watch *w)
{
	int rc = stop_flag_thread(&w->listener, listen_for_changes, w);

	if (rc == 0 && (rc = stop_flag_thread(&w->renewer, renew, w)) != 0) {
		stop_flag_set(&w->stop);
		pthread_join(w->listener, NULL);
	}
	return rc;
}

int
status_watch_new(const struct gh_conf *conf, struct ocsp_service *ocsp,
    struct catalog_watch *catalog, struct metrics_worker *gauges, struct status_watch **out,
    struct gh_error *err)
{
	struct status_watch *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return gh_fail(err, GH_E_NOMEM, "status watch");
	w->conf = conf;
	w->ocsp = ocsp;
	w->catalog = catalog;
	w->gauges = gauges;
	stop_flag_init(&w->stop);
	if (start_threads(w) != 0) {
		destroy(w);
		return gh_fail(err, GH_E_INTERNAL, "cannot start the threads of the status watch");
	}
	*out = w;
	return 0;
}
