/* See histogram.h. */
#include <stdio.h>

#include "exposition.h"
#include "histogram.h"

static const int64_t bucket_us[] = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
    500000, 1000000, 2500000, 5000000, 10000000};
_Static_assert(sizeof(bucket_us) / sizeof(bucket_us[0]) == HISTOGRAM_BUCKETS, "buckets");

void
histogram_add(struct histogram *h, int64_t us)
{
	size_t i = 0;

	while (i < HISTOGRAM_BUCKETS && us > bucket_us[i])
		i++;
	atomic_fetch_add_explicit(&h->count[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us > 0 ? (uint64_t)us : 0, memory_order_relaxed);
}

/* ---- text ---- */

static void
put_bucket(struct gh_buf *b, const char *name, const char *label, const char *value, const char *le,
    uint64_t n)
{
	gh_buf_putf(b, "%s_bucket{", name);
	if (label != NULL) {
		exposition_put_label(b, label, value);
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
		exposition_put_label(b, label, value);
		gh_buf_putc(b, '}');
	}
}

void
histogram_put(struct gh_buf *b, const char *name, const char *label, const char *value,
    const struct histogram *h)
{
	uint64_t n = 0, sum = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
	char le[32], total[96];

	for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		n += atomic_load_explicit(&h->count[i], memory_order_relaxed);
		if (i < HISTOGRAM_BUCKETS)
			snprintf(le, sizeof(le), "%g", (double)bucket_us[i] / 1e6);
		put_bucket(b, name, label, value, i < HISTOGRAM_BUCKETS ? le : "+Inf", n);
	}
	snprintf(total, sizeof(total), "%s_sum", name);
	put_total(b, total, label, value);
	gh_buf_putf(b, " %.6f\n", (double)sum / 1e6);
	snprintf(total, sizeof(total), "%s_count", name);
	put_total(b, total, label, value);
	gh_buf_putf(b, " %llu\n", (unsigned long long)n);
}
