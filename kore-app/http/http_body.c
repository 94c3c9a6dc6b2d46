/* The body of an HTTP/1.1 request. See http_body.h. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"

#include "http_body.h"

#define FIRST_SIZE 2048 /* bytes; most bodies are a CSR in JSON */
#define CHUNK_SIZE_MAX ((uint64_t)1 << 32)
#define EXTRA_MAX 8192 /* bytes of chunk extensions and trailers, together */

/* ---- memory ---- */

void
http_budget_return(struct http_budget *b, size_t n)
{
	b->used -= n < b->used ? n : b->used;
}

static bool
reserve(struct http_budget *b, size_t n)
{
	while (b->used + n > b->max)
		if (b->make_room == NULL || !b->make_room(b->arg))
			return false;
	b->used += n;
	return true;
}

/* A password may be in it: no copy stays behind. */
static void
release(struct http_body *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	free(b->data);
	if (b->cap > 0)
		http_budget_return(b->budget, b->cap);
	b->data = NULL;
}

static int
grow(struct http_body *b, size_t needed, struct gh_error *err)
{
	size_t cap = b->cap > 0 ? 2 * b->cap : FIRST_SIZE;
	unsigned char *larger;

	while (cap < needed)
		cap *= 2;
	if (!b->is_chunked && b->len + b->left < cap)
		cap = b->len + (size_t)b->left;
	if (cap > b->max)
		cap = b->max;
	if (!reserve(b->budget, cap))
		return gh_fail(err, GH_E_BUSY, "bodies of requests fill %zu bytes",
		    b->budget->used);
	larger = malloc(cap);
	if (larger == NULL) {
		http_budget_return(b->budget, cap);
		return gh_fail(err, GH_E_NOMEM, "body of %zu bytes", cap);
	}
	if (b->len > 0)
		memcpy(larger, b->data, b->len);
	release(b);
	b->data = larger;
	b->cap = cap;
	return 0;
}

static int
append(struct http_body *b, const unsigned char *p, size_t n, struct gh_error *err)
{
	int rc = 0;

	if (n > b->max - b->len)
		return gh_refuse(err, GH_E_TOO_LARGE, "The body is larger than %zu bytes.", b->max);
	if (n > b->cap - b->len)
		rc = grow(b, b->len + n, err);
	if (rc != 0)
		return rc;
	memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

/* ---- chunks (RFC 9112, 7.1) ---- */

static int
malformed(struct gh_error *err)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "The chunks of the body are malformed.");
}

static int
take_size(struct http_body *b, unsigned char c, struct gh_error *err)
{
	int digit = gh_hex_value((char)c);

	if (digit >= 0) {
		b->has_digit = true;
		b->left = b->left << 4 | (unsigned)digit;
		return b->left < CHUNK_SIZE_MAX
		    ? 0
		    : gh_refuse(err, GH_E_TOO_LARGE, "The body is larger than %zu bytes.", b->max);
	}
	if (!b->has_digit)
		return malformed(err);
	b->state = c == '\r' ? CHUNK_SIZE_LF : c == ';' ? CHUNK_EXTENSION : CHUNK_BLANK;
	return b->state != CHUNK_BLANK || c == ' ' || c == '\t' ? 0 : malformed(err);
}

/* Bytes that are not looked at: text of a line, up to its end. */
static int
skip_text(struct http_body *b, unsigned char c, enum http_chunk next, struct gh_error *err)
{
	if (c == '\r') {
		b->state = next;
		return 0;
	}
	if (++b->extra > EXTRA_MAX)
		return gh_fail(err, GH_E_HEADER_TOO_LARGE,
		    "more than %d bytes of extensions and trailers", EXTRA_MAX);
	return (c >= 0x20 && c != 0x7f) || c == '\t' ? 0 : malformed(err);
}

static int
take_one(struct http_body *b, unsigned char c, struct gh_error *err)
{
	static const struct {
		enum http_chunk state, next;
		unsigned char c;
	} fixed[] = {
	    {CHUNK_DATA_CR, CHUNK_DATA_LF, '\r'},
	    {CHUNK_DATA_LF, CHUNK_SIZE, '\n'},
	    {CHUNK_TRAILER_LF, CHUNK_TRAILER, '\n'},
	    {CHUNK_END_LF, CHUNK_DONE, '\n'},
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (b->state != fixed[i].state)
			continue;
		b->state = fixed[i].next;
		return c == fixed[i].c ? 0 : malformed(err);
	}
	switch (b->state) {
	case CHUNK_SIZE:
		return take_size(b, c, err);
	case CHUNK_SIZE_LF:
		b->state = b->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
		b->has_digit = false;
		return c == '\n' ? 0 : malformed(err);
	case CHUNK_BLANK: /* only in front of an extension */
		if (c == ';')
			b->state = CHUNK_EXTENSION;
		return c == ';' || ((c == ' ' || c == '\t') && ++b->extra <= EXTRA_MAX)
		    ? 0
		    : malformed(err);
	case CHUNK_EXTENSION:
		return skip_text(b, c, CHUNK_SIZE_LF, err);
	case CHUNK_TRAILER:
		if (c == '\r') {
			b->state = CHUNK_END_LF;
			return 0;
		}
		b->state = CHUNK_TRAILER_LINE;
		return skip_text(b, c, CHUNK_TRAILER_LF, err);
	default:
		return skip_text(b, c, CHUNK_TRAILER_LF, err);
	}
}

static int
take_data(struct http_body *b, const unsigned char *p, size_t n, size_t *used, struct gh_error *err)
{
	size_t part = n < b->left ? n : (size_t)b->left;
	int rc = append(b, p, part, err);

	if (rc != 0)
		return rc;
	*used += part;
	b->left -= part;
	if (b->left == 0)
		b->state = b->is_chunked ? CHUNK_DATA_CR : CHUNK_DONE;
	return 0;
}

/* ---- the whole ---- */

int
http_body_begin(struct http_body *b, struct http_budget *budget, const struct http_head *head,
    size_t max, struct gh_error *err)
{
	memset(b, 0, sizeof(*b));
	if (head->framing == HTTP_LENGTH && head->length > max)
		return gh_refuse(err, GH_E_TOO_LARGE, "The body is larger than %zu bytes.", max);
	b->budget = budget;
	b->max = max;
	b->is_chunked = head->framing == HTTP_CHUNKED;
	b->left = head->length;
	b->state = b->is_chunked ? CHUNK_SIZE : b->left > 0 ? CHUNK_DATA : CHUNK_DONE;
	return 0;
}

int
http_body_take(struct http_body *b, const unsigned char *p, size_t n, size_t *used,
    struct gh_error *err)
{
	*used = 0;
	while (*used < n && b->state != CHUNK_DONE) {
		int rc = b->state == CHUNK_DATA ? take_data(b, p + *used, n - *used, used, err)
						: take_one(b, p[(*used)++], err);

		if (rc != 0)
			return rc;
	}
	return 0;
}

bool
http_body_is_done(const struct http_body *b)
{
	return b->state == CHUNK_DONE;
}

unsigned char *
http_body_take_out(struct http_body *b, size_t *len, size_t *reserved)
{
	unsigned char *data = b->data;

	*len = b->len;
	*reserved = b->cap;
	memset(b, 0, sizeof(*b));
	return data;
}

void
http_body_drop(struct http_body *b)
{
	release(b);
	memset(b, 0, sizeof(*b));
}
