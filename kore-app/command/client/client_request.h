/* The body of a CertEnroll call and its signature. Pure: no I/O. */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "error.h"
#include "json.h"

struct client_request {
	int version; /* 3: with envelope and Timestamp; 1, 2: bare */
	const char *template_name;
	const char *csr_base64;
	const char *const *metadata; /* NULL-ended "name=value"; may be NULL */
	bool cert_only;
	int64_t now_ms; /* UTC, milliseconds since 1970 */
};

/* One line of JSON, malloc'd. GH_E_CONF: a metadata word without "=", or a name twice. */
int client_request_body(const struct client_request *r, char **out,
    struct gh_error *err) GH_MUSTCHECK;

/* One such word as a member of list. */
int client_request_add_metadata(gh_json *list, const char *word, struct gh_error *err) GH_MUSTCHECK;

/* Value of X-CSS-CMS-Signature: base64(HMAC(secret, body)); malloc'd, NULL on failure. */
char *client_request_sign(enum gh_hash hash, const void *secret, size_t secret_len,
    const void *body, size_t len);

/* Key of the application as the header wants it: from base64 (as it is), "base64:", "hex:" or
 * "text:". malloc'd. GH_E_CONF. */
int client_request_app_key(const char *given, char **out, struct gh_error *err) GH_MUSTCHECK;

#endif
