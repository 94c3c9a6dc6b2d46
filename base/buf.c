/* Bounded buffers and bounded reading. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "buf.h"

#define FIRST_CAPACITY 256

void
gh_buf_init(struct gh_buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
gh_buf_free(struct gh_buf *b)
{
	if (b->data != NULL && b->secret)
		OPENSSL_cleanse(b->data, b->cap);
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

/* A secret must not stay behind in memory that realloc gave back. */
static unsigned char *
grow(struct gh_buf *b, size_t cap)
{
	unsigned char *p;

	if (!b->secret)
		return realloc(b->data, cap);
	if ((p = malloc(cap)) == NULL)
		return NULL;
	if (b->data != NULL) {
		memcpy(p, b->data, b->len);
		OPENSSL_cleanse(b->data, b->cap);
		free(b->data);
	}
	return p;
}

static bool
reserve(struct gh_buf *b, size_t n)
{
	size_t cap;
	unsigned char *p;

	if (b->failed || n > b->max || b->len > b->max - n) {
		b->failed = true;
		return false;
	}
	if (b->len + n + 1 <= b->cap)
		return true;
	cap = b->cap != 0 ? b->cap : FIRST_CAPACITY;
	while (cap < b->len + n + 1)
		cap *= 2;
	if ((p = grow(b, cap)) == NULL) {
		b->failed = true;
		return false;
	}
	b->data = p;
	b->cap = cap;
	return true;
}

void
gh_buf_put(struct gh_buf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
gh_buf_puts(struct gh_buf *b, const char *s)
{
	gh_buf_put(b, s, strlen(s));
}

void
gh_buf_putc(struct gh_buf *b, char c)
{
	gh_buf_put(b, &c, 1);
}

void
gh_buf_putf(struct gh_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

static void
put_integer(struct gh_buf *b, uint64_t v, int bytes)
{
	unsigned char be[8];

	for (int i = 0; i < bytes; i++)
		be[i] = (unsigned char)(v >> (8 * (bytes - 1 - i)));
	gh_buf_put(b, be, (size_t)bytes);
}

void
gh_buf_put_u8(struct gh_buf *b, uint8_t v)
{
	put_integer(b, v, 1);
}

void
gh_buf_put_u32(struct gh_buf *b, uint32_t v)
{
	put_integer(b, v, 4);
}

void
gh_buf_put_u64(struct gh_buf *b, uint64_t v)
{
	put_integer(b, v, 8);
}

void
gh_buf_put_block(struct gh_buf *b, const void *p, size_t n)
{
	if (n > UINT32_MAX) {
		b->failed = true;
		return;
	}
	gh_buf_put_u32(b, (uint32_t)n);
	gh_buf_put(b, p, n);
}

void
gh_buf_put_string(struct gh_buf *b, const char *s)
{
	gh_buf_put_block(b, s, s != NULL ? strlen(s) : 0);
}

int
gh_buf_check(const struct gh_buf *b, struct gh_error *err)
{
	if (b->failed)
		return gh_fail(err, GH_E_NOMEM, "buffer: out of memory or over %zu bytes", b->max);
	return 0;
}

void
gh_reader_init(struct gh_reader *r, const void *p, size_t n)
{
	r->p = p;
	r->left = n;
	r->failed = false;
}

static const unsigned char *
take(struct gh_reader *r, size_t n)
{
	const unsigned char *p = r->p;

	if (r->failed || n > r->left) {
		r->failed = true;
		return NULL;
	}
	if (n > 0)
		r->p += n;
	r->left -= n;
	return p;
}

static uint64_t
get_integer(struct gh_reader *r, size_t bytes)
{
	const unsigned char *p = take(r, bytes);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
gh_reader_u8(struct gh_reader *r)
{
	return (uint8_t)get_integer(r, 1);
}

uint32_t
gh_reader_u32(struct gh_reader *r)
{
	return (uint32_t)get_integer(r, 4);
}

uint64_t
gh_reader_u64(struct gh_reader *r)
{
	return get_integer(r, 8);
}

const unsigned char *
gh_reader_block(struct gh_reader *r, size_t max, size_t *n)
{
	const unsigned char *p;

	*n = gh_reader_u32(r);
	if (*n > max)
		r->failed = true;
	if ((p = take(r, *n)) == NULL)
		*n = 0;
	return p;
}

bool
gh_reader_is_done(const struct gh_reader *r)
{
	return !r->failed && r->left == 0;
}
