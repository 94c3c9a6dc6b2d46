/*
 * What stays in the memory of a KRA: nothing of the secrets that it archived, recovered and made,
 * nor of session keys and passwords, whether that was answered or refused. Read is what the process
 * can write: heap, stacks, data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/un.h>

#include <openssl/core_names.h>

#include "signer/keys/ca_key.h"
#include "ca-backend/kra_fixture.h"

#define PIECE 16 /* bytes: each copy of 31 bytes has a whole one in it */
#define PIECES_MAX 1024

/* --- what is looked for ----------------------------------------------------------------------- */

struct piece {
	unsigned char p[PIECE];
	const char *what;
};

struct memory {
	struct fixture *f;
	struct piece pieces[PIECES_MAX];
	size_t n;
};

static void
add_piece(struct memory *m, const char *what, const unsigned char *p)
{
	assert_true(m->n < PIECES_MAX);
	memcpy(m->pieces[m->n].p, p, PIECE);
	m->pieces[m->n++].what = what;
}

/* As it is written, and as a BIGNUM has it. */
static void
look_for(struct memory *m, const char *what, const void *secret, size_t len)
{
	const unsigned char *p = secret;
	unsigned char turned[PIECE];

	assert_true(len >= PIECE);
	for (size_t at = 0; at + PIECE <= len; at += PIECE) {
		add_piece(m, what, p + at);
		for (size_t i = 0; i < PIECE; i++)
			turned[i] = p[len - 1 - at - i];
		add_piece(m, what, turned);
	}
}

/* The private parts; the others are public, and everywhere. */
static void
look_for_key(struct memory *m, const char *what, EVP_PKEY *key)
{
	static const char *const parts[] = {OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
	    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	unsigned char octets[1024];
	size_t found = 0;
	BIGNUM *n;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		n = NULL;
		if (EVP_PKEY_get_bn_param(key, parts[i], &n) != 1)
			continue;
		assert_true((size_t)BN_num_bytes(n) <= sizeof(octets));
		look_for(m, what, octets, (size_t)BN_bn2bin(n, octets));
		BN_clear_free(n);
		found++;
	}
	assert_true(found > 0);
}

/* Also as PKCS#12 has it. */
static void
look_for_password(struct memory *m, const char *what, const char *password)
{
	unsigned char utf16[256];
	size_t len = strlen(password);

	look_for(m, what, password, len);
	for (size_t i = 0; i < len; i++) {
		utf16[2 * i] = 0;
		utf16[2 * i + 1] = (unsigned char)password[i];
	}
	look_for(m, what, utf16, 2 * len);
}

/* --- where ------------------------------------------------------------------------------------ */

static const char *
find_in(const struct memory *m, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < m->n; i++)
		if (memmem(p, len, m->pieces[i].p, PIECE) != NULL)
			return m->pieces[i].what;
	return NULL;
}

/* The first of the pieces that is there; NULL: none. *bytes: how much was read. */
static const char *
find_in_process(const struct memory *m, size_t *bytes, char where[128])
{
	char path[64], line[512], flags[8];
	unsigned long long from, to;
	const char *found = NULL;
	int mem, name;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)m->f->sp.pid);
	MUST((maps = fopen(path, "r")) != NULL);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)m->f->sp.pid);
	MUST((mem = open(path, O_RDONLY)) >= 0);
	*bytes = 0;
	while (found == NULL && fgets(line, sizeof(line), maps) != NULL) {
		unsigned char *p;
		ssize_t n;

		name = 0;
		if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %n", &from, &to, flags, &name) != 3 ||
		    flags[0] != 'r' || flags[1] != 'w')
			continue;
		MUST((p = malloc(to - from)) != NULL);
		n = pread(mem, p, to - from, (off_t)from);
		if (n > 0) {
			*bytes += (size_t)n;
			found = find_in(m, p, (size_t)n);
			snprintf(where, 128, "%.100s", line + name);
		}
		free(p);
	}
	fclose(maps);
	close(mem);
	return found;
}

/* When the answer is there, the question may still be wiped. */
static void
must_be_gone(const struct memory *m)
{
	const char *found = NULL;
	char where[128] = "";
	size_t bytes;

	for (int ms = 0; ms < 2000; ms += 20) {
		if ((found = find_in_process(m, &bytes, where)) == NULL) {
			assert_true(bytes > 1000000);
			return;
		}
		pause_ms(20);
	}
	fail_msg("%s stays in memory: %s", found, where);
}

/* --- what is done ----------------------------------------------------------------------------- */

static void
session_key(struct memory *m, struct client_key *c, const char *payload)
{
	client_key(c, &m->f->transport, payload);
	look_for(m, "session key", c->key, payload_alg_key_size(payload_alg_find(&TEXT(payload))));
}

static int
send_in(struct memory *m, const char *payload, struct kra_facts facts, struct gh_der secret,
    struct signer_blob *stored)
{
	struct kra_archive q = {.facts = facts};
	struct client_key c;
	struct gh_buf iv, cipher;
	struct gh_error err;
	int rc;

	session_key(m, &c, payload);
	wrap_secret(&c, secret, &iv, &cipher);
	memcpy(q.storage_id, m->f->storage.id, sizeof(q.storage_id));
	q.wrapping = c.wrapping;
	q.iv = BUF(iv);
	q.cipher = BUF(cipher);
	rc = kra_client_archive(m->f->client, &q, stored, &err);
	gh_buf_free(&c.parts);
	gh_buf_free(&iv);
	gh_buf_free(&cipher);
	return rc;
}

static void
take_out(struct memory *m, const char *payload, const struct kra_facts *facts,
    const struct signer_blob *stored)
{
	struct kra_recover q = {.facts = *facts, .stored = BLOB(*stored)};
	struct signer_blob iv, out;
	struct client_key c;
	struct gh_error err;

	session_key(m, &c, payload);
	q.release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = c.wrapping};
	assert_int_equal(kra_client_recover(m->f->client, &q, &iv, &out, &err), 0);
	gh_buf_free(&c.parts);
	free(iv.p);
	free(out.p);
}

/* As PKCS#12, under a password that was wrapped or, where c is NULL, comes as it is. */
static void
take_pkcs12(struct memory *m, const struct kra_facts *facts, const struct signer_blob *stored,
    const char *password)
{
	bool is_clear = facts->forget_at != 0;
	struct kra_recover q = {.facts = *facts, .stored = BLOB(*stored)};
	struct signer_blob iv, out;
	struct gh_buf password_iv, wrapped;
	struct client_key c;
	struct gh_error err = {0};
	unsigned char *der;
	size_t len;

	der = certify_spki(m->f, &facts->spki, &len);
	look_for_password(m, is_clear ? "clear password" : "wrapped password", password);
	session_key(m, &c, "AES-256-GCM");
	wrap_secret(&c, TEXT(password), &password_iv, &wrapped);
	q.release = (struct kra_release){.form = KRA_PKCS12,
	    .has_clear_password = is_clear,
	    .password = is_clear ? TEXT(password) : BUF(wrapped),
	    .cert = {der, len},
	    .iterations = 2048};
	if (!is_clear) {
		q.release.iv = BUF(password_iv);
		q.release.wrapping = c.wrapping;
	}
	if (kra_client_recover(m->f->client, &q, &iv, &out, &err) != 0)
		fail_msg("PKCS#12: %s", err.detail);
	free(out.p);
	OPENSSL_free(der);
	gh_buf_free(&c.parts);
	gh_buf_free(&password_iv);
	gh_buf_free(&wrapped);
}

/* --- tests ------------------------------------------------------------------------------------ */

static struct memory *
memory_of(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));

	MUST(m != NULL);
	m->f = *state;
	return m;
}

/* That it finds something: half a question, which waits for its other half. */
static void
memory__is_searched(void **state)
{
	struct memory *m = memory_of(state);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	unsigned char half[4 + 1 + 64] = {0, 0, 1, 0, SIGNER_OP_KRA_ARCHIVE};
	const char *found = NULL;
	char where[128];
	size_t bytes;
	int fd;

	assert_int_equal(RAND_bytes(half + 5, 64), 1);
	look_for(m, "half a question", half + 5, 64);
	must_be_gone(m);
	MUST((fd = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	strcpy(addr.sun_path, m->f->sp.socket);
	MUST(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	MUST(write(fd, half, sizeof(half)) == sizeof(half));
	for (int ms = 0; ms < 4000 && found == NULL; ms += 20) {
		found = find_in_process(m, &bytes, where);
		pause_ms(20);
	}
	assert_non_null(found);
	close(fd);
	must_be_gone(m);
	free(m);
}

static void
memory__archived_and_recovered(void **state)
{
	struct memory *m = memory_of(state);
	struct fixture *f = m->f;
	struct kra_facts facts = facts_of(f, "");
	struct signer_blob stored;

	look_for_key(m, "archived EC key", f->key);
	assert_int_equal(send_in(m, "AES-256-GCM", facts, BUF(f->pkcs8), &stored), 0);
	must_be_gone(m);
	take_out(m, "AES-256-KWP", &facts, &stored);
	must_be_gone(m);
	take_pkcs12(m, &facts, &stored, "a password of some length");
	must_be_gone(m);
	free(stored.p);
	free(m);
}

static void
memory__rsa(void **state)
{
	struct memory *m = memory_of(state);
	struct fixture *f = m->f;
	EVP_PKEY *key = gh_key_make("RSA-2048");
	struct gh_buf pkcs8, spki;
	struct kra_facts facts = facts_of(f, "");
	struct signer_blob stored;
	struct gh_error err;

	gh_buf_init(&pkcs8, KRA_SECRET_MAX);
	gh_buf_init(&spki, KRA_SECRET_MAX);
	assert_int_equal(secret_key_put(key, &pkcs8, &spki, &err), 0);
	facts.spki = BUF(spki);
	look_for_key(m, "archived RSA key", key);
	assert_int_equal(send_in(m, "AES-256-KWP", facts, BUF(pkcs8), &stored), 0);
	must_be_gone(m);
	take_out(m, "AES-256-GCM", &facts, &stored);
	must_be_gone(m);
	take_pkcs12(m, &facts, &stored, "a password of some length");
	must_be_gone(m);
	free(stored.p);
	gh_buf_free(&pkcs8);
	gh_buf_free(&spki);
	EVP_PKEY_free(key);
	free(m);
}

static void
memory__other_secrets(void **state)
{
	static const char passphrase[] = "correct horse battery staple, and more";
	struct memory *m = memory_of(state);
	struct kra_facts facts = facts_of(m->f, "");
	unsigned char key[64];
	struct signer_blob stored;

	facts.spki = (struct gh_der){NULL, 0};
	facts.kind = KRA_PASSPHRASE;
	look_for(m, "passphrase", passphrase, sizeof(passphrase) - 1);
	assert_int_equal(send_in(m, "AES-256-GCM", facts, TEXT(passphrase), &stored), 0);
	take_out(m, "AES-256-GCM", &facts, &stored);
	free(stored.p);
	must_be_gone(m);
	assert_int_equal(RAND_bytes(key, sizeof(key)), 1);
	facts.kind = KRA_SYMMETRIC;
	look_for(m, "symmetric key", key, sizeof(key));
	assert_int_equal(send_in(m, "AES-256-KW", facts, (struct gh_der){key, sizeof(key)},
			     &stored),
	    0);
	take_out(m, "AES-256-KW", &facts, &stored);
	free(stored.p);
	must_be_gone(m);
	free(m);
}

/* What is refused was in the clear, too. */
static void
memory__refused(void **state)
{
	struct memory *m = memory_of(state);
	struct fixture *f = m->f;
	struct kra_facts facts = facts_of(f, "");
	EVP_PKEY *other = gh_key_make("P-256"), *rsa = gh_key_make("RSA-2048");
	struct gh_buf pkcs8, spki;
	struct signer_blob stored;
	struct gh_error err;

	gh_buf_init(&pkcs8, KRA_SECRET_MAX);
	gh_buf_init(&spki, KRA_SECRET_MAX);
	assert_int_equal(secret_key_put(other, &pkcs8, &spki, &err), 0);
	look_for_key(m, "refused key", other);
	assert_int_equal(send_in(m, "AES-256-GCM", facts, BUF(pkcs8), &stored), GH_E_VALIDATION);
	must_be_gone(m);
	pkcs8.len = spki.len = 0;
	assert_int_equal(secret_key_put(rsa, &pkcs8, &spki, &err), 0);
	look_for_key(m, "refused RSA key", rsa);
	pkcs8.len--; /* cut off */
	assert_int_equal(send_in(m, "AES-256-GCM", facts, BUF(pkcs8), &stored), GH_E_VALIDATION);
	must_be_gone(m);
	pkcs8.len++;
	memcpy(facts.id, "another", 7);
	assert_int_equal(send_in(m, "AES-256-GCM", facts, BUF(pkcs8), &stored), GH_E_VALIDATION);
	must_be_gone(m);
	gh_buf_free(&pkcs8);
	gh_buf_free(&spki);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
	free(m);
}

static void
check_made(struct memory *m, const char *alg)
{
	struct fixture *f = m->f;
	struct kra_generate q = {.facts = facts_of(f, ""), .key_alg = alg, .is_released = true};
	struct kra_client_made made;
	struct gh_buf secret;
	struct client_key c;
	struct gh_error err;
	size_t name_len;
	unsigned char *name = name_der("alice", &name_len);
	EVP_PKEY *key;

	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	q.facts.forget_at = gh_now() + 600;
	session_key(m, &c, "AES-256-GCM");
	q.release = (struct kra_release){.form = KRA_WRAPPED, .wrapping = c.wrapping};
	if (strncmp(alg, "AES", 3) != 0)
		q.subject = (struct gh_der){name, name_len};
	assert_int_equal(kra_client_generate(f->client, &q, &made, &err), 0);
	gh_buf_init(&secret, KRA_SECRET_MAX);
	assert_int_equal(payload_unwrap(payload_alg_find(&c.wrapping.payload_alg), c.key,
			     &BLOB(made.iv), &BLOB(made.out), &secret, &err),
	    0);
	if (made.kind == KRA_SYMMETRIC) {
		look_for(m, alg, secret.data, secret.len);
		must_be_gone(m);
	} else {
		assert_non_null(key = ca_key_from_pkcs8(secret.data, secret.len));
		if (strcmp(alg, "Ed25519") != 0)
			look_for_key(m, alg, key);
		else
			look_for(m, alg, secret.data + secret.len - 32, 32);
		EVP_PKEY_free(key);
		must_be_gone(m);
		q.facts.kind = made.kind;
		q.facts.spki = BLOB(made.spki);
		take_pkcs12(m, &q.facts, &made.kept, "Passw0rd that came as it is");
		must_be_gone(m);
	}
	gh_buf_free(&secret);
	gh_buf_free(&c.parts);
	kra_client_made_free(&made);
	OPENSSL_free(name);
}

static void
memory__made(void **state)
{
	static const char *const algs[] = {"P-256", "P-384", "Ed25519", "RSA-2048", "RSA-3072",
	    "AES-256"};
	struct memory *m = memory_of(state);

	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		check_made(m, algs[i]);
	free(m);
}

/* The password of a storage key. */
static void
memory__unlocked(void **state)
{
	static const char password[] = "the password of a storage key";
	struct memory *m = memory_of(state);
	struct fixture *f = m->f;
	struct gh_error err;
	int64_t until;

	keys_free(&f->storage);
	create_key(f, true, "P-256", password, &f->storage);
	assert_int_equal(load(f, &f->storage), GH_E_CA_LOCKED);
	look_for(m, "password of a storage key", password, sizeof(password) - 1);
	assert_int_equal(signer_client_unlock(f->client, f->storage.sealed.p, f->storage.sealed.len,
			     password, 60, &until, &err),
	    0);
	must_be_gone(m);
	free(m);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define with_rsa(test) cmocka_unit_test_setup_teardown(test, setup_rsa, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(memory__is_searched),
	    each(memory__archived_and_recovered),
	    with_rsa(memory__archived_and_recovered),
	    each(memory__rsa),
	    with_rsa(memory__rsa),
	    each(memory__other_secrets),
	    each(memory__refused),
	    each(memory__made),
	    with_rsa(memory__made),
	    each(memory__unlocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
