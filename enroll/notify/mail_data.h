/* What templates of mails can show of a notification, and which notifications there are. */
#ifndef NOTIFY_MAIL_DATA_H
#define NOTIFY_MAIL_DATA_H

#include "conf.h"
#include "notify_recipient.h"
#include "store/status/notification.h"
#include "words.h"

/*
 * {"event","key","object","time","language","audience","to","link","facts":[{"name","value"}],
 * "fact":{name:value}}: texts only. key: the event as a name of texts ("cert_expiring"). link is
 * there where notify.url is set and the event has a page. Facts are those that this audience may
 * see, in the order in which they are shown; times are in UTC and say so. NULL: out of memory.
 */
gh_json *mail_data(const struct gh_conf *conf, const struct notification *n,
    const struct recipient *to, const struct words *words);
/* Is this the name of a value ("fact.subject"), in a section or not? */
bool mail_data_has(const char *name);

/* Events by name, each with an example; NULL behind the last one. Static. */
const char *mail_sample_event(size_t i);
bool mail_sample_has(const char *event);
/* The example, at a fixed time. audience: NULL, or another one than usual. GH_E_NOT_FOUND (public):
 * no such event. */
int mail_sample(const char *event, const char *audience, struct notification *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
