/*
 * Which addresses may be connected to. Asked with the address itself, after the name was resolved:
 * what a name leads to a moment later does not matter.
 */
#ifndef NOTIFY_PEER_FILTER_H
#define NOTIFY_PEER_FILTER_H

#include <stdbool.h>
#include <sys/socket.h>

/* 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104. */
bool peer_filter_is_loopback(const struct sockaddr *to);

/*
 * May a webhook be called there? Public addresses (IANA's registries of special-purpose addresses,
 * RFC 6890), and what allow has: addresses and networks as base/ip.h takes them. An IPv4 address
 * inside of an IPv6 one counts as what it is (IPv4-mapped); where a translator makes another one
 * of it (NAT64, 6to4, Teredo), it is not public.
 */
bool peer_filter_may_call(const struct sockaddr *to, const char *allow);

#endif
