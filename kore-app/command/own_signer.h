/* A gatehouse-signer of our own, for the moment in which a CA or the keys of a KRA are made:
 * started on a socketpair, so that nobody else can ask it, and gone when the command ends. */
#ifndef OWN_SIGNER_H
#define OWN_SIGNER_H

#include <sys/types.h>

#include "conf.h"
#include "error.h"
#include "signer/client/signer_client.h"
#include "signer_process.h"

struct own_signer {
	pid_t pid;
	struct signer_client *client;
};

int own_signer_start(const struct gh_conf *conf, enum signer_process_kind kind,
    struct own_signer *out, struct gh_error *err) GH_MUSTCHECK;
/* Close the socket and wait for its end. Accepts a zeroed one. */
void own_signer_stop(struct own_signer *s);

#endif
