/* ContentInfo. See cms_content.h. */
#include <string.h>

#include "cms_content.h"

/* Where the content of the outer SEQUENCE begins; 0: it is none. */
static size_t
inside(const unsigned char *ber, size_t len)
{
	size_t n = len > 1 && ber[1] > 0x80 ? (size_t)(ber[1] & 0x7f) : 0;

	return len > 2 + n && ber[0] == GH_DER_SEQUENCE ? 2 + n : 0;
}

bool
cms_content_is(const unsigned char *ber, size_t len, const struct gh_der *oid)
{
	size_t at = inside(ber, len);

	return at != 0 && oid->len < 64 && len - at > 2 + oid->len && ber[at] == GH_DER_OID &&
	    ber[at + 1] == oid->len && memcmp(ber + at + 2, oid->p, oid->len) == 0;
}

void
cms_content_put(struct gh_buf *out, const struct gh_der *type, const struct gh_der *content)
{
	size_t at = inside(content->p, content->len), wrapped = gh_der_size(content->len);

	if (at != 0 && content->p[at] == GH_DER_OID) {
		gh_buf_put(out, content->p, content->len);
		return;
	}
	gh_der_put_header(out, GH_DER_SEQUENCE, gh_der_size(type->len) + wrapped);
	gh_der_put(out, GH_DER_OID, type->p, type->len);
	gh_der_put(out, GH_DER_CONTEXT(0), content->p, content->len);
}
