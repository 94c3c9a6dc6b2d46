/* PEM that is made while it is sent. See pem.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "pem.h"

#define LINE_BYTES 48 /* give 64 columns */
#define LINE_SIZE 65  /* with LF */
#define LABEL_SIZE 80 /* line with a label, LF and NUL */

struct pem_stream {
	struct gh_stream stream; /* first member */
	struct gh_shared *der;
	size_t at; /* bytes of der that have been written */
	char begin[LABEL_SIZE], end[LABEL_SIZE];
	bool has_begun;
};

/* The next line of base64 and its length. */
static size_t
put_line(struct pem_stream *p, unsigned char *out)
{
	size_t left = p->der->len - p->at, n = left < LINE_BYTES ? left : LINE_BYTES;
	int columns = EVP_EncodeBlock(out, p->der->data + p->at, (int)n); /* and a NUL */

	out[columns] = '\n';
	p->at += n;
	return (size_t)columns + 1;
}

static size_t
next(struct gh_stream *s, unsigned char out[GH_STREAM_PIECE])
{
	struct pem_stream *p = (struct pem_stream *)s;
	size_t n = 0;

	if (!p->has_begun)
		n = (size_t)(stpcpy((char *)out, p->begin) - (char *)out);
	p->has_begun = true;
	while (p->at < p->der->len && GH_STREAM_PIECE - n > LINE_SIZE)
		n += put_line(p, out + n);
	if (p->at == p->der->len && GH_STREAM_PIECE - n > LABEL_SIZE)
		n = (size_t)(stpcpy((char *)out + n, p->end) - (char *)out);
	return n;
}

static void
free_stream(struct gh_stream *s)
{
	struct pem_stream *p = (struct pem_stream *)s;

	gh_shared_unref(p->der);
	free(p);
}

struct gh_stream *
gh_pem_stream(const char *label, struct gh_shared *der)
{
	struct pem_stream *p = calloc(1, sizeof(*p));
	size_t rest = der->len % LINE_BYTES;

	if (p == NULL) {
		gh_shared_unref(der);
		return NULL;
	}
	snprintf(p->begin, sizeof(p->begin), "-----BEGIN %s-----\n", label);
	snprintf(p->end, sizeof(p->end), "-----END %s-----\n", label);
	p->der = der;
	p->stream = (struct gh_stream){
	    .len = strlen(p->begin) + der->len / LINE_BYTES * LINE_SIZE +
		(rest > 0 ? (rest + 2) / 3 * 4 + 1 : 0) + strlen(p->end),
	    .next = next,
	    .free = free_stream,
	};
	return &p->stream;
}
