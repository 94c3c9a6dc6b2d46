/* The two parts of an answer to serverkeygen (RFC 7030, 4.4.2): multipart/mixed (RFC 2046, 5.1). */
#ifndef EST_PARTS_H
#define EST_PARTS_H

#include "est_call.h"

#define EST_PARTS_MAX 4

struct est_part {
	char type[256];   /* Content-Type; "" = none */
	const char *text; /* points into the body: base64 */
	size_t len;
};

struct est_parts {
	struct est_part part[EST_PARTS_MAX];
	size_t n;
};

/* What stands before the first boundary and behind the last one is passed over. GH_E_BAD_REQUEST:
 * no multipart, no end, or more parts than EST_PARTS_MAX. *out points into r. */
int est_parts_read(const struct est_reply *r, struct est_parts *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The first part of this type, whatever its parameters; NULL: there is none. */
const struct est_part *est_parts_find(const struct est_parts *p, const char *type);
/* The first of application/pkcs7-mime with this smime-type (is: true), or with another one or none.
 */
const struct est_part *est_parts_find_smime(const struct est_parts *p, const char *smime, bool is);

#endif
