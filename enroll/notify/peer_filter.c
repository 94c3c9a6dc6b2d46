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

/* Not public, or of no host (RFC 6890 and IANA's registries). The last ones are public by number,
 * and yet answer to machines of one cloud only: their metadata. */
static const char special[] =
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 "
    "203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
    "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 "
    "168.63.129.16";

/* Of IPv6, only global unicast is public (RFC 4291, 2.4). */
static const char global[] = "0.0.0.0/0 2000::/3";

bool
peer_filter_may_call(const struct sockaddr *to, const char *allow)
{
	unsigned char ip[GH_IP_SIZE];

	if (!take(to, ip))
		return false;
	return gh_ip_list_has(allow, ip) ||
	    (gh_ip_list_has(global, ip) && !gh_ip_list_has(special, ip));
}
