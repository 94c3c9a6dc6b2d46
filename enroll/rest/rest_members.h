/* Members of a body that are no plain texts: octets, numbers, words of a list, objects. Their names
 * may be paths (rest_member). Wrong ones go into f, and absent ones that are required. */
#ifndef ENROLL_REST_MEMBERS_H
#define ENROLL_REST_MEMBERS_H

#include "der.h"
#include "rest.h"

#define REST_OCTETS_MAX 8 /* members of one body that are octets */

/* What octets of a body decode to; freed together. Starts zeroed. */
struct rest_octets {
	unsigned char *p[REST_OCTETS_MAX];
	size_t n;
};
void rest_octets_clear(struct rest_octets *o);

/* Octets in base64 as RFC 4648, 4 has it: padded, nothing between the letters, no spare bits. min
 * to max bytes. *out: in keep; empty when absent or wrong. */
void rest_base64(struct rest_fields *f, const gh_json *body, const char *name, size_t min,
    size_t max, bool required, struct rest_octets *keep, struct gh_der *out);
/* A positive number: the id of something. 0 when absent or wrong. */
int64_t rest_id(struct rest_fields *f, const gh_json *body, const char *name, bool required);
/* Which of the words it is. -1 when absent or wrong. words: NULL at the end. */
int rest_word(struct rest_fields *f, const gh_json *body, const char *name,
    const char *const *words, bool required);
/* The member (name NULL: the body) is absent, or an object without other members than these: a
 * misspelled one must not be passed over. names: NULL at the end. */
void rest_only(struct rest_fields *f, const gh_json *body, const char *name,
    const char *const *names);

#endif
