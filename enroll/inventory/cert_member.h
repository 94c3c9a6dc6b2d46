/* Members of the certificates that a search answers, and a choice of them. */
#ifndef ENROLL_CERT_MEMBER_H
#define ENROLL_CERT_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/metadata.h"
#include "error.h"
#include "json.h"

#define CERT_MEMBERS_MAX 128
#define CERT_MEMBER_SIZE 80

/* Each once, in the order that was asked for; n 0: all but single fields of metadata. It borrows
 * nothing, and may be copied. */
struct cert_members {
	char name[CERT_MEMBERS_MAX][CERT_MEMBER_SIZE];
	size_t n;
};

/* list: "id,subject,Metadata.Department"; NULL: all. A field of metadata is without case one of the
 * n that are defined; defined NULL: they are not known yet, and any name may be one. false: err
 * says what is wrong. */
bool cert_members_read(const char *list, const struct metadata_field *defined, size_t n,
    struct cert_members *out, struct gh_error *err);
/* The name of the i-th of them, from 0; NULL behind the last one. */
const char *cert_members_at(const struct cert_members *m, size_t i);
/* Its value in a certificate; NULL: none. Borrowed. */
gh_json *cert_members_value(const struct cert_members *m, size_t i, const gh_json *entry);
/* Puts certificates with these members in the place of *entries, which is freed then. GH_E_NOMEM.
 */
int cert_members_choose(const struct cert_members *m, gh_json **entries,
    struct gh_error *err) GH_MUSTCHECK;

#endif
