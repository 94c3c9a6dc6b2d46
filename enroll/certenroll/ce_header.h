/* Headers of the Classic API, which are sent under either of two names. NULL: neither. Borrowed. */
#ifndef ENROLL_CE_HEADER_H
#define ENROLL_CE_HEADER_H

#include "http.h"

const char *ce_header_app_key(const struct gh_http_request *http);   /* X-CSS-CMS-AppKey */
const char *ce_header_signature(const struct gh_http_request *http); /* X-CSS-CMS-Signature */
const char *ce_header_token(const struct gh_http_request *http);     /* X-CSS-CMS-Token, only */

#endif
