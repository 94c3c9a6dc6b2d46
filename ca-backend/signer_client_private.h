/* What the files of the signer's client share: asking, and taking an answer apart. */
#ifndef SIGNER_CLIENT_PRIVATE_H
#define SIGNER_CLIENT_PRIVATE_H

#include <sys/un.h>

#include "signer_client.h"

struct signer_client {
	char path[sizeof(
	    ((struct sockaddr_un *)0)->sun_path)]; /* "" = inherited: never reconnects */
	int fd;                                    /* -1 = not connected */
	int timeout_ms;
	struct gh_buf out; /* the question, kept for a second try */
	unsigned char *in; /* the answer */
	size_t in_len, in_cap;
};

/*
 * Ask what stands in c->out (from signer_frame_begin on) and leave r on the payload of the
 * answer. A question to a connection that turns out dead is asked once more on a new one: a
 * signature that nobody got harms nobody, and the other operations change nothing that a second
 * time would change again.
 */
int client_call(struct signer_client *c, enum signer_op op, struct gh_reader *r,
    struct gh_error *err) GH_MUSTCHECK;
/* For a question that means something on this connection only: not asked again on another. */
int client_call_once(struct signer_client *c, enum signer_op op, struct gh_reader *r,
    struct gh_error *err) GH_MUSTCHECK;
/* Closes the connection. */
int client_fail_garbled(struct signer_client *c, struct gh_error *err);
/* malloc'd copy of a part of the answer */
int client_copy_out(const unsigned char *p, size_t len, unsigned char **out, size_t *out_len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
