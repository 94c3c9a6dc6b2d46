/*
 * A message that somebody asks for to see whether messages arrive: queued and sent as all others,
 * and only to addresses that directory and machine give: who asks chooses none.
 */
#ifndef NOTIFY_TEST_MESSAGE_H
#define NOTIFY_TEST_MESSAGE_H

#include "env.h"

#define TEST_MESSAGES_PER_HOUR 10 /* of all callers together */

/*
 * is_own: to who, at the address of his own; else to all administrators. *n: how many people that
 * are now. env: conf, store and dir. Public: GH_E_CONFLICT: no mail
 * is sent, or nobody has an address; GH_E_RATE_LIMITED, with retry_after. GH_E_DIR_DOWN, ...
 */
int test_message_send(const struct worker_env *env, const struct requester *who, bool is_own,
    size_t *n, struct gh_error *err) GH_MUSTCHECK;

#endif
