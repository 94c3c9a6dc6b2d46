/* Directories that run, and how they are opened. */
#ifndef TEST_DIR_FIXTURE_H
#define TEST_DIR_FIXTURE_H

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

struct access {
	struct gh_conf *conf;
	struct dir_shared *shared;
	struct dir *dir;
	struct gh_error err;
};

static inline const char *
need(const char *name)
{
	const char *v = getenv(name);

	if (v == NULL)
		fail_msg("%s is not set: start run_dir.sh", name);
	return v;
}

/* Loads a configuration whose [directory] section holds the given lines. */
static inline int
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

static inline void
end(struct access *a)
{
	dir_free(a->dir);
	dir_shared_free(a->shared);
	gh_conf_free(a->conf);
	memset(a, 0, sizeof *a);
}

/* Against slapd; uris and extra lines may differ. */
static inline void
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

static inline void
slapd(const char *verb)
{
	char command[1024];

	snprintf(command, sizeof command, "'%s' %s '%s'", need("SLAPD_SH"), verb,
	    need("SLAPD_DIR"));
	if (system(command) != 0)
		fail_msg("%s", command);
}

static inline struct dir_entry *
found(struct access *a, const char *name)
{
	struct dir_entry *e;

	if (dir_find(a->dir, name, &e, &a->err) != 0)
		fail_msg("%s: %s", name, a->err.detail);
	return e;
}

static inline void
assert_finds(struct access *a, const char *name, const char *cn)
{
	struct dir_entry *e = found(a, name);

	assert_string_equal(dir_entry_text(e, DIR_CN), cn);
	dir_entry_free(e);
}

static inline void
assert_absent(struct access *a, const char *name)
{
	struct dir_entry *e;
	int rc = dir_find(a->dir, name, &e, &a->err);

	if (rc != GH_E_NOT_IN_DIRECTORY)
		fail_msg("\"%s\": %d, %s", name, rc, rc == 0 ? e->dn : a->err.detail);
	assert_null(e);
}

static inline void
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

static inline void
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

/* What the probe says; both ways to ask must say the same. */
static inline void
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

/* --- slow and dead servers -------------------------------------------------------------------- */

/* Accepts connections by its backlog and never says a word. */
static inline int
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

static inline int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a group's people by their DNs, "; " between; of their entries, which their ids find,
 * too. */
static inline void
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

#endif
