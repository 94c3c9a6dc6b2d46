/* Errors of EST. See est_error.h. */
#include <stdio.h>
#include <string.h>

#include "utf8.h"

#include "est_error.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define RETRY_AFTER 5 /* seconds */

void
est_error(const struct gh_error *err, struct gh_http_reply *rep)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	char text[sizeof(err->message) + 2], seconds[16];

	snprintf(text, sizeof(text), "%s\n", *err->message != '\0' ? err->message : info->message);
	gh_utf8_clean(text);
	text[strlen(text) - 1] = '\n'; /* which is a control character to it */
	gh_http_reply_cause(rep, err);
	if (info->is_retryable || err->retry_after > 0) {
		snprintf(seconds, sizeof(seconds), "%d",
		    err->retry_after > 0 ? err->retry_after : RETRY_AFTER);
		gh_http_reply_header(rep, "Retry-After", seconds);
	}
	gh_http_reply_text(rep, info->http_status, TEXT_TYPE, strdup(text));
}
