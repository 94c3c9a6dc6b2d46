/* Base64 (RFC 4648, section 4), and the spellings of a secret. */
#ifndef GH_ENCODING_H
#define GH_ENCODING_H

#include <stddef.h>

#include "error.h"

/* Longest base64 text that n bytes give, with CRLF line ends and the NUL. */
#define GH_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + ((n) / 48 + 2) * 2 + 1)

enum gh_base64_lines {
	GH_BASE64_ONE_LINE,
	GH_BASE64_CRLF_64 /* 64 columns, CRLF also at the end */
};

/* malloc'd text, NULL when out of memory. */
char *gh_base64_encode(const void *p, size_t n, enum gh_base64_lines lines);

/*
 * Decode: ASCII white space anywhere is skipped, padding may be missing, anything else is refused,
 * as are bytes after the padding and non-zero spare bits. *out is malloc'd (also for length 0) and
 * NULL after a failure. Returns 0 or GH_E_BAD_REQUEST, GH_E_NOMEM.
 */
int gh_base64_decode(const char *text, size_t len, unsigned char **out, size_t *out_len,
    struct gh_error *err) GH_MUSTCHECK;

/* Key material as an administrator types it: "hex:...", "base64:...", "text:..."; without a prefix
 * the bytes of the text. */
int gh_secret_decode(const char *text, unsigned char **out, size_t *out_len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
