/* What an administrative command works with: configuration, database, server secret, and who
 * asks. */
#ifndef COMMAND_ENV_H
#define COMMAND_ENV_H

#include "conf.h"
#include "enroll.h"
#include "env.h"
#include "error.h"
#include "jobs/job.h"
#include "requester.h"
#include "store/store.h"

#define OPEN_STORE 1u     /* connect, and check that the schema fits */
#define OPEN_RAW_STORE 2u /* connect only: for migrations */
#define OPEN_SECRET 4u    /* gateway.secret_file; with a store: for rows that grant rights */

struct command_env {
	struct gh_conf *conf;
	struct store *store;
	unsigned char secret[32];
	struct requester who;
};

/* The configuration file named, else $GATEHOUSE_CONF, else /etc/gatehouse/gatehouse.conf. */
const char *command_env_conf_path(const char *given);
/* parts: OPEN_*. On failure *env is closed. */
int command_env_open(struct command_env *env, const char *conf_path, unsigned parts,
    struct gh_error *err) GH_MUSTCHECK;
/* Read the secret into an open one, where it may not have been there before. */
int command_env_use_secret(struct command_env *env, struct gh_error *err) GH_MUSTCHECK;
/* The same for a configuration that is loaded; takes it over, also on failure. */
int command_env_of_conf(struct command_env *env, struct gh_conf *conf, unsigned parts,
    struct gh_error *err) GH_MUSTCHECK;
void command_env_close(struct command_env *env);

/* For work that the gateway does otherwise, and that writes its files: root becomes gateway.user
 * for good. */
int command_env_become_gateway(const struct command_env *env, struct gh_error *err) GH_MUSTCHECK;
/* A store of a command: run by root, it logs in as gateway.user. */
int command_env_open_store(const struct gh_conf *conf, struct store **out,
    struct gh_error *err) GH_MUSTCHECK;

/* What the pipeline needs besides: catalog, directory, signer. Free with pipeline_free. */
struct pipeline {
	struct worker_env env;
};
int pipeline_open(struct command_env *env, struct pipeline *e, struct gh_error *err) GH_MUSTCHECK;
void pipeline_free(struct pipeline *e);
/* A job of this command, with what is open; progress is nobody's yet. */
struct job_env pipeline_job_env(const struct command_env *env, const struct pipeline *e);

#endif
