/* Comparison of distinguished names that people and other vendors' clients write down. */
#ifndef DN_MATCH_H
#define DN_MATCH_H

#include <stdbool.h>

#define DN_TEXT_MAX 4096 /* bytes of a name */
#define DN_RDNS_MAX 64

/*
 * Are two names, as text, the same, RDN by RDN? Understood is RFC 4514 and what is met in its
 * place: blanks around separators, ';' for ',', values in double quotes, "OID.1.2.3", the type
 * names S, E and others that Windows writes, and the RDNs in reverse order (all of them). Types and
 * values compare without ASCII case, runs of blanks as one (RFC 4518, 2.6.1); the parts of a
 * multi-valued RDN in any order. A text that is no name, or longer than DN_TEXT_MAX, equals
 * nothing.
 */
bool dn_text_equal(const char *a, const char *b);

#endif
