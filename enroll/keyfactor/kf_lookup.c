/* Certificates that bodies name. See kf_lookup.h. */
#include <stdlib.h>
#include <string.h>

#include "rest/rest_certificate.h"

#include "kf_lookup.h"
#include "kf_page.h"

#define QUERY_SIZE 8192

static bool
is_said(const char *text)
{
	return text != NULL && *text != '\0';
}

static void
put(struct gh_buf *b, const char *name, const char *value)
{
	gh_buf_putf(b, "%s%s=", b->len > 0 ? "&" : "", name);
	kf_put_escaped(b, value);
}

int
kf_lookup_read(const gh_json *body, const char *id_name, const char *format, struct kf_lookup *out,
    struct gh_error *err)
{
	const char *thumbprint = NULL, *serial = NULL, *issuer = NULL;
	struct gh_buf b;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = kf_number(body, id_name, &out->id, err)) != 0 ||
	    (rc = kf_text(body, "Thumbprint", &thumbprint, err)) != 0 ||
	    (rc = kf_text(body, "SerialNumber", &serial, err)) != 0 ||
	    (rc = kf_text(body, "IssuerDN", &issuer, err)) != 0)
		return rc;
	if (out->id <= 0 && !is_said(thumbprint) && !is_said(serial))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Give %s, Thumbprint, or SerialNumber and IssuerDN.", id_name);
	gh_buf_init(&b, QUERY_SIZE);
	if (format != NULL)
		put(&b, "format", format);
	if (out->id <= 0) {
		out->id = 0;
		put(&b, is_said(thumbprint) ? "thumbprint" : "serial",
		    is_said(thumbprint) ? thumbprint : serial);
		if (!is_said(thumbprint) && is_said(issuer))
			put(&b, "issuer", issuer);
	}
	gh_buf_putc(&b, '\0');
	if ((rc = gh_buf_check(&b, err)) == 0)
		out->query = (char *)b.data;
	else
		gh_buf_free(&b);
	return rc;
}

void
kf_lookup_clear(struct kf_lookup *l)
{
	free(l->query);
	l->query = NULL;
}

bool
kf_lookup_ask(struct worker_env *env, const struct call *call, const struct kf_lookup *l,
    gh_json **row, struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_certificate,
	    .method = GH_HTTP_GET,
	    .id = l->id,
	    .query = l->query};

	return kf_ask(env, call, &q, row, rep);
}
