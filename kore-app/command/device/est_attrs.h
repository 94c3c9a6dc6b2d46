/* What a server wants in a request: CsrAttrs (RFC 8951, 4; RFC 9908). */
#ifndef EST_ATTRS_H
#define EST_ATTRS_H

#include "est_call.h"

struct est_attrs {
	bool wants_link;      /* challengePassword or estIdentityLinking is in the list */
	const char *key_type; /* of GH_KEY_NAMES, static; NULL: none that we make is named */
	/* [{"name", "oid", "values": [text]}], in their order; owned. Never NULL after success. */
	gh_json *list;
};

/* GET csrattrs. A server without any (204, 404) gives an empty list. GH_E_BAD_REQUEST: the answer
 * is none. Release with est_attrs_clear. */
int est_attrs_fetch(struct est_server *s, struct est_attrs *out, struct gh_error *err) GH_MUSTCHECK;
/* The same of a list at hand, DER. */
int est_attrs_read(const unsigned char *der, size_t len, struct est_attrs *out,
    struct gh_error *err) GH_MUSTCHECK;
void est_attrs_clear(struct est_attrs *a);

#endif
