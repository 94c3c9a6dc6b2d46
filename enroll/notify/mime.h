/* A mail as bytes: headers (RFC 5322, encoded words of RFC 2047) and a body of one or two parts in
 * quoted-printable (RFC 2045, 2046). Lines end with CRLF and have at most 78 characters where the
 * content allows it. */
#ifndef NOTIFY_MIME_H
#define NOTIFY_MIME_H

#include <stdint.h>

#include "buf.h"

#define MIME_MAX (1024 * 1024) /* bytes of a mail */

struct mime_mail {
	const char *id;   /* UUID of the delivery: left part of the Message-ID, and the boundary */
	const char *from; /* valid addresses (base/mail_address.h) */
	const char *from_name; /* UTF-8; "" = none */
	const char *to;
	const char *to_name;
	const char *subject; /* UTF-8 */
	const char *text;    /* UTF-8; any line ends */
	const char *html;    /* the same; NULL = none */
	int64_t date;        /* UTC seconds */
};

/*
 * out: a buffer of MIME_MAX. GH_E_VALIDATION (public): a header would hold a control character, or
 * text that is not UTF-8; an address is none, or its domain is no name that DNS can hold
 * (IDNA2008). Nothing of that is mended: who wrote it may have meant another header.
 */
int mime_build(const struct mime_mail *m, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

/* The address with its domain in ASCII (RFC 5891), malloc'd. GH_E_VALIDATION (public). */
int mime_ascii_address(const char *address, char **out, struct gh_error *err) GH_MUSTCHECK;

#endif
