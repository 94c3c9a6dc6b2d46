/*
 * A file held against what its kind must look like (RFC 8295, 5 to 7; RFC 4108, 5934, 6031, 6032),
 * and what is known of it from the outside. No policy, and no look at signatures
 * (package_signature.h).
 */
#ifndef PACKAGE_FORM_H
#define PACKAGE_FORM_H

#include "buf.h"
#include "cms_layer.h"
#include "package_kind.h"

#define PACKAGE_MEDIA_SIZE 160

struct package_form {
	struct gh_buf der;       /* as it is kept and sent */
	struct gh_der reference; /* what answers name it by, inside of der; p is NULL: nothing */
	bool is_signed;
	bool is_plain;                  /* keys that are not encrypted */
	size_t plain_bits;              /* of the longest of them */
	bool wants_receipt;             /* its own words, or its protocol's */
	char media[PACKAGE_MEDIA_SIZE]; /* Content-Type of the answer that has it */
};

/* bytes: DER or BER; a certificate may be PEM. GH_E_BAD_REQUEST (public): what is wrong with it.
 * Clear *out in any case. */
int package_form_read(enum package_kind kind, const void *bytes, size_t len,
    struct package_form *out, struct gh_error *err) GH_MUSTCHECK;
/* Wipes it. */
void package_form_clear(struct package_form *f);

#endif
