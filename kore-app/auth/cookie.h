/* Cookies of a request (RFC 6265, 4.2.1), as far as ours need it: under a name with the prefix
 * "__Host-", 32 bytes as 64 lower-case hex digits, or a word that is no secret. */
#ifndef COOKIE_H
#define COOKIE_H

#include <stdbool.h>

#include "http.h"

#define COOKIE_SIZE 32 /* bytes */
#define COOKIE_HEX_SIZE (2 * COOKIE_SIZE + 1)

bool cookie_is_sent(const struct gh_http_request *http, const char *name);
/* false: not there, there twice, or not of that form; out is zeroed then. Wipe out after use. */
bool cookie_read(const struct gh_http_request *http, const char *name,
    unsigned char out[COOKIE_SIZE]);

/* Set-Cookie with Secure, HttpOnly, SameSite=Strict and Path=/, as "__Host-" demands (RFC 6265bis,
 * 4.1.3.2). seconds: how long the browser keeps it; 0: until it is closed. value NULL: it forgets
 * the cookie. */
void cookie_set(struct gh_http_reply *rep, const char *name, const unsigned char *value,
    int seconds);

/* The same of a word: letters, digits and hyphens. false: not there, there twice, or it does not
 * fit; out is "" then. */
bool cookie_read_word(const struct gh_http_request *http, const char *name, char *out, size_t size);
/* Sent with links from elsewhere, too (SameSite=Lax). seconds: more than 0. */
void cookie_set_word(struct gh_http_reply *rep, const char *name, const char *word, int seconds);

#endif
