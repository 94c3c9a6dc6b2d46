/* One order. See scan_serve.h. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encoding.h"
#include "timestamp.h"

#include "scan_confine.h"
#include "scan_serve.h"
#include "scan_wire.h"

#define ORDER_US 30000000  /* microseconds that an order may take */
#define ANSWER_US 60000000 /* and that nobody may read an answer */

struct server {
	struct scan_wire wire;
	struct scan_targets targets;
	size_t *number; /* of each in the list of the order */
};

/* Takes the message. */
static int
answer(struct server *s, gh_json *message, struct gh_error *err)
{
	int rc = message != NULL ? scan_wire_write(&s->wire, message, gh_now_us() + ANSWER_US, err)
				 : gh_fail(err, GH_E_NOMEM, "answer of a scan");

	gh_json_free(message);
	return rc;
}

static int
begin(void *arg, const struct scan_target *t, struct gh_error *err)
{
	struct server *s = arg;

	return answer(s, scan_asks(s->number[t - s->targets.v]), err);
}

static int
take(void *arg, const struct scan_target *t, const struct scan_result *r, struct gh_error *err)
{
	struct server *s = arg;

	return answer(s, scan_answer(s->number[t - s->targets.v], r), err);
}

/* Nothing comes behind an order but the end. Threads that ask wait for endpoints and name servers,
 * so nobody is asked to stop. */
static void *
await_end(void *arg)
{
	struct pollfd p = {.fd = *(int *)arg, .events = POLLIN | POLLRDHUP};

	while (poll(&p, 1, -1) <= 0)
		;
	_exit(0);
}

static X509_STORE *
take_roots(const gh_json *roots)
{
	X509_STORE *trust = scan_trust();

	for (size_t i = 0; trust != NULL && i < gh_json_size(roots); i++) {
		const char *text = gh_json_string(gh_json_at(roots, i));
		unsigned char *der = NULL;
		size_t n = 0;

		if (text != NULL && gh_base64_decode(text, strlen(text), &der, &n, NULL) == 0)
			scan_trust_add(trust, der, n);
		free(der);
	}
	return trust;
}

static int
read_number(const gh_json *order, const char *name)
{
	int64_t v = 0;

	return gh_json_int(gh_json_get(order, name), &v) && v > 0 && v <= 100000 ? (int)v : 1;
}

static int
work(struct server *s, const gh_json *order, struct gh_error *err)
{
	const struct scan_pace pace = {.rate = read_number(order, "rate"),
	    .parallel = read_number(order, "parallel"),
	    .timeout = read_number(order, "timeout"),
	    .begin = begin,
	    .take = take,
	    .arg = s};
	const char *text = gh_json_string(gh_json_get(order, "targets"));
	X509_STORE *trust = take_roots(gh_json_get(order, "roots"));
	int rc = trust != NULL && text != NULL && pace.parallel <= SCAN_PARALLEL_MAX
	    ? scan_targets_read(text, &s->targets, err)
	    : gh_fail(err, GH_E_INTERNAL, "the order of a scan is none");

	if (rc == 0 && !scan_order_pick(gh_json_get(order, "ask"), &s->targets, &s->number))
		rc = gh_fail(err, GH_E_INTERNAL, "the order of a scan names other targets");
	if (rc == 0)
		rc = scan_run(&s->targets, trust, &pace, err);
	X509_STORE_free(trust);
	return rc;
}

static int
say_done(struct server *s, struct gh_error *err)
{
	gh_json *done = gh_json_new_object();

	if (gh_json_set_bool(done, "done", true) != 0) {
		gh_json_free(done);
		done = NULL;
	}
	return answer(s, done, err);
}

int
scan_serve(int fd, struct gh_error *err)
{
	struct server s = {.wire = {.fd = fd}};
	pthread_t watch;
	gh_json *order;
	int rc = scan_confine(err);

	if (rc != 0 ||
	    (rc = scan_wire_read(&s.wire, SCAN_ORDER_MAX, gh_now_us() + ORDER_US, &order, err)) !=
		0)
		return rc;
	if (pthread_create(&watch, NULL, await_end, &fd) != 0)
		rc = gh_fail(err, GH_E_INTERNAL, "threads");
	if (rc == 0)
		rc = work(&s, order, err);
	if (rc == 0)
		rc = say_done(&s, err);
	gh_json_free(order);
	scan_targets_clear(&s.targets);
	free(s.number);
	return rc;
}
