/* What is counted, as the text that Prometheus reads. See metrics.h. */
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "counters.h"

#define RENDER_MAX (8 * 1024 * 1024)

static bool
is_used(size_t route)
{
	for (size_t s = 0; s < STATUSES; s++)
		if (atomic_load_explicit(&counters.route[route].status[s], memory_order_relaxed) !=
		    0)
			return true;
	return false;
}

static const char *
label_of(size_t route)
{
	return route < counters.routes ? counters.route_name(route) : "none";
}

static void
put_requests_of(struct gh_buf *b, size_t route, const char *name)
{
	for (int s = 0; s < STATUSES; s++) {
		uint64_t n =
		    atomic_load_explicit(&counters.route[route].status[s], memory_order_relaxed);

		if (n == 0)
			continue;
		gh_buf_puts(b, "gatehouse_requests_total{");
		exposition_put_label(b, "route", name);
		gh_buf_putf(b, ",status=\"%d\"} %llu\n", s + STATUS_MIN, (unsigned long long)n);
	}
}

static void
put_routes(struct gh_buf *b)
{
	exposition_put_head(b, "gatehouse_requests_total", "counter",
	    "Requests answered, by route and status.");
	for (size_t i = 0; i <= counters.routes; i++)
		put_requests_of(b, i, label_of(i));
	exposition_put_head(b, "gatehouse_request_duration_seconds", "histogram",
	    "From the complete request to the reply.");
	for (size_t i = 0; i <= counters.routes; i++)
		if (is_used(i))
			histogram_put(b, "gatehouse_request_duration_seconds", "route", label_of(i),
			    &counters.route[i].duration);
}

struct totals {
	long long queued, queue_max, busy, threads, workers, refused, ocsp_entries, ocsp_bytes,
	    log_lost;
	int64_t generation;
};

/* The generation shown is the oldest that a worker still works with. */
static struct totals
sum_workers(void)
{
	struct totals t = {.generation = -1};

	for (int i = 0; i < counters.workers; i++) {
		struct metrics_worker *w = &counters.worker[i];
		int64_t generation = atomic_load(&w->catalog_generation);

		if (atomic_load(&w->pid) == 0)
			continue;
		t.workers++;
		t.queued += atomic_load(&w->queued);
		t.queue_max += atomic_load(&w->queue_max);
		t.busy += atomic_load(&w->busy);
		t.threads += atomic_load(&w->threads);
		t.refused += atomic_load(&w->catalog_refused);
		t.ocsp_entries += atomic_load(&w->ocsp_entries);
		t.ocsp_bytes += atomic_load(&w->ocsp_bytes);
		t.log_lost += atomic_load(&w->log_lost);
		if (t.generation == -1 || generation < t.generation)
			t.generation = generation;
	}
	return t;
}

static void
put_workers(struct gh_buf *b)
{
	struct totals t = sum_workers();

	exposition_put_gauge(b, "gatehouse_workers", "Worker processes that answer.", t.workers);
	exposition_put_gauge(b, "gatehouse_pool_queue_length", "Requests waiting for a thread.",
	    t.queued);
	exposition_put_gauge(b, "gatehouse_pool_queue_capacity",
	    "Requests that may wait; more get 503.", t.queue_max);
	exposition_put_gauge(b, "gatehouse_pool_busy_threads", "Threads working on a request.",
	    t.busy);
	exposition_put_gauge(b, "gatehouse_pool_threads", "Threads of all workers.", t.threads);
	exposition_put_gauge(b, "gatehouse_catalog_generation",
	    "Oldest configuration a worker uses; 0: none yet.",
	    t.generation < 0 ? 0 : (long long)t.generation);
	exposition_put_gauge(b, "gatehouse_configuration_refused",
	    "Workers that do not use the configuration in the database, since it "
	    "was changed past Gatehouse.",
	    t.refused);
	exposition_put_head(b, "gatehouse_clock_skew_seconds", "gauge",
	    "Clock of this node less that of the database.");
	gh_buf_putf(b, "gatehouse_clock_skew_seconds %.3f\n",
	    (double)atomic_load(&counters.common->clock_skew_ms) / 1000);
	exposition_put_gauge(b, "gatehouse_ocsp_cache_entries",
	    "Cached OCSP answers, in all workers.", t.ocsp_entries);
	exposition_put_gauge(b, "gatehouse_ocsp_cache_bytes", "Memory they take.", t.ocsp_bytes);
	exposition_put_head(b, "gatehouse_log_lines_dropped_total", "counter",
	    "Log lines of the workers that were dropped, because nobody read them.");
	gh_buf_putf(b, "gatehouse_log_lines_dropped_total %lld\n", t.log_lost);
}

static uint64_t
issued_total(size_t first)
{
	uint64_t n = 0;

	for (size_t i = first; i < TEMPLATES_MAX; i++) {
		struct issued *s = &counters.common->issued[i];

		if (atomic_load(&s->state) == SLOT_READY &&
		    strcmp(s->name, counters.common->issued[first].name) == 0)
			n += atomic_load(&s->count);
	}
	return n;
}

static bool
is_first_of_name(size_t i)
{
	if (atomic_load(&counters.common->issued[i].state) != SLOT_READY)
		return false;
	for (size_t k = 0; k < i; k++)
		if (atomic_load(&counters.common->issued[k].state) == SLOT_READY &&
		    strcmp(counters.common->issued[k].name, counters.common->issued[i].name) == 0)
			return false;
	return true;
}

static void
put_issued(struct gh_buf *b)
{
	uint64_t other = atomic_load(&counters.common->issued_other);

	exposition_put_head(b, "gatehouse_certificates_issued_total", "counter",
	    "Certificates issued, by template.");
	for (size_t i = 0; i < TEMPLATES_MAX; i++) {
		if (!is_first_of_name(i))
			continue;
		gh_buf_puts(b, "gatehouse_certificates_issued_total{");
		exposition_put_label(b, "template", counters.common->issued[i].name);
		gh_buf_putf(b, "} %llu\n", (unsigned long long)issued_total(i));
	}
	if (other != 0)
		gh_buf_putf(b, "gatehouse_certificates_issued_total{template=\"\"} %llu\n",
		    (unsigned long long)other);
}

static void
put_ocsp(struct gh_buf *b)
{
	static const char *const answers[] = {
	    [OCSP_EVENT_HIT] = "cached",
	    [OCSP_EVENT_GOOD] = "good",
	    [OCSP_EVENT_REVOKED] = "revoked",
	    [OCSP_EVENT_UNKNOWN] = "unknown",
	    [OCSP_EVENT_MALFORMED] = "malformed",
	    [OCSP_EVENT_UNAUTHORIZED] = "unauthorized",
	    [OCSP_EVENT_TRY_LATER] = "try_later",
	    [OCSP_EVENT_INTERNAL] = "internal",
	};

	exposition_put_head(b, "gatehouse_ocsp_answers_total", "counter",
	    "OCSP answers: from the cache, or made, by what they say.");
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		gh_buf_putf(b, "gatehouse_ocsp_answers_total{answer=\"%s\"} %llu\n", answers[i],
		    (unsigned long long)atomic_load(&counters.common->ocsp[i]));
	exposition_put_head(b, "gatehouse_ocsp_renewed_total", "counter",
	    "OCSP answers renewed before they ended.");
	gh_buf_putf(b, "gatehouse_ocsp_renewed_total %llu\n",
	    (unsigned long long)atomic_load(&counters.common->ocsp[OCSP_EVENT_RENEWED]));
	exposition_put_head(b, "gatehouse_ocsp_status_changes_total", "counter",
	    "Changes of a certificate's status heard of, summed over workers.");
	gh_buf_putf(b, "gatehouse_ocsp_status_changes_total %llu\n",
	    (unsigned long long)atomic_load(&counters.common->ocsp[OCSP_EVENT_CHANGED]));
}

static void
put_revoked(struct gh_buf *b)
{
	exposition_put_head(b, "gatehouse_certificates_revoked_total", "counter",
	    "Changes of a certificate's status, by reason; removeFromCRL: a hold has ended.");
	for (int i = 0; i <= REASON_MAX; i++) {
		uint64_t n = atomic_load(&counters.common->revoked[i]);

		if (n != 0)
			gh_buf_putf(b, "gatehouse_certificates_revoked_total{reason=\"%s\"} %llu\n",
			    revocation_reason_name(i), (unsigned long long)n);
	}
}

static void
put_keys(struct gh_buf *b)
{
	exposition_put_head(b, "gatehouse_key_events_total", "counter",
	    "What happened to keys of the KRA: archived, generated; recoveries, step by step; calls refused.");
	for (int i = 0; i < KEY_EVENTS; i++)
		gh_buf_putf(b, "gatehouse_key_events_total{event=\"%s\"} %llu\n",
		    key_event_name((enum key_event)i),
		    (unsigned long long)atomic_load(&counters.common->key[i]));
}

static void
put_logins(struct gh_buf *b)
{
	exposition_put_head(b, "gatehouse_logins_total", "counter",
	    "Log-ins of browsers on the page, by result.");
	for (int i = 0; i < LOGIN_EVENTS; i++)
		gh_buf_putf(b, "gatehouse_logins_total{result=\"%s\"} %llu\n",
		    login_event_name((enum login_event)i),
		    (unsigned long long)atomic_load(&counters.common->login[i]));
}

static void
put_backends(struct gh_buf *b)
{
	static const struct {
		const char *name, *help;
	} backend[BACKENDS] = {
	    [GH_MEASURE_SIGNER] = {"gatehouse_signer_duration_seconds", "Questions to the signer."},
	    [GH_MEASURE_DIRECTORY] = {"gatehouse_directory_duration_seconds", "LDAP operations."},
	    [GH_MEASURE_DATABASE] = {"gatehouse_database_duration_seconds", "SQL statements."},
	    [GH_MEASURE_KRA] = {"gatehouse_kra_duration_seconds", "Questions to the KRA."},
	};

	for (size_t i = 0; i < BACKENDS; i++) {
		exposition_put_head(b, backend[i].name, "histogram", backend[i].help);
		histogram_put(b, backend[i].name, NULL, NULL, &counters.common->backend[i]);
	}
}

static void
put_state(struct gh_buf *b)
{
	int current = atomic_load(&counters.common->state_current);

	if (current != 0)
		gh_buf_puts(b, counters.common->state_text[current - 1]);
}

char *
metrics_render(void)
{
	struct gh_buf b;

	gh_buf_init(&b, RENDER_MAX);
	if (counters.common != NULL) {
		put_routes(&b);
		put_workers(&b);
		put_issued(&b);
		put_ocsp(&b);
		put_revoked(&b);
		put_keys(&b);
		put_logins(&b);
		put_backends(&b);
		put_state(&b);
	} else {
		gh_buf_puts(&b, "");
	}
	if (gh_buf_check(&b, NULL) != 0) {
		gh_buf_free(&b);
		return NULL;
	}
	return (char *)b.data;
}
