/*
 * Frames as they come from a stream socket: one read may bring several, or a part of one. Used at
 * both ends of the signer's socket. No system calls here.
 */
#ifndef SIGNER_PROTOCOL_FRAMES_H
#define SIGNER_PROTOCOL_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at first. start to end: bytes that came and were not taken. */
struct signer_frames {
	unsigned char *data;
	size_t start, end, cap;
};

enum signer_taken {
	SIGNER_FRAME_TAKEN,
	SIGNER_FRAME_PARTIAL,   /* none, or not all of it has come */
	SIGNER_FRAME_IMPOSSIBLE /* its length word */
};

/* The next whole frame: *payload points at what follows the length word, until the next
 * signer_frames_room. */
enum signer_taken signer_frames_take(struct signer_frames *f, unsigned char **payload, size_t *len);
/* Where to read to, *n bytes at most: as many as are missing from the frame that has begun, or
 * more. NULL when memory is short. */
unsigned char *signer_frames_room(struct signer_frames *f, size_t *n);
static inline void
signer_frames_added(struct signer_frames *f, size_t n)
{
	f->end += n;
}
static inline bool
signer_frames_is_empty(const struct signer_frames *f)
{
	return f->start == f->end;
}
/* Wiped: passwords pass through them. */
void signer_frames_free(struct signer_frames *f);

#endif
