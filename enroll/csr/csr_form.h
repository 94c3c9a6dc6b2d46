/* Fields of a form as the JSON body that says the same. */
#ifndef ENROLL_CSR_FORM_H
#define ENROLL_CSR_FORM_H

#include "form.h"
#include "catalog/metadata_value.h"
#include "rest/rest.h"

/* Begins the name of a field that a value of metadata comes in. */
#define CSR_METADATA "metadata."
/* Bytes of such a name, with its NUL. */
#define CSR_METADATA_SIZE (sizeof(CSR_METADATA) + METADATA_NAME_MAX)

/*
 * *out: object of texts by the names of the fields, empty ones left out; "sans": array, one for
 * each line; "metadata": object, from fields "metadata.NAME" and from JSON in a field "metadata";
 * "csr_data": text, or base64 of what is none, from a field or a file ("csr_file"). What is twice,
 * unknown, or no text goes into fields. csrf and action are passed over. GH_E_NOMEM.
 */
int csr_form_read(const struct gh_form *form, struct rest_fields *fields, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
