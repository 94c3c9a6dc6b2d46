/* What an agent signs. See approval_text.h. */
#include <inttypes.h>

#include "hex.h"
#include "timestamp.h"
#include "utf8.h"
#include "uuid.h"

#include "approval_text.h"

/* UTF-8 without control characters. */
static bool
is_clean(const struct gh_der *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->p[i] < 0x20 || text->p[i] == 0x7f)
			return false;
	return gh_utf8_is_valid(text->p, text->len);
}

int
approval_text(const struct approval_subject *s, struct gh_buf *out, struct gh_error *err)
{
	char wrapping[2 * KRA_RELEASE_DIGEST_SIZE + 1], until[GH_TIMESTAMP_SIZE];
	char key[GH_UUID_TEXT_SIZE];

	/* a line feed in a name would begin a line of its own */
	if (s->requester.len == 0 || !is_clean(&s->requester))
		return gh_fail(err, GH_E_VALIDATION, "requester of a recovery");
	gh_buf_puts(out, "gatehouse key recovery 1\nkey: ");
	gh_buf_puts(out, gh_uuid_format(s->key_id, key));
	gh_buf_putf(out, "\nrequest: %" PRId64 "\nrequester: ", s->request_id);
	gh_buf_put(out, s->requester.p, s->requester.len);
	gh_buf_putf(out, "\nwrapping: %s\nuntil: %s\n",
	    gh_hex_lower(s->wrapping, KRA_RELEASE_DIGEST_SIZE, wrapping),
	    gh_timestamp_format(s->until, until));
	return gh_buf_check(out, err);
}
