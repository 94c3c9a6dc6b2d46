/* Names of a key that is made here, in the words of CertEnroll's Pkcs12. */
#ifndef ENROLL_KF_NAMES_H
#define ENROLL_KF_NAMES_H

#include "json.h"

/* SubjectNameAttributes of "CN=...,O=\"A, B\"": RFC 4514, or with values in quotation marks as
 * Windows writes them. *out NULL: the text is empty. GH_E_BAD_REQUEST: a part that cannot be read,
 * or that a subject does not have here: a name must not get lost. */
int kf_subject(const char *text, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* SubjectAltNameElements of their SANs; *out NULL: there are none. GH_E_BAD_REQUEST. */
int kf_sans(const gh_json *sans, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* Is each of them in the PKCS#10, PEM or base64? What the template takes is in there: a name that
 * is only beside it must not get lost. GH_E_BAD_REQUEST; GH_E_CSR. */
int kf_sans_check(const gh_json *sans, const char *pkcs10, struct gh_error *err) GH_MUSTCHECK;

#endif
