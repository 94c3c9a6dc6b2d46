/* libcurl, and only here in the command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "client_http.h"
#include "http/tls_facts.h"

#define REPLY_MAX (1024 * 1024) /* bytes of an answer */
#define CONNECT_TIMEOUT 15L     /* seconds */

struct client_http {
	const struct client_http_options *o;
	CURL *curl;
	char *base; /* URL with prefix, without a slash at the end */
	char error[CURL_ERROR_SIZE];
	/* Of the call that is under way, with client_call.made */
	const struct client_body *body;
	struct gh_buf made;
	size_t sent; /* of it */
	struct gh_error body_error;
};

/* "https://host:8443/" -> "https://host:8443" and prefix; "https://host/x/" -> "https://host/x". */
static int
make_base(const char *url, const char *prefix, char **out, struct gh_error *err)
{
	size_t n = strlen(url);
	const char *host = url + strlen("https://");

	*out = NULL;
	if (strncmp(url, "https://", 8) != 0 || *host == '\0' || *host == '/' ||
	    strpbrk(url, "?#@ ") != NULL)
		return gh_refuse(err, GH_E_CONF, "URL \"%.100s\": use https://HOST[:PORT][/PREFIX]",
		    url);
	while (url[n - 1] == '/')
		n--;
	if (asprintf(out, "%.*s%s", (int)n, url, memchr(host, '/', n - 8) == NULL ? prefix : "") <
	    0) {
		*out = NULL;
		return gh_fail(err, GH_E_NOMEM, "URL");
	}
	return 0;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct gh_buf *body = arg;

	gh_buf_put(body, data, size * n);
	return body->failed ? 0 : size * n;
}

/* Returns CURLE_OK, or the first failure. */
static CURLcode
set_options(struct client_http *h)
{
	const struct client_http_options *o = h->o;
	CURL *c = h->curl;
	CURLcode rc = curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);

#define SET(option, value) \
	do { \
		if (rc == CURLE_OK) \
			rc = curl_easy_setopt(c, option, value); \
	} while (0)
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, o->is_unverified ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, o->is_unverified ? 0L : 2L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L); /* its binding would be another one */
	SET(CURLOPT_FOLLOWLOCATION, 0L);      /* credentials go nowhere else */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
	SET(CURLOPT_TIMEOUT, (long)o->timeout);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_USERAGENT, "gatehouse/" GATEHOUSE_VERSION);
	if (o->ca_file != NULL) {
		SET(CURLOPT_CAINFO, o->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (o->user != NULL && !o->is_unverified) {
		SET(CURLOPT_HTTPAUTH,
		    (long)(CURLAUTH_BASIC | (o->takes_digest ? CURLAUTH_DIGEST : 0)));
		SET(CURLOPT_USERNAME, o->user);
		SET(CURLOPT_PASSWORD, o->password);
	}
	if (o->tls_cert != NULL && !o->is_unverified) {
		SET(CURLOPT_SSLCERTTYPE, o->tls_type != NULL ? o->tls_type : "PEM");
		SET(CURLOPT_SSLKEYTYPE, o->tls_type != NULL ? o->tls_type : "PEM");
		if (o->tls_password != NULL)
			SET(CURLOPT_KEYPASSWD, o->tls_password);
		SET(CURLOPT_SSLCERT, o->tls_cert);
		SET(CURLOPT_SSLKEY, o->tls_key != NULL ? o->tls_key : o->tls_cert);
	}
#undef SET
	return rc;
}

int
client_http_new(const struct client_http_options *o, struct client_http **out, struct gh_error *err)
{
	struct client_http *h = calloc(1, sizeof(*h));
	CURLcode code;
	int rc;

	*out = NULL;
	if (h == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return gh_fail(err, GH_E_NOMEM, "libcurl");
	}
	h->o = o;
	rc = make_base(o->url, o->prefix, &h->base, err);
	if (rc == 0) {
		h->curl = curl_easy_init();
		code = h->curl != NULL ? set_options(h) : CURLE_OUT_OF_MEMORY;
		if (code != CURLE_OK)
			rc = gh_refuse(err, GH_E_CONF, "libcurl: %s", curl_easy_strerror(code));
	}
	if (rc != 0)
		client_http_free(h);
	else
		*out = h;
	return rc;
}

void
client_http_free(struct client_http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h->base);
	free(h);
}

/* Returns -1 when out of memory. value NULL: no such header. */
static int
add_header(struct curl_slist **list, const char *name, const char *value)
{
	struct curl_slist *longer;
	char *line;

	if (value == NULL)
		return 0;
	if (asprintf(&line, value[0] != '\0' ? "%s: %s" : "%s:", name, value) < 0)
		return -1;
	longer = curl_slist_append(*list, line);
	free(line);
	if (longer == NULL)
		return -1;
	*list = longer;
	return 0;
}

/* The signature covers the body byte for byte; that of a GET is empty. */
static int
make_headers(const struct client_http *h, const struct client_call *call, struct curl_slist **list,
    struct gh_error *err)
{
	const char *body = call->body != NULL ? call->body : "";
	char *signature = NULL;
	int bad = 0;

	*list = NULL;
	if (h->o->secret != NULL) {
		signature = client_request_sign(h->o->hash, h->o->secret, h->o->secret_len, body,
		    strlen(body));
		bad = signature == NULL;
	}
	bad = bad ||
	    add_header(list, "Content-Type",
		call->body == NULL && call->made == NULL ? NULL
		    : call->type != NULL                 ? call->type
							 : "application/json") != 0;
	bad = bad ||
	    add_header(list, "Accept", call->accept != NULL ? call->accept : "application/json") !=
		0;
	bad = bad || add_header(list, "X-CSS-CMS-AppKey", h->o->app_key) != 0;
	bad = bad || add_header(list, "X-CSS-CMS-Signature", signature) != 0;
	bad = bad || add_header(list, "X-CSS-CMS-Token", call->token) != 0;
	bad = bad || add_header(list, "If-Match", call->if_match) != 0;
	bad = bad || add_header(list, "Idempotency-Key", call->idempotency_key) != 0;
	/* An empty value takes curl's own header out: the gateway does not answer "100
	 * Continue". */
	bad = bad || add_header(list, "Expect", "") != 0;
	free(signature);
	if (!bad)
		return 0;
	curl_slist_free_all(*list);
	*list = NULL;
	return gh_fail(err, GH_E_NOMEM, "headers");
}

static int
transport_error(const struct client_http *h, CURLcode code, struct gh_error *err)
{
	const char *text = h->error[0] != '\0' ? h->error : curl_easy_strerror(code);

	if (h->body_error.code != GH_OK) {
		*err = h->body_error;
		return err->code;
	}
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the server is not trusted: %.150s (see --cacert)", text);
	case CURLE_SSL_CERTPROBLEM:
		return gh_refuse(err, GH_E_CONF,
		    "the client certificate or its key cannot be used: %.150s", text);
	case CURLE_WRITE_ERROR:
		return gh_refuse(err, GH_E_TOO_LARGE, "the answer is longer than %zu bytes",
		    h->o->reply_max > 0 ? h->o->reply_max : (size_t)REPLY_MAX);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return gh_refuse(err, GH_E_BUSY, "no answer: %.200s", text);
	default:
		return gh_refuse(err, GH_E_INTERNAL, "HTTPS failed: %.200s", text);
	}
}

/* ---- a body that speaks of its connection ---- */

static int
make_body(struct client_http *h, struct gh_error *err)
{
	struct curl_tlssessioninfo *info = NULL;
	struct gh_tls tls;
	int rc;

	if (curl_easy_getinfo(h->curl, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || info == NULL ||
	    info->backend != CURLSSLBACKEND_OPENSSL || info->internals == NULL)
		return gh_refuse(err, GH_E_CONF, "this libcurl does not show its TLS connection");
	tls_facts_read(info->internals, &tls);
	gh_buf_free(&h->made);
	gh_buf_init(&h->made, h->body->size);
	h->made.secret = true;
	if ((rc = h->body->make(h->body->arg, &tls, &h->made, err)) != 0)
		return rc;
	while (!h->made.failed && h->made.len < h->body->size)
		gh_buf_putc(&h->made, '\n');
	return gh_buf_check(&h->made, err);
}

static size_t
on_read(char *out, size_t size, size_t n, void *arg)
{
	struct client_http *h = arg;
	size_t most = size * n, left;

	if (h->made.data == NULL && make_body(h, &h->body_error) != 0)
		return CURL_READFUNC_ABORT;
	left = h->made.len - h->sent;
	if (most > left)
		most = left;
	memcpy(out, h->made.data + h->sent, most);
	h->sent += most;
	return most;
}

/* From the beginning, perhaps on another connection. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct client_http *h = arg;

	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	gh_buf_free(&h->made);
	h->sent = 0;
	return CURL_SEEKFUNC_OK;
}

static CURLcode
set_made_body(struct client_http *h, const struct client_body *body)
{
	CURLcode rc = curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, NULL);

	h->body = body;
	h->sent = 0;
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_READFUNCTION, on_read);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_READDATA, h);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_SEEKFUNCTION, on_seek);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_SEEKDATA, h);
	return rc == CURLE_OK ? curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long)body->size)
			      : rc;
}

/* ---- a call ---- */

static CURLcode
set_call(struct client_http *h, const struct client_call *call, const char *url,
    struct curl_slist *headers, struct client_reply *reply)
{
	CURLcode rc = curl_easy_setopt(h->curl, CURLOPT_URL, url);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, call->is_put ? "PUT" : NULL);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &reply->body);
	if (rc == CURLE_OK && call->body == NULL && call->made == NULL)
		return curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_POST, 1L);
	if (rc == CURLE_OK && call->made != NULL)
		return set_made_body(h, call->made);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(call->body));
	return rc == CURLE_OK ? curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, call->body) : rc;
}

static void
read_facts(struct client_http *h, struct client_reply *reply)
{
	const char *type = NULL;
	curl_off_t after = 0;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &reply->status);
	if (curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
		snprintf(reply->type, sizeof(reply->type), "%s", type);
	if (curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
		reply->retry_after = after < 3600 ? (int)after : 3600;
}

int
client_http_call(struct client_http *h, const struct client_call *call, struct client_reply *reply,
    struct gh_error *err)
{
	struct curl_slist *headers = NULL;
	CURLcode code;
	char *url = NULL;
	int rc;

	memset(reply, 0, sizeof(*reply));
	gh_buf_init(&reply->body, h->o->reply_max > 0 ? h->o->reply_max : REPLY_MAX);
	reply->body.secret = true; /* perhaps a key */
	rc = make_headers(h, call, &headers, err);
	if (rc == 0 && asprintf(&url, "%s%s", h->base, call->path) < 0) {
		url = NULL;
		rc = gh_fail(err, GH_E_NOMEM, "URL");
	}
	if (rc == 0) {
		h->error[0] = '\0';
		gh_error_clear(&h->body_error);
		code = set_call(h, call, url, headers, reply);
		if (code == CURLE_OK)
			code = curl_easy_perform(h->curl);
		if (code != CURLE_OK)
			rc = transport_error(h, code, err);
	}
	if (rc == 0)
		read_facts(h, reply);
	else
		client_reply_clear(reply);
	/* Options must not point to what is freed now. */
	if (h->curl != NULL)
		curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	gh_buf_free(&h->made);
	h->body = NULL;
	curl_slist_free_all(headers);
	free(url);
	return rc;
}

void
client_reply_clear(struct client_reply *reply)
{
	gh_buf_free(&reply->body);
	memset(reply, 0, sizeof(*reply));
}
