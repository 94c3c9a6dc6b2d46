/* Addresses of clients. See client_address.h. */
#include <arpa/inet.h>
#include <string.h>

#include "client_address.h"

static void
set_ipv4(struct client_address *a, const struct in_addr *four)
{
	inet_ntop(AF_INET, four, a->text, sizeof(a->text));
	a->source[10] = a->source[11] = 0xff; /* RFC 4291, 2.5.5.2 */
	memcpy(a->source + 12, four, 4);
}

static void
set_ipv6(struct client_address *a, const struct in6_addr *six)
{
	struct in_addr four;

	if (IN6_IS_ADDR_V4MAPPED(six)) {
		memcpy(&four, &six->s6_addr[12], sizeof(four));
		set_ipv4(a, &four);
		return;
	}
	inet_ntop(AF_INET6, six, a->text, sizeof(a->text));
	memcpy(a->source, six, CONN_SOURCE_SIZE / 2);
}

void
client_address_set(struct client_address *a, const struct sockaddr *sa)
{
	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET)
		set_ipv4(a, &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
	else if (sa->sa_family == AF_INET6)
		set_ipv6(a, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}
