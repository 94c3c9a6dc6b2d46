/* Frames out of a stream. See protocol_frames.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "protocol.h"
#include "protocol_frames.h"

#define READ_SIZE (32 * 1024) /* bytes; a batch of SIGN_CERT has some 20 kB */

/* Bytes of the frame that has begun, with its head; the head alone while that is not whole. 0: its
 * length is none. */
static size_t
frame_size(const struct signer_frames *f)
{
	size_t len;

	if (f->end - f->start < SIGNER_FRAME_HEAD)
		return SIGNER_FRAME_HEAD;
	len = signer_frame_length(f->data + f->start);
	return len > 0 ? SIGNER_FRAME_HEAD + len : 0;
}

enum signer_taken
signer_frames_take(struct signer_frames *f, unsigned char **payload, size_t *len)
{
	size_t size = frame_size(f);

	*payload = NULL;
	*len = 0;
	if (size == 0)
		return SIGNER_FRAME_IMPOSSIBLE;
	if (size == SIGNER_FRAME_HEAD || f->end - f->start < size)
		return SIGNER_FRAME_PARTIAL;
	*payload = f->data + f->start + SIGNER_FRAME_HEAD;
	*len = size - SIGNER_FRAME_HEAD;
	f->start += size;
	return SIGNER_FRAME_TAKEN;
}

/* The rest to the front of a buffer that is large enough. Nothing of it stays behind. */
static bool
move_to_front(struct signer_frames *f, size_t cap)
{
	size_t rest = f->end - f->start;
	unsigned char *old = f->data;

	if (cap > f->cap) {
		if ((f->data = malloc(cap)) == NULL) {
			f->data = old;
			return false;
		}
		if (rest > 0)
			memcpy(f->data, old + f->start, rest);
		OPENSSL_cleanse(old, f->cap);
		free(old);
		f->cap = cap;
	} else if (rest > 0) {
		memmove(f->data, f->data + f->start, rest);
		OPENSSL_cleanse(f->data + rest, f->start);
	}
	f->start = 0;
	f->end = rest;
	return true;
}

unsigned char *
signer_frames_room(struct signer_frames *f, size_t *n)
{
	size_t size = frame_size(f);

	*n = 0;
	if ((f->start > 0 || size > f->cap || f->cap == 0) &&
	    !move_to_front(f, size > READ_SIZE ? size : READ_SIZE))
		return NULL;
	*n = f->cap - f->end;
	return f->data + f->end;
}

void
signer_frames_free(struct signer_frames *f)
{
	if (f->data != NULL)
		OPENSSL_cleanse(f->data, f->cap);
	free(f->data);
	memset(f, 0, sizeof(*f));
}
