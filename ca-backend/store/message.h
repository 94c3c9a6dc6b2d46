/* Messages between the gateway's nodes and the command, by NOTIFY: who listens hears them, nothing
 * is kept. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/store.h"

enum store_channel { STORE_LIMITER_QUESTION, STORE_LIMITER_ANSWER };

#define STORE_MESSAGE_MAX 7999 /* bytes (PostgreSQL: NOTIFY) */

/* GH_E_INTERNAL: longer than STORE_MESSAGE_MAX. */
int store_message_send(struct store *s, enum store_channel channel, const char *text,
    struct gh_error *err) GH_MUSTCHECK;
/*
 * Wait until something was heard or timeout_ms have passed. s is used for nothing else, and for one
 * channel. The first call only begins to listen, and so does the one after a lost connection.
 * Whoever may use the database may send: the text is to be trusted no more than that.
 */
int store_message_wait(struct store *s, enum store_channel channel, int timeout_ms,
    void (*take)(void *arg, const char *text), void *arg, struct gh_error *err) GH_MUSTCHECK;

#endif
