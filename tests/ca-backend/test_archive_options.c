/* PKIArchiveOptions in a KRA. Bouncy Castle made them: MakeCrmf.java. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>

#include "signer/keys/ca_key.h"
#include "formats/crmf.h"
#include "key_alg.h"
#include "signer/kra/archive_options.h"
#include "signer/kra/secret.h"

#include "case.h"
#include "ca-backend/fixture_file.h"

#define FIXTURE_MAX (32 * 1024)
#define TRANSPORTS 3

struct octets {
	unsigned char p[FIXTURE_MAX];
	size_t len;
};

struct fixture {
	struct kra kra;
	struct issuer *transport[TRANSPORTS], *storage;
	struct octets pkcs8, spki;
};

static const char *const transports[TRANSPORTS] = {"rsa", "p256", "p384"};

static void
read_fixture(const char *name, struct octets *out)
{
	out->len = fixture_read("crmf", name, out->p, sizeof(out->p));
}

static void
put_key(struct fixture *f, enum issuer_kind kind, EVP_PKEY *key, struct issuer **out)
{
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(key, &spki);
	struct gh_error err;

	assert_true(n > 0);
	assert_int_equal(issuer_from_spki(kind, &(struct gh_der){spki, (size_t)n}, key, out, &err),
	    0);
	assert_int_equal(issuer_table_put(f->kra.keys, issuer_ref(*out), NULL, &err), 0);
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct octets p8;
	char name[32];

	assert_non_null(f);
	f->kra.keys = issuer_table_new();
	for (size_t i = 0; i < TRANSPORTS; i++) {
		snprintf(name, sizeof(name), "%s.p8", transports[i]);
		read_fixture(name, &p8);
		put_key(f, ISSUER_TRANSPORT, ca_key_from_pkcs8(p8.p, p8.len), &f->transport[i]);
	}
	put_key(f, ISSUER_STORAGE, gh_key_make("P-256"), &f->storage);
	read_fixture("key.p8", &f->pkcs8);
	read_fixture("key.spki", &f->spki);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < TRANSPORTS; i++)
		issuer_unref(f->transport[i]);
	issuer_unref(f->storage);
	issuer_table_free(f->kra.keys);
	free(f);
	return 0;
}

/* The transport key that the name of a fixture has in the middle. */
static const unsigned char *
transport_of(const struct fixture *f, const char *name)
{
	const char *second = strchr(name, '-') + 1;

	for (size_t i = 0; i < TRANSPORTS; i++)
		if (strncmp(second, transports[i], strlen(transports[i])) == 0)
			return f->transport[i]->ca_id;
	fail_msg("%s", name);
	return NULL;
}

static int
archive(struct fixture *f, const char *name, const unsigned char *p, size_t len,
    struct gh_error *err)
{
	struct kra_archive q = {.facts = {.kind = KRA_ASYMMETRIC, .spki = {f->spki.p, f->spki.len}},
	    .options = {p, len}};
	struct gh_buf stored;
	int rc;

	memcpy(q.storage_id, f->storage->ca_id, sizeof(q.storage_id));
	memcpy(q.wrapping.transport_id, transport_of(f, name), sizeof(q.wrapping.transport_id));
	gh_buf_init(&stored, KRA_STORED_MAX);
	rc = kra_archive(&f->kra, &q, &stored, err);
	assert_int_equal(stored.len > 0, rc == 0);
	gh_buf_free(&stored);
	return rc;
}

/* In the clear it is the very PKCS#8. */
static void
must_open(struct fixture *f, const char *name, const struct octets *options)
{
	bool is_authentic;
	struct gh_error err;
	struct gh_buf out;

	gh_buf_init(&out, KRA_SECRET_MAX);
	if (archive_options_open(&f->kra, transport_of(f, name),
		&(struct gh_der){options->p, options->len}, &out, &is_authentic, &err) != 0)
		fail_msg("%s: %s", name, err.message);
	assert_memory_equal(out.data, f->pkcs8.p, f->pkcs8.len);
	if (!is_authentic) /* the padding of CBC is left on it */
		assert_int_equal(out.len, f->pkcs8.len + out.data[out.len - 1]);
	else
		assert_int_equal(out.len, f->pkcs8.len);
	assert_int_equal(is_authentic,
	    strstr(name, "cbc") == NULL && strstr(name, "value") == NULL);
	gh_buf_free(&out);
}

/* One of them, as its name says. */
static void
judge(struct fixture *f, const char *name)
{
	static const char no_legacy[] = "RSA1_5 and AES-CBC are not allowed here";
	struct octets o;
	struct gh_error err = {0};
	bool is_legacy = strncmp(name, "legacy-", 7) == 0, is_bad = strncmp(name, "bad-", 4) == 0;
	int rc;

	read_fixture(name, &o);
	f->kra.allows_legacy = false;
	rc = archive(f, name, o.p, o.len, &err);
	if (rc != (is_legacy || is_bad ? GH_E_VALIDATION : 0))
		fail_msg("%s: %d %s", name, rc, err.message);
	if (is_legacy && strstr(name, "dogtag-v15") == NULL)
		assert_memory_equal(err.message, no_legacy, strlen(no_legacy));
	f->kra.allows_legacy = true;
	rc = archive(f, name, o.p, o.len, &err);
	if (rc != (is_bad ? GH_E_VALIDATION : 0))
		fail_msg("%s: %d %s", name, rc, err.message);
	if (!is_bad)
		must_open(f, name, &o);
}

/* Runs on each file of a verdict. */
static int
each_fixture(struct fixture *f, const char *verdict,
    void (*look)(struct fixture *f, const char *name))
{
	DIR *d = opendir(fixture_folder("crmf"));
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (strstr(e->d_name, ".options") == NULL ||
		    strncmp(e->d_name, verdict, strlen(verdict)) != 0)
			continue;
		look(f, e->d_name);
		n++;
	}
	closedir(d);
	return n;
}

static void
options__bouncy_castle(void **state)
{
	assert_int_equal(each_fixture(*state, "good-", judge), 9);
	assert_int_equal(each_fixture(*state, "legacy-", judge), 9);
	assert_int_equal(each_fixture(*state, "bad-", judge), 12);
}

/* As the control of a request. */
static void
options__out_of_a_request(void **state)
{
	struct fixture *f = *state;
	struct ca_pkcs10 *csr;
	struct octets o;
	struct gh_error err;

	read_fixture("good-archive.crmf", &o);
	assert_int_equal(ca_crmf_parse(o.p, o.len, &csr, &err), 0);
	assert_int_equal(ca_pkcs10_check(csr, &err), 0);
	assert_true(csr->spki_len == f->spki.len && memcmp(csr->spki, f->spki.p, f->spki.len) == 0);
	o.len = csr->archive_options.len;
	memcpy(o.p, csr->archive_options.p, o.len);
	must_open(f, "good-rsa-archive", &o);
	ca_pkcs10_free(csr);
}

static void
options__refusals_say_why(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
	    {"bad-rsa-oaep-sha1.options", "not wrapped with RSAES-OAEP, SHA-256"},
	    {"bad-rsa-value-sha1.options", "not wrapped with RSAES-OAEP, SHA-256"},
	    {"bad-rsa-des.options", "not encrypted with AES-128"},
	    {"bad-rsa-aes192.options", "not encrypted with AES-128"},
	    {"bad-rsa-two.options", "more than one recipient"},
	    {"bad-rsa-ec.options", "The wrapped key cannot be opened"},
	    {"bad-p256-rsa.options", "The wrapped key cannot be opened"},
	    {"bad-p384-curve.options", "The wrapped key cannot be opened"},
	    {"bad-p256-sha1kdf.options", "dhSinglePass-stdDH-sha256kdf-scheme"},
	    {"bad-rsa-password.options", "none of RFC 5652, 6.2.1 and 6.2.2"},
	    {"bad-rsa-generate.options", "only encryptedPrivKey is taken"},
	    {"bad-rsa-remote.options", "only encryptedPrivKey is taken"},
	};
	struct fixture *f = *state;
	struct octets o;
	struct gh_error err;

	f->kra.allows_legacy = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_fixture(rows[i].name, &o);
		assert_int_equal(archive(f, rows[i].name, o.p, o.len, &err), GH_E_VALIDATION);
		if (strstr(err.message, rows[i].text) == NULL)
			fail_msg("%s: %s", rows[i].name, err.message);
	}
}

/* --- damaged ---------------------------------------------------------------------------------- */

static void
truncate_it(struct fixture *f, const char *name)
{
	struct octets o;
	struct gh_error err;
	unsigned char *p;

	read_fixture(name, &o);
	for (size_t n = 1; n < o.len; n++) {
		p = malloc(n); /* so that a read past the end shows */
		assert_non_null(p);
		memcpy(p, o.p, n);
		assert_int_equal(archive(f, name, p, n, &err), GH_E_VALIDATION);
		free(p);
	}
	o.p[o.len] = 0;
	assert_int_equal(archive(f, name, o.p, o.len + 1, &err), GH_E_VALIDATION);
}

static void
options__truncated_or_with_more_behind(void **state)
{
	struct fixture *f = *state;

	f->kra.allows_legacy = true;
	truncate_it(f, "good-p256-gcm.options");
	truncate_it(f, "good-rsa-ber.options");
	truncate_it(f, "good-rsa-auth-attributes.options");
	truncate_it(f, "legacy-rsa-value.options");
}

/* A bit of each octet, or of each step-th: RSA is slow. What names recipient,
 * version or owner is not authenticated; the rest is refused, and never falls over. How many
 * alterations go through, at most, the caller says. */
static void
alter_it(struct fixture *f, const char *name, size_t step, int most)
{
	struct octets o;
	struct gh_error err;
	int rc, through = 0;

	read_fixture(name, &o);
	for (size_t i = 0; i < o.len; i += step * case_stride()) {
		o.p[i] ^= (unsigned char)(1u << i % 8);
		rc = archive(f, name, o.p, o.len, &err);
		o.p[i] ^= (unsigned char)(1u << i % 8);
		if (rc == 0)
			through++;
		else
			assert_int_equal(rc, GH_E_VALIDATION);
	}
	if (through > most)
		fail_msg("%s: %d of %zu alterations go through", name, through, o.len);
}

static void
options__altered(void **state)
{
	struct fixture *f = *state;

	f->kra.allows_legacy = true;
	alter_it(f, "good-p256-gcm.options", 2, 20);
	alter_it(f, "good-rsa-gcm.options", 6, 6);
	alter_it(f, "good-rsa-dogtag-kwp.options", 6, 5);
	alter_it(f, "legacy-rsa-value-v15.options", 6, 6);
}

/* Bleichenbacher, Vaudenay: whatever is altered in the wrapped key or in the ciphertext, the answer
 * is one and the same. */
static void
options__no_oracle(void **state)
{
	struct fixture *f = *state;
	struct octets o;
	struct gh_error err;
	size_t key = 0;

	f->kra.allows_legacy = true;
	read_fixture("legacy-rsa-dogtag-cbc-v15.options", &o);
	while (key + 6 < o.len && memcmp(o.p + key, "\x82\x82\x01\x01\x00", 5) != 0)
		key++;
	key += 5;
	assert_true(key + 256 < o.len);
	/* the first octets may take it past the modulus, which a client knows by itself */
	for (size_t i = key + 8; i < o.len; i += case_stride()) {
		if ((i >= key + 256 && i < key + 264) /* the header of encValue */ ||
		    (i < key + 256 && i % 8 != 0))
			continue;
		o.p[i] ^= (unsigned char)(1u << i % 7);
		assert_int_equal(archive(f, "legacy-rsa-", o.p, o.len, &err), GH_E_VALIDATION);
		assert_string_equal(err.message,
		    "The wrapped secret cannot be opened with its session key.");
		o.p[i] ^= (unsigned char)(1u << i % 7);
	}
	assert_int_equal(archive(f, "legacy-rsa-", o.p, o.len, &err), 0);
}

/* --- what is inside --------------------------------------------------------------------------- */

static void
options__of_another_key(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *other = gh_key_make("P-256");
	struct gh_buf pkcs8, spki;
	struct octets o;
	struct gh_error err;

	gh_buf_init(&pkcs8, FIXTURE_MAX);
	gh_buf_init(&spki, FIXTURE_MAX);
	assert_int_equal(secret_key_put(other, &pkcs8, &spki, &err), 0);
	memcpy(f->spki.p, spki.data, spki.len);
	f->spki.len = spki.len;
	f->kra.allows_legacy = true;
	read_fixture("good-rsa-gcm.options", &o);
	assert_int_equal(archive(f, "good-rsa-gcm", o.p, o.len, &err), GH_E_VALIDATION);
	assert_string_equal(err.message, "The private key does not belong to the public key.");
	/* nobody learns what came out of CBC */
	read_fixture("legacy-rsa-cbc.options", &o);
	assert_int_equal(archive(f, "legacy-rsa-cbc", o.p, o.len, &err), GH_E_VALIDATION);
	assert_string_equal(err.message,
	    "The wrapped secret cannot be opened with its session key.");
	gh_buf_free(&pkcs8);
	gh_buf_free(&spki);
	EVP_PKEY_free(other);
}

static void
options__hold_private_keys_only(void **state)
{
	struct fixture *f = *state;
	struct octets o;
	struct kra_archive q = {.facts = {.kind = KRA_SYMMETRIC}};
	struct gh_buf stored;
	struct gh_error err;

	read_fixture("good-rsa-gcm.options", &o);
	q.options = (struct gh_der){o.p, o.len};
	gh_buf_init(&stored, KRA_STORED_MAX);
	assert_int_equal(kra_archive(&f->kra, &q, &stored, &err), GH_E_VALIDATION);
	/* and only a transport key opens them */
	q.facts = (struct kra_facts){.kind = KRA_ASYMMETRIC, .spki = {f->spki.p, f->spki.len}};
	memcpy(q.wrapping.transport_id, f->storage->ca_id, sizeof(q.wrapping.transport_id));
	assert_int_equal(kra_archive(&f->kra, &q, &stored, &err), GH_E_NOT_FOUND);
	gh_buf_free(&stored);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(options__bouncy_castle),
	    each(options__out_of_a_request),
	    each(options__refusals_say_why),
	    each(options__truncated_or_with_more_behind),
	    each(options__altered),
	    each(options__no_oracle),
	    each(options__of_another_key),
	    each(options__hold_private_keys_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
