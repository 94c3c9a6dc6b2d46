/*
 * What a thread works with, made and ended in one place: for the pool, for background threads and
 * for the command. Functions below take the members that they use.
 */
#ifndef ENROLL_ENV_H
#define ENROLL_ENV_H

#include "catalog/catalog.h"
#include "conf.h"
#include "dir.h"
#include "error.h"
#include "signer/client/signer_client.h"
#include "store/store.h"

struct ocsp_service; /* ocsp/responder.h */

/* What a thread needs to work: its own connections, and what the process shares. */
struct worker_env {
	const struct gh_conf *conf;
	const unsigned char *server_secret; /* 32 bytes; shared by all nodes */
	struct catalog *catalog;            /* referenced for the duration of a request */
	struct store *store;
	struct dir_shared *dirs; /* of the process: what dir is made of */
	struct dir *dir;
	struct signer_client *signer;
	struct signer_client *kra; /* NULL: none is configured */
	struct ocsp_service *ocsp; /* what the process remembers for the responder */
};

#define ENV_STORE 1u
#define ENV_DIR 2u
#define ENV_SIGNER 4u
#define ENV_KRA 8u /* nothing where none is configured */
#define ENV_ALL (ENV_STORE | ENV_DIR | ENV_SIGNER | ENV_KRA)

/*
 * Make the parts of env that are not there yet. conf is set; server_secret too, where the store is
 * to read rows that grant rights; and dirs for ENV_DIR. Nothing is connected yet: what is down
 * stops no start, and a caller that failed asks again later. What was made before a failure stays.
 * GH_E_NOMEM, GH_E_CONF.
 */
int env_open(struct worker_env *env, unsigned parts, struct gh_error *err) GH_MUSTCHECK;
/* Frees store, dir, signer and kra, and gives the catalog back; env can be opened again. */
void env_close(struct worker_env *env);

#endif
