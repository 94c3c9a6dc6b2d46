/* `gatehouse doctor`: are messages sent? */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "health/house.h"

#include "doctor.h"

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
	const struct worker_env env = doctor_house(d);

	if (*d->env.conf->notify.smtp_url == '\0')
		finding_ok(&d->findings, "notify", "no mail is sent: notify.smtp_url is not set");
	check_password(d);
	house_deliveries(&d->findings, &env);
}
