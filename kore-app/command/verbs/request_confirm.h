/* What an officer sees before `gatehouse request approve` decides, and his yes. */
#ifndef REQUEST_CONFIRM_H
#define REQUEST_CONFIRM_H

#include "verb.h"

/* Of `gatehouse request preview`: the object of enroll/preview.h, in lines and a table. An exit
 * code. */
int request_confirm_show(const gh_json *preview);
/* Is a person to be asked? Not with --yes, --json, or without a terminal. */
bool request_confirm_is_wanted(const struct verb_call *c);
/* Show and ask. Who does not say yes is told, and c->exit is set. */
void request_confirm(struct verb_call *c, const gh_json *preview);

#endif
