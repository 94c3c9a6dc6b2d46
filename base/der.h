/*
 * DER (ITU-T X.690, section 10) where libcrypto's decoders are too lax or too slow: a strict reader
 * over foreign memory, and the few pieces a writer needs. Low tag numbers only; that is all X.509
 * uses.
 */
#ifndef GH_DER_H
#define GH_DER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define GH_DER_BOOLEAN 0x01
#define GH_DER_INTEGER 0x02
#define GH_DER_BIT_STRING 0x03
#define GH_DER_OCTETS 0x04
#define GH_DER_NULL 0x05
#define GH_DER_OID 0x06
#define GH_DER_ENUMERATED 0x0a
#define GH_DER_UTF8 0x0c
#define GH_DER_UTC_TIME 0x17
#define GH_DER_GEN_TIME 0x18
#define GH_DER_SEQUENCE 0x30
#define GH_DER_SET 0x31
#define GH_DER_CONTEXT(n) \
	(0xa0 | (n)) /* constructed: explicit, or implicit over a constructed type */
#define GH_DER_PRIMITIVE(n) (0x80 | (n)) /* implicit over a primitive type */

/* A piece of foreign memory: what is still to be read, or what was found. */
struct gh_der {
	const unsigned char *p;
	size_t len;
};

/* Take the next element, whatever its tag. whole and content may be NULL. false: nothing left, an
 * indefinite or non-minimal length, a high tag number, or an element that is longer than what is
 * left; *in is then unchanged. */
bool gh_der_next(struct gh_der *in, unsigned *tag, struct gh_der *whole, struct gh_der *content);
/* Take the next element if it has this tag; else false. content may be NULL. */
bool gh_der_take(struct gh_der *in, unsigned tag, struct gh_der *content);
/* As gh_der_take, giving the element with its tag and length. */
bool gh_der_take_whole(struct gh_der *in, unsigned tag, struct gh_der *whole);
bool gh_der_has_tag(const struct gh_der *in, unsigned tag);
bool gh_der_equals(const struct gh_der *a, const void *p, size_t len);
/* Is it one of these n? */
bool gh_der_is_among(const struct gh_der *a, const struct gh_der *of, size_t n);
/* BIT STRING whose bits are whole octets. */
bool gh_der_take_octet_bits(struct gh_der *in, struct gh_der *content);
/* Non-negative INTEGER below 2^32, minimal. */
bool gh_der_take_u32(struct gh_der *in, unsigned *value);

/* One element and nothing behind it, strict all the way down: lengths, booleans, integers, object
 * identifiers, no constructed strings. The order inside a SET OF and explicit defaults are not
 * looked at: clients get these wrong, and nothing depends on them. */
bool gh_der_is_strict(const void *p, size_t len);

/* Size of an element with so many content bytes. */
size_t gh_der_size(size_t content);
void gh_der_put_header(struct gh_buf *b, unsigned tag, size_t content);
void gh_der_put(struct gh_buf *b, unsigned tag, const void *content, size_t len);

#endif
