/* Webhooks by libcurl. See webhook.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "digest.h"
#include "hex.h"
#include "timestamp.h"
#include "utf8.h"

#include "peer_filter.h"
#include "webhook.h"

#define ANSWER_MAX (64 * 1024) /* bytes of headers and body that are read; nothing is kept */
#define CONNECT_SECONDS 10L

struct webhook_client {
	const struct gh_conf *conf;
	const struct gh_progress *progress;
	CURL *curl;
	size_t answer;        /* bytes of this answer so far */
	bool is_refused_peer; /* an address that may not be called */
	char error[CURL_ERROR_SIZE];
};

/* --- URL and signature ------------------------------------------------------------------------ */

static bool
has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

static bool
is_visible_ascii(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return true;
}

int
webhook_check_url(const char *url, struct gh_error *err)
{
	CURLU *u = curl_url();
	bool good;

	if (u == NULL)
		return gh_fail(err, GH_E_NOMEM, "URL");
	good = strlen(url) <= WEBHOOK_URL_MAX && is_visible_ascii(url) &&
	    strncmp(url, "https://", 8) == 0 && url[8] != '/' && strchr(url, '\\') == NULL &&
	    curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    has_part(u, CURLUPART_HOST) && !has_part(u, CURLUPART_FRAGMENT);
	curl_url_cleanup(u);
	return good
	    ? 0
	    : gh_refuse(err, GH_E_VALIDATION,
		  "the URL of a webhook is https://HOST[:PORT][/PATH][?QUERY], without user and "
		  "fragment, in ASCII, and has at most %d bytes",
		  WEBHOOK_URL_MAX);
}

int
webhook_sign(const char *secret, int64_t time, const char *body, size_t len,
    char out[WEBHOOK_SIGNATURE_SIZE], struct gh_error *err)
{
	unsigned char mac[32];
	char hex[2 * sizeof(mac) + 1];
	struct gh_buf b;
	bool done;

	gh_buf_init(&b, len + 32);
	gh_buf_putf(&b, "%" PRId64 ".", time);
	gh_buf_put(&b, body, len);
	done = gh_buf_check(&b, err) == 0 &&
	    gh_hmac(GH_SHA256, secret, strlen(secret), b.data, b.len, mac);
	gh_buf_free(&b);
	if (!done)
		return gh_fail(err, GH_E_NOMEM, "HMAC");
	snprintf(out, WEBHOOK_SIGNATURE_SIZE, "t=%" PRId64 ",v1=%s", time,
	    gh_hex_lower(mac, sizeof(mac), hex));
	return 0;
}

/* --- what libcurl asks and tells -------------------------------------------------------------- */

/* More than that is not read; the status is known by then. */
static size_t
on_answer(char *data, size_t size, size_t n, void *arg)
{
	struct webhook_client *w = arg;

	(void)data;
	w->answer += size * n;
	return w->answer <= ANSWER_MAX ? size * n : 0;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct webhook_client *w = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return gh_progress_is_stopping(w->progress);
}

/* The address that is connected to now, whatever the name is resolved to before or later. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct webhook_client *w = arg;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    !peer_filter_may_call(&to->addr, w->conf->notify.webhook_allow)) {
		w->is_refused_peer = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

#define SET(option, value) \
	do { \
		if (rc == CURLE_OK) \
			rc = curl_easy_setopt(w->curl, option, value); \
	} while (0)

static CURLcode
set_callbacks(struct webhook_client *w)
{
	CURLcode rc = curl_easy_setopt(w->curl, CURLOPT_ERRORBUFFER, w->error);

	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, w);
	SET(CURLOPT_HEADERFUNCTION, on_answer);
	SET(CURLOPT_HEADERDATA, w);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, w);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, w);
	return rc;
}

static CURLcode
set_options(struct webhook_client *w)
{
	const struct gh_conf *conf = w->conf;
	CURLcode rc = set_callbacks(w);

	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	SET(CURLOPT_TIMEOUT, (long)conf->notify.timeout);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_USERAGENT, "gatehouse/" GATEHOUSE_VERSION);
	if (*conf->notify.ca_file != '\0') {
		SET(CURLOPT_CAINFO, conf->notify.ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	return rc;
}
#undef SET

int
webhook_open(const struct gh_conf *conf, const struct gh_progress *progress,
    struct webhook_client **out, struct gh_error *err)
{
	struct webhook_client *w = calloc(1, sizeof(*w));
	CURLcode code = CURLE_OUT_OF_MEMORY;
	int rc = 0;

	*out = NULL;
	if (w == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(w);
		return gh_fail(err, GH_E_NOMEM, "libcurl");
	}
	w->conf = conf;
	w->progress = progress;
	if (*conf->notify.ca_file != '\0' && access(conf->notify.ca_file, R_OK) != 0)
		rc = gh_refuse(err, GH_E_CONF, "notify.ca_file: %.200s cannot be read",
		    conf->notify.ca_file);
	else if ((w->curl = curl_easy_init()) == NULL || (code = set_options(w)) != CURLE_OK)
		rc = gh_refuse(err, GH_E_CONF, "libcurl: %s", curl_easy_strerror(code));
	if (rc != 0)
		webhook_close(w);
	else
		*out = w;
	return rc;
}

void
webhook_close(struct webhook_client *w)
{
	if (w == NULL)
		return;
	curl_easy_cleanup(w->curl);
	curl_global_cleanup();
	free(w);
}

/* --- a call ----------------------------------------------------------------------------------- */

static int
add_header(struct curl_slist **list, const char *name, const char *value, struct gh_error *err)
{
	struct curl_slist *longer;
	char line[256];

	snprintf(line, sizeof(line), "%s: %s", name, value);
	if ((longer = curl_slist_append(*list, line)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "header");
	*list = longer;
	return 0;
}

static int
make_headers(const struct webhook_call *call, struct curl_slist **list, struct gh_error *err)
{
	char signature[WEBHOOK_SIGNATURE_SIZE];
	int rc =
	    webhook_sign(call->secret, gh_now(), call->body, strlen(call->body), signature, err);

	if (rc == 0 && (rc = add_header(list, "Content-Type", "application/json", err)) == 0 &&
	    (rc = add_header(list, "Gatehouse-Delivery", call->id, err)) == 0 &&
	    (rc = add_header(list, "Gatehouse-Event", call->event, err)) == 0)
		rc = add_header(list, "Gatehouse-Signature", signature, err);
	return rc;
}

static enum notify_verdict
judge(const struct webhook_client *w, CURLcode code, long status, char why[NOTIFY_WHY_SIZE])
{
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return NOTIFY_STOPPED;
	/* a body that is too long changes nothing about what its status says */
	if (status >= 200 && status < 300 && (code == CURLE_OK || w->answer > ANSWER_MAX))
		return NOTIFY_SENT;
	if (code == CURLE_OK || (status != 0 && w->answer > ANSWER_MAX))
		snprintf(why, NOTIFY_WHY_SIZE, "answers with status %ld%s", status,
		    status >= 300 && status < 400 ? ": redirects are not followed" : "");
	else if (w->is_refused_peer)
		snprintf(why, NOTIFY_WHY_SIZE,
		    "its name leads to an address that is not public: see notify.webhook_allow");
	else
		snprintf(why, NOTIFY_WHY_SIZE, "%s",
		    w->error[0] != '\0' ? w->error : curl_easy_strerror(code));
	gh_utf8_clean(why);
	return NOTIFY_DOWN;
}

int
webhook_send(struct webhook_client *w, const struct webhook_call *call,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err)
{
	struct curl_slist *headers = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;
	int rc = make_headers(call, &headers, err);

	why[0] = w->error[0] = '\0';
	w->answer = 0;
	w->is_refused_peer = false;
	if (rc == 0) {
		if (curl_easy_setopt(w->curl, CURLOPT_URL, call->url) == CURLE_OK &&
		    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		    curl_easy_setopt(w->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(call->body)) ==
			CURLE_OK &&
		    curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, call->body) == CURLE_OK)
			code = curl_easy_perform(w->curl);
		curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
		*verdict = judge(w, code, status, why);
	}
	curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return rc;
}
