/* Bodies of EST. See est_body.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "encoding.h"

#include "est_body.h"
#include "est_error.h"

#define LIBEST "libest"

/* type without its parameters. Routing let JSON in, too. */
static bool
is_type(const char *sent, const char *type)
{
	size_t n = strlen(type);

	return sent != NULL && strncasecmp(sent, type, n) == 0 &&
	    (sent[n] == '\0' || strchr(" \t;", sent[n]) != NULL);
}

int
est_body_check(const struct call *call, const char *type, struct gh_error *err)
{
	const struct gh_http_request *http = call->http;

	if (gh_http_header(http, "content-length") == NULL &&
	    gh_http_header(http, "transfer-encoding") == NULL)
		return gh_fail(err, GH_E_LENGTH_REQUIRED, "no length");
	if (http->body_len == 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The body is empty: send base64 of %s (RFC 8951, 3).", type);
	if (!is_type(gh_http_header(http, "content-type"), type))
		return gh_refuse(err, GH_E_UNSUPPORTED_MEDIA, "The body must be %s.", type);
	return 0;
}

/* What people send by hand is mostly PEM, or DER as it is. */
static int
refuse_body(const struct gh_http_request *http, struct gh_error *err)
{
	static const char pem[] = "-----BEGIN";

	if (http->body_len > strlen(pem) && memcmp(http->body, pem, strlen(pem)) == 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The body is PEM: send what is between its BEGIN and END lines (RFC 8951, 3), as "
		    "`sed /^-----/d` leaves it.");
	if (((const unsigned char *)http->body)[0] == 0x30)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The body is binary: send its base64 (RFC 8951, 3).");
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "The body is not base64 of DER: EST takes neither PEM nor binary bodies (RFC 8951, 3).");
}

int
est_body_read(const struct call *call, const char *type, unsigned char **der, size_t *len,
    struct gh_error *err)
{
	const struct gh_http_request *http = call->http;
	int rc;

	*der = NULL;
	*len = 0;
	if ((rc = est_body_check(call, type, err)) != 0)
		return rc;
	rc = gh_base64_decode((const char *)http->body, http->body_len, der, len, err);
	if (rc == GH_E_BAD_REQUEST || (rc == 0 && *len == 0)) {
		free(*der);
		*der = NULL;
		*len = 0;
		return refuse_body(http, err);
	}
	return rc;
}

bool
est_body_wants_lines(const struct gh_http_request *req)
{
	const char *agent = gh_http_header(req, "user-agent");

	return agent != NULL && strncmp(agent, LIBEST, strlen(LIBEST)) == 0;
}

void
est_body_put(const struct est_label *label, bool wraps, const char *type, const unsigned char *der,
    size_t len, struct gh_http_reply *rep)
{
	bool in_lines = label->wrap == EST_WRAP_64 || (label->wrap == EST_WRAP_AUTO && wraps);
	char *text = gh_base64_encode(der, len, in_lines ? GH_BASE64_CRLF_64 : GH_BASE64_ONE_LINE);
	size_t n = text != NULL ? strlen(text) : 0;
	struct gh_error err;
	char *line;

	if (text != NULL && !in_lines) { /* all clients take it with a line end, some need it */
		if ((line = realloc(text, n + 2)) == NULL) {
			free(text);
			text = NULL;
		} else {
			text = line;
			strcpy(text + n, "\n");
		}
	}
	if (text == NULL) {
		(void)gh_fail(&err, GH_E_NOMEM, "body");
		est_error(&err, rep);
		return;
	}
	gh_http_reply_header(rep, "Content-Transfer-Encoding", "base64");
	gh_http_reply_text(rep, 200, type, text);
}
