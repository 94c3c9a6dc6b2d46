/* Reading a request. See exchange_request.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "hex.h"

#include "exchange_request.h"

/* The client's own id when it is short and harmless in a log, else 128 random bits. */
static int
choose_request_id(const struct http_head *h, char out[GH_REQUEST_ID_SIZE], struct gh_error *err)
{
	unsigned char bits[(GH_REQUEST_ID_SIZE - 1) / 2];
	const char *given = http_head_field(h, "x-request-id");
	size_t n;

	if (given != NULL) {
		n = strspn(given,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
		if (n > 0 && n < GH_REQUEST_ID_SIZE && given[n] == '\0') {
			memcpy(out, given, n + 1);
			return 0;
		}
	}
	if (RAND_bytes(bits, sizeof(bits)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random bits for a request id");
	gh_hex_lower(bits, sizeof(bits), out);
	return 0;
}

static int
copy_text(char **out, const char *text, struct gh_error *err)
{
	*out = strdup(text);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "request");
}

/* Of these a proxy could have read the one line, and we the other one. */
static int
check_single(const struct http_head *h, struct gh_error *err)
{
	static const char *const names[] = {"authorization", "x-css-cms-appkey",
	    "x-keyfactor-appkey", "x-css-cms-signature", "x-keyfactor-signature", "x-css-cms-token",
	    "content-type", "accept", "if-match", "if-none-match", "if-modified-since", "origin",
	    "sec-fetch-site", "cookie", "x-csrf-token"};
	const char *value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (http_head_single(h, names[i], &value, err) != 0)
			return GH_E_BAD_REQUEST;
	return 0;
}

int
exchange_read(struct exchange *x, struct gh_error *err)
{
	struct http_conn *c = x->conn;
	const struct http_head *h = http_conn_head(c);
	struct gh_http_request *req = &x->req;
	int rc = choose_request_id(h, req->request_id, err);

	req->method = h->method;
	req->is_plain = c->is_plain;
	req->tls = c->tls;
	memcpy(req->address, c->address, sizeof(req->address));
	req->body = http_conn_take_body(c, &req->body_len, &x->body_reserved);
	req->client_cert = c->server->transport->client_cert(c, &req->client_cert_len);
	req->client_chain = c->server->transport->client_chain(c, &req->client_chain_len);
	if (rc == 0)
		rc = copy_text(&req->path, h->path != NULL ? h->path : "", err);
	if (rc == 0)
		rc = copy_text(&req->query, h->query, err);
	if (rc == 0)
		rc = copy_text(&req->host, h->host, err);
	if (rc == 0)
		rc = check_single(h, err);
	return rc == 0 ? gh_http_request_fields(req, h->field, h->fields, err) : rc;
}
