/*
 * Which addresses a webhook may call. Asked with the address that is about to be connected to,
 * after the name was resolved: what a name leads to a moment later does not matter. Everything that
 * is not a public address is refused unless the configuration allows it (IANA's registries of
 * special purpose addresses, RFC 6890).
 */
#ifndef NOTIFY_PEER_FILTER_H
#define NOTIFY_PEER_FILTER_H

#include <stdbool.h>
#include <sys/socket.h>

/* 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104. */
bool peer_filter_is_loopback(const struct sockaddr *to);

#endif
