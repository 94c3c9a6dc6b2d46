/* Which token the URI of a key names. See token.h. */
#include <string.h>

#include "percent.h"
#include "token.h"
#include "utf8.h"

/* The value of an attribute of the path: RFC 7512, 2.3. NULL: it is not there. */
static const char *
find_attribute(const char *uri, const char *name, size_t *len)
{
	size_t n = strlen(name);
	const char *at = strchr(uri, ':');

	while (at != NULL && *at != '\0' && *at != '?') {
		at++; /* behind ':' or ';' */
		*len = strcspn(at, ";?");
		if (*len > n && strncmp(at, name, n) == 0 && at[n] == '=') {
			*len -= n + 1;
			return at + n + 1;
		}
		at += *len;
	}
	return NULL;
}

void
token_label(const char *uri, char out[SIGNER_TOKEN_LABEL_SIZE])
{
	size_t len, n = 0;
	const char *at = find_attribute(uri, "token", &len), *end = at != NULL ? at + len : NULL;
	bool is_text = true;

	while (at < end && is_text) {
		int c = gh_percent_next(&at, end);

		is_text = c >= ' ' && c != 0x7f && n + 1 < SIGNER_TOKEN_LABEL_SIZE;
		if (is_text)
			out[n++] = (char)c;
	}
	out[is_text && gh_utf8_is_valid(out, n) ? n : 0] = '\0';
}
