/* SipHash-2-4 (Aumasson, Bernstein 2012): a hash for tables whose keys come from outside. Who does
 * not know the key cannot choose which chain his keys fall into. */
#ifndef GH_SIPHASH_H
#define GH_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* key: 16 random bytes as two words. */
uint64_t gh_siphash(const uint64_t key[2], const unsigned char *p, size_t len);

#endif
