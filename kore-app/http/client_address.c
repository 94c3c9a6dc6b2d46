/* Addresses of clients. See client_address.h. */
#include <arpa/inet.h>
#include <string.h>

#include "client_address.h"

static void
set_ipv4(struct client_address *a, const struct in_addr *four)
{
	inet_ntop(AF_INET, four, a->text, sizeof(a->text));
	a->ip[10] = a->ip[11] = 0xff; /* RFC 4291, 2.5.5.2 */
	memcpy(a->ip + 12, four, 4);
	memcpy(a->source, a->ip, CONN_SOURCE_SIZE);
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
	memcpy(a->ip, six, GH_IP_SIZE);
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
