/* The words of a mail: from a notification and one of its recipients to subject, text and HTML. */
#ifndef NOTIFY_MAIL_H
#define NOTIFY_MAIL_H

#include "env.h"
#include "notify_recipient.h"
#include "store/status/notification.h"

struct notify_mail {
	char *subject; /* UTF-8, one line, no control characters */
	char *text;    /* UTF-8, lines end with \n */
	char *html;    /* the same; NULL = the mail has a text part only */
};
void notify_mail_clear(struct notify_mail *m);

/* env: conf. By templates (mail_template.h). GH_E_NOMEM; others end this delivery. */
int notify_compose(const struct worker_env *env, const struct notification *n,
    const struct recipient *to, struct notify_mail *out, struct gh_error *err) GH_MUSTCHECK;

#endif
