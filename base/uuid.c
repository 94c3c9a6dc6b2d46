/* UUIDs. See uuid.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "hex.h"
#include "uuid.h"

bool
gh_uuid_make(unsigned char out[GH_UUID_SIZE])
{
	if (RAND_bytes(out, GH_UUID_SIZE) != 1)
		return false;
	out[6] = (unsigned char)((out[6] & 0x0f) | 0x40); /* RFC 9562, 5.4 */
	out[8] = (unsigned char)((out[8] & 0x3f) | 0x80);
	return true;
}

char *
gh_uuid_format(const unsigned char uuid[GH_UUID_SIZE], char out[GH_UUID_TEXT_SIZE])
{
	char hex[2 * GH_UUID_SIZE + 1];

	gh_hex_lower(uuid, GH_UUID_SIZE, hex);
	snprintf(out, GH_UUID_TEXT_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	    hex + 16, hex + 20);
	return out;
}

bool
gh_uuid_parse(const char *text, unsigned char out[GH_UUID_SIZE])
{
	size_t n = 0;

	memset(out, 0, GH_UUID_SIZE);
	if (strlen(text) != GH_UUID_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0; i < GH_UUID_TEXT_SIZE - 1; i++) {
		int digit = gh_hex_value(text[i]);
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' : digit < 0)
			return false;
		if (is_dash)
			continue;
		out[n / 2] = (unsigned char)(out[n / 2] << 4 | digit);
		n++;
	}
	return true;
}
