/*
 * A growing byte buffer with a maximum size from birth, and a reader for length-checked input.
 * Integers are big-endian. Contents are wiped on gh_buf_free when secret is set.
 * The buffer remembers a failure (out of memory, maximum passed): check once, at the end.
 */
#ifndef GH_BUF_H
#define GH_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct gh_buf {
	unsigned char *data; /* NUL-terminated behind len, so that text can be used as it is */
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
	bool secret;
};

/* max: bytes it may ever hold. */
void gh_buf_init(struct gh_buf *b, size_t max);
void gh_buf_free(struct gh_buf *b); /* accepts a zeroed buffer; leaves it empty */
void gh_buf_put(struct gh_buf *b, const void *p, size_t n);
void gh_buf_puts(struct gh_buf *b, const char *s);
void gh_buf_putf(struct gh_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gh_buf_putc(struct gh_buf *b, char c);
void gh_buf_put_u8(struct gh_buf *b, uint8_t v);
void gh_buf_put_u32(struct gh_buf *b, uint32_t v);
void gh_buf_put_u64(struct gh_buf *b, uint64_t v);
/* u32 length, then the bytes */
void gh_buf_put_block(struct gh_buf *b, const void *p, size_t n);
void gh_buf_put_string(struct gh_buf *b, const char *s); /* NULL as "" */
/* 0, or GH_E_NOMEM when any of the puts before failed. */
int gh_buf_check(const struct gh_buf *b, struct gh_error *err) GH_MUSTCHECK;

/* Reader over foreign memory. After the first short read every further read fails too. */
struct gh_reader {
	const unsigned char *p;
	size_t left;
	bool failed;
};

void gh_reader_init(struct gh_reader *r, const void *p, size_t n);
uint8_t gh_reader_u8(struct gh_reader *r);
uint32_t gh_reader_u32(struct gh_reader *r);
uint64_t gh_reader_u64(struct gh_reader *r);
/* Points into the input; NULL and *n = 0 on failure. max: longest block accepted, bytes. */
const unsigned char *gh_reader_block(struct gh_reader *r, size_t max, size_t *n);
/* true when nothing failed and nothing is left */
bool gh_reader_is_done(const struct gh_reader *r);

#endif
