/* The directory layer against slapd. */
#include "integration/dir_fixture.h"

static void
begin(struct access *a)
{
	begin_with(a, need("LDAP_URI"), "");
}

static int operations;

static void
count_operation(enum gh_measure m, int kind, int64_t us, const char *name)
{
	(void)kind;
	(void)name;
	if (m == GH_MEASURE_DIRECTORY && us >= 0)
		__atomic_add_fetch(&operations, 1, __ATOMIC_RELAXED);
}

/* NAME changes his own entry; change: lines of an LDIF. */
static void
edit_own_entry(const char *dn, const char *password, const char *change)
{
	char command[2048];

	snprintf(command, sizeof command,
	    "printf 'dn: %s\\nchangetype: modify\\n%s\\n' | env -u LDAPNOINIT LDAPTLS_CACERT='%s' "
	    "ldapmodify -x -H '%s' -D '%s' -w '%s' >/dev/null",
	    dn, change, need("LDAP_CAFILE"), need("LDAP_URI"), dn, password);
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* --- OpenLDAP --------------------------------------------------------------------------------- */

static void
dir__knows_every_spelling_of_a_name(void **state)
{
	struct access a;

	(void)state;
	begin(&a);
	assert_state(&a, DIR_STATE_UP);
	assert_finds(&a, "alice", "Alice Adams");
	assert_finds(&a, "ALICE", "Alice Adams");
	assert_finds(&a, "EXAMPLE\\alice", "Alice Adams");
	assert_finds(&a, "example\\Alice", "Alice Adams");
	assert_finds(&a, "alice@example.test", "Alice Adams");
	assert_finds(&a, "alice@CORP.example", "Alice Adams");
	assert_finds(&a, "erin@example.test", "Erin Ellis"); /* mail */
	assert_finds(&a, "juergen", "J\xc3\xbcrgen M\xc3\xbcller");
	assert_finds(&a, "WEB01$", "web01");
	assert_finds(&a, "EXAMPLE\\web01$", "web01");
	assert_finds(&a, "web01$@CORP.EXAMPLE", "web01");
	assert_finds(&a, "host/web01.example.test", "web01");
	assert_finds(&a, "HOST/web01.example.test@CORP.EXAMPLE", "web01");
	end(&a);
}

static void
dir__refuses_foreign_and_malformed_names(void **state)
{
	static const char *const names[] = {"OTHER\\alice", "\\alice", "alice@other.test",
	    "alice@example.test.evil", "@example.test", "alice@", "", " alice", "alice ", "nobody",
	    "web01", "alice$", "host/alice", "host/", "$", "web01$@other.test",
	    "host/web01.example.test@other.test", "EXAMPLE\\alice@CORP.EXAMPLE",
	    "EXAMPLE\\EXAMPLE\\alice", "alice\n",
	    "\001cn=Alice Adams,ou=people,dc=example,dc=test"};
	struct access a;
	char longest[600];

	(void)state;
	begin(&a);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_absent(&a, names[i]);
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_absent(&a, longest);
	end(&a);
}

static void
dir__is_not_injectable(void **state)
{
	static const char *const names[] = {"*", "*)(uid=*", "alice)(|(uid=*", "a*", "alice*",
	    "*)(objectClass=*))", "alice)", "(alice", "al\\2aice", "\\2a", "*@example.test", "*$",
	    "host/*", "*)(|(cn=*@CORP.EXAMPLE", "host/*)(dNSHostName=*", "%s", "\xff\xfe"};
	struct access a;

	(void)state;
	begin(&a);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_absent(&a, names[i]);
		assert_login(&a, names[i], "alice-secret", GH_E_AUTH_FAILED);
	}
	end(&a);
}

static void
dir__finds_names_with_special_characters(void **state)
{
	struct dir_entry *by_name, *by_dn;
	struct access a;

	(void)state;
	begin(&a);
	by_name = found(&a, "bobops");
	assert_string_equal(dir_entry_text(by_name, DIR_CN), "Bob, the (Ops)*");
	assert_true(dir_entry_is_member(by_name, "pki-users"));
	assert_int_equal(dir_find_dn(a.dir, "CN=Bob\\, the (Ops)*,ou=people,dc=example,dc=test",
			     &by_dn, &a.err),
	    0);
	assert_string_equal(by_dn->dn, by_name->dn);
	assert_true(dir_entry_is_member(by_dn, "pki-users"));
	dir_entry_free(by_name);
	dir_entry_free(by_dn);
	assert_login(&a, "bobops", "bobops-secret", 0);
	assert_login(&a, "juergen", "juergen-secret", 0);
	end(&a);
}

static void
dir__find_dn_wants_an_existing_dn(void **state)
{
	static const char *const dns[] = {"", "alice", "uid=nobody,ou=people,dc=example,dc=test",
	    "dc=other", "uid=*,ou=people,dc=example,dc=test", "<SID=S-1-5-32-544>", "cn=a,,"};
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin(&a);
	for (size_t i = 0; i < sizeof dns / sizeof dns[0]; i++) {
		assert_int_equal(dir_find_dn(a.dir, dns[i], &e, &a.err), GH_E_NOT_IN_DIRECTORY);
		assert_null(e);
	}
	end(&a);
}

static void
dir__refuses_what_is_not_unique(void **state)
{
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "attr_sam = \"sAMAccountName\"\n");
	assert_absent(&a, "twin1");             /* two with this account name */
	assert_absent(&a, "twin@example.test"); /* two with this mail address */
	assert_absent(&a, "host/shadow.example.test");
	assert_absent(&a, "shadow1$"); /* its dNSHostName belongs to another, too */
	assert_login(&a, "twin1", "twin1-secret", GH_E_AUTH_FAILED);
	assert_finds(&a, "web01$", "web01");
	end(&a);
}

static void
dir__numbers_entries(void **state)
{
	struct dir_entry *alice, *bob, *web;
	struct access a;

	(void)state;
	begin(&a);
	alice = found(&a, "alice");
	bob = found(&a, "bob");
	web = found(&a, "WEB01$");
	assert_int_equal(strlen(alice->id), DIR_ID_SIZE - 1);
	assert_int_equal(strlen(web->id), DIR_ID_SIZE - 1);
	assert_string_not_equal(alice->id, bob->id);
	dir_entry_free(alice);
	dir_entry_free(bob);
	dir_entry_free(web);
	end(&a);
}

#define ERIN "cn=Erin Ellis,ou=people,dc=example,dc=test"
#define CAROL "cn=Carol Clark,ou=people,dc=example,dc=test"

/* Two accounts of one person may share a mail address: that is said, and no reason to refuse
 * them. */
static void
dir__tells_a_shared_mail_address(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin(&a);
	e = found(&a, "twin1");
	assert_true(e->mail_is_shared);
	dir_entry_free(e);
	e = found(&a, "alice");
	assert_false(e->mail_is_shared);
	dir_entry_free(e);
	end(&a);
}

/* What people may write into their own entries must not make them somebody else, nor steal his
 * name. */
static void
dir__refuses_names_that_others_have(void **state)
{
	static const struct {
		const char *dn, *password, *take, *give, *self, *other;
	} rows[] = {
	    /* another one's account name as a second one of his own */
	    {ERIN, "erin-secret", "add: uid\\nuid: bob\\n", "delete: uid\\nuid: bob\\n",
		"erin@example.test", NULL},
	    /* ACCOUNT@REALM of another one, as mail and as principal name */
	    {ERIN, "erin-secret", "add: mail\\nmail: bob@corp.example\\n",
		"delete: mail\\nmail: bob@corp.example\\n", NULL, "bob@CORP.EXAMPLE"},
	    {CAROL, "carol-secret",
		"replace: userPrincipalName\\nuserPrincipalName: erin@corp.example\\n",
		"replace: userPrincipalName\\nuserPrincipalName: carol@example.test\\n", "carol",
		"erin@CORP.EXAMPLE"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct access a;

		edit_own_entry(rows[i].dn, rows[i].password, rows[i].take);
		begin(&a);
		if (rows[i].self != NULL)
			assert_absent(&a, rows[i].self);
		if (rows[i].other != NULL)
			assert_absent(&a, rows[i].other);
		end(&a);
		edit_own_entry(rows[i].dn, rows[i].password, rows[i].give);
		begin(&a);
		dir_entry_free(found(&a, "erin@example.test"));
		dir_entry_free(found(&a, "carol"));
		dir_entry_free(found(&a, "bob@CORP.EXAMPLE"));
		end(&a);
	}
}

static void
dir__reads_attributes(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin(&a);
	e = found(&a, "alice");
	assert_string_equal(e->dn, "cn=Alice Adams,ou=people,dc=example,dc=test");
	assert_string_equal(dir_entry_text(e, DIR_MAIL), "alice@example.test");
	assert_string_equal(dir_entry_text(e, DIR_UPN), "alice@example.test");
	assert_string_equal(dir_entry_text(e, DIR_TITLE), "Engineer");
	assert_string_equal(e->sid, "S-1-5-21-1004336348-1177238915-682003330-1101");
	assert_int_equal(e->attr[DIR_OBJECT_GUID].n, 1);
	assert_int_equal(e->attr[DIR_OBJECT_GUID].v[0].len, 16);
	assert_int_equal(e->attr[DIR_OBJECT_SID].v[0].len, 28);
	assert_false(e->is_computer);
	assert_false(e->is_disabled);
	assert_true(e->fetched >= gh_now() - 10 && e->fetched <= gh_now());
	dir_entry_free(e);
	e = found(&a, "web01$");
	assert_true(e->is_computer);
	assert_string_equal(dir_entry_text(e, DIR_DNS_HOST_NAME), "web01.example.test");
	assert_int_equal(e->attr[DIR_SPN].n, 2);
	dir_entry_free(e);
	e = found(&a, "carol");
	assert_null(dir_entry_text(e, DIR_MAIL));
	dir_entry_free(e);
	end(&a);
}

static void
dir__maps_attributes_as_configured(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"),
	    "attr_guid = \"entryUUID\"\nattr_mail = \"displayName\"\n"
	    "user_filter = \"(&(objectClass=person)(sAMAccountName=%s))\"\n");
	e = found(&a, "alice");
	assert_string_equal(dir_entry_text(e, DIR_MAIL), "Alice Adams");
	assert_int_equal(e->attr[DIR_OBJECT_GUID].v[0].len,
	    16); /* entryUUID is text in the directory */
	dir_entry_free(e);
	/* a filter of one's own decides alone: no look-up by mail or UPN beside it */
	assert_absent(&a, "alice@example.test");
	assert_finds(&a, "alice@corp.example", "Alice Adams");
	end(&a);
}

static void
dir__finds_nested_groups(void **state)
{
	struct access a;

	(void)state;
	begin(&a);
	assert_groups(&a, "alice",
	    LIST("staff", "pki-users", "PKI-Users", "web-admins", "*",
		"cn=pki-users,ou=groups,dc=example,dc=test",
		"CN=pki-users, OU=groups, DC=example, DC=test"),
	    LIST("pki-officers", "ring-a", "pki", "", "cn=pki-users,dc=example,dc=test"));
	/* uniqueMember, then member: only a walk finds these */
	assert_groups(&a, "bob", LIST("contractors", "externals", "pki-users"), LIST("web-admins"));
	assert_groups(&a, "erin", LIST("ring-a", "ring-b", "pki-users"), LIST("web-admins"));
	assert_groups(&a, "frank", LIST("*"), LIST("staff", "pki-users"));
	assert_groups(&a, "host/web01.example.test", LIST("pki-computers"), LIST("pki-users"));
	end(&a);
	begin_with(&a, need("LDAP_URI"), "group_depth = 1\n");
	assert_groups(&a, "bob", LIST("contractors"), LIST("externals"));
	end(&a);
}

static void
dir__verifies_passwords(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin(&a);
	assert_int_equal(dir_authenticate(a.dir, "EXAMPLE\\alice", "alice-secret", &e, &a.err), 0);
	assert_string_equal(e->dn, "cn=Alice Adams,ou=people,dc=example,dc=test");
	dir_entry_free(e);
	assert_login(&a, "alice", "alice-secret", 0);
	assert_login(&a, "alice", "alice-secret", 0); /* remembered */
	assert_login(&a, "alice", "Alice-secret", GH_E_AUTH_FAILED);
	assert_login(&a, "alice", "bob-secret", GH_E_AUTH_FAILED);
	assert_login(&a, "alice", "", GH_E_AUTH_FAILED);
	assert_login(&a, "nobody", "alice-secret", GH_E_AUTH_FAILED);
	assert_login(&a, "", "alice-secret", GH_E_AUTH_FAILED);
	assert_login(&a, "web01$", "web01-secret", 0);
	/* binds of users do not touch the service account's connection */
	assert_finds(&a, "bob", "Bob Brown");
	end(&a);
}

/* Servers exist that answer such a bind with success: it must not even be tried. */
static void
dir__never_binds_with_an_empty_password(void **state)
{
	struct access a;

	(void)state;
	begin(&a);
	gh_measure_listen(count_operation);
	operations = 0;
	assert_login(&a, "alice", "", GH_E_AUTH_FAILED);
	assert_login(&a, "alice", "", GH_E_AUTH_FAILED);
	assert_int_equal(operations, 0);
	assert_login(&a, "alice", "alice-secret", 0);
	assert_true(operations > 0);
	operations = 0;
	assert_login(&a, "alice", "alice-secret", 0);
	assert_int_equal(operations, 0); /* remembered */
	end(&a);
}

static void
dir__tells_disabled_accounts_only_who_knows_the_password(void **state)
{
	static const char *const names[] = {"dave", "frank", "gina"};
	struct dir_entry *e;
	struct access a;
	char password[32];

	(void)state;
	begin(&a);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		e = found(&a, names[i]);
		assert_true(e->is_disabled);
		dir_entry_free(e);
		snprintf(password, sizeof password, "%s-secret", names[i]);
		assert_login(&a, names[i], password, GH_E_ACCOUNT_DISABLED);
		assert_login(&a, names[i], password, GH_E_ACCOUNT_DISABLED); /* remembered or not */
		assert_login(&a, names[i], "wrong", GH_E_AUTH_FAILED);
	}
	end(&a);
}

/* --- transport -------------------------------------------------------------------------------- */

static void
dir__never_sends_passwords_in_clear(void **state)
{
	struct access a;
	char lines[1024];

	(void)state;
	snprintf(lines, sizeof lines,
	    "type = \"openldap\"\nuris = \"%s\"\nbase = \"dc=example,dc=test\"\n"
	    "ca_file = \"%s\"\n",
	    need("LDAP_URI_PLAIN"), need("LDAP_CAFILE"));
	assert_int_equal(load(&a, lines), GH_E_CONF);
	assert_non_null(strstr(a.err.message, "directory.uris"));
	end(&a);
	begin_with(&a, need("LDAP_URI_PLAIN"), "starttls = true\n");
	assert_finds(&a, "alice", "Alice Adams");
	assert_login(&a, "alice", "alice-secret", 0);
	end(&a);
}

static void
dir__refuses_wrong_configuration(void **state)
{
	static const char *const bad[] = {
	    "type = \"openldap\"\nuris = \"\"\nbase = \"x\"\n",
	    "type = \"openldap\"\nuris = \"http://x\"\nbase = \"x\"\nca_file = \"x\"\n",
	    "type = \"openldap\"\nuris = \"ldaps://x\"\nbase = \"x\"\nca_file = \"x\"\nuser_filter = \"(uid=x)\"\n",
	    "type = \"openldap\"\nuris = \"ldaps://x\"\nbase = \"x\"\nca_file = \"x\"\nuser_filter = \"uid=%s\"\n",
	    "type = \"openldap\"\nuris = \"ldaps://x\"\nbase = \"x\"\nca_file = \"x\"\nattr_upn = \"a)(b\"\n",
	    "type = \"openldap\"\nuris = \"ldaps://x\"\nbase = \"x\"\nca_file = \"x\"\nbind_dn = \"cn=x\"\npassword_file = \"/nonexistent\"\n",
	};
	struct access a;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (load(&a, bad[i]) != GH_E_CONF)
			fail_msg("accepted: %s", bad[i]);
		assert_true(a.err.message[0] != '\0');
		end(&a);
	}
}

/* --- caches ----------------------------------------------------------------------------------- */

/* Waits until the function fails with GH_E_DIR_DOWN; the server is dead all the time. */
static void
assert_expires(struct access *a, int (*ask)(struct access *a))
{
	int64_t started = gh_now_us();
	int rc;

	do {
		usleep(20000);
		rc = ask(a);
		if ((gh_now_us() - started) / 1000000 > 30)
			fail_msg("still remembered");
	} while (rc == 0);
	assert_int_equal(rc, GH_E_DIR_DOWN);
}

static int
ask_alice(struct access *a)
{
	struct dir_entry *e;
	int rc = dir_find(a->dir, "Alice", &e, &a->err);

	dir_entry_free(e);
	return rc;
}

static int
ask_login(struct access *a)
{
	struct dir_entry *e;
	int rc = dir_authenticate(a->dir, "alice", "alice-secret", &e, &a->err);

	dir_entry_free(e);
	return rc;
}

static void
dir__remembers_for_the_configured_time(void **state)
{
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "cache_seconds = 6\nbind_cache_seconds = 6\n");
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("kill");
	assert_int_equal(ask_alice(&a), 0);
	assert_int_equal(ask_login(&a), 0);
	assert_login(&a, "alice", "wrong", GH_E_DIR_DOWN); /* never decided by the cache */
	assert_expires(&a, ask_alice);
	assert_expires(&a, ask_login);
	slapd("start");
	end(&a);

	/* a cached entry alone is no login */
	begin_with(&a, need("LDAP_URI"), "cache_seconds = 60\nbind_cache_seconds = 0\n");
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("kill");
	assert_int_equal(ask_alice(&a), 0);
	assert_int_equal(ask_login(&a), GH_E_DIR_DOWN);
	slapd("start");
	end(&a);
}

static void
dir__forgets_a_login_when_a_later_one_fails(void **state)
{
	struct access a;

	(void)state;
	begin(&a);
	assert_login(&a, "alice", "alice-secret", 0);
	assert_login(&a, "alice", "wrong", GH_E_AUTH_FAILED);
	slapd("kill");
	assert_int_equal(ask_login(&a), GH_E_DIR_DOWN);
	slapd("start");
	assert_int_equal(ask_login(&a), 0);
	end(&a);
}

/* What the other access of the process has learned, and nothing else; it takes nothing away. */
static void
dir__cached_access_never_asks(void **state)
{
	struct access a, cached;
	struct dir_entry *e;

	(void)state;
	begin(&a);
	cached = a;
	assert_int_equal(dir_new(a.shared, &cached.dir, &cached.err), 0);
	dir_set_waiting(cached.dir, false);
	assert_int_equal(dir_find(cached.dir, "alice", &e, &cached.err), GH_E_BUSY);
	assert_null(e);
	assert_login(&cached, "alice", "alice-secret", GH_E_BUSY);
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("pause");
	assert_finds(&cached, "alice", "Alice Adams");
	assert_login(&cached, "alice", "alice-secret", 0);
	assert_login(&cached, "alice", "wrong", GH_E_BUSY);
	assert_login(&cached, "alice", "", GH_E_AUTH_FAILED);
	assert_login(&cached, "alice", "alice-secret", 0);
	assert_int_equal(dir_find(cached.dir, "bob", &e, &cached.err), GH_E_BUSY);
	assert_int_equal(dir_find_dn(cached.dir, "dc=example,dc=test", &e, &cached.err), GH_E_BUSY);
	slapd("resume");
	dir_set_waiting(cached.dir, true);
	assert_finds(&cached, "bob", "Bob Brown");
	dir_free(cached.dir);
	end(&a);
}

struct crowd {
	struct dir_shared *shared;
	int wrong; /* atomic */
};

static void *
one_of_the_crowd(void *arg)
{
	static const char *const names[] = {"alice", "bob", "carol", "erin", "juergen"};
	struct crowd *c = arg;
	struct dir_entry *e;
	struct dir *d;
	char password[32];

	if (dir_new(c->shared, &d, NULL) != 0)
		return NULL;
	for (int i = 0; i < 200; i++) {
		const char *name = names[i % 5];
		bool is_right = i % 7 != 0;

		snprintf(password, sizeof password, "%s-%s", name, is_right ? "secret" : "wrong");
		if (dir_authenticate(d, name, password, &e, NULL) !=
			(is_right ? 0 : GH_E_AUTH_FAILED) ||
		    (is_right && strcmp(dir_entry_text(e, DIR_SAM_ACCOUNT_NAME), name) != 0))
			__atomic_add_fetch(&c->wrong, 1, __ATOMIC_RELAXED);
		dir_entry_free(e);
	}
	dir_free(d);
	return NULL;
}

static void
dir__serves_threads_at_once(void **state)
{
	struct crowd c = {0};
	pthread_t t[6];
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"),
	    "connect_ms = 20000\noperation_ms = 20000\ncache_seconds = 1\n"
	    "bind_cache_seconds = 1\n");
	c.shared = a.shared;
	operations = 0;
	gh_measure_listen(count_operation);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&t[i], NULL, one_of_the_crowd, &c), 0);
	for (size_t i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(c.wrong, 0);
	assert_true(operations > 100);
	end(&a);
}

static void
dir__reads_members_of_groups(void **state)
{
	struct access a;

	(void)state;
	begin(&a);
	assert_members(&a, "web-admins", "alice");
	assert_members(&a, "CN=Web-Admins, OU=groups, DC=example, DC=test", "alice");
	assert_members(&a, "pki-users", "alice; bob; bobops; carol; dave; erin; juergen");
	assert_members(&a, "externals", "bob"); /* nested, over uniqueMember */
	assert_members(&a, "ring-a", "erin");   /* ends by itself */
	assert_members(&a, "nobody", "");
	assert_members(&a, "*", "");
	assert_members(&a, "web-admins)(cn=*", "");
	end(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dir__knows_every_spelling_of_a_name),
	    cmocka_unit_test(dir__refuses_foreign_and_malformed_names),
	    cmocka_unit_test(dir__is_not_injectable),
	    cmocka_unit_test(dir__finds_names_with_special_characters),
	    cmocka_unit_test(dir__find_dn_wants_an_existing_dn),
	    cmocka_unit_test(dir__refuses_what_is_not_unique),
	    cmocka_unit_test(dir__numbers_entries),
	    cmocka_unit_test(dir__tells_a_shared_mail_address),
	    cmocka_unit_test(dir__refuses_names_that_others_have),
	    cmocka_unit_test(dir__reads_attributes),
	    cmocka_unit_test(dir__maps_attributes_as_configured),
	    cmocka_unit_test(dir__finds_nested_groups),
	    cmocka_unit_test(dir__reads_members_of_groups),
	    cmocka_unit_test(dir__verifies_passwords),
	    cmocka_unit_test(dir__never_binds_with_an_empty_password),
	    cmocka_unit_test(dir__tells_disabled_accounts_only_who_knows_the_password),
	    cmocka_unit_test(dir__never_sends_passwords_in_clear),
	    cmocka_unit_test(dir__refuses_wrong_configuration),
	    cmocka_unit_test(dir__remembers_for_the_configured_time),
	    cmocka_unit_test(dir__forgets_a_login_when_a_later_one_fails),
	    cmocka_unit_test(dir__cached_access_never_asks),
	    cmocka_unit_test(dir__serves_threads_at_once),
	};

	/* servers are down on purpose here */
	gh_log_init("test_dir", GH_LOG_ERROR, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
