/* Messages by NOTIFY. */
#include <string.h>

#include "store/message.h"
#include "store/store_private.h"

static const char *const channels[] = {
    [STORE_LIMITER_QUESTION] = "gatehouse_limiter",
    [STORE_LIMITER_ANSWER] = "gatehouse_limiter_answer",
};

int
store_message_send(struct store *s, enum store_channel channel, const char *text,
    struct gh_error *err)
{
	static const struct store_statement st = {"message_send",
	    "SELECT pg_notify($1::text, $2::text)"};
	struct store_params p = {0};

	if (strlen(text) > STORE_MESSAGE_MAX)
		return gh_fail(err, GH_E_INTERNAL, "message of %zu bytes", strlen(text));
	store_put_text(&p, channels[channel]);
	store_put_text(&p, text);
	return store_do(s, &st, &p, err);
}

int
store_message_wait(struct store *s, enum store_channel channel, int timeout_ms,
    void (*take)(void *arg, const char *text), void *arg, struct gh_error *err)
{
	bool missed;

	return store_listen(s, channels[channel], timeout_ms, take, arg, &missed, err);
}
