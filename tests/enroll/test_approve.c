/* An officer's decision on a pending request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoding.h"
#include "measure.h"
#include "store/status/revocation.h"
#include "timestamp.h"

#include "fake.h"
#include "preview.h"
#include "submit.h"

static struct worker_env env;
static struct enroll_outcome out;
static struct gh_error err;
static int decided[DB_DISP_CANCELED + 1]; /* by disposition */

static void
count(enum gh_measure m, int kind, int64_t value, const char *name)
{
	(void)value;
	if (m != GH_MEASURE_DECIDED)
		return;
	assert_non_null(name);
	decided[kind]++;
}

/* A pending request of alice by an application for a template, as row 1. */
static void
submit(int64_t app_id, const char *template_name)
{
	struct enroll_request req = {.protocol = ENROLL_CERTENROLL_V3, .submitted = gh_now()};
	char *csr = fake_csr_base64();
	unsigned char *der;
	size_t len;

	req.requester = fake_requester("alice");
	req.requester.app_id = app_id;
	req.template_name = strdup(template_name);
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	assert_int_equal(ca_pkcs10_parse(der, len, &req.csr, &err), 0);
	free(der);
	free(csr);
	assert_int_equal(submit_one(&env, catalog_find_profile(env.catalog, app_id, NULL), &req,
			     &out, &err),
	    0);
	enroll_request_clear(&req);
	enroll_outcome_clear(&out);
}

static int
set_up(void **state)
{
	(void)state;
	fake_world_new(&env);
	memset(decided, 0, sizeof(decided));
	gh_measure_listen(count);
	submit(7, "Slow");
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_PENDING);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	enroll_outcome_clear(&out);
	gh_measure_listen(NULL);
	fake_world_free(&env);
	return 0;
}

static struct requester
officer(void)
{
	struct requester r = fake_requester("officer");

	r.kind = REQUESTER_ADMIN;
	r.roles = REQUESTER_ROLE_OFFICER;
	r.app_id = 0;
	r.dn[0] = '\0';
	return r;
}

static int
approve(const struct requester *who)
{
	int rc = enroll_approve(&env, who, &(struct enroll_verdict){.id = 1}, &out, &err);

	if (rc != 0) {
		assert_int_equal(err.code, rc);
		assert_int_equal(out.chain.n, 0);
	}
	return rc;
}

static void
expect_pending(void)
{
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_PENDING);
	assert_int_equal(decided[DB_DISP_ISSUED], 0);
}

static void
approve__issues(void **state)
{
	struct requester who = officer();

	(void)state;
	assert_int_equal(decided[DB_DISP_PENDING], 1);
	assert_int_equal(approve(&who), 0);
	assert_int_equal(out.disposition, DB_DISP_ISSUED);
	assert_int_equal(out.cms_request_id, 1);
	assert_int_equal(out.chain.n, 3);
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_ISSUED);
	assert_int_equal(decided[DB_DISP_ISSUED], 1);
	assert_int_equal(fake_ca.signed_certs, 1);
}

static void
approve__needs_an_officer(void **state)
{
	struct requester who = officer();

	(void)state;
	who.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_AUDITOR;
	assert_int_equal(approve(&who), GH_E_FORBIDDEN);
	assert_int_equal(enroll_deny(&env, &who, &(struct enroll_verdict){.id = 1}, &out, &err),
	    GH_E_FORBIDDEN);
	expect_pending();
	assert_int_equal(fake_store.audits, 2);
}

static void
cancel__by_requester_or_officer(void **state)
{
	struct requester alice = fake_requester("alice"), bob = fake_requester("bob"),
			 clerk = officer();

	(void)state;
	assert_int_equal(enroll_cancel(&env, &bob, &(struct enroll_verdict){.id = 1}, &out, &err),
	    GH_E_NOT_FOUND);
	alice.app_id = 8; /* by another application than the request */
	assert_int_equal(enroll_cancel(&env, &alice, &(struct enroll_verdict){.id = 1}, &out, &err),
	    GH_E_NOT_FOUND);
	clerk.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_AUDITOR;
	assert_int_equal(enroll_cancel(&env, &clerk, &(struct enroll_verdict){.id = 1}, &out, &err),
	    GH_E_NOT_FOUND);
	expect_pending();
	alice.app_id = 0; /* the person himself */
	assert_int_equal(enroll_cancel(&env, &alice,
			     &(struct enroll_verdict){.id = 1, .comment = "asked twice"}, &out,
			     &err),
	    0);
	assert_int_equal(out.disposition, DB_DISP_CANCELED);
	assert_int_equal(out.status_code, 0x800704C7);
	assert_string_equal(out.message, "Canceled by alice  asked twice");
	assert_int_equal(decided[DB_DISP_DENIED], 0);
	assert_int_equal(decided[DB_DISP_CANCELED], 1);
	clerk.roles = REQUESTER_ROLE_OFFICER;
	assert_int_equal(enroll_cancel(&env, &clerk, &(struct enroll_verdict){.id = 1}, &out, &err),
	    GH_E_CONFLICT);
	assert_int_equal(approve(&clerk), GH_E_CONFLICT);
	enroll_outcome_clear(&out);
	submit(7, "Slow");
	assert_int_equal(enroll_cancel(&env, &clerk, &(struct enroll_verdict){.id = 2}, &out, &err),
	    0);
	assert_int_equal(fake_ca.signed_certs, 0);
}

static void
approve__nobody_approves_himself(void **state)
{
	static const char *const name[] = {"alice", "ALICE", "CORP\\alice", "alice@example.test",
	    "alice@gw as root", "CORP\\alice@gw as root"};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct requester who = officer();

		strcpy(who.name, name[i]);
		assert_int_equal(approve(&who), GH_E_FORBIDDEN);
	}
	{
		struct requester by_dn = officer();

		strcpy(by_dn.dn, "CN=alice,DC=example,DC=test");
		assert_int_equal(approve(&by_dn), GH_E_FORBIDDEN);
	}
	{
		/* renamed and moved since then */
		struct requester by_id = officer();

		by_id.kind = REQUESTER_DIRECTORY;
		strcpy(by_id.id, "11111111-2222-3333-4444-555555555555");
		strcpy(fake_row(1)->requester.id, by_id.id);
		assert_int_equal(approve(&by_id), GH_E_FORBIDDEN);
	}
	expect_pending();
}

static void
approve__only_once(void **state)
{
	struct requester who = officer();

	(void)state;
	assert_int_equal(approve(&who), 0);
	enroll_outcome_clear(&out);
	assert_int_equal(approve(&who), GH_E_CONFLICT);
	assert_int_equal(enroll_deny(&env, &who, &(struct enroll_verdict){.id = 1}, &out, &err),
	    GH_E_CONFLICT);
	assert_int_equal(enroll_approve(&env, &who, &(struct enroll_verdict){.id = 99}, &out, &err),
	    GH_E_NOT_FOUND);
	assert_int_equal(fake_ca.signed_certs, 1);
}

/* The requester lost what he had: approval turns into a denial. */
static void
approve__runs_the_policy_again(void **state)
{
	struct requester who = officer();

	(void)state;
	strcpy(fake_row(1)->template_name, "NoUpn");
	assert_int_equal(approve(&who), 0);
	assert_int_equal(out.disposition, DB_DISP_DENIED);
	assert_int_equal(out.status_code, 0x8009480D);
	assert_int_equal(out.chain.n, 0);
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
	assert_non_null(strstr(fake_store.audit[0], "approved, but:"));
	assert_int_equal(fake_ca.signed_certs, 0);
}

static void
approve__asks_the_application_again(void **state)
{
	struct requester who = officer();

	(void)state;
	fake_row(1)->requester.app_id = 8; /* does not have the template */
	assert_int_equal(approve(&who), 0);
	assert_int_equal(out.disposition, DB_DISP_DENIED);
}

static void
approve__not_for_a_disabled_or_missing_application(void **state)
{
	struct requester who = officer();

	(void)state;
	fake_row(1)->requester.app_id = 10;
	assert_int_equal(approve(&who), GH_E_CONFLICT);
	fake_row(1)->requester.app_id = 4711;
	assert_int_equal(approve(&who), GH_E_CONFLICT);
	expect_pending();
}

static void
approve__not_for_another_entry_of_the_same_name(void **state)
{
	struct requester who = officer();

	(void)state;
	strcpy(fake_dir.dn_of_alice, "cn=alice,ou=new,dc=example,dc=test");
	assert_int_equal(approve(&who), GH_E_CONFLICT);
	expect_pending();
}

static void
approve__trouble_leaves_it_pending(void **state)
{
	struct requester who = officer();

	(void)state;
	fake_dir.fail = GH_E_DIR_DOWN;
	assert_int_equal(approve(&who), GH_E_DIR_DOWN);
	fake_dir.fail = 0;
	fake_ca.fail = GH_E_SIGNER_DOWN;
	assert_int_equal(approve(&who), GH_E_SIGNER_DOWN);
	fake_ca.fail = 0;
	fake_store.fail_record = GH_E_DB_DOWN;
	assert_int_equal(approve(&who), GH_E_DB_DOWN);
	fake_store.fail_record = 0;
	expect_pending();
	assert_int_equal(fake_store.audits, 0);
	assert_int_equal(approve(&who), 0);
}

/* The key of the CA is locked: the request waits where its template says so; the officer is told to
 * come again. */
static void
approve__waits_for_a_locked_ca(void **state)
{
	struct requester who = officer();

	(void)state;
	fake_ca.fail = GH_E_CA_LOCKED;
	assert_int_equal(approve(&who), GH_E_CA_LOCKED);
	assert_true(gh_error_info(err.code)->is_retryable);
	expect_pending();
	submit(7, "Patient");
	assert_int_equal(fake_row(2)->outcome.disposition, DB_DISP_PENDING);
	assert_non_null(strstr(fake_row(2)->outcome.message, "locked"));
	assert_int_equal(enroll_approve(&env, &who, &(struct enroll_verdict){.id = 2}, &out, &err),
	    GH_E_CA_LOCKED);
	assert_int_equal(fake_row(2)->outcome.disposition, DB_DISP_PENDING);
	fake_ca.fail = 0;
	assert_int_equal(enroll_approve(&env, &who, &(struct enroll_verdict){.id = 2}, &out, &err),
	    0);
	assert_int_equal(fake_row(2)->outcome.disposition, DB_DISP_ISSUED);
}

static void
deny__says_who_and_why(void **state)
{
	struct requester who = officer();

	(void)state;
	assert_int_equal(enroll_deny(&env, &who,
			     &(struct enroll_verdict){.id = 1, .comment = "not today"}, &out, &err),
	    0);
	assert_int_equal(out.disposition, DB_DISP_DENIED);
	assert_int_equal(out.status_code, 0x80094014);
	assert_string_equal(out.message, "Denied by officer  not today");
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
	assert_int_equal(decided[DB_DISP_DENIED], 1);
}

/* The requester's message has room for the begin of it; the audit row has it all. */
static void
decision__a_long_comment_is_not_lost(void **state)
{
	struct requester who = officer();
	char comment[STORE_COMMENT_MAX + 2];

	(void)state;
	memset(comment, 'x', sizeof(comment) - 1);
	comment[sizeof(comment) - 1] = '\0';
	assert_int_equal(enroll_deny(&env, &who,
			     &(struct enroll_verdict){.id = 1, .comment = comment}, &out, &err),
	    GH_E_VALIDATION);
	assert_string_equal(err.message, "A comment has at most 1024 characters.");
	assert_int_equal(enroll_approve(&env, &who,
			     &(struct enroll_verdict){.id = 1, .comment = comment}, &out, &err),
	    GH_E_VALIDATION);
	expect_pending();
	comment[STORE_COMMENT_MAX] = '\0';
	assert_int_equal(enroll_deny(&env, &who,
			     &(struct enroll_verdict){.id = 1, .comment = comment}, &out, &err),
	    0);
	assert_int_equal(strlen(out.message), sizeof(out.message) - 1);
	assert_string_equal(out.message + sizeof(out.message) - 5, "x...");
	assert_int_equal(fake_store.detail_len, strlen("Denied by officer  ") + STORE_COMMENT_MAX);
}

/* Two of two: the first is told that another must agree, and counts once by any name. */
static void
approve__as_many_as_the_template_wants(void **state)
{
	struct requester who = officer(), second = officer();

	(void)state;
	submit(7, "Two");
	assert_int_equal(enroll_approve(&env, &who, &(struct enroll_verdict){.id = 2}, &out, &err),
	    0);
	assert_int_equal(out.disposition, DB_DISP_PENDING);
	assert_string_equal(out.message, "Approved by 1 of 2 officers");
	assert_int_equal(fake_row(2)->outcome.disposition, DB_DISP_PENDING);
	enroll_outcome_clear(&out);
	strcpy(second.name, "CORP\\Officer@gw as root");
	assert_int_equal(enroll_approve(&env, &second, &(struct enroll_verdict){.id = 2}, &out,
			     &err),
	    GH_E_CONFLICT);
	assert_non_null(strstr(err.message, "already"));
	strcpy(second.name, "alice");
	assert_int_equal(enroll_approve(&env, &second, &(struct enroll_verdict){.id = 2}, &out,
			     &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(fake_ca.signed_certs, 0);
	strcpy(second.name, "second");
	assert_int_equal(enroll_approve(&env, &second, &(struct enroll_verdict){.id = 2}, &out,
			     &err),
	    0);
	assert_int_equal(out.disposition, DB_DISP_ISSUED);
	assert_int_equal(fake_row(2)->approvals.n, 2);
	assert_int_equal(fake_ca.signed_certs, 1);
}

static void
deny__one_is_enough(void **state)
{
	struct requester who = officer();

	(void)state;
	submit(7, "Two");
	assert_int_equal(enroll_approve(&env, &who, &(struct enroll_verdict){.id = 2}, &out, &err),
	    0);
	enroll_outcome_clear(&out);
	assert_int_equal(enroll_deny(&env, &who, &(struct enroll_verdict){.id = 2}, &out, &err), 0);
	assert_int_equal(fake_row(2)->outcome.disposition, DB_DISP_DENIED);
}

/* Another officer came first: what is decided now is the request as it is now, unless the officer
 * named what he saw. */
static void
approve__again_when_another_was_faster(void **state)
{
	struct requester who = officer();
	int version = fake_row(1)->version;

	(void)state;
	fake_store.overtakes = 1;
	assert_int_equal(enroll_approve(&env, &who,
			     &(struct enroll_verdict){.id = 1, .version = version + 7}, &out, &err),
	    GH_E_PRECONDITION);
	expect_pending();
	assert_int_equal(enroll_approve(&env, &who,
			     &(struct enroll_verdict){.id = 1, .version = version}, &out, &err),
	    GH_E_PRECONDITION);
	expect_pending();
	fake_store.overtakes = 2;
	assert_int_equal(approve(&who), 0);
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_ISSUED);
	assert_int_equal(fake_ca.signed_certs, 4);
}

/* What an officer sees of request 1 now; its names that no rule allows are *unruled, or "". */
static void
look(char shown[ENROLL_SHOWN_SIZE], char *unruled, size_t size)
{
	gh_json *preview;
	const char *names;

	assert_int_equal(enroll_preview_pending(&env, 1, &preview, &err), 0);
	snprintf(shown, ENROLL_SHOWN_SIZE, "%s", gh_json_string(gh_json_get(preview, "shown")));
	names = gh_json_string(gh_json_get(preview, "unruled"));
	snprintf(unruled, size, "%s", names != NULL ? names : "");
	gh_json_free(preview);
}

static int
approve_shown(const char *shown)
{
	struct requester who = officer();

	return enroll_approve(&env, &who, &(struct enroll_verdict){.id = 1, .shown = shown}, &out,
	    &err);
}

/* The requester edits his own directory entry between the officer's look and his click. */
static void
approve__only_what_was_shown(void **state)
{
	char shown[ENROLL_SHOWN_SIZE], again[ENROLL_SHOWN_SIZE], unruled[64];

	(void)state;
	look(shown, unruled, sizeof(unruled));
	assert_string_equal(unruled, "");
	strcpy(fake_dir.cn_of_alice, "Managing Director");
	assert_int_equal(approve_shown(shown), GH_E_PRECONDITION);
	assert_int_equal(approve_shown(""), GH_E_PRECONDITION);
	expect_pending();
	assert_int_equal(fake_ca.signed_certs, 0);
	look(again, unruled, sizeof(unruled));
	assert_string_not_equal(again, shown);
	assert_int_equal(approve_shown(again), 0);
	assert_int_equal(out.disposition, DB_DISP_ISSUED);
}

static void
approve__each_of_several_what_was_shown(void **state)
{
	char shown[ENROLL_SHOWN_SIZE], unruled[64];

	(void)state;
	strcpy(fake_row(1)->template_name, "Two");
	look(shown, unruled, sizeof(unruled));
	strcpy(fake_dir.cn_of_alice, "Managing Director");
	assert_int_equal(approve_shown(shown), GH_E_PRECONDITION);
	assert_int_equal(fake_row(1)->approvals.n, 0);
	fake_dir.cn_of_alice[0] = '\0';
	assert_int_equal(approve_shown(shown), 0);
	assert_int_equal(fake_row(1)->approvals.n, 1);
	expect_pending();
}

/* Also those that a rule allowed when he asked: the message of the request does not name them. */
static void
preview__tells_names_that_no_rule_allows(void **state)
{
	char shown[ENROLL_SHOWN_SIZE], ruled[ENROLL_SHOWN_SIZE], unruled[64];

	(void)state;
	look(ruled, unruled, sizeof(unruled));
	strcpy(fake_row(1)->template_name, "Ruled");
	fake_row(1)->requester.app_id = 8; /* has the template */
	look(shown, unruled, sizeof(unruled));
	assert_string_equal(unruled, "dns:bank.example");
	assert_string_not_equal(shown, ruled);
	assert_int_equal(approve_shown(ruled), GH_E_PRECONDITION);
	expect_pending();
}

/* Somebody wrote another CSR or requester into the row: it is denied, and not approved. */
static void
approve__takes_only_what_was_recorded(void **state)
{
	struct requester who = officer();

	(void)state;
	fake_store.is_tampered = true;
	assert_int_equal(approve(&who), GH_E_SEAL);
	assert_non_null(strstr(err.message, "Deny it"));
	expect_pending();
	assert_int_equal(enroll_deny(&env, &who, &(struct enroll_verdict){.id = 1}, &out, &err), 0);
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(approve__issues),
	    T(approve__as_many_as_the_template_wants),
	    T(approve__again_when_another_was_faster),
	    T(deny__one_is_enough),
	    T(decision__a_long_comment_is_not_lost),
	    T(approve__takes_only_what_was_recorded),
	    T(approve__only_what_was_shown),
	    T(approve__each_of_several_what_was_shown),
	    T(preview__tells_names_that_no_rule_allows),
	    T(cancel__by_requester_or_officer),
	    T(approve__needs_an_officer),
	    T(approve__nobody_approves_himself),
	    T(approve__only_once),
	    T(approve__runs_the_policy_again),
	    T(approve__asks_the_application_again),
	    T(approve__not_for_a_disabled_or_missing_application),
	    T(approve__not_for_another_entry_of_the_same_name),
	    T(approve__trouble_leaves_it_pending),
	    T(approve__waits_for_a_locked_ca),
	    T(deny__says_who_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
