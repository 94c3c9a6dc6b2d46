/* `gatehouse notify`: messages, and whether they can be sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/mime.h"
#include "notify/smtp.h"
#include "notify/test_message.h"
#include "store/status/delivery.h"
#include "timestamp.h"
#include "uuid.h"

#include "command.h"
#include "list.h"
#include "verb.h"

/* ---- list, show ---- */

static struct list_query query = {STORE_LIST_DELIVERIES, {.newest_first = true}, 50};
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"state", 's', OPTION_TEXT, &query.filter.state, "STATE", "only waiting, sent or dead ones"},
    {"address", 'a', OPTION_TEXT, &query.filter.name, "ADDRESS",
	"only those to ADDRESS, or to the webhook of this name"},
    {"limit", 'n', OPTION_NUMBER, &query.limit, "N", "how many rows (default 50; 0: all)"},
    {"oldest-first", 0, OPTION_UNFLAG, &query.filter.newest_first, NULL, "from the first one"},
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"ID", "id"}, {"CREATED", "created"},
    {"EVENT", "event"}, {"CHANNEL", "channel"}, {"ADDRESS", "address"}, {"STATE", "state"},
    {"ATTEMPTS", "attempts"}, {"NEXT", "next"}, {"LAST ERROR", "last_error"}, {NULL, NULL}};

static int
check_list(const struct verb_call *c)
{
	const char *state = query.filter.state;

	if (state != NULL && strcmp(state, "waiting") != 0 && strcmp(state, "sent") != 0 &&
	    strcmp(state, "dead") != 0)
		return command_usage(c->who, "--state is waiting, sent or dead");
	return COMMAND_OK;
}

const struct verb verb_notify_list = {
    .usage = {"", 0, 0,
	"Lists messages to single addresses, newest first: those that wait for their next attempt, were sent, or were "
	"given up (dead).",
	"gatehouse notify list --state dead\n"},
    .options = list_options,
    .needs = NEEDS_STORE,
    .check = check_list,
    .work = list_rows,
    .columns = columns,
    .arg = &query,
};

static int
show(struct verb_call *c, struct gh_error *err)
{
	return store_show_delivery(c->env.store, c->id, &c->out, err);
}

const struct verb verb_notify_show = {
    .usage = {"ID", 1, 1, "Shows one message: to whom, of what, and why it was not sent.",
	"gatehouse notify show 42\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .operand = OPERAND_ID,
    .object = "message",
    .work = show,
};

/* ---- retry ---- */

static bool is_all;
static int retried;
static const struct option_row retry_options[] = {
    VERB_CONFIG,
    {"all", 0, OPTION_FLAG, &is_all, NULL, "all that were given up"},
    VERB_JSON,
    OPTION_END,
};

static int
check_retry(const struct verb_call *c)
{
	int64_t id;

	if (is_all ? c->operands != 0 : c->operands != 1)
		return command_usage(c->who, "give the id of a message, or --all");
	if (!is_all && !options_parse_id(c->operand[0], &id))
		return command_usage(c->who, "\"%s\" is no message id", c->operand[0]);
	return COMMAND_OK;
}

static int
retry(struct verb_call *c, struct gh_error *err)
{
	int rc;

	if (!is_all)
		(void)!options_parse_id(c->operand[0], &c->id);
	rc = store_retry_deliveries(c->env.store, &c->env.who, c->id, &retried, err);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no message %lld: see `gatehouse notify list`", (long long)c->id);
	if (rc != 0)
		return rc;
	c->out = gh_json_new_object();
	return c->out != NULL && gh_json_set_int(c->out, "retried", retried) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "result");
}

static int
show_retried(struct verb_call *c)
{
	(void)c;
	printf("%d messages will be tried again\n", retried);
	return output_finish();
}

const struct verb verb_notify_retry = {
    .usage = {"[ID]", 0, 1,
	"Tries again to send what was given up, from the beginning: one message, or all of them.",
	"gatehouse notify retry 42\ngatehouse notify retry --all\n"},
    .options = retry_options,
    .needs = NEEDS_STORE,
    .check = check_retry,
    .work = retry,
    .show = show_retried,
};

/* ---- test ---- */

static void
show_step(void *arg, const char *text)
{
	(void)arg;
	output_safe(stdout, text);
	printf("\n");
}

static int
build(const struct gh_conf *conf, const char *to, struct gh_buf *mail, struct gh_error *err)
{
	unsigned char id[GH_UUID_SIZE];
	char uuid[GH_UUID_TEXT_SIZE];

	if (!gh_uuid_make(id))
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	gh_uuid_format(id, uuid);
	return mime_build(&(struct mime_mail){.id = uuid,
			      .from = conf->notify.from,
			      .from_name = conf->notify.from_name,
			      .to = to,
			      .to_name = "",
			      .subject = "Gatehouse: test",
			      .text = "This mail was sent by `gatehouse notify test`.\n",
			      .date = gh_now()},
	    mail, err);
}

static int
send_test(struct verb_call *c, struct gh_error *err)
{
	const struct gh_progress progress = {.tell = c->json ? NULL : show_step};
	char why[NOTIFY_WHY_SIZE], *to = NULL;
	struct smtp *smtp = NULL;
	struct gh_buf mail;
	int rc;

	if (*c->env.conf->notify.smtp_url == '\0')
		return gh_refuse(err, GH_E_CONF, "notify.smtp_url is not set: no mail is sent");
	gh_buf_init(&mail, MIME_MAX);
	if ((rc = mime_ascii_address(c->operand[0], &to, err)) == 0 &&
	    (rc = build(c->env.conf, c->operand[0], &mail, err)) == 0 &&
	    (rc = command_env_become_gateway(&c->env, err)) == 0 &&
	    (rc = smtp_open(c->env.conf, &progress, &smtp, err)) == 0 &&
	    smtp_send(smtp, to, &mail, why) != NOTIFY_SENT)
		rc = gh_refuse(err, GH_E_BUSY, "the mail was not sent: %.200s", why);
	smtp_close(smtp);
	gh_buf_free(&mail);
	free(to);
	if (rc != 0 || !c->json)
		return rc;
	c->out = gh_json_new_object();
	return c->out != NULL && gh_json_set_string(c->out, "sent", c->operand[0]) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "result");
}

static int
show_sent(struct verb_call *c)
{
	printf("the mail server has taken a mail to ");
	output_safe(stdout, c->operand[0]);
	printf("\n");
	return output_finish();
}

const struct verb verb_notify_test = {
    .usage = {"ADDRESS", 1, 1,
	"Sends a mail to an address now, past all that waits, and prints what mail server and gateway say to each other.",
	"gatehouse notify test admin@corp.example\n"},
    .options = verb_json_options,
    .needs = NEEDS_CONF,
    .work = send_test,
    .show = show_sent,
};

/* ---- test through the queue ---- */

static int
queue_test(struct verb_call *c, struct gh_error *err)
{
	size_t n = 0;
	int rc = test_message_send(&c->pipeline.env, &c->env.who, false, &n, err);

	if (rc != 0)
		return rc;
	c->out = gh_json_new_object();
	return c->out != NULL && gh_json_set_int(c->out, "recipients", (int64_t)n) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "result");
}

static int
show_queued(struct verb_call *c)
{
	int64_t n = 0;

	(void)gh_json_int(gh_json_get(c->out, "recipients"), &n);
	printf("a message to %lld administrators is queued: see `gatehouse notify list`\n",
	    (long long)n);
	return output_finish();
}

const struct verb verb_notify_queue_test = {
    .usage = {"", 0, 0,
	"Sends a test message to all administrators by the way of all others: it is queued, and a running gateway "
	"sends it. At most ten an hour.",
	"gatehouse notify queue-test\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE | NEEDS_GRANTS | NEEDS_PIPELINE,
    .work = queue_test,
    .show = show_queued,
};
