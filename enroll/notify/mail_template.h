/*
 * Templates of mails. Ours are part of the program: enroll/notify/mail/message.PART, whose texts
 * are in conf/languages. An operator's replace them: files EVENT.LANGUAGE.PART of the folder
 * notify.templates, or message.LANGUAGE.PART for all events that have none of their own.
 * docs/notifications.md
 */
#ifndef NOTIFY_MAIL_TEMPLATE_H
#define NOTIFY_MAIL_TEMPLATE_H

#include "markup.h"

enum mail_part { MAIL_SUBJECT, MAIL_TEXT, MAIL_HTML, MAIL_PARTS };

/* event: one that there is; NULL: not the operator's. folder "": there is none. An operator's
 * template that cannot be used is logged, and ours takes its place. *out by markup_free. */
int mail_template_get(const char *folder, const char *event, const char *language,
    enum mail_part part, struct markup **out, struct gh_error *err) GH_MUSTCHECK;

/* Are all files of the folder templates of events and languages that there are, which show values
 * and texts that there are? Names the first one that is not. GH_E_CONF (public). */
int mail_template_check(const char *folder, struct gh_error *err) GH_MUSTCHECK;

/* A file of enroll/notify/mail/. NULL: there is none. */
const char *mail_template_builtin(const char *name, size_t *len);

#endif
