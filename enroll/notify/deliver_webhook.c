/* One message to a webhook. See deliver_private.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "catalog/catalog_seal.h"

#include "deliver_private.h"
#include "webhook_body.h"

static bool
is_damaged(const gh_json *webhook)
{
	return gh_json_bool(gh_json_get(webhook, "damaged"), false);
}

/* Whoever writes the database may give a row the name of another one. */
static const gh_json *
find(const gh_json *webhooks, const char *name)
{
	const gh_json *found = NULL;

	for (size_t i = 0; i < gh_json_size(webhooks); i++) {
		const gh_json *w = gh_json_at(webhooks, i);
		const char *its = gh_json_string(gh_json_get(w, "name"));

		if (its != NULL && strcasecmp(its, name) == 0 &&
		    (found == NULL || is_damaged(found)))
			found = w;
	}
	return found;
}

/* A secret that cannot be unsealed is a matter of this webhook: as if it were down. */
static int
unseal(const struct deliver_run *r, const char *sealed, unsigned char **secret,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err)
{
	size_t len = 0;
	int rc =
	    catalog_unseal_as(SEAL_LABEL_WEBHOOK, r->env->server_secret, sealed, secret, &len, err);

	if (rc == 0 || rc == GH_E_NOMEM)
		return rc;
	*secret = NULL;
	*verdict = NOTIFY_DOWN;
	snprintf(why, NOTIFY_WHY_SIZE,
	    "its secret cannot be unsealed (%.200s): `gatehouse notify webhook set NAME "
	    "--new-secret`",
	    err->detail);
	return 0;
}

static int
call(struct deliver_run *r, const gh_json *webhook, const struct delivery *d,
    const struct notification *n, enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE],
    struct gh_error *err)
{
	const char *url = gh_json_string(gh_json_get(webhook, "url"));
	const char *sealed = gh_json_string(gh_json_get(webhook, "secret_sealed"));
	unsigned char *secret = NULL;
	char *body = NULL;
	int rc;

	if (url == NULL || sealed == NULL)
		return gh_fail(err, GH_E_DB, "a webhook without URL or secret");
	if ((rc = unseal(r, sealed, &secret, verdict, why, err)) == 0 && secret != NULL &&
	    (rc = webhook_body(n, d->uuid, r->env->conf->notify.url, &body, err)) == 0)
		rc = webhook_send(r->client,
		    &(struct webhook_call){url, (const char *)secret, d->uuid, n->event, body},
		    verdict, why, err);
	if (secret != NULL)
		OPENSSL_cleanse(secret, strlen((char *)secret));
	free(secret);
	free(body);
	return rc;
}

int
deliver_webhook(struct deliver_run *r, const struct delivery *d, const struct notification *n,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err)
{
	const gh_json *webhook = find(r->webhooks, d->address);
	int rc = 0;

	if (webhook == NULL ? r->has_damage : is_damaged(webhook)) {
		*verdict = NOTIFY_DOWN;
		snprintf(why, NOTIFY_WHY_SIZE,
		    "the webhook was changed in the database, past Gatehouse, and is not called: "
		    "`gatehouse db reseal` shows what differs");
		return 0;
	}
	if (webhook == NULL || !gh_json_bool(gh_json_get(webhook, "enabled"), false)) {
		*verdict = NOTIFY_REFUSED;
		snprintf(why, NOTIFY_WHY_SIZE, "%s",
		    webhook == NULL ? "there is no such webhook any more"
				    : "the webhook is disabled");
		return 0;
	}
	if (r->client == NULL)
		rc = webhook_open(r->env->conf, r->progress, &r->client, err);
	return rc == 0 ? call(r, webhook, d, n, verdict, why, err) : rc;
}
