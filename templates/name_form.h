/*
 * Names and patterns of names in the one form in which they are compared: DNS names without case
 * (RFC 4343) and without the dot of the root, addresses as RFC 5952 writes them, an IPv4-mapped
 * address as the IPv4 address that it reaches (RFC 4291, 2.5.5.2), the local part of a mail address
 * as it is (RFC 5321, 2.4). A pattern covers a name exactly when name_form_covers tells it, so that
 * a list of patterns is searched, not walked. Silent; callers explain.
 */
#ifndef NAME_FORM_H
#define NAME_FORM_H

#include <stdbool.h>
#include <stddef.h>

/* In the order of the words in files and messages. */
enum name_kind { NAME_DNS, NAME_EMAIL, NAME_IP, NAME_URI, NAME_UPN, NAME_KINDS };

#define NAME_FORM_SIZE 2049 /* with its NUL; a URI is the longest */

/* "dns", "email", "ip", "uri", "upn" */
bool name_kind_find(const char *word, enum name_kind *out);

/* The form of a name. false: it has none, and *why (static) says what is wrong. A U-label has
 * none: RFC 5280, 7.2 wants A-labels. */
bool name_form(enum name_kind kind, const char *text, char out[NAME_FORM_SIZE], const char **why);
/*
 * The form of a pattern:
 *   dns         "a.example" that name, "*.example" one label before it, ".example" any number,
 *               "*" any name
 *   email, upn  one address, or a pattern as above for the domain
 *   ip          an address or a network
 *   uri         a URI, or its beginning up to a "/" of the path
 */
bool name_form_pattern(enum name_kind kind, const char *text, char out[NAME_FORM_SIZE],
    const char **why);

/* Covers it everything, or a whole top-level domain, or more addresses than one company has? */
bool name_form_is_loose(enum name_kind kind, const char *pattern);

/* Calls take with each pattern that covers the name, all in their form, until one says true. A
 * wildcard name is covered by itself and by what covers any label in place of its first. */
typedef bool (*name_form_fn)(void *arg, const char *pattern);
bool name_form_covers(enum name_kind kind, const char *form, name_form_fn take, void *arg);

#endif
