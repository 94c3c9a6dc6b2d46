/*
 * Domains of mail addresses, prepared for comparison: letters without case, and names beyond ASCII
 * in one form, whether they are written in Unicode or as A-labels ("xn--...", RFC 5890, 2.3.2.1).
 * The form is for comparing and never for printing. Two names that IDNA keeps apart may have one
 * form (sharp s and "ss"): right for a choice, not for a permission.
 */
#ifndef GH_MAIL_DOMAIN_H
#define GH_MAIL_DOMAIN_H

#include <stdbool.h>

#include "buf.h"

#define GH_DOMAIN_MAX 253 /* bytes of a name as it is written (RFC 1035, 2.3.4) */

/* Append the prepared form of a domain (UTF-8; a dot at its end is dropped). GH_E_SUBJECT: it is
 * none, as one with an empty label; GH_E_NOMEM. */
int gh_domain_prep(const char *domain, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

/* Is the domain of the mail address (behind its last "@") `prepared`; or, where that begins with a
 * dot, at any depth below it? false for what is no address, too. */
bool gh_mail_is_of_domain(const char *mail, const char *prepared);

#endif
