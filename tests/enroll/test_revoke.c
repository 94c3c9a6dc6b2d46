/* Who may change the status of a certificate, in what order it is judged, and the bodies that ask
 * for it. The store is the stand-in below: one certificate of alice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/revoke.h"
#include "certenroll/ce_revoke.h"
#include "fake.h"
#include "timestamp.h"

/* ---- stand-ins ---- */
static struct {
	struct store_cert_status cert;
	int changes;
	bool other_is_faster; /* somebody else revokes between look and change */
	struct store_status_change last;
} fake;

const char *
store_cert_state_name(enum store_cert_state state)
{
	return state == STORE_CERT_VALID ? "valid" : state == STORE_CERT_HOLD ? "hold" : "revoked";
}

int
store_find_cert(struct store *s, const struct store_cert_key *key, int64_t *id,
    struct gh_error *err)
{
	(void)s;
	*id = key->id;
	if (key->id == 17 || (key->serial != NULL && strcmp(key->serial, "4D2") == 0))
		return 0;
	return gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
}

int
store_get_status(struct store *s, int64_t id, struct store_cert_status *out, struct gh_error *err)
{
	(void)s;
	(void)id;
	(void)err;
	*out = fake.cert;
	return 0;
}

int
store_recognize(struct store *s, const unsigned char *der, size_t len,
    struct store_own_cert *own_cert, struct gh_error *err)
{
	(void)s;
	(void)der;
	(void)len;
	memset(own_cert, 0, sizeof(*own_cert));
	return gh_fail(err, GH_E_DB_DOWN, "not used");
}

int
store_change_status(struct store *s, const struct store_status_change *c,
    struct store_cert_status *out, struct gh_error *err)
{
	(void)s;
	assert_int_equal(c->version, fake.cert.version);
	fake.cert.version++;
	if (fake.other_is_faster) {
		fake.cert.state = STORE_CERT_REVOKED;
		*out = fake.cert;
		return gh_refuse(err, GH_E_CONFLICT, "another");
	}
	fake.changes++;
	fake.last = *c;
	fake.cert.state = c->to;
	fake.cert.reason = c->reason;
	*out = fake.cert;
	return 0;
}

/* ---- world ---- */
static struct gh_conf conf;
static char own[] = "own", none[] = "none";
static struct worker_env env;
static struct gh_error err;
static struct store_cert_status out;

static int
set_up(void **state)
{
	(void)state;
	fake_store_reset();
	memset(&fake, 0, sizeof(fake));
	fake.cert.id = 17;
	fake.cert.version = 3;
	fake.cert.not_before = gh_now() - 86400;
	fake.cert.not_after = gh_now() + 86400;
	strcpy(fake.cert.serial, "04D2");
	strcpy(fake.cert.requester, "alice");
	strcpy(fake.cert.requester_dn, "cn=alice,dc=example,dc=test");
	fake.cert.requester_kind = REQUESTER_DIRECTORY;
	conf.revocation.owner = own;
	env.conf = &conf;
	return 0;
}

static struct requester
officer(void)
{
	struct requester r = fake_requester("olga");

	r.roles = REQUESTER_ROLE_OFFICER;
	return r;
}

static int
ask(const struct requester *who, enum store_cert_state to, int reason)
{
	const struct revoke_request r = {.key = {.id = 17}, .to = to, .reason = reason};

	return revoke_set_status(env.store, env.conf, who, &r, &out, &err);
}

static int
ask_if(const char *if_match, enum store_cert_state to)
{
	const struct revoke_request r = {.key = {.id = 17}, .to = to, .if_match = if_match};
	const struct requester who = officer();

	return revoke_set_status(env.store, env.conf, &who, &r, &out, &err);
}

/* ---- who ---- */

static void
right__owner_for_what_is_his_to_know(void **state)
{
	static const bool may[REASON_MAX + 1] = {true, true, false, true, true, true};
	const struct requester alice = fake_requester("Alice");

	for (int reason = 0; reason <= REASON_MAX; reason++) {
		if (reason == REASON_REMOVE_FROM_CRL || revocation_reason_name(reason) == NULL)
			continue;
		set_up(state);
		assert_int_equal(ask(&alice, revoke_state_of(reason), reason),
		    may[reason] ? 0 : GH_E_FORBIDDEN);
		assert_int_equal(fake.changes, may[reason]);
		assert_int_equal(fake_store.audits, !may[reason]);
	}
	set_up(state);
	fake.cert.state = STORE_CERT_HOLD;
	assert_int_equal(ask(&alice, STORE_CERT_VALID, 0), GH_E_FORBIDDEN);
	conf.revocation.owner = none;
	assert_int_equal(ask(&alice, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	assert_non_null(strstr(err.message, "Ask"));
}

/* Where the directory tells no ids, names are all there is. */
static void
right__local_user_of_the_same_name(void **state)
{
	struct requester r = fake_requester("alice");

	(void)state;
	fake.cert.requester_kind = REQUESTER_EST_USER;
	fake.cert.requester_dn[0] = '\0';
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	assert_false(revoke_is_owner(&r, &fake.cert));
	r = (struct requester){.kind = REQUESTER_EST_USER, .name = "alice"};
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), 0);
	fake.cert.requester_kind = REQUESTER_NONE;
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
}

static void
right__not_by_name_alone(void **state)
{
	struct requester r = fake_requester("alice");

	(void)state;
	strcpy(r.dn, "cn=alice,ou=new,dc=example,dc=test"); /* an account that took over the name */
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	r = fake_requester("alice");
	r.kind = REQUESTER_ADMIN;
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	r = fake_requester("bob");
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	assert_false(revoke_is_owner(&r, &fake.cert));
	assert_false(revoke_sees_all(&r));
	r.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_AUDITOR;
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	assert_true(revoke_sees_all(&r));
	r.roles = REQUESTER_ROLE_AGENT;
	assert_false(revoke_sees_all(&r));
	r.roles |= REQUESTER_ROLE_OFFICER;
	assert_true(revoke_sees_all(&r));
	r = fake_requester("");
	fake.cert.requester[0] = '\0'; /* a certificate that nobody asked for, as a CA's own */
	assert_int_equal(ask(&r, STORE_CERT_REVOKED, 1), GH_E_FORBIDDEN);
	assert_int_equal(fake.changes, 0);
	assert_int_equal(fake_store.audits, 5);
	assert_non_null(strstr(fake_store.audit[0],
	    "cert.revoke-refused failure alice 04D2 keyCompromise, forbidden"));
}

/* Whoever has no right learns nothing of version and state. */
static void
right__comes_before_all_else(void **state)
{
	const struct revoke_request r = {.key = {.id = 17},
	    .to = STORE_CERT_REVOKED,
	    .if_match = "\"v1\""};
	const struct requester bob = fake_requester("bob");

	(void)state;
	fake.cert.state = STORE_CERT_REVOKED;
	assert_int_equal(revoke_set_status(env.store, env.conf, &bob, &r, &out, &err),
	    GH_E_FORBIDDEN);
}

/* ---- what ---- */

static void
if_match__forms(void **state)
{
	static const char *const match[] = {"*", "\"v3\"", "\"v1\", \"v3\"", "\"v1\",\"v3\"",
	    " \"v3\" "};
	static const char *const stale[] = {"", "\"v1\"", "\"v33\"", "v3", "W/\"v3\"", "\"v3",
	    "\"V3\"", "**"};

	for (size_t i = 0; i < sizeof(match) / sizeof(*match); i++) {
		set_up(state);
		assert_int_equal(ask_if(match[i], STORE_CERT_HOLD), 0);
	}
	set_up(state);
	for (size_t i = 0; i < sizeof(stale) / sizeof(*stale); i++)
		assert_int_equal(ask_if(stale[i], STORE_CERT_HOLD), GH_E_PRECONDITION);
	assert_int_equal(fake.changes, 0);
}

static void
if_match__a_weak_tag_is_told_from_a_stale_one(void **state)
{
	(void)state;
	assert_int_equal(ask_if("W/\"v3\"", STORE_CERT_HOLD), GH_E_PRECONDITION);
	assert_non_null(strstr(err.message, "weak"));
	assert_int_equal(ask_if("W/\"v2\"", STORE_CERT_HOLD), GH_E_PRECONDITION);
	assert_non_null(strstr(err.message, "has changed"));
}

static void
another_is_faster__412_with_if_match_else_409(void **state)
{
	const struct requester who = officer();

	fake.other_is_faster = true;
	assert_int_equal(ask_if("\"v3\"", STORE_CERT_REVOKED), GH_E_PRECONDITION);
	assert_int_equal(err.code, GH_E_PRECONDITION);
	set_up(state);
	fake.other_is_faster = true;
	assert_int_equal(ask(&who, STORE_CERT_REVOKED, 1), GH_E_CONFLICT);
	assert_int_equal(out.state, STORE_CERT_REVOKED);
}

static int
ask_date(enum store_cert_state to, int64_t date)
{
	const struct revoke_request r = {.key = {.id = 17}, .to = to, .invalidity_date = date};
	const struct requester who = officer();

	set_up(NULL);
	if (to == STORE_CERT_VALID)
		fake.cert.state = STORE_CERT_HOLD;
	return revoke_set_status(env.store, env.conf, &who, &r, &out, &err);
}

static void
dates__of_invalidity(void **state)
{
	int64_t now = gh_now();

	(void)state;
	assert_int_equal(ask_date(STORE_CERT_REVOKED, now), 0);
	assert_int_equal(ask_date(STORE_CERT_REVOKED, now + 30), 0);
	assert_int_equal(ask_date(STORE_CERT_REVOKED, now + 120), GH_E_VALIDATION);
	assert_int_equal(ask_date(STORE_CERT_REVOKED, now - 86400 + 60), 0);
	assert_int_equal(ask_date(STORE_CERT_REVOKED, now - 86400 - 60), GH_E_VALIDATION);
	assert_int_equal(ask_date(STORE_CERT_HOLD, now - 60), 0);
	assert_int_equal(ask_date(STORE_CERT_VALID, now - 60), GH_E_VALIDATION);
}

/* Doors check them, too; what a door forgets is not stored. */
static void
values__have_ranges(void **state)
{
	char longest[STORE_COMMENT_MAX + 2];
	const struct {
		struct revoke_request r;
		const char *message; /* NULL = accepted */
	} rows[] = {
	    {{.to = STORE_CERT_REVOKED, .reason = REASON_AA_COMPROMISE}, NULL},
	    {{.to = STORE_CERT_REVOKED, .reason = 11}, "11 is no reason to revoke for."},
	    {{.to = STORE_CERT_REVOKED, .reason = 7}, "7 is no reason to revoke for."},
	    {{.to = STORE_CERT_REVOKED, .reason = -1}, "-1 is no reason to revoke for."},
	    {{.to = STORE_CERT_REVOKED, .reason = REASON_CERTIFICATE_HOLD},
		"6 is no reason to revoke for."},
	    {{.to = STORE_CERT_REVOKED, .comment = "lost"}, NULL},
	    {{.to = STORE_CERT_REVOKED, .comment = "a\nb"},
		"A comment has at most 1024 characters, and no control characters."},
	    {{.to = STORE_CERT_REVOKED, .comment = longest},
		"A comment has at most 1024 characters, and no control characters."},
	    {{.to = STORE_CERT_REVOKED, .invalidity_date = -631152001},
		"The invalidity date is before 1950."},
	};
	const struct requester who = officer();

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct revoke_request r = rows[i].r;

		set_up(NULL);
		r.key.id = 17;
		assert_int_equal(revoke_set_status(env.store, env.conf, &who, &r, &out, &err),
		    rows[i].message != NULL ? GH_E_VALIDATION : 0);
		assert_int_equal(fake.changes, rows[i].message == NULL);
		if (rows[i].message != NULL)
			assert_string_equal(err.message, rows[i].message);
	}
}

static void
expired__is_revoked_but_not_held(void **state)
{
	const struct requester who = officer();

	(void)state;
	fake.cert.not_after = gh_now() - 60;
	assert_int_equal(ask(&who, STORE_CERT_HOLD, 6), GH_E_CONFLICT);
	assert_int_equal(ask(&who, STORE_CERT_REVOKED, 1), 0);
}

static void
not_found__is_audited_by_what_was_named(void **state)
{
	const struct revoke_request r = {.key = {.serial = "FF\n"}, .to = STORE_CERT_REVOKED};
	const struct requester who = officer();

	(void)state;
	assert_int_equal(revoke_set_status(env.store, env.conf, &who, &r, &out, &err),
	    GH_E_NOT_FOUND);
	assert_non_null(strstr(fake_store.audit[0],
	    "cert.revoke-refused failure olga FF? unspecified, not_found"));
}

static void
comment__characters_not_bytes(void **state)
{
	char text[2 * STORE_COMMENT_MAX + 3] = "";

	(void)state;
	for (int i = 0; i < STORE_COMMENT_MAX; i++)
		strcat(text, "\303\274");
	assert_true(revoke_comment_is_valid(text));
	strcat(text, "x");
	assert_false(revoke_comment_is_valid(text));
	assert_false(revoke_comment_is_valid("a\tb"));
	assert_false(revoke_comment_is_valid("a\x7f"));
	assert_false(revoke_comment_is_valid("\xc3"));
	assert_true(revoke_comment_is_valid(""));
}

static void
date__forms(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} good[] = {
	    {"2020-5-5", 1588636800},
	    {"2020-05-05", 1588636800},
	    {"2020-05-05T00:00:01Z", 1588636801},
	    {"2020-02-29", 1582934400},
	    {"1950-1-1", -631152000},
	    {"05/05/2020 00:00:00", 1588636800},
	};
	static const char *const bad[] = {
	    "",
	    "x",
	    "2020-13-1",
	    "2019-2-29",
	    "2020-0-1",
	    "2020-1-0",
	    "2020-1-1x",
	    "2020-1",
	    " 2020-1-1",
	    "-2020-1-1",
	    "2020--1-1",
	    "2020-1--1",
	    "1900-1-1",
	    "1949-12-31T23:59:59Z",
	    "20201-1-1",
	    "2020-5- 5",
	};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!revoke_date_parse(good[i].text, &t) || t != good[i].t)
			fail_msg("%s", good[i].text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (revoke_date_parse(bad[i], &t) || t != 0)
			fail_msg("%s", bad[i]);
}

/* ---- Keyfactor's body ---- */

static int
parse(const char *text, struct ce_revoke *r)
{
	return ce_revoke_parse(text, strlen(text), r, &err);
}

#define SERIAL \
	"\"Lookup\":{\"Type\":\"Serial\",\"SerialNumber\":\"4D2\",\"IssuerDN\":\"CN=a,DC=b\"}"

static void
keyfactor__body(void **state)
{
	struct ce_revoke r;

	(void)state;
	assert_int_equal(
	    parse("{" SERIAL
		  ",\"Details\":{\"Reason\":4,\"EffectiveDate\":\"2020-5-5\",\"Comment\":\"\"}}",
		&r),
	    0);
	assert_string_equal(r.request.key.serial, "4D2");
	assert_string_equal(r.request.key.issuer_dn, "CN=a,DC=b");
	assert_null(r.request.key.thumbprint);
	assert_int_equal(r.request.reason, 4);
	assert_int_equal(r.request.to, STORE_CERT_REVOKED);
	assert_int_equal(r.effective, 1588636800);
	ce_revoke_clear(&r);
	assert_int_equal(
	    parse(
		"{\"details \":{},\"LOOKUP\":{\"thumbprint\":\"AB\",\"type\":\"thumbprint\",\"x\":[1]}}",
		&r),
	    0);
	assert_string_equal(r.request.key.thumbprint, "AB");
	assert_int_equal(r.request.reason, 0);
	assert_int_equal(r.effective, 0);
	ce_revoke_clear(&r);
}

static void
keyfactor__reasons(void **state)
{
	static const struct {
		const char *text;
		int reason;
		enum store_cert_state to;
	} rows[] = {
	    {"0", 0, STORE_CERT_REVOKED},
	    {"\"1\"", 1, STORE_CERT_REVOKED},
	    {"6", 6, STORE_CERT_HOLD},
	    {"-1", 8, STORE_CERT_VALID},
	    {"\"-1\"", 8, STORE_CERT_VALID},
	    {"7", 8, STORE_CERT_VALID},
	    {"8", 8, STORE_CERT_VALID},
	    {"10", 10, STORE_CERT_REVOKED},
	    {"null", 0, STORE_CERT_REVOKED},
	    {"\"KeyCompromise\"", 1, STORE_CERT_REVOKED},
	};
	static const char *const bad[] = {"11", "-2", "true", "1.5", "[]", "\"\"", "\"x\"",
	    "4294967296"};
	char text[256];
	struct ce_revoke r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "{" SERIAL ",\"Details\":{\"Reason\":%s}}",
		    rows[i].text);
		if (parse(text, &r) != 0 || r.request.reason != rows[i].reason ||
		    r.request.to != rows[i].to)
			fail_msg("%s: %d", rows[i].text, r.request.reason);
		ce_revoke_clear(&r);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "{" SERIAL ",\"Details\":{\"Reason\":%s}}", bad[i]);
		if (parse(text, &r) != GH_E_BAD_REQUEST)
			fail_msg("%s", bad[i]);
		ce_revoke_clear(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(right__owner_for_what_is_his_to_know, set_up),
	    cmocka_unit_test_setup(right__local_user_of_the_same_name, set_up),
	    cmocka_unit_test_setup(right__not_by_name_alone, set_up),
	    cmocka_unit_test_setup(right__comes_before_all_else, set_up),
	    cmocka_unit_test_setup(if_match__forms, set_up),
	    cmocka_unit_test_setup(if_match__a_weak_tag_is_told_from_a_stale_one, set_up),
	    cmocka_unit_test_setup(another_is_faster__412_with_if_match_else_409, set_up),
	    cmocka_unit_test_setup(dates__of_invalidity, set_up),
	    cmocka_unit_test_setup(values__have_ranges, set_up),
	    cmocka_unit_test_setup(expired__is_revoked_but_not_held, set_up),
	    cmocka_unit_test_setup(not_found__is_audited_by_what_was_named, set_up),
	    cmocka_unit_test_setup(comment__characters_not_bytes, set_up),
	    cmocka_unit_test_setup(date__forms, set_up),
	    cmocka_unit_test_setup(keyfactor__body, set_up),
	    cmocka_unit_test_setup(keyfactor__reasons, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
