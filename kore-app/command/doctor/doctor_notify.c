/* `gatehouse doctor`: are messages sent? */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "store/status/delivery.h"

#include "doctor.h"

#define OLD_SECONDS 7200

static int64_t
number(const gh_json *summary, const char *name)
{
	int64_t n = 0;

	(void)!gh_json_int(gh_json_get(summary, name), &n);
	return n;
}

static void
judge(struct findings *f, const gh_json *summary)
{
	const char *why = gh_json_string(gh_json_get(summary, "last_error"));
	int64_t dead = number(summary, "dead"), oldest = number(summary, "oldest");

	if (dead > 0)
		finding_wrong(f, FINDING_WARNING, "notify",
		    "`gatehouse notify list --state dead` shows why; then `gatehouse notify retry --all`",
		    "%lld messages were given up", (long long)dead);
	if (oldest > OLD_SECONDS)
		finding_wrong(f, FINDING_WARNING, "notify",
		    "`gatehouse notify list --state waiting`, `gatehouse notify test ADDRESS`",
		    "the oldest message waits for %lld s%s%.150s", (long long)oldest,
		    why != NULL ? ": " : "", why != NULL ? why : "");
	if (dead == 0 && oldest <= OLD_SECONDS)
		finding_ok(f, "notify", "%lld messages wait",
		    (long long)number(summary, "waiting"));
}

/* The password is read as the gateway reads it. */
static void
check_password(struct doctor *d)
{
	const struct gh_conf *c = d->env.conf;
	struct gh_error err = {0};
	char *password = NULL;

	if (*c->notify.smtp_password_file != '\0' &&
	    gh_conf_read_secret(c->notify.smtp_password_file, &password, &err) != 0)
		finding_wrong(&d->findings, FINDING_ERROR, "notify",
		    "write the password there, readable by the gateway",
		    "notify.smtp_password_file: %s", err.detail);
	if (password != NULL)
		OPENSSL_cleanse(password, strlen(password));
	free(password);
}

void
doctor_notify(struct doctor *d)
{
	struct gh_error err = {0};
	gh_json *summary = NULL;

	if (*d->env.conf->notify.smtp_url == '\0')
		finding_ok(&d->findings, "notify", "no mail is sent: notify.smtp_url is not set");
	check_password(d);
	if (d->env.store == NULL)
		return;
	if (store_delivery_summary(d->env.store, &summary, &err) != 0)
		finding_wrong(&d->findings, FINDING_ERROR, "notify", "try again", "%s", err.detail);
	else
		judge(&d->findings, summary);
	gh_json_free(summary);
}
