/* `gatehouse notify webhook`: who is called over HTTPS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "catalog/catalog_seal.h"
#include "hex.h"
#include "notify/webhook.h"
#include "notify/webhook_body.h"
#include "store/catalog/webhook_row.h"
#include "timestamp.h"
#include "utf8.h"
#include "uuid.h"

#include "command.h"
#include "list.h"
#include "prompt.h"
#include "verb.h"

#define NAME_BYTES_MAX 60
#define SECRET_BYTES 32

static const char *url;
static struct option_list events;
static bool is_new_secret, enable, disable;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"url", 'u', OPTION_TEXT, &url, "URL", "add, set: https://HOST[:PORT][/PATH][?QUERY]"},
    {"event", 'e', OPTION_LIST, &events, "EVENT",
	"add, set: word of an event, or its beginning with * behind; repeat for more"},
    {"new-secret", 0, OPTION_FLAG, &is_new_secret, NULL,
	"set: make a new secret; the old one is not used any more"},
    {"enable", 0, OPTION_FLAG, &enable, NULL, "set: call it again"},
    {"disable", 0, OPTION_FLAG, &disable, NULL,
	"set: do not call it, and give up what waits for it"},
    VERB_YES,
    VERB_JSON,
    OPTION_END,
};

/* ---- what a webhook is made of ---- */

/* The key of the HMAC is this text. */
static int
make_secret(struct verb_call *c, gh_json *row, struct gh_error *err)
{
	unsigned char raw[SECRET_BYTES];
	char *sealed = NULL;
	int rc;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	c->made = gh_hex_encode(raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	if (c->made == NULL)
		return gh_fail(err, GH_E_NOMEM, "secret");
	rc = catalog_seal_as(SEAL_LABEL_WEBHOOK, c->env.secret, c->made, strlen(c->made), &sealed,
	    err);
	if (rc == 0 && gh_json_set_string(row, "secret_sealed", sealed) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "secret");
	free(sealed);
	return rc;
}

static int
put_events(gh_json *row, struct gh_error *err)
{
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < events.n; i++)
		bad |= gh_json_append(list, gh_json_new_string(events.v[i])) != 0;
	if (bad) {
		gh_json_free(list);
		return gh_fail(err, GH_E_NOMEM, "events");
	}
	return gh_json_set(row, "events", list) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "events");
}

/* What the options say. */
static int
put_options(struct verb_call *c, gh_json *row, bool with_secret, struct gh_error *err)
{
	int rc = 0;

	if (url != NULL) {
		rc = webhook_check_url(url, err);
		if (rc == 0 && gh_json_set_string(row, "url", url) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "URL");
	}
	if (rc == 0 && events.n > 0)
		rc = put_events(row, err);
	if (rc == 0 && (enable || disable) && gh_json_set_bool(row, "enabled", enable) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "webhook");
	return rc == 0 && with_secret ? make_secret(c, row, err) : rc;
}

/* ---- the actions ---- */

static int
run_add(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc;

	enable = true;
	if (gh_json_set_string(row, "name", c->operand[1]) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "webhook");
	else
		rc = put_options(c, row, true, err);
	if (rc == 0)
		rc = store_create_webhook(c->env.store, &c->env.who, row, err);
	gh_json_free(row);
	return rc;
}

static int
run_set(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = row != NULL ? put_options(c, row, is_new_secret, err)
			     : gh_fail(err, GH_E_NOMEM, "webhook");

	if (rc == 0)
		rc = store_change_webhook(c->env.store, &c->env.who, c->operand[1], row, err);
	gh_json_free(row);
	return rc;
}

static int
run_remove(struct verb_call *c, struct gh_error *err)
{
	int rc = verb_shared.is_sure
	    ? 0
	    : prompt_confirm("Remove this webhook, and give up what waits for it?", err);

	return rc == 0 ? store_delete_webhook(c->env.store, &c->env.who, c->operand[1], err) : rc;
}

static int
run_list(struct verb_call *c, struct gh_error *err)
{
	bool is_damaged;
	int rc = store_load_webhooks(c->env.store, &c->out, &is_damaged, err);

	return rc == 0 ? list_tidy_secrets(c->out, err) : rc;
}

static const gh_json *
find(const gh_json *list, const char *name)
{
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const char *its = gh_json_string(gh_json_get(gh_json_at(list, i), "name"));

		if (its != NULL && strcasecmp(its, name) == 0)
			return gh_json_at(list, i);
	}
	return NULL;
}

static int
call_now(struct verb_call *c, const gh_json *webhook, struct gh_error *err)
{
	static const struct gh_progress nobody;
	struct notification n = {.created = gh_now(),
	    .event = (char[]){"test"},
	    .object = (char[]){"webhook"},
	    .facts = gh_json_new_object()};
	const char *sealed = gh_json_string(gh_json_get(webhook, "secret_sealed"));
	char uuid[GH_UUID_TEXT_SIZE], why[NOTIFY_WHY_SIZE], *body = NULL;
	enum notify_verdict verdict = NOTIFY_DOWN;
	struct webhook_client *client = NULL;
	unsigned char id[GH_UUID_SIZE], *key = NULL;
	size_t len = 0;
	int rc;

	if (!gh_uuid_make(id) || sealed == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers, or no secret");
	if ((rc = catalog_unseal_as(SEAL_LABEL_WEBHOOK, c->env.secret, sealed, &key, &len, err)) ==
		0 &&
	    (rc = webhook_body(&n, gh_uuid_format(id, uuid), c->env.conf->notify.url, &body,
		 err)) == 0 &&
	    (rc = webhook_open(c->env.conf, &nobody, &client, err)) == 0)
		rc = webhook_send(client,
		    &(struct webhook_call){gh_json_string(gh_json_get(webhook, "url")),
			(const char *)key, uuid, n.event, body},
		    &verdict, why, err);
	if (rc == 0 && verdict != NOTIFY_SENT)
		rc = gh_refuse(err, GH_E_BUSY, "the webhook was not called: %.200s", why);
	webhook_close(client);
	if (key != NULL)
		OPENSSL_cleanse(key, len);
	free(key);
	free(body);
	gh_json_free(n.facts);
	return rc;
}

static int
run_test(struct verb_call *c, struct gh_error *err)
{
	const gh_json *webhook;
	gh_json *list;
	bool is_damaged;
	int rc = store_load_webhooks(c->env.store, &list, &is_damaged, err);

	if (rc != 0)
		return rc;
	webhook = find(list, c->operand[1]);
	if (gh_json_bool(gh_json_get(webhook, "damaged"), false))
		rc = gh_refuse(err, GH_E_SEAL,
		    "the webhook was changed in the database, past Gatehouse: `gatehouse db "
		    "reseal` shows what differs");
	else
		rc = webhook != NULL
		    ? call_now(c, webhook, err)
		    : gh_refuse(err, GH_E_NOT_FOUND,
			  "there is no webhook \"%.100s\": see `gatehouse notify webhook list`",
			  c->operand[1]);
	gh_json_free(list);
	return rc;
}

static const struct output_column columns[] = {{"NAME", "name"}, {"URL", "url"},
    {"EVENTS", "events"}, {"ENABLED", "enabled"}, {"DAMAGED", "damaged"}, {NULL, NULL}};

static const struct verb_action actions[] = {
    {"add", true, run_add, "is called for its events from now on", NULL, NULL},
    {"set", true, run_set, "is changed", NULL, NULL},
    {"remove", true, run_remove, "is removed", NULL, NULL},
    {"test", true, run_test, "has answered", NULL, NULL},
    {"list", false, run_list, NULL, columns, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static int
check(const struct verb_call *c)
{
	if (c->action->work == run_add && (url == NULL || events.n == 0))
		return command_usage(c->who, "add needs --url and at least one --event");
	if (enable && disable)
		return command_usage(c->who, "--enable and --disable exclude each other");
	if (c->action->work == run_set && url == NULL && events.n == 0 && !is_new_secret &&
	    !enable && !disable)
		return command_usage(c->who, "say what to set");
	if (c->operands == 2 &&
	    (c->operand[1][0] == '\0' || strlen(c->operand[1]) > NAME_BYTES_MAX ||
		!gh_utf8_is_clean(c->operand[1])))
		return command_usage(c->who, "a name has 1 to %d bytes and no control character",
		    NAME_BYTES_MAX);
	return COMMAND_OK;
}

const struct verb verb_notify_webhook = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Names receivers that are called over HTTPS when something happens. ACTION is add, list, set, remove or test, "
	"which calls it now. The secret that calls are signed with is made here and shown once.",
	"gatehouse notify webhook add chat --url https://chat.corp.example/hook --event 'request.*'\n"
	"gatehouse notify webhook test chat\ngatehouse notify webhook set chat --new-secret\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "webhook",
    .made = "secret",
    .check = check,
};
