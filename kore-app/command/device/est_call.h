/*
 * Calls of an EST server (RFC 7030), ours or another one: paths with a label, base64 both ways (RFC
 * 8951), answers that are to come later, and refusals as errors.
 */
#ifndef EST_CALL_H
#define EST_CALL_H

#include "client/client_http.h"
#include "client/client_login.h"

#define EST_LABEL_MAX 80 /* bytes */

struct est_server {
	struct client_login login;
	const char *label; /* NULL or "": none */
	struct client_http *http;
	long status; /* of the last answer; 0: there was none */
};

/* Rows of an option table. */
struct est_server_options {
	const char *label;
	bool digest;
};
extern struct est_server_options est_server_options;
#define EST_SERVER_OPTIONS \
	{"url", 'u', OPTION_TEXT, &verb_shared.url, "URL", \
	    "https://HOST[:PORT] of the EST server (default: GATEHOUSE_URL)"}, \
	    {"label", 'l', OPTION_TEXT, &est_server_options.label, "NAME", \
		"of the CA or profile, where the server has several (RFC 7030, 3.2.2)"}, \
	    {"digest", 0, OPTION_FLAG, &est_server_options.digest, NULL, \
		"send no password before the server has asked for it: Digest or Basic, as it says"}, \
	    CLIENT_REST_LOGIN

/* Of the options: reads and asks for passwords. is_unverified: whoever answers, without user and
 * certificate. GH_E_CONF. Release with est_server_close, in any case. */
int est_server_open(struct est_server *s, bool is_unverified, struct gh_error *err) GH_MUSTCHECK;
void est_server_close(struct est_server *s);

struct est_call {
	const char *operation; /* "simpleenroll" */
	const char *body;      /* base64; NULL: GET, unless made */
	const struct client_body *made;
	const char *type;   /* of the body */
	const char *accept; /* of the answer; NULL: whatever it is */
	bool takes_cmc;     /* a refusal that comes with a CMS message is an answer, too */
};

struct est_reply {
	long status;     /* 200, 202 or 204; with takes_cmc, any */
	int retry_after; /* 202: seconds, at least 1 */
	char type[256];  /* Content-Type, as sent */
	struct gh_buf body;
};

/*
 * 0: 200 with a body as it was sent, 202, or 204; free with est_reply_clear. Everything else is
 * refused with what the server says: GH_E_AUTH_FAILED (401), GH_E_FORBIDDEN (403; also a server
 * that is not trusted), GH_E_NOT_FOUND (404), GH_E_BUSY (no answer, 429, 503), else
 * GH_E_VALIDATION. err->retry_after: what the server says of it.
 */
int est_call(struct est_server *s, const struct est_call *call, struct est_reply *out,
    struct gh_error *err) GH_MUSTCHECK;
void est_reply_clear(struct est_reply *r);

/* Decode base64; a server that sends DER is understood. *der malloc'd. GH_E_BAD_REQUEST says what
 * is wrong. */
int est_decode(const void *p, size_t n, unsigned char **der, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;
/* The same of a body. */
int est_reply_der(const struct est_reply *r, unsigned char **der, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
