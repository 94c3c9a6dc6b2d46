/* Addresses of clients: as text for logs and limits, and as what connections are counted by. */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "ip.h"

#include "conn_table.h"

struct client_address {
	char text[64]; /* numeric; "" = unknown */
	unsigned char ip[GH_IP_SIZE];
	unsigned char source[CONN_SOURCE_SIZE];
};

/* IPv4 and IPv6; all else is unknown, and counted as one client. */
void client_address_set(struct client_address *a, const struct sockaddr *sa);

#endif
