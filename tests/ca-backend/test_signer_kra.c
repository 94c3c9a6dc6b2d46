/* A real signer in the role of a KRA: its keys, archiving, recovering, who must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/pkcs12.h>

#include "signer/kra/approval.h"

#include "ca-backend/archive_cms.h"
#include "ca-backend/kra_fixture.h"

/* --- archiving and recovering ----------------------------------------------------------------- */

static void
key__goes_in_and_comes_out(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored;
	struct gh_error err;

	archive_key(f, "", &stored);
	assert_int_equal(recover(f, "", &stored, &err), 0);
	free(stored.p);
}

static void
key__each_kind_of_secret(void **state)
{
	struct fixture *f = *state;
	struct kra_facts facts = facts_of(f, "");
	struct signer_blob stored;
	struct gh_error err;

	facts.spki = (struct gh_der){NULL, 0};
	facts.kind = KRA_PASSPHRASE;
	assert_int_equal(archive(f, "AES-256-KWP", &facts, TEXT("correct horse"), &stored, &err),
	    0);
	free(stored.p);
	assert_int_equal(archive(f, "AES-256-GCM", &facts, TEXT("\x01"), &stored, &err),
	    GH_E_VALIDATION);
	assert_null(stored.p);
	facts.kind = KRA_SYMMETRIC;
	assert_int_equal(archive(f, "AES-256-KW", &facts, TEXT("0123456789abcdef"), &stored, &err),
	    0);
	free(stored.p);
	facts.kind = KRA_ASYMMETRIC;
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err),
	    GH_E_VALIDATION);
}

static void
key__of_somebody_else(void **state)
{
	struct fixture *f = *state;
	struct kra_facts facts = facts_of(f, "");
	EVP_PKEY *other = gh_key_make("P-256");
	struct gh_buf pkcs8, spki;
	struct signer_blob stored;
	struct gh_error err;

	gh_buf_init(&pkcs8, 8192);
	gh_buf_init(&spki, 8192);
	assert_int_equal(secret_key_put(other, &pkcs8, &spki, &err), 0);
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(pkcs8), &stored, &err),
	    GH_E_VALIDATION);
	assert_string_equal(err.message, "The private key does not belong to the public key.");
	gh_buf_free(&pkcs8);
	gh_buf_free(&spki);
	EVP_PKEY_free(other);
}

static void
key__as_pkcs12(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored, iv, out;
	struct gh_buf password_iv, password;
	struct client_key c;
	struct kra_recover q = {.facts = facts_of(f, "")};
	X509 *x = X509_new(), *got;
	unsigned char *der = NULL;
	const unsigned char *p;
	struct gh_error err;
	EVP_PKEY *key;
	PKCS12 *p12;
	int n;

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, f->key);
	assert_int_not_equal(X509_sign(x, f->key, EVP_sha256()), 0);
	n = i2d_X509(x, &der);
	archive_key(f, "", &stored);
	q.stored = BLOB(stored);
	client_key(&c, &f->transport, "AES-256-GCM");
	wrap_secret(&c, TEXT("geheim, länger"), &password_iv, &password);
	q.release = (struct kra_release){.form = KRA_PKCS12,
	    .wrapping = c.wrapping,
	    .iv = BUF(password_iv),
	    .password = BUF(password),
	    .name = TEXT("alice"),
	    .cert = {der, (size_t)n},
	    .iterations = 2048};
	assert_int_equal(kra_client_recover(f->client, &q, &iv, &out, &err), 0);
	assert_null(iv.p);
	p = out.p;
	p12 = d2i_PKCS12(NULL, &p, (long)out.len);
	assert_int_equal(PKCS12_parse(p12, "geheim, länger", &key, &got, NULL), 1);
	assert_int_equal(EVP_PKEY_eq(key, f->key), 1);
	PKCS12_free(p12);
	EVP_PKEY_free(key);
	X509_free(got);
	free(out.p);
	q.release.form = KRA_PKCS12_LEGACY;
	assert_int_equal(kra_client_recover(f->client, &q, &iv, &out, &err), GH_E_VALIDATION);
	q.release.form = KRA_PKCS12;
	q.release.iterations = 0;
	assert_int_equal(kra_client_recover(f->client, &q, &iv, &out, &err), GH_E_VALIDATION);
	free(stored.p);
	gh_buf_free(&c.parts);
	gh_buf_free(&password_iv);
	gh_buf_free(&password);
	OPENSSL_free(der);
	X509_free(x);
}

static void
key__as_pki_archive_options(void **state)
{
	struct fixture *f = *state;
	struct kra_archive q = {.facts = facts_of(f, "")};
	struct signer_blob stored;
	struct gh_buf options;
	struct gh_error err;

	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	memcpy(q.wrapping.transport_id, f->transport.id, sizeof(q.wrapping.transport_id));
	gh_buf_init(&options, KRA_OPTIONS_MAX);
	put_options(&BLOB(f->transport.spki), &BUF(f->pkcs8), EVP_aes_256_gcm(), &options);
	q.options = BUF(options);
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), 0);
	assert_int_equal(recover(f, "", &stored, &err), 0);
	free(stored.p);
	/* another key than the one that it names; a key of another kind; altered */
	memcpy(q.wrapping.transport_id, f->storage.id, sizeof(q.wrapping.transport_id));
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), GH_E_NOT_FOUND);
	memcpy(q.wrapping.transport_id, f->transport.id, sizeof(q.wrapping.transport_id));
	q.facts.kind = KRA_PASSPHRASE;
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), GH_E_VALIDATION);
	q.facts.kind = KRA_ASYMMETRIC;
	options.data[options.len - 1] ^= 1;
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), GH_E_VALIDATION);
	assert_string_equal(err.message,
	    "The wrapped secret cannot be opened with its session key.");
	assert_null(stored.p);
	options.len = 0;
	put_options(&BLOB(f->transport.spki), &BUF(f->pkcs8), EVP_aes_256_cbc(), &options);
	q.options = BUF(options);
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), GH_E_VALIDATION);
	assert_memory_equal(err.message, "RSA1_5 and AES-CBC are not allowed here", 39);
	gh_buf_free(&options);
}

static void
key__old_algorithms_only_if_allowed(void **state)
{
	struct fixture *f = *state;
	struct kra_facts facts = facts_of(f, "");
	struct signer_blob stored;
	struct gh_error err;

	assert_int_equal(archive(f, "AES-256-CBC", &facts, BUF(f->pkcs8), &stored, &err),
	    GH_E_VALIDATION);
}

/* --- old algorithms --------------------------------------------------------------------------- */

static const char not_opened[] = "The wrapped secret cannot be opened with its session key.";

static const unsigned char cbc_iv[16] = {9};

/* The PKCS#8 with this behind it, under the session key of c. Both of whole blocks. */
static void
encrypt_cbc(const struct client_key *c, const struct gh_buf *plain, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_int_equal(EVP_EncryptInit_ex2(ctx, EVP_aes_256_cbc(), c->key, cbc_iv, NULL), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, plain->data, (int)plain->len), 1);
	assert_int_equal(n, plain->len);
	EVP_CIPHER_CTX_free(ctx);
}

/* As a question, padded right; plain is what was encrypted. */
struct cbc {
	struct client_key c;
	struct gh_buf plain;
	unsigned char cipher[512];
	struct kra_archive q;
};

static void
cbc_begin(struct fixture *f, struct cbc *b)
{
	size_t n = 16 - f->pkcs8.len % 16;

	client_key(&b->c, &f->transport, "AES-256-CBC");
	gh_buf_init(&b->plain, sizeof(b->cipher));
	gh_buf_put(&b->plain, f->pkcs8.data, f->pkcs8.len);
	for (size_t i = 0; i < n; i++)
		gh_buf_put_u8(&b->plain, (uint8_t)n);
	encrypt_cbc(&b->c, &b->plain, b->cipher);
	b->q = (struct kra_archive){.facts = facts_of(f, ""),
	    .wrapping = b->c.wrapping,
	    .iv = {cbc_iv, sizeof(cbc_iv)},
	    .cipher = {b->cipher, b->plain.len}};
	memcpy(b->q.storage_id, f->storage.id, sizeof(f->storage.id));
}

static void
cbc_end(struct cbc *b)
{
	gh_buf_free(&b->plain);
	gh_buf_free(&b->c.parts);
}

/* Whatever is altered: one answer. The padding alone, too. */
static void
legacy__cbc_tells_nothing(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored;
	struct gh_error err;
	struct cbc b;

	cbc_begin(f, &b);
	assert_int_equal(kra_client_archive(f->client, &b.q, &stored, &err), 0);
	assert_int_equal(recover(f, "", &stored, &err), 0);
	free(stored.p);
	for (int i = 0; i < 1000; i++) {
		b.cipher[(size_t)i % b.plain.len] ^= (unsigned char)(1 + i / (int)b.plain.len);
		assert_int_equal(kra_client_archive(f->client, &b.q, &stored, &err),
		    GH_E_VALIDATION);
		assert_string_equal(err.message, not_opened);
		b.cipher[(size_t)i % b.plain.len] ^= (unsigned char)(1 + i / (int)b.plain.len);
	}
	for (size_t i = f->pkcs8.len; i < b.plain.len; i++) {
		b.plain.data[i] ^= 1;
		encrypt_cbc(&b.c, &b.plain, b.cipher);
		b.plain.data[i] ^= 1;
		assert_int_equal(kra_client_archive(f->client, &b.q, &stored, &err),
		    GH_E_VALIDATION);
		assert_string_equal(err.message, not_opened);
	}
	cbc_end(&b);
}

static int
compare_times(const void *a, const void *b)
{
	int64_t d = *(const int64_t *)a - *(const int64_t *)b;

	return (d > 0) - (d < 0);
}

#define PROBES 500

/* Microseconds, at the median, of two questions that are asked by turns. */
static void
time_both(struct fixture *f, const struct kra_archive *a, const struct kra_archive *b,
    int64_t median[2])
{
	static int64_t took[2][PROBES];
	const struct kra_archive *q[2] = {a, b};
	struct signer_blob stored;
	struct gh_error err;

	for (int i = 0; i < 2 * PROBES; i++) {
		int64_t began = gh_now_us();

		assert_int_equal(kra_client_archive(f->client, q[i % 2], &stored, &err),
		    GH_E_VALIDATION);
		took[i % 2][i / 2] = gh_now_us() - began;
		assert_string_equal(err.message, not_opened);
	}
	for (int i = 0; i < 2; i++) {
		qsort(took[i], PROBES, sizeof(took[i][0]), compare_times);
		median[i] = took[i][PROBES / 2];
	}
}

/* Within a fifth; on a busy machine, one of eight times. */
static void
must_take_the_same_time(struct fixture *f, const struct kra_archive *a, const struct kra_archive *b)
{
	int64_t median[2] = {0, 0};

	for (int i = 0; i < 8; i++) {
		time_both(f, a, b, median);
		if (median[0] < median[1] * 6 / 5 && median[1] < median[0] * 6 / 5)
			return;
	}
	fail_msg("%lld and %lld us", (long long)median[0], (long long)median[1]);
}

/* One with a right padding, one with a wrong one, behind a key that is not whole. */
static void
legacy__padding_takes_no_time(void **state)
{
	struct fixture *f = *state;
	struct cbc good, bad;

	cbc_begin(f, &good);
	cbc_begin(f, &bad);
	good.plain.data[60] ^= 1;
	bad.plain.data[60] ^= 1;
	bad.plain.data[bad.plain.len - 1] ^= 0x40;
	encrypt_cbc(&good.c, &good.plain, good.cipher);
	encrypt_cbc(&bad.c, &bad.plain, bad.cipher);
	must_take_the_same_time(f, &good.q, &bad.q);
	cbc_end(&good);
	cbc_end(&bad);
}

/* RSA PKCS#1 v1.5: a session key that is one and one that is none, with a secret that neither
 * opens. */
static void
legacy__v15_takes_no_time(void **state)
{
	struct fixture *f = *state;
	const unsigned char *p;
	unsigned char cipher[2][256], em[256];
	struct kra_archive q[2];
	struct signer_blob stored;
	struct gh_error err;
	struct keys rsa;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *to;
	struct cbc b;

	create_key(f, false, "RSA-2048", NULL, &rsa);
	assert_int_equal(load(f, &rsa), 0);
	p = rsa.spki.p;
	to = d2i_PUBKEY(NULL, &p, (long)rsa.spki.len);
	cbc_begin(f, &b);
	for (int i = 0; i < 2; i++) {
		size_t len = sizeof(cipher[i]);

		memset(em, 0x55, sizeof(em));
		em[0] = 0;
		em[1] = i == 0 ? 2 : 1;
		em[223] = 0;
		memcpy(em + 224, b.c.key, 32);
		ctx = EVP_PKEY_CTX_new(to, NULL);
		assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
		assert_int_equal(EVP_PKEY_encrypt(ctx, cipher[i], &len, em, sizeof(em)), 1);
		EVP_PKEY_CTX_free(ctx);
		q[i] = b.q;
		q[i].wrapping = (struct kra_wrapping){.key_alg = TEXT("RSA1_5"),
		    .wrapped_key = {cipher[i], sizeof(cipher[i])},
		    .payload_alg = TEXT("AES-256-CBC")};
		memcpy(q[i].wrapping.transport_id, rsa.id, sizeof(rsa.id));
	}
	assert_int_equal(kra_client_archive(f->client, &q[0], &stored, &err), 0);
	free(stored.p);
	b.cipher[0] ^= 1; /* no PKCS#8 any more */
	must_take_the_same_time(f, &q[0], &q[1]);
	EVP_PKEY_free(to);
	keys_free(&rsa);
	cbc_end(&b);
}

/* What a client sends is not kept for a while: that would be a way round the policy. */
static void
key__is_archived_for_good(void **state)
{
	struct fixture *f = *state;
	struct kra_facts facts = facts_of(f, "");
	struct signer_blob stored;
	struct gh_error err;

	facts.forget_at = gh_now() + 600;
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err),
	    GH_E_VALIDATION);
	assert_null(stored.p);
}

/* --- its keys --------------------------------------------------------------------------------- */

static void
keys__loaded_again_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored;
	struct gh_error err;

	archive_key(f, "", &stored);
	assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
	signer_process_start(&f->sp, "8");
	assert_int_equal(recover(f, "", &stored, &err), GH_E_NOT_FOUND);
	assert_int_equal(load(f, &f->transport), 0);
	assert_int_equal(recover(f, "", &stored, &err), GH_E_NOT_FOUND);
	assert_int_equal(load(f, &f->storage), 0);
	assert_int_equal(recover(f, "", &stored, &err), 0);
	free(stored.p);
}

static void
keys__under_a_password(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored;
	struct gh_error err;
	int64_t until;

	keys_free(&f->storage);
	create_key(f, true, "P-384", "a long password", &f->storage);
	assert_int_equal(load(f, &f->storage), GH_E_CA_LOCKED);
	/* what comes is archived under the public half */
	archive_key(f, "", &stored);
	assert_int_equal(recover(f, "", &stored, &err), GH_E_CA_LOCKED);
	assert_int_equal(signer_client_unlock(f->client, f->storage.sealed.p, f->storage.sealed.len,
			     "wrong", 60, &until, &err),
	    GH_E_CA_PASSWORD);
	assert_int_equal(signer_client_unlock(f->client, f->storage.sealed.p, f->storage.sealed.len,
			     "a long password", 60, &until, &err),
	    0);
	assert_int_equal(recover(f, "", &stored, &err), 0);
	assert_int_equal(signer_client_lock(f->client, f->storage.id, &err), 0);
	assert_int_equal(recover(f, "", &stored, &err), GH_E_CA_LOCKED);
	free(stored.p);
}

static void
keys__storage_key_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored, moved, back;
	struct kra_rewrap q = {0};
	struct keys next;
	struct gh_error err;

	archive_key(f, "", &stored);
	create_key(f, true, "RSA-2048", NULL, &next);
	memcpy(q.to_id, next.id, sizeof(q.to_id));
	q.stored = BLOB(stored);
	assert_int_equal(kra_client_rewrap(f->client, &q, &moved, &err), GH_E_NOT_FOUND);
	assert_int_equal(load(f, &next), 0);
	assert_int_equal(kra_client_rewrap(f->client, &q, &moved, &err), 0);
	/* never back */
	memcpy(q.to_id, f->storage.id, sizeof(q.to_id));
	q.stored = BLOB(moved);
	assert_int_equal(kra_client_rewrap(f->client, &q, &back, &err), GH_E_CA_POLICY);
	q.stored = BLOB(stored);
	assert_int_equal(kra_client_rewrap(f->client, &q, &back, &err), GH_E_CA_POLICY);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	signer_process_start(&f->sp, "8");
	assert_int_equal(load(f, &next), 0);
	assert_int_equal(load(f, &f->transport), 0);
	assert_int_equal(recover(f, "", &moved, &err), 0);
	assert_int_equal(recover(f, "", &stored, &err), GH_E_NOT_FOUND);
	free(stored.p);
	free(moved.p);
	keys_free(&next);
}

/* A worker renews transport keys; it makes no storage key, and none that only it can unlock. */
static void
keys__what_a_worker_makes(void **state)
{
	struct fixture *f = *state;
	static const struct {
		struct kra_create_key q;
		int rc;
	} rows[] = {
	    {{false, "P-256", NULL, NULL}, 0},
	    {{true, "P-256", NULL, NULL}, GH_E_CA_POLICY},
	    {{false, "P-256", NULL, "secret"}, GH_E_CA_POLICY},
	    {{false, "P-256", "pkcs11:token=t", NULL}, GH_E_CA_POLICY},
	};
	struct signer_blob spki, sealed;
	struct gh_error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(kra_client_create_key(f->client, &rows[i].q, &spki, &sealed, &err),
		    rows[i].rc);
		assert_int_equal(spki.p != NULL && sealed.p != NULL, rows[i].rc == 0);
		free(spki.p);
		free(sealed.p);
	}
	assert_int_equal(kra_client_create_key(f->admin.client,
			     &(struct kra_create_key){true, "Ed25519", NULL, NULL}, &spki, &sealed,
			     &err),
	    GH_E_VALIDATION);
}

/* Storage keys unwrap nothing that clients send, transport keys store nothing. */
static void
keys__do_nothing_of_the_other_kind(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored;
	struct gh_error err;
	struct keys k = f->transport;

	f->transport = f->storage;
	assert_int_equal(archive(f, "AES-256-GCM", &(struct kra_facts){.kind = KRA_PASSPHRASE},
			     TEXT("x"), &stored, &err),
	    GH_E_NOT_FOUND);
	keys_free(&f->storage);
	f->transport = f->storage = k;
	assert_int_equal(archive(f, "AES-256-GCM", &(struct kra_facts){.kind = KRA_PASSPHRASE},
			     TEXT("x"), &stored, &err),
	    GH_E_NOT_FOUND);
	memset(&f->storage, 0, sizeof(f->storage));
}

/* --- roles ------------------------------------------------------------------------------------ */

/* With the same system key: a CA's record is nothing to a KRA, a KRA's nothing to a signer of CAs,
 * and neither does the work of the other. */
static void
roles__are_apart(void **state)
{
	struct fixture *f = *state;
	struct signer_process ca = f->sp;
	struct admin_signer admin;
	struct made_ca root;
	struct signer_blob spki, sealed;
	unsigned char id[SIGNER_CA_ID_SIZE], *der = NULL;
	size_t len;
	struct gh_error err;

	ca.role = "ca";
	assert_int_equal(make_ca(&ca, "Root", "P-256", NULL, &root_limits, &root, &err), 0);
	assert_int_equal(signer_client_load_ca(f->client, root.sealed, root.sealed_len, id, &err),
	    GH_E_SIGNER);
	admin = admin_signer_start(&ca);
	assert_int_equal(signer_client_load_ca(admin.client, f->storage.sealed.p,
			     f->storage.sealed.len, id, &err),
	    GH_E_SIGNER);
	assert_int_equal(kra_client_create_key(admin.client,
			     &(struct kra_create_key){true, "P-256", NULL, NULL}, &spki, &sealed,
			     &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(admin_signer_stop(&admin), 0);
	assert_int_equal(signer_client_audit_key(f->client, &der, &len, &err), GH_E_FORBIDDEN);
	made_ca_free(&root);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(key__goes_in_and_comes_out, setup_rsa, teardown),
	    cmocka_unit_test_setup_teardown(key__goes_in_and_comes_out, setup_rsa, teardown),
	    each(key__each_kind_of_secret),
	    each(key__of_somebody_else),
	    each(key__as_pkcs12),
	    cmocka_unit_test_setup_teardown(key__as_pki_archive_options, setup_rsa, teardown),
	    cmocka_unit_test_setup_teardown(key__as_pki_archive_options, setup_rsa, teardown),
	    each(key__old_algorithms_only_if_allowed),
	    each(key__is_archived_for_good),
	    cmocka_unit_test_setup_teardown(legacy__cbc_tells_nothing, setup_legacy, teardown),
	    cmocka_unit_test_setup_teardown(legacy__padding_takes_no_time, setup_legacy, teardown),
	    cmocka_unit_test_setup_teardown(legacy__v15_takes_no_time, setup_legacy, teardown),
	    each(keys__loaded_again_after_a_restart),
	    each(keys__under_a_password),
	    each(keys__storage_key_is_replaced),
	    each(keys__what_a_worker_makes),
	    each(keys__do_nothing_of_the_other_kind),
	    each(roles__are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
