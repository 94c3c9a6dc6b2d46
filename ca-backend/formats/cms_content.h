/* ContentInfo of CMS (RFC 5652, 3): the type in front of what everything else is. Pure. */
#ifndef CA_CMS_CONTENT_H
#define CA_CMS_CONTENT_H

#include "der.h"

/* The first OID in this BER, by which its type is told before anything else is looked at. oid:
 * content of the OID, at most 64 bytes. false also for what is no SEQUENCE. */
bool cms_content_is(const unsigned char *ber, size_t len, const struct gh_der *oid);
/* Append ContentInfo { type, [0] content }. Where content is ContentInfo itself, as some put it
 * there, it goes as it is. type: content of an OID; content: BER. */
void cms_content_put(struct gh_buf *out, const struct gh_der *type, const struct gh_der *content);

#endif
