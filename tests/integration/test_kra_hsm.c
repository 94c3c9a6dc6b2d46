/*
 * A KRA whose storage and transport keys lie in a PKCS#11 token, where they decrypt and agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>

#include <openssl/core_names.h>

#include "ca-backend/archive_cms.h"
#include "ca-backend/kra_fixture.h"
#include "token_store.h"

static const char not_opened[] = "The wrapped key cannot be opened with the key that it names.";

/* --- a KRA ------------------------------------------------------------------------------------ */

static void
create_in_token(struct fixture *f, bool is_storage, const char *uri, struct keys *out)
{
	struct kra_create_key q = {.is_storage = is_storage, .key_alg = "", .key_uri = uri};
	struct gh_error err = {0};

	if (kra_client_create_key(f->admin.client, &q, &out->spki, &out->sealed, &err) != 0)
		fail_msg("%s: %s", uri, err.detail);
	assert_true(gh_digest(GH_SHA256, out->spki.p, out->spki.len, out->id));
}

static int
setup_in(void **state, const char *storage, const char *transport)
{
	static char pin_file[256];
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;

	MUST(f != NULL && getenv("HSM_MODULE") != NULL && getenv("HSM_DIR") != NULL);
	snprintf(pin_file, sizeof(pin_file), "%s/pin", getenv("HSM_DIR"));
	signer_process_new(&f->sp);
	f->sp.role = "kra";
	f->sp.module = getenv("HSM_MODULE");
	f->sp.pin_file = pin_file;
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	f->admin = admin_signer_start(&f->sp);
	create_in_token(f, true, storage, &f->storage);
	create_in_token(f, false, transport, &f->transport);
	assert_int_equal(load(f, &f->storage), 0);
	assert_int_equal(load(f, &f->transport), 0);
	f->key = gh_key_make("P-256");
	gh_buf_init(&f->pkcs8, 8192);
	gh_buf_init(&f->spki, 8192);
	assert_int_equal(secret_key_put(f->key, &f->pkcs8, &f->spki, &err), 0);
	*state = f;
	return 0;
}

/* Named after the transport key; the storage key is of the other kind. */
static int
setup_rsa_in_token(void **state)
{
	return setup_in(state, URI("kra-ec"), URI("kra-rsa"));
}

static int
setup_ec_in_token(void **state)
{
	return setup_in(state, URI("kra-rsa"), URI("kra-ec"));
}

static int
setup_born_rsa(void **state)
{
	return setup_in(state, URI("kra-ec"), URI("born-rsa"));
}

static int
setup_born_ec(void **state)
{
	return setup_in(state, URI("kra-rsa"), URI("born-ec"));
}

/* The store as it was before, whatever became of the test. */
static int
restore(void **state)
{
	put_stores_back();
	return teardown(state);
}

static struct signer_token_state
token_state(struct fixture *f)
{
	struct signer_token_state s;
	struct gh_error err;

	assert_int_equal(signer_client_token_state(f->client, &s, &err), 0);
	return s;
}

static void
must_work(struct fixture *f)
{
	struct signer_blob stored;
	struct gh_error err = {0};

	archive_key(f, "", &stored);
	if (recover(f, "", &stored, &err) != 0)
		fail_msg("recover: %s", err.detail);
	free(stored.p);
}

/* Has it lost its session, and asked the token anew? */
static bool
log_has(struct fixture *f, const char *words)
{
	FILE *log = fopen(f->sp.log, "r");
	char line[1024];
	bool has = false;

	MUST(log != NULL);
	while (!has && fgets(line, sizeof(line), log) != NULL)
		has = strstr(line, words) != NULL;
	fclose(log);
	return has;
}

static void
must_not_have_looked_away(struct fixture *f)
{
	assert_int_equal(token_state(f).keys_away, 0);
	assert_false(log_has(f, "logging in anew"));
	assert_false(log_has(f, "unreachable"));
	must_work(f);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
kra_hsm__archives_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct signer_blob stored, moved;
	struct kra_rewrap q = {0};
	struct gh_error err = {0};
	struct keys software;

	must_work(f);
	/* from the token's storage key to one in memory */
	archive_key(f, "", &stored);
	create_key(f, true, "P-256", NULL, &software);
	assert_int_equal(load(f, &software), 0);
	memcpy(q.to_id, software.id, sizeof(q.to_id));
	q.stored = BLOB(stored);
	assert_int_equal(kra_client_rewrap(f->client, &q, &moved, &err), 0);
	assert_int_equal(recover(f, "", &moved, &err), 0);
	assert_int_equal(token_state(f).keys_away, 0);
	free(stored.p);
	free(moved.p);
	keys_free(&software);
}

/* One key of the token for storage and for transport: that which is loaded first stays what it is.
 */
static void
kra_hsm__key_has_one_purpose(void **state)
{
	struct fixture *f = *state;
	struct keys twin;

	create_in_token(f, false, URI("kra-ec"), &twin);
	assert_memory_equal(twin.id, f->storage.id, sizeof(twin.id));
	assert_int_equal(load(f, &twin), GH_E_CONFLICT);
	must_work(f);
	keys_free(&twin);
}

/* As PKIArchiveOptions; altered, it is refused as with any other key. */
static void
kra_hsm__takes_archive_options(void **state)
{
	struct fixture *f = *state;
	struct kra_archive q = {.facts = facts_of(f, "")};
	struct signer_blob stored;
	struct gh_buf options;
	struct gh_error err = {0};

	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	memcpy(q.wrapping.transport_id, f->transport.id, sizeof(q.wrapping.transport_id));
	gh_buf_init(&options, KRA_OPTIONS_MAX);
	put_options(&BLOB(f->transport.spki), &BUF(f->pkcs8), EVP_aes_256_gcm(), &options);
	q.options = BUF(options);
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), 0);
	assert_int_equal(recover(f, "", &stored, &err), 0);
	free(stored.p);
	options.data[options.len / 3] ^= 1;
	assert_int_equal(kra_client_archive(f->client, &q, &stored, &err), GH_E_VALIDATION);
	must_not_have_looked_away(f);
	gh_buf_free(&options);
}

/* Leading zeros of what comes out of the token are a matter of chance: one in 256. */
static void
kra_hsm__many_times(void **state)
{
	for (int i = 0; i < 600; i++)
		must_work(*state);
	must_not_have_looked_away(*state);
}

/* What needs the public half alone goes on, and so do keys in memory. */
static void
kra_hsm__comes_back_after_it_was_away(void **state)
{
	struct fixture *f = *state;
	struct keys software, in_token = f->transport;
	struct signer_blob stored, other;
	struct kra_facts facts = facts_of(f, "");
	struct gh_error err = {0};

	create_key(f, false, "P-256", NULL, &software);
	assert_int_equal(load(f, &software), 0);
	archive_key(f, "", &stored);
	move_store("tokens", "gone");
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &other, &err),
	    GH_E_CA_UNAVAILABLE);
	assert_non_null(strstr(err.message, "PKCS#11 token"));
	f->transport = software;
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &other, &err), 0);
	assert_int_equal(recover(f, "", &other, &err), GH_E_CA_UNAVAILABLE);
	assert_true(token_state(f).keys_away > 0);
	move_store("gone", "tokens");
	for (int ms = 0; recover(f, "", &other, &err) != 0; ms += 50) {
		assert_true(ms <= SOON_MS);
		pause_ms(50);
	}
	f->transport = in_token;
	for (int ms = 0; recover(f, "", &stored, &err) != 0; ms += 50) {
		assert_true(ms <= SOON_MS);
		pause_ms(50);
	}
	must_work(f);
	free(stored.p);
	free(other.p);
	keys_free(&software);
}

/* Another store in its place, with the same keys: every session and handle is void. */
static void
kra_hsm__survives_a_lost_session(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		must_work(f);
		move_store("tokens", "other");
		move_store("second", "tokens");
		must_work(f);
		move_store("tokens", "second");
		move_store("other", "tokens");
		must_work(f);
	}
}

/* A key of the same name that is another one is not used. */
static void
kra_hsm__does_not_use_another_key(void **state)
{
	struct fixture *f = *state;
	struct kra_facts facts = facts_of(f, "");
	struct signer_blob stored;
	struct gh_error err = {0};

	must_work(f);
	move_store("tokens", "other");
	move_store("second", "tokens");
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err),
	    GH_E_CA_UNAVAILABLE);
	assert_non_null(strstr(err.message, "the key in the token is another one"));
	move_store("tokens", "second");
	move_store("other", "tokens");
	for (int ms = 0; archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err) != 0;
	     ms += 50) {
		assert_true(ms <= SOON_MS);
		pause_ms(50);
	}
	free(stored.p);
}

/* --- altered ---------------------------------------------------------------------------------- */

/* One archive question whose wrapped key is in octets of ours. */
struct altered {
	struct kra_archive q;
	struct client_key c;
	struct gh_buf iv, cipher;
	unsigned char ephemeral[256], wrapped[512];
};

static void
altered_begin(struct fixture *f, struct altered *a)
{
	client_key(&a->c, &f->transport, "AES-256-GCM");
	wrap_secret(&a->c, BUF(f->pkcs8), &a->iv, &a->cipher);
	a->q = (struct kra_archive){.facts = facts_of(f, ""),
	    .wrapping = a->c.wrapping,
	    .iv = BUF(a->iv),
	    .cipher = BUF(a->cipher)};
	memcpy(a->q.storage_id, f->storage.id, sizeof(f->storage.id));
	memcpy(a->ephemeral, a->c.wrapping.ephemeral.p, a->c.wrapping.ephemeral.len);
	memcpy(a->wrapped, a->c.wrapping.wrapped_key.p, a->c.wrapping.wrapped_key.len);
	a->q.wrapping.ephemeral.p = a->ephemeral;
	a->q.wrapping.wrapped_key.p = a->wrapped;
}

static void
altered_end(struct altered *a)
{
	gh_buf_free(&a->c.parts);
	gh_buf_free(&a->iv);
	gh_buf_free(&a->cipher);
}

static void
must_refuse(struct fixture *f, const struct altered *a)
{
	struct signer_blob stored;
	struct gh_error err = {0};

	if (kra_client_archive(f->client, &a->q, &stored, &err) != GH_E_VALIDATION)
		fail_msg("%s", err.detail);
	assert_string_equal(err.message, not_opened);
}

static void
alter_each(struct fixture *f, const struct altered *a, unsigned char *octets, size_t len, int n)
{
	for (int i = 0; i < n; i++) {
		unsigned char *p = &octets[(size_t)i % len];
		unsigned char bits = (unsigned char)(1 + i / (int)len);

		*p ^= bits;
		must_refuse(f, a);
		*p ^= bits;
	}
}

/* What is no ciphertext at all for this modulus. */
static void
put_number(struct fixture *f, struct altered *a, int which)
{
	const unsigned char *p = f->transport.spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)f->transport.spki.len);
	int len = (int)a->q.wrapping.wrapped_key.len;
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	switch (which) {
	case 0:
	case 1:
		BN_set_word(n, (BN_ULONG)which);
		break;
	case 2:
		BN_sub_word(n, 1);
		break;
	case 3: /* n itself */
		break;
	default:
		BN_add_word(n, 1);
	}
	assert_int_equal(BN_bn2binpad(n, a->wrapped, len), len);
	BN_free(n);
	EVP_PKEY_free(key);
}

static void
kra_hsm__altered_rsa(void **state)
{
	struct fixture *f = *state;
	struct altered a;

	altered_begin(f, &a);
	alter_each(f, &a, a.wrapped, a.q.wrapping.wrapped_key.len, 1000);
	for (int i = 0; i < 5; i++) {
		put_number(f, &a, i);
		must_refuse(f, &a);
	}
	memset(a.wrapped, 0xff, a.q.wrapping.wrapped_key.len);
	must_refuse(f, &a);
	a.q.wrapping.wrapped_key.len--;
	must_refuse(f, &a);
	a.q.wrapping.wrapped_key.len = 0;
	must_refuse(f, &a);
	must_not_have_looked_away(f);
	altered_end(&a);
}

static void
kra_hsm__altered_ec(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *stranger = gh_key_make("P-384");
	unsigned char *der = NULL;
	struct altered a;
	int n;

	altered_begin(f, &a);
	alter_each(f, &a, a.wrapped, a.q.wrapping.wrapped_key.len, 500);
	/* points that are none, curves that are others, bytes that are no key */
	alter_each(f, &a, a.ephemeral, a.q.wrapping.ephemeral.len, 500);
	n = i2d_PUBKEY(stranger, &der);
	a.q.wrapping.ephemeral = (struct gh_der){der, (size_t)n};
	must_refuse(f, &a);
	/* its own public key: a point like any other */
	a.q.wrapping.ephemeral = BLOB(f->transport.spki);
	must_refuse(f, &a);
	a.q.wrapping.ephemeral.len = 0;
	must_refuse(f, &a);
	must_not_have_looked_away(f);
	OPENSSL_free(der);
	EVP_PKEY_free(stranger);
	altered_end(&a);
}

/* --- slow ------------------------------------------------------------------------------------- */

/* SoftHSM waits for the locks of its files. */
static size_t
lock_store(int fd[256])
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char pattern[256];
	size_t n = 0;
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/tokens/*/*", getenv("HSM_DIR"));
	MUST(glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc <= 256);
	for (; n < g.gl_pathc; n++) {
		MUST((fd[n] = open(g.gl_pathv[n], O_RDWR | O_CLOEXEC)) >= 0);
		MUST(fcntl(fd[n], F_SETLKW, &all) == 0);
	}
	globfree(&g);
	return n;
}

struct waiting {
	struct fixture *f;
	atomic_bool is_done;
	int rc;
};

static void *
archive_in_token(void *arg)
{
	struct waiting *w = arg;
	struct fixture own = *w->f;
	struct kra_facts facts = facts_of(&own, "");
	struct signer_blob stored;
	struct gh_error err;

	own.client = signer_process_client(&own.sp);
	w->rc = archive(&own, "AES-256-GCM", &facts, BUF(own.pkcs8), &stored, &err);
	atomic_store(&w->is_done, true);
	free(stored.p);
	signer_client_free(own.client);
	return NULL;
}

/* While the token keeps one waiting, others with keys in memory do not wait. */
static void
kra_hsm__slow_token_holds_nobody_else(void **state)
{
	struct fixture *f = *state;
	struct waiting w = {.f = f};
	struct fixture software = *f;
	pthread_t thread;
	int fd[256];
	size_t n;

	create_key(f, true, "P-256", NULL, &software.storage);
	create_key(f, false, "P-256", NULL, &software.transport);
	assert_int_equal(load(f, &software.storage), 0);
	assert_int_equal(load(f, &software.transport), 0);
	must_work(f);
	n = lock_store(fd);
	assert_int_equal(pthread_create(&thread, NULL, archive_in_token, &w), 0);
	pause_ms(200); /* so that it is there; it would wait for ever */
	for (int i = 0; i < 50; i++)
		must_work(&software);
	assert_false(atomic_load(&w.is_done));
	while (n > 0)
		close(fd[--n]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(w.rc, 0);
	keys_free(&software.storage);
	keys_free(&software.transport);
}

#define rsa(test) cmocka_unit_test_setup_teardown(test, setup_rsa_in_token, restore)
#define born_rsa(test) cmocka_unit_test_setup_teardown(test, setup_born_rsa, restore)
#define born_ec(test) cmocka_unit_test_setup_teardown(test, setup_born_ec, restore)
#define ec(test) cmocka_unit_test_setup_teardown(test, setup_ec_in_token, restore)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    rsa(kra_hsm__archives_and_recovers),
	    ec(kra_hsm__archives_and_recovers),
	    rsa(kra_hsm__key_has_one_purpose),
	    rsa(kra_hsm__takes_archive_options),
	    ec(kra_hsm__takes_archive_options),
	    rsa(kra_hsm__comes_back_after_it_was_away),
	    ec(kra_hsm__comes_back_after_it_was_away),
	    rsa(kra_hsm__survives_a_lost_session),
	    ec(kra_hsm__survives_a_lost_session),
	    born_rsa(kra_hsm__archives_and_recovers),
	    born_ec(kra_hsm__archives_and_recovers),
	    born_rsa(kra_hsm__does_not_use_another_key),
	    born_ec(kra_hsm__does_not_use_another_key),
	    rsa(kra_hsm__altered_rsa),
	    ec(kra_hsm__altered_ec),
	    rsa(kra_hsm__many_times),
	    ec(kra_hsm__many_times),
	    rsa(kra_hsm__slow_token_holds_nobody_else),
	    ec(kra_hsm__slow_token_holds_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
