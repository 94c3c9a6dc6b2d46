/*
 * The route table. Access to every operation is decided by its row here and by auth_check, nowhere
 * else.
 */
#include <stdlib.h>

#include "public/ca_pages.h"
#include "rest/rest_ca_password.h"
#include "certenroll/ce.h"
#include "public/crl_serve.h"
#include "decide.h"
#include "public/ocsp_http.h"
#include "rest/rest_archive.h"
#include "rest/rest_cert_import.h"
#include "rest/rest_certificate.h"
#include "rest/rest_endpoint.h"
#include "rest/rest_generate.h"
#include "rest/rest_profile.h"
#include "rest/rest_request.h"
#include "rest/rest_request_view.h"
#include "rest/rest_submit.h"
#include "rest/rest_key.h"
#include "rest/rest_key_request.h"
#include "rest/rest_transport.h"

#include "admin_rows.h"
#include "console_admin_rows.h"
#include "classic_rows.h"
#include "console_rows.h"
#include "est_package_rows.h"
#include "est_rows.h"
#include "health.h"
#include "health/rest_status.h"
#include "keyfactor_field_rows.h"
#include "keyfactor_rows.h"
#include "metadata_rows.h"
#include "search_rows.h"
#include "metrics/metrics.h"
#include "package_rows.h"
#include "ocsp_fast.h"
#include "page_rows.h"
#include "pages/page_file.h"
#include "routes.h"

/* A base64 PKCS#10 with an RSA-16384 key and a hundred names stays below. */
#define CSR_BODY_MAX (128 * 1024)
#define SMALL_BODY_MAX (16 * 1024)
/* The longest secret, wrapped and in base64, with the key that it was wrapped in. */
#define KEY_BODY_MAX (64 * 1024)

/* Certificates from elsewhere; gateway.body_max is the lower bound. */
#define IMPORT_BODY_MAX ((size_t)1024 * 1024)

#define KEYS_AT_ONCE 1

#define READ (GH_HTTP_GET | GH_HTTP_HEAD)
#define APP_AND_USER (AUTH_APP | AUTH_USER)
#define ANY_ROLE (REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR)
#define CA_PASSWORD "/api/v1/certificate-authorities/{name}/password/"

static void metrics_page(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

static bool
crl_cached(const struct gh_http_request *req, const struct route_match *m,
    struct gh_http_reply *rep)
{
	return crl_get_cached(req, call_text(&m->parts, "name"), rep);
}

/* The hand-over between gateway and signer is paid once for all. Two at work: one waits for
 * PostgreSQL or the signer while the other one encodes. */
static const struct route_batch ocsp_batch = {
    .run = ocsp_http_batch,
    .max = OCSP_BATCH_MAX,
    .at_once = 2,
};
_Static_assert(OCSP_BATCH_MAX <= ROUTE_BATCH_MAX, "route_dispatch_batch has room for it");

/* What all would wait for is waited for once: PostgreSQL's answers, the signer's, the commit. One
 * at work: more of them would be smaller ones. */
static const struct route_batch pkcs10_batch = {
    .run = ce_pkcs10_batch,
    .max = ENROLL_BATCH_MAX,
    .at_once = 1,
    .has_threads = true,
};
_Static_assert(ENROLL_BATCH_MAX <= ROUTE_BATCH_MAX, "route_dispatch_batch has room for it");

/* Each waits for the KRA to make a key, which may take seconds: few at work, one by one, so that
 * the other threads have time for the others. */
static const struct route_batch pkcs12_batch = {
    .run = ce_pkcs12_batch,
    .max = 1,
    .at_once = KEYS_AT_ONCE,
};
static const struct route_batch generate_batch = {
    .run = rest_generate_batch,
    .max = 1,
    .at_once = KEYS_AT_ONCE,
};
const struct route route_table[] = {
    {.methods = GH_HTTP_POST,
	.pattern = "/certenroll/{v}/pkcs10",
	.name = "certenroll.pkcs10",
	.need = APP_AND_USER,
	.body_max = CSR_BODY_MAX,
	.handler = ce_pkcs10,
	.batch = &pkcs10_batch,
	.family = &route_family_certenroll},
    {.methods = GH_HTTP_POST,
	.pattern = "/certenroll/{v}/pkcs12",
	.name = "certenroll.pkcs12",
	.need = APP_AND_USER,
	.body_max = KEY_BODY_MAX,
	.handler = ce_pkcs12,
	.batch = &pkcs12_batch,
	.family = &route_family_certenroll},
    {.methods = GH_HTTP_POST,
	.pattern = "/certenroll/{v12}/token",
	.name = "certenroll.token",
	.need = APP_AND_USER,
	.body_max = SMALL_BODY_MAX,
	.handler = ce_token,
	.family = &route_family_certenroll},
    {.methods = GH_HTTP_GET | GH_HTTP_POST,
	.pattern = "/certenroll/{v}/templates",
	.name = "certenroll.templates",
	.need = APP_AND_USER,
	.body_max = SMALL_BODY_MAX,
	.handler = ce_templates,
	.family = &route_family_certenroll},
    {.methods = GH_HTTP_GET,
	.pattern = "/certenroll/{v}/requests/{id}",
	.name = "certenroll.request",
	.need = APP_AND_USER,
	.body_max = SMALL_BODY_MAX,
	.handler = ce_request_status,
	.family = &route_family_certenroll},
    {.methods = READ,
	.pattern = "/pki/cas",
	.name = "pki.cas",
	.need = AUTH_ANYBODY,
	.handler = ca_pages_list,
	.plain = true},
    {.methods = READ,
	.pattern = "/ca/{name}",
	.name = "ca.certificate",
	.need = AUTH_ANYBODY,
	.handler = ca_pages_certificate,
	.plain = true},
    {.methods = READ,
	.pattern = "/crl/{name}",
	.name = "crl",
	.need = AUTH_ANYBODY,
	.handler = crl_get,
	.cached = crl_cached,
	.plain = true},
    {.methods = GH_HTTP_POST,
	.pattern = CA_PASSWORD "set",
	.name = "ca.password.set",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN,
	.body_max = SMALL_BODY_MAX,
	.handler = ca_password_rest_set},
    {.methods = GH_HTTP_DELETE,
	.pattern = CA_PASSWORD "remove",
	.name = "ca.password.remove",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN,
	.body_max = SMALL_BODY_MAX,
	.handler = ca_password_rest_remove},
    {.methods = GH_HTTP_PUT,
	.pattern = CA_PASSWORD "change",
	.name = "ca.password.change",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN,
	.body_max = SMALL_BODY_MAX,
	.handler = ca_password_rest_change},
    {.methods = GH_HTTP_POST,
	.pattern = CA_PASSWORD "unlock",
	.name = "ca.password.unlock",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN,
	.body_max = SMALL_BODY_MAX,
	.handler = ca_password_rest_unlock},
    {.methods = GH_HTTP_POST,
	.pattern = CA_PASSWORD "lock",
	.name = "ca.password.lock",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN,
	.body_max = SMALL_BODY_MAX,
	.handler = ca_password_rest_lock},
    {.methods = READ,
	.pattern = CA_PASSWORD "status",
	.name = "ca.password.status",
	.need = AUTH_PERSON,
	.roles = ANY_ROLE,
	.handler = ca_password_rest_status},
    {.methods = GH_HTTP_POST,
	.pattern = "/ocsp",
	.name = "ocsp.post",
	.need = AUTH_ANYBODY,
	.body_max = OCSP_REQUEST_MAX,
	.handler = ocsp_http,
	.fast = ocsp_fast,
	.batch = &ocsp_batch,
	.without_catalog = true,
	.quiet = true,
	.plain = true},
    {.methods = READ,
	.pattern = "/ocsp/{rest}",
	.name = "ocsp.get",
	.need = AUTH_ANYBODY,
	.handler = ocsp_http,
	.fast = ocsp_fast,
	.batch = &ocsp_batch,
	.without_catalog = true,
	.quiet = true,
	.plain = true},
    CLASSIC_ROWS,
    {.methods = READ,
	.pattern = "/pki/certificate/{id}",
	.name = "pki.certificate",
	.need = AUTH_PERSON,
	.handler = rest_certificate},
    {.methods = GH_HTTP_DELETE,
	.pattern = "/pki/certificate/{id}",
	.name = "pki.certificate.remove",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER,
	.body_max = 1024,
	.handler = rest_cert_remove},
    {.methods = READ,
	.pattern = "/pki/certificate/{id}/status",
	.name = "pki.certificate.status",
	.need = AUTH_PERSON,
	.handler = rest_certificate_status},
    {.methods = GH_HTTP_PUT,
	.pattern = "/pki/certificate/{id}/status",
	.name = "pki.certificate.change",
	.need = AUTH_PERSON,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_certificate_change},
    {.methods = READ,
	.pattern = "/pki/profiles",
	.name = "pki.profiles",
	.need = AUTH_APP_SENT | AUTH_PERSON,
	.handler = rest_profile_list},
    {.methods = READ,
	.pattern = REST_PROFILE "{profile}",
	.name = "pki.profile",
	.need = AUTH_APP_SENT | AUTH_PERSON,
	.handler = rest_profile_show},
    {.methods = GH_HTTP_POST,
	.pattern = REST_REQUEST "{profile}",
	.name = "pki.request.submit",
	.need = AUTH_APP_SENT | AUTH_USER,
	.body_max = CSR_BODY_MAX,
	.body_type = REST_PKCS10_TYPE,
	.handler = rest_submit},
    {.methods = READ,
	.pattern = "/pki/requests",
	.name = "pki.requests",
	.need = AUTH_APP_SENT | AUTH_PERSON,
	.handler = rest_request_list},
    {.methods = READ,
	.pattern = REST_REQUEST "{id}",
	.name = "pki.request",
	.need = AUTH_APP_SENT | AUTH_PERSON,
	.handler = rest_request},
    {.methods = READ,
	.pattern = REST_REQUEST "{id}/status",
	.name = "pki.request.status",
	.need = AUTH_APP_SENT | AUTH_PERSON,
	.handler = rest_request_state},
    {.methods = GH_HTTP_PUT,
	.pattern = REST_REQUEST "{id}/status",
	.name = "pki.request.decide",
	.need = AUTH_APP_SENT | AUTH_PERSON,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_request_decide},
    {.methods = READ,
	.pattern = "/pki/certificates",
	.name = "pki.certificates",
	.need = AUTH_PERSON,
	.family = &route_family_inventory,
	.handler = rest_certificate_list},
    {.methods = READ,
	.pattern = "/pki/certificates/statistics",
	.name = "pki.certificates.statistics",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR,
	.family = &route_family_inventory,
	.handler = rest_certificate_statistics},
    {.methods = GH_HTTP_POST,
	.pattern = "/pki/certificates/import",
	.name = "pki.certificates.import",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER,
	.body_max = IMPORT_BODY_MAX,
	.family = &route_family_inventory,
	.handler = rest_cert_import},
    {.methods = READ,
	.pattern = "/pki/status",
	.name = "pki.status",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR,
	.handler = rest_status},
    {.methods = READ,
	.pattern = "/pki/endpoints",
	.name = "pki.endpoints",
	.need = AUTH_PERSON,
	.roles = ANY_ROLE,
	.handler = rest_endpoints},
    {.methods = READ,
	.pattern = "/pki/endpoint/{id}",
	.name = "pki.endpoint",
	.need = AUTH_PERSON,
	.roles = ANY_ROLE,
	.handler = rest_endpoint},
    /* by ?serial=&issuer= or ?thumbprint= */
    {.methods = READ,
	.pattern = "/pki/certificate",
	.name = "pki.certificate.find",
	.need = AUTH_PERSON,
	.handler = rest_certificate},
    {.methods = READ,
	.pattern = "/pki/certificate/status",
	.name = "pki.certificate.find-status",
	.need = AUTH_PERSON,
	.handler = rest_certificate_status},
    {.methods = GH_HTTP_PUT,
	.pattern = "/pki/certificate/status",
	.name = "pki.certificate.find-change",
	.need = AUTH_PERSON,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_certificate_change},
    /* Who may see which key, and who may decide, is known by the key: ca-backend/kra/ */
    {.methods = READ,
	.pattern = "/pki/config/kra/cert/transport",
	.name = "pki.kra.transport",
	.need = AUTH_PERSON,
	.handler = rest_transport},
    {.methods = READ,
	.pattern = "/pki/info",
	.name = "pki.info",
	.need = AUTH_PERSON,
	.handler = rest_info},
    {.methods = GH_HTTP_POST,
	.pattern = "/pki/keyrequest/archive",
	.name = "pki.keyrequest.archive",
	.need = AUTH_PERSON,
	.body_max = KEY_BODY_MAX,
	.handler = rest_archive},
    {.methods = GH_HTTP_POST,
	.pattern = "/pki/keyrequest/recovery",
	.name = "pki.keyrequest.recovery",
	.need = AUTH_PERSON,
	.body_max = KEY_BODY_MAX,
	.handler = rest_recovery},
    {.methods = GH_HTTP_POST,
	.pattern = "/pki/keyrequest/generate",
	.name = "pki.keyrequest.generate",
	.need = AUTH_PERSON,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_generate,
	.batch = &generate_batch},
    {.methods = GH_HTTP_POST,
	.pattern = "/pki/keyrequest/generate/token",
	.name = "pki.keyrequest.generate-token",
	.need = AUTH_PERSON,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_generate_token,
	.batch = &generate_batch},
    {.methods = READ,
	.pattern = "/pki/keyrequests",
	.name = "pki.keyrequests",
	.need = AUTH_PERSON,
	.handler = rest_key_requests},
    {.methods = READ,
	.pattern = "/pki/keyrequest/{id}",
	.name = "pki.keyrequest",
	.need = AUTH_PERSON,
	.handler = rest_key_request},
    {.methods = READ,
	.pattern = "/pki/keyrequest/{id}/status",
	.name = "pki.keyrequest.status",
	.need = AUTH_PERSON,
	.handler = rest_key_request},
    {.methods = GH_HTTP_PUT,
	.pattern = "/pki/keyrequest/{id}/status",
	.name = "pki.keyrequest.decide",
	.need = AUTH_PERSON,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_key_request_decide},
    {.methods = READ,
	.pattern = "/pki/keys",
	.name = "pki.keys",
	.need = AUTH_PERSON,
	.handler = rest_keys},
    {.methods = READ,
	.pattern = "/pki/key/{kid}",
	.name = "pki.key",
	.need = AUTH_PERSON,
	.handler = rest_key},
    {.methods = GH_HTTP_POST,
	.pattern = "/pki/key/{kid}",
	.name = "pki.key.retrieve",
	.need = AUTH_PERSON,
	.body_max = KEY_BODY_MAX,
	.handler = rest_key_retrieve},
    {.methods = READ,
	.pattern = "/pki/key/{kid}/status",
	.name = "pki.key.status",
	.need = AUTH_PERSON,
	.handler = rest_key},
    {.methods = GH_HTTP_PUT,
	.pattern = "/pki/key/{kid}/status",
	.name = "pki.key.change",
	.need = AUTH_PERSON,
	.roles = REQUESTER_ROLE_AGENT,
	.body_max = SMALL_BODY_MAX,
	.handler = rest_key_change},
    PAGE_ROWS,
    CONSOLE_ROWS,
    EST_PACKAGE_ROWS,
    PACKAGE_ROWS,
    METADATA_ROWS,
    SEARCH_ROWS,
    ADMIN_ROWS,
    CONSOLE_ADMIN_ROWS,
    KEYFACTOR_ROWS,
    KEYFACTOR_FIELD_ROWS,
    EST_ROWS,
    {.methods = READ,
	.pattern = "/static/{name}",
	.name = "static",
	.need = AUTH_ANYBODY,
	.handler = page_file_get,
	.family = &route_family_pages,
	.on_loop = true,
	.quiet = true},
    {.methods = READ,
	.pattern = "/healthz",
	.name = "healthz",
	.need = AUTH_ANYBODY,
	.handler = health_live,
	.on_loop = true,
	.quiet = true,
	.plain = true},
    {.methods = READ,
	.pattern = "/readyz",
	.name = "readyz",
	.need = AUTH_ANYBODY,
	.handler = health_ready,
	.on_loop = true,
	.quiet = true,
	.plain = true},
    {.methods = READ,
	.pattern = "/metrics",
	.name = "metrics",
	.need = AUTH_LOCAL,
	.handler = metrics_page,
	.on_loop = true,
	.quiet = true,
	.plain = true},
};
const size_t route_table_len = sizeof(route_table) / sizeof(route_table[0]);

const char *
route_name(size_t i)
{
	return route_table[i].name;
}

static void
metrics_page(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	char *text = metrics_render();

	(void)env;
	(void)call;
	gh_http_reply_text(rep, text != NULL ? 200 : 500,
	    "text/plain; version=0.0.4; charset=utf-8", text);
}
