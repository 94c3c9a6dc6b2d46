/* The listener of the limiter. See limiter_watch.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "log.h"
#include "store/message.h"
#include "timestamp.h"

#include "limiter_message.h"
#include "limiter_watch.h"
#include "stop_flag.h"

#define WAIT_MS 1000
#define RETRY_SECONDS 1
#define ROWS_MAX 500 /* of one answer; the blocked ones are among them */

struct limiter_watch {
	const unsigned char *secret;
	struct auth_limiter *limiter;
	struct stop_flag stop;
	pthread_t thread;
	char node[256];
	struct worker_env ears, mouth; /* one store that listens, one that answers */
	struct auth_limit_row row[ROWS_MAX];
};

static void
say(struct limiter_watch *w, const char *id, const struct auth_limit_row *row, size_t counts)
{
	char *text = limiter_answer_write(id, w->node, row, counts);
	struct gh_error err;

	if (text != NULL &&
	    store_message_send(w->mouth.store, STORE_LIMITER_ANSWER, text, &err) != 0)
		gh_log_kv(GH_LOG_WARN, "cannot answer about the limiter", "cause", err.detail,
		    NULL);
	free(text);
}

static size_t
answer(struct limiter_watch *w, const struct limiter_question *q)
{
	size_t n;

	if (q->clear)
		return auth_limiter_clear(w->limiter, q->has_user ? q->user : NULL,
		    q->has_address ? q->address : NULL);
	n = auth_limiter_list(w->limiter, gh_now_us() / 1000000, w->row, ROWS_MAX);
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		say(w, q->id, &w->row[i], 0);
	return n;
}

static void
take_question(void *arg, const char *text)
{
	struct limiter_watch *w = arg;
	struct limiter_question q;
	struct gh_error err;
	size_t n;

	if (limiter_question_read(text, w->secret, gh_now(), &q, &err) != 0) {
		gh_log_kv(GH_LOG_WARN, "question about the limiter refused", "cause", err.detail,
		    NULL);
		return;
	}
	n = answer(w, &q);
	if (q.clear)
		gh_log_kv(GH_LOG_INFO, "failed log-ins forgotten", "user",
		    q.has_user ? q.user : "*", "address", q.has_address ? q.address : "*", NULL);
	say(w, q.id, NULL, n);
}

static int
step(struct limiter_watch *w, struct gh_error *err)
{
	int rc = env_open(&w->mouth, ENV_STORE, err);

	if (rc == 0)
		rc = env_open(&w->ears, ENV_STORE, err);
	return rc == 0 ? store_message_wait(w->ears.store, STORE_LIMITER_QUESTION, WAIT_MS,
			     take_question, w, err)
		       : rc;
}

/* The other watches tell of a database that is down. */
static void *
listen_for_questions(void *arg)
{
	struct limiter_watch *w = arg;
	int rc = 0;

	while (!stop_flag_wait(&w->stop, rc != 0 ? RETRY_SECONDS : 0)) {
		struct gh_error err = {0};

		rc = step(w, &err);
	}
	return NULL;
}

int
limiter_watch_new(const struct gh_conf *conf, const unsigned char secret[32],
    struct auth_limiter *limiter, struct limiter_watch **out, struct gh_error *err)
{
	struct limiter_watch *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return gh_fail(err, GH_E_NOMEM, "limiter watch");
	w->ears.conf = w->mouth.conf = conf;
	w->secret = secret;
	w->limiter = limiter;
	if (gethostname(w->node, sizeof(w->node) - 1) != 0)
		snprintf(w->node, sizeof(w->node), "unknown");
	stop_flag_init(&w->stop);
	if (stop_flag_thread(&w->thread, listen_for_questions, w) != 0) {
		stop_flag_destroy(&w->stop);
		free(w);
		return gh_fail(err, GH_E_INTERNAL, "cannot start the thread of the limiter watch");
	}
	*out = w;
	return 0;
}
