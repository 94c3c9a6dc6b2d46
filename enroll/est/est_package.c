/* Packages over EST. See est_package.h. */
#include <stdio.h>
#include <stdlib.h>

#include "formats/pkcs7.h"
#include "package/package_client.h"
#include "package/package_content.h"
#include "package/package_list.h"
#include "store/package/package_delivery.h"

#include "est_body.h"
#include "est_door.h"
#include "est_error.h"
#include "est_package.h"

#define TLS_BITS_MAX 256 /* no cipher suite has more */
#define NOTHING "Nothing waits for you here."

/* One call on its way. */
struct fetch {
	struct worker_env *env;
	const struct call *call;
	const struct est_label *label;
	struct package_list list;
	struct gh_error err;
};

static const struct requester *
who_asks(const struct call *call)
{
	return call->requester->kind != REQUESTER_NONE ? call->requester : NULL;
}

static int
begin(struct fetch *f)
{
	const struct package_viewer viewer = {who_asks(f->call), f->call->entry};
	int rc = est_door_label(f->env, f->call->parts, &f->label, &f->err);

	return rc == 0 ? package_list_load(f->env->store, &viewer, &f->list, &f->err) : rc;
}

/* Before it is sent. Nobody has fetched what he only asked about. */
static int
record(struct fetch *f, const struct package *p)
{
	char client[PACKAGE_CLIENT_SIZE], object[PACKAGE_OBJECT_SIZE];
	const struct requester *who = who_asks(f->call);

	if (who == NULL || f->call->http->method != GH_HTTP_GET)
		return 0;
	package_client_key(who, client);
	return store_record_delivery(f->env->store, who, client, package_object(p->id, object),
	    f->call->http->request_id, &f->err);
}

/* --- one package ------------------------------------------------------------------------------ */

static bool
is_of(const struct package *p, const char *operation)
{
	return package_is_open(p) && strcmp(package_kind_info(p->kind)->operation, operation) == 0;
}

/* NULL: there is none. */
static const struct package *
choose(const struct fetch *f, const char *operation)
{
	int64_t id = call_number(f->call->parts, "id");
	const struct package *newest = NULL;

	for (size_t i = 0; i < f->list.n; i++) {
		const struct package *p = &f->list.package[i];

		if (!is_of(p, operation) || (id != 0 && p->id != id))
			continue;
		if (id != 0 || p->first == 0)
			return p;
		newest = p;
	}
	return newest;
}

static int
load(struct fetch *f, const struct package *p, struct package_form *form)
{
	struct gh_buf der;
	int rc = package_content_load(f->env->store, f->env->server_secret, p->row, &der, &f->err);

	if (rc == 0)
		rc = package_form_read(p->kind, der.data, der.len, form, &f->err);
	gh_buf_free(&der);
	return rc;
}

/* What TLS alone protects is not sent over one that is weaker (RFC 8295, 5.1). */
static int
check_strength(struct fetch *f, const struct package_form *form)
{
	size_t needed = form->plain_bits < TLS_BITS_MAX ? form->plain_bits : TLS_BITS_MAX;

	if (!form->is_plain || (size_t)f->call->http->tls.bits >= needed)
		return 0;
	return gh_refuse(&f->err, GH_E_FORBIDDEN,
	    "A key of %zu bits is not sent over a connection of %d: come with a stronger cipher "
	    "suite.",
	    form->plain_bits, f->call->http->tls.bits);
}

static void
fetch_one(struct worker_env *env, const struct call *call, const char *operation,
    struct gh_http_reply *rep)
{
	struct fetch f = {.env = env, .call = call};
	struct package_form form = {0};
	const struct package *p = NULL;
	int rc = begin(&f);

	if (rc == 0 && (p = choose(&f, operation)) == NULL)
		rc = gh_refuse(&f.err, GH_E_NOT_FOUND, NOTHING);
	if (rc == 0 && (rc = load(&f, p, &form)) == 0 && (rc = check_strength(&f, &form)) == 0)
		rc = record(&f, p);
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		est_body_put(f.label, false, form.media, form.der.data, form.der.len, rep);
	} else {
		est_error(&f.err, rep);
	}
	package_form_clear(&form);
	package_list_clear(&f.list);
}

void
est_symmetrickeys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	fetch_one(env, call, "symmetrickeys", rep);
}

void
est_firmware(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	fetch_one(env, call, "firmware", rep);
}

void
est_tamp(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	fetch_one(env, call, "tamp", rep);
}

/* --- certificates ----------------------------------------------------------------------------- */

/* cert: n of them, made here. */
static int
load_certificates(struct fetch *f, struct gh_buf cert[CA_PKCS7_CERTS_MAX], size_t *n)
{
	int64_t id = call_number(f->call->parts, "id");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->list.n; i++) {
		const struct package *p = &f->list.package[i];

		if (!is_of(p, "eecerts") || (id != 0 && p->id != id))
			continue;
		if (*n == CA_PKCS7_CERTS_MAX) /* the others have paths of their own in the PAL */
			break;
		rc = package_content_load(f->env->store, f->env->server_secret, p->row, &cert[*n],
		    &f->err);
		*n += 1;
		if (rc == 0)
			rc = record(f, p);
	}
	if (rc == 0 && *n == 0)
		rc = gh_refuse(&f->err, GH_E_NOT_FOUND, NOTHING);
	return rc;
}

static void
put_certificates(struct fetch *f, const struct gh_buf *cert, size_t n, struct gh_http_reply *rep)
{
	struct gh_der der[CA_PKCS7_CERTS_MAX];
	unsigned char *all = NULL;
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		der[i] = (struct gh_der){cert[i].data, cert[i].len};
	if (ca_pkcs7_encode_certs(der, n, &all, &len, &f->err) == 0)
		est_body_put(f->label, false, EST_CERTS_TYPE, all, len, rep);
	else
		est_error(&f->err, rep);
	free(all);
}

void
est_eecerts(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct fetch f = {.env = env, .call = call};
	struct gh_buf cert[CA_PKCS7_CERTS_MAX] = {{0}};
	size_t n = 0;
	int rc = begin(&f);

	if (rc == 0)
		rc = load_certificates(&f, cert, &n);
	if (rc == 0)
		put_certificates(&f, cert, n, rep);
	else
		est_error(&f.err, rep);
	for (size_t i = 0; i < n; i++)
		gh_buf_free(&cert[i]);
	package_list_clear(&f.list);
}
