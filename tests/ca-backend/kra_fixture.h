/*
 * A real KRA for tests: its keys, loaded, a person's key, and what a client does to archive it and
 * to get it back. What clients wrap is made with the KRA's own parts, which test_kra_secrets.c
 * compares with those of others. A program with this in it is linked with SIGNER_PARTS.
 */
#ifndef TEST_KRA_FIXTURE_H
#define TEST_KRA_FIXTURE_H

#include "digest.h"
#include "key_alg.h"
#include "signer/client/signer_client_kra.h"
#include "signer/wrap/key_wrap.h"
#include "signer/wrap/payload_wrap.h"
#include "signer/kra/secret.h"

#include "ca-backend/signer_process.h"

#define TEXT(s) ((struct gh_der){(const unsigned char *)(s), strlen(s)})
#define BLOB(b) ((struct gh_der){(b).p, (b).len})
#define BUF(b) ((struct gh_der){(b).data, (b).len})

/* A storage and a transport key. */
struct keys {
	struct signer_blob spki, sealed;
	unsigned char id[KRA_KEY_ID_SIZE];
};

struct fixture {
	struct signer_process sp;
	struct admin_signer admin;
	struct signer_client *client; /* as a worker */
	struct keys storage, transport;
	EVP_PKEY *key; /* of a person */
	struct gh_buf pkcs8, spki;
	struct signer_blob policy; /* goes with what is archived; borrowed, or empty */
};

static inline void
create_key(struct fixture *f, bool is_storage, const char *alg, const char *password,
    struct keys *out)
{
	struct kra_create_key q = {.is_storage = is_storage, .key_alg = alg, .password = password};
	struct gh_error err;

	assert_int_equal(kra_client_create_key(f->admin.client, &q, &out->spki, &out->sealed, &err),
	    0);
	assert_true(gh_digest(GH_SHA256, out->spki.p, out->spki.len, out->id));
}

static inline int
load(struct fixture *f, const struct keys *k)
{
	unsigned char id[KRA_KEY_ID_SIZE];
	struct gh_error err;
	int rc = signer_client_load_ca(f->client, k->sealed.p, k->sealed.len, id, &err);

	if (rc == 0 || rc == GH_E_CA_LOCKED)
		assert_memory_equal(id, k->id, sizeof(id));
	return rc;
}

static inline void
keys_free(struct keys *k)
{
	free(k->spki.p);
	free(k->sealed.p);
}

static inline int
setup_with(void **state, const char *storage, const char *transport)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	f->sp.role = "kra";
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	f->admin = admin_signer_start(&f->sp);
	create_key(f, true, storage, NULL, &f->storage);
	create_key(f, false, transport, NULL, &f->transport);
	assert_int_equal(load(f, &f->storage), 0);
	assert_int_equal(load(f, &f->transport), 0);
	f->key = gh_key_make("P-256");
	gh_buf_init(&f->pkcs8, 8192);
	gh_buf_init(&f->spki, 8192);
	assert_int_equal(secret_key_put(f->key, &f->pkcs8, &f->spki, &err), 0);
	*state = f;
	return 0;
}

static inline int
setup(void **state)
{
	return setup_with(state, "P-256", "P-256");
}

static inline int
setup_rsa(void **state)
{
	return setup_with(state, "RSA-2048", "RSA-2048");
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admin_signer_stop(&f->admin), 0);
	signer_client_free(f->client);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	signer_process_free(&f->sp);
	keys_free(&f->storage);
	keys_free(&f->transport);
	EVP_PKEY_free(f->key);
	gh_buf_free(&f->pkcs8);
	gh_buf_free(&f->spki);
	free(f);
	return 0;
}

/* With old algorithms. */
static inline int
setup_legacy(void **state)
{
	struct fixture *f;

	setup(state);
	f = *state;
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	f->sp.allows_legacy = true;
	signer_process_start(&f->sp, "8");
	assert_int_equal(load(f, &f->storage), 0);
	return load(f, &f->transport);
}

/* --- what a client does ----------------------------------------------------------------------- */

/* A session key, wrapped for a transport key. */
struct client_key {
	unsigned char key[32];
	struct gh_buf parts;
	struct kra_wrapping wrapping;
};

static inline void
wrap_client_key(struct client_key *c, const struct keys *transport, bool is_release,
    const char *payload)
{
	const unsigned char *p = transport->spki.p;
	EVP_PKEY *to = d2i_PUBKEY(NULL, &p, (long)transport->spki.len);
	struct wrapped_key w;
	struct gh_reader r;
	struct gh_error err;

	assert_int_equal(RAND_bytes(c->key, sizeof(c->key)), 1);
	gh_buf_init(&c->parts, 8192);
	assert_int_equal(key_wrap(to, is_release, &(struct gh_der){c->key, sizeof(c->key)},
			     &c->parts, &err),
	    0);
	gh_reader_init(&r, c->parts.data, c->parts.len);
	assert_true(key_wrap_read(&r, &w));
	c->wrapping = (struct kra_wrapping){.key_alg = TEXT(key_wrap_name(w.alg)),
	    .ephemeral = w.ephemeral,
	    .wrapped_key = w.cipher,
	    .payload_alg = TEXT(payload)};
	memcpy(c->wrapping.transport_id, transport->id, sizeof(transport->id));
	EVP_PKEY_free(to);
}

static inline void
client_key(struct client_key *c, const struct keys *transport, const char *payload)
{
	wrap_client_key(c, transport, false, payload);
}

/* For what comes back. */
static inline void
release_key(struct client_key *c, const struct keys *transport, const char *payload)
{
	wrap_client_key(c, transport, true, payload);
}

static inline void
wrap_secret(const struct client_key *c, struct gh_der secret, struct gh_buf *iv, struct gh_buf *out)
{
	const struct payload_alg *alg = payload_alg_find(&c->wrapping.payload_alg);
	struct gh_error err;

	gh_buf_init(iv, 32);
	gh_buf_init(out, 32768);
	assert_int_equal(payload_wrap(alg, c->key, &secret, iv, out, &err), 0);
}

static inline struct kra_facts
facts_of(const struct fixture *f, const char *policy)
{
	return (struct kra_facts){.id = {0xa1, 0x1c, 0xe0},
	    .kind = KRA_ASYMMETRIC,
	    .owner = TEXT("guid:alice"),
	    .policy = TEXT(policy),
	    .spki = BUF(f->spki)};
}

static inline int
archive(struct fixture *f, const char *payload, const struct kra_facts *facts, struct gh_der secret,
    struct signer_blob *stored, struct gh_error *err)
{
	struct client_key c;
	struct gh_buf iv, cipher;
	struct kra_archive q = {.facts = *facts, .policy = BLOB(f->policy)};
	int rc;

	client_key(&c, &f->transport, payload);
	wrap_secret(&c, secret, &iv, &cipher);
	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	q.wrapping = c.wrapping;
	q.iv = BUF(iv);
	q.cipher = BUF(cipher);
	rc = kra_client_archive(f->client, &q, stored, err);
	gh_buf_free(&c.parts);
	gh_buf_free(&iv);
	gh_buf_free(&cipher);
	return rc;
}

static inline void
archive_key(struct fixture *f, const char *policy, struct signer_blob *stored)
{
	struct kra_facts facts = facts_of(f, policy);
	struct gh_error err;

	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), stored, &err), 0);
}

/* Recover into the client's key, and compare with what was archived. */
static inline int
recover_as(struct fixture *f, struct kra_recover *q, const struct client_key *c,
    struct gh_error *err)
{
	struct signer_blob iv, out;
	struct gh_buf plain;
	int rc = kra_client_recover(f->client, q, &iv, &out, err);

	if (rc != 0)
		return rc;
	gh_buf_init(&plain, 32768);
	assert_int_equal(payload_unwrap(payload_alg_find(&c->wrapping.payload_alg), c->key,
			     &BLOB(iv), &BLOB(out), &plain, err),
	    0);
	assert_int_equal(plain.len, f->pkcs8.len);
	assert_memory_equal(plain.data, f->pkcs8.data, plain.len);
	/* on no way is it in the clear */
	assert_null(memmem(q->stored.p, q->stored.len, f->pkcs8.data + 36, 32));
	assert_null(memmem(out.p, out.len, f->pkcs8.data + 36, 32));
	gh_buf_free(&plain);
	free(iv.p);
	free(out.p);
	return 0;
}

static inline int
recover(struct fixture *f, const char *policy, const struct signer_blob *stored,
    struct gh_error *err)
{
	struct client_key c;
	struct kra_recover q = {.facts = facts_of(f, policy), .stored = BLOB(*stored)};
	int rc;

	client_key(&c, &f->transport, "AES-256-KWP");
	q.release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = c.wrapping};
	rc = recover_as(f, &q, &c, err);
	gh_buf_free(&c.parts);
	return rc;
}

/* A certificate for a public key, DER; who signed it does not matter. To be freed with
 * OPENSSL_free. */
static inline unsigned char *
certify_spki(struct fixture *f, const struct gh_der *spki, size_t *len)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki->len);
	X509 *x = X509_new();
	unsigned char *der = NULL;

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_int_not_equal(X509_sign(x, f->key, EVP_sha256()), 0);
	*len = (size_t)i2d_X509(x, &der);
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

#endif
