/* See siphash.h. */
#include <endian.h>
#include <string.h>

#include "siphash.h"

#define ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTATE(v[1], 13) ^ v[0];
	v[0] = ROTATE(v[0], 32);
	v[2] += v[3];
	v[3] = ROTATE(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTATE(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTATE(v[1], 17) ^ v[2];
	v[2] = ROTATE(v[2], 32);
}

uint64_t
gh_siphash(const uint64_t key[2], const unsigned char *p, size_t len)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
	    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
	uint64_t last = (uint64_t)len << 56, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		word = le64toh(word);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
