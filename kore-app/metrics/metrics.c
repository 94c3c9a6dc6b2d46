/* Metrics in shared memory, and their Prometheus text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "buf.h"
#include "formats/enroll_request.h"
#include "metrics.h"
#include "ocsp/responder.h"
#include "formats/revocation_reason.h"

#define STATUS_MIN 100
#define STATUS_MAX 599
#define STATUSES (STATUS_MAX - STATUS_MIN + 1)
#define TEMPLATES_MAX 512 /* distinct names that are counted; more go to "other" */
#define TEMPLATE_NAME_MAX 128
#define RENDER_MAX (8 * 1024 * 1024)

static const int64_t bucket_us[] = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
    500000, 1000000, 2500000, 5000000, 10000000};
#define BUCKETS (sizeof(bucket_us) / sizeof(bucket_us[0]))

struct histogram {
	_Atomic uint64_t count[BUCKETS + 1]; /* not cumulative; the last one is +Inf */
	_Atomic uint64_t sum_us;
};

/* Those of gh_measure that are durations, which are its first ones. */
#define BACKENDS (GH_MEASURE_DATABASE + 1)

enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_READY };

/* A claimer that dies leaves SLOT_CLAIMED behind: the slot is lost, nothing else. */
struct issued {
	atomic_int state;
	char name[TEMPLATE_NAME_MAX];
	_Atomic uint64_t count;
};

struct route_counts {
	_Atomic uint64_t status[STATUSES];
	struct histogram duration;
};

struct shared {
	struct histogram backend[BACKENDS];
	struct issued issued[TEMPLATES_MAX];
	_Atomic uint64_t issued_other;
	_Atomic uint64_t ocsp[OCSP_EVENTS];
	_Atomic uint64_t revoked[REASON_MAX + 1];
	_Atomic int64_t clock_skew_ms;
	/* Two texts, written alternately: a reader has many seconds before its text is written
	 * again. */
	_Atomic int64_t state_claimed;
	atomic_int state_current; /* 0: none yet; else 1 or 2 */
	char state_text[2][METRICS_STATE_MAX];
};

/* The mapping: one of these, then the slots of the workers, then the counts of the routes and those
 * of requests without a route. */
static struct shared *shared;
static struct metrics_worker *worker;
static struct route_counts *route_counts;
static int workers_len;
static size_t routes_len;
static const char *(*name_of_route)(size_t);
static struct metrics_worker private_slot;

/* Of a part of the mapping: the next one begins on a cache line of its own. */
static size_t
part_size(size_t n, size_t size)
{
	return (n * size + 63) / 64 * 64;
}

int
metrics_init(int workers, size_t routes, const char *(*route_name)(size_t), struct gh_error *err)
{
	size_t first = part_size(1, sizeof(*shared)),
	       second = part_size((size_t)workers, sizeof(*worker)),
	       size = first + second + part_size(routes + 1, sizeof(*route_counts));
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return gh_fail(err, GH_E_NOMEM, "cannot map %zu bytes for metrics", size);
	shared = (struct shared *)(void *)p;
	worker = (struct metrics_worker *)(void *)(p + first);
	route_counts = (struct route_counts *)(void *)(p + first + second);
	workers_len = workers;
	routes_len = routes;
	name_of_route = route_name;
	return 0;
}

struct metrics_worker *
metrics_worker(int index)
{
	if (shared == NULL || index < 0 || index >= workers_len)
		return &private_slot;
	return &worker[index];
}

static void
histogram_add(struct histogram *h, int64_t us)
{
	size_t i = 0;

	while (i < BUCKETS && us > bucket_us[i])
		i++;
	atomic_fetch_add_explicit(&h->count[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us > 0 ? (uint64_t)us : 0, memory_order_relaxed);
}

void
metrics_request(size_t route, int status, int64_t us)
{
	if (shared == NULL)
		return;
	if (route > routes_len)
		route = routes_len;
	if (status < STATUS_MIN || status > STATUS_MAX)
		status = STATUS_MAX;
	atomic_fetch_add_explicit(&route_counts[route].status[status - STATUS_MIN], 1,
	    memory_order_relaxed);
	histogram_add(&route_counts[route].duration, us);
}

/* The counter of a name; NULL when the table is full. Two workers that meet a new name at the same
 * moment may each make a slot: rendering adds equal names. */
static _Atomic uint64_t *
issued_counter(const char *name)
{
	for (size_t i = 0; i < TEMPLATES_MAX; i++) {
		struct issued *s = &shared->issued[i];
		int expected = SLOT_FREE;

		if (atomic_load_explicit(&s->state, memory_order_acquire) == SLOT_READY) {
			if (strncmp(s->name, name, sizeof(s->name) - 1) == 0)
				return &s->count;
		} else if (atomic_compare_exchange_strong(&s->state, &expected, SLOT_CLAIMED)) {
			strncpy(s->name, name, sizeof(s->name) - 1);
			atomic_store_explicit(&s->state, SLOT_READY, memory_order_release);
			return &s->count;
		}
	}
	return NULL;
}

void
metrics_clock(int64_t skew_ms)
{
	if (shared != NULL)
		atomic_store(&shared->clock_skew_ms, skew_ms);
}

static void
count_issued(const char *template_name)
{
	_Atomic uint64_t *counter = issued_counter(template_name);

	atomic_fetch_add_explicit(counter != NULL ? counter : &shared->issued_other, 1,
	    memory_order_relaxed);
}

void
metrics_measure(enum gh_measure m, int kind, int64_t value, const char *name)
{
	if (shared == NULL)
		return;
	switch (m) {
	case GH_MEASURE_SIGNER:
	case GH_MEASURE_DIRECTORY:
	case GH_MEASURE_DATABASE:
		histogram_add(&shared->backend[m], value);
		break;
	case GH_MEASURE_DECIDED:
		if (kind == DB_DISP_ISSUED)
			count_issued(name);
		break;
	case GH_MEASURE_REVOKED:
		if (kind >= 0 && kind <= REASON_MAX)
			atomic_fetch_add_explicit(&shared->revoked[kind], (uint64_t)value,
			    memory_order_relaxed);
		break;
	case GH_MEASURE_OCSP:
		if (kind >= 0 && kind < OCSP_EVENTS)
			atomic_fetch_add_explicit(&shared->ocsp[kind], (uint64_t)value,
			    memory_order_relaxed);
		break;
	}
}

bool
metrics_state_claim(int64_t now, int seconds)
{
	int64_t last;

	if (shared == NULL)
		return false;
	last = atomic_load(&shared->state_claimed);
	return (now - last >= seconds || now < last) &&
	    atomic_compare_exchange_strong(&shared->state_claimed, &last, now);
}

void
metrics_state_publish(const char *text)
{
	int next;

	if (shared == NULL || strlen(text) >= METRICS_STATE_MAX)
		return;
	next = atomic_load(&shared->state_current) == 1 ? 2 : 1;
	memcpy(shared->state_text[next - 1], text, strlen(text) + 1);
	atomic_store(&shared->state_current, next);
}

/* ---- text ---- */

/* Label values escape backslash, quote and newline (exposition format 0.0.4). */
void
metrics_put_label(struct gh_buf *b, const char *name, const char *value)
{
	gh_buf_puts(b, name);
	gh_buf_puts(b, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			gh_buf_putc(b, '\\');
		if (*value == '\n')
			gh_buf_puts(b, "\\n");
		else
			gh_buf_putc(b, *value);
	}
	gh_buf_putc(b, '"');
}

static void
put_head(struct gh_buf *b, const char *name, const char *type, const char *help)
{
	gh_buf_putf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_bucket(struct gh_buf *b, const char *name, const char *label, const char *value, const char *le,
    uint64_t n)
{
	gh_buf_putf(b, "%s_bucket{", name);
	if (label != NULL) {
		metrics_put_label(b, label, value);
		gh_buf_putc(b, ',');
	}
	gh_buf_putf(b, "le=\"%s\"} %llu\n", le, (unsigned long long)n);
}

static void
put_total(struct gh_buf *b, const char *name, const char *label, const char *value)
{
	gh_buf_puts(b, name);
	if (label != NULL) {
		gh_buf_putc(b, '{');
		metrics_put_label(b, label, value);
		gh_buf_putc(b, '}');
	}
}

static void
put_histogram(struct gh_buf *b, const char *name, const char *label, const char *value,
    const struct histogram *h)
{
	uint64_t n = 0, sum = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
	char le[32], total[96];

	for (size_t i = 0; i <= BUCKETS; i++) {
		n += atomic_load_explicit(&h->count[i], memory_order_relaxed);
		if (i < BUCKETS)
			snprintf(le, sizeof(le), "%g", (double)bucket_us[i] / 1e6);
		put_bucket(b, name, label, value, i < BUCKETS ? le : "+Inf", n);
	}
	snprintf(total, sizeof(total), "%s_sum", name);
	put_total(b, total, label, value);
	gh_buf_putf(b, " %.6f\n", (double)sum / 1e6);
	snprintf(total, sizeof(total), "%s_count", name);
	put_total(b, total, label, value);
	gh_buf_putf(b, " %llu\n", (unsigned long long)n);
}

static bool
is_used(size_t route)
{
	for (size_t s = 0; s < STATUSES; s++)
		if (atomic_load_explicit(&route_counts[route].status[s], memory_order_relaxed) != 0)
			return true;
	return false;
}

static const char *
label_of(size_t route)
{
	return route < routes_len ? name_of_route(route) : "none";
}

static void
put_requests_of(struct gh_buf *b, size_t route, const char *name)
{
	for (int s = 0; s < STATUSES; s++) {
		uint64_t n =
		    atomic_load_explicit(&route_counts[route].status[s], memory_order_relaxed);

		if (n == 0)
			continue;
		gh_buf_puts(b, "gatehouse_requests_total{");
		metrics_put_label(b, "route", name);
		gh_buf_putf(b, ",status=\"%d\"} %llu\n", s + STATUS_MIN, (unsigned long long)n);
	}
}

static void
put_routes(struct gh_buf *b)
{
	put_head(b, "gatehouse_requests_total", "counter",
	    "Requests answered, by route and status.");
	for (size_t i = 0; i <= routes_len; i++)
		put_requests_of(b, i, label_of(i));
	put_head(b, "gatehouse_request_duration_seconds", "histogram",
	    "From the complete request to the reply.");
	for (size_t i = 0; i <= routes_len; i++)
		if (is_used(i))
			put_histogram(b, "gatehouse_request_duration_seconds", "route", label_of(i),
			    &route_counts[i].duration);
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

	for (int i = 0; i < workers_len; i++) {
		struct metrics_worker *w = &worker[i];
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
put_gauge(struct gh_buf *b, const char *name, const char *help, long long value)
{
	put_head(b, name, "gauge", help);
	gh_buf_putf(b, "%s %lld\n", name, value);
}

static void
put_workers(struct gh_buf *b)
{
	struct totals t = sum_workers();

	put_gauge(b, "gatehouse_workers", "Worker processes that answer.", t.workers);
	put_gauge(b, "gatehouse_pool_queue_length", "Requests waiting for a thread.", t.queued);
	put_gauge(b, "gatehouse_pool_queue_capacity", "Requests that may wait; more get 503.",
	    t.queue_max);
	put_gauge(b, "gatehouse_pool_busy_threads", "Threads working on a request.", t.busy);
	put_gauge(b, "gatehouse_pool_threads", "Threads of all workers.", t.threads);
	put_gauge(b, "gatehouse_catalog_generation",
	    "Oldest configuration a worker uses; 0: none yet.",
	    t.generation < 0 ? 0 : (long long)t.generation);
	put_gauge(b, "gatehouse_configuration_refused",
	    "Workers that do not use the configuration in the database, since it "
	    "was changed past Gatehouse.",
	    t.refused);
	put_head(b, "gatehouse_clock_skew_seconds", "gauge",
	    "Clock of this node less that of the database.");
	gh_buf_putf(b, "gatehouse_clock_skew_seconds %.3f\n",
	    (double)atomic_load(&shared->clock_skew_ms) / 1000);
	put_gauge(b, "gatehouse_ocsp_cache_entries", "Cached OCSP answers, in all workers.",
	    t.ocsp_entries);
	put_gauge(b, "gatehouse_ocsp_cache_bytes", "Memory they take.", t.ocsp_bytes);
	put_head(b, "gatehouse_log_lines_dropped_total", "counter",
	    "Log lines of the workers that were dropped, because nobody read them.");
	gh_buf_putf(b, "gatehouse_log_lines_dropped_total %lld\n", t.log_lost);
}

static uint64_t
issued_total(size_t first)
{
	uint64_t n = 0;

	for (size_t i = first; i < TEMPLATES_MAX; i++) {
		struct issued *s = &shared->issued[i];

		if (atomic_load(&s->state) == SLOT_READY &&
		    strcmp(s->name, shared->issued[first].name) == 0)
			n += atomic_load(&s->count);
	}
	return n;
}

static bool
is_first_of_name(size_t i)
{
	if (atomic_load(&shared->issued[i].state) != SLOT_READY)
		return false;
	for (size_t k = 0; k < i; k++)
		if (atomic_load(&shared->issued[k].state) == SLOT_READY &&
		    strcmp(shared->issued[k].name, shared->issued[i].name) == 0)
			return false;
	return true;
}

static void
put_issued(struct gh_buf *b)
{
	uint64_t other = atomic_load(&shared->issued_other);

	put_head(b, "gatehouse_certificates_issued_total", "counter",
	    "Certificates issued, by template.");
	for (size_t i = 0; i < TEMPLATES_MAX; i++) {
		if (!is_first_of_name(i))
			continue;
		gh_buf_puts(b, "gatehouse_certificates_issued_total{");
		metrics_put_label(b, "template", shared->issued[i].name);
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

	put_head(b, "gatehouse_ocsp_answers_total", "counter",
	    "OCSP answers: from the cache, or made, by what they say.");
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		gh_buf_putf(b, "gatehouse_ocsp_answers_total{answer=\"%s\"} %llu\n", answers[i],
		    (unsigned long long)atomic_load(&shared->ocsp[i]));
	put_head(b, "gatehouse_ocsp_renewed_total", "counter",
	    "OCSP answers renewed before they ended.");
	gh_buf_putf(b, "gatehouse_ocsp_renewed_total %llu\n",
	    (unsigned long long)atomic_load(&shared->ocsp[OCSP_EVENT_RENEWED]));
	put_head(b, "gatehouse_ocsp_status_changes_total", "counter",
	    "Changes of a certificate's status heard of, summed over workers.");
	gh_buf_putf(b, "gatehouse_ocsp_status_changes_total %llu\n",
	    (unsigned long long)atomic_load(&shared->ocsp[OCSP_EVENT_CHANGED]));
}

static void
put_revoked(struct gh_buf *b)
{
	put_head(b, "gatehouse_certificates_revoked_total", "counter",
	    "Changes of a certificate's status, by reason; removeFromCRL: a hold has ended.");
	for (int i = 0; i <= REASON_MAX; i++) {
		uint64_t n = atomic_load(&shared->revoked[i]);

		if (n != 0)
			gh_buf_putf(b, "gatehouse_certificates_revoked_total{reason=\"%s\"} %llu\n",
			    revocation_reason_name(i), (unsigned long long)n);
	}
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
	};

	for (size_t i = 0; i < BACKENDS; i++) {
		put_head(b, backend[i].name, "histogram", backend[i].help);
		put_histogram(b, backend[i].name, NULL, NULL, &shared->backend[i]);
	}
}

static void
put_state(struct gh_buf *b)
{
	int current = atomic_load(&shared->state_current);

	if (current != 0)
		gh_buf_puts(b, shared->state_text[current - 1]);
}

char *
metrics_render(void)
{
	struct gh_buf b;

	gh_buf_init(&b, RENDER_MAX);
	if (shared != NULL) {
		put_routes(&b);
		put_workers(&b);
		put_issued(&b);
		put_ocsp(&b);
		put_revoked(&b);
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
