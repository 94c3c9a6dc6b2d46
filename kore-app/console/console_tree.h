/* CAs as a tree: who stands below whom. */
#ifndef CONSOLE_TREE_H
#define CONSOLE_TREE_H

#include "json.h"

#define CONSOLE_TREE_DEPTH 5 /* levels that are shown apart; deeper ones stand with the last */

/* The members of authorities (GET /pki/authorities) as a list in the order in which a reader meets
 * them, each behind its parent, with "level" ("level0" and on). Each is in it once, whatever their
 * parents say. NULL: out of memory. */
gh_json *console_tree(const gh_json *authorities);

#endif
