/*
 * What POST /csr/process is asked for, however it was sent: JSON, x-www-form-urlencoded or
 * multipart/form-data become one value, and wrong fields are named alike. docs/csr.md
 */
#ifndef ENROLL_CSR_REQUEST_H
#define ENROLL_CSR_REQUEST_H

#include "form.h"
#include "formats/pkcs10.h"
#include "rest/rest.h"

#define CSR_DAYS_MAX 36500

/* All borrowed from body, but for csr. NULL or 0: not given. */
struct csr_request {
	gh_json *body; /* as JSON has it, and as a form says the same */
	struct ca_pkcs10 *csr;
	const char *common_name;
	int64_t validity_days;
	const char *ca_id;   /* name or number of a CA */
	const char *purpose; /* "server_auth" ... */
	const char *template_name;
	const char *tenant;
	const char *email;
	const char *language;          /* of the answer's mail: "de" */
	const char *approval_password; /* secret: never shown, stored or logged */
	const char *form_token;        /* of one form that is sent once */
	const gh_json *metadata;       /* object */
	const gh_json *sans;           /* array of texts */
	struct rest_fields fields;     /* what is wrong */
};

/*
 * form: the fields of the body where it is a form, else NULL or empty: it is JSON then. What is
 * wrong with fields is in out->fields, and GH_E_VALIDATION returned; GH_E_BAD_JSON, GH_E_NOMEM.
 * Also after a failure *out has what could be read, and is to be cleared.
 */
int csr_request_read(const struct call *call, const struct gh_form *form, struct csr_request *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Wipes the password; accepts a zeroed one. */
void csr_request_clear(struct csr_request *r);

/* SHA-256 of all that is asked, the password aside: two requests with the same are the same. */
int csr_request_content(const struct csr_request *r, unsigned char out[REPLAY_MARK_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

#endif
