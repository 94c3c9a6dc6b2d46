/* What the gauges of a house come to, and how `gatehouse status` says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doctor/metrics_value.h"
#include "health/state_judge.h"
#include "status/status_show.h"

#define NOW 1000000000

static char empty[] = "", there[] = "/run/kra.sock", collector[] = "logs.test";

/* One line of gauges, and the finding that it makes: code, state, words of it; NULL: none. */
static const struct {
	const char *gauges;
	const char *code, *state, *what;
} rows[] = {
    {"[]", "audit", "ok", "all rows are sealed"},
    {"[]", "crl", NULL, NULL},
    {"[[\"crl_next_update\",0,\"a\",\"complete\"]]", "crl", "error", "CA a has no complete CRL"},
    {"[[\"crl_next_update\",999999990,\"a\",\"shard\"]]", "crl", "error",
	"the shard CRL of a ended 10 seconds ago"},
    {"[[\"crl_next_update\",1000021599,\"a\",\"complete\"]]", "crl", "warning",
	"ends in 5 hours and was not renewed"},
    {"[[\"crl_next_update\",1000021600,\"a\",\"complete\"],"
     "[\"crl_this_update\",999992800,\"a\",\"complete\"],[\"crl_this_update\",5,\"b\",\"complete\"]]",
	"crl", "ok", "a, complete: made 2 hours ago, next within 6 hours"},
    {"[[\"crl_next_update\",1000000060,\"a\",\"delta\"]]", "crl", "ok", "a, delta:"},
    {"[[\"crl_next_update\",1000000000,\"a\",\"delta\"]]", "crl", "error", "the delta CRL of a"},
    {"[[\"ocsp_not_after\",1000172799,\"a\",null]]", "ocsp-signer", "warning", "ends in 47 hours"},
    {"[[\"ocsp_not_after\",1000172800,\"a\",null],[\"ocsp_not_before\",999740800,\"a\",null]]",
	"ocsp-signer", "ok", "a: made 3 days ago, ends in 2 days"},
    {"[[\"ocsp_not_after\",999999999,\"a\",null]]", "ocsp-signer", "error",
	"nobody answers for its certificates"},
    {"[[\"audit_unsealed_age\",900,null,null]]", "audit", "ok", "15 minutes old"},
    {"[[\"audit_unsealed_age\",901,null,null]]", "audit", "error", "15 minutes"},
    {"[[\"audit_findings\",0,null,null],[\"audit_verified\",999999940,null,null]]", "audit", "ok",
	"verified 60 seconds ago"},
    {"[[\"audit_findings\",2,null,null],[\"audit_verified\",999999940,null,null]]", "audit",
	"error", "the audit trail is not what was sealed; findings: 2"},
    {"[[\"syslog_oldest\",0,null,null]]", "syslog", "ok", "logs.test has the audit trail"},
    {"[[\"syslog_oldest\",900,null,null]]", "syslog", "ok", "up to the last 15 minutes"},
    {"[[\"syslog_oldest\",901,null,null]]", "syslog", "warning",
	"for 15 minutes to be sent to logs.test"},
    {"[[\"endpoints\",9,\"all\",null],[\"endpoints\",2,\"failing\",null],[\"endpoints\",1,\"ending\",null]]",
	"endpoints", "ok", "9 asked, 2 without certificate, 1 with one that ends within 14 days"},
    {"[[\"endpoints\",1,\"ended\",null],[\"endpoints\",2,\"revoked\",null]]", "endpoints",
	"warning", "3 serve a certificate that has ended or was revoked"},
    {"[[\"requests_pending\",0,null,null]]", "requests", "ok", "none waits"},
    {"[[\"requests_pending\",3,null,null],[\"requests_oldest\",1296000,null,null]]", "requests",
	"ok", "3 wait for an officer, the oldest for 15 days"},
    {"[[\"requests_pending\",3,null,null],[\"requests_oldest\",1296001,null,null]]", "requests",
	"warning", "after 30 days it expires"},
    {"[[\"key_requests\",2,\"pending\",null],[\"key_requests\",1,\"approved\",null]]", "recoveries",
	"ok", "2 wait for agents, 1 may be fetched"},
    /* what somebody else wrote there */
    {"[[\"crl_next_update\",\"x\",\"a\",\"complete\"],7,[],{}]", "crl", NULL, NULL},
};

static const gh_json *
find(const struct findings *f, const char *code)
{
	for (size_t i = 0; i < gh_json_size(f->list); i++)
		if (strcmp(gh_json_string(gh_json_get(gh_json_at(f->list, i), "code")), code) == 0)
			return gh_json_at(f->list, i);
	return NULL;
}

static void
judge(const char *text, const char *kra, struct findings *f)
{
	struct gh_conf conf = {.crl.grace = 43200, .jobs.request_expiry_days = 30};
	struct gh_error err;
	gh_json *gauges;

	conf.kra.socket = kra[0] != '\0' ? there : empty;
	conf.scan.targets = kra[0] != '\0' ? there : empty;
	conf.syslog.host = kra[0] != '\0' ? collector : empty;
	assert_int_equal(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &gauges, &err), 0);
	assert_int_equal(findings_begin(f, NULL, &err), 0);
	state_judge(f, &conf, gauges, NOW);
	assert_false(f->failed);
	gh_json_free(gauges);
}

static void
judge__table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct findings f;
		const gh_json *found;
		const char *what;

		judge(rows[i].gauges, there, &f);
		found = find(&f, rows[i].code);
		if (rows[i].state == NULL) {
			assert_null(found);
		} else {
			assert_non_null(found);
			what = gh_json_string(gh_json_get(found, "what"));
			if (strstr(what, rows[i].what) == NULL)
				fail_msg("row %zu: %s", i, what);
			assert_string_equal(gh_json_string(gh_json_get(found, "state")),
			    rows[i].state);
		}
		findings_end(&f);
	}
}

static void
judge__only_of_what_is_configured(void **state)
{
	struct findings f;

	(void)state;
	judge("[]", empty, &f);
	assert_null(find(&f, "recoveries"));
	assert_null(find(&f, "syslog"));
	findings_end(&f);
}

/* ---- what is shown ---- */

static char *written;

static enum status_exit
show(const char *gauges, enum status_form form)
{
	struct findings f;
	FILE *kept = stdout;
	size_t size;
	enum status_exit code;

	judge(gauges != NULL ? gauges : "[]", empty, &f);
	free(written);
	assert_non_null(stdout = open_memstream(&written, &size));
	code = gauges != NULL ? status_show(f.list, f.values, form)
			      : status_show_unknown("no|file", form);
	fclose(stdout);
	stdout = kept;
	findings_end(&f);
	return code;
}

static void
show__exit_code_and_summary(void **state)
{
	(void)state;
	assert_int_equal(show("[]", STATUS_SCREEN), STATUS_OK);
	assert_ptr_equal(strstr(written, "GATEHOUSE OK - 2 things looked at, all well\n"), written);
	assert_int_equal(show("[[\"ocsp_not_after\",1000000060,\"a\",null]]", STATUS_SCREEN),
	    STATUS_WARNING);
	assert_ptr_equal(strstr(written, "GATEHOUSE WARNING - ocsp-signer: "), written);
	/* the worst first, whatever the order */
	assert_int_equal(
	    show(
		"[[\"ocsp_not_after\",1000000060,\"a\",null],[\"audit_unsealed_age\",1000,null,null]]",
		STATUS_SCREEN),
	    STATUS_CRITICAL);
	assert_ptr_equal(strstr(written, "GATEHOUSE CRITICAL - audit: rows"), written);
	assert_non_null(strstr(written, "; ocsp-signer: the OCSP signer of a ends in 60 seconds"));
	assert_int_equal(show(NULL, STATUS_SCREEN), STATUS_UNKNOWN);
	assert_string_equal(written, "GATEHOUSE UNKNOWN - no/file\n");
	assert_int_equal(show(NULL, STATUS_JSON), STATUS_UNKNOWN);
	assert_non_null(strstr(written, "\"state\":\"UNKNOWN\""));
	assert_non_null(strstr(written, "\"findings\":[]"));
}

/* A name steers neither the terminal nor the reader of the numbers. */
static void
show__check(void **state)
{
	const char *line;

	(void)state;
	assert_int_equal(show("[[\"crl_next_update\",0,\"a|b\\n\\u001b\",\"complete\"],"
			      "[\"crl_next_update\",1000000060,\"c\",\"complete\"],"
			      "[\"deliveries\",4,\"mail\",\"dead\"]]",
			     STATUS_CHECK),
	    STATUS_CRITICAL);
	line = strchr(written, '|');
	assert_non_null(line);
	assert_null(strchr(line + 1, '|'));
	assert_non_null(strstr(written, "CA a/b ? has no complete CRL"));
	assert_non_null(strstr(line, " 'crl_left_c_complete'=60s;21600:;0: "));
	assert_non_null(strstr(line, " 'deliveries_mail_dead'=4;0;"));
	assert_non_null(strstr(line, "\nCRITICAL crl: CA a/b ? has no complete CRL -> `gatehouse"));
	assert_null(strstr(line, "audit: "));
}

static void
show__json(void **state)
{
	struct gh_error err;
	gh_json *o;
	int64_t n;

	(void)state;
	assert_int_equal(show("[[\"requests_pending\",3,null,null]]", STATUS_JSON), STATUS_OK);
	assert_int_equal(gh_json_parse(written, strlen(written), GH_JSON_STRICT, &o, &err), 0);
	assert_string_equal(gh_json_string(gh_json_get(o, "state")), "OK");
	assert_true(gh_json_int(gh_json_get(gh_json_get(o, "values"), "requests_pending"), &n));
	assert_int_equal(n, 3);
	assert_int_equal(gh_json_size(gh_json_get(o, "findings")), 2);
	gh_json_free(o);
	free(written);
	written = NULL;
}

static void
metrics_value__reads_whole_names(void **state)
{
	static const char text[] =
	    "# HELP a_b x\na_b_c 7\na_b{x=\"y\"} 8\na_b 12.9\nneg -1\nlast 5";

	(void)state;
	assert_int_equal(metrics_value(text, "a_b"), 12);
	assert_int_equal(metrics_value(text, "last"), 5);
	assert_int_equal(metrics_value(text, "neg"), -1);
	assert_int_equal(metrics_value(text, "a"), -1);
	assert_int_equal(metrics_value("", "a"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judge__table),
	    cmocka_unit_test(judge__only_of_what_is_configured),
	    cmocka_unit_test(show__exit_code_and_summary),
	    cmocka_unit_test(show__check),
	    cmocka_unit_test(show__json),
	    cmocka_unit_test(metrics_value__reads_whole_names),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
