/*
 * Sending by SMTP (RFC 5321) over libcurl: one session for many mails, verified TLS (smtps, or
 * STARTTLS that is required), log-in, and a bound of time for each mail. One mail has one
 * recipient, so that nobody waits for another one's address.
 */
#ifndef NOTIFY_SMTP_H
#define NOTIFY_SMTP_H

#include "buf.h"
#include "conf.h"
#include "progress.h"

#include "verdict.h"

struct smtp;

/* progress: is_stopping ends what is under way; tell gets each line of the dialogue, without
 * passwords; it is borrowed and may be all zero. GH_E_CONF: no password, no CA file. */
int smtp_open(const struct gh_conf *conf, const struct gh_progress *progress, struct smtp **out,
    struct gh_error *err) GH_MUSTCHECK;
void smtp_close(struct smtp *s);

/* to: in ASCII, valid. why: with the step and the server's own words; "" when sent.
 * NOTIFY_REFUSED: 5xx to recipient or content; NOTIFY_LATER: 4xx to them; NOTIFY_DOWN: all else. */
enum notify_verdict smtp_send(struct smtp *s, const char *to, const struct gh_buf *mail,
    char why[NOTIFY_WHY_SIZE]) GH_MUSTCHECK;

#endif
