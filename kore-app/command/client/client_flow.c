/*
 * A v3 body is valid for some minutes around its Timestamp, so repeating it ends well before that;
 * a lost answer is found again by the gateway's replay mark.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "timestamp.h"

#include "client_flow.h"
#include "output.h"

#define RETRY_MAX 240  /* seconds; servers take Timestamps up to 300 s old */
#define BACKOFF_MAX 15 /* seconds between two tries, unless the gateway says longer */
#define SAID_SIZE 200  /* of a message of the gateway */
#define TOKEN_SIZE 4096

static void
sleep_seconds(int seconds)
{
	struct timespec t = {.tv_sec = seconds};

	while (nanosleep(&t, &t) != 0)
		;
}

static int64_t
seconds_now(void)
{
	return gh_now_us() / 1000000;
}

/* Is it worth asking again? rc and reply: of client_http_call. */
static bool
is_busy(int rc, const struct client_reply *reply)
{
	return rc == GH_E_BUSY || (rc == 0 && reply->status == 503);
}

static void
say_busy(const struct client_reply *reply, char *out, size_t size)
{
	client_answer_message((const char *)reply->body.data, reply->body.len,
	    "The gateway is busy.", out, size);
}

/* One call, repeated while the gateway is busy and the deadline allows. */
static int
call_with_retry(const struct client_flow *f, const struct client_call *call,
    struct client_reply *reply, struct gh_error *err)
{
	int64_t end = seconds_now() + (f->retry < RETRY_MAX ? f->retry : RETRY_MAX);
	char said[SAID_SIZE];
	int pause = 1, rc;

	for (;;) {
		int delay;

		rc = client_http_call(f->http, call, reply, err);
		if (!is_busy(rc, reply))
			return rc;
		delay = rc == 0 && reply->retry_after > pause ? reply->retry_after : pause;
		if (seconds_now() + delay > end)
			return rc;
		if (rc == 0)
			say_busy(reply, said, sizeof(said));
		fprintf(stderr, "%s: ", f->who);
		output_safe(stderr, rc == 0 ? said : err->message);
		fprintf(stderr, "%s Trying again in %d s.\n", rc == 0 ? " (503)" : ".", delay);
		if (rc == 0)
			client_reply_clear(reply);
		sleep_seconds(delay);
		pause = pause * 2 < BACKOFF_MAX ? pause * 2 : BACKOFF_MAX;
	}
}

/* Call and read. */
static int
ask(const struct client_flow *f, const struct client_call *call, struct client_answer *out,
    struct gh_error *err)
{
	struct client_reply reply;
	char said[SAID_SIZE];
	int rc = call_with_retry(f, call, &reply, err);

	if (rc != 0)
		return rc;
	if (reply.status == 503) {
		say_busy(&reply, said, sizeof(said));
		rc = reply.retry_after > 0
		    ? gh_refuse(err, GH_E_BUSY, "%s (503; try again in %d s)", said,
			  reply.retry_after)
		    : gh_refuse(err, GH_E_BUSY, "%s (503)", said);
	} else
		rc = client_answer_parse(reply.status, (const char *)reply.body.data,
		    reply.body.len, out, err);
	if (rc == 0 && out->disposition == CLIENT_FAILED) {
		if (out->message[0] == '\0')
			snprintf(out->message, sizeof(out->message),
			    "the gateway refused with status %ld", reply.status);
	}
	client_reply_clear(&reply);
	return rc;
}

/* ---- versions 1 and 2: a token first ---- */

static int
take_token(const struct client_reply *reply, char out[TOKEN_SIZE], struct gh_error *err)
{
	gh_json *o = NULL, *v = NULL;
	const char *text;
	int rc = 0;

	if (gh_json_parse(reply->body.data != NULL ? (const char *)reply->body.data : "",
		reply->body.len, GH_JSON_STRICT, &o, NULL) != 0 ||
	    gh_json_type(o) != GH_JSON_OBJECT)
		rc = gh_refuse(err, GH_E_BAD_JSON, "no token: status %ld", reply->status);
	else if (reply->status != 200) {
		text = gh_json_find(o, "Message", &v, NULL) == 0 ? gh_json_string(v) : NULL;
		rc =
		    gh_refuse(err, GH_E_TOKEN, "no token: %.200s", text != NULL ? text : "refused");
	} else {
		text = gh_json_find(o, "Token", &v, NULL) == 0 ? gh_json_string(v) : NULL;
		/* It becomes a header: no line ends. */
		if (text == NULL || text[0] == '\0' || strlen(text) >= TOKEN_SIZE ||
		    strpbrk(text, "\r\n") != NULL)
			rc = gh_refuse(err, GH_E_BAD_JSON, "the answer holds no token");
		else
			snprintf(out, TOKEN_SIZE, "%s", text);
	}
	gh_json_free(o);
	return rc;
}

static int
fetch_token(const struct client_flow *f, char out[TOKEN_SIZE], struct gh_error *err)
{
	struct client_reply reply;
	char path[64];
	const struct client_call call = {.path = path, .body = "{}"};
	int rc;

	snprintf(path, sizeof(path), "/CertEnroll/%d/Token", f->version);
	rc = call_with_retry(f, &call, &reply, err);
	if (rc != 0)
		return rc;
	rc = take_token(&reply, out, err);
	client_reply_clear(&reply);
	return rc;
}

int
client_flow_submit(const struct client_flow *f, const struct client_request *r,
    struct client_answer *out, struct gh_error *err)
{
	char path[64], token[TOKEN_SIZE] = "", *body = NULL;
	struct client_call call = {.path = path};
	int rc = 0;

	snprintf(path, sizeof(path), "/CertEnroll/%d/Pkcs10", f->version);
	if (f->version < 3)
		rc = fetch_token(f, token, err);
	if (rc == 0)
		rc = client_request_body(r, &body, err);
	if (rc == 0) {
		call.body = body;
		call.token = f->version < 3 ? token : NULL;
		rc = ask(f, &call, out, err);
	}
	free(body);
	return rc;
}

/* ---- pending requests ---- */

static int
fetch_status(const struct client_flow *f, int64_t request_id, struct client_answer *out,
    struct gh_error *err)
{
	char path[96];
	const struct client_call call = {.path = path};

	snprintf(path, sizeof(path), "/CertEnroll/%d/Requests/%lld", f->version,
	    (long long)request_id);
	return ask(f, &call, out, err);
}

int
client_flow_status(const struct client_flow *f, int64_t request_id, int wait,
    struct client_answer *out, struct gh_error *err)
{
	int64_t end = seconds_now() + wait;
	int rc;

	for (;;) {
		rc = fetch_status(f, request_id, out, err);
		if (rc != 0 && rc != GH_E_BUSY)
			return rc;
		if (rc == 0 && out->disposition != CLIENT_PENDING)
			return 0;
		if (wait == CLIENT_WAIT_NO ||
		    (wait != CLIENT_WAIT_FOREVER && seconds_now() + f->poll > end))
			return rc;
		if (rc == 0)
			client_answer_clear(out);
		sleep_seconds(f->poll);
	}
}
