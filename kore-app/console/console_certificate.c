/* GET /console/certificates/{id} and its file. See console.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "formats/names_text.h"
#include "rest/rest_certificate.h"
#include "rest/rest_key.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_cert.h"
#include "console_cert_text.h"
#include "console_query_test.h"
#include "console_page.h"

#define SAME_MAX 1000 /* bytes of a name that is searched for */

/* --- what may be done ------------------------------------------------------------------------- */

/* Who sees the certificate reads who asked for it; only he himself may change it without a role. */
bool
console_cert_is_own(const struct requester *who, const gh_json *cert)
{
	const char *requester = gh_json_string(gh_json_get(cert, "requester"));

	return requester != NULL && strcasecmp(requester, who->name) == 0;
}

bool
console_cert_may(const struct worker_env *env, const struct call *call, const gh_json *cert,
    const char *to)
{
	const char *status = gh_json_string(gh_json_get(cert, "status"));
	bool is_officer = (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0,
	     is_owner = strcmp(env->conf->revocation.owner, "own") == 0 &&
	    console_cert_is_own(call->requester, cert);

	if (status == NULL || strcmp(status, "revoked") == 0 || strcmp(status, "foreign") == 0 ||
	    strcmp(status, to) == 0)
		return false;
	return is_officer || (is_owner && strcmp(to, "revoked") == 0);
}

bool
console_cert_may_renew(const struct call *call, const gh_json *cert)
{
	const char *status = gh_json_string(gh_json_get(cert, "status")),
		   *end = gh_json_string(gh_json_get(cert, "not_after"));

	return status != NULL && call->requester->kind == REQUESTER_DIRECTORY &&
	    gh_json_string(gh_json_get(cert, "template")) != NULL &&
	    strcmp(console_state(status, end, gh_now()), "active") == 0 &&
	    console_cert_is_own(call->requester, cert);
}

bool
console_cert_may_remove(const struct call *call, const gh_json *cert)
{
	const char *status = gh_json_string(gh_json_get(cert, "status"));

	return status != NULL && strcmp(status, "foreign") == 0 &&
	    (call->requester->roles & (REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER)) != 0;
}

int
console_cert_get(struct worker_env *env, const struct call *call, gh_json **out,
    struct gh_error *err)
{
	const struct console_ask what = {.handler = rest_certificate, .method = GH_HTTP_GET};
	int rc = console_ask(env, call, &what, out, err);
	gh_json *cert = *out;
	const char *end = gh_json_string(gh_json_get(cert, "not_after"));

	if (rc != 0) {
		gh_json_free(cert);
		*out = NULL;
		return rc;
	}
	if (gh_json_set_string(cert, "state",
		console_state(gh_json_string(gh_json_get(cert, "status")), end, gh_now())) == 0 &&
	    gh_json_set_string(cert, "called", console_called(cert)) == 0)
		return 0;
	gh_json_free(cert);
	*out = NULL;
	return gh_fail(err, GH_E_NOMEM, "certificate for a page");
}

/* --- the page --------------------------------------------------------------------------------- */

/* {"a":1} as [{"name":"a","value":"1"}]. NULL: out of memory. */
static gh_json *
pairs(const gh_json *o)
{
	gh_json *list = gh_json_new_array();

	for (void *it = gh_json_iter(o); list != NULL && it != NULL; it = gh_json_next(o, it)) {
		gh_json *pair = gh_json_new_object();

		if (gh_json_set_string(pair, "name", gh_json_iter_name(it)) != 0 ||
		    gh_json_set(pair, "value", gh_json_ref(gh_json_iter_value(it))) != 0 ||
		    gh_json_append(list, gh_json_ref(pair)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		gh_json_free(pair);
	}
	return list;
}

static gh_json *
issuer_json(const unsigned char *der, size_t len, const struct ca *ca)
{
	X509 *cert = d2i_X509(NULL, &der, (long)len);
	char *dn = cert != NULL ? ca_dn_text(X509_get_subject_name(cert)) : NULL;
	gh_json *o = gh_json_new_object();
	bool failed = dn == NULL || gh_json_set_string(o, "subject", dn) != 0 ||
	    (ca != NULL && gh_json_set_string(o, "name", ca->name) != 0) ||
	    (ca != NULL && gh_json_set_string(o, "slug", ca->slug) != 0);

	free(dn);
	X509_free(cert);
	if (!failed)
		return o;
	gh_json_free(o);
	return NULL;
}

static const struct ca *
ca_of(const struct ca_set *cas, const unsigned char *der, size_t len)
{
	for (size_t i = 0; i < cas->n; i++)
		if (cas->ca[i]->chain.n > 0 && cas->ca[i]->chain.cert[0].len == len &&
		    memcmp(cas->ca[i]->chain.cert[0].der, der, len) == 0)
			return cas->ca[i];
	return NULL;
}

/* The issuers up to the root, which GET /pki/cas tells to anybody. */
static gh_json *
chain_json(const struct ca_set *cas, const gh_json *cert)
{
	const struct ca *issuer;
	int64_t id = 0;
	gh_json *list = gh_json_new_array();

	(void)gh_json_int(gh_json_get(cert, "ca_id"), &id);
	issuer = ca_set_find_id(cas, id);
	for (size_t i = 0; list != NULL && issuer != NULL && i < issuer->chain.n; i++) {
		const unsigned char *der = issuer->chain.cert[i].der;
		size_t len = issuer->chain.cert[i].len;
		gh_json *o = issuer_json(der, len, ca_of(cas, der, len));

		if (o == NULL || gh_json_append(list, o) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

static int
put_rights(gh_json *data, const struct worker_env *env, const struct call *call,
    const gh_json *cert)
{
	bool can_revoke = console_cert_may(env, call, cert, "revoked"),
	     can_hold = console_cert_may(env, call, cert, "hold"),
	     can_release = console_cert_may(env, call, cert, "valid"),
	     can_renew = console_cert_may_renew(call, cert),
	     can_remove = console_cert_may_remove(call, cert);

	return gh_json_set_bool(data, "can_revoke", can_revoke) |
	    gh_json_set_bool(data, "can_hold", can_hold) |
	    gh_json_set_bool(data, "can_release", can_release) |
	    gh_json_set_bool(data, "can_change",
		can_revoke || can_hold || can_release || can_renew || can_remove) |
	    gh_json_set_bool(data, "can_renew", can_renew) |
	    gh_json_set_bool(data, "can_remove", can_remove) |
	    gh_json_set_bool(data, "reads_metadata",
		gh_json_string(gh_json_get(cert, "requester")) != NULL);
}

/* A link to a search for those that have the same, where there is something. */
static int
put_same(gh_json *data, const char *name, const char *field, const char *value)
{
	struct gh_buf query, q;
	int bad;

	if (value == NULL || *value == '\0' || strlen(value) > SAME_MAX)
		return 0;
	gh_buf_init(&query, CONSOLE_QUERY_MAX);
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_test(&query, field, "-eq", value);
	bad = gh_buf_check(&query, NULL) != 0 ? -1 : 0;
	console_query_put(&q, "query", (const char *)query.data);
	bad |= console_set_link(data, name, "/console/certificates", &q);
	gh_buf_free(&query);
	gh_buf_free(&q);
	return bad;
}

/* A link to its archived keys, if there are any that the caller may see. A KRA's absence is no
 * fault of this page. */
static int
put_archive_link(gh_json *data, struct worker_env *env, const struct call *call,
    const gh_json *cert)
{
	gh_json *page = NULL;
	struct gh_error err;
	char id[24];
	struct gh_buf q;
	int64_t n = 0;
	int bad = 0;

	(void)gh_json_int(gh_json_get(cert, "id"), &n);
	snprintf(id, sizeof(id), "%" PRId64, n);
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "certificate_id", id);
	if (env->kra != NULL && gh_buf_check(&q, NULL) == 0 &&
	    console_get(env, call, rest_keys, (const char *)q.data, &page, &err) == 0 &&
	    gh_json_size(gh_json_get(page, "entries")) > 0)
		bad = console_set_link(data, "archive_link", "/console/archive", &q);
	gh_buf_free(&q);
	gh_json_free(page);
	return bad;
}

/* What else there is of it, for who may look. */
static int
put_related(gh_json *data, struct worker_env *env, const struct call *call, const gh_json *cert)
{
	const char *serial = gh_json_string(gh_json_get(cert, "serial"));
	bool is_auditor = (call->requester->roles & REQUESTER_ROLE_AUDITOR) != 0;
	struct gh_buf q;
	int bad;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "object", serial);
	bad = is_auditor ? console_set_link(data, "audit_link", "/console/audit", &q) : 0;
	gh_buf_free(&q);
	return bad | put_archive_link(data, env, call, cert) |
	    put_same(data, "subject_link", "Subject",
		gh_json_string(gh_json_get(cert, "subject"))) |
	    put_same(data, "requester_link", "Requester",
		gh_json_string(gh_json_get(cert, "requester")));
}

/* Where scans have found it, for people; an API without scans tells nothing. */
static int
put_locations(gh_json *data, const struct call *call, const gh_json *cert)
{
	bool can_open = console_sees_all(call->requester);
	gh_json *list = gh_json_get(cert, "locations");
	int bad = 0;

	if (gh_json_type(list) != GH_JSON_ARRAY)
		return 0;
	for (size_t i = 0; i < gh_json_size(list); i++) {
		gh_json *l = gh_json_at(list, i);

		bad |=
		    console_set_minute(l, "first", gh_json_string(gh_json_get(l, "first_seen"))) |
		    console_set_minute(l, "last", gh_json_string(gh_json_get(l, "last_seen"))) |
		    gh_json_set_bool(l, "can_open", can_open) |
		    gh_json_set_bool(l, "is_current",
			gh_json_bool(gh_json_get(l, "current"), false));
	}
	return bad | gh_json_set(data, "locations", gh_json_ref(list)) |
	    gh_json_set_bool(data, "more_locations",
		gh_json_bool(gh_json_get(cert, "locations_more"), false)) |
	    gh_json_set_bool(data, "tells_locations", true) |
	    gh_json_set_bool(data, "has_locations", gh_json_size(list) > 0);
}

/* wrong: why a change was not made, or NULL. */
static gh_json *
data_of(struct worker_env *env, const struct call *call, gh_json *cert,
    const struct gh_error *wrong)
{
	const char *pem = gh_json_string(gh_json_get(cert, "pem"));
	gh_json *data = gh_json_new_object();
	int bad = gh_json_set(data, "cert", gh_json_ref(cert)) |
	    console_set(data, "said", console_cert_text(pem != NULL ? pem : "")) |
	    console_set(data, "metadata", pairs(gh_json_get(cert, "metadata"))) |
	    console_set(data, "chain", chain_json(&env->catalog->cas, cert)) |
	    put_rights(data, env, call, cert) | put_related(data, env, call, cert) |
	    put_locations(data, call, cert) | console_cert_put_related(env, call, cert, data) |
	    console_cert_put_waiting(env, call, cert, data);

	if (bad == 0 && wrong != NULL)
		bad = console_set_wrong(data, wrong);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_cert_show(struct worker_env *env, const struct call *call, const struct gh_error *wrong,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *cert = NULL;

	if (console_cert_get(env, call, &cert, &err) != 0) {
		page_refuse(call, &err, rep);
		return;
	}
	console_reply(env, call, wrong != NULL ? gh_error_info(wrong->code)->http_status : 200,
	    "certificate", data_of(env, call, cert, wrong), rep);
	if (wrong != NULL)
		gh_http_reply_cause(rep, wrong);
	gh_json_free(cert);
}

void
console_certificate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_cert_show(env, call, NULL, rep);
}

/* --- its file --------------------------------------------------------------------------------- */

void
console_certificate_file(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct {
		const char *name, *suffix;
	} formats[] = {{"pem", "pem"}, {"der", "cer"}, {"pkcs7", "p7b"}};
	const struct console_ask what = {.handler = rest_certificate,
	    .method = GH_HTTP_GET,
	    .query = call->http->query};
	const char *suffix = NULL;
	char *format = NULL, name[80];
	struct gh_error err = {0};
	int rc = rest_query(call, "format", &format, &err);

	for (size_t i = 0; format != NULL && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, format) == 0)
			suffix = formats[i].suffix;
	free(format);
	if (rc == 0 && suffix == NULL)
		rc = gh_refuse(&err, GH_E_VALIDATION, "The format is pem, der or pkcs7.");
	if (rc != 0 || console_fetch(env, call, &what, rep, &err) != 0) {
		page_refuse(call, &err, rep);
		return;
	}
	snprintf(name, sizeof(name), "attachment; filename=\"certificate-%" PRId64 ".%s\"",
	    call_number(call->parts, "id"), suffix);
	gh_http_reply_header(rep, "Content-Disposition", name);
	gh_http_reply_header(rep, "Cache-Control", "no-store");
}
