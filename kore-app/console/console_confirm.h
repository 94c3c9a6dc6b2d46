/* What interrupts service, or takes something from a person, is asked again, on a page that says
 * what will happen. */
#ifndef CONSOLE_CONFIRM_H
#define CONSOLE_CONFIRM_H

#include "call.h"

/*
 * May the form be done? true: it turns something on ("enabled" is "yes"), or "confirmed" is "yes".
 * false: *rep is a page that asks, with the same form once more. what: of the texts confirm.WHAT;
 * name: of what it is about; back: where to go instead.
 */
bool console_confirmed(const struct worker_env *env, const struct call *call, const char *what,
    const char *name, const char *back, struct gh_http_reply *rep) GH_MUSTCHECK;

#endif
