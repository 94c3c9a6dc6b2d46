/*
 * What a CertEnroll Pkcs12 call has beside a Pkcs10 one (notes of the wire format 2.1): the
 * password, the names of the certificate, the kind of key. Syntax only: no policy.
 */
#ifndef ENROLL_CE_PKCS12_PARSE_H
#define ENROLL_CE_PKCS12_PARSE_H

#include "ce_parse.h"
#include "formats/pkcs10.h"

#define CE_PASSWORD_MAX 255 /* characters */
#define CE_NAMES_MAX 200    /* in the subject, and in the SAN */

struct ce_pkcs12_body {
	struct ce_body common;
	const char *password; /* UTF-8; borrowed from common.json */
	gh_json *subject;     /* SubjectNameAttributes, an object; NULL = none */
	gh_json *sans;        /* SubjectAltNameElements, an array or object; NULL = none */
	bool has_key_type;
	enum ca_key_type key_type; /* KeyType: "RSA", "EC", "Ed25519" */
	int key_bits;              /* KeyLength; 0 = not said */
};

/* As ce_body_parse, the common part included. Release with ce_pkcs12_body_clear, also after a
 * failure; JSON is wiped when it is freed. */
int ce_pkcs12_parse(const void *text, size_t len, int version, struct ce_pkcs12_body *out,
    struct gh_error *err) GH_MUSTCHECK;
void ce_pkcs12_body_clear(struct ce_pkcs12_body *b);

/* The names as a PKCS#10 has them, DER; malloc'd. extensions: Extensions with a SAN; NULL = none.
 * Known are CN, OU, O, L, ST, C and E, each a text or an array of texts, written from C to E; and
 * dns, ip, email, uri and upn. Unknown members of the subject are ignored, an unknown kind of SAN
 * is not. GH_E_BAD_REQUEST. */
struct ce_names {
	unsigned char *subject, *extensions;
	size_t subject_len, extensions_len;
};
int ce_names_encode(const struct ce_pkcs12_body *b, struct ce_names *out,
    struct gh_error *err) GH_MUSTCHECK;
void ce_names_clear(struct ce_names *n);

#endif
