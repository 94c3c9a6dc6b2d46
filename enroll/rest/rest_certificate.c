/* Certificates over REST: JSON, DER and PEM out, changes of status in. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/revoke.h"
#include "buf.h"
#include "encoding.h"
#include "formats/pkcs7.h"
#include "inventory/cert_sight.h"
#include "kra/key_view.h"
#include "pem.h"
#include "timestamp.h"

#include "rest.h"
#include "rest_certificate.h"
#include "rest_members.h"

#define PEM_MAX (256 * 1024)

/* --- which certificate ------------------------------------------------------------------------ */

/* The key of the call and the texts that it points into. */
struct asked {
	struct store_cert_key key;
	char *serial, *issuer, *thumbprint;
};

static void
asked_clear(struct asked *a)
{
	free(a->serial);
	free(a->issuer);
	free(a->thumbprint);
}

/* Wrong parameters go to fields. */
static int
read_asked(const struct call *call, struct asked *a, struct rest_fields *fields,
    struct gh_error *err)
{
	int rc;

	memset(a, 0, sizeof(*a));
	a->key.id = call_number(call->parts, "id");
	if (a->key.id != 0)
		return 0;
	if ((rc = rest_query(call, "serial", &a->serial, err)) != 0 ||
	    (rc = rest_query(call, "issuer", &a->issuer, err)) != 0 ||
	    (rc = rest_query(call, "thumbprint", &a->thumbprint, err)) != 0)
		return rc;
	if ((a->serial == NULL) == (a->thumbprint == NULL))
		rest_field_wrong(fields, "serial", "Give serial (and issuer), or thumbprint.");
	if (a->issuer != NULL && a->serial == NULL)
		rest_field_wrong(fields, "issuer", "The issuer goes with a serial.");
	a->key.serial = a->serial;
	a->key.issuer_dn = a->issuer;
	a->key.thumbprint = a->thumbprint;
	return rest_fields_check(fields, err);
}

/* A number that is none is named as the parameter that it is. */
static int
key_error(const struct asked *a, struct rest_fields *fields, struct gh_error *err)
{
	if (err->code != GH_E_BAD_REQUEST)
		return err->code;
	rest_field_wrong(fields, a->thumbprint != NULL ? "thumbprint" : "serial", "%s",
	    err->message);
	return rest_fields_check(fields, err);
}

static int
find_status(struct worker_env *env, const struct call *call, struct rest_fields *fields,
    struct store_cert_status *out, struct gh_error *err)
{
	struct asked asked;
	int64_t id = 0;
	int rc = read_asked(call, &asked, fields, err);

	if (rc == 0 && (rc = store_find_cert(env->store, &asked.key, &id, err)) != 0)
		rc = key_error(&asked, fields, err);
	if (rc == 0)
		rc = store_get_status(env->store, id, out, err);
	asked_clear(&asked);
	return rc;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void
fail(const struct call *call, const struct gh_error *err, struct rest_fields *fields,
    struct gh_http_reply *rep)
{
	rest_error(err, call->http->request_id, rest_fields_take(fields), rep);
}

/* 0 is no time: null. */
static int
set_time(gh_json *o, const char *name, int64_t t)
{
	char stamp[GH_TIMESTAMP_SIZE];

	return gh_json_set_string(o, name, t != 0 ? gh_timestamp_format(t, stamp) : NULL);
}

static int
set_revocation(gh_json *o, const struct store_cert_status *st, bool is_private)
{
	if (gh_json_set_string(o, "reason", revocation_reason_name(st->reason)) != 0 ||
	    gh_json_set_int(o, "reason_code", st->reason) != 0 ||
	    set_time(o, "revoked_at", st->revoked_at) != 0 ||
	    set_time(o, "invalidity_date", st->invalidity_date) != 0 ||
	    set_time(o, "changed_at", st->changed_at) != 0 ||
	    set_time(o, "removed_at", st->removed_at) != 0)
		return -1;
	if (!is_private)
		return 0;
	return gh_json_set_string(o, "revoked_by", st->revoked_by) != 0 ||
		gh_json_set_string(o, "comment", *st->comment != '\0' ? st->comment : NULL) != 0
	    ? -1
	    : 0;
}

/* Does the caller see what is private of it? */
static int
find_sight(const struct worker_env *env, const struct call *call,
    const struct store_cert_status *st, bool *is_private, struct gh_error *err)
{
	return cert_sight_has(env->store, env->catalog, call->requester, call->entry, st,
	    is_private, err);
}

static gh_json *
status_json(const struct store_cert_status *st, bool is_private)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_int(o, "id", st->id) == 0 &&
	    gh_json_set_string(o, "serial", st->serial) == 0 &&
	    gh_json_set_string(o, "status", store_cert_state_name(st->state)) == 0 &&
	    gh_json_set_int(o, "version", st->version) == 0 &&
	    set_time(o, "not_before", st->not_before) == 0 &&
	    set_time(o, "not_after", st->not_after) == 0 &&
	    (!st->was_revoked || set_revocation(o, st, is_private) == 0))
		return o;
	gh_json_free(o);
	return NULL;
}

static void
put_etag(struct gh_http_reply *rep, int version)
{
	char etag[REVOKE_ETAG_SIZE];

	gh_http_reply_header(rep, "ETag", revoke_etag(version, etag));
}

void
rest_certificate_status(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct store_cert_status st = {0};
	struct gh_error err = {0};
	bool is_private;

	if (find_status(env, call, &fields, &st, &err) != 0 ||
	    find_sight(env, call, &st, &is_private, &err) != 0) {
		fail(call, &err, &fields, rep);
		return;
	}
	put_etag(rep, st.version);
	rest_json(rep, 200, status_json(&st, is_private));
}

/* --- the certificate -------------------------------------------------------------------------- */

/* Of several that Accept names, the last row counts. */
static const struct {
	const char *name, *type;
	enum rest_certificate_format format;
} formats[] = {
    {"json", "application/json", REST_CERTIFICATE_JSON},
    {"pem", "application/x-pem-file", REST_CERTIFICATE_PEM},
    {"pkcs7", "application/pkcs7-mime", REST_CERTIFICATE_PKCS7},
    {"der", "application/pkix-cert", REST_CERTIFICATE_DER},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

int
rest_certificate_format(const struct call *call, enum rest_certificate_format *out,
    struct rest_fields *fields, struct gh_error *err)
{
	const char *sent = gh_http_header(call->http, "accept"), *accept = sent != NULL ? sent : "";
	char *given = NULL;
	int rc = rest_query(call, "format", &given, err);

	*out = REST_CERTIFICATE_JSON;
	for (size_t i = 0; i < FORMATS; i++)
		if (strstr(accept, formats[i].type) != NULL)
			*out = formats[i].format;
	if (rc == 0 && given != NULL) {
		size_t i = 0;

		while (i < FORMATS && strcmp(given, formats[i].name) != 0)
			i++;
		if (i < FORMATS)
			*out = formats[i].format;
		else
			rest_field_wrong(fields, "format",
			    "The format is json, pem, der or pkcs7.");
		rc = rest_fields_check(fields, err);
	}
	free(given);
	return rc;
}

/* malloc'd. */
static char *
pem_of(const char *base64)
{
	struct gh_buf b;

	gh_buf_init(&b, PEM_MAX);
	gh_pem_put_base64(&b, "CERTIFICATE", base64);
	if (gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}

static bool
is_private_member(const char *name)
{
	static const char *const names[] = {"requester", "metadata", "request_id", "revoked_by",
	    "comment", "locations", "locations_more", "replaces", "replaced_by",
	    "replaced_by_more"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The row with PEM in the place of its DER, and of its key the id, for who may know of it. */
static gh_json *
certificate_json(const struct requester *who, const gh_json *row, const char *base64,
    bool is_private)
{
	const char *key = key_view_archived(who, gh_json_get(row, "archived_key"));
	gh_json *o = gh_json_new_object();
	char *pem = pem_of(base64);
	bool failed = o == NULL || pem == NULL;

	for (void *it = gh_json_iter(row); it != NULL && !failed; it = gh_json_next(row, it)) {
		const char *name = gh_json_iter_name(it);

		if (strcmp(name, "der") != 0 && (is_private || !is_private_member(name)))
			failed = gh_json_set(o, name, gh_json_ref(gh_json_iter_value(it))) != 0;
	}
	failed = failed || gh_json_set_string(o, "pem", pem) != 0 ||
	    gh_json_set_string(o, "archived_key", key) != 0;
	free(pem);
	if (!failed)
		return o;
	gh_json_free(o);
	return NULL;
}

static void
reply_der(const char *base64, struct gh_http_reply *rep)
{
	struct gh_error err;

	if (gh_base64_decode(base64, strlen(base64), &rep->body, &rep->body_len, &err) != 0) {
		rest_error(&err, NULL, NULL, rep);
		return;
	}
	rep->status = 200;
	gh_http_reply_type(rep, "application/pkix-cert"); /* RFC 2585, 4.1 */
}

/* The certificate, then its issuers; a root is there once. */
static int
make_chain(const struct ca_set *cas, const gh_json *row, const unsigned char *der, size_t len,
    struct cert_chain *out, struct gh_error *err)
{
	const struct ca *ca;
	int64_t ca_id = 0;
	int rc = cert_chain_add(out, der, len, err);

	(void)gh_json_int(gh_json_get(row, "ca_id"), &ca_id);
	if (rc == 0 && ca_id < 0) /* from elsewhere: its issuers are not known */
		return 0;
	if (rc == 0 && (ca = ca_set_find_id(cas, ca_id)) == NULL)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE, "issuer %lld is not in the catalog",
		    (long long)ca_id);
	for (size_t i = 0; rc == 0 && i < ca->chain.n; i++)
		if (ca->chain.cert[i].len != len || memcmp(ca->chain.cert[i].der, der, len) != 0)
			rc = cert_chain_add(out, ca->chain.cert[i].der, ca->chain.cert[i].len, err);
	return rc;
}

/* RFC 5751, 3.2.2: certs-only. */
static void
reply_pkcs7(const struct worker_env *env, const struct call *call, const gh_json *row,
    const char *base64, struct gh_http_reply *rep)
{
	struct cert_chain chain = {0};
	unsigned char *der = NULL;
	struct gh_error err;
	size_t len = 0;
	int rc = gh_base64_decode(base64, strlen(base64), &der, &len, &err);

	if (rc == 0)
		rc = make_chain(&env->catalog->cas, row, der, len, &chain, &err);
	if (rc == 0)
		rc = ca_pkcs7_encode(&chain, &rep->body, &rep->body_len, &err);
	if (rc == 0) {
		rep->status = 200;
		gh_http_reply_type(rep, "application/pkcs7-mime; smime-type=certs-only");
	} else {
		rest_error(&err, call->http->request_id, NULL, rep);
	}
	cert_chain_clear(&chain);
	free(der);
}

static void
reply_certificate(const struct worker_env *env, const struct call *call,
    const struct store_cert_status *st, const gh_json *row, enum rest_certificate_format format,
    bool is_private, struct gh_http_reply *rep)
{
	const char *base64 = gh_json_string(gh_json_get(row, "der"));

	if (base64 == NULL)
		base64 = "";
	if (format == REST_CERTIFICATE_DER) {
		reply_der(base64, rep);
	} else if (format == REST_CERTIFICATE_PKCS7) {
		reply_pkcs7(env, call, row, base64, rep);
	} else if (format == REST_CERTIFICATE_PEM) {
		char *pem = pem_of(base64);

		gh_http_reply_text(rep, pem != NULL ? 200 : 500, "application/x-pem-file", pem);
	} else {
		put_etag(rep, st->version);
		rest_json(rep, 200, certificate_json(call->requester, row, base64, is_private));
	}
	gh_http_reply_header(rep, "Vary", "Accept");
}

void
rest_certificate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct store_cert_status st = {0};
	struct gh_error err = {0};
	enum rest_certificate_format format;
	gh_json *row = NULL;
	bool is_private;
	char id[24];
	int rc;

	if ((rc = rest_certificate_format(call, &format, &fields, &err)) == 0 &&
	    (rc = find_status(env, call, &fields, &st, &err)) == 0 &&
	    (rc = find_sight(env, call, &st, &is_private, &err)) == 0) {
		snprintf(id, sizeof(id), "%" PRId64, st.id);
		rc = store_get_cert(env->store, id, &row, &err);
	}
	if (rc == 0)
		reply_certificate(env, call, &st, row, format, is_private, rep);
	else
		fail(call, &err, &fields, rep);
	gh_json_free(row);
}

/* --- PUT -------------------------------------------------------------------------------------- */

/* By name, or by number as number or text. */
static bool
read_reason(const gh_json *v, int *out)
{
	const char *text = gh_json_string(v);
	int64_t n;

	if (text != NULL)
		return revocation_reason_parse(text, out);
	if (!gh_json_int(v, &n) || n < 0 || n > REASON_MAX ||
	    revocation_reason_name((int)n) == NULL)
		return false;
	*out = (int)n;
	return true;
}

/* What status and reason together mean: a revocation with the reason certificateHold is a hold;
 * otherwise they must not contradict each other. */
static void
read_state(const gh_json *body, struct revoke_request *r, struct rest_fields *fields)
{
	const char *status = rest_text(fields, body, "status", 1, 20, true);
	const gh_json *v = gh_json_get(body, "reason");
	bool has_reason = gh_json_type(v) != GH_JSON_NULL;

	if (has_reason && !read_reason(v, &r->reason)) {
		rest_field_wrong(fields, "reason",
		    "The reason is a number or name of RFC 5280, 5.3.1: 0 to 6, "
		    "8 to 10, as 1 or keyCompromise.");
		return;
	}
	if (status == NULL)
		return;
	if (strcmp(status, "valid") == 0)
		r->to = STORE_CERT_VALID;
	else if (strcmp(status, "hold") == 0)
		r->to = STORE_CERT_HOLD;
	else if (strcmp(status, "revoked") == 0)
		r->to = has_reason && r->reason == REASON_CERTIFICATE_HOLD ? STORE_CERT_HOLD
									   : STORE_CERT_REVOKED;
	else
		rest_field_wrong(fields, "status", "The status is revoked, hold or valid.");
	if (has_reason && r->to != revoke_state_of(r->reason))
		rest_field_wrong(fields, "reason", "The reason %s does not go with this status.",
		    revocation_reason_name(r->reason));
}

static void
read_date(const gh_json *body, struct revoke_request *r, struct rest_fields *fields)
{
	const char *text = rest_text(fields, body, "invalidity_date", 1, 40, false);

	if (text != NULL && !revoke_date_parse(text, &r->invalidity_date))
		rest_field_wrong(fields, "invalidity_date",
		    "The invalidity date is a time like 2026-01-02T03:04:05Z.");
}

static void
read_comment(const gh_json *body, struct revoke_request *r, struct rest_fields *fields)
{
	r->comment = rest_text(fields, body, "comment", 0, STORE_COMMENT_MAX, false);
	if (r->comment != NULL && !revoke_comment_is_valid(r->comment))
		rest_field_wrong(fields, "comment",
		    "The comment must not have control characters.");
}

static int
read_body(const struct worker_env *env, const struct call *call, gh_json **body,
    struct revoke_request *r, struct rest_fields *fields, struct gh_error *err)
{
	static const char *const members[] = {"status", "reason", "invalidity_date", "comment",
	    NULL};
	int rc = rest_body(call, body, err);

	if (rc != 0)
		return rc;
	rest_only(fields, *body, NULL, members);
	read_state(*body, r, fields);
	read_date(*body, r, fields);
	read_comment(*body, r, fields);
	if ((rc = rest_fields_check(fields, err)) != 0)
		return rc;
	r->if_match = gh_http_header(call->http, "if-match");
	r->request_id = call->http->request_id;
	if (r->if_match == NULL && env->conf->revocation.require_if_match)
		return gh_refuse(err, GH_E_UNCONDITIONAL,
		    "This server wants the header If-Match with the ETag of the "
		    "status that you decided on. Read the status first.");
	return 0;
}

void
rest_certificate_change(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct revoke_request r = {0};
	struct rest_fields fields = {0};
	struct store_cert_status st = {0};
	struct gh_error err = {0};
	struct asked asked = {0};
	gh_json *body = NULL;
	int rc;

	if ((rc = read_asked(call, &asked, &fields, &err)) == 0 &&
	    (rc = read_body(env, call, &body, &r, &fields, &err)) == 0) {
		r.key = asked.key;
		rc = revoke_set_status(env->store, env->conf, call->requester, &r, &st, &err);
		if (rc == GH_E_BAD_REQUEST)
			rc = key_error(&asked, &fields, &err);
		else if (rc == GH_E_VALIDATION)
			rest_field_wrong(&fields, "invalidity_date", "%s", err.message);
	}
	if (rc == 0) {
		put_etag(rep, st.version);
		rest_json(rep, 200, status_json(&st, true));
	} else {
		fail(call, &err, &fields, rep);
	}
	gh_json_free(body);
	asked_clear(&asked);
}
