/* SMTP by libcurl. See smtp.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "conf.h"
#include "utf8.h"

#include "mime.h"
#include "peer_filter.h"
#include "smtp.h"

#define LINE_SIZE 240 /* of a command or reply that is kept or shown */

enum step {
	STEP_CONNECT, /* with TLS of smtps, and the greeting */
	STEP_HELLO,
	STEP_TLS,
	STEP_LOGIN,
	STEP_SENDER,
	STEP_RECIPIENT,
	STEP_DATA,    /* the command */
	STEP_CONTENT, /* and its answer */
};
static const char *const step_names[] = {"connect", "EHLO", "STARTTLS", "AUTH", "MAIL FROM",
    "RCPT TO", "DATA", "content"};

struct smtp {
	const struct gh_conf *conf;
	const struct gh_progress *progress;
	CURL *curl;
	struct curl_slist *to; /* of this mail */
	char *from;            /* in ASCII */
	char *password;
	const unsigned char *p; /* what is to be sent of it */
	size_t left;
	enum step step;
	char reply[LINE_SIZE]; /* last line of the server in this mail; "" = none */
	bool is_leaving;       /* what follows is the answer to QUIT */
	bool is_refused_peer;  /* plain text was to leave this machine */
	char error[CURL_ERROR_SIZE];
};

/* --- what libcurl asks and tells -------------------------------------------------------------- */

static size_t
on_read(char *out, size_t size, size_t n, void *arg)
{
	struct smtp *s = arg;
	size_t take = size * n < s->left ? size * n : s->left;

	memcpy(out, s->p, take);
	s->p += take;
	s->left -= take;
	s->step = STEP_CONTENT;
	return take;
}

/* Nothing that a server answers is content for us. */
static size_t
on_write(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct smtp *s = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return gh_progress_is_stopping(s->progress);
}

/* The first line of data without its end, printable. */
static void
take_line(char out[LINE_SIZE], const char *data, size_t n)
{
	size_t len = 0;

	while (len < n && len < LINE_SIZE - 1 && data[len] != '\r' && data[len] != '\n' &&
	    data[len] != '\0')
		len++;
	memcpy(out, data, len);
	out[len] = '\0';
	gh_utf8_clean(out);
}

/* A command. What is none of these is part of a log-in, and a secret. */
static void
on_command(struct smtp *s, const char *data, size_t n)
{
	static const struct {
		const char *verb;
		enum step step;
	} verbs[] = {{"EHLO", STEP_HELLO}, {"HELO", STEP_HELLO}, {"STARTTLS", STEP_TLS},
	    {"MAIL ", STEP_SENDER}, {"RCPT ", STEP_RECIPIENT}, {"DATA", STEP_DATA}};
	char line[LINE_SIZE];

	take_line(line, data, n);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strncmp(line, verbs[i].verb, strlen(verbs[i].verb)) == 0) {
			s->step = verbs[i].step;
			gh_progress_tell(s->progress, "> %s", line);
			return;
		}
	if (strncmp(line, "QUIT", 4) == 0) {
		s->is_leaving = true;
		return;
	}
	if (s->step < STEP_SENDER)
		s->step = STEP_LOGIN;
	gh_progress_tell(s->progress, "> %s...", strncmp(line, "AUTH ", 5) == 0 ? "AUTH " : "");
}

static int
on_debug(CURL *c, curl_infotype type, char *data, size_t n, void *arg)
{
	struct smtp *s = arg;

	(void)c;
	if (type == CURLINFO_HEADER_OUT) {
		on_command(s, data, n);
	} else if (type == CURLINFO_HEADER_IN && !s->is_leaving) {
		take_line(s->reply, data, n);
		gh_progress_tell(s->progress, "< %s", s->reply);
	}
	return 0;
}

/* notify.smtp_tls = "none" is for this machine, whatever its name is resolved to. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct smtp *s = arg;

	(void)purpose;
	if (strcmp(s->conf->notify.smtp_tls, "none") == 0 && !peer_filter_is_loopback(&to->addr)) {
		s->is_refused_peer = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* --- start and end ---------------------------------------------------------------------------- */

#define SET(option, value) \
	do { \
		if (rc == CURLE_OK) \
			rc = curl_easy_setopt(s->curl, option, value); \
	} while (0)

static CURLcode
set_callbacks(struct smtp *s)
{
	CURLcode rc = curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->error);

	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, s);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, s);
	SET(CURLOPT_VERBOSE, 1L);
	SET(CURLOPT_DEBUGFUNCTION, on_debug);
	SET(CURLOPT_DEBUGDATA, s);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, s);
	return rc;
}

static CURLcode
set_options(struct smtp *s)
{
	const struct gh_conf *conf = s->conf;
	bool has_tls = strcmp(conf->notify.smtp_tls, "none") != 0;
	CURLcode rc = set_callbacks(s);

	SET(CURLOPT_URL, conf->notify.smtp_url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT, (long)conf->notify.timeout);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_MAIL_FROM, s->from);
	SET(CURLOPT_USE_SSL, has_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (*conf->notify.ca_file != '\0') {
		SET(CURLOPT_CAINFO, conf->notify.ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (s->password != NULL) {
		SET(CURLOPT_USERNAME, conf->notify.smtp_user);
		SET(CURLOPT_PASSWORD, s->password);
	}
	return rc;
}
#undef SET

static int
prepare(struct smtp *s, struct gh_error *err)
{
	const struct gh_conf *conf = s->conf;
	CURLcode code;
	int rc = mime_ascii_address(conf->notify.from, &s->from, err);

	if (rc != 0)
		return rc;
	if (*conf->notify.smtp_user != '\0' &&
	    (rc = gh_conf_read_secret(conf->notify.smtp_password_file, &s->password, err)) != 0)
		return rc;
	if (*conf->notify.ca_file != '\0' && access(conf->notify.ca_file, R_OK) != 0)
		return gh_refuse(err, GH_E_CONF, "notify.ca_file: %.200s cannot be read",
		    conf->notify.ca_file);
	if ((s->curl = curl_easy_init()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "libcurl");
	code = set_options(s);
	return code == CURLE_OK
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "libcurl: %s", curl_easy_strerror(code));
}

int
smtp_open(const struct gh_conf *conf, const struct gh_progress *progress, struct smtp **out,
    struct gh_error *err)
{
	struct smtp *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (s == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(s);
		return gh_fail(err, GH_E_NOMEM, "libcurl");
	}
	s->conf = conf;
	s->progress = progress;
	if ((rc = prepare(s, err)) != 0)
		smtp_close(s);
	else
		*out = s;
	return rc;
}

void
smtp_close(struct smtp *s)
{
	if (s == NULL)
		return;
	curl_easy_cleanup(s->curl);
	curl_global_cleanup();
	if (s->password != NULL)
		OPENSSL_cleanse(s->password, strlen(s->password));
	free(s->password);
	free(s->from);
	free(s);
}

/* --- one mail --------------------------------------------------------------------------------- */

/* "RCPT TO: 550 5.1.1 no such user", "connect: Connection refused". */
static void
explain(const struct smtp *s, CURLcode code, char why[NOTIFY_WHY_SIZE])
{
	bool has_reply = s->reply[0] >= '4' && s->reply[0] <= '5';
	const char *text = s->is_refused_peer
	    ? "notify.smtp_tls = \"none\", and the name of the mail server leads to another machine"
	    : has_reply           ? s->reply
	    : s->error[0] != '\0' ? s->error
				  : curl_easy_strerror(code);

	snprintf(why, NOTIFY_WHY_SIZE, "%s: %s", step_names[s->step], text);
	gh_utf8_clean(why);
}

/* Only what the server says of this address or this content is about this mail alone. */
static enum notify_verdict
judge(const struct smtp *s, CURLcode code)
{
	bool is_about_it =
	    (s->step == STEP_RECIPIENT || s->step == STEP_DATA || s->step == STEP_CONTENT);

	if (code == CURLE_ABORTED_BY_CALLBACK)
		return NOTIFY_STOPPED;
	if (code == CURLE_OPERATION_TIMEDOUT || !is_about_it)
		return NOTIFY_DOWN;
	if (s->reply[0] == '5')
		return NOTIFY_REFUSED;
	if (s->reply[0] == '4' && strncmp(s->reply, "421", 3) != 0)
		return NOTIFY_LATER;
	return NOTIFY_DOWN; /* closed, or no answer that we understand */
}

enum notify_verdict
smtp_send(struct smtp *s, const char *to, const struct gh_buf *mail, char why[NOTIFY_WHY_SIZE])
{
	CURLcode code = CURLE_OUT_OF_MEMORY;

	why[0] = s->reply[0] = s->error[0] = '\0';
	s->step = STEP_CONNECT;
	s->is_refused_peer = s->is_leaving = false;
	s->p = mail->data;
	s->left = mail->len;
	s->to = curl_slist_append(NULL, to);
	if (s->to != NULL && curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, s->to) == CURLE_OK &&
	    curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->len) == CURLE_OK)
		code = curl_easy_perform(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(s->to);
	s->to = NULL;
	if (code == CURLE_OK)
		return NOTIFY_SENT;
	explain(s, code, why);
	return judge(s, code);
}
