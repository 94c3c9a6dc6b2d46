/* `gatehouse setup`, before the first question: paths, users, and the configuration so far. */
#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "prompt.h"
#include "setup.h"

#define USER "gatehouse"
#define SIGNER_USER "gatehouse-signer"

static int
find_paths(struct setup *s, struct gh_error *err)
{
	const char *path = command_env_conf_path(s->o.conf);
	char copy[SETUP_PATH_SIZE];

	if (path[0] != '/')
		return gh_refuse(err, GH_E_CONF, "-c %.100s: give the whole path, from /", path);
	if (strlen(path) > SETUP_PATH_SIZE / 2 || strlen(s->o.state_dir) > SETUP_PATH_SIZE / 2)
		return gh_refuse(err, GH_E_CONF, "name too long: %.100s", path);
	snprintf(s->conf_path, sizeof(s->conf_path), "%s", path);
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(s->conf_dir, sizeof(s->conf_dir), "%s", dirname(copy));
	s->is_new = access(path, F_OK) != 0;
	if (s->is_new && errno != ENOENT)
		return gh_refuse(err, GH_E_CONF, "%.160s: %s", path, strerror(errno));
	return 0;
}

/* Root gives the programs users of their own; others run them themselves. */
static int
find_users(struct setup *s, struct gh_error *err)
{
	bool is_root = geteuid() == 0;

	s->user = s->o.user != NULL ? s->o.user : is_root ? USER : "";
	s->signer_user = s->o.signer_user != NULL ? s->o.signer_user : is_root ? SIGNER_USER : "";
	if (s->user[0] != '\0' && getpwnam(s->user) == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "there is no user \"%.60s\" for the gateway: the package makes it (else: "
		    "systemd-sysusers); or give --user",
		    s->user);
	if (s->signer_user[0] != '\0' && getpwnam(s->signer_user) == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "there is no user \"%.60s\" for the signer: the package makes it (else: "
		    "systemd-sysusers); or give --signer-user",
		    s->signer_user);
	return 0;
}

static int
set_path(struct setup *s, const char *setting, const char *folder, const char *file,
    struct gh_error *err)
{
	char path[2 * SETUP_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return conf_settings_set(&s->settings, setting, path, err);
}

static int
set_server_cert(struct setup *s, struct gh_error *err)
{
	int rc;

	if ((s->o.server_cert == NULL) != (s->o.server_key == NULL))
		return gh_refuse(err, GH_E_CONF, "--server-cert and --server-key belong together");
	if (s->o.server_cert == NULL) {
		rc = set_path(s, "gateway.certificate", s->o.state_dir, "tls/server.pem", err);
		return rc == 0 ? set_path(s, "gateway.key", s->o.state_dir, "tls/server.pem", err)
			       : rc;
	}
	rc = conf_settings_set(&s->settings, "gateway.certificate", s->o.server_cert, err);
	return rc == 0 ? conf_settings_set(&s->settings, "gateway.key", s->o.server_key, err) : rc;
}

static int
set_extra(struct setup *s, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->o.set.n; i++)
		rc = conf_settings_parse(&s->settings, s->o.set.v[i], err);
	return rc;
}

static int
begin_new(struct setup *s, struct gh_error *err)
{
	int rc = conf_settings_set(&s->settings, "gateway.user", s->user, err);

	if (rc == 0)
		rc = conf_settings_set(&s->settings, "signer.user", s->signer_user, err);
	if (rc == 0)
		rc = set_path(s, "gateway.secret_file", s->conf_dir, "gateway.secret", err);
	if (rc == 0)
		rc = set_path(s, "signer.key_file", s->conf_dir, "signer.key", err);
	if (rc == 0)
		rc = set_server_cert(s, err);
	if (rc == 0)
		rc = set_extra(s, err);
	return rc == 0 ? setup_load(s, err) : rc;
}

/* An option that says something else than the file would be forgotten without a word. */
static int
begin_again(struct setup *s, struct gh_error *err)
{
	const struct {
		const char *setting, *given;
	} given[] = {
	    {"database.conninfo", s->o.db_password_file == NULL ? s->o.db : NULL},
	    {"directory.type", s->o.directory_type},
	    {"directory.base", s->o.directory_base},
	    {"directory.bind_dn", s->o.directory_user},
	    {"gateway.listen", s->o.listen},
	    {"gateway.certificate", s->o.server_cert},
	    {"gateway.key", s->o.server_key},
	    {"gateway.user", s->o.user},
	    {"signer.user", s->o.signer_user},
	};
	int rc = gh_conf_load(s->conf_path, &s->conf, err);

	for (size_t i = 0; rc == 0 && i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].given != NULL)
			rc = conf_settings_set(&s->settings, given[i].setting, given[i].given, err);
	if (rc == 0)
		rc = set_extra(s, err);
	if (rc == 0)
		rc = conf_settings_agree(&s->settings, s->conf, s->conf_path, err);
	if (rc == 0) {
		s->user = s->conf->gateway.user;
		s->signer_user = s->conf->signer.user;
	}
	return rc;
}

int
setup_begin(struct setup *s, struct gh_error *err)
{
	int rc = find_paths(s, err);

	if (rc == 0)
		rc = find_users(s, err);
	s->may_ask = !s->o.yes && s->is_new && prompt_has_terminal();
	if (rc != 0)
		return rc;
	return s->is_new ? begin_new(s, err) : begin_again(s, err);
}
