/* The head of an HTTP/1.1 request. See http_head.h. */
#include <string.h>
#include <strings.h>

#include "http_head.h"

#define LENGTH_DIGITS_MAX 18                    /* of Content-Length: fits in 64 bits */
#define REQUEST_LINE_MAX (HTTP_TARGET_MAX + 64) /* longest method and version beside it */

/* ---- characters ---- */

/* RFC 9110, 5.6.2: tchar */
static bool
is_token_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* RFC 9110, 5.5: visible characters, blanks and bytes above ASCII. No control character is a
 * value's. */
static bool
is_value(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
is_visible(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] <= 0x20 || p[i] >= 0x7f) /* above ASCII: negative, or too large */
			return false;
	return true;
}

/* RFC 3986, 3.2.2: uri-host [":" port]; user names have no place here (RFC 9110, 4.2.4). */
static bool
is_authority(const char *p)
{
	return p[strspn(p,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+;=%:[]")] ==
	    '\0';
}

/* ---- where it ends ---- */

static int
too_long(bool has_line, struct gh_error *err)
{
	if (!has_line)
		return gh_refuse(err, GH_E_TARGET_TOO_LONG, "The URL is longer than %d bytes.",
		    HTTP_TARGET_MAX);
	return gh_refuse(err, GH_E_HEADER_TOO_LARGE, "The header is larger than %d bytes.",
	    HTTP_HEAD_MAX);
}

int
http_head_find(const char *p, size_t n, size_t *seen, size_t *len, struct gh_error *err)
{
	const char *end = p + n, *at = p + *seen;
	const char *lf;

	*len = 0;
	while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (lf == p || lf[-1] != '\r')
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "A line of the header does not end with CR LF.");
		at = lf + 1;
		if (lf - p >= 3 && lf[-2] == '\n') {
			*len = (size_t)(at - p);
			break;
		}
	}
	*seen = *len != 0 ? *len : n;
	if (*len > HTTP_HEAD_MAX || (*len == 0 && n >= HTTP_HEAD_MAX))
		return too_long(memchr(p, '\n', n) != NULL, err);
	if (*len == 0 && n > REQUEST_LINE_MAX && memchr(p, '\n', n) == NULL)
		return too_long(false, err);
	return 0;
}

/* ---- request line (RFC 9112, 3) ---- */

static int
parse_method(const char *p, struct http_head *out, struct gh_error *err)
{
	static const struct {
		const char *name;
		enum gh_http_method method;
	} known[] = {
	    {"GET", GH_HTTP_GET},
	    {"HEAD", GH_HTTP_HEAD},
	    {"POST", GH_HTTP_POST},
	    {"PUT", GH_HTTP_PUT},
	    {"DELETE", GH_HTTP_DELETE},
	    {"PATCH", GH_HTTP_OTHER},
	    {"OPTIONS", GH_HTTP_OTHER},
	    {"TRACE", GH_HTTP_OTHER},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(p, known[i].name) == 0) {
			out->method = known[i].method;
			return 0;
		}
	}
	out->method = GH_HTTP_OTHER;
	for (const char *c = p; *c != '\0'; c++)
		if (!is_token_char((unsigned char)*c))
			return gh_refuse(err, GH_E_BAD_REQUEST, "The method is no token.");
	if (*p == '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "The request has no method.");
	return gh_refuse(err, GH_E_NOT_IMPLEMENTED, "This method is not supported.");
}

static int
parse_version(const char *p, struct http_head *out, struct gh_error *err)
{
	if (strncmp(p, "HTTP/", 5) != 0 || p[5] < '0' || p[5] > '9' || p[6] != '.' || p[7] < '0' ||
	    p[7] > '9' || p[8] != '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The request line does not end with an HTTP version.");
	if (p[5] != '1')
		return gh_refuse(err, GH_E_HTTP_VERSION,
		    "The version %s is not supported. Use HTTP/1.1.", p);
	out->is_old = p[7] == '0';
	return 0;
}

/* The absolute form, which a server must accept, too: its authority counts more than Host (RFC
 * 9112, 3.2.2). The path is moved over the slash before it, to make room for the NUL behind the
 * authority. */
static int
parse_absolute(char *target, struct http_head *out, struct gh_error *err)
{
	char *authority = strchr(target, ':') + 3, *path = authority + strcspn(authority, "/?");
	size_t n = (size_t)(path - authority);

	memmove(authority - 1, authority, n);
	authority--;
	authority[n] = '\0';
	if (n == 0 || !is_authority(authority))
		return gh_refuse(err, GH_E_BAD_REQUEST, "The host of the URL is not valid.");
	out->host = authority;
	out->path = path;
	return 0;
}

static int
parse_target(char *target, struct http_head *out, struct gh_error *err)
{
	size_t n = strlen(target);
	char *query;

	if (n > HTTP_TARGET_MAX)
		return too_long(false, err);
	if (!is_visible(target, n) || strchr(target, '#') != NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The URL has characters that must be percent-encoded.");
	if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
		int rc = parse_absolute(target, out, err);

		if (rc != 0)
			return rc;
	} else if (*target == '/' || (strcmp(target, "*") == 0 && out->method == GH_HTTP_OTHER)) {
		out->path = target;
	} else {
		return gh_refuse(err, GH_E_BAD_REQUEST, "The URL does not begin with a slash.");
	}
	query = strchr(out->path, '?');
	if (query != NULL) {
		*query = '\0';
		out->query = query + 1;
	}
	if (*out->path == '\0')
		out->path = "/";
	return 0;
}

/* Exactly one blank between the three. */
static int
parse_request_line(char *line, struct http_head *out, struct gh_error *err)
{
	char *target = strchr(line, ' '),
	     *version = target != NULL ? strchr(target + 1, ' ') : NULL;
	int rc;

	if (version == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The request line is not \"METHOD URL HTTP/1.1\".");
	*target++ = '\0';
	*version++ = '\0';
	rc = parse_method(line, out, err);
	if (rc == 0)
		rc = parse_target(target, out, err);
	if (rc == 0)
		rc = parse_version(version, out, err);
	return rc;
}

/* ---- header fields (RFC 9112, 5) ---- */

static int
parse_field(char *line, size_t n, struct gh_http_field *out, struct gh_error *err)
{
	char *colon = memchr(line, ':', n), *value, *end = line + n;

	if (*line == ' ' || *line == '\t')
		return gh_refuse(err, GH_E_BAD_REQUEST, "A header is folded over several lines.");
	if (colon == NULL || colon == line)
		return gh_refuse(err, GH_E_BAD_REQUEST, "A line of the header has no name.");
	for (char *c = line; c < colon; c++) {
		if (!is_token_char((unsigned char)*c))
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "The name of a header is no token.");
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
	}
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	for (; end > value && (end[-1] == ' ' || end[-1] == '\t'); end--)
		;
	*colon = '\0';
	if (!is_value(value, (size_t)(end - value)))
		return gh_refuse(err, GH_E_BAD_REQUEST, "The header %.40s has a control character.",
		    line);
	*end = '\0';
	*out = (struct gh_http_field){line, value};
	return 0;
}

/* p to end: whole lines, each with its CR LF, the empty one left out. */
static int
parse_fields(char *p, char *end, struct http_head *out, struct gh_error *err)
{
	while (p < end) {
		char *lf = memchr(p, '\n', (size_t)(end - p));
		int rc;

		if (lf == NULL)
			break; /* http_head_find has seen to it */
		if (out->fields == HTTP_FIELDS_MAX)
			return gh_refuse(err, GH_E_HEADER_TOO_LARGE, "More than %d header lines.",
			    HTTP_FIELDS_MAX);
		rc = parse_field(p, (size_t)(lf - 1 - p), &out->field[out->fields], err);
		if (rc != 0)
			return rc;
		out->fields++;
		p = lf + 1;
	}
	return 0;
}

const char *
http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->fields; i++)
		if (strcmp(h->field[i].name, name) == 0)
			return h->field[i].value;
	return NULL;
}

int
http_head_single(const struct http_head *h, const char *name, const char **out,
    struct gh_error *err)
{
	*out = NULL;
	for (size_t i = 0; i < h->fields; i++) {
		if (strcmp(h->field[i].name, name) != 0)
			continue;
		if (*out != NULL) {
			*out = NULL;
			return gh_refuse(err, GH_E_BAD_REQUEST, "The header %s is there twice.",
			    name);
		}
		*out = h->field[i].value;
	}
	return 0;
}

/* ---- what the fields mean ---- */

/* RFC 9112, 3.2 */
static int
check_host(struct http_head *h, struct gh_error *err)
{
	const char *host;
	int rc = http_head_single(h, "host", &host, err);

	if (rc != 0)
		return rc;
	if (host == NULL && !h->is_old)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The header Host is missing.");
	if (host != NULL && !is_authority(host))
		return gh_refuse(err, GH_E_BAD_REQUEST, "The header Host is not valid.");
	if (h->host == NULL)
		h->host = host != NULL ? host : "";
	return 0;
}

static int
parse_length(const char *text, uint64_t *out, struct gh_error *err)
{
	size_t n = strspn(text, "0123456789");

	*out = 0;
	if (n == 0 || text[n] != '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "Content-Length is no number.");
	if (n > LENGTH_DIGITS_MAX)
		return gh_fail(err, GH_E_TOO_LARGE, "Content-Length of %zu digits", n);
	for (; *text != '\0'; text++)
		*out = *out * 10 + (uint64_t)(*text - '0');
	return 0;
}

/* RFC 9112, 6.1 to 6.3 */
static int
find_framing(struct http_head *h, struct gh_error *err)
{
	const char *length, *coding;
	int rc = http_head_single(h, "content-length", &length, err);

	if (rc == 0)
		rc = http_head_single(h, "transfer-encoding", &coding, err);
	if (rc != 0)
		return rc;
	if (coding != NULL) {
		if (length != NULL || h->is_old)
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "Transfer-Encoding is there with Content-Length, or "
			    "in HTTP/1.0.");
		if (strcasecmp(coding, "chunked") != 0)
			return gh_refuse(err, GH_E_NOT_IMPLEMENTED,
			    "The only Transfer-Encoding that is supported "
			    "is chunked.");
		h->framing = HTTP_CHUNKED;
		return 0;
	}
	if (length != NULL)
		rc = parse_length(length, &h->length, err);
	if (rc == 0 && h->length > 0)
		h->framing = HTTP_LENGTH;
	return rc;
}

/* Is the token one of the comma-separated list? In any case. */
static bool
has_token(const char *list, const char *token)
{
	size_t n = strlen(token);

	while (*(list += strspn(list, " \t,")) != '\0') {
		size_t len = strcspn(list, " \t,");

		if (len == n && strncasecmp(list, token, n) == 0)
			return true;
		list += len;
	}
	return false;
}

/* RFC 9112, 9.3 */
static bool
find_persistence(const struct http_head *h)
{
	bool closes = false, keeps = false;

	for (size_t i = 0; i < h->fields; i++) {
		if (strcmp(h->field[i].name, "connection") != 0)
			continue;
		closes |= has_token(h->field[i].value, "close");
		keeps |= has_token(h->field[i].value, "keep-alive");
	}
	return !closes && (!h->is_old || keeps);
}

/* RFC 9110, 10.1.1: of HTTP/1.0 clients it is ignored. */
static int
find_expectation(struct http_head *h, struct gh_error *err)
{
	for (size_t i = 0; i < h->fields && !h->is_old; i++) {
		if (strcmp(h->field[i].name, "expect") != 0)
			continue;
		if (strcasecmp(h->field[i].value, "100-continue") != 0)
			return gh_fail(err, GH_E_EXPECTATION, "Expect: %.100s", h->field[i].value);
		h->expects_continue = true;
	}
	return 0;
}

static int
parse(char *p, size_t len, struct http_head *out, struct gh_error *err)
{
	char *lf = memchr(p, '\n', len);
	int rc;

	if (lf == NULL || lf == p || len < 4)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The request has no lines.");
	lf[-1] = '\0';
	if (strlen(p) != (size_t)(lf - 1 - p))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The request line has a control character.");
	rc = parse_request_line(p, out, err);
	if (rc == 0)
		rc = parse_fields(lf + 1, p + len - 2, out, err);
	if (rc == 0)
		rc = check_host(out, err);
	if (rc == 0)
		rc = find_framing(out, err);
	if (rc == 0)
		rc = find_expectation(out, err);
	return rc;
}

int
http_head_parse(char *p, size_t len, struct http_head *out, struct gh_error *err)
{
	int rc;

	/* not the table of fields: only the first of them count */
	memset(out, 0, offsetof(struct http_head, field));
	out->method = GH_HTTP_OTHER;
	out->query = "";
	out->fields = 0;
	out->framing = HTTP_NO_BODY;
	out->length = 0;
	out->is_old = out->keeps_alive = out->expects_continue = false;
	rc = parse(p, len, out, err);
	if (rc == 0) {
		out->keeps_alive = find_persistence(out);
		return 0;
	}
	out->host = "";
	out->fields = 0;
	out->framing = HTTP_NO_BODY;
	out->length = 0;
	out->expects_continue = false;
	return rc;
}
