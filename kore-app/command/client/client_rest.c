/* See client_rest.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "timestamp.h"
#include "utf8.h"

#include "client_http.h"
#include "client_rest.h"
#include "output.h"

#define PATH_SIZE 4096 /* bytes of a path with its query */
#define PAUSE_MAX 15   /* seconds between two tries */
#define PAGE 200       /* entries asked for at once */
#define PAGES_MAX 5000 /* a gateway that is none could go on for ever */

struct client_rest {
	struct client_login login;
	struct client_http *http;
};

int
client_rest_open(struct client_rest **out, struct gh_error *err)
{
	struct client_rest *r = calloc(1, sizeof(*r));
	int rc = r != NULL ? client_login_read(&r->login, err) : gh_fail(err, GH_E_NOMEM, "client");

	*out = NULL;
	if (rc == 0 && r->login.http.user == NULL && r->login.http.tls_cert == NULL)
		rc = gh_refuse(err, GH_E_CONF,
		    "who calls? give --user NAME (or GATEHOUSE_USER), or --cert FILE");
	if (rc == 0)
		rc = client_http_new(&r->login.http, &r->http, err);
	if (rc != 0)
		client_rest_close(r);
	else
		*out = r;
	return rc;
}

void
client_rest_close(struct client_rest *r)
{
	if (r == NULL)
		return;
	client_http_free(r->http);
	client_login_clear(&r->login);
	free(r);
}

/* ---- what was answered ---- */

static enum gh_code
code_of(long status)
{
	switch (status) {
	case 401:
		return GH_E_AUTH_FAILED;
	case 403:
		return GH_E_FORBIDDEN;
	case 404:
		return GH_E_NOT_FOUND;
	case 409:
		return GH_E_CONFLICT;
	case 412:
		return GH_E_PRECONDITION;
	case 503:
		return GH_E_BUSY;
	default:
		return GH_E_VALIDATION;
	}
}

/* "; MEMBER: what is wrong with it" for each. */
static void
put_fields(struct gh_buf *b, const gh_json *errors)
{
	if (gh_json_type(errors) != GH_JSON_OBJECT)
		return;
	for (void *it = gh_json_iter(errors); it != NULL; it = gh_json_next(errors, it)) {
		const char *text = gh_json_string(gh_json_at(gh_json_iter_value(it), 0));

		gh_buf_putf(b, " (%s: %s)", gh_json_iter_name(it), text != NULL ? text : "wrong");
	}
}

static int
refuse(long status, int retry_after, const gh_json *o, struct gh_error *err)
{
	const char *said = gh_json_string(gh_json_get(o, "message"));
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, 4096);
	gh_buf_puts(&b, said != NULL ? said : "the gateway refused");
	put_fields(&b, gh_json_get(o, "errors"));
	if (said == NULL)
		gh_buf_putf(&b, " with status %ld", status);
	if (retry_after > 0)
		gh_buf_putf(&b, " Try again in %d s.", retry_after);
	/* what is longer is cut, and its detail has all of it */
	rc = gh_refuse(err, code_of(status), "%s",
	    b.failed ? "the gateway refused" : (char *)b.data);
	gh_utf8_clean(err->message);
	gh_buf_free(&b);
	return rc;
}

static int
take_answer(const struct client_reply *reply, gh_json **out, struct gh_error *err)
{
	const char *text = reply->body.data != NULL ? (const char *)reply->body.data : "";
	gh_json *o = NULL;

	if (gh_json_parse(text, reply->body.len, GH_JSON_STRICT, &o, NULL) != 0 ||
	    gh_json_type(o) != GH_JSON_OBJECT) {
		gh_json_free(o);
		return gh_refuse(err, reply->status == 503 ? GH_E_BUSY : GH_E_BAD_JSON,
		    "the answer (status %ld) is not one of a gateway: is the URL right?",
		    reply->status);
	}
	*out = o;
	if (reply->status >= 200 && reply->status < 300)
		return 0;
	return refuse(reply->status, reply->retry_after, o, err);
}

/* ---- calls ---- */

int
client_rest_call(struct client_rest *r, const struct client_rest_call *call, gh_json **out,
    struct gh_error *err)
{
	char *body = call->body != NULL ? gh_json_print(call->body, false) : NULL, match[32];
	struct client_call http = {.path = call->path,
	    .body = body,
	    .is_put = call->is_put,
	    .idempotency_key = call->idempotency_key};
	struct client_reply reply;
	int rc;

	*out = NULL;
	if (call->body != NULL && body == NULL)
		return gh_fail(err, GH_E_NOMEM, "body");
	if (call->version != 0) {
		snprintf(match, sizeof(match), "\"v%" PRId64 "\"", call->version);
		http.if_match = match;
	}
	rc = client_http_call(r->http, &http, &reply, err);
	if (body != NULL)
		OPENSSL_cleanse(body, strlen(body));
	free(body);
	if (rc != 0)
		return rc;
	if (call->status != NULL)
		*call->status = reply.status;
	rc = take_answer(&reply, out, err);
	client_reply_clear(&reply);
	return rc;
}

static int64_t
seconds_now(void)
{
	return gh_now_us() / 1000000;
}

int
client_rest_call_until(struct client_rest *r, const struct client_rest_call *call, const char *who,
    int seconds, gh_json **out, struct gh_error *err)
{
	int64_t end = seconds_now() + seconds;
	int pause = 1, rc;

	for (;;) {
		rc = client_rest_call(r, call, out, err);
		if (rc != GH_E_BUSY || seconds_now() + pause > end)
			return rc;
		gh_json_free(*out);
		fprintf(stderr, "%s: ", who);
		output_safe(stderr, err->message);
		fprintf(stderr, " Trying again in %d s.\n", pause);
		nanosleep(&(struct timespec){.tv_sec = pause}, NULL);
		pause = pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
	}
}

int
client_rest_get(struct client_rest *r, const char *path, gh_json **out, struct gh_error *err)
{
	int rc = client_rest_call(r, &(struct client_rest_call){.path = path}, out, err);

	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- lists ---- */

void
client_rest_escape(struct gh_buf *path, const char *text)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			gh_buf_putc(path, *text);
		else
			gh_buf_putf(path, "%%%02X", (unsigned)(unsigned char)*text);
}

void
client_rest_query(struct gh_buf *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	gh_buf_putf(path, "%s=", name);
	client_rest_escape(path, value);
	gh_buf_putc(path, '&');
}

/* "limit=N", and from where on. next: a number or a name. */
static int
page_path(const char *path, int limit, const gh_json *next, struct gh_buf *out,
    struct gh_error *err)
{
	int64_t id;
	char text[24];

	gh_buf_init(out, PATH_SIZE);
	gh_buf_puts(out, path);
	if (gh_json_type(next) == GH_JSON_INT && gh_json_int(next, &id)) {
		snprintf(text, sizeof(text), "%" PRId64, id);
		client_rest_query(out, "after", text);
	} else {
		client_rest_query(out, "after", gh_json_string(next));
	}
	gh_buf_putf(out, "limit=%d", limit);
	return gh_buf_check(out, err);
}

static int
take_page(const gh_json *page, gh_json *all, struct gh_error *err)
{
	const gh_json *entries = gh_json_get(page, "entries");

	if (gh_json_type(entries) != GH_JSON_ARRAY)
		return gh_refuse(err, GH_E_BAD_JSON, "the gateway answered without a list");
	for (size_t i = 0; i < gh_json_size(entries); i++)
		if (gh_json_append(all, gh_json_ref(gh_json_at(entries, i))) != 0)
			return gh_fail(err, GH_E_NOMEM, "list");
	return 0;
}

static int
fetch_page(struct client_rest *r, const char *path, int limit, gh_json *all, gh_json **next,
    struct gh_error *err)
{
	gh_json *page = NULL;
	struct gh_buf where;
	int rc = page_path(path, limit, *next, &where, err);

	gh_json_free(*next);
	*next = NULL;
	if (rc == 0)
		rc = client_rest_get(r, (char *)where.data, &page, err);
	if (rc == 0 && (rc = take_page(page, all, err)) == 0)
		*next = gh_json_ref(gh_json_get(page, "next"));
	gh_json_free(page);
	gh_buf_free(&where);
	return rc;
}

int
client_rest_list(struct client_rest *r, const char *path, int limit, gh_json **out,
    struct gh_error *err)
{
	gh_json *all = gh_json_new_array(), *next = NULL;
	int rc = all != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "list"), left = limit, pages = 0;

	*out = NULL;
	do {
		if (rc == 0)
			rc = fetch_page(r, path, limit > 0 && left < PAGE ? left : PAGE, all, &next,
			    err);
		left = limit - (int)gh_json_size(all);
	} while (rc == 0 && gh_json_type(next) != GH_JSON_NULL && (limit == 0 || left > 0) &&
	    ++pages < PAGES_MAX);
	gh_json_free(next);
	if (rc != 0)
		gh_json_free(all);
	else
		*out = all;
	return rc;
}
