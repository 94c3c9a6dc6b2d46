/* Metrics: counted across processes, printed as Prometheus text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/enroll_request.h"
#include "metrics/metrics.h"
#include "ocsp/responder.h"
#include "store/key/key_event.h"

#define ROUTES 300 /* far more than there are */

static const char *
route_name(size_t i)
{
	return i == 0 ? "first" : i == ROUTES - 1 ? "last" : "sec\"ond\\";
}

static void
assert_has(const char *line)
{
	char *text = metrics_render();

	assert_non_null(text);
	if (strstr(text, line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, text);
	free(text);
}

static void
assert_lacks(const char *line)
{
	char *text = metrics_render();

	assert_non_null(text);
	assert_null(strstr(text, line));
	free(text);
}

static void
metrics__nothing_before_init(void **state)
{
	char *text;

	(void)state;
	metrics_request(0, 200, 1);
	metrics_measure(GH_MEASURE_DECIDED, DB_DISP_ISSUED, 1, "User");
	metrics_measure(GH_MEASURE_REVOKED, 1, 1, NULL);
	metrics_measure(GH_MEASURE_SIGNER, 0, 1, NULL);
	assert_non_null(metrics_worker(0));
	text = metrics_render();
	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(metrics_init(2, ROUTES, route_name, NULL), 0);
}

static void
metrics__requests_of_all_processes(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		metrics_request(0, 200, 700);
		metrics_request(1, 503, 20000000);
		metrics_request(METRICS_NO_ROUTE, 404, 1);
		metrics_request(ROUTES - 1, 200, 1);
		metrics_request(0, 7, 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	metrics_request(0, 200, 1000);
	assert_has("gatehouse_requests_total{route=\"first\",status=\"200\"} 2\n");
	assert_has("gatehouse_requests_total{route=\"first\",status=\"599\"} 1\n");
	assert_has("gatehouse_requests_total{route=\"sec\\\"ond\\\\\",status=\"503\"} 1\n");
	assert_has("gatehouse_requests_total{route=\"none\",status=\"404\"} 1\n");
	assert_has("gatehouse_requests_total{route=\"last\",status=\"200\"} 1\n");
	assert_has("gatehouse_request_duration_seconds_bucket{route=\"first\",le=\"0.0005\"} 1\n");
	assert_has("gatehouse_request_duration_seconds_bucket{route=\"first\",le=\"0.001\"} 3\n");
	assert_has("gatehouse_request_duration_seconds_bucket{route=\"first\",le=\"+Inf\"} 3\n");
	assert_has("gatehouse_request_duration_seconds_sum{route=\"first\"} 0.001701\n");
	assert_has(
	    "gatehouse_request_duration_seconds_bucket{route=\"sec\\\"ond\\\\\",le=\"10\"} 0\n");
	assert_has("gatehouse_request_duration_seconds_count{route=\"sec\\\"ond\\\\\"} 1\n");
}

static void
metrics__workers_are_added(void **state)
{
	(void)state;
	assert_lacks("gatehouse_workers 1\n");
	assert_has("gatehouse_catalog_generation 0\n");
	assert_has("gatehouse_clock_skew_seconds 0.000\n");
	metrics_clock(-1250);
	assert_has("gatehouse_clock_skew_seconds -1.250\n");
	for (int i = 0; i < 2; i++) {
		atomic_store(&metrics_worker(i)->pid, 100 + i);
		atomic_store(&metrics_worker(i)->queued, 3 + i);
		atomic_store(&metrics_worker(i)->queue_max, 10);
		atomic_store(&metrics_worker(i)->busy, 1);
		atomic_store(&metrics_worker(i)->threads, 4);
		atomic_store(&metrics_worker(i)->catalog_generation, 9 - i);
		atomic_store(&metrics_worker(i)->catalog_refused, i);
	}
	assert_has("gatehouse_workers 2\n");
	assert_has("gatehouse_pool_queue_length 7\n");
	assert_has("gatehouse_pool_queue_capacity 20\n");
	assert_has("gatehouse_pool_busy_threads 2\n");
	assert_has("gatehouse_pool_threads 8\n");
	assert_has("gatehouse_catalog_generation 8\n");
	assert_has("gatehouse_configuration_refused 1\n");
	/* outside the table: a slot that nobody reads */
	atomic_store(&metrics_worker(2)->pid, 1);
	atomic_store(&metrics_worker(-1)->pid, 1);
	assert_has("gatehouse_workers 2\n");
}

static void
metrics__issued_by_template(void **state)
{
	char name[32];

	(void)state;
	metrics_measure(GH_MEASURE_DECIDED, DB_DISP_ISSUED, 1, "User");
	metrics_measure(GH_MEASURE_DECIDED, DB_DISP_ISSUED, 1, "User");
	metrics_measure(GH_MEASURE_DECIDED, DB_DISP_ISSUED, 1, "Web\"Server\n");
	assert_has("gatehouse_certificates_issued_total{template=\"User\"} 2\n");
	assert_has("gatehouse_certificates_issued_total{template=\"Web\\\"Server\\n\"} 1\n");
	assert_lacks("template=\"\"");
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		metrics_measure(GH_MEASURE_DECIDED, DB_DISP_ISSUED, 1, name);
	}
	/* 512 names fit, two were there */
	assert_has("gatehouse_certificates_issued_total{template=\"t509\"} 1\n");
	assert_lacks("template=\"t510\"");
	assert_has("gatehouse_certificates_issued_total{template=\"\"} 90\n");
}

static void
metrics__revoked_by_reason(void **state)
{
	(void)state;
	assert_lacks("gatehouse_certificates_revoked_total{");
	metrics_measure(GH_MEASURE_REVOKED, 1, 1, NULL);
	metrics_measure(GH_MEASURE_REVOKED, 1, 1, NULL);
	metrics_measure(GH_MEASURE_REVOKED, 8, 1, NULL);
	metrics_measure(GH_MEASURE_REVOKED, -1, 1, NULL);
	metrics_measure(GH_MEASURE_REVOKED, 11, 1, NULL);
	assert_has("gatehouse_certificates_revoked_total{reason=\"keyCompromise\"} 2\n"
		   "gatehouse_certificates_revoked_total{reason=\"removeFromCRL\"} 1\n");
}

static void
metrics__key_events(void **state)
{
	(void)state;
	metrics_measure(GH_MEASURE_KEY, KEY_EVENT_RELEASED_AGAIN, 3, NULL);
	metrics_measure(GH_MEASURE_KEY, KEY_EVENTS, 1, NULL);
	metrics_measure(GH_MEASURE_KEY, -1, 1, NULL);
	assert_has("gatehouse_key_events_total{event=\"released_again\"} 3\n"
		   "gatehouse_key_events_total{event=\"refused\"} 0\n");
}

static void
metrics__backends(void **state)
{
	(void)state;
	metrics_measure(GH_MEASURE_SIGNER, 0, 100, NULL);
	metrics_measure(GH_MEASURE_DIRECTORY, 0, 100, NULL);
	metrics_measure(GH_MEASURE_DATABASE, 0, 100, NULL);
	metrics_measure(GH_MEASURE_KRA, 0, 100, NULL);
	metrics_measure(GH_MEASURE_DATABASE, 0, -5, NULL);
	assert_has("gatehouse_signer_duration_seconds_count 1\n");
	assert_has("gatehouse_directory_duration_seconds_count 1\n");
	assert_has("gatehouse_database_duration_seconds_count 2\n");
	assert_has("gatehouse_kra_duration_seconds_count 1\n");
	assert_has("gatehouse_database_duration_seconds_sum 0.000100\n");
}

/* The texts take turns: one that was published is there as a whole. */
static void
state__one_claims_and_the_newest_text_is_shown(void **state)
{
	static char long_text[METRICS_STATE_MAX + 1];

	(void)state;
	assert_true(metrics_state_claim(1000, 15));
	assert_false(metrics_state_claim(1000, 15));
	assert_false(metrics_state_claim(1014, 15));
	assert_true(metrics_state_claim(1015, 15));
	/* a clock that was set back */
	assert_true(metrics_state_claim(500, 15));
	metrics_state_publish("gatehouse_a 1\n");
	assert_has("gatehouse_a 1\n");
	metrics_state_publish("gatehouse_b 2\n");
	assert_has("gatehouse_b 2\n");
	assert_lacks("gatehouse_a");
	memset(long_text, 'x', METRICS_STATE_MAX);
	metrics_state_publish(long_text);
	assert_has("gatehouse_b 2\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metrics__nothing_before_init), /* first: it starts the counting */
	    cmocka_unit_test(metrics__requests_of_all_processes),
	    cmocka_unit_test(metrics__workers_are_added),
	    cmocka_unit_test(metrics__issued_by_template),
	    cmocka_unit_test(metrics__revoked_by_reason),
	    cmocka_unit_test(metrics__key_events),
	    cmocka_unit_test(metrics__backends),
	    cmocka_unit_test(state__one_claims_and_the_newest_text_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
