/* A KRA as a gateway has it: a database, a signer whose role is KRA, its keys as rows, and what a
 * client does, with OpenSSL alone. */
#ifndef KRA_FIXTURE_H
#define KRA_FIXTURE_H

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ca-backend/signer_process.h"
#include "digest.h"
#include "integration/database.h"
#include "kra/key_archive.h"
#include "kra/key_recovery.h"
#include "kra/key_view.h"
#include "kra/kra_keys.h"
#include "store/key/kra_key.h"
#include "store/key/kra_key_change.h"

#define DATABASE_MS 5000
#define SECRET_MAX 4096

struct kra_world {
	struct store *db;
	struct signer_process sp;
	struct signer_client *kra;
	struct kra_means means;
	EVP_PKEY *transport; /* public */
};

/* --- the KRA ---------------------------------------------------------------------------------- */

/* Without a CA: the transport key has no certificate. */
static inline void
kra_make_keys(struct kra_world *w, struct admin_signer *admin)
{
	const struct kra_create_key storage = {.is_storage = true, .key_alg = "P-256"},
				    transport = {.key_alg = "RSA-2048"};
	struct signer_blob spki[2], sealed[2];
	const unsigned char *p;

	ok(kra_client_create_key(admin->client, &storage, &spki[0], &sealed[0], &err));
	ok(kra_client_create_key(admin->client, &transport, &spki[1], &sealed[1], &err));
	ok(store_create_kra(w->db, &fixture_admin,
	    &(struct store_new_kra_key){.spki = {spki[0].p, spki[0].len},
		.sealed = {sealed[0].p, sealed[0].len}},
	    &(struct store_new_kra_key){.spki = {spki[1].p, spki[1].len},
		.sealed = {sealed[1].p, sealed[1].len}},
	    &err));
	p = spki[1].p;
	w->transport = d2i_PUBKEY(NULL, &p, (long)spki[1].len);
	for (int i = 0; i < 2; i++) {
		free(spki[i].p);
		free(sealed[i].p);
	}
}

static inline void
kra_world_open(struct kra_world *w)
{
	struct admin_signer admin;
	int applied;

	memset(w, 0, sizeof(*w));
	w->db = open_store_at(getenv("PGCONNINFO"), DATABASE_MS);
	ok(store_migrate(w->db, &applied, &err));
	count("DELETE FROM kra_key"); /* of another program's KRA */
	signer_process_new(&w->sp);
	w->sp.role = "kra";
	signer_process_start(&w->sp, "32");
	w->kra = signer_process_client(&w->sp);
	admin = admin_signer_start(&w->sp);
	kra_make_keys(w, &admin);
	assert_int_equal(admin_signer_stop(&admin), 0);
	w->means = (struct kra_means){.store = w->db,
	    .kra = w->kra,
	    .rules = {.required = 1, .request_expiry = 3600, .repeat = 600}};
}

static inline void
kra_world_close(struct kra_world *w)
{
	signer_client_free(w->kra);
	signer_process_free(&w->sp);
	EVP_PKEY_free(w->transport);
	store_free(w->db);
}

/* --- a client --------------------------------------------------------------------------------- */

#define DER(p, n) ((struct gh_der){(const unsigned char *)(p), (n)})
#define TEXT(s) DER(s, strlen(s))

/* A session key, wrapped for the transport key; and a private key that somebody will lose. */
struct kra_client {
	unsigned char key[32], wrapped[512], iv[12], cipher[SECRET_MAX];
	size_t wrapped_len, cipher_len;
	struct kra_wrapping wrapping;
};

static inline void
client_open_as(struct kra_client *c, EVP_PKEY *transport, bool is_release)
{
	static const char name[] = "RSA-OAEP-256-RELEASE";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(transport, NULL);

	memset(c, 0, sizeof(*c));
	c->wrapped_len = sizeof(c->wrapped);
	assert_int_equal(RAND_bytes(c->key, sizeof(c->key)), 1);
	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
	if (is_release)
		assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(name),
				     (int)strlen(name)),
		    1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, c->wrapped, &c->wrapped_len, c->key, 32), 1);
	EVP_PKEY_CTX_free(ctx);
	c->wrapping =
	    (struct kra_wrapping){.key_alg = is_release ? TEXT(name) : TEXT("RSA-OAEP-256"),
		.wrapped_key = DER(c->wrapped, c->wrapped_len),
		.payload_alg = TEXT("AES-256-GCM")};
}

static inline void
client_open(struct kra_client *c, EVP_PKEY *transport)
{
	client_open_as(c, transport, false);
}

/* Into cipher, tag behind it. */
static inline void
client_seal(struct kra_client *c, const void *secret, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, end;

	assert_true(len + 16 <= sizeof(c->cipher));
	assert_int_equal(RAND_bytes(c->iv, sizeof(c->iv)), 1);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, c->key, c->iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, c->cipher, &n, secret, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, c->cipher + n, &end), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, c->cipher + len), 1);
	c->cipher_len = len + 16;
	EVP_CIPHER_CTX_free(ctx);
}

/* What the KRA gave opens under the session key, and is this. */
static inline void
client_assert_opens(const struct kra_client *c, const struct key_retrieved *r, const void *secret,
    size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char out[SECRET_MAX];
	int n, end;

	assert_int_equal(r->secret.len, len + 16);
	assert_int_equal(r->iv.len, 12);
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, c->key, r->iv.p), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, out, &n, r->secret.p, (int)len), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, r->secret.p + len), 1);
	assert_int_equal(EVP_DecryptFinal_ex(ctx, out + n, &end), 1);
	assert_memory_equal(out, secret, len);
	EVP_CIPHER_CTX_free(ctx);
}

/* A private key, as PKCS#8 and SubjectPublicKeyInfo. */
struct lost_key {
	unsigned char *pkcs8, *spki;
	size_t pkcs8_len, spki_len;
};

static inline void
lost_key_make(struct lost_key *k)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);

	memset(k, 0, sizeof(*k));
	k->pkcs8_len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &k->pkcs8);
	k->spki_len = (size_t)i2d_PUBKEY(key, &k->spki);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
}

static inline void
lost_key_free(struct lost_key *k)
{
	OPENSSL_clear_free(k->pkcs8, k->pkcs8_len);
	OPENSSL_free(k->spki);
}

/* --- people ----------------------------------------------------------------------------------- */

static inline struct requester
person(const char *name, unsigned roles)
{
	struct requester who = {.kind = REQUESTER_DIRECTORY, .roles = roles};

	snprintf(who.name, sizeof(who.name), "%s", name);
	snprintf(who.dn, sizeof(who.dn), "cn=%s,dc=test", name);
	snprintf(who.id, sizeof(who.id), "id-of-%s", name);
	return who;
}
#define AGENT(name) person(name, REQUESTER_ROLE_AGENT)

/* --- what tests do ---------------------------------------------------------------------------- */

/* alice owns the keys, mallory is nobody, carol and dave are agents. */
static struct kra_world w;
static struct lost_key lost;
static struct requester alice, mallory, carol, dave;

#define refused(code, call) assert_int_equal(call, code)

static inline struct key_archive_ask
asking(struct kra_client *c)
{
	client_open(c, w.transport);
	client_seal(c, lost.pkcs8, lost.pkcs8_len);
	return (struct key_archive_ask){.kind = KRA_ASYMMETRIC,
	    .spki = {lost.spki, lost.spki_len},
	    .wrapping = c->wrapping,
	    .iv = {c->iv, sizeof(c->iv)},
	    .cipher = {c->cipher, c->cipher_len}};
}

/* alice's key, newly archived. */
static inline void
archive(const char *client_id, const char *policy, char id[GH_UUID_TEXT_SIZE])
{
	struct kra_client c;
	struct key_archive_ask a = asking(&c);
	int64_t request;

	a.client_id = client_id;
	a.policy = policy;
	ok(key_archive(&w.means, &alice, &a, id, &request, &err));
	assert_true(request > 0);
}

/* Asked for; *request: its id. */
static inline enum key_state
request_recovery(const struct requester *who, const char *key_id, int64_t *request)
{
	const struct key_recovery_ask a = {.key_id = key_id, .comment = "laptop is gone"};
	struct store_key_request r;
	enum key_state state;

	ok(key_recovery_request(&w.means, who, &a, &r, &err));
	*request = r.id;
	state = r.state;
	store_key_request_clear(&r);
	return state;
}

static inline int
decide(struct kra_means *m, const struct requester *who, enum key_verdict verdict, int64_t request,
    enum key_state *state)
{
	const struct store_key_step step = {.id = request};
	struct store_key_request r;
	int rc = key_recovery_decide(m, who, verdict, &step, &r, &err);

	if (state != NULL)
		*state = r.state;
	store_key_request_clear(&r);
	return rc;
}

static inline int
retrieve(const struct requester *who, int64_t request, struct kra_client *c,
    struct key_retrieved *out)
{
	struct kra_release release = {.form = KRA_WRAPPED};
	const struct key_retrieval f = {.id = request, .release = &release};

	client_open(c, w.transport);
	release.wrapping = c->wrapping;
	return key_recovery_retrieve(&w.means, who, &f, out, &err);
}

static inline void
retrieve_ok(const struct requester *who, int64_t request, bool is_repeated)
{
	struct key_retrieved out;
	struct kra_client c;

	ok(retrieve(who, request, &c, &out));
	client_assert_opens(&c, &out, lost.pkcs8, lost.pkcs8_len);
	assert_int_equal(out.is_repeated, is_repeated);
	key_retrieved_clear(&out);
}

static inline void
retrieve_refused(int code, const struct requester *who, int64_t request)
{
	struct key_retrieved out;
	struct kra_client c;

	refused(code, retrieve(who, request, &c, &out));
	assert_null(out.secret.p);
	assert_null(out.iv.p);
}

static inline long
audited(const char *event)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE event = '%s'", event);
	return count(sql);
}

static inline int
open_people(void **state)
{
	(void)state;
	if (getenv("PGCONNINFO") == NULL || getenv("POSTGRES_SH") == NULL) {
		fprintf(stderr, "run by tests/integration/run_kra.sh\n");
		return -1;
	}
	kra_world_open(&w);
	lost_key_make(&lost);
	alice = person("alice", 0);
	mallory = person("mallory", 0);
	carol = AGENT("carol");
	dave = AGENT("dave");
	return 0;
}

static inline int
close_people(void **state)
{
	(void)state;
	lost_key_free(&lost);
	kra_world_close(&w);
	return 0;
}

/* Each test begins with no keys, and with one approval. */
static inline int
forget(void **state)
{
	char out[256];

	(void)state;
	w.means.rules.required = 1;
	return query_as("postgres",
		   "SET session_replication_role = replica; "
		   "TRUNCATE archived_key, key_request, key_approval, kra_policy, delivery, notification; DELETE FROM audit",
		   out, sizeof(out)) == 0
	    ? 0
	    : -1;
}

#define test(f) cmocka_unit_test_setup(f, forget)

#endif
