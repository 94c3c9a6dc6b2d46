/* Who hears of an event: from the audience of a notification to the people and addresses that it
 * means at this moment. */
#ifndef NOTIFY_RECIPIENT_H
#define NOTIFY_RECIPIENT_H

#include "env.h"
#include "store/status/notification.h"

#define NOTIFY_RECIPIENTS_MAX \
	1000 /* of one notification; the rest is left out, with a line in the log */

struct recipient {
	char *address; /* of e-mail, valid by base/mail_address.h */
	char *name; /* of the person, for the To header and the words; "" = not known: the address
		       of a stranger */
	char *language; /* "de", "en"; "" = not known */
};
struct recipients {
	struct recipient *one;
	size_t n, cap;
};
void recipients_clear(struct recipients *r);
/* Copies its parts. An address that is there already, in any case of letters, is not added again,
 * and one that is no address is left out: both are 0. GH_E_NOMEM. */
int recipients_add(struct recipients *r, const char *address, const char *name,
    const char *language, struct gh_error *err) GH_MUSTCHECK;
/*
 * Those who have an address of e-mail; webhooks are added elsewhere. n may be 0. env: conf, store
 * and dir; dir may be NULL, and is then not needed. What passes is an error, and asked again later:
 * GH_E_DIR_DOWN, GH_E_DB_DOWN, GH_E_BUSY, GH_E_NOMEM; all others end the notification.
 */
int notify_recipients(const struct worker_env *env, const struct notification *n,
    struct recipients *out, struct gh_error *err) GH_MUSTCHECK;

#endif
