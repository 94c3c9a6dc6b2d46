/*
 * What a process that was taken over says to who wants a scan, and what one is told. The first byte
 * says which; behind it are lines, each sent as a message of its length, but one that begins with
 * "!" as it is. An empty line is the end of one process and the beginning of the next.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "scan/scan_ask.h"
#include "scan/scan_recall.h"
#include "scan/scan_wire.h"
#include "timestamp.h"

#define TARGETS 5
#define LIST "a\nb:1\n127.0.0.1\n[::1]:7\nc starttls=smtp\n"
#define PROCESSES 300 /* more than a scan may lose */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- instead of the inventory ---- */

static int recorded[TARGETS];
static struct scan_targets targets;

int
scan_record(const struct cert_import *in, const struct scan_target *t, const struct scan_result *r,
    struct scan_counts *counts, struct gh_error *err)
{
	(void)in;
	(void)err;
	recorded[t - targets.v]++;
	if ((r->chain.n == 0) != (r->error[0] != '\0') || r->chain.n > CERT_CHAIN_MAX)
		abort();
	for (size_t i = 0; i < r->chain.n; i++)
		if (r->chain.cert[i].len == 0)
			abort();
	counts->served += r->chain.n > 0;
	counts->failed += r->chain.n == 0;
	counts->ended_process += r->ended_process;
	return 0;
}

int
scan_recall(struct store *s, const struct scan_targets *t, bool *is_known, struct gh_error *err)
{
	(void)s;
	(void)err;
	is_known[t->n - 1] = true;
	return 0;
}

/* ---- the other end ---- */

struct input {
	const char *p;
	size_t left;
	int fd[PROCESSES];
	int processes;
};

static void
send_message(int fd, const char *p, size_t n)
{
	const unsigned char head[] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
	    (unsigned char)(n >> 8), (unsigned char)n};

	if (n > 0 && *p == '!') {
		(void)!send(fd, p + 1, n - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		return;
	}
	(void)!send(fd, head, sizeof(head), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)!send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* false: it was the last one of this process. */
static bool
send_line(struct input *in, int fd)
{
	const char *nl = memchr(in->p, '\n', in->left);
	size_t n = nl != NULL ? (size_t)(nl - in->p) : in->left, step = n + (nl != NULL);

	if (n > 0)
		send_message(fd, in->p, n);
	in->p += step;
	in->left -= step;
	return n > 0 && in->left > 0;
}

/* All is there at once, and then the end; orders are not read. */
static int
start(void *arg, int fd, struct gh_error *err)
{
	struct input *in = arg;
	int copy;

	if (in->processes == PROCESSES || (copy = dup(fd)) < 0)
		return gh_fail(err, GH_E_NOMEM, "process");
	in->fd[in->processes++] = copy;
	while (in->left > 0 && send_line(in, copy))
		;
	shutdown(copy, SHUT_WR);
	return 0;
}

static void
scan(struct input *in)
{
	const struct ca_set none = {0};
	const struct scan_work w = {.import = {.cas = &none},
	    .rate = 1000,
	    .parallel = 3,
	    .timeout = 1,
	    .start = start,
	    .start_arg = in};
	struct scan_counts counts;
	struct gh_error err = {0};
	int64_t sum = 0;
	int rc;

	memset(recorded, 0, sizeof(recorded));
	rc = scan_work(&w, LIST, &targets, &counts, &err);
	for (int i = 0; i < TARGETS; i++) {
		sum += recorded[i];
		if (recorded[i] > 1 || (rc == 0 && recorded[i] == 0))
			abort();
	}
	if (sum != counts.served + counts.failed || counts.ended_process > counts.failed ||
	    (rc != 0 && (rc == GH_E_BUSY || err.message[0] == '\0')))
		abort();
	for (int i = 0; i < in->processes; i++)
		close(in->fd[i]);
}

/* ---- the order ---- */

static void
take_order(const gh_json *order)
{
	const char *text = gh_json_string(gh_json_get(order, "targets"));
	struct scan_targets t = {0};
	struct gh_error err;
	size_t *number = NULL, all;

	if (text != NULL && scan_targets_read(text, &t, &err) == 0) {
		all = t.n;
		if (scan_order_pick(gh_json_get(order, "ask"), &t, &number))
			for (size_t i = 0; i < t.n; i++)
				if (number[i] >= all || (i > 0 && number[i] <= number[i - 1]) ||
				    t.v[i].host[0] == '\0' || t.v[i].port <= 0)
					abort();
		free(number);
	}
	scan_targets_clear(&t);
}

static void
read_orders(struct input *in)
{
	struct scan_wire w;
	struct gh_error err;
	gh_json *order;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || start(in, pair[1], &err) != 0)
		abort();
	close(pair[1]);
	w = (struct scan_wire){.fd = pair[0]};
	while (scan_wire_read(&w, SCAN_ORDER_MAX, gh_now_us() + 1000000, &order, &err) == 0) {
		take_order(order);
		gh_json_free(order);
	}
	close(in->fd[0]);
	close(pair[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.p = (const char *)data + 1, .left = size - 1};
	struct gh_error err;

	if (size == 0 || size > 32 * 1024) /* what a socket holds */
		return 0;
	if (targets.n == 0) {
		if (scan_targets_read(LIST, &targets, &err) != 0 || targets.n != TARGETS)
			abort();
		gh_log_init("fuzz", GH_LOG_ERROR, NULL);
	}
	if (data[0] % 2 == 0)
		scan(&in);
	else
		read_orders(&in);
	return 0;
}
