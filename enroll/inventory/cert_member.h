/* Members of the certificates that a search answers, and a choice of them. */
#ifndef ENROLL_CERT_MEMBER_H
#define ENROLL_CERT_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "json.h"

#define CERT_MEMBERS_MAX 32

/* Static texts, each once, in the order that was asked for; n 0: all. */
struct cert_members {
	const char *name[CERT_MEMBERS_MAX];
	size_t n;
};

/* list: "id,subject,not_after"; NULL: all. false: err says what is wrong. */
bool cert_members_read(const char *list, struct cert_members *out, struct gh_error *err);
/* The i-th of them, from 0; NULL behind the last one. */
const char *cert_members_at(const struct cert_members *m, size_t i);
/* Puts certificates with these members in the place of *entries, which is freed then. GH_E_NOMEM.
 */
int cert_members_choose(const struct cert_members *m, gh_json **entries,
    struct gh_error *err) GH_MUSTCHECK;

#endif
