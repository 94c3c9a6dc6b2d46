/* The CAs for everybody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/pem.h>

#include "asn1_time.h"
#include "hex.h"
#include "http_cache.h"
#include "pem.h"
#include "timestamp.h"

#include "ca_pages.h"
#include "rest/rest.h"
#include "formats/pkcs7.h"

/* A CA certificate changes when it is renewed: once in years, and old ones stay good. */
#define CACHE_SECONDS 3600
/* A CA that was just created or disabled shows in the list soon. */
#define LIST_CACHE_SECONDS 60

/* --- list ------------------------------------------------------------------------------------- */

static int
set_time(gh_json *o, const char *name, const ASN1_TIME *t)
{
	char text[GH_TIMESTAMP_SIZE];
	int64_t at;

	if (!gh_asn1_time_get(t, &at))
		return gh_json_set(o, name, gh_json_new_string(NULL));
	return gh_json_set_string(o, name, gh_timestamp_format(at, text));
}

static int
set_thumbprint(gh_json *o, const struct ca *ca)
{
	char *hex = gh_hex_encode(ca->ca_id, sizeof(ca->ca_id));
	int rc = hex != NULL ? gh_json_set_string(o, "sha256", hex) : -1;

	free(hex);
	return rc;
}

static int
set_path(gh_json *o, const char *name, const char *folder, const char *slug, const char *suffix)
{
	char path[CALL_PART_SIZE + 32];

	snprintf(path, sizeof(path), "/%s/%s%s", folder, slug, suffix);
	return gh_json_set_string(o, name, path);
}

/* Paths below the address that the caller used: what stands in certificates is in the
 * certificates. */
static gh_json *
paths_json(const struct ca *ca)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && set_path(o, "cer", "ca", ca->slug, ".cer") == 0 &&
	    set_path(o, "pem", "ca", ca->slug, ".pem") == 0 &&
	    set_path(o, "p7c", "ca", ca->slug, ".p7c") == 0 &&
	    set_path(o, "crl", "crl", ca->slug, ".crl") == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
ca_json(const struct ca *ca)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_int(o, "id", ca->id) == 0 &&
	    gh_json_set_string(o, "name", ca->name) == 0 &&
	    gh_json_set_string(o, "slug", ca->slug) == 0 &&
	    gh_json_set_string(o, "state", ca_state_name(ca->state)) == 0 &&
	    gh_json_set_string(o, "subject", ca->issuer_dn) == 0 &&
	    gh_json_set_bool(o, "is_root", ca->chain.n == 1) == 0 &&
	    set_time(o, "not_before", X509_get0_notBefore(ca->cert)) == 0 &&
	    set_time(o, "not_after", X509_get0_notAfter(ca->cert)) == 0 &&
	    set_thumbprint(o, ca) == 0 && gh_json_set(o, "paths", paths_json(ca)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
ca_pages_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *list = gh_json_new_array(), *page = gh_json_new_object();
	const struct ca_set *cas = &env->catalog->cas;
	bool ok = list != NULL && page != NULL;
	char control[40];

	for (size_t i = 0; ok && i < cas->n; i++)
		ok = gh_json_append(list, ca_json(cas->ca[i])) == 0;
	if (ok)
		ok = gh_json_set(page, "entries", list) == 0;
	else
		gh_json_free(list);
	if (!ok) {
		gh_json_free(page);
		page = NULL;
	}
	rest_json(rep, 200, page);
	/* no Last-Modified: nobody notes when a CA was disabled */
	snprintf(control, sizeof(control), "public, max-age=%d", LIST_CACHE_SECONDS);
	gh_http_cache_content(call->http, rep, control);
}

/* --- certificates ----------------------------------------------------------------------------- */

static int
put_der(const struct ca *ca, struct gh_buf *out, struct gh_error *err)
{
	gh_buf_put(out, ca->chain.cert[0].der, ca->chain.cert[0].len);
	return gh_buf_check(out, err);
}

static int
put_pem(const struct ca *ca, struct gh_buf *out, struct gh_error *err)
{
	for (size_t i = 0; i < ca->chain.n; i++)
		gh_pem_put(out, "CERTIFICATE", ca->chain.cert[i].der, ca->chain.cert[i].len);
	return gh_buf_check(out, err);
}

/* The chain, then what else bears the CA's name and may complete somebody's path. */
static int
put_pkcs7(const struct ca *ca, struct gh_buf *out, struct gh_error *err)
{
	struct cert_chain all = {0};
	unsigned char *der = NULL;
	size_t len = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ca->chain.n; i++)
		rc = cert_chain_add(&all, ca->chain.cert[i].der, ca->chain.cert[i].len, err);
	for (size_t i = 0; rc == 0 && i < ca->also.n && all.n < CERT_CHAIN_MAX; i++)
		rc = cert_chain_add(&all, ca->also.cert[i].der, ca->also.cert[i].len, err);
	if (rc == 0)
		rc = ca_pkcs7_encode(&all, &der, &len, err);
	if (rc == 0) {
		gh_buf_put(out, der, len);
		rc = gh_buf_check(out, err);
	}
	free(der);
	cert_chain_clear(&all);
	return rc;
}

static const struct form {
	const char *suffix, *type;
	int (*put)(const struct ca *ca, struct gh_buf *out, struct gh_error *err);
} forms[] = {
    {".cer", "application/pkix-cert", put_der}, /* RFC 2585, 4.1 */
    {".crt", "application/pkix-cert", put_der}, {".pem", "application/x-pem-file", put_pem},
    {".p7c", "application/pkcs7-mime; smime-type=certs-only", put_pkcs7}, /* RFC 5280, 4.2.2.1 */
};

static const struct form *
find_form(const struct ca_set *cas, const char *file, const struct ca **ca)
{
	const char *dot = strrchr(file, '.');
	char stem[CALL_PART_SIZE];

	for (size_t i = 0; dot != NULL && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcasecmp(dot, forms[i].suffix) != 0)
			continue;
		snprintf(stem, sizeof(stem), "%.*s", (int)(dot - file), file);
		*ca = ca_set_find_slug(cas, stem);
		return *ca != NULL ? &forms[i] : NULL;
	}
	return NULL;
}

/* The tag is of the content: a renewal, and a new cross certificate, change it. */
static void
reply(const struct call *call, const struct ca *ca, const struct form *form, struct gh_buf *body,
    struct gh_http_reply *rep)
{
	char tag[GH_HTTP_TAG_SIZE];
	int64_t now = gh_now(), modified;

	(void)gh_asn1_time_get(X509_get0_notBefore(ca->cert), &modified);
	gh_http_content_tag(body->data, body->len, tag);
	gh_http_cache_headers(rep, tag, modified, now + CACHE_SECONDS, now);
	gh_http_reply_type(rep, form->type);
	rep->status = gh_http_is_not_modified(call->http, tag, modified) ? 304 : 200;
	if (rep->status == 200) {
		rep->body = body->data;
		rep->body_len = body->len;
		body->data = NULL;
		body->len = 0;
	}
}

void
ca_pages_certificate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	const struct ca *ca = NULL;
	const struct form *form =
	    find_form(&env->catalog->cas, call_text(call->parts, "name"), &ca);
	struct gh_buf body;
	int rc;

	gh_buf_init(&body, 256 * 1024);
	if (form == NULL)
		rc = gh_refuse(&err, GH_E_NOT_FOUND,
		    "There is no such CA certificate; GET /pki/cas lists them.");
	else
		rc = form->put(ca, &body, &err);
	if (rc == 0)
		reply(call, ca, form, &body, rep);
	else
		rest_error(&err, call->http->request_id, NULL, rep);
	gh_buf_free(&body);
}
