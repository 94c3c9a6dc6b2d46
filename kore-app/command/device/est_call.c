/* See est_call.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "encoding.h"
#include "utf8.h"

#include "client/client_rest.h"

#include "est_call.h"

#define PREFIX "/.well-known/est"
#define CMC_TYPE "application/pkcs7-mime"
#define RETRY_DEFAULT 30                     /* seconds, where a server does not say */
#define PATH_MAX_LEN 512                     /* bytes */
#define REPLY_MAX ((size_t)32 * 1024 * 1024) /* firmware of 16 MiB, in base64 */
#define SAID_MAX 200                         /* bytes of a refusal that are shown */

struct est_server_options est_server_options;

/* ---- the server ---- */

int
est_server_open(struct est_server *s, bool is_unverified, struct gh_error *err)
{
	int rc;

	memset(s, 0, sizeof(*s));
	rc = client_login_read(&s->login, err);
	if (rc != 0)
		return rc;
	s->login.http.prefix = PREFIX;
	s->login.http.reply_max = REPLY_MAX;
	s->login.http.is_unverified = is_unverified;
	s->login.http.takes_digest = est_server_options.digest;
	s->label = est_server_options.label != NULL ? est_server_options.label : "";
	if (strlen(s->label) > EST_LABEL_MAX || strchr(s->label, '/') != NULL)
		return gh_refuse(err, GH_E_CONF, "--label is one word of at most %d bytes",
		    EST_LABEL_MAX);
	return client_http_new(&s->login.http, &s->http, err);
}

void
est_server_close(struct est_server *s)
{
	client_http_free(s->http);
	client_login_clear(&s->login);
	memset(s, 0, sizeof(*s));
}

/* ---- a call ---- */

static int
make_path(const struct est_server *s, const char *operation, struct gh_buf *out,
    struct gh_error *err)
{
	gh_buf_init(out, PATH_MAX_LEN);
	if (s->label[0] != '\0') {
		gh_buf_putc(out, '/');
		client_rest_escape(out, s->label);
	}
	gh_buf_putf(out, "/%s", operation);
	return gh_buf_check(out, err);
}

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
	case 429:
	case 503:
		return GH_E_BUSY;
	default:
		return GH_E_VALIDATION;
	}
}

/* What a server says of a refusal, if it is text for people. */
static int
refuse(const struct client_reply *reply, struct gh_error *err)
{
	bool is_text = reply->type[0] == '\0' || strncasecmp(reply->type, "text/plain", 10) == 0;
	char said[SAID_MAX + 1] = "";
	size_t n = 0;
	int rc;

	if (is_text && reply->body.data != NULL)
		n = strnlen((const char *)reply->body.data,
		    reply->body.len < SAID_MAX ? reply->body.len : SAID_MAX);
	while (n > 0 && strchr(" \r\n\t", reply->body.data[n - 1]) != NULL)
		n--;
	if (n > 0)
		memcpy(said, reply->body.data, n);
	if (reply->retry_after > 0 && code_of(reply->status) == GH_E_BUSY)
		rc = gh_refuse(err, code_of(reply->status),
		    "the server refused (%ld): %s Try again in %d s.", reply->status, said,
		    reply->retry_after);
	else
		rc = gh_refuse(err, code_of(reply->status), "the server refused (%ld)%s%s",
		    reply->status, n > 0 ? ": " : "", said);
	gh_utf8_clean(err->message);
	err->retry_after = reply->retry_after;
	return rc;
}

int
est_call(struct est_server *s, const struct est_call *call, struct est_reply *out,
    struct gh_error *err)
{
	struct client_call http = {.body = call->body,
	    .made = call->made,
	    .type = call->type,
	    .accept = call->accept != NULL ? call->accept : "*/*"};
	struct client_reply reply;
	struct gh_buf path;
	int rc = make_path(s, call->operation, &path, err);

	memset(out, 0, sizeof(*out));
	http.path = (char *)path.data;
	s->status = 0;
	if (rc == 0)
		rc = client_http_call(s->http, &http, &reply, err);
	gh_buf_free(&path);
	if (rc != 0)
		return rc;
	s->status = reply.status;
	if (reply.status != 200 && reply.status != 202 && reply.status != 204 &&
	    !(call->takes_cmc && strncasecmp(reply.type, CMC_TYPE, strlen(CMC_TYPE)) == 0)) {
		rc = refuse(&reply, err);
		client_reply_clear(&reply);
		return rc;
	}
	out->status = reply.status;
	out->retry_after = reply.retry_after > 0 ? reply.retry_after : RETRY_DEFAULT;
	snprintf(out->type, sizeof(out->type), "%s", reply.type);
	out->body = reply.body;
	return 0;
}

void
est_reply_clear(struct est_reply *r)
{
	gh_buf_free(&r->body);
	memset(r, 0, sizeof(*r));
}

int
est_decode(const void *p, size_t n, unsigned char **der, size_t *len, struct gh_error *err)
{
	*der = NULL;
	*len = 0;
	if (p == NULL || n == 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "the server answered with nothing");
	if (*(const unsigned char *)p != 0x30) /* base64 of DER begins with "M" */
		return gh_base64_decode(p, n, der, len, err) == 0
		    ? 0
		    : gh_refuse(err, GH_E_BAD_REQUEST, "the server's answer is not base64");
	*der = malloc(n);
	if (*der == NULL)
		return gh_fail(err, GH_E_NOMEM, "answer");
	memcpy(*der, p, n);
	*len = n;
	return 0;
}

int
est_reply_der(const struct est_reply *r, unsigned char **der, size_t *len, struct gh_error *err)
{
	return est_decode(r->body.data, r->body.len, der, len, err);
}
