/* Words of mails: each event in each language; what people write into values; templates of the
 * operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify/mail.h"
#include "notify/mail_data.h"
#include "notify/mail_template.h"

static char folder[] = "/tmp/test-mail.XXXXXX";
static char no_text[] = "";
static struct gh_error err;
static struct gh_conf conf;
static const struct worker_env env = {.conf = &conf};
static struct recipient alice = {.address = (char *)"alice@example.test",
    .name = (char *)"Alice <b>\r\nBcc: x@example.test",
    .language = (char *)"en"};

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	conf.notify.url = no_text;
	conf.notify.templates = no_text;
	conf.notify.language = (char *)"de";
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
compose(const struct notification *n, const char *language, struct notify_mail *out)
{
	struct recipient to = alice;

	to.language = (char *)(uintptr_t)language;
	assert_int_equal(notify_compose(&env, n, &to, out, &err), 0);
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in\n%s", part, text);
}

static void
has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" is in\n%s", part, text);
}

static void
mail__of_each_event_in_each_language(void **state)
{
	const struct words *w;
	struct notify_mail m;
	struct notification n;
	const char *event;

	(void)state;
	for (size_t k = 0; (w = words_at(k)) != NULL; k++) {
		for (size_t i = 0; (event = mail_sample_event(i)) != NULL; i++) {
			assert_int_equal(mail_sample(event, NULL, &n, &err), 0);
			compose(&n, words_language(w), &m);
			/* neither a text that is not there nor the one for unknown events */
			has_not(m.subject, "mail_");
			has_not(m.text, "mail_");
			has_not(m.html, "mail_");
			has_not(m.subject, event);
			has(m.text, event);
			has(m.text, "2027-01-01 00:00:00 UTC");
			assert_null(strpbrk(m.subject, "\r\n"));
			has_not(m.text, "T00:00:00Z");
			notify_mail_clear(&m);
			notification_clear(&n);
		}
		assert_true(k < 10);
	}
	assert_int_equal(mail_sample("no.event", NULL, &n, &err), GH_E_NOT_FOUND);
}

static void
mail__in_the_language_of_the_recipient(void **state)
{
	static const char *const languages[][2] = {{"en", "Hello"}, {"de", "Guten Tag"},
	    {"de-AT", "Guten Tag"}, {"", "Guten Tag"}, {"tlh", "Guten Tag"}};
	struct notification n;
	struct notify_mail m;

	(void)state;
	assert_int_equal(mail_sample("request.approved", NULL, &n, &err), 0);
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		compose(&n, languages[i][0], &m);
		has(m.text, languages[i][1]);
		notify_mail_clear(&m);
	}
	notification_clear(&n);
}

/* Each value is somebody's who wants to say more than it. */
static void
mail__values_stay_values(void **state)
{
	static const char evil[] =
	    "</td><script>alert(1)</script>\r\nBcc: eve@example.test\r\n\r\n\xe2\x80\xae\"'&{{fact.request}}";
	const char *event;
	struct notify_mail m;
	struct notification n;
	size_t lines;

	(void)state;
	for (size_t i = 0; (event = mail_sample_event(i)) != NULL; i++) {
		gh_json *facts = gh_json_new_object();

		assert_int_equal(mail_sample(event, NULL, &n, &err), 0);
		compose(&n, "en", &m);
		lines = 0;
		for (const char *c = m.text; *c != '\0'; c++)
			lines += *c == '\n';
		notify_mail_clear(&m);
		for (void *it = gh_json_iter(n.facts); it != NULL; it = gh_json_next(n.facts, it))
			assert_int_equal(gh_json_set_string(facts, gh_json_iter_name(it), evil), 0);
		gh_json_free(n.facts);
		n.facts = facts;
		compose(&n, "en", &m);
		for (const char *c = m.text; *c != '\0'; c++)
			lines -= *c == '\n';
		assert_int_equal(lines, 0);
		assert_null(strpbrk(m.subject, "\r\n"));
		assert_null(strchr(m.text, '\r'));
		has_not(m.html, "<script");
		has_not(m.html, "<b>");
		has(m.html, "&lt;script&gt;");
		has_not(m.html, "\xe2\x80\xae");
		has_not(m.text, "\xe2\x80\xae");
		notify_mail_clear(&m);
		notification_clear(&n);
	}
}

/* Nobody writes to strangers by way of us: what he can choose is not shown to an address that he
 * gave. */
static void
mail__nothing_of_his_own_words_for_strangers(void **state)
{
	const struct recipient stranger = {alice.address, no_text, alice.language};
	struct notification n;
	struct notify_mail m;
	const char *event;

	(void)state;
	for (size_t i = 0; (event = mail_sample_event(i)) != NULL; i++) {
		assert_int_equal(mail_sample(event, "address", &n, &err), 0);
		for (size_t k = 0; k < 4; k++)
			assert_int_equal(gh_json_set_string(n.facts,
					     ((const char *[]){"subject", "comment", "message",
						 "client_id"})[k],
					     "call 555"),
			    0);
		assert_int_equal(gh_json_set_string(n.facts, "metadata", "call 555"), 0);
		assert_int_equal(notify_compose(&env, &n, &stranger, &m, &err), 0);
		has_not(m.subject, "555");
		has_not(m.text, "555");
		has_not(m.html, "555");
		notify_mail_clear(&m);
		notification_clear(&n);
	}
}

static void
mail__of_what_we_do_not_know(void **state)
{
	struct notification n = {.id = 7,
	    .event = (char *)"../../etc/passwd",
	    .audience = (char *)"owner",
	    .object = (char *)"thing 7"};
	struct notify_mail m;

	(void)state;
	conf.notify.templates = folder;
	compose(&n, "en", &m);
	conf.notify.templates = no_text;
	assert_string_equal(m.subject, "../../etc/passwd: thing 7");
	notify_mail_clear(&m);
}

static void
mail__links_where_there_are_pages(void **state)
{
	static const struct {
		const char *event, *url, *link;
	} cases[] = {
	    {"enroll.pending", "https://pki.test", "https://pki.test/requests/4711"},
	    {"cert.expiring", "https://pki.test:8443/", "https://pki.test:8443/requests/4711"},
	    {"ca.expiring", "https://pki.test", NULL},
	    {"key.recovered", "https://pki.test", NULL},
	    {"enroll.pending", "", NULL},
	};
	struct notification n;
	struct notify_mail m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf.notify.url = (char *)(uintptr_t)cases[i].url;
		assert_int_equal(mail_sample(cases[i].event, NULL, &n, &err), 0);
		compose(&n, "en", &m);
		if (cases[i].link != NULL) {
			has(m.text, cases[i].link);
			has(m.html, cases[i].link);
		} else {
			has_not(m.html, "<a ");
			has_not(m.text, "https:");
		}
		notify_mail_clear(&m);
		notification_clear(&n);
	}
	conf.notify.url = no_text;
}

static void
mail__of_endless_values(void **state)
{
	struct notification n;
	struct notify_mail m;
	char *value = malloc(1000001);

	(void)state;
	assert_non_null(value);
	memset(value, '"', 1000000);
	value[1000000] = '\0';
	assert_int_equal(mail_sample("cert.revoked", NULL, &n, &err), 0);
	for (void *it = gh_json_iter(n.facts); it != NULL; it = gh_json_next(n.facts, it))
		assert_int_equal(gh_json_set_string(n.facts, gh_json_iter_name(it), value), 0);
	compose(&n, "en", &m);
	assert_true(strlen(m.subject) <= 200);
	assert_true(strlen(m.html) < 256 * 1024);
	notify_mail_clear(&m);
	notification_clear(&n);
	free(value);
}

/* --- the operator's --------------------------------------------------------------------------- */

static void
put_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (text == NULL) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
template__of_the_operator_replaces_ours(void **state)
{
	struct notification n;
	struct notify_mail m;

	(void)state;
	put_file("cert.expiring.en.txt", "Renew {{fact.subject}} at https://intranet.test/\n");
	put_file("message.de.subject", "PKI: {{event}}");
	conf.notify.templates = folder;
	assert_int_equal(mail_template_check(folder, &err), 0);
	assert_int_equal(mail_sample("cert.expiring", NULL, &n, &err), 0);
	compose(&n, "en", &m);
	assert_string_equal(m.text,
	    "Renew CN=shop.example.com,O=Example at https://intranet.test/\n");
	has(m.subject, "Certificate expires");
	notify_mail_clear(&m);
	compose(&n, "de", &m);
	assert_string_equal(m.subject, "PKI: cert.expiring");
	has(m.text, "Guten Tag");
	notify_mail_clear(&m);
	/* a mistake in it loses no message */
	put_file("cert.expiring.en.txt", "{{#facts}}");
	compose(&n, "en", &m);
	has(m.text, "Hello");
	notify_mail_clear(&m);
	put_file("cert.expiring.en.txt", "{{>nothing}}{{facts}}");
	compose(&n, "en", &m);
	has(m.text, "Hello");
	notify_mail_clear(&m);
	notification_clear(&n);
	conf.notify.templates = no_text;
	put_file("cert.expiring.en.txt", NULL);
	put_file("message.de.subject", NULL);
}

static void
template__check_names_what_is_wrong(void **state)
{
	static const struct {
		const char *file, *text, *why;
	} cases[] = {
	    {"cert.expiring.en.txt", "{{fact.subject}} {{t.mail.footer}} {{t.mail_fact.subject}}",
		NULL},
	    {"message.de.html", "<p>{{#facts}}{{t.mail_fact.[name]}} {{value}}{{/facts}}</p>",
		NULL},
	    {".hidden", "{{", NULL},
	    {"cert.expiring.en.txt", "{{fact.secret}}", "no value {{fact.secret}}"},
	    {"cert.expiring.en.txt", "{{#metadata}}x{{/metadata}}", "no value {{metadata}}"},
	    {"cert.expiring.en.txt", "{{t.mail.nothing}}", "no value {{mail.nothing}}"},
	    {"cert.expiring.en.txt", "{{>layout}}", "no value {{layout}}"},
	    {"cert.expiring.en.txt", "{{event", "line 1"},
	    {"cert.expiring.en.html", "<script>{{event}}</script>", "line 1"},
	    {"cert.expiring.en.html", "<a href={{link}}>", "line 1"},
	    {"cert.expired.en.txt", "x", "a template is named"},
	    {"cert.expiring.fr.txt", "x", "a template is named"},
	    {"cert.expiring.DE.txt", "x", "a template is named"},
	    {"cert.expiring.txt", "x", "a template is named"},
	    {"cert.expiring.en.md", "x", "a template is named"},
	    {"README", "x", "a template is named"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s: %s\n", cases[i].file, cases[i].text);
		put_file(cases[i].file, cases[i].text);
		if (cases[i].why == NULL) {
			assert_int_equal(mail_template_check(folder, &err), 0);
		} else {
			assert_int_equal(mail_template_check(folder, &err), GH_E_CONF);
			has(err.message, cases[i].why);
		}
		put_file(cases[i].file, NULL);
	}
	assert_int_equal(mail_template_check("/nonexistent", &err), GH_E_CONF);
	assert_int_equal(mail_template_check("", &err), 0);
}

static void
template__no_file(void **state)
{
	char path[256];
	char *large = malloc(70001);

	(void)state;
	assert_non_null(large);
	snprintf(path, sizeof(path), "%s/cert.expiring.en.txt", folder);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody waits for who writes into it */
	assert_int_equal(mail_template_check(folder, &err), GH_E_CONF);
	assert_int_equal(unlink(path), 0);
	memset(large, 'x', 70000);
	large[70000] = '\0';
	put_file("cert.expiring.en.txt", large);
	assert_int_equal(mail_template_check(folder, &err), GH_E_CONF);
	has(err.message, "more than");
	put_file("cert.expiring.en.txt", NULL);
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mail__of_each_event_in_each_language),
	    cmocka_unit_test(mail__in_the_language_of_the_recipient),
	    cmocka_unit_test(mail__values_stay_values),
	    cmocka_unit_test(mail__nothing_of_his_own_words_for_strangers),
	    cmocka_unit_test(mail__of_what_we_do_not_know),
	    cmocka_unit_test(mail__links_where_there_are_pages),
	    cmocka_unit_test(mail__of_endless_values),
	    cmocka_unit_test(template__of_the_operator_replaces_ours),
	    cmocka_unit_test(template__check_names_what_is_wrong),
	    cmocka_unit_test(template__no_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
