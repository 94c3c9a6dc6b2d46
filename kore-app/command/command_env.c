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

#include "command_env.h"
#include "person.h"

#define CONF_DEFAULT "/etc/gatehouse/gatehouse.conf"

const char *
command_env_conf_path(const char *given)
{
	const char *env = getenv("GATEHOUSE_CONF");

	if (given != NULL)
		return given;
	return env != NULL && env[0] != '\0' ? env : CONF_DEFAULT;
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
command_env_open_store(const struct gh_conf *conf, struct store **out, struct gh_error *err)
{
	struct worker_env env = {.conf = conf};
	int rc = env_open(&env, ENV_STORE, err);

	if (rc == 0)
		rc = store_log_in_as(env.store, conf->gateway.user, err);
	if (rc != 0)
		env_close(&env);
	*out = env.store;
	return rc;
}

int
command_env_of_conf(struct command_env *env, struct gh_conf *conf, unsigned parts,
    struct gh_error *err)
{
	int rc = 0;

	memset(env, 0, sizeof(*env));
	fill_requester(&env->who);
	env->conf = conf;
	if (rc == 0 && (parts & (OPEN_STORE | OPEN_RAW_STORE)) != 0)
		rc = command_env_open_store(env->conf, &env->store, err);
	if (rc == 0 && (parts & OPEN_SECRET) != 0)
		rc = command_env_use_secret(env, err);
	if (rc == 0 && (parts & OPEN_STORE) != 0)
		rc = store_check_schema(env->store, err);
	if (rc != 0)
		command_env_close(env);
	return rc;
}

int
command_env_use_secret(struct command_env *env, struct gh_error *err)
{
	int rc = gh_conf_read_key(env->conf->gateway.secret_file, env->secret, err);

	if (rc == 0 && env->store != NULL)
		rc = store_use_secret(env->store, env->secret, err);
	return rc;
}

int
command_env_open(struct command_env *env, const char *conf_path, unsigned parts,
    struct gh_error *err)
{
	struct gh_conf *conf;
	int rc = gh_conf_load(command_env_conf_path(conf_path), &conf, err);

	memset(env, 0, sizeof(*env));
	return rc == 0 ? command_env_of_conf(env, conf, parts, err) : rc;
}

int
command_env_become_gateway(const struct command_env *env, struct gh_error *err)
{
	const char *user = env->conf->gateway.user;
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
command_env_close(struct command_env *env)
{
	store_free(env->store);
	gh_conf_free(env->conf);
	OPENSSL_cleanse(env->secret, sizeof(env->secret));
	memset(env, 0, sizeof(*env));
}

int
pipeline_open(struct command_env *env, struct pipeline *e, struct gh_error *err)
{
	int64_t skew;
	int rc;

	memset(e, 0, sizeof(*e));
	e->env.conf = env->conf;
	e->env.server_secret = env->secret;
	e->env.store = env->store;
	rc = store_clock_skew(env->store, &skew, err);
	clock_set_skew(skew);
	if (rc == 0)
		rc = enroll_load_catalog(env->store, env->secret, &e->env.catalog, err);
	if (rc == 0)
		rc = dir_shared_new(env->conf, &e->env.dirs, err);
	if (rc == 0)
		rc = env_open(&e->env, ENV_DIR | ENV_SIGNER | ENV_KRA, err);
	if (rc != 0)
		pipeline_free(e);
	return rc;
}

void
pipeline_free(struct pipeline *e)
{
	e->env.store = NULL; /* the command's */
	env_close(&e->env);
	dir_shared_free(e->env.dirs);
	memset(e, 0, sizeof(*e));
}

struct job_env
pipeline_job_env(const struct command_env *env, const struct pipeline *e)
{
	return (struct job_env){
	    .conf = env->conf,
	    .server_secret = env->secret,
	    .store = env->store,
	    .signer = e->env.signer,
	    .kra = e->env.kra,
	    .dir = e->env.dir,
	    .cas = &e->env.catalog->cas,
	    .who = env->who,
	};
}
