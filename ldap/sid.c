/* Security identifiers in binary form (MS-DTYP 2.4.2) as text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dir_entry.h"

#define SID_REVISION 1
#define SID_SUBS_MAX 15 /* MS-DTYP 2.4.2: SubAuthorityCount */
#define SID_HEADER 8
/* "S-1-", a 48-bit authority in hex, 15 times "-4294967295", NUL */
#define SID_TEXT_SIZE (4 + 14 + SID_SUBS_MAX * 11 + 1)

/* The authority is big-endian; the sub-authorities are little-endian. */
static uint64_t
authority(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 2; i < SID_HEADER; i++)
		v = v << 8 | p[i];
	return v;
}

static uint32_t
sub_authority(const unsigned char *p, size_t i)
{
	p += SID_HEADER + 4 * i;
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

char *
dir_sid_text(const unsigned char *p, size_t n)
{
	char *text;
	size_t at;

	if (p == NULL || n < SID_HEADER || p[0] != SID_REVISION || p[1] > SID_SUBS_MAX ||
	    n != SID_HEADER + 4 * (size_t)p[1])
		return NULL;
	if ((text = malloc(SID_TEXT_SIZE)) == NULL)
		return NULL;
	/* MS-DTYP 2.4.2.1: hex from 2^32 on */
	if (authority(p) >> 32 != 0)
		at = (size_t)snprintf(text, SID_TEXT_SIZE, "S-1-0x%012" PRIX64, authority(p));
	else
		at = (size_t)snprintf(text, SID_TEXT_SIZE, "S-1-%" PRIu64, authority(p));
	for (size_t i = 0; i < p[1]; i++)
		at += (size_t)snprintf(text + at, SID_TEXT_SIZE - at, "-%" PRIu32,
		    sub_authority(p, i));
	return text;
}
