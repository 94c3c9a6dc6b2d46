/* In which language a page is. */
#ifndef PAGE_LANGUAGE_H
#define PAGE_LANGUAGE_H

#include "http.h"
#include "words.h"

/* ?lang=, else the one that was chosen so before, else what Accept-Language likes best. Never NULL.
 */
const struct words *page_words(const struct gh_http_request *req);

/* What ?lang= has chosen holds for the pages that follow, by a cookie. */
void page_language_keep(const struct gh_http_request *req, struct gh_http_reply *rep);

#endif
