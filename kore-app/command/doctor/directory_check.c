/* See directory_check.h. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "discover.h"
#include "probe.h"
#include "timestamp.h"

#include "directory_check.h"

#define HOST_SIZE 256
#define SKEW_MAX 300 /* seconds; Kerberos tolerates no more */

/* In the order in which a look-up meets them. */
static const struct {
	const char *code, *what;
	enum dir_state wrong; /* the state that says: this step fails */
} steps[] = {
    {"directory-connect", "connected", DIR_STATE_UNREACHABLE},
    {"directory-tls", "certificate trusted", DIR_STATE_TLS},
    {"directory-login", "service account accepted", DIR_STATE_CREDENTIALS},
    {"directory-base", "directory.base can be read", DIR_STATE_BASE},
    {"directory-group-base", "groups can be read", DIR_STATE_GROUP_BASE},
    {"directory-type", "kind of directory is as configured", DIR_STATE_TYPE},
};

/* Host of the n-th URI; "" for ldapi://, and where there is none. */
static void
uri_host(const struct gh_conf *conf, size_t n, char out[HOST_SIZE])
{
	const char *p = conf->directory.uris, *host, *end;

	p += strspn(p, " \t\r\n");
	while (n-- > 0) {
		p += strcspn(p, " \t\r\n");
		p += strspn(p, " \t\r\n");
	}
	out[0] = '\0';
	host = strstr(p, "://");
	if (host == NULL || strncasecmp(p, "ldapi://", 8) == 0)
		return;
	host += 3;
	end = host + strcspn(host, *host == '[' ? "]" : ":/ \t\r\n");
	if (*host == '[')
		host++;
	snprintf(out, HOST_SIZE, "%.*s", (int)(end - host), host);
}

static bool
check_resolves(const char *host, struct findings *f)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char address[NI_MAXHOST] = "?";
	struct addrinfo *found = NULL;
	int code;

	if (host[0] == '\0')
		return true;
	code = getaddrinfo(host, NULL, &hints, &found);
	if (code != 0) {
		finding_wrong(f, FINDING_ERROR, "directory-resolve",
		    "check directory.uris and the DNS", "%s: %s", host, gai_strerror(code));
		return false;
	}
	(void)getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof(address), NULL, 0,
	    NI_NUMERICHOST);
	freeaddrinfo(found);
	finding_ok(f, "directory-resolve", "%s is %s", host, address);
	return true;
}

/* true: this server is up. */
static bool
check_server(const struct gh_conf *conf, struct dir_shared *shared, size_t n, struct findings *f)
{
	struct dir_report r;
	struct gh_error err = {0};
	char host[HOST_SIZE];

	uri_host(conf, n, host);
	if (!check_resolves(host, f))
		return false;
	(void)!dir_probe_server(shared, n, &r, &err);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].wrong == r.state) {
			finding_wrong(f, FINDING_ERROR, steps[i].code, dir_state_advice(r.state),
			    "%s: %s: %s", r.server, dir_state_name(r.state), r.detail);
			return false;
		}
		if (steps[i].wrong != DIR_STATE_GROUP_BASE || conf->directory.group_base[0] != '\0')
			finding_ok(f, steps[i].code, "%s: %s", r.server, steps[i].what);
	}
	return true;
}

static void
check_clock(struct dir_shared *shared, struct findings *f)
{
	struct dir_facts facts;
	struct gh_error err = {0};
	struct dir *dir = NULL;
	long long skew;

	if (dir_new(shared, &dir, &err) != 0 || dir_discover(dir, &facts, &err) != 0 ||
	    facts.time == 0) {
		dir_free(dir);
		return;
	}
	dir_free(dir);
	skew = (long long)(facts.time - gh_now());
	if (skew > SKEW_MAX || skew < -SKEW_MAX)
		finding_wrong(f, FINDING_ERROR, "directory-clock",
		    "let both follow the same NTP server",
		    "%s: its clock is %lld seconds ahead of ours", facts.server, skew);
	else
		finding_ok(f, "directory-clock", "%s: clock within %lld s", facts.server,
		    (skew < 0 ? -skew : skew) + 1);
}

bool
directory_check_servers(const struct gh_conf *conf, struct dir_shared *shared, struct findings *f)
{
	bool any = false;

	for (size_t i = 0; i < dir_servers(shared); i++)
		any |= check_server(conf, shared, i, f);
	if (any)
		check_clock(shared, f);
	return any;
}

/* ---- one user ---- */

static void
check_entry(const struct gh_conf *conf, const struct dir_entry *e, struct findings *f)
{
	finding_ok(f, "directory-groups", "in %zu groups", e->groups);
	if (e->sid != NULL)
		finding_ok(f, "directory-sid", "%s", e->sid);
	else if (strcmp(conf->directory.type, "ad") == 0)
		finding_wrong(f, FINDING_ERROR, "directory-sid",
		    "give the service account the right to read objectSid",
		    "objectSid cannot be read: certificates would lack the SID that domain controllers demand");
	if (e->is_disabled)
		finding_wrong(f, FINDING_WARNING, "directory-disabled",
		    "enable the account in the directory",
		    "the account is disabled, expired or locked: it gets no certificate");
}

static void
check_password(struct dir *dir, const char *name, const char *password, struct findings *f)
{
	struct dir_entry *e = NULL;
	struct gh_error err = {0};
	int rc = dir_authenticate(dir, name, password, &e, &err);

	dir_entry_free(e);
	if (rc == 0)
		finding_ok(f, "directory-password", "accepted");
	else
		finding_wrong(f, FINDING_ERROR, "directory-password",
		    rc == GH_E_DIR_DOWN ? "try again"
			: rc == GH_E_ACCOUNT_DISABLED
			? "the password is right; enable the account in the directory"
			: "check the password; the directory may lock the account after several wrong ones",
		    "%s", err.detail);
}

void
directory_check_user(const struct gh_conf *conf, struct dir *dir, const char *name,
    const char *password, struct findings *f, struct dir_entry **out)
{
	struct gh_error err = {0};
	int rc = dir_find(dir, name, out, &err);

	if (rc != 0) {
		finding_wrong(f, FINDING_ERROR, "directory-user",
		    rc == GH_E_NOT_IN_DIRECTORY
			? "check the name, directory.base, directory.user_filter, directory.realm and directory.netbios_domain"
			: "try again",
		    "%s: %s", name, err.detail);
		return;
	}
	finding_ok(f, "directory-user", "%s %s", (*out)->is_computer ? "computer" : "person",
	    (*out)->dn);
	check_entry(conf, *out, f);
	if (password != NULL)
		check_password(dir, name, password, f);
}
