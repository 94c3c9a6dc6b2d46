/*
 * The body of a CertEnroll Pkcs10 call (notes of the wire format 2.1): v1 and v2 bare, v3 in the
 * envelope {Timestamp, Request}. Syntax only: no policy, no clock.
 */
#ifndef ENROLL_CE_PARSE_H
#define ENROLL_CE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

#define CE_FLAG_CERT_ONLY 0x01   /* the only bit that is defined; others are ignored */
#define CE_TEMPLATE_NAME_MAX 128 /* bytes */

struct ce_body {
	gh_json *json;          /* owns what the others point into */
	const gh_json *request; /* the request itself: json, or its member Request */
	int64_t timestamp;      /* v3, UTC seconds */
	uint32_t flags;
	char *template_name; /* trimmed copy */
	const char *pkcs10;  /* armoured or bare */
	gh_json *metadata;   /* as sent, borrowed; NULL when absent or null */
};

/* A body that is a JSON object, read as leniently as clients need it. *out: for gh_json_free, also
 * after a failure. GH_E_BAD_JSON, GH_E_BAD_REQUEST. */
int ce_object_parse(const void *text, size_t len, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/*
 * version 1 to 3. Any case of member names, trimmed; unknown members are ignored; raw control
 * characters in strings are taken. Two members of one meaning are refused. GH_E_BAD_JSON,
 * GH_E_BAD_REQUEST, GH_E_TIMESTAMP, GH_E_CSR (Pkcs10Request missing). Release with ce_body_clear,
 * also after a failure.
 */
int ce_body_parse(const void *text, size_t len, int version, struct ce_body *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The same without Pkcs10Request. */
int ce_common_parse(const void *text, size_t len, int version, struct ce_body *out,
    struct gh_error *err) GH_MUSTCHECK;
void ce_body_clear(struct ce_body *b);

#endif
