/* The directory layer against Samba as a domain controller, and what a probe tells of either. */
#include "integration/dir_fixture.h"

static void
begin_ad_with(struct access *a, const char *extra)
{
	char lines[4096];

	snprintf(lines, sizeof lines,
	    "type = \"ad\"\nuris = \"%s\"\nca_file = \"%s\"\nbind_dn = \"%s\"\n"
	    "connect_ms = 10000\noperation_ms = 10000\npassword_file = \"%s\"\nbase = \"%s\"\nnetbios_domain = \"%s\"\nrealm = \"%s\"\n%s",
	    need("AD_URI"), need("AD_CAFILE"), need("AD_BIND_DN"), need("AD_PASSWORD_FILE"),
	    need("AD_BASE"), need("AD_DOMAIN"), need("AD_REALM"), extra);
	if (load(a, lines) != 0)
		fail_msg("%s", a->err.message);
	assert_int_equal(dir_new(a->shared, &a->dir, &a->err), 0);
}

static void
begin_ad(struct access *a)
{
	begin_ad_with(a, "");
}

/* --- Active Directory ------------------------------------------------------------------------- */

static void
dir_ad__knows_every_spelling_of_a_name(void **state)
{
	struct access a;

	(void)state;
	begin_ad(&a);
	assert_state(&a, DIR_STATE_UP);
	assert_finds(&a, "alice", "Alice Test");
	assert_finds(&a, "ADTEST\\Alice", "Alice Test");
	assert_finds(&a, "adtest\\alice", "Alice Test");
	assert_finds(&a, "alice@ad.test", "Alice Test");
	assert_finds(&a, "bob@AD.TEST", "Bob Test"); /* no userPrincipalName: the implicit one */
	assert_finds(&a, "bobops", "Bob, the (Ops)*");
	assert_finds(&a, "WEB01$", "WEB01");
	assert_finds(&a, "ADTEST\\web01$", "WEB01");
	assert_finds(&a, "WEB01$@AD.TEST", "WEB01");
	assert_finds(&a, "host/web01.ad.test", "WEB01");
	assert_absent(&a, "OTHER\\alice");
	assert_absent(&a, "alice@other.test");
	assert_absent(&a, "WEB01");
	assert_absent(&a, "alice$");
	assert_absent(&a, "*)(sAMAccountName=*");
	assert_absent(&a, "al*");
	assert_absent(&a, "host/*");
	end(&a);
}

static void
dir_ad__reads_attributes(void **state)
{
	struct dir_entry *e, *by_dn;
	struct access a;

	(void)state;
	begin_ad(&a);
	e = found(&a, "alice");
	assert_string_equal(e->sid, need("AD_SID_ALICE"));
	assert_string_equal(dir_entry_text(e, DIR_MAIL), "alice@ad.test");
	assert_string_equal(dir_entry_text(e, DIR_UPN), "alice@ad.test");
	assert_int_equal(e->attr[DIR_OBJECT_GUID].v[0].len, 16);
	assert_false(e->is_computer);
	assert_int_equal(dir_find_dn(a.dir, e->dn, &by_dn, &a.err), 0);
	assert_string_equal(by_dn->sid, e->sid);
	assert_int_equal(strlen(e->id), DIR_ID_SIZE - 1);
	assert_string_equal(by_dn->id, e->id);
	assert_int_equal(by_dn->groups, e->groups);
	dir_entry_free(by_dn);
	dir_entry_free(e);
	e = found(&a, "carol");
	assert_null(dir_entry_text(e, DIR_MAIL));
	dir_entry_free(e);
	e = found(&a, "WEB01$");
	assert_true(e->is_computer);
	assert_string_equal(dir_entry_text(e, DIR_DNS_HOST_NAME), "web01.ad.test");
	dir_entry_free(e);
	e = found(&a, "KIOSK1$");
	assert_null(dir_entry_text(e, DIR_DNS_HOST_NAME));
	dir_entry_free(e);
	end(&a);
}

static void
dir_ad__reads_members_of_groups(void **state)
{
	struct access a;

	(void)state;
	begin_ad(&a);
	assert_members(&a, "web-admins", "alice");
	assert_members(&a, "cn=web-admins,cn=users,dc=ad,dc=test", "alice");
	assert_members(&a, "pki-officers", "carol");
	assert_members(&a, "pki-users", "alice; bob; carol"); /* all of staff */
	assert_members(&a, "nobody", "");
	assert_members(&a, "*", "");
	end(&a);
}

static void
dir_ad__finds_nested_and_primary_groups(void **state)
{
	struct access a;
	char users_sid[128];

	(void)state;
	begin_ad(&a);
	/* the domain's SID with the well-known RID 513 */
	snprintf(users_sid, sizeof users_sid, "%s", need("AD_SID_ALICE"));
	strcpy(strrchr(users_sid, '-'), "-513");
	assert_groups(&a, "alice",
	    LIST("staff", "pki-users", "PKI-USERS", "web-admins", "Domain Users", users_sid,
		"cn=pki-users,cn=users,dc=ad,dc=test", "S-1-5-32-545"),
	    LIST("pki-officers", "Domain Admins", "pki-computers"));
	assert_groups(&a, "carol", LIST("pki-users", "pki-officers"), LIST("web-admins"));
	assert_groups(&a, "dave", LIST("Domain Users"), LIST("staff", "pki-users"));
	assert_groups(&a, "WEB01$", LIST("pki-computers", "Domain Computers"),
	    LIST("pki-users", "Domain Users"));
	end(&a);
}

static void
dir_ad__verifies_passwords(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_ad(&a);
	assert_login(&a, "alice", need("AD_PASSWORD"), 0);
	assert_login(&a, "alice@ad.test", need("AD_PASSWORD"), 0);
	assert_login(&a, "ADTEST\\alice", need("AD_PASSWORD"), 0);
	assert_login(&a, "bobops", "Bobops.Secret1", 0);
	assert_login(&a, "WEB01$", "Web01.Secret1", 0);
	assert_login(&a, "alice", "wrong", GH_E_AUTH_FAILED);
	assert_login(&a, "alice", "", GH_E_AUTH_FAILED);
	assert_login(&a, "nobody", need("AD_PASSWORD"), GH_E_AUTH_FAILED);
	/* disabled, expired */
	assert_login(&a, "dave", "Dave.Secret1", GH_E_ACCOUNT_DISABLED);
	assert_login(&a, "dave", "wrong", GH_E_AUTH_FAILED);
	assert_login(&a, "gina", "Gina.Secret1", GH_E_ACCOUNT_DISABLED);
	assert_login(&a, "gina", "wrong", GH_E_AUTH_FAILED);
	e = found(&a, "dave");
	assert_true(e->is_disabled);
	dir_entry_free(e);
	e = found(&a, "gina");
	assert_true(e->is_disabled);
	dir_entry_free(e);
	end(&a);
}

/* With the wrong type, groups would be missing without a word: that must be an error. */
static void
dir__notices_the_wrong_kind_of_directory(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "type = \"ad\"\nuser_filter = \"(uid=%s)\"\n");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_TYPE);
	end(&a);
}

/* --- probe ------------------------------------------------------------------------------------ */

/* Nothing listens; somebody listens and never answers; no TLS at all; StartTLS at a port that wants
 * TLS at once. */
static void
dir_probe__tells_network_from_tls(void **state)
{
	struct access a;
	char uri[64];
	int fd = mute_server(uri, sizeof uri, "ldaps");

	(void)state;
	begin_with(&a, "ldaps://127.0.0.1:1", "");
	assert_state(&a, DIR_STATE_UNREACHABLE);
	end(&a);
	begin_with(&a, "ldaps://no-such-host.invalid", "");
	assert_state(&a, DIR_STATE_UNREACHABLE);
	end(&a);
	begin_with(&a, uri, "");
	assert_state(&a, DIR_STATE_UNREACHABLE);
	end(&a);
	close(fd);
	snprintf(uri, sizeof uri, "ldaps%s", strchr(need("LDAP_URI_PLAIN"), ':'));
	begin_with(&a, uri, "");
	assert_state(&a, DIR_STATE_TLS);
	end(&a);
	begin_with(&a, need("LDAP_URI_PLAIN"), "starttls = true\n");
	assert_state(&a, DIR_STATE_UP);
	end(&a);
}

/* Of several servers the one that works counts; if none does, the one where it came furthest. */
static void
dir_probe__names_the_cause_that_says_most(void **state)
{
	struct dir_report r;
	struct access a;
	char uris[256], lines[1024];

	(void)state;
	snprintf(uris, sizeof uris, "ldaps://127.0.0.1:1 %s", need("LDAP_URI"));
	begin_with(&a, uris, "");
	assert_state(&a, DIR_STATE_UP);
	assert_int_equal(dir_servers(a.shared), 2);
	assert_int_equal(dir_probe_server(a.shared, 0, &r, &a.err), GH_E_DIR_DOWN);
	assert_string_equal(r.server, "ldaps://127.0.0.1:1");
	assert_int_equal(dir_probe_server(a.shared, 1, &r, &a.err), 0);
	assert_string_equal(r.server, need("LDAP_URI"));
	end(&a);
	snprintf(uris, sizeof uris, "%s ldaps://127.0.0.1:1", need("LDAP_URI"));
	snprintf(lines, sizeof lines, "password_file = \"%s\"\n", need("LDAP_CAFILE"));
	begin_with(&a, uris, lines);
	assert_state(&a, DIR_STATE_CREDENTIALS);
	assert_state(&a, DIR_STATE_CREDENTIALS); /* both are known to be down now */
	end(&a);
}

/* Without an account where the directory wants one. */
static void
dir_probe__needs_rights(void **state)
{
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "bind_dn = \"\"\n");
	assert_state(&a, DIR_STATE_BASE); /* OpenLDAP hides what may not be read */
	end(&a);
	begin_with(&a, need("LDAP_URI"), "bind_dn = \"cn=nobody,dc=example,dc=test\"\n");
	assert_state(&a, DIR_STATE_CREDENTIALS);
	end(&a);
}

static void
dir_probe__knows_active_directory(void **state)
{
	static const struct {
		const char *extra;
		enum dir_state state;
	} rows[] = {
	    {"", DIR_STATE_UP}, {"type = \"openldap\"\n", DIR_STATE_TYPE},
	    {"base = \"DC=other,DC=test\"\n", DIR_STATE_BASE}, /* answered by a referral */
	    {"base = \"OU=nobody,DC=ad,DC=test\"\n", DIR_STATE_BASE},
	    {"bind_dn = \"\"\n", DIR_STATE_CREDENTIALS}, /* operations error */
	};
	struct access a;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin_ad_with(&a, rows[i].extra);
		assert_state(&a, rows[i].state);
		end(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dir__notices_the_wrong_kind_of_directory),
	    cmocka_unit_test(dir_probe__tells_network_from_tls),
	    cmocka_unit_test(dir_probe__names_the_cause_that_says_most),
	    cmocka_unit_test(dir_probe__needs_rights),
	    cmocka_unit_test(dir_ad__knows_every_spelling_of_a_name),
	    cmocka_unit_test(dir_ad__reads_attributes),
	    cmocka_unit_test(dir_ad__finds_nested_and_primary_groups),
	    cmocka_unit_test(dir_ad__reads_members_of_groups),
	    cmocka_unit_test(dir_ad__verifies_passwords),
	    cmocka_unit_test(dir_probe__knows_active_directory),
	};

	/* servers are down on purpose here */
	gh_log_init("test_dir", GH_LOG_ERROR, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
