/*
 * The gateway's own TLS certificate, issued by a CA of its own: made by `gatehouse setup`, renewed
 * by the job "server-certificate" of each node. One PEM file holds key, certificate and issuers, so
 * that one rename(2) changes them together; gateway.certificate and gateway.key both name it, and
 * the supervisor takes a changed file over.
 */
#ifndef SERVER_CERT_H
#define SERVER_CERT_H

#include "job.h"

#define SERVER_CERT_DAYS 90
#define SERVER_CERT_NAMES_MAX 32

struct server_cert_names {
	size_t n;
	char *name[SERVER_CERT_NAMES_MAX]; /* DNS names and numeric addresses; malloc'd */
};
void server_cert_names_clear(struct server_cert_names *names);
/* A copy of name. GH_E_CONF: neither a DNS name (RFC 1123, 2.1) nor an address, or too many. */
int server_cert_names_add(struct server_cert_names *names, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

struct server_cert_issue {
	const struct gh_conf *conf;
	struct store *store;
	struct signer_client *signer;
	const struct requester *who;
	const struct ca *ca;
};
/* A new P-256 key and its certificate, recorded and audited. The first name is the subject's CN
 * where it fits. *pem: malloc'd, holds the private key: server_cert_pem_free. GH_E_CA_LOCKED,
 * GH_E_CA_UNAVAILABLE, GH_E_SIGNER... */
int server_cert_issue(const struct server_cert_issue *i, const struct server_cert_names *names,
    char **pem, struct gh_error *err) GH_MUSTCHECK;
void server_cert_pem_free(char *pem); /* wipes; accepts NULL */

/* What the file at gateway.certificate is. */
struct server_cert_state {
	bool is_ours; /* issued by server_cert_issue and in one file with its key */
	bool is_due;  /* ours, and revoked or in the last third of its life */
	int64_t ca_id;
	int64_t not_before, not_after; /* UTC seconds */
	struct server_cert_names names;
};
/* GH_E_CONF: the file cannot be read or holds no certificate. Clear *out with
 * server_cert_state_clear. */
int server_cert_look(const struct gh_conf *conf, struct store *store, struct server_cert_state *out,
    struct gh_error *err) GH_MUSTCHECK;
void server_cert_state_clear(struct server_cert_state *s);

/* The job: renew the file of this node when it is due. */
int server_cert_job_run(struct job_env *env, char *detail, size_t size,
    struct gh_error *err) GH_MUSTCHECK;
int server_cert_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;

#endif
