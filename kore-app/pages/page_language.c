/* Languages of pages. See page_language.h. */
#include <stdio.h>
#include <string.h>

#include "auth/cookie.h"

#include "page_language.h"

#define COOKIE "__Host-language"
#define TAG_SIZE 16
#define KEEP_SECONDS (365 * 86400)

/* NULL: the query has no lang=, or it is none of ours. */
static const struct words *
asked(const char *query)
{
	char tag[TAG_SIZE] = "";

	while (*tag == '\0' && query != NULL && *query != '\0') {
		size_t n = strcspn(query, "&");

		if (n > 5 && n < 5 + TAG_SIZE && strncmp(query, "lang=", 5) == 0)
			snprintf(tag, sizeof(tag), "%.*s", (int)n - 5, query + 5);
		query += n + (query[n] == '&');
	}
	return words_find(tag);
}

const struct words *
page_words(const struct gh_http_request *req)
{
	const struct words *w = asked(req->query);
	char kept[TAG_SIZE];

	if (w == NULL && cookie_read_word(req, COOKIE, kept, sizeof(kept)))
		w = words_find(kept);
	return w != NULL ? w : words_accept(gh_http_header(req, "accept-language"));
}

void
page_language_keep(const struct gh_http_request *req, struct gh_http_reply *rep)
{
	const struct words *w = asked(req->query);

	if (w != NULL)
		cookie_set_word(rep, COOKIE, words_language(w), KEEP_SECONDS);
}
