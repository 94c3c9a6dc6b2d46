/* GET and POST over plain HTTP, as relying parties fetch CRLs, certificates and OCSP answers. */
#ifndef URL_FETCH_H
#define URL_FETCH_H

#include <stddef.h>

#include "buf.h"
#include "error.h"

#define URL_FETCH_MAX (64 * 1024 * 1024) /* bytes of an answer: complete CRLs are long */

struct url_post {
	const char *type;
	const void *data;
	size_t len;
};
/* post NULL: GET. *out: to be freed with gh_buf_free, empty after a failure. GH_E_BUSY: no answer;
 * GH_E_NOT_FOUND: another status than 200; the message says which. */
int url_fetch(const char *url, const struct url_post *post, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
