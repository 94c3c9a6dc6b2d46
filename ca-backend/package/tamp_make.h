/* TAMP messages for clients, made (RFC 5934, 4). */
#ifndef PACKAGE_TAMP_MAKE_H
#define PACKAGE_TAMP_MAKE_H

#include <openssl/x509.h>

#include "tamp.h"

struct tamp_order {
	enum tamp_message message; /* TAMP_STATUS_QUERY, _UPDATE, _APEX_UPDATE, _COMMUNITY_UPDATE or
				    * _SEQUENCE_ADJUST */
	int64_t number;            /* sequence number, 0 or more */
	/* The target: one of them, else all modules. */
	const char *uri;
	const char *community; /* dotted */
	/* Modules of hardware (RFC 4108): "TYPE" (dotted), "TYPE/SERIAL" or "TYPE/LOW-HIGH", serial
	 * numbers in hex. NULL-ended, or NULL. */
	const char *const *hardware;
	bool is_terse; /* which answers are wanted */
	/* Of an update: at least one. An apex update has one to add. NULL: none. What is changed
	 * keeps its key: the title, where there is one; else it becomes as the certificate says. */
	STACK_OF(X509) * add, *remove, *change;
	const char *title; /* of what is changed; NULL: it is no TrustAnchorInfo */
	const char *const *join, *const *leave;  /* communities, dotted; NULL-ended, or NULL */
	bool clears_anchors, clears_communities; /* of an apex update */
};

/* Appended to out: the message, as tamp_message_read takes it. GH_E_BAD_REQUEST (public): the order
 * has not what such a message needs, or a community is no OID; GH_E_NOMEM. */
int tamp_make(const struct tamp_order *o, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
