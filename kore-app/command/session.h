/* What an administrative command works with: configuration, database, server secret, and who
 * asks. */
#ifndef SESSION_H
#define SESSION_H

#include "conf.h"
#include "enroll.h"
#include "error.h"
#include "job.h"
#include "requester.h"
#include "store/store.h"

#define SESSION_STORE 1u     /* connect, and check that the schema fits */
#define SESSION_RAW_STORE 2u /* connect only: for migrations */
#define SESSION_SECRET 4u    /* gateway.secret_file; with a store: for rows that grant rights */

struct session {
	struct gh_conf *conf;
	struct store *store;
	unsigned char secret[32];
	struct requester who;
};

/* The configuration file named, else $GATEHOUSE_CONF, else /etc/gatehouse/gatehouse.conf. */
const char *session_conf_path(const char *given);
/* parts: SESSION_*. On failure *s is closed. */
int session_open(struct session *s, const char *conf_path, unsigned parts,
    struct gh_error *err) GH_MUSTCHECK;
/* Read the secret into an open session, where it may not have been there before. */
int session_use_secret(struct session *s, struct gh_error *err) GH_MUSTCHECK;
/* The same for a configuration that is loaded; takes it over, also on failure. */
int session_of_conf(struct session *s, struct gh_conf *conf, unsigned parts,
    struct gh_error *err) GH_MUSTCHECK;
void session_close(struct session *s);

/* For work that the gateway does otherwise, and that writes its files: root becomes gateway.user
 * for good. */
int session_become_gateway(const struct session *s, struct gh_error *err) GH_MUSTCHECK;
/* A store of a command: run by root, it logs in as gateway.user. */
int session_open_store(const struct gh_conf *conf, struct store **out,
    struct gh_error *err) GH_MUSTCHECK;

/* What the pipeline needs besides: catalog, directory, signer. Free with session_env_free. */
struct session_env {
	struct enroll_env env;
};
int session_env_open(struct session *s, struct session_env *e, struct gh_error *err) GH_MUSTCHECK;
void session_env_free(struct session_env *e);
/* A job of this command, with what is open; progress is nobody's yet. */
struct job_env session_job_env(const struct session *s, const struct session_env *e);

#endif
