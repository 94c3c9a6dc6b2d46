/* IP addresses and networks (RFC 4291, RFC 4632), IPv4 as IPv4-mapped IPv6. */
#ifndef GH_IP_H
#define GH_IP_H

#include <stdbool.h>

#define GH_IP_SIZE 16

/* Numeric IPv4 or IPv6. false: neither, *out is zeroed. */
bool gh_ip_parse(const char *text, unsigned char out[GH_IP_SIZE]);

/* Blank-separated addresses and networks: "10.0.0.1 10.1.0.0/16 2001:db8::/32". An empty list is
 * one. */
bool gh_ip_list_is_valid(const char *list);
/* false for a list that is not valid, too. */
bool gh_ip_list_has(const char *list, const unsigned char ip[GH_IP_SIZE]);

#endif
