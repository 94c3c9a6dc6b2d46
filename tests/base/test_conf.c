/* The configuration file: defaults, ranges, and messages that name file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"

static char path[] = "/tmp/gatehouse-test-conf-XXXXXX";

#define MINIMAL \
	"gateway { certificate = \"c\"\n key = \"k\" }\n" \
	"database { conninfo = \"dbname=x\" }\n" \
	"directory { type = openldap\n uris = \"ldaps://a\"\n base = \"dc=a\" }\n"

static int
load(const char *text, struct gh_conf **conf, struct gh_error *err)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return gh_conf_load(path, conf, err);
}

static void
conf__fills_defaults(void **state)
{
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(load(MINIMAL, &conf, &err), 0);
	assert_int_equal(conf->gateway.port, 8443);
	assert_string_equal(conf->gateway.certificate, "c");
	assert_string_equal(conf->directory.type, "openldap");
	assert_int_equal(conf->certenroll.timestamp_window, 300);
	assert_true(conf->certenroll.tokens);
	gh_conf_free(conf);
}

/* Comments are taken out before libconfuse sees them: not out of values. */
static void
conf__keeps_what_looks_like_a_comment(void **state)
{
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(
	    load("gateway { certificate = \"/a#b//c/*d*/\" # x\n key = '#\\'k' } // y\n"
		 "database { conninfo = \"dbname=\\\"x#\\\"\" }\n"
		 "directory { type = openldap /* z */ uris = ldaps://a\n base = \"dc=a\" }\n",
		&conf, &err),
	    0);
	assert_string_equal(conf->gateway.certificate, "/a#b//c/*d*/");
	assert_string_equal(conf->gateway.key, "#'k");
	assert_string_equal(conf->database.conninfo, "dbname=\"x#\"");
	assert_string_equal(conf->directory.uris, "ldaps://a");
	gh_conf_free(conf);
}

static void
expect_refused(const char *extra, const char *line, const char *word)
{
	struct gh_conf *conf;
	struct gh_error err;
	char text[2048];

	snprintf(text, sizeof(text), MINIMAL "%s", extra);
	assert_int_equal(load(text, &conf, &err), GH_E_CONF);
	assert_null(conf);
	if (strstr(err.message, path) == NULL || strstr(err.message, line) == NULL)
		fail_msg("message \"%s\" lacks \"%s\"", err.message, line);
	if (strstr(err.message, word) == NULL)
		fail_msg("message \"%s\" lacks \"%s\"", err.message, word);
}

static void
conf__names_file_and_line(void **state)
{
	(void)state;
	expect_refused("limits {\n failures = 0\n}\n", ":8:", "failures must be from 1");
	expect_refused("limits {\n\n failure = 3\n}\n", ":9:", "no such option");
	expect_refused("# one\n// two\n/* three\n four */\nlimits {\n # six\n failures = 0\n}\n",
	    ":13:", "from 1");
	expect_refused("limits { # \"\n failures = 0\n}\n", ":8:", "from 1");
	expect_refused("limit {\n}\n", ":7:", "no such option");
	expect_refused("limits {\n failures = many\n}\n", ":8:", "nteger");
	expect_refused("directory { type = novell }\n", ":7:", "one of: ad openldap");
	expect_refused("limits {\n", "", "ends inside a section");
	expect_refused("}\n", ":7:", "brace");
}

#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define X512 X64 X64 X64 X64 X64 X64 X64 X64

static void
conf__groups_have_a_longest_name(void **state)
{
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	expect_refused("roles { auditor_groups = \"cn=a;" X512 X512 "\" }\n", "",
	    "at most 1023 bytes");
	assert_int_equal(load(MINIMAL "roles { auditor_groups = \"cn=a; " X512 "; " X512 "\" }\n",
			     &conf, &err),
	    0);
	gh_conf_free(conf);
}

static void
conf__checks_options_that_belong_together(void **state)
{
	(void)state;
	expect_refused("certenroll { denied_status = 300 }\n", "", "403 or 200");
	expect_refused("certenroll { pkcs12_legacy = true }\n", "", "kra.allow_legacy_wrapping");
	expect_refused("gateway { origins = \"gw.example\" }\n", "", "gateway.origins");
	expect_refused("gateway { proxies = \"proxy.example\" }\n", "", "gateway.proxies");
	expect_refused("gateway { origins = \"https://gw.example/\" }\n", "", "gateway.origins");
	expect_refused("gateway { origins = \"https://gw.example http://pki.example\" }\n", "",
	    "gateway.origins");
	expect_refused("gateway { origins = \"https://\" }\n", "", "gateway.origins");
	expect_refused("gateway { origins = \"https://*.example\" }\n", "", "gateway.origins");
	expect_refused("certenroll { replay_window = 500 }\n", "", "twice");
	expect_refused("directory { bind_dn = \"cn=x\" }\n", "", "password_file");
}

/* An installation from before there was a KRA has none; a KRA shares neither socket nor key with
 * the signer. */
static void
conf__kra_is_a_process_of_its_own(void **state)
{
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(load(MINIMAL, &conf, &err), 0);
	assert_string_equal(conf->kra.socket, "");
	assert_string_equal(conf->kra.key_file, "/etc/gatehouse/kra.key");
	assert_false(conf->kra.allow_legacy_wrapping);
	gh_conf_free(conf);
	assert_int_equal(load(MINIMAL "kra { socket = \"/s\"\n user = \"k\"\n timeout_ms = 700\n"
				      " max_connections = 3\n key_file = \"/k\"\n"
				      " pkcs11_module = \"/m\"\n pkcs11_pin_file = \"/p\"\n"
				      " allow_legacy_wrapping = true }\n",
			     &conf, &err),
	    0);
	assert_string_equal(conf->kra.socket, "/s");
	assert_string_equal(conf->kra.user, "k");
	assert_string_equal(conf->kra.key_file, "/k");
	assert_string_equal(conf->kra.pkcs11_module, "/m");
	assert_string_equal(conf->kra.pkcs11_pin_file, "/p");
	assert_int_equal(conf->kra.timeout_ms, 700);
	assert_int_equal(conf->kra.max_connections, 3);
	assert_true(conf->kra.allow_legacy_wrapping);
	assert_string_equal(conf->signer.user, "");
	assert_false(conf->signer.allow_legacy_wrapping);
	gh_conf_free(conf);
	expect_refused("signer { socket = \"/s\" }\nkra { socket = \"/s\" }\n", "", "kra.socket");
	expect_refused(
	    "signer { key_file = \"/k\" }\nkra { socket = \"/s\"\n key_file = \"/k\" }\n", "",
	    "kra.key_file");
	/* without a KRA its file is nobody's */
	assert_int_equal(load(MINIMAL "signer { key_file = \"/k\" }\nkra { key_file = \"/k\" }\n",
			     &conf, &err),
	    0);
	gh_conf_free(conf);
}

static void
conf__needs_what_has_no_default(void **state)
{
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(load("gateway { certificate = \"c\"\n key = \"k\" }\n", &conf, &err),
	    GH_E_CONF);
	assert_non_null(strstr(err.message, "conninfo"));
	assert_int_equal(gh_conf_load("/nonexistent", &conf, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "/nonexistent: cannot be read: No such file"));
	assert_int_equal(gh_conf_load("/", &conf, &err), GH_E_CONF);
	assert_non_null(strstr(err.message, "cannot be read: Is a directory"));
}

/* Who may not read it is told who may. */
static void
conf__closed_to_others(void **state)
{
	uid_t before = geteuid();
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(load(MINIMAL, &conf, &err), 0);
	gh_conf_free(conf);
	assert_int_equal(chmod(path, 0), 0);
	if (before == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(gh_conf_load(path, &conf, &err), GH_E_CONF);
	assert_int_equal(seteuid(before), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_non_null(strstr(err.message,
	    "cannot be read: Permission denied: root and the gateway's user may"));
}

static void
conf__printed_defaults_can_be_read_back(void **state)
{
	struct gh_conf_option_info info;
	struct gh_conf *conf;
	struct gh_error err;
	char *text = NULL, *all;
	size_t n = 0, options = 0;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	gh_conf_print_defaults(f);
	fclose(f);
	all = calloc(1, n + sizeof(MINIMAL));
	assert_non_null(all);
	strcpy(all, text);
	/* what must be given is printed empty: fill it in by a second section of the same name */
	strcat(all, MINIMAL);
	assert_int_not_equal(load(text, &conf, &err), 0);
	while (gh_conf_option(options, &info)) {
		assert_non_null(strstr(text, strchr(info.name, '.') + 1));
		options++;
	}
	assert_true(options > 50);
	free(all);
	free(text);
}

static void
conf__reads_keys(void **state)
{
	unsigned char key[32];
	FILE *f = fopen(path, "w");

	(void)state;
	for (int i = 0; i < 32; i++)
		fputs("a5", f);
	fputs("\n", f);
	fclose(f);
	assert_int_equal(gh_conf_read_key(path, key, NULL), 0);
	assert_int_equal(key[31], 0xA5);
	f = fopen(path, "w");
	fputs("a5\n", f);
	fclose(f);
	assert_int_equal(gh_conf_read_key(path, key, NULL), GH_E_CONF);
}

static void
conf__keeps_what_ocsp_promises(void **state)
{
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(load(MINIMAL "jobs { retention_days = 30 }\nocsp { archive_cutoff = 31 }",
			     &conf, &err),
	    GH_E_CONF);
	assert_non_null(strstr(err.message, "archive_cutoff"));
	assert_int_equal(load(MINIMAL "jobs { retention_days = 30 }\nocsp { archive_cutoff = 30 }",
			     &conf, &err),
	    0);
	gh_conf_free(conf);
	assert_int_equal(load(MINIMAL "ocsp { archive_cutoff = 31 }", &conf, &err), 0);
	gh_conf_free(conf);
}

static void
conf_days__are_different_numbers(void **state)
{
	static const char *const bad[] = {"0", "-1", "3651", "7 7", "7,14", "a", "7d",
	    "99999999999999999999", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"};
	int days[GH_CONF_DAYS_MAX];
	char text[sizeof(MINIMAL) + 200];
	struct gh_conf *conf;
	struct gh_error err;

	(void)state;
	assert_int_equal(gh_conf_days("", days), 0);
	assert_int_equal(gh_conf_days(" 30\t14  1 3650 ", days), 4);
	assert_int_equal(days[0], 30);
	assert_int_equal(days[3], 3650);
	assert_int_equal(gh_conf_days("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", days),
	    GH_CONF_DAYS_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(gh_conf_days(bad[i], days), -1);
		for (size_t j = 0; j < 2; j++) {
			snprintf(text, sizeof(text), MINIMAL "jobs { %sexpiry_days = \"%s\" }",
			    j == 0 ? "" : "ca_", bad[i]);
			assert_int_equal(load(text, &conf, &err), GH_E_CONF);
			assert_non_null(strstr(err.message, "expiry_days"));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conf__fills_defaults),
	    cmocka_unit_test(conf__keeps_what_ocsp_promises),
	    cmocka_unit_test(conf_days__are_different_numbers),
	    cmocka_unit_test(conf__names_file_and_line),
	    cmocka_unit_test(conf__keeps_what_looks_like_a_comment),
	    cmocka_unit_test(conf__groups_have_a_longest_name),
	    cmocka_unit_test(conf__checks_options_that_belong_together),
	    cmocka_unit_test(conf__kra_is_a_process_of_its_own),
	    cmocka_unit_test(conf__needs_what_has_no_default),
	    cmocka_unit_test(conf__closed_to_others),
	    cmocka_unit_test(conf__printed_defaults_can_be_read_back),
	    cmocka_unit_test(conf__reads_keys),
	};
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests_name("base/conf", tests, NULL, NULL);
	unlink(path);
	return ret;
}
