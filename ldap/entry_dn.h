/* Distinguished names, compared by their parts (RFC 4514): "\, " and "\2C " are the same. */
#ifndef DIR_DN_H
#define DIR_DN_H

#include <stdbool.h>
#include <stddef.h>

struct dir_dn;

/* NULL when text is no DN (or is empty, or memory is short). */
struct dir_dn *dir_dn_parse(const char *text);
void dir_dn_free(struct dir_dn *dn);
/* Attribute types and values without case (ASCII); order inside a multi-valued RDN does not
 * matter. */
bool dir_dn_is_equal(const struct dir_dn *a, const struct dir_dn *b);
/* An entry below base, at any depth; base itself is not. */
bool dir_dn_is_under(const struct dir_dn *dn, const struct dir_dn *base);
/* "corp.example" for a DN that ends in DC=corp,DC=example. false: no DN, no DC at its end, or no
 * room. */
bool dir_dn_domain(const char *text, char *out, size_t size);
/* Value of the first RDN when its type is cn, malloc'd; else NULL. */
char *dir_dn_common_name(const char *text);

#endif
