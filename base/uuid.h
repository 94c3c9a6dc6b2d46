/* UUIDs (RFC 9562) as 16 octets, and as text in lower case. */
#ifndef GH_UUID_H
#define GH_UUID_H

#include <stdbool.h>

#define GH_UUID_SIZE 16
#define GH_UUID_TEXT_SIZE 37 /* with the NUL */

/* A random one (version 4). false: OpenSSL's generator failed. */
bool gh_uuid_make(unsigned char out[GH_UUID_SIZE]);
/* "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" into out, which is returned. */
char *gh_uuid_format(const unsigned char uuid[GH_UUID_SIZE], char out[GH_UUID_TEXT_SIZE]);
/* That form, in either case. false: it is another one. */
bool gh_uuid_parse(const char *text, unsigned char out[GH_UUID_SIZE]);

#endif
