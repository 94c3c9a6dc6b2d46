/*
 * What a scan may ask, and nothing else: the operator's list. docs/inventory.md, "Where they are
 * served"
 *
 *     www.example.com                              TLS on port 443
 *     mail.example.com:25 starttls=smtp
 *     192.0.2.7:8443 sni=shop.example.com
 *     192.0.2.0/28                                 each address of it
 *     [2001:db8::1]:443                            # a comment
 */
#ifndef SCAN_TARGET_H
#define SCAN_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define SCAN_TARGETS_MAX 100000
#define SCAN_NETWORK_BITS 12 /* a network has at most so many bits for hosts: 4096 addresses */
#define SCAN_NAME_SIZE 254   /* of a host (RFC 1035, 2.3.4), and NUL */

enum scan_start {
	SCAN_TLS, /* at once */
	SCAN_SMTP,
	SCAN_IMAP,
	SCAN_LDAP,
	SCAN_POSTGRES,
	SCAN_STARTS
};
const char *scan_start_name(enum scan_start s); /* "tls", "smtp" ... */

struct scan_target {
	char host[SCAN_NAME_SIZE]; /* name or numeric address */
	int port;
	enum scan_start start;
	char sni[SCAN_NAME_SIZE]; /* "": none is sent, as to an address */
};

struct scan_targets {
	struct scan_target *v;
	size_t n, cap;
};

/* Each line of a text. One that is wrong or too much: GH_E_CONF names it, and nothing is to be
 * scanned. scan_targets_clear in any case. */
int scan_targets_read(const char *text, struct scan_targets *out,
    struct gh_error *err) GH_MUSTCHECK;
void scan_targets_clear(struct scan_targets *t);

#endif
