/* What a message or a row of the audit trail is about, for {{>object}}. */
#ifndef CONSOLE_OBJECT_H
#define CONSOLE_OBJECT_H

#include "json.h"

/* "of_request", "of_certificate" or "of_ca", of "request N", "certificate ID" and "CA NAME";
 * nothing for all others and NULL. Whoever may not see the page of it is told so there. 0 or -1. */
int console_object_put(gh_json *o, const char *object);

#endif
