/* The key of a CA in a word, as lists of CAs show it. */
#ifndef CONSOLE_CA_KEY_H
#define CONSOLE_CA_KEY_H

#include "json.h"

/* key: as GET /pki/authorities tells it. "none", "open", "locked", "unlocked", "token" (it is in a
 * token, and there), "away" (and not there), "broken", "unknown": static. */
const char *console_ca_key(const gh_json *key);

#endif
