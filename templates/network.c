/* Networks of IP addresses as text, and whether an address is in one of them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* A number of at most three digits, without a leading zero. */
static bool
read_bits(const char *s, unsigned max, unsigned *out)
{
	size_t n = strspn(s, "0123456789");

	if (n == 0 || n > 3 || s[n] != '\0' || (n > 1 && s[0] == '0'))
		return false;
	*out = (unsigned)strtoul(s, NULL, 10);
	return *out <= max;
}

static bool
has_host_bits(const struct tmpl_network *w)
{
	size_t i;

	for (i = w->bits; i < w->len * 8; i++) {
		if ((w->addr[i / 8] & 0x80u >> i % 8) != 0)
			return true;
	}
	return false;
}

bool
tmpl_network_parse(const char *s, struct tmpl_network *out)
{
	const char *slash = strchrnul(s, '/');
	char addr[INET6_ADDRSTRLEN];

	if ((size_t)(slash - s) >= sizeof(addr))
		return false;
	memcpy(addr, s, (size_t)(slash - s));
	addr[slash - s] = '\0';
	if (inet_pton(AF_INET, addr, out->addr) == 1)
		out->len = 4;
	else if (inet_pton(AF_INET6, addr, out->addr) == 1)
		out->len = 16;
	else
		return false;
	out->bits = (unsigned)out->len * 8;
	if (*slash == '/' && !read_bits(slash + 1, out->bits, &out->bits))
		return false;
	return !has_host_bits(out);
}

bool
tmpl_network_is_valid(const char *s)
{
	struct tmpl_network w;

	return tmpl_network_parse(s, &w);
}

bool
tmpl_network_is_wide(const char *s)
{
	struct tmpl_network w;

	return !tmpl_network_parse(s, &w) || w.bits < (w.len == 4 ? 8 : 16);
}

static bool
is_in(const struct tmpl_network *w, const unsigned char *addr)
{
	unsigned whole = w->bits / 8, rest = w->bits % 8;

	return memcmp(w->addr, addr, whole) == 0 &&
	    (rest == 0 || ((w->addr[whole] ^ addr[whole]) & 0xffu << (8 - rest) & 0xffu) == 0);
}

bool
tmpl_network_has(const struct tmpl_list *networks, const unsigned char *addr, size_t n)
{
	struct tmpl_network w;
	size_t i;

	for (i = 0; i < networks->n; i++) {
		if (tmpl_network_parse(networks->v[i], &w) && w.len == n && is_in(&w, addr))
			return true;
	}
	return false;
}
