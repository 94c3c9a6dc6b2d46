/*
 * The whole access policy by trying: every row of the route table with every kind of caller, from
 * every kind of page, with and without TLS. Directory and store are replaced by the stand-ins
 * below, at link time; the handlers by one that notes that it was reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "buf.h"
#include "encoding.h"
#include "formats/client_verify.h"
#include "hex.h"
#include "store/status/revocation.h"

#include "auth/auth_password.h"
#include "auth/login_session.h"
#include "auth/login_token.h"
#include "auth/origin.h"
#include "routes/routes.h"

#define ALICE "00000000-0000-4000-8000-00000000a11c"

/* ---- stand-ins: alice in the directory; ada, olga, otto and anna are local administrators ---- */
/* bcrypt has its own tests, and would be asked a thousand times here */
int
auth_password_check(const char *password, const char *hash, int64_t now_us, bool *is_right,
    struct gh_error *err)
{
	(void)now_us;
	(void)err;
	*is_right = hash != NULL && strcmp(password, hash) == 0;
	return 0;
}

static bool directory_is_slow; /* and the caller may not wait for it */

int
dir_find(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	struct dir_entry *e;

	(void)d;
	*out = NULL;
	if (directory_is_slow)
		return gh_fail(err, GH_E_BUSY, "it would have to be looked up");
	if (strcmp(name, "alice") != 0 && strcmp(name, "alice@example.test") != 0)
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "nobody");
	assert_non_null(e = dir_entry_new());
	e->dn = strdup("cn=alice");
	strcpy(e->id, ALICE);
	assert_int_equal(dir_entry_add(e, DIR_SAM_ACCOUNT_NAME, "alice", 5) |
		dir_entry_add(e, DIR_UPN, "alice@example.test", 18),
	    0);
	*out = e;
	return 0;
}

int
dir_find_anew(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	return dir_find(d, name, out, err);
}

int
dir_authenticate(struct dir *d, const char *name, const char *password, struct dir_entry **out,
    struct gh_error *err)
{
	*out = NULL;
	return strcmp(password, "secret-1") == 0 ? dir_find(d, name, out, err)
						 : gh_fail(err, GH_E_AUTH_FAILED, "wrong");
}

int
store_get_user(struct store *s, const char *name, struct store_user *user, struct gh_error *err)
{
	(void)s;
	memset(user, 0, sizeof(*user));
	user->roles = strcmp(name, "ada") == 0 ? REQUESTER_ROLE_ADMIN
	    : strcmp(name, "olga") == 0        ? REQUESTER_ROLE_OFFICER
	    : strcmp(name, "otto") == 0        ? REQUESTER_ROLE_AUDITOR
	    : strcmp(name, "anna") == 0        ? REQUESTER_ROLE_AGENT
					       : 0;
	strcpy(user->name, name);
	strcpy(user->hash, "secret-1");
	user->enabled = true;
	return user->roles != 0 ? 0 : gh_fail(err, GH_E_NOT_FOUND, "nobody");
}

int
store_recognize(struct store *s, const unsigned char *der, size_t len, struct store_own_cert *out,
    struct gh_error *err)
{
	(void)s;
	(void)der;
	(void)len;
	(void)err;
	*out = (struct store_own_cert){.is_ours = true,
	    .is_requester_sealed = true,
	    .label = "devices",
	    .requester = {.kind = REQUESTER_DIRECTORY, .name = "alice", .id = ALICE}};
	return 0;
}

/* By a CA of the catalog, which has none here. */
X509 *
client_certs_verify(const struct client_certs *c, const STACK_OF(X509) * anchors, int64_t now,
    struct gh_error *e)
{
	(void)anchors;
	(void)now;
	(void)e;
	return c->leaf;
}

int
store_audit(struct store *s, const struct store_audit *a, struct gh_error *err)
{
	(void)s;
	(void)a;
	(void)err;
	return 0;
}

/* alice's session; a cookie that names no other one */
static struct store_session kept;

int
store_new_session(struct store *s, const struct store_session *session, int max,
    const char *request_id, struct gh_error *err)
{
	(void)s;
	(void)max;
	(void)request_id;
	(void)err;
	kept = *session;
	return 0;
}

int
store_get_session(struct store *s, const unsigned char id[STORE_SESSION_ID_SIZE],
    struct store_session *out, struct gh_error *err)
{
	(void)s;
	*out = kept;
	return memcmp(id, kept.id, sizeof(kept.id)) == 0 ? 0 : gh_fail(err, GH_E_NOT_FOUND, "none");
}

int
store_end_session(struct store *s, const unsigned char id[STORE_SESSION_ID_SIZE],
    const struct store_session_end *how, int *ended, struct gh_error *err)
{
	(void)s;
	(void)id;
	(void)how;
	(void)err;
	*ended = 0;
	return 0;
}

/* ---- callers ---- */
enum {
	NOBODY = 1,
	USER = 2,
	CERT = 4, /* without an application */
	APP = 8,
	APP_USER = 16,
	APP_CERT = 32, /* APP: with a service identity */
	ADMIN = 64,
	OFFICER = 128,
	AUDITOR = 256,
	AGENT = 512,
	WRONG = 1024,          /* wrong password of a user, with an application */
	SESSION = 2048,        /* alice's browser, and the token of her session */
	SESSION_BARE = 4096,   /* without it: a foreign page, or an old form */
	SESSION_OTHER = 8192,  /* with the token of another session */
	SESSION_LOGIN = 16384, /* with that of the log-in form */
	FORGED = 32768,        /* a cookie that is nobody's */
	ALL = 65535,
	SESSIONS = SESSION | SESSION_BARE | SESSION_OTHER | SESSION_LOGIN,
	LOCALS = ADMIN | OFFICER | AUDITOR | AGENT,
	PERSONS = USER | CERT | APP_USER | APP_CERT | LOCALS,
};

#define OTHER "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
static char cookies[256], token[SESSION_TOKEN_SIZE], login_token[LOGIN_TOKEN_SIZE];
static const char other_token[] = OTHER;

static const struct {
	unsigned bit;
	const char *app, *user;
	bool cert;
	const char *cookie, *token;
} callers[] = {
    {NOBODY, NULL, NULL, false, NULL, NULL},
    {USER, NULL, "alice:secret-1", false, NULL, NULL},
    {CERT, NULL, NULL, true, NULL, NULL},
    {APP, "service", NULL, false, NULL, NULL},
    {APP_USER, "plain", "alice:secret-1", false, NULL, NULL},
    {APP_CERT, "plain", NULL, true, NULL, NULL},
    {ADMIN, NULL, "ada:secret-1", false, NULL, NULL},
    {OFFICER, NULL, "olga:secret-1", false, NULL, NULL},
    {AUDITOR, NULL, "otto:secret-1", false, NULL, NULL},
    {AGENT, NULL, "anna:secret-1", false, NULL, NULL},
    {WRONG, "plain", "alice:wrong-one", false, NULL, NULL},
    {SESSION, NULL, NULL, false, cookies, token},
    {SESSION_BARE, NULL, NULL, false, cookies, NULL},
    {SESSION_OTHER, NULL, NULL, false, cookies, other_token},
    {SESSION_LOGIN, NULL, NULL, false, cookies, login_token},
    {FORGED, NULL, NULL, false, SESSION_COOKIE "=" OTHER, token},
};

/* Who gets through to the handler, and whether without TLS. Routes that are not here must not be in
 * the table. */
static const struct {
	const char *name;
	unsigned who;
	bool plain;
} policy[] = {
    {"certenroll.pkcs10", APP | APP_USER | APP_CERT, false},
    {"certenroll.pkcs12", APP | APP_USER | APP_CERT, false},
    {"certenroll.token", APP | APP_USER | APP_CERT, false},
    {"certenroll.templates", APP | APP_USER | APP_CERT, false},
    {"certenroll.request", APP | APP_USER | APP_CERT, false},
    {"certificates.revoke", PERSONS | APP, false},
    {"certificates.contents", PERSONS | APP, false},
    {"certificates.import", ADMIN | OFFICER, false},
    {"metadata.get", PERSONS | APP, false},
    {"metadata.set", PERSONS | APP, false},
    {"metadata.definition", PERSONS | APP, false},
    {"pki.certificate", PERSONS, false},
    {"pki.certificate.status", PERSONS, false},
    {"pki.certificate.change", PERSONS, false},
    {"pki.certificate.remove", ADMIN | OFFICER, false},
    {"pki.certificate.find", PERSONS, false},
    {"pki.certificate.find-status", PERSONS, false},
    {"pki.certificate.find-change", PERSONS, false},
    {"ca.password.set", ADMIN, false},
    {"ca.password.remove", ADMIN, false},
    {"ca.password.change", ADMIN, false},
    {"ca.password.unlock", ADMIN, false},
    {"ca.password.lock", ADMIN, false},
    {"ca.password.status", ADMIN | OFFICER | AUDITOR, false},
    {"pki.audit", AUDITOR, false},
    {"pki.audit.checks", AUDITOR, false},
    {"pki.audit.verify", AUDITOR, false},
    {"pki.packages", ADMIN | OFFICER | AUDITOR, false},
    {"pki.packages.deliveries", ADMIN | OFFICER | AUDITOR, false},
    {"pki.package", ADMIN | OFFICER | AUDITOR, false},
    {"pki.package.deliveries", ADMIN | OFFICER | AUDITOR, false},
    {"pki.package.add", OFFICER, false},
    {"pki.package.remove", OFFICER, false},
    {"keyfactor.endpoints", PERSONS, false},
    {"keyfactor.certificates", PERSONS, false},
    {"keyfactor.certificate", PERSONS, false},
    {"keyfactor.download", PERSONS, false},
    {"keyfactor.revoke", PERSONS, false},
    {"keyfactor.metadata", PERSONS, false},
    {"keyfactor.metadata.all", PERSONS, false},
    {"keyfactor.delete.all", ADMIN | OFFICER, false},
    {"keyfactor.compare", PERSONS, false},
    {"keyfactor.fields", PERSONS, false},
    {"keyfactor.field", PERSONS, false},
    {"keyfactor.field.add", ADMIN, false},
    {"keyfactor.field.put", ADMIN, false},
    {"keyfactor.fields.remove", ADMIN, false},
    {"keyfactor.field.remove", ADMIN, false},
    {"keyfactor.field.in-use", ADMIN | OFFICER | AUDITOR, false},
    {"keyfactor.templates", PERSONS, false},
    {"keyfactor.template", PERSONS, false},
    {"keyfactor.cas", PERSONS, false},
    {"keyfactor.enroll", USER | CERT | APP_USER | APP_CERT | APP, false},
    {"keyfactor.pfx", USER | CERT | APP_USER | APP_CERT | APP, false},
    {"keyfactor.renew", USER | CERT | APP_USER | APP_CERT | APP, false},
    {"keyfactor.ca", PERSONS, false},
    {"keyfactor.context", PERSONS, false},
    {"keyfactor.recover", PERSONS, false},
    {"keyfactor.owner", PERSONS, false},
    {"keyfactor.delete", ADMIN | OFFICER, false},
    {"keyfactor.import", ADMIN | OFFICER, false},
    {"keyfactor.pending", PERSONS, false},
    {"keyfactor.denied", PERSONS, false},
    {"keyfactor.external", PERSONS, false},
    {"keyfactor.request", PERSONS, false},
    {"keyfactor.approve", PERSONS, false},
    {"keyfactor.deny", PERSONS, false},
    {"pki.metadata", PERSONS, false},
    {"pki.certificate.metadata", PERSONS, false},
    {"pki.certificate.metadata.change", PERSONS, false},
    {"pki.certificate.metadata.history", PERSONS, false},
    {"pki.metadata-runs", ADMIN | OFFICER | AUDITOR, false},
    {"pki.metadata-run", ADMIN | OFFICER | AUDITOR, false},
    {"pki.metadata-run.items", ADMIN | OFFICER | AUDITOR, false},
    {"pki.metadata-run.add", OFFICER, false},
    {"pki.metadata-run.cancel", OFFICER, false},
    {"pki.metadata.field", PERSONS, false},
    {"pki.metadata.define", ADMIN, false},
    {"pki.metadata.remove", ADMIN, false},
    {"pki.searches", PERSONS, false},
    {"pki.search", PERSONS, false},
    {"pki.search.save", PERSONS, false},
    {"pki.search.remove", PERSONS, false},
    {"pki.certificates", PERSONS, false},
    {"pki.certificates.statistics", ADMIN | OFFICER | AUDITOR, false},
    {"pki.certificates.import", ADMIN | OFFICER, false},
    {"pki.status", ADMIN | OFFICER | AUDITOR, false},
    {"pki.endpoints", ADMIN | OFFICER | AUDITOR, false},
    {"pki.endpoint", ADMIN | OFFICER | AUDITOR, false},
    {"pki.profiles", PERSONS | APP, false},
    {"pki.profile", PERSONS | APP, false},
    {"pki.request.submit", USER | CERT | APP_USER | APP_CERT | APP, false},
    {"pki.requests", PERSONS | APP, false},
    {"pki.request", PERSONS | APP, false},
    {"pki.request.status", PERSONS | APP, false},
    {"pki.request.decide", PERSONS | APP, false},
    {"pki.kra.transport", PERSONS, false},
    {"pki.info", PERSONS, false},
    {"pki.keyrequest.archive", PERSONS, false},
    {"pki.keyrequest.generate", PERSONS, false},
    {"pki.keyrequest.generate-token", PERSONS, false},
    {"pki.keyrequest.recovery", PERSONS, false},
    {"pki.keyrequests", PERSONS, false},
    {"pki.keyrequest", PERSONS, false},
    {"pki.keyrequest.status", PERSONS, false},
    {"pki.keyrequest.decide", PERSONS, false},
    {"pki.keys", PERSONS, false},
    {"pki.key", PERSONS, false},
    {"pki.key.retrieve", PERSONS, false},
    {"pki.key.status", PERSONS, false},
    {"pki.key.change", AGENT, false},
    {"csr.ca-template", PERSONS | SESSION, false},
    {"pki.cas", ALL, true},
    {"ca.certificate", ALL, true},
    {"crl", ALL, true},
    {"ocsp.post", ALL, true},
    {"ocsp.get", ALL, true},
    {"home", ALL, false},
    {"login", ALL, false},
    {"login.password", SESSION_LOGIN, false},
    {"login.certificate", SESSION_LOGIN, false},
    {"logout", SESSION, false},
    {"csr.upload", USER | CERT | APP_USER | APP_CERT | SESSIONS, false},
    {"csr.preview", USER | CERT | APP_USER | APP_CERT | SESSION, false},
    {"csr.process", USER | CERT | APP_USER | APP_CERT | APP | SESSION, false},
    {"requests", SESSIONS, false},
    {"request", SESSIONS, false},
    {"request.certificate", SESSIONS, false},
    {"request.approve", SESSION, false},
    {"request.reject", SESSION, false},
    {"request.cancel", SESSION, false},
    {"console", SESSIONS, false},
    {"console.audit", 0, false}, /* the session is alice's, who has no role */
    {"console.audit.verify", 0, false},
    {"console.certificates", SESSIONS, false},
    {"console.certificates.file", SESSIONS, false},
    {"console.search.save", SESSION, false},
    {"console.search.remove", SESSION, false},
    {"console.mine", SESSIONS, false},
    {"console.renew", SESSIONS, false},
    {"console.renew.do", SESSION, false},
    {"console.certificate", SESSIONS, false},
    {"console.certificate.file", SESSIONS, false},
    {"console.certificate.ask", SESSIONS, false},
    {"console.certificate.change", SESSION, false},
    {"pki.labels", ADMIN | OFFICER | AUDITOR, false},
    {"pki.messages", ADMIN | OFFICER | AUDITOR, false},
    {"pki.message.retry", ADMIN, false},
    {"pki.message.test", ADMIN, false},
    {"pki.users", ADMIN, false},
    {"pki.user.enable", ADMIN, false},
    {"pki.user.roles", ADMIN, false},
    {"pki.sessions", ADMIN, false},
    {"pki.sessions.end", ADMIN, false},
    {"pki.session.end", ADMIN, false},
    {"pki.authority.enable", ADMIN, false},
    {"pki.label.enable", ADMIN, false},
    {"pki.view-rules", ADMIN, false},
    {"pki.view-rule.add", ADMIN, false},
    {"pki.view-rule", ADMIN, false},
    {"pki.view-rule.remove", ADMIN, false},
    {"console.archive", SESSIONS, false},
    {"console.archived-key", SESSIONS, false},
    {"console.archived-key.change", 0, false},
    {"console.views", 0, false},
    {"console.view.add", 0, false},
    {"console.view", 0, false},
    {"console.view.remove", 0, false},
    {"console.labels", 0, false},
    {"console.runs", 0, false},
    {"console.run.add", 0, false},
    {"console.run.file", 0, false},
    {"console.run.new", 0, false},
    {"console.run", 0, false},
    {"console.run.cancel", 0, false},
    {"console.packages", 0, false},
    {"console.package.add", 0, false},
    {"console.package", 0, false},
    {"console.package.remove-ask", 0, false},
    {"console.package.remove", 0, false},
    {"console.messages", 0, false},
    {"console.message.retry", 0, false},
    {"console.message.test", 0, false},
    {"console.users", 0, false},
    {"console.user.enable", 0, false},
    {"console.user.roles", 0, false},
    {"console.sessions", 0, false},
    {"console.sessions.end", 0, false},
    {"console.session.end", 0, false},
    {"console.ca.enable", 0, false},
    {"console.ca.password", 0, false},
    {"console.label.enable", 0, false},
    {"console.keys", SESSIONS, false},
    {"console.key", SESSIONS, false},
    {"console.key.decide", SESSION, false},
    {"pki.applications", ADMIN, false},
    {"pki.application.create", ADMIN, false},
    {"pki.application.rotate", ADMIN, false},
    {"pki.application.enable", ADMIN, false},
    {"console.applications", 0, false},
    {"console.application.create", 0, false},
    {"console.application.rotate", 0, false},
    {"console.application.enable", 0, false},
    {"pki.templates", ADMIN | OFFICER | AUDITOR, false},
    {"pki.template", ADMIN | OFFICER | AUDITOR, false},
    {"console.templates", 0, false},
    {"console.template", 0, false},
    {"pki.authorities", ADMIN | OFFICER | AUDITOR, false},
    {"pki.authority", ADMIN | OFFICER | AUDITOR, false},
    {"console.endpoints", 0, false},
    {"console.endpoint", 0, false},
    {"console.cas", 0, false},
    {"console.ca", 0, false},
    {"console.ca.unlock", 0, false},
    {"console.ca.lock", 0, false},
    {"pki.jobs", ADMIN | OFFICER | AUDITOR, false},
    {"pki.job.run", ADMIN, false},
    {"console.certificate.remove-ask", 0, false},
    {"console.certificate.remove", 0, false},
    {"console.jobs", 0, false},
    {"console.job.run", 0, false},
    {"console.metadata", SESSIONS, false},
    {"console.metadata.change", SESSION, false},
    {"static", ALL, false},
    {"est.pal", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.pal", USER | CERT | APP_USER | APP_CERT, false},
    {"est.pal.page", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.pal.page", USER | CERT | APP_USER | APP_CERT, false},
    {"est.eecerts", ALL & ~(LOCALS | WRONG), false},
    {"est.label.eecerts", ALL & ~(LOCALS | WRONG), false},
    {"est.eecerts.one", ALL & ~(LOCALS | WRONG), false},
    {"est.label.eecerts.one", ALL & ~(LOCALS | WRONG), false},
    {"est.crls", ALL & ~(LOCALS | WRONG), false},
    {"est.label.crls", ALL & ~(LOCALS | WRONG), false},
    {"est.crls.one", ALL & ~(LOCALS | WRONG), false},
    {"est.label.crls.one", ALL & ~(LOCALS | WRONG), false},
    {"est.symmetrickeys", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.symmetrickeys", USER | CERT | APP_USER | APP_CERT, false},
    {"est.symmetrickeys.one", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.symmetrickeys.one", USER | CERT | APP_USER | APP_CERT, false},
    {"est.firmware", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.firmware", USER | CERT | APP_USER | APP_CERT, false},
    {"est.firmware.one", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.firmware.one", USER | CERT | APP_USER | APP_CERT, false},
    {"est.tamp", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.tamp", USER | CERT | APP_USER | APP_CERT, false},
    {"est.tamp.one", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.tamp.one", USER | CERT | APP_USER | APP_CERT, false},
    {"est.symmetrickeys.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.symmetrickeys.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.serverkeygen.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.serverkeygen.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.firmware.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.firmware.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.tamp.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.tamp.return", USER | CERT | APP_USER | APP_CERT, false},
    {"est.simpleenroll.outcome", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.simpleenroll.outcome", USER | CERT | APP_USER | APP_CERT, false},
    {"est.simplereenroll.outcome", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.simplereenroll.outcome", USER | CERT | APP_USER | APP_CERT, false},
    {"est.fullcmc.outcome", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.fullcmc.outcome", USER | CERT | APP_USER | APP_CERT, false},
    {"est.cacerts", ALL, false},
    {"est.label.cacerts", ALL, false},
    {"est.simpleenroll", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.simpleenroll", USER | CERT | APP_USER | APP_CERT, false},
    {"est.simplereenroll", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.simplereenroll", USER | CERT | APP_USER | APP_CERT, false},
    {"est.fullcmc", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.fullcmc", USER | CERT | APP_USER | APP_CERT, false},
    {"est.serverkeygen", USER | CERT | APP_USER | APP_CERT, false},
    {"est.label.serverkeygen", USER | CERT | APP_USER | APP_CERT, false},
    {"est.csrattrs", ALL, false},
    {"est.label.csrattrs", ALL, false},
    {"healthz", ALL, true},
    {"readyz", ALL, true},
    {"metrics", ALL, true},
};

/* What browsers say of the page that calls; the last ones are no pages of ours. */
static const struct {
	const char *origin, *site;
	bool is_ours;
} pages[] = {
    {NULL, NULL, true},
    {"https://gw.example", "same-origin", true},
    {NULL, "none", true},
    {"https://evil.example", "cross-site", false},
    {"https://evil.example", NULL, false},
    {"null", NULL, false},
    {NULL, "cross-site", false},
    {"https://intranet.example", "same-site", false},
};

static const unsigned char server_secret[32] = {7};
static struct gh_conf conf;
static struct worker_env env = {.conf = &conf, .server_secret = server_secret};
static struct auth_limiter *limiter;
static unsigned char *cert;
static int cert_len, reached;

static void
note(struct worker_env *e, const struct call *call, struct gh_http_reply *rep)
{
	(void)e;
	(void)call;
	reached++;
	gh_http_reply_text(rep, 200, "text/plain", NULL);
}

static void
note_all(struct worker_env *e, struct call_item *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		note(e, &calls[i].call, calls[i].rep);
}

static void
put_app(struct gh_buf *b, int id, const char *key, const char *more)
{
	unsigned char index[32];
	char *hex;

	catalog_key_index(server_secret, key, strlen(key), index);
	hex = gh_hex_encode(index, sizeof(index));
	gh_buf_putf(b,
	    "%s{\"id\":%d,\"name\":\"%s\",\"key_index\":\"%s\",\"templates\":[],\"ca\":\"ca\",\"enabled\":true,"
	    "\"min_hash\":\"SHA1\",\"signature_required\":false%s}",
	    id > 1 ? "," : "", id, key, hex, more);
	free(hex);
}

static void
make_cert(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
	    "otherName:msUPN;UTF8:alice@example.test");
	X509 *x = X509_new();

	assert_true(X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key) &&
	    X509_add_ext(x, san, -1) && X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 60) != NULL &&
	    X509_sign(x, key, EVP_sha256()) > 0);
	cert_len = i2d_X509(x, &cert);
	X509_EXTENSION_free(san);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* The value of a cookie that was set; behind what is there already. */
static void
take_cookie(const struct gh_http_reply *rep, size_t i)
{
	size_t n = strlen(cookies);

	snprintf(cookies + n, sizeof(cookies) - n, "%s%.*s", n > 0 ? "; " : "",
	    (int)strcspn(rep->header[i].value, ";"), rep->header[i].value);
}

/* alice logs in. */
static void
make_session(void)
{
	struct gh_http_field field = {"cookie", cookies};
	struct gh_http_request req = {.method = GH_HTTP_GET, .field = &field, .fields = 0};
	const struct call log_in = {.http = &req, .limiter = limiter};
	struct auth_result who;
	struct gh_http_reply rep = {0};
	struct gh_error err;

	assert_int_equal(auth_log_in(&env, limiter, &req, "alice", "secret-1", &who, &err), 0);
	assert_int_equal(session_start(&env, &log_in, &who, &rep, &err), 0);
	auth_result_clear(&who);
	assert_int_equal(login_token_make(&env, &req, &rep, login_token, &err), 0);
	take_cookie(&rep, 0);
	take_cookie(&rep, 1);
	gh_http_reply_clear(&rep);
	req.fields = 1;
	assert_int_equal(auth_check(&env, limiter, AUTH_SESSION, &req, &who, &err), 0);
	strcpy(token, who.session->token);
	auth_result_clear(&who);
}

static int
set_up(void **state)
{
	struct gh_error err;
	struct gh_buf b;
	gh_json *j;

	(void)state;
	conf.certenroll.prefixes = conf.directory.netbios_domain = conf.gateway.origins = "";
	conf.roles.admin_groups = conf.roles.officer_groups = conf.roles.auditor_groups =
	    conf.roles.agent_groups = "";
	conf.gateway.client_name = "upn";
	conf.gateway.client_mapping = "strong";
	conf.certenroll.denied_status = 403;
	conf.est.label = (char *)"devices";
	conf.est.digest = (char *)"sha256";
	gh_buf_init(&b, 65536);
	gh_buf_puts(&b, "{\"generation\":1,\"apps\":[");
	put_app(&b, 1, "plain", "");
	put_app(&b, 2, "service", ",\"service_identity\":\"alice\"");
	gh_buf_puts(&b,
	    "],\"est_labels\":[{\"id\":1,\"name\":\"devices\",\"enabled\":true,"
	    "\"settings\":{\"template\":\"User\",\"auth\":\"either\"}}]}");
	assert_int_equal(gh_json_parse((char *)b.data, b.len, GH_JSON_STRICT, &j, &err), 0);
	assert_int_equal(catalog_new(j, server_secret, &env.catalog, &err), 0);
	gh_json_free(j);
	gh_buf_free(&b);
	make_cert();
	conf.pages.session_idle = conf.pages.session_seconds = 900;
	if (auth_limiter_new(10000, 300, &limiter, &err) != 0)
		return -1;
	make_session();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	auth_limiter_free(limiter);
	catalog_free(env.catalog);
	OPENSSL_free(cert);
	return 0;
}

static char *
encoded(const char *text, const char *prefix)
{
	char *b64 = gh_base64_encode(text, strlen(text), GH_BASE64_ONE_LINE), *out;

	assert_true(asprintf(&out, "%s%s", prefix, b64) > 0);
	free(b64);
	return out;
}

/* Status of a call; whether the handler was reached is in reached. */
static int
call(const struct route *row, unsigned method, size_t who, size_t page, bool is_plain,
    bool in_batch)
{
	static const struct route_batch batch = {.run = note_all, .max = 1, .at_once = 1};
	struct route r = *row;
	struct route_match m = {.route = &r, .version = 3, .rest = ""};
	struct gh_http_field field[] = {{"origin", pages[page].origin},
	    {"sec-fetch-site", pages[page].site}, {"x-css-cms-appkey", NULL},
	    {"authorization", NULL}, {"cookie", callers[who].cookie},
	    {"x-csrf-token", callers[who].token}};
	char *key = NULL, *user = NULL;
	struct gh_http_request req = {.method = (enum gh_http_method)method,
	    .address = "127.0.0.1",
	    .is_plain = is_plain,
	    .path = (char *)"/",
	    .host = (char *)"gw.example",
	    .field = field,
	    .fields = 6,
	    .client_cert = callers[who].cert ? cert : NULL,
	    .client_cert_len = callers[who].cert ? (size_t)cert_len : 0,
	    .client_chain = callers[who].cert ? cert : NULL,
	    .client_chain_len = callers[who].cert ? (size_t)cert_len : 0};
	struct gh_http_reply rep = {0};
	struct route_trace trace = {0};
	int status;

	if (callers[who].app != NULL)
		field[2].value = key = encoded(callers[who].app, "");
	if (callers[who].user != NULL)
		field[3].value = user = encoded(callers[who].user, "Basic ");
	r.handler = note;
	reached = 0;
	if (in_batch)
		route_dispatch_batch(&env, limiter, &batch,
		    &(struct route_item){&m, &req, &rep, &trace, false}, 1);
	else
		route_dispatch(&env, limiter, &m, &req, &rep, &trace);
	status = rep.status;
	gh_http_reply_clear(&rep);
	free(key);
	free(user);
	return status;
}

/* Does this page get nothing at all of this row, whatever the method? */
static bool
is_shut_out(size_t row, size_t page)
{
	static const char *const searches[] = {"keyfactor.", "pki.certificates"};

	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++)
		if (strncmp(route_table[row].name, searches[i], strlen(searches[i])) == 0)
			return pages[page].site != NULL &&
			    strcmp(pages[page].site, "cross-site") == 0;
	return false;
}

static void
check(size_t row, unsigned method, size_t who, size_t page, bool is_plain, size_t p)
{
	bool is_safe = (method & ORIGIN_SAFE_METHODS) != 0, is_open = policy[p].who == ALL;
	/* what only reads needs no token */
	unsigned may = policy[p].who | (is_safe && (policy[p].who & SESSION) ? SESSIONS : 0);
	bool expected = (may & callers[who].bit) != 0 && (!is_plain || policy[p].plain) &&
	    (is_open || is_safe || pages[page].is_ours) && !is_shut_out(row, page);
	/* on either way, whether the row has a batch or not */
	int in_batch = call(&route_table[row], method, who, page, is_plain, true);
	int status = call(&route_table[row], method, who, page, is_plain, false);

	if (status != in_batch)
		fail_msg("%s, caller %x, page %zu: %d, in a batch %d", route_table[row].name,
		    callers[who].bit, page, status, in_batch);
	if (reached != expected || (status == 200) != expected)
		fail_msg("%s, method %u, caller %x, page %zu%s: %d", route_table[row].name, method,
		    callers[who].bit, page, is_plain ? ", without TLS" : "", status);
	/* a foreign page learns nothing of what its visitor may do */
	if (!expected && !is_plain && !is_open && !is_safe && !pages[page].is_ours && status != 403)
		fail_msg("%s, page %zu: %d", route_table[row].name, page, status);
}

static size_t
policy_of(const char *name)
{
	size_t i = 0;

	while (i < sizeof(policy) / sizeof(policy[0]) && strcmp(policy[i].name, name) != 0)
		i++;
	if (i == sizeof(policy) / sizeof(policy[0]))
		fail_msg("no policy for route %s", name);
	return i;
}

static void
access__every_route_caller_and_page(void **state)
{
	(void)state;
	for (size_t row = 0; row < route_table_len; row++) {
		size_t p = policy_of(route_table[row].name);

		for (unsigned method = GH_HTTP_GET; method <= GH_HTTP_DELETE; method <<= 1) {
			if ((route_table[row].methods & method) == 0)
				continue;
			for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]) *
				 sizeof(pages) / sizeof(pages[0]) * 2;
			     i++)
				check(row, method, i / 2 % (sizeof(callers) / sizeof(callers[0])),
				    i / 2 / (sizeof(callers) / sizeof(callers[0])), i % 2 == 1, p);
		}
	}
}

/* Who would have to be looked up gets no answer in a batch, and counts as no failure: he is called
 * alone, by a thread that may wait. Others do not notice. */
static void
access__slow_directory_holds_no_batch(void **state)
{
	size_t row = 0, user = 4, wrong = 10;

	(void)state;
	assert_int_equal(callers[user].bit, APP_USER);
	assert_int_equal(callers[wrong].bit, WRONG);
	while (strcmp(route_table[row].name, "certenroll.pkcs10") != 0)
		row++;
	assert_non_null(route_table[row].batch);
	assert_true(route_table[row].batch->has_threads);
	directory_is_slow = true;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(call(&route_table[row], GH_HTTP_POST, user, 0, false, true), 0);
		assert_int_equal(call(&route_table[row], GH_HTTP_POST, wrong, 0, false, true), 0);
		assert_int_equal(reached, 0);
	}
	assert_int_equal(call(&route_table[row], GH_HTTP_POST, user, 0, false, false), 503);
	directory_is_slow = false;
	assert_int_equal(call(&route_table[row], GH_HTTP_POST, user, 0, false, true), 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(access__every_route_caller_and_page),
	    cmocka_unit_test(access__slow_directory_holds_no_batch),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
