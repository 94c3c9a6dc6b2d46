/* A real KRA that makes keys: archived, kept for a while, given out, with a PKCS#10; and PKCS#12
 * under a password that comes as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "ca-backend/kra_fixture.h"

static struct kra_generate
question(const struct fixture *f, const char *alg)
{
	struct kra_generate q = {.facts = {.id = {0x6e, 0x3e},
				     .owner = TEXT("guid:alice"),
				     .client_id = TEXT("laptop 7"),
				     .policy = TEXT("")},
	    .key_alg = alg};

	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	return q;
}

/* The facts that a made secret was stored with. */
static struct kra_facts
facts_made(const struct kra_generate *q, const struct kra_client_made *m, int64_t forget_at)
{
	struct kra_facts facts = q->facts;

	facts.kind = m->kind;
	facts.spki = BLOB(m->spki);
	facts.forget_at = forget_at;
	return facts;
}

static int
take_out(struct fixture *f, const struct kra_facts *facts, const struct signer_blob *stored,
    struct gh_buf *secret, struct gh_error *err)
{
	struct kra_recover q = {.facts = *facts, .stored = BLOB(*stored)};
	struct signer_blob iv, out;
	struct client_key c;
	int rc;

	client_key(&c, &f->transport, "AES-256-GCM");
	q.release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = c.wrapping};
	gh_buf_init(secret, KRA_SECRET_MAX);
	if ((rc = kra_client_recover(f->client, &q, &iv, &out, err)) == 0)
		assert_int_equal(payload_unwrap(payload_alg_find(&c.wrapping.payload_alg), c.key,
				     &BLOB(iv), &BLOB(out), secret, err),
		    0);
	free(iv.p);
	free(out.p);
	gh_buf_free(&c.parts);
	return rc;
}

static void
must_be(struct fixture *f, const struct kra_facts *facts, const struct signer_blob *stored,
    const struct gh_buf *secret)
{
	struct gh_error err = {0};
	struct gh_buf out;

	if (take_out(f, facts, stored, &out, &err) != 0)
		fail_msg("recover: %s", err.detail);
	assert_int_equal(out.len, secret->len);
	assert_memory_equal(out.data, secret->data, out.len);
	gh_buf_free(&out);
}

static void
check_csr(const struct signer_blob *csr, const struct signer_blob *spki, const struct gh_der *name)
{
	const unsigned char *p = csr->p;
	unsigned char *der = NULL;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)csr->len);
	int n;

	assert_non_null(req);
	assert_ptr_equal(p, csr->p + csr->len);
	assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
	n = i2d_PUBKEY(X509_REQ_get0_pubkey(req), &der);
	assert_int_equal(n, spki->len);
	assert_memory_equal(der, spki->p, spki->len);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_X509_NAME(X509_REQ_get_subject_name(req), &der);
	assert_int_equal(n, name->len);
	assert_memory_equal(der, name->p, name->len);
	OPENSSL_free(der);
	X509_REQ_free(req);
}

/* All that can be asked for at once, and each stored form only with its own facts. */
static void
check_made(struct fixture *f, const char *alg, bool is_asymmetric)
{
	size_t name_len;
	unsigned char *name = name_der("alice", &name_len);
	struct kra_generate q = question(f, alg);
	struct kra_facts archived, kept;
	struct kra_client_made m;
	struct client_key c;
	struct gh_buf secret, other;
	struct gh_error err = {0};

	client_key(&c, &f->transport, "AES-256-KWP");
	q.is_archived = q.is_released = true;
	q.facts.forget_at = gh_now() + 3600;
	q.release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = c.wrapping};
	if (is_asymmetric)
		q.subject = (struct gh_der){name, name_len};
	if (kra_client_generate(f->client, &q, &m, &err) != 0)
		fail_msg("%s: %s", alg, err.detail);
	assert_int_equal(m.kind, is_asymmetric ? KRA_ASYMMETRIC : KRA_SYMMETRIC);
	assert_int_equal(m.spki.p != NULL, is_asymmetric);
	assert_int_equal(m.csr.p != NULL, is_asymmetric);
	gh_buf_init(&secret, KRA_SECRET_MAX);
	assert_int_equal(payload_unwrap(payload_alg_find(&TEXT("AES-256-KWP")), c.key, &BLOB(m.iv),
			     &BLOB(m.out), &secret, &err),
	    0);
	assert_int_equal(secret_check(m.kind, &BUF(secret), &BLOB(m.spki), &err), 0);
	if (is_asymmetric)
		check_csr(&m.csr, &m.spki, &q.subject);
	else
		assert_int_equal(secret.len, (size_t)atoi(alg + 4) / 8);
	archived = facts_made(&q, &m, 0);
	kept = facts_made(&q, &m, q.facts.forget_at);
	must_be(f, &archived, &m.archived, &secret);
	must_be(f, &kept, &m.kept, &secret);
	assert_int_equal(take_out(f, &kept, &m.archived, &other, &err), GH_E_SIGNER);
	assert_int_equal(take_out(f, &archived, &m.kept, &other, &err), GH_E_SIGNER);
	gh_buf_free(&secret);
	gh_buf_free(&c.parts);
	kra_client_made_free(&m);
	OPENSSL_free(name);
}

/* The extensions that were given, and nothing else, are what the PKCS#10 asks for. */
static void
make__extensions(void **state)
{
	struct fixture *f = *state;
	/* SEQUENCE OF Extension: subjectAltName, one dNSName "a.b" */
	static const unsigned char der[] = {0x30, 0x10, 0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x11,
	    0x04, 0x07, 0x30, 0x05, 0x82, 0x03, 'a', '.', 'b'};
	static const unsigned char name[] = {0x30, 0};
	struct kra_generate q = question(f, "P-256");
	struct kra_client_made m;
	const unsigned char *p;
	struct gh_error err = {0};
	X509_EXTENSIONS *list;
	X509_REQ *req;

	q.is_archived = true;
	q.subject = (struct gh_der){name, sizeof(name)};
	q.extensions = (struct gh_der){der, sizeof(der)};
	if (kra_client_generate(f->client, &q, &m, &err) != 0)
		fail_msg("%s", err.detail);
	p = m.csr.p;
	assert_non_null(req = d2i_X509_REQ(NULL, &p, (long)m.csr.len));
	list = X509_REQ_get_extensions(req);
	assert_int_equal(sk_X509_EXTENSION_num(list), 1);
	assert_int_equal(X509v3_get_ext_by_NID(list, NID_subject_alt_name, -1), 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(req);
	kra_client_made_free(&m);
	for (size_t n = 1; n < sizeof(der); n++) {
		q.extensions.len = n;
		assert_int_equal(kra_client_generate(f->client, &q, &m, &err), GH_E_VALIDATION);
	}
}

static void
make__each_kind(void **state)
{
	static const char *const asymmetric[] = {"P-256", "P-384", "Ed25519", "RSA-2048",
	    "RSA-3072"};
	static const char *const symmetric[] = {"AES-128", "AES-192", "AES-256"};

	for (size_t i = 0; i < sizeof(asymmetric) / sizeof(asymmetric[0]); i++)
		check_made(*state, asymmetric[i], true);
	for (size_t i = 0; i < sizeof(symmetric) / sizeof(symmetric[0]); i++)
		check_made(*state, symmetric[i], false);
}

/* Nothing is answered that was not asked for; two keys are two keys. */
static void
make__what_was_asked_for(void **state)
{
	struct fixture *f = *state;
	struct kra_generate q = question(f, "P-256");
	struct kra_client_made m, second;
	struct gh_error err;

	q.is_archived = true;
	assert_int_equal(kra_client_generate(f->client, &q, &m, &err), 0);
	assert_int_equal(kra_client_generate(f->client, &q, &second, &err), 0);
	assert_true(m.archived.p != NULL && m.kept.p == NULL && m.csr.p == NULL && m.iv.p == NULL &&
	    m.out.p == NULL);
	assert_int_equal(m.spki.len, second.spki.len);
	assert_memory_not_equal(m.spki.p, second.spki.p, m.spki.len);
	kra_client_made_free(&m);
	kra_client_made_free(&second);
	q.is_archived = false;
	q.facts.forget_at = gh_now() + 60;
	assert_int_equal(kra_client_generate(f->client, &q, &m, &err), 0);
	assert_true(m.archived.p == NULL && m.kept.p != NULL);
	kra_client_made_free(&m);
}

static void
make__refusals(void **state)
{
	struct fixture *f = *state;
	static const unsigned char name[] = {0x30, 0}, no_name[] = {0x30, 0, 0};
	struct client_key c;
	const struct row {
		const char *alg;
		int64_t keep;
		bool is_archived, is_released;
		enum kra_form form;
		struct gh_der subject;
		int rc;
	} rows[] = {
	    {"P-256", 0, true, false, KRA_WRAPPED, {name, 2}, 0},
	    {"P-256", 0, false, false, KRA_WRAPPED, {NULL, 0}, GH_E_VALIDATION},
	    {"P-256", -1, true, false, KRA_WRAPPED, {NULL, 0}, GH_E_VALIDATION},
	    {"P-256", 40 * DAY, true, false, KRA_WRAPPED, {NULL, 0}, GH_E_VALIDATION},
	    {"P-256", 0, true, true, KRA_PKCS12, {NULL, 0}, GH_E_VALIDATION},
	    {"P-256", 0, true, false, KRA_WRAPPED, {no_name, 3}, GH_E_VALIDATION},
	    {"P-256", 0, true, false, KRA_WRAPPED, {no_name, 1}, GH_E_VALIDATION},
	    {"AES-256", 0, true, false, KRA_WRAPPED, {name, 2}, GH_E_VALIDATION},
	    {"AES-512", 0, true, false, KRA_WRAPPED, {NULL, 0}, GH_E_VALIDATION},
	    {"RSA-1024", 0, true, false, KRA_WRAPPED, {NULL, 0}, GH_E_VALIDATION},
	    {"", 0, true, false, KRA_WRAPPED, {NULL, 0}, GH_E_VALIDATION},
	};
	struct kra_client_made m;
	struct gh_error err;

	client_key(&c, &f->transport, "AES-256-GCM");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct kra_generate q = question(f, r->alg);

		q.facts.forget_at = r->keep != 0 ? gh_now() + r->keep : 0;
		q.is_archived = r->is_archived;
		q.is_released = r->is_released;
		q.release = (struct kra_release){.form = r->form, .wrapping = c.wrapping};
		q.subject = r->subject;
		if (kra_client_generate(f->client, &q, &m, &err) != r->rc)
			fail_msg("row %zu", i);
		assert_int_equal(m.archived.p != NULL, r->rc == 0);
		kra_client_made_free(&m);
	}
	gh_buf_free(&c.parts);
}

/* The storage key must be there before a key is made. */
static void
make__without_storage_key(void **state)
{
	struct fixture *f = *state;
	struct kra_generate q = question(f, "RSA-4096");
	struct kra_client_made m;
	struct gh_error err;

	q.is_archived = true;
	q.storage_id[0] ^= 1;
	assert_int_equal(kra_client_generate(f->client, &q, &m, &err), GH_E_NOT_FOUND);
	memcpy(q.storage_id, f->transport.id, sizeof(q.storage_id));
	assert_int_equal(kra_client_generate(f->client, &q, &m, &err), GH_E_NOT_FOUND);
}

/* The time that it is kept is over: nobody gets it any more, whatever he says of it. */
static void
make__kept_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct kra_generate q = question(f, "P-256");
	struct kra_client_made m;
	struct kra_facts facts;
	struct gh_error err;
	struct gh_buf out;
	int rc;

	q.facts.policy = TEXT("nobody made this policy");
	for (;;) {
		q.facts.forget_at = gh_now() + 2;
		assert_int_equal(kra_client_generate(f->client, &q, &m, &err), 0);
		facts = facts_made(&q, &m, q.facts.forget_at);
		rc = take_out(f, &facts, &m.kept, &out, &err);
		if (rc == 0 || gh_now() < q.facts.forget_at)
			break;
		kra_client_made_free(&m); /* a busy machine did not come to it in time */
	}
	assert_int_equal(rc, 0);
	gh_buf_free(&out);
	while (gh_now() <= q.facts.forget_at)
		pause_ms(50);
	assert_int_equal(take_out(f, &facts, &m.kept, &out, &err), GH_E_CONFLICT);
	facts.forget_at += 600;
	assert_int_equal(take_out(f, &facts, &m.kept, &out, &err), GH_E_SIGNER);
	kra_client_made_free(&m);
}

/* --- others meanwhile ------------------------------------------------------------------------- */

struct maker {
	struct fixture *f;
	atomic_int *running;
	int rc;
};

static void *
make_rsa(void *arg)
{
	struct maker *m = arg;
	struct signer_client *c = signer_process_client(&m->f->sp);
	struct kra_generate q = question(m->f, "RSA-4096");
	struct kra_client_made made;
	struct gh_error err;

	q.is_archived = true;
	m->rc = kra_client_generate(c, &q, &made, &err);
	kra_client_made_free(&made);
	signer_client_free(c);
	atomic_fetch_sub(m->running, 1);
	return NULL;
}

/* RSA-4096 for several: the others are served, and who waits too long is told so. */
static void
make__holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	pthread_t thread[4];
	struct maker makers[4];
	atomic_int running = 4;
	struct signer_blob stored;
	int served = 0;

	for (int i = 0; i < 4; i++) {
		makers[i] = (struct maker){f, &running, 1};
		assert_int_equal(pthread_create(&thread[i], NULL, make_rsa, &makers[i]), 0);
	}
	while (atomic_load(&running) > 0) {
		archive_key(f, "", &stored);
		free(stored.p);
		served++;
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_true(makers[i].rc == 0 || makers[i].rc == GH_E_BUSY);
	}
	assert_true(served >= 20);
}

/* --- PKCS#12 under a password that comes as it is --------------------------------------------- */

static void
password__as_it_is(void **state)
{
	struct fixture *f = *state;
	struct kra_generate g = question(f, "P-256");
	struct kra_recover q = {0}, bad;
	struct kra_client_made m;
	struct signer_blob iv, out;
	const unsigned char *p;
	unsigned char *der;
	struct gh_error err;
	EVP_PKEY *key;
	X509 *x;
	PKCS12 *p12;
	size_t n;

	g.is_archived = true;
	g.facts.forget_at = gh_now() + 600;
	assert_int_equal(kra_client_generate(f->client, &g, &m, &err), 0);
	der = certify_spki(f, &BLOB(m.spki), &n);
	q.facts = facts_made(&g, &m, g.facts.forget_at);
	q.stored = BLOB(m.kept);
	q.release = (struct kra_release){.form = KRA_PKCS12,
	    .has_clear_password = true,
	    .password = TEXT("Grüße, 20 €"),
	    .cert = {der, n},
	    .iterations = 2048};
	assert_int_equal(kra_client_recover(f->client, &q, &iv, &out, &err), 0);
	p = out.p;
	p12 = d2i_PKCS12(NULL, &p, (long)out.len);
	assert_int_equal(PKCS12_parse(p12, "wrong", &key, &x, NULL), 0);
	assert_int_equal(PKCS12_parse(p12, "Grüße, 20 €", &key, &x, NULL), 1);
	assert_int_equal(X509_check_private_key(x, key), 1);
	PKCS12_free(p12);
	X509_free(x);
	EVP_PKEY_free(key);
	free(out.p);

	bad = q, bad.facts.forget_at = 0, bad.stored = BLOB(m.archived);
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.form = KRA_WRAPPED;
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.form = KRA_PKCS12_LEGACY; /* not allowed here */
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.password.len = 0;
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.password = TEXT("\xff\xfe");
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.password = (struct gh_der){(const unsigned char *)"a\0b", 3};
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.wrapping.key_alg = TEXT("ECDH-ES+A256KW");
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	kra_client_made_free(&m);
	OPENSSL_free(der);
}

/* A key package for a kek of the client: of a key that is kept, and of no archived one. */
static void
package__of_what_is_kept(void **state)
{
	static const unsigned char kek[32] = {7};
	struct fixture *f = *state;
	struct kra_generate g = question(f, "P-256");
	struct kra_recover q = {0}, bad;
	struct kra_client_made m;
	struct signer_blob iv, out;
	unsigned char *der, *signer;
	struct gh_error err;
	size_t n, signer_len;

	g.is_archived = true;
	g.facts.forget_at = gh_now() + 600;
	assert_int_equal(kra_client_generate(f->client, &g, &m, &err), 0);
	der = certify_spki(f, &BLOB(m.spki), &n);
	signer = certify_spki(f, &BUF(f->spki), &signer_len);
	q.facts = facts_made(&g, &m, g.facts.forget_at);
	q.stored = BLOB(m.kept);
	q.release = (struct kra_release){.form = KRA_KEY_PACKAGE,
	    .cert = {der, n},
	    .package = {.signer_key = BUF(f->pkcs8),
		.signer_cert = {signer, signer_len},
		.content_alg = TEXT("AES-256-CBC"),
		.kek = {kek, sizeof(kek)},
		.kek_id = TEXT("7")}};
	if (kra_client_recover(f->client, &q, &iv, &out, &err) != 0)
		fail_msg("%s", err.detail);
	assert_true(out.len > 500);
	free(out.p);

	bad = q, bad.facts.forget_at = 0, bad.stored = BLOB(m.archived);
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.has_clear_password = true;
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.wrapping.wrapped_key = TEXT("x");
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.release.cert = (struct gh_der){signer, signer_len};
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_VALIDATION);
	bad = q, bad.facts.owner = TEXT("guid:bob");
	assert_int_equal(kra_client_recover(f->client, &bad, &iv, &out, &err), GH_E_SIGNER);
	kra_client_made_free(&m);
	OPENSSL_free(der);
	OPENSSL_free(signer);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(make__each_kind),
	    each(make__extensions),
	    cmocka_unit_test_setup_teardown(make__each_kind, setup_rsa, teardown),
	    each(make__what_was_asked_for),
	    each(make__refusals),
	    each(make__without_storage_key),
	    each(make__kept_for_a_while),
	    each(make__holds_nobody_up),
	    each(password__as_it_is),
	    each(package__of_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
