/* Counting, in memory that all processes share. See metrics.h. */
#include <string.h>
#include <sys/mman.h>

#include "formats/enroll_request.h"

#include "counters.h"

struct counters counters;
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
	size_t first = part_size(1, sizeof(struct common_counts)),
	       second = part_size((size_t)workers, sizeof(struct metrics_worker)),
	       size = first + second + part_size(routes + 1, sizeof(struct route_counts));
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return gh_fail(err, GH_E_NOMEM, "cannot map %zu bytes for metrics", size);
	counters.common = (struct common_counts *)(void *)p;
	counters.worker = (struct metrics_worker *)(void *)(p + first);
	counters.route = (struct route_counts *)(void *)(p + first + second);
	counters.workers = workers;
	counters.routes = routes;
	counters.route_name = route_name;
	return 0;
}

struct metrics_worker *
metrics_worker(int index)
{
	if (counters.common == NULL || index < 0 || index >= counters.workers)
		return &private_slot;
	return &counters.worker[index];
}

void
metrics_request(size_t route, int status, int64_t us)
{
	if (counters.common == NULL)
		return;
	if (route > counters.routes)
		route = counters.routes;
	if (status < STATUS_MIN || status > STATUS_MAX)
		status = STATUS_MAX;
	atomic_fetch_add_explicit(&counters.route[route].status[status - STATUS_MIN], 1,
	    memory_order_relaxed);
	histogram_add(&counters.route[route].duration, us);
}

/* The counter of a name; NULL when the table is full. Two workers that meet a new name at the same
 * moment may each make a slot: rendering adds equal names. */
static _Atomic uint64_t *
issued_counter(const char *name)
{
	for (size_t i = 0; i < TEMPLATES_MAX; i++) {
		struct issued *s = &counters.common->issued[i];
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
	if (counters.common != NULL)
		atomic_store(&counters.common->clock_skew_ms, skew_ms);
}

static void
count_issued(const char *template_name)
{
	_Atomic uint64_t *counter = issued_counter(template_name);

	atomic_fetch_add_explicit(counter != NULL ? counter : &counters.common->issued_other, 1,
	    memory_order_relaxed);
}

/* One of n counters. */
static void
add(_Atomic uint64_t *counter, int n, int kind, int64_t value)
{
	if (kind >= 0 && kind < n)
		atomic_fetch_add_explicit(&counter[kind], (uint64_t)value, memory_order_relaxed);
}

void
metrics_measure(enum gh_measure m, int kind, int64_t value, const char *name)
{
	if (counters.common == NULL)
		return;
	switch (m) {
	case GH_MEASURE_SIGNER:
	case GH_MEASURE_DIRECTORY:
	case GH_MEASURE_DATABASE:
	case GH_MEASURE_KRA:
		histogram_add(&counters.common->backend[m], value);
		break;
	case GH_MEASURE_DECIDED:
		if (kind == DB_DISP_ISSUED)
			count_issued(name);
		break;
	case GH_MEASURE_REVOKED:
		add(counters.common->revoked, REASON_MAX + 1, kind, value);
		break;
	case GH_MEASURE_OCSP:
		add(counters.common->ocsp, OCSP_EVENTS, kind, value);
		break;
	case GH_MEASURE_KEY:
		add(counters.common->key, KEY_EVENTS, kind, value);
		break;
	case GH_MEASURE_LOGIN:
		add(counters.common->login, LOGIN_EVENTS, kind, value);
		break;
	}
}

bool
metrics_state_claim(int64_t now, int seconds)
{
	int64_t last;

	if (counters.common == NULL)
		return false;
	last = atomic_load(&counters.common->state_claimed);
	return (now - last >= seconds || now < last) &&
	    atomic_compare_exchange_strong(&counters.common->state_claimed, &last, now);
}

void
metrics_state_publish(const char *text)
{
	int next;

	if (counters.common == NULL || strlen(text) >= METRICS_STATE_MAX)
		return;
	next = atomic_load(&counters.common->state_current) == 1 ? 2 : 1;
	memcpy(counters.common->state_text[next - 1], text, strlen(text) + 1);
	atomic_store(&counters.common->state_current, next);
}
