/* What becomes of a scan, and of each endpoint, when the processes that ask are lost. Each of them
 * has said all that it says before it is listened to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "scan/scan_recall.h"
#include "scan/scan_wire.h"
#include "scan/scan_work.h"
#include "timestamp.h"

#define TARGETS_MAX 200
#define STEP_US 20000000 /* that pass between two looks at the clock: nobody waits for a minute */

int64_t
gh_now_us(void)
{
	static int64_t now;

	return now += STEP_US;
}

/* ---- instead of the inventory ---- */

static struct scan_targets targets;
static bool known[TARGETS_MAX];

static struct seen {
	int times;
	bool ended, still;
	char error[160];
} seen[TARGETS_MAX];

int
scan_recall(struct store *s, const struct scan_targets *t, bool *is_known, struct gh_error *err)
{
	(void)s;
	(void)err;
	memcpy(is_known, known, t->n * sizeof(*known));
	return 0;
}

int
scan_record(const struct cert_import *in, const struct scan_target *t, const struct scan_result *r,
    struct scan_counts *counts, struct gh_error *err)
{
	struct seen *at = &seen[t - targets.v];

	(void)in;
	(void)err;
	at->times++;
	at->ended = r->ended_process;
	at->still = r->stood_still;
	snprintf(at->error, sizeof(at->error), "%s", r->error);
	counts->failed++;
	counts->ended_process += r->ended_process;
	return 0;
}

/* ---- instead of the processes ---- */

/* What each says: "?N" it asks N, "!N" N has answered, "." it is done; behind that it ends, or
 * stands still: "~". NULL: none is started any more. */
static const char *const *script;
static int ends[TARGETS_MAX], started; /* which orders go to, and nobody reads */

static void
say(int fd, const char *json)
{
	size_t n = strlen(json);
	const unsigned char head[] = {0, 0, 0, (unsigned char)n};

	assert_int_equal(send(fd, head, 4, MSG_NOSIGNAL), 4);
	assert_int_equal(send(fd, json, n, MSG_NOSIGNAL), n);
}

static void
say_word(int fd, const char *word)
{
	char text[120];
	int number = atoi(word + 1);

	if (*word == '?')
		snprintf(text, sizeof(text), "{\"asks\":%d}", number);
	else if (*word == '!')
		snprintf(text, sizeof(text),
		    "{\"target\":%d,\"chain\":[],\"more\":0,\"verify\":\"\",\"error\":\"served\"}",
		    number);
	else
		snprintf(text, sizeof(text), "{\"done\":true}");
	say(fd, text);
}

static int
start(void *arg, int fd, struct gh_error *err)
{
	const char *says = script[started];
	char words[200], *rest, *word;
	bool is_still = false;
	int end;

	(void)arg;
	if (says == NULL)
		return gh_fail(err, GH_E_CONF, "one process more than there should be");
	assert_true((end = ends[started++] = dup(fd)) >= 0);
	snprintf(words, sizeof(words), "%s", says);
	for (word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		if (*word == '~')
			is_still = true;
		else
			say_word(end, word);
	return is_still ? 0 : shutdown(end, SHUT_WR);
}

static int
scan(int n, const char *const *says, struct scan_counts *counts, struct gh_error *err)
{
	static char text[TARGETS_MAX * 8];
	const struct ca_set none = {0};
	const struct scan_work w = {.import = {.cas = &none},
	    .rate = 1000,
	    .parallel = 2,
	    .timeout = 1,
	    .start = start};
	int rc;

	text[0] = '\0';
	for (int i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "t%d\n", i);
	scan_targets_clear(&targets);
	assert_int_equal(scan_targets_read(text, &targets, err), 0);
	memset(seen, 0, sizeof(seen));
	script = says;
	started = 0;
	rc = scan_work(&w, text, &targets, counts, err);
	for (int i = 0; i < started; i++)
		close(ends[i]);
	return rc;
}

static void
expect(int target, bool ended, bool still, const char *error)
{
	assert_int_equal(seen[target].times, 1);
	assert_int_equal(seen[target].ended, ended);
	assert_int_equal(seen[target].still, still);
	assert_string_equal(seen[target].error, error);
}

static void
lost__that_ended(void **state)
{
	static const char *const says[] = {"?0 ?1 !0", "?1", "?2 !2 .", NULL};
	struct scan_counts n;
	struct gh_error err = {0};

	(void)state;
	assert_int_equal(scan(3, says, &n, &err), 0);
	assert_int_equal(started, 3);
	expect(0, false, false, "served");
	expect(1, true, false, "what it sends has ended the process that asks, twice");
	expect(2, false, false, "served");
	assert_int_equal(n.ended_process, 1);
}

/* We ended it, and not the endpoint. */
static void
lost__that_stood_still(void **state)
{
	static const char *const twice[] = {"?0 ?1 !0 ~", "?1 ~", "?2 !2 .", NULL},
				 *const both[] = {"?0 ?1 !0", "?1 ~", "?2 !2 .", NULL};
	struct scan_counts n;
	struct gh_error err = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(scan(3, i == 0 ? twice : both, &n, &err), 0);
		assert_int_equal(started, 3);
		expect(0, false, false, "served");
		expect(1, false, true,
		    "the process that asks got neither an answer nor an end in time, twice");
		expect(2, false, false, "served");
		assert_int_equal(n.ended_process, 0);
	}
}

static void
lost__that_does_as_it_likes(void **state)
{
	static const char *const too_many[] = {"?0 ?1 ?2", "?0 !0 ?1 ?1", "?2 !2 .", NULL},
				 *const not_asked[] = {"?0 !1", "?0 !0 .", "?1 !1 ?2 !2 .", NULL},
				 *const left_out[] = {"?0 !0 ?1 !1 .", "?2 !2 .", NULL},
				 *const nothing[] = {"!0", NULL}, *const at_once[] = {"", NULL};
	struct scan_counts n;
	struct gh_error err = {0};

	(void)state;
	/* three where two are allowed, and then one twice */
	assert_int_equal(scan(3, too_many, &n, &err), 0);
	expect(0, false, false, "served");
	expect(1, true, false, "what it sends has ended the process that asks, twice");
	expect(2, false, false, "served");
	assert_int_equal(scan(3, not_asked, &n, &err), 0);
	for (int i = 0; i < 3; i++)
		expect(i, false, false, "served");
	assert_int_equal(scan(3, left_out, &n, &err), 0);
	expect(2, false, false, "served");
	/* one that never asked anybody */
	assert_int_equal(scan(1, nothing, &n, &err), GH_E_INTERNAL);
	assert_int_equal(scan(1, at_once, &n, &err), GH_E_INTERNAL);
	assert_int_equal(n.failed, 0);
}

static void
known__come_last_and_alone(void **state)
{
	static const char *const says[] = {"?1 ?3 !3 !1 .", "?0", "?2 !2 ?4 ~", NULL};
	struct scan_counts n;
	struct gh_error err = {0};

	(void)state;
	known[0] = known[2] = known[4] = true;
	assert_int_equal(scan(5, says, &n, &err), 0);
	assert_int_equal(started, 3);
	expect(0, true, false,
	    "what it sends has ended the process that asks, as in the last scan");
	for (int i = 1; i < 4; i++)
		expect(i, false, false, "served");
	expect(4, false, true,
	    "the process that asks got neither an answer nor an end in time, as in the last scan");
	memset(known, 0, sizeof(known));
}

/* Each of the first 50 costs two processes, and the hundredth ends the scan before the good one.
 * The next one asks that first, and ends for none of those that are known. */
static void
losses__end_no_scan_at_the_same_place(void **state)
{
	static char words[TARGETS_MAX][16];
	static const char *says[TARGETS_MAX + 1];
	struct scan_counts n;
	struct gh_error err = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(words[i], sizeof(words[i]), "?%d", i / 2);
		says[i] = words[i];
	}
	assert_int_equal(scan(122, says, &n, &err), GH_E_INTERNAL);
	assert_int_equal(started, 100);
	assert_string_equal(err.detail,
	    "100 processes that ask endpoints were lost: 73 targets are not asked");
	assert_int_equal(n.ended_process, 49);
	for (int i = 0; i < 120; i++) {
		known[i] = true;
		snprintf(words[i + 1], sizeof(words[i + 1]), "?%d", i);
		says[i + 1] = words[i + 1];
	}
	says[0] = "?120 !120 ?121 !121 .";
	says[121] = NULL;
	assert_int_equal(scan(122, says, &n, &err), 0);
	assert_int_equal(started, 121);
	assert_int_equal(n.ended_process, 120);
	expect(121, false, false, "served");
	memset(known, 0, sizeof(known));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lost__that_ended),
	    cmocka_unit_test(lost__that_stood_still),
	    cmocka_unit_test(lost__that_does_as_it_likes),
	    cmocka_unit_test(known__come_last_and_alone),
	    cmocka_unit_test(losses__end_no_scan_at_the_same_place),
	};
	int rc;

	gh_log_init("test", GH_LOG_ERROR, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	scan_targets_clear(&targets);
	return rc;
}
