/*
 * Messages over HTTPS to receivers that an administrator has named: one POST of JSON, signed.
 * No redirects, no proxies, no plain HTTP; only addresses that peer_filter.h permits; answers are
 * bounded in time and size. docs/notifications.md
 */
#ifndef NOTIFY_WEBHOOK_H
#define NOTIFY_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "progress.h"

#include "verdict.h"

#define WEBHOOK_URL_MAX 1000 /* bytes */
#define WEBHOOK_SECRET_DIGITS 64

/* "https://HOST[:PORT][/PATH][?QUERY]", without user and fragment. GH_E_VALIDATION (public). */
int webhook_check_url(const char *url, struct gh_error *err) GH_MUSTCHECK;

/* Value of the header Gatehouse-Signature: "t=TIME,v1=HEX", HEX the HMAC-SHA256 under the text of
 * the secret over TIME, ".", and the body. */
#define WEBHOOK_SIGNATURE_SIZE 100
int webhook_sign(const char *secret, int64_t time, const char *body, size_t len,
    char out[WEBHOOK_SIGNATURE_SIZE], struct gh_error *err) GH_MUSTCHECK;

struct webhook_client;
/* As smtp_open. */
int webhook_open(const struct gh_conf *conf, const struct gh_progress *progress,
    struct webhook_client **out, struct gh_error *err) GH_MUSTCHECK;
void webhook_close(struct webhook_client *w);

struct webhook_call {
	const char *url, *secret;
	const char *id; /* tells the call from its repetition */
	const char *event;
	const char *body; /* JSON */
};
/* why: "" when sent. NOTIFY_DOWN: everything but 2xx. */
int webhook_send(struct webhook_client *w, const struct webhook_call *call,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
