/* Policies of recovery, recorded and signed; who can write the database, or is a worker, gets no
 * key. Started by run_kra.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/pkcs12.h>

#include "encoding.h"
#include "hex.h"
#include "integration/kra_fixture.h"
#include "integration/proxy.h"
#include "kra/key_policy.h"
#include "store/key/key_seal.h"

/* An agent of signed policies. */
struct signer {
	EVP_PKEY *key;
	X509 *cert;
	unsigned char *der;
	size_t len;
};
static struct signer of_carol, of_dave;

static void
signer_make(struct signer *s, long serial)
{
	*s = (struct signer){.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	ASN1_INTEGER_set(X509_get_serialNumber(s->cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(s->cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(s->cert), 3600);
	X509_set_pubkey(s->cert, s->key);
	assert_int_not_equal(X509_sign(s->cert, s->key, EVP_sha256()), 0);
	s->len = (size_t)i2d_X509(s->cert, &s->der);
}

static void
signer_free(struct signer *s)
{
	EVP_PKEY_free(s->key);
	X509_free(s->cert);
	OPENSSL_free(s->der);
}

/* --- policies --------------------------------------------------------------------------------- */

static int
set_spec(const char *text, uint64_t *revision)
{
	struct admin_signer admin = admin_signer_start(&w.sp);
	gh_json *spec;
	int rc;

	ok(gh_json_parse(text, strlen(text), GH_JSON_STRICT, &spec, &err));
	rc = key_policy_set(w.db, admin.client, &fixture_admin, spec, revision, &err);
	assert_int_equal(admin_signer_stop(&admin), 0);
	gh_json_free(spec);
	return rc;
}

/* Of carol and dave, two approvals. */
static void
set_policy(const char *name, bool is_signed)
{
	char *of[] = {gh_base64_encode(of_carol.der, of_carol.len, GH_BASE64_ONE_LINE),
	    gh_base64_encode(of_dave.der, of_dave.len, GH_BASE64_ONE_LINE)};
	uint64_t revision;
	char spec[4096];

	snprintf(spec, sizeof(spec),
	    "{\"name\":\"%s\",\"required\":2,\"signed\":%s,\"agents\":[{\"id\":\"%s\",\"name\":\"carol\","
	    "\"certificate\":\"%s\"},{\"id\":\"%s\",\"certificate\":\"%s\"}]}",
	    name, is_signed ? "true" : "false", carol.id, of[0], dave.id, of[1]);
	ok(set_spec(spec, &revision));
	assert_int_equal(revision, 1);
	free(of[0]);
	free(of[1]);
}

static void
policy__next_revision(void **state)
{
	static const char spec[] =
	    "{\"name\":\"again\",\"required\":1,\"agents\":[{\"id\":\"id-of-carol\"}]}";
	uint64_t revision;

	(void)state;
	ok(set_spec(spec, &revision));
	ok(set_spec(spec, &revision));
	assert_int_equal(revision, 2);
	assert_int_equal(count("SELECT count(*) FROM kra_policy"), 1);
	assert_int_equal(audited("kra.policy-set"), 2);
}

static void
policy__that_is_none(void **state)
{
#define AGENTS "\"agents\":[{\"id\":\"a\"},{\"id\":\"b\"}]"
	static const char *const bad[] = {"[]", "{\"name\":\"p\",\"required\":1}",
	    "{\"required\":1," AGENTS "}", "{\"name\":\"\",\"required\":1," AGENTS "}",
	    "{\"name\":\"p\"," AGENTS "}", "{\"name\":\"p\",\"required\":0," AGENTS "}",
	    "{\"name\":\"p\",\"required\":17," AGENTS "}",
	    "{\"name\":\"p\",\"required\":3," AGENTS "}",
	    "{\"name\":\"p\",\"required\":1,\"agents\":[{\"id\":\"a\"},{\"id\":\"a\"}]}",
	    "{\"name\":\"p\",\"required\":1,\"agents\":[{\"name\":\"a\"}]}",
	    "{\"name\":\"p\",\"required\":1,\"requester_count\":true," AGENTS "}",
	    "{\"name\":\"p\",\"required\":1,\"signed\":1," AGENTS "}",
	    "{\"name\":\"p\",\"required\":1,\"signed\":true," AGENTS "}",
	    "{\"name\":\"p\",\"required\":1,\"signed\":true,\"agents\":[{\"id\":\"a\",\"certificate\":\"MAA=\"}]}"};
	uint64_t revision;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (set_spec(bad[i], &revision) != GH_E_VALIDATION)
			fail_msg("%s: %s", bad[i], err.detail);
	assert_int_equal(count("SELECT count(*) FROM kra_policy"), 0);
}

static void
policy__recorded(void **state)
{
	struct requester erin = AGENT("erin");
	char id[GH_UUID_TEXT_SIZE];
	enum key_state now;
	int64_t request;

	(void)state;
	set_policy("two", false);
	archive(NULL, "two", id);
	assert_int_equal(request_recovery(&carol, id, &request), KEY_PENDING);
	refused(GH_E_FORBIDDEN, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	refused(GH_E_FORBIDDEN, decide(&w.means, &erin, KEY_APPROVE, request, NULL));
	refused(GH_E_FORBIDDEN, decide(&w.means, &erin, KEY_REJECT, request, NULL));
	ok(decide(&w.means, &dave, KEY_APPROVE, request, NULL));
	retrieve_refused(GH_E_CONFLICT, &carol, request);
	assert_int_equal(request_recovery(&alice, id, &request), KEY_PENDING);
	ok(decide(&w.means, &carol, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_PENDING);
	ok(decide(&w.means, &dave, KEY_APPROVE, request, &now));
	assert_int_equal(now, KEY_APPROVED);
	retrieve_ok(&alice, request, false);
	assert_int_equal(audited("kra.policy-set"), 1);
}

/* --- signed ----------------------------------------------------------------------------------- */

/* alice asks; c: what the key is to be wrapped in. */
static int64_t
ask_signed(const char *key_id, struct kra_client *c)
{
	struct kra_release release = {.form = KRA_WRAPPED};
	const struct key_recovery_ask a = {.key_id = key_id, .release = &release};
	struct store_key_request r;
	int64_t id;

	client_open_as(c, w.transport, true);
	release.wrapping = c->wrapping;
	ok(key_recovery_request(&w.means, &alice, &a, &r, &err));
	assert_int_equal(r.state, KEY_PENDING);
	id = r.id;
	store_key_request_clear(&r);
	return id;
}

/* docs/kra.md, of what anybody who may see the request is shown. */
static void
approval_of(int64_t request, char text[1024])
{
	gh_json *r;

	ok(key_view_request(&w.means, &carol, request, &r, &err));
	snprintf(text, 1024,
	    "gatehouse key recovery 1\nkey: %s\nrequest: %lld\nrequester: %s\nwrapping: %s\nuntil: %s\n",
	    gh_json_string(gh_json_get(r, "key_id")), (long long)request,
	    gh_json_string(gh_json_get(r, "requester_id")),
	    gh_json_string(gh_json_get(r, "wrapping_sha256")),
	    gh_json_string(gh_json_get(r, "expires_at")));
	gh_json_free(r);
}

static int
approve_signed(const struct requester *who, const struct signer *s, int64_t request,
    const char *text)
{
	BIO *in = BIO_new_mem_buf(text, -1);
	CMS_ContentInfo *cms = CMS_sign(s->cert, s->key, NULL, in, CMS_BINARY | CMS_DETACHED);
	struct store_key_step step = {.id = request};
	struct store_key_request r;
	unsigned char *der = NULL;
	int rc;

	assert_non_null(cms);
	step.signature = DER(NULL, (size_t)i2d_CMS_ContentInfo(cms, &der));
	step.signature.p = der;
	rc = key_recovery_decide(&w.means, who, KEY_APPROVE, &step, &r, &err);
	store_key_request_clear(&r);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return rc;
}

static int
retrieve_signed(int64_t request, struct kra_client *c)
{
	const struct key_retrieval f = {.id = request};
	struct key_retrieved out;
	int rc = key_recovery_retrieve(&w.means, &alice, &f, &out, &err);

	if (rc == 0)
		client_assert_opens(c, &out, lost.pkcs8, lost.pkcs8_len);
	else
		assert_null(out.secret.p);
	key_retrieved_clear(&out);
	return rc;
}

static void
policy__signed(void **state)
{
	struct key_recovery_ask a = {0};
	char id[GH_UUID_TEXT_SIZE], text[1024];
	struct store_key_request r;
	struct kra_client c;
	int64_t request;

	(void)state;
	set_policy("signed", true);
	archive(NULL, "signed", id);
	a.key_id = id;
	refused(GH_E_VALIDATION, key_recovery_request(&w.means, &alice, &a, &r, &err));
	request = ask_signed(id, &c);
	approval_of(request, text);
	refused(GH_E_VALIDATION, decide(&w.means, &carol, KEY_APPROVE, request, NULL));
	ok(approve_signed(&carol, &of_carol, request, text));
	ok(approve_signed(&dave, &of_dave, request, text));
	ok(retrieve_signed(request, &c));
	ok(retrieve_signed(request, &c));
}

/* A signature that would not count is refused while its agent is there, and spoils nothing. */
static void
policy__bad_signature_is_refused_at_once(void **state)
{
	char id[GH_UUID_TEXT_SIZE], text[1024], of_another[1024];
	struct store_key_step junk = {.signature = TEXT("no CMS")};
	struct store_key_request r;
	struct signer stranger;
	struct kra_client c, d;

	(void)state;
	set_policy("signed", true);
	archive(NULL, "signed", id);
	junk.id = ask_signed(id, &c);
	approval_of(junk.id, text);
	approval_of(ask_signed(id, &d), of_another);
	signer_make(&stranger, 1);
	refused(GH_E_VALIDATION,
	    key_recovery_decide(&w.means, &carol, KEY_APPROVE, &junk, &r, &err));
	assert_string_equal(err.message, "The approval is not a CMS SignedData.");
	refused(GH_E_VALIDATION, approve_signed(&carol, &of_carol, junk.id, of_another));
	assert_string_equal(err.message,
	    "The approval is not signed by an agent for this recovery.");
	refused(GH_E_VALIDATION, approve_signed(&carol, &stranger, junk.id, text));
	refused(GH_E_VALIDATION, approve_signed(&carol, &of_dave, junk.id, text));
	assert_string_equal(err.message,
	    "The approval is signed with the certificate of another agent than you.");
	assert_int_equal(count("SELECT count(*) FROM key_approval"), 0);
	assert_int_equal(audited("key.decision-refused"), 4);
	ok(approve_signed(&carol, &of_carol, junk.id, text));
	ok(approve_signed(&dave, &of_dave, junk.id, text));
	ok(retrieve_signed(junk.id, &c));
	signer_free(&stranger);
}

/* A worker that was taken over knows the gateway secret: rows as they stand are sealed. */
static void
seal_as_worker(int64_t request)
{
	struct store_key_request r;
	char sql[512], hex[65];

	ok(store_get_key_request(w.db, request, &r, &err));
	snprintf(sql, sizeof(sql),
	    "UPDATE key_request SET mac = decode('%s', 'hex') WHERE id = %lld",
	    gh_hex_lower(r.mac, sizeof(r.mac), hex), (long long)request);
	count(sql);
	store_key_request_clear(&r);
}

static void
seal_approval_as_worker(int64_t request, const struct requester *agent, const char *signature)
{
	const struct key_seal_approval a = {.agent_id = agent->id,
	    .agent = agent->name,
	    .signature = {NULL, 0}};
	struct key_seal_approval it = a;
	struct store_key_request r;
	unsigned char mac[ROW_SEAL_SIZE], *der;
	char sql[20000], hex[65];
	size_t n;

	ok(gh_base64_decode(signature, strlen(signature), &der, &n, &err));
	it.signature = (struct gh_der){der, n};
	ok(store_get_key_request(w.db, request, &r, &err));
	ok(key_seal_approval(w.db, request, r.mac, &it, mac, &err));
	snprintf(sql, sizeof(sql),
	    "INSERT INTO key_approval (request_id, agent_id, agent, signature, mac) VALUES (%lld, '%s', '%s', "
	    "decode('%s', 'base64'), decode('%s', 'hex')) ON CONFLICT (request_id, agent_id) DO UPDATE SET mac = excluded.mac",
	    (long long)request, agent->id, agent->name, signature,
	    gh_hex_lower(mac, sizeof(mac), hex));
	count(sql);
	store_key_request_clear(&r);
	free(der);
}

/* Whoever writes the database, and has a worker, makes a request approved, and the policy weak: the
 * KRA counts itself, by the policy that it has sealed. */
static void
policy__signed_counts_against_database_and_worker(void **state)
{
	char signature[16384];
	char id[GH_UUID_TEXT_SIZE], text[1024];
	struct kra_client c;
	int64_t request;

	(void)state;
	set_policy("strong", true);
	archive(NULL, "strong", id);
	request = ask_signed(id, &c);
	approval_of(request, text);
	ok(approve_signed(&carol, &of_carol, request, text));
	count("UPDATE key_request SET state = 'approved', required = 1 WHERE type = 'recovery'");
	count(
	    "UPDATE kra_policy SET body = body || '{\\\"signed\\\": false, \\\"required\\\": 1}'");
	query("SELECT translate(encode(signature, 'base64'), chr(10), '') FROM key_approval",
	    signature, sizeof(signature));
	seal_as_worker(request);
	seal_approval_as_worker(request, &carol, signature);
	refused(GH_E_CONFLICT, retrieve_signed(request, &c));
	assert_string_equal(err.detail, "signer: 1 of 2 agents have approved.");
	/* the same signature under another agent's name */
	count("UPDATE key_request SET required = 2, approvals = 2 WHERE type = 'recovery'");
	seal_as_worker(request);
	seal_approval_as_worker(request, &carol, signature);
	seal_approval_as_worker(request, &dave, signature);
	refused(GH_E_CONFLICT, retrieve_signed(request, &c));
	assert_string_equal(err.detail, "signer: 1 of 2 agents have approved.");
	/* as if approvals were recorded ones */
	count("DELETE FROM key_approval");
	count(
	    "UPDATE key_request SET is_signed = false, required = 1, approvals = 0 WHERE type = 'recovery'");
	assert_int_equal(audited("key.recovered"), 0);
	/* without a policy, or with another one, it is another secret */
	count("UPDATE archived_key SET policy = ''");
	count("UPDATE key_request SET required = 0 WHERE type = 'recovery'");
	seal_as_worker(request);
	refused(GH_E_SIGNER, retrieve_signed(request, &c));
}

/* Nor does a signature for one wrapping give the key to who sent another. */
static void
policy__signed_for_one_wrapping(void **state)
{
	static const char sql_of_carol[] =
	    "SELECT translate(encode(signature, 'base64'), chr(10), '') FROM key_approval WHERE agent = 'carol'";
	static const char sql_of_dave[] =
	    "SELECT translate(encode(signature, 'base64'), chr(10), '') FROM key_approval WHERE agent = 'dave'";
	char id[GH_UUID_TEXT_SIZE], text[1024], sql[256], signature[16384];
	struct kra_client c, thief;
	int64_t request, other;

	(void)state;
	set_policy("bound", true);
	archive(NULL, "bound", id);
	request = ask_signed(id, &c);
	other = ask_signed(id, &thief);
	approval_of(request, text);
	ok(approve_signed(&carol, &of_carol, request, text));
	ok(approve_signed(&dave, &of_dave, request, text));
	snprintf(sql, sizeof(sql),
	    "UPDATE key_request SET wrapping = (SELECT wrapping FROM key_request WHERE id = %lld) WHERE id = %lld",
	    (long long)other, (long long)request);
	count(sql);
	seal_as_worker(request);
	for (int i = 0; i < 2; i++) {
		query(i == 0 ? sql_of_carol : sql_of_dave, signature, sizeof(signature));
		seal_approval_as_worker(request, i == 0 ? &carol : &dave, signature);
	}
	refused(GH_E_VALIDATION, retrieve_signed(request, &thief));
	assert_int_equal(audited("key.recovered"), 0);
}

/* --- lost answers ----------------------------------------------------------------------------- */

/* Each step whose answer is lost is found, and not done twice. */
static void
answers__lost(void **state)
{
	char conninfo[PROXY_CONNINFO_SIZE], id[GH_UUID_TEXT_SIZE];
	struct store_key_request r;
	struct store *lossy;
	struct store_key_step s = {0};
	bool is_repeated;

	(void)state;
	start_proxy(conninfo);
	lossy = open_store_at(conninfo, DATABASE_MS);
	w.means.rules.required = 2;
	archive(NULL, NULL, id);
	request_recovery(&alice, id, &s.id);
	ok(store_get_key_request(w.db, s.id, &r, &err));
	for (int i = 0; i < 4; i++) {
		ok(store_ping(lossy, &err)); /* connected: the next question is the statement */
		atomic_store(&proxy.lose, true);
		if (i < 2)
			ok(store_approve_key_request(lossy, i == 0 ? &carol : &dave, &r, &s, &err));
		else
			ok(store_release_key(lossy, &alice, &s, 600, &is_repeated, &err));
		assert_int_equal(atomic_load(&proxy.lost), i + 1);
		/* 1 and 3: that of the statement, which is prepared already */
	}
	assert_int_equal(count("SELECT count(*) FROM key_approval"), 2);
	assert_int_equal(count("SELECT approvals FROM key_request WHERE type = 'recovery'"), 2);
	assert_int_equal(audited("key.recovery-approved"), 2);
	assert_int_equal(audited("key.recovered"), 1);
	assert_int_equal(audited("key.recovered-again"), 1);
	store_key_request_clear(&r);
	store_free(lossy);
	stop_proxy();
}

static void
answers__lost_of_new_rows(void **state)
{
	char conninfo[PROXY_CONNINFO_SIZE], id[GH_UUID_TEXT_SIZE];
	struct store_archived_key k;
	struct store_new_key n = {.key = &k, .type = "archival"};
	struct store_new_key_request r = {.required = 2, .expiry = 60};
	struct store *lossy;
	int64_t request;

	(void)state;
	archive("laptop", NULL, id);
	ok(store_get_archived_key(w.db, id, &k, &err));
	r.key = &k;
	start_proxy(conninfo);
	atomic_store(&proxy.lost, 0);
	atomic_store(&proxy.skip, 0);
	lossy = open_store_at(conninfo, DATABASE_MS);
	for (int i = 0; i < 2; i++) { /* the first ones prepare the statements */
		snprintf(k.client_id, sizeof(k.client_id), "laptop %d", i);
		k.id[0] = (char)(i == 0 ? 'a' : 'b');
		k.id[1] = k.id[1] == 'a' ? 'b' : 'a';
		atomic_store(&proxy.lose, i == 1);
		ok(store_add_archived_key(lossy, &alice, &n, &request, &err));
		assert_true(request > 0);
	}
	assert_int_equal(count("SELECT count(*) FROM archived_key"), 3);
	assert_int_equal(audited("key.archived"), 3);
	for (int i = 0; i < 2; i++) {
		ok(store_ping(lossy, &err));
		atomic_store(&proxy.skip, 1); /* that of the id */
		atomic_store(&proxy.lose, i == 1);
		ok(store_add_key_request(lossy, &alice, &r, &request, &err));
		assert_true(request > 0);
	}
	assert_int_equal(atomic_load(&proxy.lost), 2);
	assert_int_equal(count("SELECT count(*) FROM key_request WHERE type = 'recovery'"), 2);
	store_archived_key_clear(&k);
	store_free(lossy);
	stop_proxy();
}

/* --- the KRA's own keys ----------------------------------------------------------------------- */

/* Whoever writes the database makes nobody wrap for a key of his. */
static void
transport__not_the_kras(void **state)
{
	EVP_PKEY *evil = EVP_EC_gen("P-256");
	unsigned char *spki = NULL, sha256[32];
	char sql[2048], hex[512], id[65];
	struct store_kra_key k;
	int n = i2d_PUBKEY(evil, &spki);

	(void)state;
	ok(kra_keys_current(&w.means, STORE_KRA_TRANSPORT, &k, &err));
	store_kra_key_clear(&k);
	assert_true(gh_digest(GH_SHA256, spki, (size_t)n, sha256));
	count("CREATE TABLE kept AS SELECT * FROM kra_key");
	snprintf(sql, sizeof(sql),
	    "UPDATE kra_key SET spki = decode('%s', 'hex'), spki_sha256 = decode('%s', 'hex') WHERE kind = 'transport'",
	    gh_hex_lower(spki, (size_t)n, hex), gh_hex_lower(sha256, 32, id));
	count(sql);
	refused(GH_E_SEAL, kra_keys_current(&w.means, STORE_KRA_TRANSPORT, &k, &err));
	assert_null(k.spki.p);
	count(
	    "UPDATE kra_key SET spki = kept.spki, spki_sha256 = kept.spki_sha256 FROM kept WHERE kept.id = kra_key.id");
	snprintf(sql, sizeof(sql),
	    "UPDATE kra_key SET certificate = decode('%s', 'hex') WHERE kind = 'transport'",
	    "3000");
	count(sql);
	refused(GH_E_SEAL, kra_keys_current(&w.means, STORE_KRA_TRANSPORT, &k, &err));
	count("UPDATE kra_key SET certificate = NULL");
	count("DROP TABLE kept");
	OPENSSL_free(spki);
	EVP_PKEY_free(evil);
}

static void
transport__whose_certificate_has_ended(void **state)
{
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	count(
	    "UPDATE kra_key SET not_after = now() - interval '1 minute' WHERE kind = 'transport'");
	refused(GH_E_VALIDATION, key_archive(&w.means, &alice, &a, id, &request, &err));
	count("UPDATE kra_key SET not_after = NULL");
	ok(key_archive(&w.means, &alice, &a, id, &request, &err));
}

static void
kra__none(void **state)
{
	struct kra_means m = {.store = w.db, .rules = w.means.rules};
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	char id[GH_UUID_TEXT_SIZE];
	int64_t request;

	(void)state;
	refused(GH_E_CA_UNAVAILABLE, key_archive(&m, &alice, &a, id, &request, &err));
	count("CREATE TABLE kept AS SELECT * FROM kra_key");
	count("UPDATE kra_key SET state = 'retired'");
	refused(GH_E_CA_UNAVAILABLE, key_archive(&w.means, &alice, &a, id, &request, &err));
	count("UPDATE kra_key SET state = kept.state FROM kept WHERE kept.id = kra_key.id");
	count("DROP TABLE kept");
	ok(key_archive(&w.means, &alice, &a, id, &request, &err));
}

/* --- PKCS#12 ---------------------------------------------------------------------------------- */

/* A certificate of the lost key, in the inventory; its id. */
static int64_t
certify(void)
{
	const unsigned char *p = lost.spki;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)lost.spki_len);
	X509 *x = fixture_cert("alice", NULL);
	unsigned char *der = NULL, sha256[32];
	char sql[4096], hex[2049], spki[65];
	int n;

	X509_set_pubkey(x, key);
	X509_sign(x, fixture_key, EVP_sha256());
	n = i2d_X509(x, &der);
	assert_true(n > 0 && n <= 1024);
	assert_true(gh_digest(GH_SHA256, lost.spki, lost.spki_len, sha256));
	snprintf(sql, sizeof(sql),
	    "INSERT INTO certificate (ca_id, serial, request_id, subject, sans, requester, status, not_before, not_after, "
	    "sha1, sha256, spki_sha256, der) VALUES (%lld, '1', 1, 'CN=a', '{}', 'alice', 20, now(), now(), 'a', 'b', "
	    "decode('%s', 'hex'), decode('%s', 'hex')) RETURNING id",
	    (long long)fixture_ca.id, gh_hex_lower(sha256, 32, spki),
	    gh_hex_lower(der, (size_t)n, hex));
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	return count(sql);
}

static void
retrieval__as_pkcs12(void **state)
{
	struct ca *one[] = {&fixture_ca};
	const struct ca_set cas = {.ca = one, .n = 1};
	struct kra_client c;
	struct kra_release release = {.form = KRA_PKCS12,
	    .name = TEXT("alice"),
	    .iterations = 2048};
	struct key_recovery_ask a = {.release = &release};
	struct key_retrieval f = {0};
	struct store_key_request r;
	struct key_retrieved out;
	char id[GH_UUID_TEXT_SIZE];
	const unsigned char *p;
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key;
	PKCS12 *p12;
	X509 *cert;

	(void)state;
	assert_int_equal(fixture_open("issuing"), 0);
	fixture_ca.id = 815;
	w.means.cas = &cas;
	archive(NULL, NULL, id);
	a.certificate_id = certify();
	client_open(&c, w.transport);
	client_seal(&c, "geheim", 6);
	release.wrapping = c.wrapping;
	release.iv = DER(c.iv, sizeof(c.iv));
	release.password = DER(c.cipher, c.cipher_len);
	ok(key_recovery_request(&w.means, &carol, &a, &r, &err));
	f.id = r.id;
	store_key_request_clear(&r);
	ok(key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	p = out.secret.p;
	assert_non_null(p12 = d2i_PKCS12(NULL, &p, (long)out.secret.len));
	assert_int_equal(PKCS12_parse(p12, "geheim", &key, &cert, &chain), 1);
	assert_int_equal(X509_check_private_key(cert, key), 1);
	assert_int_equal(sk_X509_num(chain), 1);
	assert_int_equal(X509_cmp(sk_X509_value(chain, 0), fixture_ca.cert), 0);
	PKCS12_free(p12);
	EVP_PKEY_free(key);
	X509_free(cert);
	sk_X509_pop_free(chain, X509_free);
	key_retrieved_clear(&out);
	w.means.cas = NULL;
	fixture_close();
}

/* A wrapping that the KRA cannot open is the requester's mistake, and costs him nothing. */
static void
retrieval__in_what_does_not_fit(void **state)
{
	struct kra_release release = {.form = KRA_WRAPPED};
	struct key_retrieval f = {.release = &release};
	struct key_retrieved out;
	struct kra_client c;
	char id[GH_UUID_TEXT_SIZE];

	(void)state;
	archive(NULL, NULL, id);
	request_recovery(&carol, id, &f.id);
	client_open(&c, w.transport);
	release.wrapping = c.wrapping;
	c.wrapped[5] ^= 1;
	refused(GH_E_VALIDATION, key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	c.wrapped[5] ^= 1;
	release.wrapping.payload_alg = TEXT("AES-256-KW"); /* 138 octets are no multiple of 8 */
	refused(GH_E_VALIDATION, key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	release.form = KRA_PKCS12;
	refused(GH_E_VALIDATION, key_recovery_retrieve(&w.means, &carol, &f, &out, &err));
	retrieve_ok(&carol, f.id, false);
}

/* ------------------------------------------------------------------------------------------------
 */

static int
open_all(void **state)
{
	signer_make(&of_carol, 1);
	signer_make(&of_dave, 2);
	return open_people(state);
}

static int
close_all(void **state)
{
	signer_free(&of_carol);
	signer_free(&of_dave);
	return close_people(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    test(policy__next_revision),
	    test(policy__that_is_none),
	    test(policy__recorded),
	    test(policy__signed),
	    test(policy__bad_signature_is_refused_at_once),
	    test(policy__signed_counts_against_database_and_worker),
	    test(policy__signed_for_one_wrapping),
	    test(answers__lost),
	    test(answers__lost_of_new_rows),
	    test(transport__not_the_kras),
	    test(transport__whose_certificate_has_ended),
	    test(kra__none),
	    test(retrieval__as_pkcs12),
	    test(retrieval__in_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
