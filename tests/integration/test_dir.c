/* The directory layer against a real slapd and a real Active Directory, healthy and not. run_dir.sh
 * starts both and passes what slapd.sh and samba.sh wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "measure.h"
#include "members.h"
#include "probe.h"
#include "timestamp.h"

/* What is there answers in half of it, also on a busy machine. */
#define CONNECT_MS 3000
#define OPERATION_MS 3000
#define SLACK_MS 8000 /* a busy machine */

struct access {
	struct gh_conf *conf;
	struct dir_shared *shared;
	struct dir *dir;
	struct gh_error err;
};

static const char *
need(const char *name)
{
	const char *v = getenv(name);

	if (v == NULL)
		fail_msg("%s is not set: start run_dir.sh", name);
	return v;
}

/* Loads a configuration whose [directory] section holds the given lines. */
static int
load(struct access *a, const char *lines)
{
	char path[] = "/tmp/gatehouse-test-XXXXXX";
	int fd = mkstemp(path), rc;
	FILE *f;

	memset(a, 0, sizeof *a);
	assert_true(fd != -1);
	assert_non_null(f = fdopen(fd, "w"));
	fprintf(f,
	    "gateway {\ncertificate = \"x\"\nkey = \"x\"\n}\ndatabase {\nconninfo = \"x\"\n}\n"
	    "directory {\nconnect_ms = %d\noperation_ms = %d\n%s}\n",
	    CONNECT_MS, OPERATION_MS, lines);
	fclose(f);
	rc = gh_conf_load(path, &a->conf, &a->err);
	unlink(path);
	if (rc != 0)
		return rc;
	return dir_shared_new(a->conf, &a->shared, &a->err);
}

static void
end(struct access *a)
{
	dir_free(a->dir);
	dir_shared_free(a->shared);
	gh_conf_free(a->conf);
	memset(a, 0, sizeof *a);
}

/* Against slapd; uris and extra lines may differ. */
static void
begin_with(struct access *a, const char *uris, const char *extra)
{
	char lines[4096];

	snprintf(lines, sizeof lines,
	    "type = \"openldap\"\nuris = \"%s\"\nca_file = \"%s\"\nbind_dn = \"%s\"\n"
	    "password_file = \"%s\"\nbase = \"%s\"\nnetbios_domain = \"EXAMPLE\"\nrealm = \"CORP.EXAMPLE\"\n%s",
	    uris, need("LDAP_CAFILE"), need("LDAP_BIND_DN"), need("LDAP_PASSWORD_FILE"),
	    need("LDAP_BASE"), extra);
	if (load(a, lines) != 0)
		fail_msg("%s", a->err.message);
	assert_int_equal(dir_new(a->shared, &a->dir, &a->err), 0);
}

static void
begin(struct access *a)
{
	begin_with(a, need("LDAP_URI"), "");
}

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

static void
slapd(const char *verb)
{
	char command[1024];

	snprintf(command, sizeof command, "'%s' %s '%s'", need("SLAPD_SH"), verb,
	    need("SLAPD_DIR"));
	if (system(command) != 0)
		fail_msg("%s", command);
}

static struct dir_entry *
found(struct access *a, const char *name)
{
	struct dir_entry *e;

	if (dir_find(a->dir, name, &e, &a->err) != 0)
		fail_msg("%s: %s", name, a->err.detail);
	return e;
}

static void
assert_finds(struct access *a, const char *name, const char *cn)
{
	struct dir_entry *e = found(a, name);

	assert_string_equal(dir_entry_text(e, DIR_CN), cn);
	dir_entry_free(e);
}

static void
assert_absent(struct access *a, const char *name)
{
	struct dir_entry *e;
	int rc = dir_find(a->dir, name, &e, &a->err);

	if (rc != GH_E_NOT_IN_DIRECTORY)
		fail_msg("\"%s\": %d, %s", name, rc, rc == 0 ? e->dn : a->err.detail);
	assert_null(e);
}

static void
assert_login(struct access *a, const char *name, const char *password, int expected)
{
	struct dir_entry *e;
	int rc = dir_authenticate(a->dir, name, password, &e, &a->err);

	if (rc != expected)
		fail_msg("%s: %d instead of %d: %s", name, rc, expected,
		    rc != 0 ? a->err.detail : "logged in");
	assert_true((e != NULL) == (rc == 0));
	dir_entry_free(e);
}

static void
assert_groups(struct access *a, const char *name, const char *const *in, const char *const *out)
{
	struct dir_entry *e = found(a, name);

	for (; *in != NULL; in++)
		if (!dir_entry_is_member(e, *in))
			fail_msg("%s is not in %s", name, *in);
	for (; *out != NULL; out++)
		if (dir_entry_is_member(e, *out))
			fail_msg("%s is in %s", name, *out);
	dir_entry_free(e);
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

/* What the probe says; both ways to ask must say the same. */
static void
assert_state(struct access *a, enum dir_state expected)
{
	struct dir_report r;
	int rc = dir_probe(a->dir, &r, &a->err);

	if (r.state != expected)
		fail_msg("%s instead of %s: %s", dir_state_name(r.state), dir_state_name(expected),
		    r.detail);
	assert_int_equal(rc, expected == DIR_STATE_UP ? 0 : GH_E_DIR_DOWN);
	assert_int_equal(r.detail[0] == '\0', expected == DIR_STATE_UP);
	if (dir_servers(a->shared) == 1) {
		assert_int_equal(dir_probe_server(a->shared, 0, &r, &a->err), rc);
		assert_string_equal(dir_state_name(r.state), dir_state_name(expected));
	}
}

#define LIST(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}
#define NOTHING \
	(const char *const[]) \
	{ \
		NULL \
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

/* The only trust is the configured CA, or the system's without one, whatever the environment of
 * libldap says. */
static void
dir__refuses_a_server_of_another_ca(void **state)
{
	const char *const ca_file[] = {need("AD_CAFILE"), ""};
	struct access a;
	char lines[1024];

	(void)state;
	setenv("LDAPTLS_REQCERT", "never", 1);
	setenv("LDAPTLS_CACERT", need("LDAP_CAFILE"), 1);
	for (size_t i = 0; i < sizeof ca_file / sizeof ca_file[0]; i++) {
		snprintf(lines, sizeof lines,
		    "type = \"openldap\"\nuris = \"%s\"\nbase = \"dc=example,dc=test\"\n"
		    "ca_file = \"%s\"\n",
		    need("LDAP_URI"), ca_file[i]);
		assert_int_equal(load(&a, lines), 0);
		assert_int_equal(dir_new(a.shared, &a.dir, &a.err), 0);
		assert_state(&a, DIR_STATE_TLS);
		end(&a);
	}
	unsetenv("LDAPTLS_REQCERT");
	unsetenv("LDAPTLS_CACERT");
}

/* Linux takes a connection to 0.0.0.0 to 127.0.0.1, an address that the certificate does not
 * have. */
static void
dir__refuses_a_server_of_another_name(void **state)
{
	struct addrinfo *ai, hints = {.ai_socktype = SOCK_STREAM};
	const char *port = strrchr(need("LDAP_URI"), ':') + 1;
	struct access a;
	char uri[64];
	int fd;

	(void)state;
	assert_int_equal(getaddrinfo("0.0.0.0", port, &hints, &ai), 0);
	fd = socket(ai->ai_family, ai->ai_socktype, 0);
	assert_int_equal(connect(fd, ai->ai_addr, ai->ai_addrlen), 0);
	freeaddrinfo(ai);
	close(fd);
	snprintf(uri, sizeof uri, "ldaps://0.0.0.0:%s", port);
	begin_with(&a, uri, "");
	assert_state(&a, DIR_STATE_TLS);
	end(&a);
}

static void
dir__wrong_service_password_is_no_answer_about_users(void **state)
{
	struct dir_entry *e;
	struct access a;
	char lines[1024];

	(void)state;
	snprintf(lines, sizeof lines,
	    "type = \"openldap\"\nuris = \"%s\"\nbase = \"dc=example,dc=test\"\n"
	    "ca_file = \"%s\"\nbind_dn = \"%s\"\npassword_file = \"%s\"\n",
	    need("LDAP_URI"), need("LDAP_CAFILE"), need("LDAP_BIND_DN"), need("LDAP_CAFILE"));
	assert_int_equal(load(&a, lines), 0);
	assert_int_equal(dir_new(a.shared, &a.dir, &a.err), 0);
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_login(&a, "alice", "alice-secret", GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_CREDENTIALS);
	end(&a);
}

static void
dir__missing_base_is_no_answer_about_users(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "base = \"dc=other,dc=test\"\n");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_BASE);
	end(&a);
	begin_with(&a, need("LDAP_URI"), "base = \"ou=nobody,dc=example,dc=test\"\n");
	assert_state(&a, DIR_STATE_BASE);
	end(&a);
	begin_with(&a, need("LDAP_URI"), "base = \"no dn\"\n");
	assert_state(&a, DIR_STATE_BASE);
	end(&a);
	begin_with(&a, need("LDAP_URI"), "group_base = \"ou=nobody,dc=example,dc=test\"\n");
	assert_state(&a, DIR_STATE_GROUP_BASE);
	end(&a);
}

/* Fewer groups than there are would be a denial that is remembered. */
static void
dir__short_list_is_no_answer_about_groups(void **state)
{
	struct dir_entry *e;
	struct access a;
	char lines[256];

	(void)state;
	snprintf(lines, sizeof lines, "bind_dn = \"cn=short,ou=services,%s\"\n", need("LDAP_BASE"));
	begin_with(&a, need("LDAP_URI"), lines);
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_non_null(strstr(a.err.detail, "size limit"));
	end(&a);
}

/* --- slow and dead servers -------------------------------------------------------------------- */

/* Accepts connections by its backlog and never says a word. */
static int
mute_server(char *uri, size_t size, const char *scheme)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd != -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(uri, size, "%s://127.0.0.1:%d", scheme, ntohs(sin.sin_port));
	return fd;
}

static void
assert_within(int64_t started, int at_least_ms, int at_most_ms)
{
	int64_t ms = (gh_now_us() - started) / 1000;

	if (ms < at_least_ms || ms > at_most_ms)
		fail_msg("took %d ms instead of %d to %d", (int)ms, at_least_ms, at_most_ms);
}

static void
dir__bounds_a_mute_server(void **state)
{
	static const struct {
		const char *scheme, *extra;
	} kinds[] = {{"ldaps", ""}, {"ldap", "starttls = true\n"}};
	struct dir_entry *e;
	struct access a;
	char uri[64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int fd = mute_server(uri, sizeof uri, kinds[i].scheme);
		int64_t started = gh_now_us();

		begin_with(&a, uri, kinds[i].extra);
		assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
		assert_within(started, CONNECT_MS - 50, CONNECT_MS + SLACK_MS);
		end(&a);
		close(fd);
	}
}

static void *
ask_once(void *arg)
{
	struct access *a = arg;
	struct dir_entry *e;
	struct dir *d;
	int64_t started = gh_now_us();
	int rc = dir_new(a->shared, &d, NULL);

	if (rc == 0) {
		rc = dir_find(d, "alice", &e, NULL);
		dir_free(d);
	}
	return rc == GH_E_DIR_DOWN && (gh_now_us() - started) / 1000 < CONNECT_MS / 2 ? arg : NULL;
}

/* A directory that does not answer must not hold every thread of the gateway. */
static void
dir__lets_one_thread_wait_for_a_mute_server(void **state)
{
	struct dir_entry *e;
	struct access a;
	pthread_t t[4];
	void *quick;
	char uri[64];
	int fd = mute_server(uri, sizeof uri, "ldaps"), n = 0;

	(void)state;
	begin_with(&a, uri, "");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask_once, &a), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(t[i], &quick);
		n += quick != NULL;
	}
	assert_int_equal(n, 3);
	end(&a);
	close(fd);
}

static void
dir__goes_to_the_next_server(void **state)
{
	struct access a;
	char uri[64], uris[256];
	int fd = mute_server(uri, sizeof uri, "ldaps");
	int64_t started;

	(void)state;
	snprintf(uris, sizeof uris, "ldaps://127.0.0.1:1 %s", need("LDAP_URI"));
	begin_with(&a, uris, "");
	assert_finds(&a, "alice", "Alice Adams");
	assert_login(&a, "alice", "alice-secret", 0);
	end(&a);

	snprintf(uris, sizeof uris, "%s %s", uri, need("LDAP_URI"));
	begin_with(&a, uris, "");
	assert_finds(&a, "alice", "Alice Adams");
	/* the mute one is known now: nobody waits for it again */
	started = gh_now_us();
	assert_login(&a, "alice", "alice-secret", 0);
	assert_within(started, 0, CONNECT_MS / 2);
	end(&a);
	close(fd);
}

static void
dir__bounds_a_stopped_server_and_comes_back(void **state)
{
	struct dir_entry *e;
	struct access a;
	int64_t started;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "cache_seconds = 0\nbind_cache_seconds = 0\n");
	assert_finds(&a, "alice", "Alice Adams");
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("pause");
	started = gh_now_us();
	assert_int_equal(dir_find(a.dir, "bob", &e, &a.err), GH_E_DIR_DOWN);
	assert_within(started, OPERATION_MS - 50, OPERATION_MS + CONNECT_MS + SLACK_MS);
	started = gh_now_us();
	assert_login(&a, "alice", "alice-secret", GH_E_DIR_DOWN);
	assert_within(started, 0, OPERATION_MS + CONNECT_MS + SLACK_MS);
	slapd("resume");
	assert_finds(&a, "bob", "Bob Brown");
	assert_login(&a, "alice", "alice-secret", 0);
	end(&a);
}

static void
dir__survives_a_restart_of_the_server(void **state)
{
	struct dir_entry *e;
	struct access a;

	(void)state;
	begin_with(&a, need("LDAP_URI"), "cache_seconds = 0\nbind_cache_seconds = 0\n");
	assert_login(&a, "alice", "alice-secret", 0);
	slapd("kill");
	slapd("start");
	assert_login(&a, "alice", "alice-secret", 0); /* both connections, at the first try */
	slapd("kill");
	assert_int_equal(dir_find(a.dir, "alice", &e, &a.err), GH_E_DIR_DOWN);
	assert_login(&a, "alice", "alice-secret", GH_E_DIR_DOWN);
	assert_state(&a, DIR_STATE_UNREACHABLE);
	slapd("start");
	assert_state(&a, DIR_STATE_UP);
	assert_finds(&a, "alice", "Alice Adams");
	end(&a);
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

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a group's people by their DNs, "; " between; of their entries, which their ids find,
 * too. */
static void
assert_members(struct access *a, const char *group, const char *expected)
{
	struct dir_members m = {0};
	char out[1024] = "";

	assert_int_equal(dir_members_read(a->dir, group, &m, &a->err), 0);
	if (m.n > 0)
		qsort(m.dn, m.n, sizeof(*m.dn), by_text);
	for (size_t i = 0; i < m.n; i++) {
		struct dir_entry *e, *again;

		assert_int_equal(dir_find_dn(a->dir, m.dn[i], &e, &a->err), 0);
		assert_int_equal(dir_find_id(a->dir, e->id, &again, &a->err), 0);
		assert_string_equal(again->dn, e->dn);
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i > 0 ? "; " : "",
		    dir_entry_text(e, DIR_SAM_ACCOUNT_NAME));
		dir_entry_free(e);
		dir_entry_free(again);
	}
	print_message("# %s: %s\n", group, out);
	assert_string_equal(out, expected);
	assert_false(m.is_cut);
	dir_members_clear(&m);
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
	    cmocka_unit_test(dir__refuses_a_server_of_another_ca),
	    cmocka_unit_test(dir__refuses_a_server_of_another_name),
	    cmocka_unit_test(dir__wrong_service_password_is_no_answer_about_users),
	    cmocka_unit_test(dir__missing_base_is_no_answer_about_users),
	    cmocka_unit_test(dir__short_list_is_no_answer_about_groups),
	    cmocka_unit_test(dir__notices_the_wrong_kind_of_directory),
	    cmocka_unit_test(dir_probe__tells_network_from_tls),
	    cmocka_unit_test(dir_probe__names_the_cause_that_says_most),
	    cmocka_unit_test(dir_probe__needs_rights),
	    cmocka_unit_test(dir__bounds_a_mute_server),
	    cmocka_unit_test(dir__lets_one_thread_wait_for_a_mute_server),
	    cmocka_unit_test(dir__goes_to_the_next_server),
	    cmocka_unit_test(dir__bounds_a_stopped_server_and_comes_back),
	    cmocka_unit_test(dir__survives_a_restart_of_the_server),
	    cmocka_unit_test(dir__remembers_for_the_configured_time),
	    cmocka_unit_test(dir__forgets_a_login_when_a_later_one_fails),
	    cmocka_unit_test(dir__cached_access_never_asks),
	    cmocka_unit_test(dir__serves_threads_at_once),
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
