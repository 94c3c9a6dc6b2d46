/* What the files of the signer's client share: asking, and taking an answer apart. */
#ifndef SIGNER_CLIENT_PRIVATE_H
#define SIGNER_CLIENT_PRIVATE_H

#include <sys/un.h>

#include "measure.h"
#include "signer/protocol/protocol_frames.h"
#include "signer_client.h"

struct signer_client {
	char path[sizeof(
	    ((struct sockaddr_un *)0)->sun_path)]; /* "" = inherited: never reconnects */
	int fd;                                    /* -1 = not connected */
	int timeout_ms;
	enum gh_measure measure; /* what its calls are */
	struct gh_buf out;       /* questions, kept for a second try */
	struct signer_frames in; /* answers */
	/* For half of a batch whose signatures take long; made when it is first needed. */
	struct signer_client *second;
};

/* What became of one try. */
enum attempt { ATTEMPT_DONE, ATTEMPT_DEAD /* connection gone */, ATTEMPT_FAILED };

/* The halves of a call: all that stands in c->out, and one answer, on which r is left. Both
 * disconnect after a failure, which is GH_E_SIGNER_DOWN. */
enum attempt client_send(struct signer_client *c, struct gh_error *err);
enum attempt client_receive(struct signer_client *c, int64_t deadline, struct gh_reader *r,
    struct gh_error *err);
/* The operation of the answer: 0 when it is op; else the code that the signer told, or
 * client_fail_garbled. */
int client_take(struct signer_client *c, enum signer_op op, struct gh_reader *r,
    struct gh_error *err) GH_MUSTCHECK;
/* For gh_measure: a question was answered or failed. started: monotonic microseconds. */
void client_called(const struct signer_client *c, int64_t started);

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

/* A question with a password or a key: wiped, whatever became of it. */
int client_call_secretly(struct signer_client *c, enum signer_op op, struct gh_reader *r,
    struct gh_error *err) GH_MUSTCHECK;
/* n blocks are the whole answer, the first one is not empty; all copies (malloc'd) or none. */
int client_take_blobs(struct signer_client *c, struct gh_reader *r, struct signer_blob *const *out,
    size_t n, struct gh_error *err) GH_MUSTCHECK;

#endif
