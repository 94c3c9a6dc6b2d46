/* The PROXY protocol. See proxy_header.h. */
#include <netinet/in.h>
#include <string.h>

#include "proxy_header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define SIGNATURE_LEN 12
#define COMMAND_LOCAL 0x20 /* version 2 in the upper half */
#define COMMAND_PROXY 0x21
#define TCP_IPV4 0x11
#define TCP_IPV6 0x21
#define IPV4_LEN 12 /* two addresses, two ports */
#define IPV6_LEN 36

int
proxy_header_size(const unsigned char *p, size_t *size, struct gh_error *err)
{
	*size = 0;
	if (memcmp(p, SIGNATURE, SIGNATURE_LEN) != 0)
		return gh_fail(err, GH_E_BAD_REQUEST, "no PROXY header, version 2");
	if (p[12] != COMMAND_LOCAL && p[12] != COMMAND_PROXY)
		return gh_fail(err, GH_E_BAD_REQUEST, "PROXY header: version and command 0x%02x",
		    p[12]);
	*size = PROXY_HEADER_FIXED + ((size_t)p[14] << 8 | p[15]);
	if (*size <= PROXY_HEADER_MAX)
		return 0;
	*size = 0;
	return gh_fail(err, GH_E_BAD_REQUEST, "PROXY header longer than %d bytes",
	    PROXY_HEADER_MAX);
}

int
proxy_header_parse(const unsigned char *p, size_t size, struct sockaddr_storage *from,
    bool *is_local, struct gh_error *err)
{
	struct sockaddr_in *four = (struct sockaddr_in *)from;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)from;
	const unsigned char *address = p + PROXY_HEADER_FIXED;
	size_t len = size - PROXY_HEADER_FIXED;

	memset(from, 0, sizeof(*from));
	/* unknown families are the proxy's business, as 2.2 says: the connection counts as its
	 * own */
	*is_local = p[12] == COMMAND_LOCAL || (p[13] != TCP_IPV4 && p[13] != TCP_IPV6);
	if (*is_local)
		return 0;
	if (len < (p[13] == TCP_IPV4 ? IPV4_LEN : IPV6_LEN))
		return gh_fail(err, GH_E_BAD_REQUEST, "PROXY header: no room for its addresses");
	if (p[13] == TCP_IPV4) {
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, address, 4);
		memcpy(&four->sin_port, address + 8, 2);
	} else {
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, address, 16);
		memcpy(&six->sin6_port, address + 32, 2);
	}
	return 0;
}
