/*
 * What a request asks for beside its key, to be changed by somebody else than who signed it: an RA
 * (RFC 5272, 6.5). The request with these fields is a CRMF whose possession was seen (raVerified),
 * as crmf.h records such ones.
 */
#ifndef CA_REQUEST_FIELDS_H
#define CA_REQUEST_FIELDS_H

#include "pkcs10.h"

struct request_fields {
	X509_NAME *subject;
	STACK_OF(X509_EXTENSION) * extensions; /* may be empty */
	/* They are in place of those in ChangeSubjectName of the client, too. */
	bool has_new_subject, has_new_san;
};

/* Those that the request has. GH_E_NOMEM; *out is the caller's, and empty after a failure. */
int request_fields_read(const struct ca_pkcs10 *csr, struct request_fields *out,
    struct gh_error *err) GH_MUSTCHECK;
void request_fields_clear(struct request_fields *f); /* accepts a zeroed one */

/* In place of the subject; name: Name, whole; empty: none. false: it cannot be read. */
bool request_fields_set_subject(struct request_fields *f, const struct gh_der *name) GH_MUSTCHECK;
/* In place of the one of the same type, or as a further one. false: no memory. */
bool request_fields_set_extension(struct request_fields *f, const X509_EXTENSION *e) GH_MUSTCHECK;
void request_fields_remove_extension(struct request_fields *f, const ASN1_OBJECT *type);

/*
 * The request for the same key with these fields. csr: its possession was seen (ca_pkcs10_check),
 * since nothing of its signature is left; nor is any attribute or control but ChangeSubjectName,
 * in which what f changes is changed as well, and the other half stays. GH_E_CSR: too long,
 * ChangeSubjectName is malformed, or as ca_pkcs10_parse has it, of an extension that is malformed.
 * GH_E_SUBJECT: a SAN that cannot be read. *out is the caller's.
 */
int request_fields_apply(const struct ca_pkcs10 *csr, const struct request_fields *f,
    struct ca_pkcs10 **out, struct gh_error *err) GH_MUSTCHECK;

#endif
