/* CA keys under a password: set, changed, removed, unlocked for a time, against a real signer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "ca-backend/signer_process.h"

#define PASSWORD "correct horse battery staple"

struct record {
	unsigned char *p;
	size_t len;
};

/* A signer and a new CA for each test. */
struct fixture {
	struct signer_process sp;
	struct made_ca ca;
	struct record plain, locked; /* locked: under PASSWORD, made of plain */
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct signer_client *client;
	unsigned char *spki;
	size_t spki_len;
};

static int
set_password(struct fixture *f, const struct record *from, const char *current,
    const char *new_password, struct record *out)
{
	struct gh_error err;

	return signer_client_set_password(f->client, from->p, from->len, current, new_password,
	    &out->p, &out->len, &err);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;
	EVP_PKEY *key;
	int n;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	assert_int_equal(make_ca(&f->sp, "Issuing", "P-256", NULL, &issuing_limits, &f->ca, &err),
	    0);
	f->plain = (struct record){f->ca.sealed, f->ca.sealed_len};
	signer_process_start(&f->sp, "16");
	f->client = signer_process_client(&f->sp);
	MUST((key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")) != NULL);
	MUST((n = i2d_PUBKEY(key, &f->spki)) > 0);
	f->spki_len = (size_t)n;
	EVP_PKEY_free(key);
	MUST(EVP_Digest(f->ca.cert, f->ca.cert_len, f->id, NULL, EVP_sha256(), NULL) == 1);
	assert_int_equal(set_password(f, &f->plain, NULL, PASSWORD, &f->locked), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	signer_client_free(f->client);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0); /* a sanitizer's findings too */
	signer_process_free(&f->sp);
	made_ca_free(&f->ca);
	free(f->locked.p);
	OPENSSL_free(f->spki);
	free(f);
	return 0;
}

static int
load(struct fixture *f, const struct record *r)
{
	unsigned char id[SIGNER_CA_ID_SIZE] = {0};
	struct gh_error err;
	int rc = signer_client_load_ca(f->client, r->p, r->len, id, &err);

	if (rc == 0 || rc == GH_E_CA_LOCKED)
		assert_memory_equal(id, f->id, sizeof(id));
	return rc;
}

static int
unlock(struct fixture *f, const struct record *r, const char *password, int seconds)
{
	struct gh_error err;
	int64_t begin = gh_now(), until;
	int rc = signer_client_unlock(f->client, r->p, r->len, password, seconds, &until, &err);

	if (rc == 0)
		assert_in_range(until, begin + seconds, gh_now() + seconds);
	return rc;
}

static int
sign_by(struct fixture *f, struct signer_client *client)
{
	struct signer_cert_fields fields = {.not_before = gh_now() - 600,
	    .not_after = gh_now() + 30 * DAY,
	    .spki = f->spki,
	    .spki_len = f->spki_len,
	    .extensions = key_usage_extensions,
	    .extensions_len = sizeof(key_usage_extensions)};
	unsigned char *name = name_der("alice", &fields.subject_len), *der;
	struct gh_error err;
	size_t len;
	int rc;

	memcpy(fields.ca_id, f->id, sizeof(fields.ca_id));
	fields.subject = name;
	rc = sign_one(client, &fields, &der, &len, &err);
	if (rc == 0) {
		const unsigned char *p = der, *q = f->ca.cert;
		X509 *x = d2i_X509(NULL, &p, (long)len);
		X509 *ca = d2i_X509(NULL, &q, (long)f->ca.cert_len);

		assert_int_equal(X509_verify(x, X509_get0_pubkey(ca)), 1);
		X509_free(x);
		X509_free(ca);
	}
	free(der);
	OPENSSL_free(name);
	return rc;
}

static int
sign(struct fixture *f)
{
	return sign_by(f, f->client);
}

static struct signer_ca_state
state_of(struct fixture *f)
{
	struct signer_ca_state state;
	struct gh_error err;

	assert_int_equal(signer_client_ca_state(f->client, f->id, &state, &err), 0);
	return state;
}

static int
lock(struct fixture *f)
{
	struct gh_error err;

	return signer_client_lock(f->client, f->id, &err);
}

static bool
contains(const struct record *r, const void *what, size_t len)
{
	return memmem(r->p, r->len, what, len) != NULL;
}

/* --- one CA's way through all states ---------------------------------------------------------- */

static void
signer__unlocks_a_key_under_a_password(void **state)
{
	struct fixture *f = *state;

	assert_false(state_of(f).is_loaded);
	assert_int_equal(sign(f), GH_E_NOT_FOUND);
	assert_int_equal(load(f, &f->locked), GH_E_CA_LOCKED);
	assert_true(state_of(f).is_loaded && state_of(f).has_password);
	assert_false(state_of(f).is_unlocked);
	assert_int_equal(sign(f), GH_E_CA_LOCKED);
	assert_int_equal(unlock(f, &f->locked, PASSWORD "x", 60), GH_E_CA_PASSWORD);
	assert_int_equal(unlock(f, &f->locked, "", 60), GH_E_CA_PASSWORD);
	assert_int_equal(sign(f), GH_E_CA_LOCKED);
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	assert_int_equal(sign(f), 0);
	assert_true(state_of(f).is_unlocked);
	assert_in_range(state_of(f).unlocked_until, gh_now(), gh_now() + 60);
	/* workers load it at any time */
	assert_int_equal(load(f, &f->locked), 0);
	assert_int_equal(sign(f), 0);
	/* a wrong password takes nothing away */
	assert_int_equal(unlock(f, &f->locked, "wrong", 60), GH_E_CA_PASSWORD);
	assert_int_equal(sign(f), 0);
	assert_int_equal(lock(f), 0);
	assert_int_equal(sign(f), GH_E_CA_LOCKED);
	assert_int_equal(lock(f), 0);
	assert_int_equal(load(f, &f->locked), GH_E_CA_LOCKED);
}

static void
signer__unlocks_what_was_not_loaded(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(lock(f), 0);
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	assert_int_equal(sign(f), 0);
}

/* Unlocked after `since` (gh_now_us) for so many seconds: wait for the end, which must not come
 * before. The signer's clock has whole seconds. */
static void
await_locked(struct fixture *f, int64_t since, int seconds)
{
	int64_t end = since + (seconds + 60) * INT64_C(1000000);

	while (sign(f) != GH_E_CA_LOCKED) {
		assert_true(gh_now_us() < end);
		pause_ms(50);
	}
	assert_true(gh_now_us() - since > (seconds - 1) * INT64_C(1000000));
}

static void
signer__forgets_the_key_when_the_time_is_over(void **state)
{
	struct fixture *f = *state;
	int64_t since;
	int rc;

	do { /* a busy machine may not come to sign in time */
		since = gh_now_us();
		assert_int_equal(unlock(f, &f->locked, PASSWORD, 2), 0);
		rc = sign(f);
	} while (rc == GH_E_CA_LOCKED && gh_now_us() - since > 1000000);
	assert_int_equal(rc, 0);
	await_locked(f, since, 2);
	assert_false(state_of(f).is_unlocked);
	assert_int_equal(state_of(f).unlocked_until, 0);
	/* and again; a second unlock counts from its own begin */
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 2), 0);
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	pause_ms(2500); /* past the end of the first */
	assert_int_equal(sign(f), 0);
}

static void
signer__changes_and_removes_a_password(void **state)
{
	struct fixture *f = *state;
	struct record changed, removed, none;

	assert_int_equal(set_password(f, &f->locked, "wrong", "new one", &none), GH_E_CA_PASSWORD);
	assert_null(none.p);
	assert_int_equal(set_password(f, &f->locked, PASSWORD, "new one", &changed), 0);
	/* nothing is loaded by it, and both records work until one is */
	assert_false(state_of(f).is_loaded);
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	assert_int_equal(unlock(f, &changed, PASSWORD, 60), GH_E_CA_PASSWORD);
	assert_int_equal(unlock(f, &changed, "new one", 60), 0);
	assert_int_equal(sign(f), 0);
	assert_int_equal(set_password(f, &changed, "wrong", NULL, &none), GH_E_CA_PASSWORD);
	assert_int_equal(set_password(f, &changed, "new one", NULL, &removed), 0);
	assert_int_equal(load(f, &removed), 0);
	assert_false(state_of(f).has_password);
	assert_int_equal(sign(f), 0);
	assert_int_equal(lock(f), GH_E_CONFLICT);
	free(changed.p);
	free(removed.p);
}

static void
signer__refuses_what_the_state_does_not_allow(void **state)
{
	struct fixture *f = *state;
	struct record none;

	assert_int_equal(set_password(f, &f->locked, NULL, "another", &none), GH_E_CONFLICT);
	assert_int_equal(set_password(f, &f->plain, "some", "another", &none), GH_E_CONFLICT);
	assert_int_equal(set_password(f, &f->plain, "some", NULL, &none), GH_E_CONFLICT);
	assert_int_equal(set_password(f, &f->plain, NULL, NULL, &none), GH_E_CONFLICT);
	assert_int_equal(unlock(f, &f->plain, PASSWORD, 60), GH_E_CONFLICT);
	assert_null(none.p);
}

/* --- older records ---------------------------------------------------------------------------- */

static void
signer__drops_the_key_when_a_password_comes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, &f->plain), 0);
	assert_int_equal(sign(f), 0);
	assert_int_equal(load(f, &f->locked), GH_E_CA_LOCKED);
	assert_int_equal(sign(f), GH_E_CA_LOCKED);
}

/* Whoever kept the record from before the password must get nothing for it. */
static void
signer__refuses_a_record_older_than_the_loaded_one(void **state)
{
	struct fixture *f = *state;
	struct record none;

	assert_int_equal(load(f, &f->locked), GH_E_CA_LOCKED);
	assert_int_equal(load(f, &f->plain), GH_E_CONFLICT);
	assert_int_equal(set_password(f, &f->plain, NULL, "mine", &none), GH_E_CONFLICT);
	assert_int_equal(sign(f), GH_E_CA_LOCKED);
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	assert_int_equal(load(f, &f->plain), GH_E_CONFLICT);
	assert_int_equal(sign(f), 0);
}

/* One of the same age without a password: limits were changed at the same time. */
static void
signer__refuses_to_lose_a_password(void **state)
{
	struct fixture *f = *state;
	struct admin_signer a = admin_signer_start(&f->sp);
	struct gh_error err;
	struct record other;

	assert_int_equal(signer_client_set_limits(a.client, f->plain.p, f->plain.len,
			     &issuing_limits, &other.p, &other.len, &err),
	    0);
	assert_int_equal(admin_signer_stop(&a), 0);
	assert_int_equal(load(f, &f->locked), GH_E_CA_LOCKED);
	assert_int_equal(load(f, &other), GH_E_CONFLICT);
	free(other.p);
}

static struct signer_renewed_ca
renewed(struct fixture *f, const struct record *r)
{
	struct admin_signer a = admin_signer_start(&f->sp);
	struct signer_renew_ca in = {.sealed = r->p,
	    .sealed_len = r->len,
	    .not_before = gh_now() - 60,
	    .not_after = gh_now() + 100 * DAY};
	struct signer_renewed_ca out;
	struct gh_error err;

	assert_int_equal(signer_client_renew_ca(a.client, &in, &out, &err), 0);
	assert_int_equal(admin_signer_stop(&a), 0);
	return out;
}

/* The key lives on under another certificate, and gets its password there: records of the
 * certificate before have no password, and must be worth nothing. */
static void
signer__refuses_the_key_under_an_earlier_certificate(void **state)
{
	struct fixture *f = *state;
	struct signer_renewed_ca r = renewed(f, &f->plain);
	struct record plain = {r.sealed.p, r.sealed.len}, locked, none;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err;
	int64_t until;

	assert_int_equal(load(f, &f->plain), 0);
	assert_int_equal(signer_client_load_ca(f->client, plain.p, plain.len, id, &err), 0);
	assert_int_equal(sign(f), 0); /* both, while there is no password */
	assert_int_equal(set_password(f, &plain, NULL, PASSWORD, &locked), 0);
	assert_int_equal(signer_client_load_ca(f->client, locked.p, locked.len, id, &err),
	    GH_E_CA_LOCKED);
	assert_int_equal(sign(f), GH_E_NOT_FOUND);
	assert_int_equal(load(f, &f->plain), GH_E_CONFLICT);
	assert_int_equal(set_password(f, &f->plain, NULL, "mine", &none), GH_E_CONFLICT);
	assert_int_equal(sign(f), GH_E_NOT_FOUND);
	assert_int_equal(signer_client_unlock(f->client, locked.p, locked.len, PASSWORD, 60, &until,
			     &err),
	    0);
	assert_int_equal(load(f, &f->plain), GH_E_CONFLICT);
	free(locked.p);
	signer_renewed_ca_free(&r);
}

/* New limits, the same password: who has unlocked the CA need not do it again. */
static void
signer__stays_unlocked_when_its_limits_change(void **state)
{
	struct fixture *f = *state;
	struct admin_signer a = admin_signer_start(&f->sp);
	struct signer_limits limits = issuing_limits;
	struct record narrow, changed;
	struct gh_error err;
	int64_t since;

	limits.max_validity = DAY;
	assert_int_equal(signer_client_set_limits(a.client, f->locked.p, f->locked.len, &limits,
			     &narrow.p, &narrow.len, &err),
	    0);
	assert_int_equal(admin_signer_stop(&a), 0);
	since = gh_now_us();
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 4), 0);
	assert_int_equal(sign(f), 0);
	assert_int_equal(load(f, &narrow), 0);
	assert_true(state_of(f).is_unlocked);
	assert_int_equal(sign(f), GH_E_CA_POLICY);
	assert_int_equal(load(f, &f->locked), GH_E_CONFLICT);
	/* no longer than before */
	await_locked(f, since, 4);
	/* another password is another key part, and locks */
	assert_int_equal(unlock(f, &narrow, PASSWORD, 60), 0);
	assert_int_equal(set_password(f, &narrow, PASSWORD, "new one", &changed), 0);
	assert_int_equal(load(f, &changed), GH_E_CA_LOCKED);
	free(narrow.p);
	free(changed.p);
}

/* --- what is to be seen ----------------------------------------------------------------------- */

static bool
log_has(const struct signer_process *sp, const char *what)
{
	static char text[1 << 20];
	int fd = open(sp->log, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	MUST(n >= 0);
	close(fd);
	text[n] = '\0';
	return strstr(text, what) != NULL;
}

static void
signer__tells_nobody_a_password(void **state)
{
	struct fixture *f = *state;
	struct record other;

	/* salt and nonces are new each time */
	assert_int_equal(set_password(f, &f->plain, NULL, PASSWORD, &other), 0);
	assert_int_equal(other.len, f->locked.len);
	assert_memory_not_equal(other.p + 5, f->locked.p + 5, other.len - 5);
	free(other.p);
	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	assert_int_equal(unlock(f, &f->locked, "another wrong one", 60), GH_E_CA_PASSWORD);
	assert_false(contains(&f->locked, PASSWORD, strlen(PASSWORD)));
	assert_true(log_has(&f->sp, "CA unlocked"));
	assert_false(log_has(&f->sp, PASSWORD));
	assert_false(log_has(&f->sp, "another wrong one"));
}

static void
signer__takes_passwords_of_any_characters_up_to_its_limit(void **state)
{
	struct fixture *f = *state;
	static const char odd[] = "p\xc3\xa4ssw\xc3\xb6rter\t\x01\xff";
	char longest[SIGNER_PASSWORD_SIZE + 1];
	struct gh_error err;
	struct record r;

	memset(longest, 0, sizeof(longest));
	memset(longest, 'p', SIGNER_PASSWORD_SIZE - 1);
	assert_int_equal(set_password(f, &f->plain, NULL, longest, &r), 0);
	longest[SIGNER_PASSWORD_SIZE - 2] = 'q';
	assert_int_equal(unlock(f, &r, longest, 60), GH_E_CA_PASSWORD);
	longest[SIGNER_PASSWORD_SIZE - 2] = 'p';
	assert_int_equal(unlock(f, &r, longest, 60), 0);
	free(r.p);
	assert_int_equal(set_password(f, &f->locked, PASSWORD, odd, &r), 0);
	assert_int_equal(unlock(f, &r, odd, 60), 0);
	free(r.p);
	longest[SIGNER_PASSWORD_SIZE - 1] = 'p';
	assert_int_not_equal(set_password(f, &f->locked, PASSWORD, longest, &r), 0);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

/* --- damage ----------------------------------------------------------------------------------- */

static void
signer__refuses_damaged_records_under_a_password(void **state)
{
	struct fixture *f = *state;
	struct record copy = {malloc(f->locked.len + 1), f->locked.len}, none;
	size_t at;

	MUST(copy.p != NULL);
	for (at = 0; at < f->locked.len; at++) {
		memcpy(copy.p, f->locked.p, f->locked.len);
		copy.p[at] ^= (unsigned char)(1u << at % 8);
		assert_int_equal(load(f, &copy), GH_E_SIGNER);
	}
	/* version 2 said to be version 1 */
	memcpy(copy.p, f->locked.p, f->locked.len);
	copy.p[4] = 1;
	assert_int_equal(load(f, &copy), GH_E_SIGNER);
	memcpy(copy.p, f->locked.p, f->locked.len);
	copy.p[f->locked.len] = 0;
	for (copy.len = 0; copy.len <= f->locked.len + 1; copy.len++) {
		if (copy.len == f->locked.len)
			continue;
		assert_int_equal(load(f, &copy), GH_E_SIGNER);
	}
	copy.len = f->locked.len - 1;
	assert_int_equal(unlock(f, &copy, PASSWORD, 60), GH_E_SIGNER);
	assert_int_equal(set_password(f, &copy, PASSWORD, NULL, &none), GH_E_SIGNER);
	assert_false(state_of(f).is_loaded);
	free(copy.p);
}

/* --- several callers -------------------------------------------------------------------------- */

struct thread_job {
	struct fixture *f;
	int done, locked, other;
	atomic_bool *is_over; /* NULL = after so many */
};

static void *
sign_many(void *arg)
{
	struct thread_job *job = arg;
	struct signer_client *c = signer_process_client(&job->f->sp);

	while (!atomic_load(job->is_over)) {
		int rc = sign_by(job->f, c);

		if (rc == 0)
			job->done++;
		else if (rc == GH_E_CA_LOCKED)
			job->locked++;
		else
			job->other++;
	}
	signer_client_free(c);
	return NULL;
}

static void
signer__signs_or_says_locked_while_it_is_locked_and_unlocked(void **state)
{
	struct fixture *f = *state;
	struct thread_job jobs[4];
	pthread_t thread[4];
	atomic_bool is_over = false;
	int i, done = 0, locked = 0;

	assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
	for (i = 0; i < 4; i++) {
		jobs[i] = (struct thread_job){.f = f, .is_over = &is_over};
		MUST(pthread_create(&thread[i], NULL, sign_many, &jobs[i]) == 0);
	}
	for (i = 0; i < 6; i++) {
		assert_int_equal(lock(f), 0);
		assert_int_equal(unlock(f, &f->locked, PASSWORD, 60), 0);
		assert_int_equal(load(f, &f->locked), 0);
		pause_ms(50);
	}
	atomic_store(&is_over, true);
	for (i = 0; i < 4; i++) {
		MUST(pthread_join(thread[i], NULL) == 0);
		assert_int_equal(jobs[i].other, 0);
		done += jobs[i].done;
		locked += jobs[i].locked;
	}
	assert_true(done > 0 && locked > 0);
	assert_int_equal(sign(f), 0);
}

static void *
unlock_some(void *arg)
{
	struct thread_job *job = arg;
	struct signer_client *c = signer_process_client(&job->f->sp);
	const struct record *r = &job->f->locked;
	struct gh_error err;
	int64_t until;
	int i;

	for (i = 0; i < 4; i++) {
		const char *password = i % 2 == 0 ? PASSWORD : "wrong";
		int rc = signer_client_unlock(c, r->p, r->len, password, 60, &until, &err);

		if (rc == (i % 2 == 0 ? 0 : GH_E_CA_PASSWORD))
			job->done++;
		else
			job->other++;
	}
	signer_client_free(c);
	return NULL;
}

/* Passwords are tried one at a time; whoever only signs does not wait for them. */
static void
signer__tries_passwords_of_8_callers(void **state)
{
	struct fixture *f = *state;
	struct thread_job jobs[8];
	pthread_t thread[8];
	int i;

	for (i = 0; i < 8; i++) {
		jobs[i] = (struct thread_job){.f = f};
		MUST(pthread_create(&thread[i], NULL, unlock_some, &jobs[i]) == 0);
	}
	for (i = 0; i < 8; i++) {
		MUST(pthread_join(thread[i], NULL) == 0);
		assert_int_equal(jobs[i].other, 0);
		assert_int_equal(jobs[i].done, 4);
	}
	assert_int_equal(sign(f), 0);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* As it is started by default. What a worker that was taken over cannot do: put a password of its
 * own on a key. */
static void
signer__takes_no_first_password_from_workers(void **state)
{
	struct fixture *f = *state;
	struct record made = {0}, changed = {0};
	struct admin_signer admin;
	struct gh_error err;

	signer_client_free(f->client);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	f->sp.no_first_password = true;
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	assert_int_equal(set_password(f, &f->plain, NULL, "of the attacker", &made),
	    GH_E_CA_POLICY);
	assert_null(made.p);
	/* whoever can read the system key may */
	admin = admin_signer_start(&f->sp);
	assert_int_equal(signer_client_set_password(admin.client, f->plain.p, f->plain.len, NULL,
			     PASSWORD, &made.p, &made.len, &err),
	    0);
	assert_int_equal(admin_signer_stop(&admin), 0);
	/* with the password workers change it as before, and take it off; that is no way to a first
	 * one */
	assert_int_equal(set_password(f, &made, PASSWORD, "another password", &changed), 0);
	free(made.p);
	made.p = NULL;
	assert_int_equal(set_password(f, &changed, "another password", NULL, &made), 0);
	free(changed.p);
	changed.p = NULL;
	assert_int_equal(set_password(f, &made, NULL, "of the attacker", &changed), GH_E_CA_POLICY);
	assert_null(changed.p);
	free(made.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(signer__unlocks_a_key_under_a_password),
	    each(signer__unlocks_what_was_not_loaded),
	    each(signer__forgets_the_key_when_the_time_is_over),
	    each(signer__changes_and_removes_a_password),
	    each(signer__refuses_what_the_state_does_not_allow),
	    each(signer__drops_the_key_when_a_password_comes),
	    each(signer__refuses_a_record_older_than_the_loaded_one),
	    each(signer__refuses_to_lose_a_password),
	    each(signer__refuses_the_key_under_an_earlier_certificate),
	    each(signer__stays_unlocked_when_its_limits_change),
	    each(signer__tells_nobody_a_password),
	    each(signer__takes_passwords_of_any_characters_up_to_its_limit),
	    each(signer__refuses_damaged_records_under_a_password),
	    each(signer__signs_or_says_locked_while_it_is_locked_and_unlocked),
	    each(signer__tries_passwords_of_8_callers),
	    each(signer__takes_no_first_password_from_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
