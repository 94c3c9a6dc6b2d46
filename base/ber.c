/* BER made DER. See ber.h. */
#include <string.h>

#include "ber.h"

#define DEPTH_MAX 24       /* as in der.c */
#define LENGTH_BYTES_MAX 4 /* elements of 4 GB and more are not ours */
#define HEADER_MAX (2 + LENGTH_BYTES_MAX)
#define CONSTRUCTED 0x20
#define OCTETS_IN_PIECES (GH_DER_OCTETS | CONSTRUCTED)

static void
skip(struct gh_der *in, size_t n)
{
	in->p += n;
	in->len -= n;
}

/* Identifier and length octets (8.1.2, 8.1.3). is_open: the length is indefinite, *len is 0. */
static bool
take_header(struct gh_der *in, unsigned *tag, size_t *len, bool *is_open)
{
	size_t n, value = 0;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f)
		return false;
	*tag = in->p[0];
	n = in->p[1];
	skip(in, 2);
	*is_open = n == 0x80;
	if (n > 0x80) {
		n &= 0x7f;
		if (n > LENGTH_BYTES_MAX || n > in->len)
			return false;
		for (size_t i = 0; i < n; i++)
			value = value << 8 | in->p[i];
		skip(in, n);
		n = value;
	}
	*len = *is_open ? 0 : n;
	return *len <= in->len;
}

/* 8.7.3.2: what was put from start on are the pieces; their contents are put together. */
static bool
join_octets(struct gh_buf *out, size_t start)
{
	struct gh_der in, piece;
	size_t end = start;

	if (out->len == start)
		return true;
	in = (struct gh_der){out->data + start, out->len - start};
	while (in.len > 0) {
		if (!gh_der_take(&in, GH_DER_OCTETS, &piece))
			return false;
		memmove(out->data + end, piece.p, piece.len);
		end += piece.len;
	}
	out->len = end;
	return true;
}

/* Put a header before what was put from start on. */
static bool
put_around(struct gh_buf *out, unsigned tag, size_t start)
{
	unsigned char header[HEADER_MAX];
	size_t len = out->len - start, n = gh_der_size(len) - len;

	if (n > sizeof(header))
		return false;
	gh_der_put_header(out, tag, len);
	if (out->failed)
		return false;
	memcpy(header, out->data + start + len, n);
	memmove(out->data + start + n, out->data + start, len);
	memcpy(out->data + start, header, n);
	return true;
}

static bool put_element(struct gh_der *in, unsigned depth, struct gh_buf *out);

/* Up to the end of contents (8.1.5). */
static bool
put_open(struct gh_der *in, unsigned depth, struct gh_buf *out)
{
	while (in->len < 2 || in->p[0] != 0 || in->p[1] != 0)
		if (!put_element(in, depth, out))
			return false;
	skip(in, 2);
	return true;
}

static bool
put_all(struct gh_der in, unsigned depth, struct gh_buf *out)
{
	while (in.len > 0)
		if (!put_element(&in, depth, out))
			return false;
	return true;
}

static bool
put_constructed(struct gh_der *in, size_t len, bool is_open, unsigned depth, struct gh_buf *out)
{
	struct gh_der content = {in->p, len};

	if (is_open)
		return put_open(in, depth, out);
	skip(in, len);
	return put_all(content, depth, out);
}

static bool
put_element(struct gh_der *in, unsigned depth, struct gh_buf *out)
{
	size_t len, start = out->len;
	unsigned tag;
	bool is_open;

	if (!take_header(in, &tag, &len, &is_open) || tag == 0)
		return false;
	if ((tag & CONSTRUCTED) == 0) {
		gh_der_put(out, tag, in->p, len);
		skip(in, len);
		return !is_open && !out->failed;
	}
	if (depth == 0 || !put_constructed(in, len, is_open, depth - 1, out))
		return false;
	if (tag != OCTETS_IN_PIECES)
		return put_around(out, tag, start);
	return join_octets(out, start) && put_around(out, GH_DER_OCTETS, start);
}

bool
gh_ber_put_der(const struct gh_der *in, struct gh_buf *out)
{
	struct gh_der rest = *in;

	return put_element(&rest, DEPTH_MAX, out) && rest.len == 0;
}
