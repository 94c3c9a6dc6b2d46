/* Addresses that may be called. See peer_filter.h. */
#include <netinet/in.h>
#include <string.h>

#include "ip.h"

#include "peer_filter.h"

/* As base/ip.h has it: IPv4 as IPv4-mapped. false: another family. */
static bool
take(const struct sockaddr *to, unsigned char ip[GH_IP_SIZE])
{
	memset(ip, 0, GH_IP_SIZE);
	if (to->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, to, sizeof(in6));
		memcpy(ip, &in6.sin6_addr, GH_IP_SIZE);
		return true;
	}
	if (to->sa_family == AF_INET) {
		struct sockaddr_in in4;

		memcpy(&in4, to, sizeof(in4));
		ip[10] = ip[11] = 0xff;
		memcpy(ip + 12, &in4.sin_addr, 4);
		return true;
	}
	return false;
}

bool
peer_filter_is_loopback(const struct sockaddr *to)
{
	unsigned char ip[GH_IP_SIZE];

	return take(to, ip) && gh_ip_list_has("127.0.0.0/8 ::1", ip);
}
