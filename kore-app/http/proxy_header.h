/*
 * The PROXY protocol, version 2 (proxy-protocol.txt of HAProxy, 2.2): who the client of a proxy in
 * front is. It stands before everything else on a connection, TLS too. Read only from addresses
 * that gateway.proxies names, and demanded of them: from others it would let anybody choose his
 * address.
 */
#ifndef PROXY_HEADER_H
#define PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "error.h"

#define PROXY_HEADER_FIXED 16 /* bytes that say how long it is */
#define PROXY_HEADER_MAX \
	2048 /* bytes: addresses, and what else the proxy says (TLVs), which is not read */

/* How long it is in all, from its first PROXY_HEADER_FIXED bytes. GH_E_BAD_REQUEST: it is none, or
 * too long. */
int proxy_header_size(const unsigned char *p, size_t *size, struct gh_error *err) GH_MUSTCHECK;
/*
 * The client's address from a header of size bytes. *is_local: the proxy speaks for itself (a
 * health check), or does not say for whom; *from is zeroed then. GH_E_BAD_REQUEST.
 */
int proxy_header_parse(const unsigned char *p, size_t size, struct sockaddr_storage *from,
    bool *is_local, struct gh_error *err) GH_MUSTCHECK;

#endif
