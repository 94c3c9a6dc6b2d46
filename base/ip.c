/* IP addresses and networks. See ip.h. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ip.h"

#define ITEM_MAX 64 /* longest address with its prefix length, and NUL */

bool
gh_ip_parse(const char *text, unsigned char out[GH_IP_SIZE])
{
	memset(out, 0, GH_IP_SIZE);
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	memset(out, 0, GH_IP_SIZE);
	if (inet_pton(AF_INET, text, out + 12) != 1) {
		memset(out, 0, GH_IP_SIZE);
		return false;
	}
	out[10] = out[11] = 0xff;
	return true;
}

/* Of the part behind the slash: bits, of an IPv4-mapped address as of the whole; -1 = wrong. */
static int
prefix_bits(const char *text, bool is_ipv4)
{
	size_t n = strspn(text, "0123456789");
	int bits = n > 0 && n <= 3 && text[n] == '\0' ? atoi(text) : -1;

	if (bits < 0 || bits > (is_ipv4 ? 32 : 128))
		return -1;
	return is_ipv4 ? bits + 96 : bits;
}

/* The next item of the list, moved past. 1: there is one; 0: the end; -1: malformed. */
static int
next_item(const char **list, unsigned char ip[GH_IP_SIZE], int *bits)
{
	char item[ITEM_MAX], *slash;
	size_t n;

	*list += strspn(*list, " \t");
	n = strcspn(*list, " \t");
	if (n == 0)
		return 0;
	if (n >= sizeof(item))
		return -1;
	memcpy(item, *list, n);
	item[n] = '\0';
	*list += n;
	slash = strchr(item, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!gh_ip_parse(item, ip))
		return -1;
	*bits = slash != NULL ? prefix_bits(slash + 1, strchr(item, ':') == NULL) : 128;
	return *bits >= 0 ? 1 : -1;
}

static bool
is_in(const unsigned char ip[GH_IP_SIZE], const unsigned char network[GH_IP_SIZE], int bits)
{
	int whole = bits / 8, rest = bits % 8;

	if (memcmp(ip, network, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

bool
gh_ip_list_is_valid(const char *list)
{
	unsigned char ip[GH_IP_SIZE];
	int bits, found;

	while ((found = next_item(&list, ip, &bits)) == 1)
		;
	return found == 0;
}

bool
gh_ip_list_has(const char *list, const unsigned char ip[GH_IP_SIZE])
{
	unsigned char network[GH_IP_SIZE];
	int bits;

	while (next_item(&list, network, &bits) == 1)
		if (is_in(ip, network, bits))
			return true;
	return false;
}
