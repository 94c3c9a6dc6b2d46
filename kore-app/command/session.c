/*
 * Who may read the configuration may administer: it names the database and the secrets. So the
 * command acts with all roles, and the audit record holds the person (person.h).
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "clock.h"
#include "env.h"

#include "person.h"
#include "session.h"

#define SESSION_CONF_DEFAULT "/etc/gatehouse/gatehouse.conf"

const char *
session_conf_path(const char *given)
{
	const char *env = getenv("GATEHOUSE_CONF");

	if (given != NULL)
		return given;
	return env != NULL && env[0] != '\0' ? env : SESSION_CONF_DEFAULT;
}

static void
fill_requester(struct requester *who)
{
	memset(who, 0, sizeof(*who));
	who->kind = REQUESTER_COMMAND;
	who->roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR;
	person_of_process(who->name, sizeof(who->name));
}

int
session_open_store(const struct gh_conf *conf, struct store **out, struct gh_error *err)
{
	int rc = store_new(conf->database.conninfo, conf->database.timeout_ms, out, err);

	if (rc == 0)
		rc = store_log_in_as(*out, conf->gateway.user, err);
	if (rc != 0) {
		store_free(*out);
		*out = NULL;
	}
	return rc;
}

int
session_of_conf(struct session *s, struct gh_conf *conf, unsigned parts, struct gh_error *err)
{
	int rc = 0;

	memset(s, 0, sizeof(*s));
	fill_requester(&s->who);
	s->conf = conf;
	if (rc == 0 && (parts & (SESSION_STORE | SESSION_RAW_STORE)) != 0)
		rc = session_open_store(s->conf, &s->store, err);
	if (rc == 0 && (parts & SESSION_SECRET) != 0)
		rc = session_use_secret(s, err);
	if (rc == 0 && (parts & SESSION_STORE) != 0)
		rc = store_check_schema(s->store, err);
	if (rc != 0)
		session_close(s);
	return rc;
}

int
session_use_secret(struct session *s, struct gh_error *err)
{
	int rc = gh_conf_read_key(s->conf->gateway.secret_file, s->secret, err);

	if (rc == 0 && s->store != NULL)
		rc = store_use_secret(s->store, s->secret, err);
	return rc;
}

int
session_open(struct session *s, const char *conf_path, unsigned parts, struct gh_error *err)
{
	struct gh_conf *conf;
	int rc = gh_conf_load(session_conf_path(conf_path), &conf, err);

	memset(s, 0, sizeof(*s));
	return rc == 0 ? session_of_conf(s, conf, parts, err) : rc;
}

int
session_become_gateway(const struct session *s, struct gh_error *err)
{
	const char *user = s->conf->gateway.user;
	const struct passwd *pw = user[0] != '\0' ? getpwnam(user) : NULL;

	if (geteuid() != 0 || user[0] == '\0')
		return 0;
	if (pw == NULL)
		return gh_refuse(err, GH_E_CONF, "gateway.user: there is no user \"%.60s\"", user);
	if (initgroups(user, pw->pw_gid) != 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return gh_fail(err, GH_E_INTERNAL, "change of user: %s", strerror(errno));
	return 0;
}

void
session_close(struct session *s)
{
	store_free(s->store);
	gh_conf_free(s->conf);
	OPENSSL_cleanse(s->secret, sizeof(s->secret));
	memset(s, 0, sizeof(*s));
}

int
session_env_open(struct session *s, struct session_env *e, struct gh_error *err)
{
	int64_t skew;
	int rc;

	memset(e, 0, sizeof(*e));
	e->env.conf = s->conf;
	e->env.server_secret = s->secret;
	e->env.store = s->store;
	rc = store_clock_skew(s->store, &skew, err);
	clock_set_skew(skew);
	if (rc == 0)
		rc = enroll_load_catalog(s->store, s->secret, &e->env.catalog, err);
	if (rc == 0)
		rc = dir_shared_new(s->conf, &e->env.dirs, err);
	if (rc == 0)
		rc = env_open(&e->env, ENV_DIR | ENV_SIGNER, err);
	if (rc != 0)
		session_env_free(e);
	return rc;
}

void
session_env_free(struct session_env *e)
{
	e->env.store = NULL; /* the session's */
	env_close(&e->env);
	dir_shared_free(e->env.dirs);
	memset(e, 0, sizeof(*e));
}

struct job_env
session_job_env(const struct session *s, const struct session_env *e)
{
	return (struct job_env){
	    .conf = s->conf,
	    .server_secret = s->secret,
	    .store = s->store,
	    .signer = e->env.signer,
	    .dir = e->env.dir,
	    .catalog = e->env.catalog,
	    .who = s->who,
	};
}
