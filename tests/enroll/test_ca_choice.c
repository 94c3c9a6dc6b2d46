/* Which CA serves a request: a table of cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "ca_choice.h"

#define DAY 86400L

/* --- the CAs ---------------------------------------------------------------------------------- */

static unsigned char key[1];
static char *hr_only[] = {(char *)"pki-hr", (char *)"S-1-5-21-7", NULL};
static char *all_people[] = {(char *)"*", NULL};

static struct ca cas[] = {
    {.id = 1, .name = (char *)"away", .state = CA_ACTIVE, .chain = {.n = 2}},
    {.id = 2,
	.name = (char *)"hr",
	.sealed = key,
	.state = CA_ACTIVE,
	.chain = {.n = 2},
	.groups = hr_only},
    {.id = 3, .name = (char *)"issuing", .sealed = key, .state = CA_ACTIVE, .chain = {.n = 2}},
    {.id = 4,
	.name = (char *)"locked",
	.sealed = key,
	.state = CA_ACTIVE,
	.chain = {.n = 2},
	.protection = CA_KEY_PASSWORD},
    {.id = 5, .name = (char *)"mobile", .sealed = key, .state = CA_ACTIVE, .chain = {.n = 2}},
    {.id = 6, .name = (char *)"mobile@1", .sealed = key, .state = CA_SUPERSEDED, .chain = {.n = 2}},
    {.id = 7, .name = (char *)"old", .sealed = key, .state = CA_ACTIVE, .chain = {.n = 2}},
    {.id = 8,
	.name = (char *)"open",
	.sealed = key,
	.state = CA_ACTIVE,
	.chain = {.n = 2},
	.protection = CA_KEY_PASSWORD,
	.groups = all_people},
    {.id = 9, .name = (char *)"root", .sealed = key, .state = CA_ACTIVE, .chain = {.n = 1}},
    {.id = 10, .name = (char *)"stopped", .sealed = key, .state = CA_DISABLED, .chain = {.n = 2}},
    {.id = 11, .name = (char *)"young", .sealed = key, .state = CA_ACTIVE, .chain = {.n = 2}},
};
#define CAS (sizeof(cas) / sizeof(cas[0]))

static int
make_cas(void **state)
{
	(void)state;
	for (size_t i = 0; i < CAS; i++) {
		long from = strcmp(cas[i].name, "young") == 0 ? DAY : -DAY * 10;
		long to = strcmp(cas[i].name, "old") == 0 ? -DAY : DAY * 10;

		cas[i].cert = X509_new();
		assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cas[i].cert), from));
		assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cas[i].cert), to));
	}
	return 0;
}

static int
free_cas(void **state)
{
	(void)state;
	for (size_t i = 0; i < CAS; i++)
		X509_free(cas[i].cert);
	return 0;
}

/* Only those that are named, "" for all; sorted by name, as ca_set_load leaves them. */
static struct ca_set
set_of(const char *names, struct ca **place)
{
	struct ca_set set = {.ca = place};

	for (size_t i = 0; i < CAS; i++) {
		char word[32];

		snprintf(word, sizeof(word), " %s ", cas[i].name);
		if (*names == '\0' || strstr(names, word) != NULL)
			place[set.n++] = &cas[i];
	}
	return set;
}

/* --- who asks --------------------------------------------------------------------------------- */

static int asked; /* how often: is it locked? */

static int
is_locked(void *arg, const struct ca *ca, bool *out, struct gh_error *err)
{
	asked++;
	*out = strcmp(ca->name, "locked") == 0;
	return arg != NULL ? gh_fail(err, GH_E_SIGNER_DOWN, "told to fail") : 0;
}

static struct dir_entry *
person(const char *group, const char *mail, bool is_shared)
{
	struct dir_entry *e = dir_entry_new();

	assert_non_null(e);
	if (group != NULL)
		assert_int_equal(dir_entry_add_group(e, strchr(group, '=') != NULL ? group : NULL,
				     strchr(group, '=') == NULL ? group : NULL, NULL),
		    0);
	assert_int_equal(dir_entry_add_group(e, NULL, NULL, "S-1-5-21-500"), 0);
	if (mail != NULL)
		assert_int_equal(dir_entry_add(e, DIR_MAIL, mail, strlen(mail)), 0);
	e->mail_is_shared = is_shared;
	return e;
}

/* --- cases ------------------------------------------------------------------------------------ */

#define RULE(name, priority, ca, more) \
	"{\"id\":1,\"name\":\"" name "\",\"priority\":" #priority ",\"ca\":\"" ca "\"" more "}"

static const struct {
	const char *what;
	const char *rules;
	/* the request */
	const char *tenant, *purpose, *address, *template_name, *group, *mail;
	bool mail_is_shared, has_no_entry;
	const char *asked_for;
	const char *app_ca; /* of the application; NULL: by rule */
	const char *only;   /* the CAs that there are; NULL: all */
	/* the answer */
	int rc;
	const char *ca, *rule;
	const char *message; /* is in it */
} rows[] = {
    /* the application names it */
    {"named", RULE("r", 1, "mobile", ""), .app_ca = "issuing", .ca = "issuing"},
    {"named in another case", "", .app_ca = "ISSUING", .ca = "issuing"},
    {"a named root: the administrator chose it", "", .app_ca = "root", .ca = "root"},
    {"a named CA with a password: the signature will tell", "", .app_ca = "locked", .ca = "locked"},
    {"named, disabled", "", .app_ca = "stopped", .rc = GH_E_CA_UNAVAILABLE},
    {"named, without a key here", "", .app_ca = "away", .rc = GH_E_CA_UNAVAILABLE},
    {"named, expired", "", .app_ca = "old", .rc = GH_E_CA_UNAVAILABLE},
    {"named, not yet valid", "", .app_ca = "young", .rc = GH_E_CA_UNAVAILABLE},
    {"named, unknown", "", .app_ca = "nothing", .rc = GH_E_CA_UNAVAILABLE},
    {"named, for others", "", .app_ca = "hr", .rc = GH_E_DENIED, .message = "not for you"},
    {"named, for him by name", "", .app_ca = "hr", .group = "PKI-HR", .ca = "hr"},
    {"named, for others, and he has no entry", "", .app_ca = "hr", .has_no_entry = true,
	.rc = GH_E_DENIED},
    {"named, for everybody, and he has no entry", "", .app_ca = "open", .has_no_entry = true,
	.ca = "open"},
    /* no rule at all */
    {"the only one", "", .only = " issuing root stopped ", .ca = "issuing"},
    {"the only one is for others", "", .only = " hr root ", .rc = GH_E_DENIED,
	.message = "not for you"},
    {"the only one has expired", "", .only = " old root ", .rc = GH_E_CA_UNAVAILABLE},
    {"several and no rule", "", .only = " issuing mobile root ", .rc = GH_E_CA_UNAVAILABLE},
    {"roots only", "", .only = " root ", .rc = GH_E_CA_UNAVAILABLE},
    /* each criterion: holds, and does not */
    {"no criterion", RULE("r", 1, "mobile", ""), .ca = "mobile", .rule = "r"},
    {"no criterion, no entry", RULE("r", 1, "mobile", ""), .has_no_entry = true, .ca = "mobile",
	.rule = "r"},
    {"null is no criterion", RULE("r", 1, "mobile", ",\"tenant\":null,\"group\":null"),
	.ca = "mobile", .rule = "r"},
    {"tenant", RULE("r", 1, "mobile", ",\"tenant\":\"north\""), .tenant = "North", .ca = "mobile",
	.rule = "r"},
    {"another tenant", RULE("r", 1, "mobile", ",\"tenant\":\"north\""), .tenant = "northern",
	.rc = GH_E_DENIED},
    {"no tenant", RULE("r", 1, "mobile", ",\"tenant\":\"north\""), .rc = GH_E_DENIED,
	.message = "No rule"},
    {"purpose", RULE("r", 1, "mobile", ",\"purpose\":\"server_auth\""), .purpose = "server_auth",
	.ca = "mobile", .rule = "r"},
    {"another purpose", RULE("r", 1, "mobile", ",\"purpose\":\"server_auth\""),
	.purpose = "client_auth", .rc = GH_E_DENIED},
    {"template", RULE("r", 1, "mobile", ",\"template\":\"Web\""), .template_name = "WEB",
	.ca = "mobile", .rule = "r"},
    {"another template", RULE("r", 1, "mobile", ",\"template\":\"Web\""), .template_name = "Web2",
	.rc = GH_E_DENIED},
    {"network", RULE("r", 1, "mobile", ",\"network\":\"10.1.0.0/16\""), .address = "10.1.2.3",
	.ca = "mobile", .rule = "r"},
    {"network, an IPv4-mapped address", RULE("r", 1, "mobile", ",\"network\":\"10.1.0.0/16\""),
	.address = "::ffff:10.1.2.3", .ca = "mobile", .rule = "r"},
    {"one of several networks",
	RULE("r", 1, "mobile", ",\"network\":\"10.1.0.0/16 2001:db8::/32\""),
	.address = "2001:DB8:1::9", .ca = "mobile", .rule = "r"},
    {"another network", RULE("r", 1, "mobile", ",\"network\":\"10.1.0.0/16\""),
	.address = "10.2.2.3", .rc = GH_E_DENIED},
    {"IPv6 that looks like it", RULE("r", 1, "mobile", ",\"network\":\"10.1.0.0/16\""),
	.address = "::10.1.2.3", .rc = GH_E_DENIED},
    {"no address", RULE("r", 1, "mobile", ",\"network\":\"0.0.0.0/0\""), .address = "",
	.rc = GH_E_DENIED},
    {"what is no address", RULE("r", 1, "mobile", ",\"network\":\"::/0\""), .address = "10.1.2.3 ",
	.rc = GH_E_DENIED},
    {"group by name", RULE("r", 1, "mobile", ",\"group\":\"pki-mobile\""), .group = "PKI-Mobile",
	.ca = "mobile", .rule = "r"},
    {"group by DN", RULE("r", 1, "mobile", ",\"group\":\"cn=m,dc=x\""), .group = "CN=M, DC=X",
	.ca = "mobile", .rule = "r"},
    {"group by SID", RULE("r", 1, "mobile", ",\"group\":\"S-1-5-21-500\""), .ca = "mobile",
	.rule = "r"},
    {"everybody", RULE("r", 1, "mobile", ",\"group\":\"*\""), .has_no_entry = true, .ca = "mobile",
	.rule = "r"},
    {"another group", RULE("r", 1, "mobile", ",\"group\":\"pki-mobile\""), .group = "pki-mobiles",
	.rc = GH_E_DENIED},
    {"a group, and no entry", RULE("r", 1, "mobile", ",\"group\":\"pki-mobile\""),
	.has_no_entry = true, .rc = GH_E_DENIED},
    {"mail", RULE("r", 1, "mobile", ",\"email_domain\":\"Corp.example\""), .mail = "a@CORP.example",
	.ca = "mobile", .rule = "r"},
    {"mail below", RULE("r", 1, "mobile", ",\"email_domain\":\".corp.example\""),
	.mail = "a@x.corp.example", .ca = "mobile", .rule = "r"},
    {"mail beyond ASCII", RULE("r", 1, "mobile", ",\"email_domain\":\"m\u00fcnchen.example\""),
	.mail = "a@xn--mnchen-3ya.example", .ca = "mobile", .rule = "r"},
    {"another domain", RULE("r", 1, "mobile", ",\"email_domain\":\"corp.example\""),
	.mail = "a@evil-corp.example", .rc = GH_E_DENIED},
    {"mail that somebody else has, too",
	RULE("r", 1, "mobile", ",\"email_domain\":\"corp.example\""), .mail = "a@corp.example",
	.mail_is_shared = true, .rc = GH_E_DENIED},
    {"no mail", RULE("r", 1, "mobile", ",\"email_domain\":\"corp.example\""), .rc = GH_E_DENIED},
    {"one of two criteria",
	RULE("r", 1, "mobile", ",\"tenant\":\"north\",\"purpose\":\"server_auth\""),
	.tenant = "north", .rc = GH_E_DENIED},
    /* which of several */
    {"the lowest first", RULE("b", 20, "mobile", "") "," RULE("a", 3, "issuing", ""),
	.ca = "issuing", .rule = "a"},
    {"the first that holds",
	RULE("a", 1, "mobile", ",\"tenant\":\"x\"") "," RULE("b", 2, "issuing", ""),
	.ca = "issuing", .rule = "b"},
    {"a tie", RULE("a", 1, "mobile", "") "," RULE("b", 1, "issuing", ""), .rc = GH_E_CA_UNAVAILABLE,
	.message = "rules a and b have the same priority"},
    {"a tie below the one that decides",
	RULE("a", 1, "mobile", "") "," RULE("b", 2, "issuing", "") "," RULE("c", 2, "hr", ""),
	.ca = "mobile", .rule = "a"},
    {"two of one priority, one CA", RULE("b", 1, "mobile", "") "," RULE("a", 1, "MOBILE", ""),
	.ca = "mobile", .rule = "a"},
    {"two of one priority, one holds",
	RULE("a", 1, "mobile", "") "," RULE("b", 1, "issuing", ",\"tenant\":\"x\""), .ca = "mobile",
	.rule = "a"},
    {"two of one priority, one can be used",
	RULE("a", 1, "stopped", "") "," RULE("b", 1, "issuing", ""), .ca = "issuing", .rule = "b"},
    /* passed over, and what is said when none is left */
    {"a root is passed over", RULE("a", 1, "root", "") "," RULE("b", 2, "issuing", ""),
	.ca = "issuing", .rule = "b"},
    {"a disabled one", RULE("a", 1, "stopped", "") "," RULE("b", 2, "issuing", ""), .ca = "issuing",
	.rule = "b"},
    {"an expired one", RULE("a", 1, "old", "") "," RULE("b", 2, "issuing", ""), .ca = "issuing",
	.rule = "b"},
    {"one that is not yet valid", RULE("a", 1, "young", "") "," RULE("b", 2, "issuing", ""),
	.ca = "issuing", .rule = "b"},
    {"one without a key here", RULE("a", 1, "away", "") "," RULE("b", 2, "issuing", ""),
	.ca = "issuing", .rule = "b"},
    {"a locked one", RULE("a", 1, "locked", "") "," RULE("b", 2, "issuing", ""), .ca = "issuing",
	.rule = "b"},
    {"one with a password that is not locked",
	RULE("a", 1, "open", "") "," RULE("b", 2, "issuing", ""), .ca = "open", .rule = "a"},
    {"one for others", RULE("a", 1, "hr", "") "," RULE("b", 2, "issuing", ""), .ca = "issuing",
	.rule = "b"},
    {"one that does not exist", RULE("a", 1, "gone", "") "," RULE("b", 2, "issuing", ""),
	.ca = "issuing", .rule = "b"},
    {"only a root", RULE("a", 1, "root", ""), .rc = GH_E_CA_UNAVAILABLE,
	.message = "rule a: its CA root is a root"},
    {"only a disabled one", RULE("a", 1, "stopped", ""), .rc = GH_E_CA_UNAVAILABLE,
	.message = "stopped is disabled"},
    {"only an expired one", RULE("a", 1, "old", ""), .rc = GH_E_CA_UNAVAILABLE,
	.message = "old has expired"},
    {"only a locked one", RULE("a", 1, "locked", ""), .rc = GH_E_CA_LOCKED,
	.message = "locked is locked"},
    {"locked and disabled", RULE("a", 1, "locked", "") "," RULE("b", 2, "stopped", ""),
	.rc = GH_E_CA_LOCKED, .message = "b: its CA stopped"},
    {"only one for others, whose name is not told", RULE("a", 1, "hr", ""), .rc = GH_E_DENIED,
	.message = "rule a: its CA is not for this requester"},
    {"only one that does not exist", RULE("a", 1, "gone", ""), .rc = GH_E_CA_UNAVAILABLE,
	.message = "rule a: its CA is not for this requester"},
    /* a renewal with a new key moves the name: the new row has it, the old one is NAME@1 */
    {"renewed: the rule follows the name", RULE("a", 1, "mobile", ""), .ca = "mobile", .rule = "a"},
    {"the superseded key is chosen by no rule",
	RULE("a", 1, "mobile@1", "") "," RULE("b", 2, "issuing", ""), .ca = "issuing", .rule = "b"},
    /* a rule that cannot be read stops all */
    {"unreadable",
	RULE("a", 1, "mobile", "") "," RULE("b", 2, "issuing", ",\"network\":\"10.0.0.0/99\""),
	.rc = GH_E_CA_UNAVAILABLE},
    {"unreadable, but the application names it", RULE("b", -1, "issuing", ""), .app_ca = "mobile",
	.ca = "mobile"},
    /* asked for */
    {"asked for by name", RULE("a", 1, "mobile", ""), .asked_for = "Issuing", .ca = "issuing"},
    {"asked for by number", RULE("a", 1, "mobile", ""), .asked_for = "3", .ca = "issuing"},
    {"asked for, and the rules say nothing of it", "", .asked_for = "mobile", .ca = "mobile"},
    {"asked for, for others", "", .asked_for = "hr", .rc = GH_E_DENIED,
	.message = "no certification authority of this name"},
    {"asked for, for him", "", .asked_for = "hr", .group = "pki-hr", .ca = "hr"},
    {"asked for, unknown", "", .asked_for = "nothing", .rc = GH_E_DENIED,
	.message = "no certification authority of this name"},
    {"asked for, no number", "", .asked_for = "3x", .rc = GH_E_DENIED},
    {"asked for, a number beyond", "", .asked_for = "99999999999999999999", .rc = GH_E_DENIED},
    {"asked for, a root", "", .asked_for = "root", .rc = GH_E_DENIED,
	.message = "no certification authority of this name"},
    {"asked for, disabled", "", .asked_for = "stopped", .rc = GH_E_CA_UNAVAILABLE},
    {"asked for, expired", "", .asked_for = "old", .rc = GH_E_CA_UNAVAILABLE},
    {"asked for, with a password: the signature will tell", "", .asked_for = "locked",
	.ca = "locked"},
    {"asked for, the application's", "", .asked_for = "issuing", .app_ca = "issuing",
	.ca = "issuing"},
    {"asked for, not the application's", "", .asked_for = "mobile", .app_ca = "issuing",
	.rc = GH_E_DENIED, .message = "no certification authority of this name"},
};

static void
load_rules(const char *text, struct ca_rules *out)
{
	char json[2048];
	gh_json *list;

	snprintf(json, sizeof(json), "[%s]", text);
	if (gh_json_parse(json, strlen(json), GH_JSON_STRICT, &list, NULL) != 0)
		fail_msg("%s", json);
	assert_int_equal(ca_rules_load(list, out, NULL), 0);
	gh_json_free(list);
}

static void
try_row(size_t i)
{
	struct enroll_profile p = {.name = (char *)"application test",
	    .ca_by = rows[i].app_ca != NULL ? PROFILE_CA_NAMED : PROFILE_CA_BY_RULE,
	    .ca_name = (char *)(uintptr_t)rows[i].app_ca};
	struct dir_entry *e = rows[i].has_no_entry
	    ? NULL
	    : person(rows[i].group, rows[i].mail, rows[i].mail_is_shared);
	struct ca_question q = {.tenant = rows[i].tenant,
	    .purpose = rows[i].purpose,
	    .email = ca_choice_mail(e),
	    .address = rows[i].address,
	    .entry = e,
	    .template_name = rows[i].template_name,
	    .ca_name = rows[i].asked_for,
	    .is_locked = is_locked};
	struct ca *place[CAS];
	struct catalog c = {.cas = set_of(rows[i].only != NULL ? rows[i].only : "", place)};
	struct ca_choice choice = {&cas[0], NULL};
	struct gh_error err = {0};
	int rc;

	load_rules(rows[i].rules, &c.rules);
	rc = ca_choose(&c, &p, &q, &choice, &err);
	if (rc != rows[i].rc)
		fail_msg("%s: %d %s %s", rows[i].what, rc, err.message, err.detail);
	if (rc != 0)
		assert_true(choice.ca == NULL && choice.rule == NULL && rows[i].ca == NULL);
	else
		assert_string_equal(choice.ca->name, rows[i].ca);
	if (rows[i].rule != NULL)
		assert_string_equal(choice.rule->name, rows[i].rule);
	else
		assert_null(choice.rule);
	if (rows[i].message != NULL && strstr(err.message, rows[i].message) == NULL)
		fail_msg("%s: %s", rows[i].what, err.message);
	ca_rules_clear(&c.rules);
	dir_entry_free(e);
}

static void
choice__cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(i);
}

/* What may not be known of a CA: the answers for one that does not exist and one that is for others
 * are the same to the byte. */
static void
choice__unknown_and_not_permitted_are_one_answer(void **state)
{
	static const char *const names[] = {"hr", "nothing", "2", "77", "root"};
	struct enroll_profile p = {.ca_by = PROFILE_CA_BY_RULE};
	struct dir_entry *e = person(NULL, NULL, false);
	struct ca *place[CAS];
	struct catalog c = {.cas = set_of("", place)};
	char first[256] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ca_question q = {.entry = e, .ca_name = names[i]};
		struct ca_choice choice;
		struct gh_error err;

		assert_int_equal(ca_choose(&c, &p, &q, &choice, &err), GH_E_DENIED);
		if (i == 0)
			snprintf(first, sizeof(first), "%s", err.message);
		assert_string_equal(err.message, first);
		assert_non_null(strstr(err.detail, names[i]));
	}
	dir_entry_free(e);
}

/* The signer is asked for CAs with a password whose rule holds and decides, and for no others. */
static void
choice__locked_is_asked_only_where_it_matters(void **state)
{
	static const struct {
		const char *rules, *app_ca;
		int times;
	} cases[] = {
	    {"", "locked", 0},
	    {RULE("a", 1, "issuing", "") "," RULE("b", 2, "locked", ""), NULL, 0},
	    {RULE("a", 1, "locked", ",\"tenant\":\"x\"") "," RULE("b", 2, "issuing", ""), NULL, 0},
	    {RULE("a", 1, "locked", "") "," RULE("b", 2, "issuing", ""), NULL, 1},
	    {RULE("a", 1, "open", "") "," RULE("b", 1, "open", ""), NULL, 1},
	};
	struct dir_entry *e = person(NULL, NULL, false);
	struct ca *place[CAS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct enroll_profile p = {.ca_by = cases[i].app_ca != NULL ? PROFILE_CA_NAMED
									    : PROFILE_CA_BY_RULE,
		    .ca_name = (char *)(uintptr_t)cases[i].app_ca};
		struct ca_question q = {.entry = e, .is_locked = is_locked};
		struct catalog c = {.cas = set_of("", place)};
		struct ca_choice choice;

		load_rules(cases[i].rules, &c.rules);
		asked = 0;
		assert_int_equal(ca_choose(&c, &p, &q, &choice, NULL), 0);
		assert_int_equal(asked, cases[i].times);
		ca_rules_clear(&c.rules);
	}
	dir_entry_free(e);
}

/* A signer that does not answer: nothing is chosen that might be another one a moment later. */
static void
choice__signer_is_down(void **state)
{
	struct enroll_profile p = {.ca_by = PROFILE_CA_BY_RULE};
	struct dir_entry *e = person(NULL, NULL, false);
	struct ca_question q = {.entry = e, .is_locked = is_locked, .arg = &p};
	struct ca *place[CAS];
	struct catalog c = {.cas = set_of("", place)};
	struct ca_choice choice;

	(void)state;
	load_rules(RULE("a", 1, "locked", "") "," RULE("b", 2, "issuing", ""), &c.rules);
	assert_int_equal(ca_choose(&c, &p, &q, &choice, NULL), GH_E_SIGNER_DOWN);
	assert_null(choice.ca);
	ca_rules_clear(&c.rules);
	dir_entry_free(e);
}

static void
rule__that_cannot_be(void **state)
{
	static const char *const wrong[] = {
	    "{\"priority\":1,\"ca\":\"a\"}",
	    "{\"name\":\"\",\"priority\":1,\"ca\":\"a\"}",
	    "{\"name\":\"r\",\"priority\":1}",
	    "{\"name\":\"r\",\"ca\":\"a\"}",
	    RULE("r", -1, "a", ""),
	    RULE("r", 1000001, "a", ""),
	    RULE("r", 1, "a", ",\"tenant\":\"\""),
	    RULE("r", 1, "a", ",\"tenant\":7"),
	    RULE("r", 1, "a", ",\"tenant\":\"a\\nb\""),
	    RULE("r", 1, "a", ",\"purpose\":\"serverAuth\""),
	    RULE("r", 1, "a", ",\"email_domain\":\"a@corp.example\""),
	    RULE("r", 1, "a", ",\"email_domain\":\"corp..example\""),
	    RULE("r", 1, "a", ",\"email_domain\":\".\""),
	    RULE("r", 1, "a", ",\"network\":\"10.0.0.0/33\""),
	    RULE("r", 1, "a", ",\"network\":\"corp.example\""),
	    RULE("r", 1, "a", ",\"network\":\" \""),
	    RULE("r", 1, "a", ",\"group\":[\"a\"]"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ca_rule r;
		struct gh_error err;
		gh_json *row;

		if (gh_json_parse(wrong[i], strlen(wrong[i]), GH_JSON_STRICT, &row, NULL) != 0)
			fail_msg("%s", wrong[i]);
		if (ca_rule_load(row, &r, &err) != GH_E_CONF)
			fail_msg("taken: %s", wrong[i]);
		assert_null(r.name);
		gh_json_free(row);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(choice__cases),
	    cmocka_unit_test(choice__unknown_and_not_permitted_are_one_answer),
	    cmocka_unit_test(choice__locked_is_asked_only_where_it_matters),
	    cmocka_unit_test(choice__signer_is_down),
	    cmocka_unit_test(rule__that_cannot_be),
	};

	return cmocka_run_group_tests(tests, make_cas, free_cas);
}
