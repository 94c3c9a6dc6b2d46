/* DER reader and writer, ITU-T X.690. See der.h. */
#include <stdint.h>
#include <string.h>

#include "der.h"

#define DEPTH_MAX 24       /* nesting of a CSR with CMC inside stays far below */
#define LENGTH_BYTES_MAX 4 /* elements of 4 GB and more are not ours */

/* Length octets at in->p[1]; sets the header size. X.690, 8.1.3 and 10.1. */
static bool
read_length(const struct gh_der *in, size_t *header, size_t *len)
{
	size_t i, n, value = 0;

	if (in->len < 2)
		return false;
	if (in->p[1] < 0x80) {
		*header = 2;
		*len = in->p[1];
		return true;
	}
	n = in->p[1] & 0x7f;
	if (n == 0 || n > LENGTH_BYTES_MAX || in->len < 2 + n)
		return false;
	for (i = 0; i < n; i++)
		value = value << 8 | in->p[2 + i];
	/* 10.1: the shortest form */
	if (value < 0x80 || in->p[2] == 0)
		return false;
	*header = 2 + n;
	*len = value;
	return true;
}

bool
gh_der_next(struct gh_der *in, unsigned *tag, struct gh_der *whole, struct gh_der *content)
{
	size_t header, len;

	if (!read_length(in, &header, &len) || len > in->len - header || (in->p[0] & 0x1f) == 0x1f)
		return false;
	if (tag != NULL)
		*tag = in->p[0];
	if (whole != NULL)
		*whole = (struct gh_der){in->p, header + len};
	if (content != NULL)
		*content = (struct gh_der){in->p + header, len};
	in->p += header + len;
	in->len -= header + len;
	return true;
}

bool
gh_der_has_tag(const struct gh_der *in, unsigned tag)
{
	return in->len > 0 && in->p[0] == tag;
}

bool
gh_der_take(struct gh_der *in, unsigned tag, struct gh_der *content)
{
	return gh_der_has_tag(in, tag) && gh_der_next(in, NULL, NULL, content);
}

bool
gh_der_take_whole(struct gh_der *in, unsigned tag, struct gh_der *whole)
{
	return gh_der_has_tag(in, tag) && gh_der_next(in, NULL, whole, NULL);
}

bool
gh_der_equals(const struct gh_der *a, const void *p, size_t len)
{
	return a->len == len && (len == 0 || memcmp(a->p, p, len) == 0);
}

bool
gh_der_is_among(const struct gh_der *a, const struct gh_der *of, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (gh_der_equals(a, of[i].p, of[i].len))
			return true;
	return false;
}

bool
gh_der_take_octet_bits(struct gh_der *in, struct gh_der *content)
{
	struct gh_der bits;

	if (!gh_der_take(in, GH_DER_BIT_STRING, &bits) || bits.len < 1 || bits.p[0] != 0)
		return false;
	*content = (struct gh_der){bits.p + 1, bits.len - 1};
	return true;
}

/* X.690, 8.3.2: the first nine bits are not all the same. */
static bool
is_minimal_integer(const struct gh_der *v)
{
	if (v->len == 0)
		return false;
	if (v->len == 1)
		return true;
	return !(v->p[0] == 0x00 && v->p[1] < 0x80) && !(v->p[0] == 0xff && v->p[1] >= 0x80);
}

bool
gh_der_take_u32(struct gh_der *in, unsigned *value)
{
	struct gh_der v;
	uint32_t n = 0;
	size_t i;

	if (!gh_der_take(in, GH_DER_INTEGER, &v) || !is_minimal_integer(&v) || (v.p[0] & 0x80) != 0)
		return false;
	if (v.len > 5 || (v.len == 5 && v.p[0] != 0))
		return false;
	for (i = 0; i < v.len; i++)
		n = n << 8 | v.p[i];
	*value = n;
	return true;
}

/* X.690, 8.19.2: arcs without leading padding, and the last one complete. */
static bool
is_minimal_oid(const struct gh_der *v)
{
	bool starts = true;
	size_t i;

	for (i = 0; i < v->len; i++) {
		if (starts && v->p[i] == 0x80)
			return false;
		starts = (v->p[i] & 0x80) == 0;
	}
	return v->len > 0 && starts;
}

static bool
is_strict_primitive(unsigned tag, const struct gh_der *v)
{
	switch (tag) {
	case GH_DER_BOOLEAN:
		return v->len == 1 && (v->p[0] == 0x00 || v->p[0] == 0xff);
	case GH_DER_INTEGER:
		return is_minimal_integer(v);
	case GH_DER_BIT_STRING:
		return v->len > 0 && v->p[0] < 8 && (v->len > 1 || v->p[0] == 0);
	case GH_DER_NULL:
		return v->len == 0;
	case GH_DER_OID:
		return is_minimal_oid(v);
	case GH_DER_SEQUENCE & ~0x20:
	case GH_DER_SET & ~0x20:
	case 0x00: /* end of contents: only after an indefinite length */
		return false;
	default:
		return true;
	}
}

static bool
is_strict_at(struct gh_der in, unsigned depth)
{
	struct gh_der content;
	unsigned tag;

	while (in.len > 0) {
		if (!gh_der_next(&in, &tag, NULL, &content))
			return false;
		if ((tag & 0x20) == 0) {
			if (!is_strict_primitive(tag, &content))
				return false;
			continue;
		}
		/* X.690, 10.2: of the universal types only SEQUENCE and SET are constructed */
		if ((tag & 0xc0) == 0 && tag != GH_DER_SEQUENCE && tag != GH_DER_SET)
			return false;
		if (depth == 0 || !is_strict_at(content, depth - 1))
			return false;
	}
	return true;
}

bool
gh_der_is_strict(const void *p, size_t len)
{
	struct gh_der in = {p, len};

	if (!gh_der_next(&in, NULL, NULL, NULL) || in.len != 0)
		return false;
	return is_strict_at((struct gh_der){p, len}, DEPTH_MAX);
}

static size_t
length_octets(size_t len)
{
	size_t n = 1;

	if (len < 0x80)
		return 1;
	for (; len > 0; len >>= 8)
		n++;
	return n;
}

size_t
gh_der_size(size_t content)
{
	return 1 + length_octets(content) + content;
}

void
gh_der_put_header(struct gh_buf *b, unsigned tag, size_t content)
{
	size_t n = length_octets(content) - 1;

	gh_buf_put_u8(b, (uint8_t)tag);
	if (n == 0) {
		gh_buf_put_u8(b, (uint8_t)content);
		return;
	}
	gh_buf_put_u8(b, (uint8_t)(0x80 | n));
	while (n-- > 0)
		gh_buf_put_u8(b, (uint8_t)(content >> (8 * n)));
}

void
gh_der_put(struct gh_buf *b, unsigned tag, const void *content, size_t len)
{
	gh_der_put_header(b, tag, len);
	gh_buf_put(b, content, len);
}
