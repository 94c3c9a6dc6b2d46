/* The parts of `gatehouse doctor`. Each looks with the eyes of the gateway's user and adds to the
 * findings. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "health/findings.h"

#include "command_env.h"

struct doctor {
	const char *conf_path;
	struct command_env env; /* store NULL while the database does not answer */
	struct findings findings;
	/* Of the gateway. Its catalog is NULL when it was not loaded, its signer when it does not
	 * answer. */
	struct worker_env gateway;
};

/* What there is of it as the parts of health/house.h take it. Borrowed. */
struct worker_env doctor_house(const struct doctor *d);

void doctor_files(struct doctor *d);
void doctor_server_cert(struct doctor *d);
void doctor_database(struct doctor *d);
void doctor_directory(struct doctor *d);
void doctor_signer(struct doctor *d);
void doctor_kra(struct doctor *d);
void doctor_archival(struct doctor *d);
void doctor_cas(struct doctor *d);
void doctor_rules(struct doctor *d);
/* Do the fields that are said to have an index have one, and no others? */
void doctor_metadata(struct doctor *d);
/* The URLs in the certificates of CAs: do they answer, and right? */
void doctor_urls(struct doctor *d);
/* What /metrics tells, too: CRLs, OCSP signers, audit trail, requests that wait. */
void doctor_state(struct doctor *d);
void doctor_jobs(struct doctor *d);
void doctor_packages(struct doctor *d);
void doctor_notify(struct doctor *d);
/* Nodes by the job that each of them runs. */
void doctor_nodes(struct doctor *d);
void doctor_gateway(struct doctor *d);
/* By /metrics of the gateway on this machine; where it is told to loopback only and the gateway
 * does not listen there, nothing is found. */
void doctor_workers(struct doctor *d);
void doctor_clock(struct doctor *d);

/* Root becomes the gateway's user first: it sees what no other user sees. An error is found where
 * the process runs as somebody else. */
int doctor_become_gateway(struct doctor *d, struct gh_error *err) GH_MUSTCHECK;

#endif
