/* What a certificate request says, for people who look before they send it, and for answers. */
#ifndef ENROLL_CSR_FACTS_H
#define ENROLL_CSR_FACTS_H

#include "formats/pkcs10.h"
#include "json.h"

/*
 * {"subject","common_name","organization","country" (each null when there is none; the first of
 * several),"key_type","key_size" (bits),"curve" (or null),"sans":["dns:a",...],
 * "sha256" (of the DER),"key_sha256" (of the SubjectPublicKeyInfo)}. Names are UTF-8; digests
 * upper-case hex. NULL: out of memory.
 */
gh_json *csr_facts(const struct ca_pkcs10 *csr);

/*
 * Is the common name of the request the one that was typed? Compared as RFC 5280, 7.1 has it, by
 * base/name_prep.h: case, blanks at the ends and runs of blanks, string types and Unicode
 * normalisation make no difference. typed NULL: none was typed. GH_E_VALIDATION (public): it
 * differs, is there on one side only, or the request has several.
 */
int csr_check_common_name(const struct ca_pkcs10 *csr, const char *typed,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Is each of these names in the request's SAN? names: array of "type:value" (dns, email, ip, uri,
 * upn), or of values alone, whose type is told by their form. Without ASCII case, but for URIs; IP
 * addresses by value. GH_E_VALIDATION (public) names the first that is not.
 */
int csr_check_sans(const struct ca_pkcs10 *csr, const gh_json *names,
    struct gh_error *err) GH_MUSTCHECK;

#endif
