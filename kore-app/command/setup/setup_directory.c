/*
 * `gatehouse setup`: the directory. Server, CA, account and password first; with them the directory
 * itself says of what kind it is and what its names are. Then a look at one person's entry, as an
 * enrollment takes it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover.h"
#include "probe.h"
#include "timestamp.h"

#include "file.h"
#include "prompt.h"
#include "setup.h"

#define SYSTEM_CAS "/etc/ssl/certs/ca-certificates.crt"
#define SKEW_MAX 300 /* seconds that Kerberos tolerates, and logins by certificate with it */

/* ---- answers ---- */

static int
join_uris(const struct option_list *l, char **out, struct gh_error *err)
{
	size_t size = 1;
	char *text;

	*out = NULL;
	for (size_t i = 0; i < l->n; i++)
		size += strlen(l->v[i]) + 1;
	if (l->n == 0)
		return 0;
	text = calloc(1, size);
	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "URIs");
	for (size_t i = 0; i < l->n; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, l->v[i]);
	}
	*out = text;
	return 0;
}

static int
ask_server(struct setup *s, bool is_again, struct gh_error *err)
{
	static const struct option_list none = {.n = 0};
	char *uris;
	int rc = join_uris(is_again ? &none : &s->o.directory_uris, &uris, err);
	const struct setup_question server = {"directory.uris", uris, "--directory-uri",
	    "Directory servers",
	    "Blank-separated, tried in order. Domain controllers: ldaps://dc1.corp.example. The name must be in the server's "
	    "certificate.",
	    conf_settings_get(&s->settings, "directory.uris")};
	const struct setup_question ca = {"directory.ca_file", is_again ? NULL : s->o.directory_ca,
	    "--directory-ca", "CA of the directory's certificate",
	    "PEM file with the CAs that may vouch for these servers.", SYSTEM_CAS};
	const struct setup_question account = {"directory.bind_dn",
	    is_again ? NULL : s->o.directory_user, "--directory-user", "Service account",
	    "DN (Active Directory: or user@domain) of an account that may read users and groups, and nothing more.",
	    conf_settings_get(&s->settings, "directory.bind_dn")};

	if (rc == 0 && s->o.starttls)
		rc = conf_settings_set(&s->settings, "directory.starttls", "true", err);
	if (rc == 0)
		rc = setup_ask(s, &server, err);
	if (rc == 0)
		rc = setup_ask(s, &ca, err);
	if (rc == 0)
		rc = setup_ask(s, &account, err);
	free(uris);
	return rc;
}

/* Kept in a file that only we can read until all is settled: the directory's code takes it from a
 * file. */
static int
ask_password(struct setup *s, bool is_again, char *path, struct gh_error *err)
{
	const char *file = is_again ? NULL : s->o.directory_password_file;
	int fd, rc;
	ssize_t n;

	if (file == NULL && !s->may_ask)
		return gh_refuse(err, GH_E_CONF, "--directory-password-file is needed");
	prompt_free(s->directory_password);
	rc = prompt_password(file, "Its password", false, &s->directory_password, err);
	if (rc != 0)
		return rc;
	n = (ssize_t)strlen(s->directory_password);
	fd = mkstemp(path);
	if (fd < 0 || write(fd, s->directory_password, (size_t)n) != n)
		rc = gh_fail(err, GH_E_INTERNAL, "temporary file");
	if (fd >= 0)
		close(fd);
	return rc == 0 ? conf_settings_set(&s->settings, "directory.password_file", path, err) : rc;
}

/* What the directory told stands unless an option says otherwise. */
static int
ask_names(struct setup *s, const struct dir_facts *f, bool is_again, struct gh_error *err)
{
	const char *type = s->o.directory_type != NULL ? s->o.directory_type
	    : f->is_ad                                 ? "ad"
						       : "openldap";
	const struct setup_question base = {"directory.base", is_again ? NULL : s->o.directory_base,
	    "--directory-base", "Base", "DN below which users, computers and groups are found.",
	    f->base[0] != '\0' ? f->base : NULL};
	int rc = conf_settings_set(&s->settings, "directory.type", type, err);

	if (rc == 0)
		rc = setup_ask(s, &base, err);
	if (rc == 0 && f->realm[0] != '\0' &&
	    conf_settings_get(&s->settings, "directory.realm") == NULL)
		rc = conf_settings_set(&s->settings, "directory.realm", f->realm, err);
	if (rc == 0 && f->netbios[0] != '\0' &&
	    conf_settings_get(&s->settings, "directory.netbios_domain") == NULL)
		rc = conf_settings_set(&s->settings, "directory.netbios_domain", f->netbios, err);
	return rc;
}

/* ---- checks ---- */

static int
open_dir(const struct gh_conf *conf, struct dir_shared **shared, struct dir **dir,
    struct gh_error *err)
{
	int rc = dir_shared_new(conf, shared, err);

	*dir = NULL;
	return rc == 0 ? dir_new(*shared, dir, err) : rc;
}

static void
close_dir(struct dir_shared *shared, struct dir *dir)
{
	dir_free(dir);
	dir_shared_free(shared);
}

static int
refuse_state(const struct dir_report *r, struct gh_error *err)
{
	return gh_refuse(err, GH_E_DIR_DOWN, "directory: %s: %.110s (%.110s)",
	    dir_state_name(r->state), r->detail, dir_state_advice(r->state));
}

/* Connect and bind, before the base is known: a probe would miss the base. */
static int
discover(struct setup *s, struct dir_facts *f, struct gh_error *err)
{
	struct dir_report report = {.state = DIR_STATE_UP};
	struct dir_shared *shared = NULL;
	struct dir *dir = NULL;
	struct gh_error why = {0};
	int rc = setup_load(s, err);

	memset(f, 0, sizeof(*f));
	if (rc == 0)
		rc = open_dir(s->conf, &shared, &dir, err);
	if (rc == 0 && dir_probe(dir, &report, &why) != 0 && report.state < DIR_STATE_BASE)
		rc = refuse_state(&report, err);
	if (rc == 0 && dir_discover(dir, f, &why) != 0)
		rc = gh_refuse(err, GH_E_DIR_DOWN, "directory: %.230s", why.detail);
	close_dir(shared, dir);
	if (rc == 0)
		setup_tell(s, "directory: %s, %s, log-in accepted", f->server,
		    f->is_ad ? "Active Directory" : "LDAP server (not Active Directory)");
	return rc;
}

static int
check_clock(const struct setup *s, const struct dir_facts *f, struct gh_error *err)
{
	int64_t skew = f->time - gh_now();

	if (f->time == 0)
		return 0;
	if (skew > SKEW_MAX || skew < -SKEW_MAX)
		return gh_refuse(err, GH_E_CONF,
		    "the domain controller's clock differs from ours by %lld seconds: let both "
		    "follow the same NTP server",
		    (long long)skew);
	setup_tell(s, "directory: clock within %lld s", (long long)(skew < 0 ? -skew : skew) + 1);
	return 0;
}

static int
check_person(const struct setup *s, struct dir *dir, struct gh_error *err)
{
	bool is_ad = strcmp(s->conf->directory.type, "ad") == 0;
	struct dir_entry *e = NULL;
	char *dn = NULL;
	int rc = dir_sample(dir, &dn, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_refuse(err, GH_E_CONF,
		    "directory.base: no person below %.120s, or the service account may not "
		    "read any",
		    s->conf->directory.base);
	if (rc == 0)
		rc = dir_find_dn(dir, dn, &e, err);
	if (rc == 0 && is_ad && e->sid == NULL)
		rc = gh_refuse(err, GH_E_CONF,
		    "the service account cannot read objectSid of %.150s: give it the right to "
		    "read",
		    dn);
	if (rc == 0)
		setup_tell(s, "directory: entry %s%s%s, in %zu groups", dn,
		    e->sid != NULL ? ", SID " : "", e->sid != NULL ? e->sid : "", e->groups);
	dir_entry_free(e);
	free(dn);
	return rc;
}

/* A name that is wrong in the second place would be found on the day the first server fails. */
static int
check_servers(struct dir_shared *shared, struct gh_error *err)
{
	struct dir_report report;
	struct gh_error why = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < dir_servers(shared); i++)
		if (dir_probe_server(shared, i, &report, &why) != 0)
			rc = refuse_state(&report, err);
	return rc;
}

static int
check_all(struct setup *s, const struct dir_facts *known, struct gh_error *err)
{
	struct dir_shared *shared = NULL;
	struct dir_facts facts;
	struct dir *dir = NULL;
	int rc = open_dir(s->conf, &shared, &dir, err);

	if (rc == 0)
		rc = check_servers(shared, err);
	if (rc == 0 && known == NULL && (rc = dir_discover(dir, &facts, err)) == 0)
		known = &facts;
	if (rc == 0)
		rc = check_clock(s, known, err);
	if (rc == 0)
		rc = check_person(s, dir, err);
	close_dir(shared, dir);
	return rc;
}

/* ---- the step ---- */

static int
ask_and_check(struct setup *s, bool is_again, struct gh_error *err)
{
	char path[] = "/tmp/gatehouse-setup.XXXXXX";
	struct dir_facts facts;
	int rc = ask_server(s, is_again, err);
	const char *account;

	account = conf_settings_get(&s->settings, "directory.bind_dn");
	if (rc == 0 && account != NULL && account[0] != '\0')
		rc = ask_password(s, is_again, path, err);
	if (rc == 0)
		rc = discover(s, &facts, err);
	if (rc == 0)
		rc = ask_names(s, &facts, is_again, err);
	if (rc == 0)
		rc = setup_load(s, err);
	if (rc == 0)
		rc = check_all(s, &facts, err);
	if (strstr(path, "XXXXXX") == NULL)
		unlink(path);
	return rc;
}

static int
step(struct setup *s, bool is_again, struct gh_error *err)
{
	return s->is_new ? ask_and_check(s, is_again, err) : check_all(s, NULL, err);
}

int
setup_directory(struct setup *s, struct gh_error *err)
{
	return setup_repeat(s, step, err);
}
