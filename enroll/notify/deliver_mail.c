/* One message by mail. See deliver_private.h. */
#include <stdio.h>
#include <stdlib.h>

#include "timestamp.h"

#include "deliver_private.h"
#include "mail.h"
#include "mime.h"

static int
build_mail(const struct deliver_run *r, const struct delivery *d, const struct notification *n,
    struct gh_buf *out, struct gh_error *err)
{
	const struct gh_conf *conf = r->env->conf;
	const struct recipient to = {d->address, d->name, d->language};
	struct notify_mail words;
	int rc = notify_compose(r->env, n, &to, &words, err);

	if (rc != 0)
		return rc;
	rc = mime_build(&(struct mime_mail){.id = d->uuid,
			    .from = conf->notify.from,
			    .from_name = conf->notify.from_name,
			    .to = d->address,
			    .to_name = d->name,
			    .subject = words.subject,
			    .text = words.text,
			    .html = words.html,
			    .date = gh_now()},
	    out, err);
	notify_mail_clear(&words);
	return rc;
}

int
deliver_mail(struct deliver_run *r, const struct delivery *d, const struct notification *n,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err)
{
	struct gh_buf mail;
	char *to = NULL;
	int rc = 0;

	gh_buf_init(&mail, MIME_MAX);
	if (r->smtp == NULL)
		rc = smtp_open(r->env->conf, r->progress, &r->smtp, err);
	if (rc == 0 && (rc = build_mail(r, d, n, &mail, err)) == 0)
		rc = mime_ascii_address(d->address, &to, err);
	if (rc == 0) {
		*verdict = smtp_send(r->smtp, to, &mail, why);
	} else if (rc == GH_E_VALIDATION) {
		*verdict = NOTIFY_REFUSED;
		snprintf(why, NOTIFY_WHY_SIZE, "%.*s", NOTIFY_WHY_SIZE - 1, err->detail);
		rc = 0;
	}
	free(to);
	gh_buf_free(&mail);
	return rc;
}
