/* Sealed records taken apart: versions, kinds, keys under a password, all kinds of damage. The
 * parts of the signer are linked in. */
/* valgrind: what it makes is hashed, signed or encrypted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aead.h"
#include "hex.h"
#include "signer/issue/audit_sign.h"
#include "signer/ca/ca_create.h"
#include "signer/keys/ca_key.h"
#include "signer/issue/cert_build.h"
#include "signer/keys/password.h"
#include "signer/keys/sealed.h"
#include "timestamp.h"

#include "case.h"

/* "CN=v1 CA", P-256, as the first version of the signer sealed it under the system key 00..5a17. */
static const unsigned char version_1[] = {0x47, 0x48, 0x43, 0x41, 0x01, 0xef, 0x25, 0xc8, 0xd9,
    0x62, 0x6b, 0x65, 0x7c, 0x5a, 0xc2, 0x3c, 0x57, 0x9a, 0xba, 0xaa, 0x30, 0x30, 0xd5, 0x01, 0x13,
    0x14, 0xf9, 0x8a, 0x84, 0xaf, 0x38, 0x41, 0x42, 0xfe, 0x61, 0x95, 0x4a, 0xb7, 0x44, 0x2e, 0xfe,
    0xc2, 0xf5, 0xcb, 0x04, 0x15, 0xed, 0x61, 0x95, 0x1f, 0xc0, 0x15, 0x75, 0xcf, 0x13, 0x64, 0xbb,
    0x23, 0x2f, 0x27, 0xf7, 0x9e, 0x5e, 0x4b, 0x8d, 0x82, 0xc5, 0x8c, 0x5a, 0x45, 0x28, 0x73, 0x1e,
    0x30, 0x4e, 0x4f, 0xf8, 0xd1, 0x69, 0x1b, 0xe2, 0x1f, 0x84, 0x4b, 0xb3, 0xa9, 0xb0, 0x77, 0x22,
    0x60, 0xef, 0x77, 0x33, 0x68, 0xff, 0x36, 0xf9, 0x9c, 0xa2, 0x35, 0x1c, 0x1a, 0x86, 0x58, 0x29,
    0xb4, 0x94, 0x3a, 0x2e, 0x8e, 0x51, 0xd8, 0x72, 0x43, 0x9f, 0x59, 0x2c, 0xc5, 0x00, 0x95, 0x1b,
    0x03, 0x31, 0xeb, 0x84, 0x22, 0x5b, 0x19, 0xc8, 0x11, 0xb4, 0x05, 0xa9, 0x3e, 0x69, 0x88, 0x4c,
    0x71, 0x49, 0xc3, 0xad, 0x46, 0xdc, 0xa9, 0xe5, 0xc5, 0x46, 0xbb, 0xd4, 0xb7, 0xaf, 0x36, 0x1d,
    0x3b, 0xab, 0xd6, 0x33, 0x8f, 0xe7, 0xe4, 0xba, 0x6b, 0x69, 0xa4, 0x32, 0x36, 0xdc, 0x48, 0x75,
    0xa7, 0x7d, 0x76, 0xb0, 0x0c, 0xe4, 0x37, 0x28, 0x03, 0xd7, 0x00, 0x4f, 0x56, 0xa6, 0x39, 0x8c,
    0x24, 0x7c, 0x31, 0xec, 0x81, 0x87, 0x83, 0x16, 0xbe, 0x59, 0xbf, 0x49, 0x56, 0x2c, 0x65, 0x59,
    0x4a, 0x8f, 0xa3, 0x81, 0xda, 0x64, 0x8e, 0xa0, 0x2c, 0xf5, 0xf8, 0x03, 0xea, 0x8a, 0x44, 0x95,
    0x05, 0xdd, 0xda, 0xc0, 0xf6, 0x54, 0x83, 0x8d, 0xc0, 0xa6, 0xf9, 0x01, 0xe3, 0xaa, 0xbe, 0xb5,
    0x32, 0x10, 0xac, 0xff, 0xc7, 0x9e, 0xba, 0x3e, 0xd0, 0x20, 0x12, 0x5b, 0xaa, 0x95, 0xbb, 0x9f,
    0x9e, 0x05, 0xe0, 0xf0, 0x49, 0x19, 0xf7, 0xfc, 0xf5, 0x9d, 0xd4, 0x1b, 0xdc, 0x4b, 0x4d, 0xb9,
    0xd8, 0x0e, 0x93, 0x4b, 0xff, 0x8e, 0x7b, 0x55, 0x55, 0x0e, 0x2e, 0x71, 0x94, 0x6c, 0x45, 0x7e,
    0xd8, 0x6c, 0xf9, 0x72, 0x17, 0x13, 0x52, 0x09, 0x5b, 0xc7, 0x0c, 0x96, 0xc3, 0x6b, 0x07, 0xe6,
    0x51, 0x27, 0xfb, 0x3e, 0x8a, 0x2d, 0xe1, 0x86, 0x10, 0x59, 0x8f, 0xf9, 0x3f, 0x01, 0x47, 0xbd,
    0xd5, 0x84, 0xbf, 0x7f, 0xe9, 0x47, 0xe4, 0xf0, 0x65, 0x51, 0x72, 0xb2, 0xb8, 0x56, 0x85, 0x47,
    0xf3, 0x0c, 0x81, 0x57, 0x02, 0xa8, 0xdb, 0x88, 0xc0, 0x68, 0xfa, 0x41, 0x11, 0x8b, 0x8d, 0xc6,
    0x16, 0x4d, 0xdd, 0xd9, 0x03, 0x0a, 0xa5, 0xa6, 0xf5, 0xaf, 0xf9, 0x92, 0xf0, 0x53, 0xfb, 0xcb,
    0x63, 0x18, 0xb4, 0x5a, 0x46, 0xea, 0xd1, 0x43, 0xbc, 0xaa, 0xa1, 0x4b, 0x15, 0x12, 0x67, 0x9d,
    0x1e, 0xca, 0x66, 0x2a, 0x5b, 0x99, 0x99, 0x81, 0xc7, 0xa4, 0x7f, 0x42, 0x40, 0xac, 0x01, 0x90,
    0x85, 0x16, 0xd5, 0x90, 0x65, 0x46, 0x08, 0xbf, 0x36, 0xcc, 0xfa, 0x0b, 0x64, 0x7c, 0xdd, 0xa3,
    0x95, 0x92, 0xed, 0xe7, 0x98, 0x76, 0x5e, 0xb8, 0xc1, 0x24, 0xe9, 0xaa, 0xfe, 0x9b, 0x3d, 0x08,
    0xc4, 0x96, 0x1a, 0x46, 0xf2, 0xfc, 0xe8, 0x96, 0xee, 0xcf, 0xd7, 0x5e, 0x87, 0xfe, 0x11, 0xe3,
    0x56, 0x91, 0x31, 0xdd, 0xb4, 0x75, 0xab, 0x86, 0xac, 0x0c, 0xa9, 0x80, 0x97, 0x86, 0x07, 0xfc,
    0x65, 0x41, 0xd1, 0xc9, 0x79, 0x3e, 0x4a, 0x33, 0x9c, 0x1d, 0x1c, 0x48, 0x5f, 0xf4, 0xdc, 0xc8,
    0x19, 0xf0, 0x65, 0x3d, 0x26, 0x5f, 0xde, 0x2e, 0x8e, 0x6e, 0xeb, 0x76, 0xd1, 0xba, 0x90, 0xa4,
    0xde, 0x90, 0x59, 0x06, 0xe2, 0x9c, 0xb3, 0x71, 0x8a, 0x0d, 0xe2, 0xc3, 0x9f, 0x19, 0x2c, 0x5c,
    0xd9, 0x08, 0xc8, 0x03, 0x90, 0xb2, 0xfa, 0xf4, 0xab, 0x30, 0x45, 0xb4, 0x61, 0x78, 0x1b, 0x0f,
    0xbc, 0xce, 0xd0, 0x0a, 0x6b, 0xd0, 0xb4, 0xc2, 0x66, 0xce, 0xae, 0xee, 0x5f, 0x9f, 0xa5, 0x62,
    0x1b, 0x55, 0x1a, 0x6b, 0x99, 0x93, 0xc8, 0xb6, 0xd4, 0x8f, 0xeb, 0x7a, 0x81, 0x76, 0xf6, 0x2f,
    0x33, 0xf2, 0x97, 0x63, 0xaa, 0x35, 0xfb, 0x26, 0x8c, 0xba, 0x06, 0xd1, 0x3c, 0xe6, 0x2c, 0x04,
    0x2d, 0xf9, 0x41, 0x63, 0x87, 0xd0, 0x53, 0x80, 0x0f, 0xb3, 0xd3, 0xc1, 0xed, 0xdf, 0x59, 0x35,
    0x5c, 0xfa, 0x02, 0xea, 0xa3};

static struct sealing_key sealing;

static int
setup(void **state)
{
	unsigned char system_key[32] = {[30] = 0x5a, [31] = 0x17};
	struct gh_error err;

	(void)state;
	return sealed_derive_key(system_key, SIGNER_CA, &sealing, &err);
}

/* --- making records --------------------------------------------------------------------------- */

static void
make_ca(struct record *out)
{
	static const unsigned char name[] = {0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 12, 1,
	    'A'};
	struct signer_create_ca f = {.key_alg = "P-256",
	    .not_before = gh_now(),
	    .not_after = gh_now() + 1000,
	    .subject = name,
	    .subject_len = sizeof(name),
	    .limits = {.min_rsa_bits = 2048, .allow_ec = 1, .max_validity = 77}};
	struct gh_buf cert, sealed;
	struct gh_error err;

	assert_int_equal(signer_oids_add(&f.limits.ekus, "1.3.6.1.5.5.7.3.2", &err), 0);
	assert_int_equal(signer_oids_add(&f.limits.extensions, "1.2.3.4.5", &err), 0);
	assert_int_equal(signer_oids_add(&f.limits.extensions, "1.2.3.4.6", &err), 0);
	gh_buf_init(&cert, CERT_DER_MAX);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	assert_int_equal(ca_create(&sealing, &f, &cert, &sealed, &err), 0);
	assert_int_equal(sealed_open(&sealing, sealed.data, sealed.len, out, &err), 0);
	gh_buf_free(&cert);
	gh_buf_free(&sealed);
}

static void
encode(const struct record *r, struct gh_buf *out)
{
	struct gh_error err;

	gh_buf_init(out, RECORD_MAX);
	assert_int_equal(record_put(r, out, &err), 0);
}

/* Seal any bytes as a record of this version. */
static int
open_sealed(uint8_t version, const void *p, size_t len, struct record *out)
{
	unsigned char magic[] = {'G', 'H', 'C', 'A', version};
	struct gh_der aad = {magic, sizeof(magic)}, plain = {p, len};
	struct gh_error err;
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, SEALED_RECORD_MAX);
	gh_buf_put(&b, magic, sizeof(magic));
	assert_int_equal(gh_aead_seal(sealing.bytes, &aad, &plain, &b, &err), 0);
	rc = sealed_open(&sealing, b.data, b.len, out, &err);
	gh_buf_free(&b);
	return rc;
}

/* --- versions --------------------------------------------------------------------------------- */

static void
sealed__reads_version_1(void **state)
{
	struct gh_error err;
	struct issuer *ca;
	struct gh_buf sig;

	(void)state;
	assert_int_equal(sealed_issuer(&sealing, version_1, sizeof(version_1), NULL, &ca, &err), 0);
	assert_int_equal(ca->revision, 0);
	assert_false(ca->has_password);
	assert_int_equal(ca->limits.max_validity, 365 * 86400);
	assert_int_equal(ca->limits.allow_ed25519, 0);
	assert_int_equal(ca->limits.ekus.n, 0);
	gh_buf_init(&sig, 1000);
	assert_int_equal(issuer_sign(ca, (const unsigned char *)"x", 1, &sig, &err), 0);
	gh_buf_free(&sig);
	issuer_unref(ca);
}

static void
sealed__reads_what_it_wrote(void **state)
{
	struct record r, back;
	struct gh_error err;
	struct gh_buf b;

	(void)state;
	make_ca(&r);
	assert_int_equal(r.kind, RECORD_CA);
	assert_int_equal(r.revision, 1);
	assert_int_equal(r.protection, RECORD_SYSTEM);
	r.revision = UINT64_MAX - 1;
	gh_buf_init(&b, SEALED_RECORD_MAX);
	assert_int_equal(sealed_put(&sealing, &r, &b, &err), 0);
	assert_int_equal(sealed_open(&sealing, b.data, b.len, &back, &err), 0);
	assert_true(back.revision == UINT64_MAX - 1);
	assert_memory_equal(&back.limits, &r.limits, sizeof(r.limits));
	assert_int_equal(back.limits.extensions.n, 2);
	assert_int_equal(back.cert.len, r.cert.len);
	assert_memory_equal(back.cert.data, r.cert.data, r.cert.len);
	assert_int_equal(back.key.len, r.key.len);
	assert_memory_equal(back.key.data, r.key.data, r.key.len);
	gh_buf_free(&b);
	record_free(&back);
	record_free(&r);
}

static void
sealed__does_not_mix_versions(void **state)
{
	struct record r, back;
	struct gh_buf b;

	(void)state;
	make_ca(&r);
	encode(&r, &b);
	assert_int_equal(open_sealed(2, b.data, b.len, &back), 0);
	record_free(&back);
	assert_int_equal(open_sealed(1, b.data, b.len, &back), GH_E_SIGNER);
	record_free(&back);
	assert_int_equal(open_sealed(3, b.data, b.len, &back), GH_E_SIGNER);
	record_free(&back);
	b.data[0] = 1;
	assert_int_equal(open_sealed(2, b.data, b.len, &back), GH_E_SIGNER);
	record_free(&back);
	assert_int_equal(open_sealed(1, b.data, b.len, &back), GH_E_SIGNER);
	record_free(&back);
	b.data[0] = 3;
	assert_int_equal(open_sealed(2, b.data, b.len, &back), GH_E_SIGNER);
	record_free(&back);
	gh_buf_free(&b);
	record_free(&r);
}

/* --- damage before sealing: only a faulty signer makes it, and it is refused all the same ----- */

static void
sealed__refuses_cut_and_longer_records(void **state)
{
	struct record r, back;
	struct gh_buf b;
	size_t n;

	(void)state;
	make_ca(&r);
	encode(&r, &b);
	for (n = 1; n < b.len; n++) {
		assert_int_equal(open_sealed(2, b.data, n, &back), GH_E_SIGNER);
		record_free(&back);
	}
	assert_int_equal(open_sealed(2, b.data, b.len + 1, &back), GH_E_SIGNER); /* its NUL */
	record_free(&back);
	gh_buf_free(&b);
	record_free(&r);
}

/* Whatever a flipped bit leaves of a record, using it must not break the signer. */
static void
sealed__survives_flipped_bits(void **state)
{
	struct record r, back;
	struct gh_buf b, again;
	struct gh_error err;
	size_t bit, refused = 0;

	(void)state;
	make_ca(&r);
	encode(&r, &b);
	for (bit = 0; bit < b.len * 8;
	     bit += 7 * case_stride()) { /* each bit of a byte in its turn */
		EVP_PKEY *key = NULL;
		struct issuer *ca = NULL;

		b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		if (open_sealed(2, b.data, b.len, &back) == 0) {
			encode(&back, &again);
			assert_int_equal(again.len, b.len);
			assert_memory_equal(again.data, b.data, b.len);
			gh_buf_free(&again);
			if (ca_key_open(&back, NULL, &key, &err) != 0 ||
			    record_issuer(&back, key, &ca, &err) != 0)
				refused++;
		} else {
			refused++;
		}
		issuer_unref(ca);
		EVP_PKEY_free(key);
		record_free(&back);
		b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	/* limits, revision and parts of the certificate may be anything */
	assert_in_range(refused, b.len / 2 / case_stride(), b.len * 8 / 7);
	gh_buf_free(&b);
	record_free(&r);
}

static void
record__refuses_another_kind_than_its_certificate(void **state)
{
	EVP_PKEY *key;
	struct issuer *ca;
	struct gh_error err;
	struct record r;

	(void)state;
	make_ca(&r);
	assert_int_equal(ca_key_open(&r, NULL, &key, &err), 0);
	r.kind = RECORD_OCSP;
	assert_int_equal(record_issuer(&r, key, &ca, &err), GH_E_SIGNER);
	assert_null(ca);
	r.kind = RECORD_PENDING;
	assert_int_equal(record_issuer(&r, key, &ca, &err), GH_E_SIGNER);
	r.kind = RECORD_CA;
	assert_int_equal(record_issuer(&r, key, &ca, &err), 0);
	assert_false(issuer_is_locked(ca));
	issuer_unref(ca);
	EVP_PKEY_free(key);
	record_free(&r);
}

static void
issuer__signs_nothing_while_locked(void **state)
{
	unsigned char digest[32] = {0};
	struct issuer *ca;
	struct gh_error err;
	struct gh_buf sig;
	struct record r;

	(void)state;
	make_ca(&r);
	gh_buf_init(&sig, 1000);
	assert_int_equal(record_issuer(&r, NULL, &ca, &err), 0);
	assert_true(issuer_is_locked(ca));
	assert_int_equal(issuer_sign(ca, digest, 32, &sig, &err), GH_E_CA_LOCKED);
	assert_int_equal(issuer_sign_digest(ca, digest, 32, &sig, &err), GH_E_CA_LOCKED);
	assert_int_equal(sig.len, 0);
	issuer_unref(ca);
	gh_buf_free(&sig);
	record_free(&r);
}

/* --- known answers: what the version of November 2026 has written must open for ever ---------- */

static struct gh_buf
bytes_of(const char *hex)
{
	unsigned char *p;
	struct gh_buf b;
	size_t n;

	assert_int_equal(gh_hex_decode(hex, strlen(hex), &p, &n, NULL), 0);
	gh_buf_init(&b, n + 1);
	gh_buf_put(&b, p, n);
	free(p);
	return b;
}

/* Under the system key 00 01 .. 1f. */
static void
known__record_of_version_2(void **state)
{
	static const unsigned char public_key[] = {0xf9, 0x8e, 0x04, 0x3d, 0x1f, 0x48, 0x17, 0xd0,
	    0xcc, 0xa4, 0x64, 0xb1, 0xba, 0x31, 0x4f, 0x5d, 0xa5, 0x29, 0xa8, 0xf4, 0xb8, 0x15,
	    0xbc, 0x05, 0x02, 0x06, 0x4f, 0x23, 0xe0, 0xf8, 0x51, 0x49};
	unsigned char system_key[32], raw[32];
	struct gh_buf b =
	    bytes_of("47484341020cd3a9df70cdc6b876b96648fe89f39505a072ccc0abba09eeb414"
		     "22c79c21c64f9a578d34b39dc22a372259d450811f5d0b4f6e4b96a963c0116a"
		     "f08e7bb5a0c4c97e5f03f5fcbe4edc2c559a6fa9a5c52c263b388a576f194743"
		     "f93c8825d0c06aead0195f0fb84baf1b7b4678ee9f68df221f55b88a162c4571"
		     "806a");
	struct sealing_key k;
	struct gh_error err;
	EVP_PKEY *key;
	struct record r;
	size_t n = sizeof(raw);

	(void)state;
	for (size_t i = 0; i < sizeof(system_key); i++)
		system_key[i] = (unsigned char)i;
	assert_int_equal(sealed_derive_key(system_key, SIGNER_CA, &k, &err), 0);
	assert_int_equal(sealed_open(&k, b.data, b.len, &r, &err), 0);
	assert_int_equal(r.revision, 7);
	assert_int_equal(r.limits.max_validity, 77);
	assert_string_equal((char *)r.cert.data, "certificate");
	assert_int_equal(ca_key_open(&r, NULL, &key, &err), 0);
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &n), 1);
	assert_memory_equal(raw, public_key, sizeof(public_key));
	EVP_PKEY_free(key);
	record_free(&r);
	gh_buf_free(&b);
}

static void
known__key_under_a_password(void **state)
{
	struct gh_buf b = bytes_of(
			  "00000010419b9e6531e94b92a35522b70b230d1c000000000000800000000008"
			  "000000010000002a66875f47f739520518102c1cc022208b5019e0d68f461d47"
			  "34d47f14f33079394ffd1b112a696c3940ca"),
		      out;
	struct gh_der sealed = {b.data, b.len};
	struct gh_error err;

	(void)state;
	gh_buf_init(&out, 100);
	assert_int_equal(password_open("correct horse", &sealed, &out, &err), 0);
	assert_string_equal((char *)out.data, "what is sealed");
	gh_buf_free(&out);
	gh_buf_free(&b);
}

/* The key of the audit trail's seals: another one would make all seals of before unreadable. */
static void
known__audit_key(void **state)
{
	static const char seed[] =
	    "0a59153f5a99995e9b410fa18da3ad670eb3b20d1f8d7a6593695403f7942603";
	struct gh_buf b = bytes_of(seed);
	EVP_PKEY *same = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, b.data, b.len);
	unsigned char system_key[32];
	struct audit_key k;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(system_key); i++)
		system_key[i] = (unsigned char)i;
	assert_int_equal(audit_key_derive(system_key, &k, &err), 0);
	assert_int_equal(EVP_PKEY_eq(k.key, same), 1);
	EVP_PKEY_free(same);
	audit_key_free(&k);
	gh_buf_free(&b);
}

/* --- passwords -------------------------------------------------------------------------------- */

static const unsigned char secret[] = "the key itself";
#define SECRET_SIZE (sizeof(secret) - 1)
/* where password_seal puts the parameters */
#define AT_SALT 4
#define AT_N 20
#define AT_R 28
#define AT_P 32
#define AT_CIPHER 40

/* Sealed once: each derivation takes its time. */
static void
seal_secret(struct gh_buf *b)
{
	static unsigned char sealed[AT_CIPHER + SECRET_SIZE + GH_AEAD_OVERHEAD];
	static bool is_sealed;
	struct gh_der s = {secret, SECRET_SIZE};
	struct gh_error err;

	gh_buf_init(b, 1000);
	if (is_sealed) {
		gh_buf_put(b, sealed, sizeof(sealed));
		return;
	}
	assert_int_equal(password_seal("password", &s, b, &err), 0);
	assert_int_equal(b->len, sizeof(sealed));
	memcpy(sealed, b->data, sizeof(sealed));
	is_sealed = true;
}

static int
open_secret(const struct gh_buf *b, size_t len, const char *password)
{
	struct gh_der sealed = {b->data, len};
	struct gh_buf out;
	struct gh_error err;
	int rc;

	gh_buf_init(&out, 1000);
	out.secret = true;
	rc = password_open(password, &sealed, &out, &err);
	if (rc == 0) {
		assert_int_equal(out.len, SECRET_SIZE);
		assert_memory_equal(out.data, secret, SECRET_SIZE);
	} else {
		assert_int_equal(out.len, 0);
	}
	gh_buf_free(&out);
	return rc;
}

static void
password__opens_with_the_right_one_only(void **state)
{
	struct gh_buf b;

	(void)state;
	seal_secret(&b);
	assert_int_equal(open_secret(&b, b.len, "password"), 0);
	assert_int_equal(open_secret(&b, b.len, "Password"), GH_E_CA_PASSWORD);
	assert_int_equal(open_secret(&b, b.len, "password "), GH_E_CA_PASSWORD);
	/* N, r, p as the document says: 2^15, 8, 1 */
	assert_memory_equal(b.data + AT_N, "\0\0\0\0\0\0\x80\0\0\0\0\x08\0\0\0\x01", 16);
	gh_buf_free(&b);
}

static void
put_number(unsigned char *p, size_t n, uint64_t v)
{
	while (n-- > 0) {
		p[n] = (unsigned char)v;
		v >>= 8;
	}
}

static void
password__bounds_the_parameters(void **state)
{
	static const struct {
		uint64_t n;
		uint32_t r, p;
		int rc;
	} rows[] = {
	    {1 << 14, 8, 1, GH_E_CA_PASSWORD}, /* believed, and gives another key */
	    {1 << 14, 8, 2, GH_E_CA_PASSWORD},
	    {1 << 14, 16, 1, GH_E_CA_PASSWORD},
	    {0, 8, 1, GH_E_SIGNER},
	    {1, 8, 1, GH_E_SIGNER},
	    {1 << 13, 8, 1, GH_E_SIGNER}, /* too weak */
	    {(1 << 15) + 1, 8, 1, GH_E_SIGNER},
	    {1 << 19, 8, 1, GH_E_SIGNER},
	    {1 << 18, 8, 1, GH_E_SIGNER}, /* 256 MiB */
	    {1ull << 32, 8, 1, GH_E_SIGNER},
	    {1ull << 63, 8, 1, GH_E_SIGNER},
	    {UINT64_MAX, 8, 1, GH_E_SIGNER},
	    {1 << 15, 0, 1, GH_E_SIGNER},
	    {1 << 15, 7, 1, GH_E_SIGNER},
	    {1 << 15, 17, 1, GH_E_SIGNER},
	    {1 << 15, 1u << 31, 1, GH_E_SIGNER},
	    {1 << 15, 8, 0, GH_E_SIGNER},
	    {1 << 15, 8, 5, GH_E_SIGNER},
	    {1 << 15, 8, UINT32_MAX, GH_E_SIGNER},
	};
	struct gh_buf b;
	size_t i;

	(void)state;
	seal_secret(&b);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i += case_stride()) {
		put_number(b.data + AT_N, 8, rows[i].n);
		put_number(b.data + AT_R, 4, rows[i].r);
		put_number(b.data + AT_P, 4, rows[i].p);
		if (open_secret(&b, b.len, "password") != rows[i].rc)
			fail_msg("row %zu is not answered by %d", i, rows[i].rc);
	}
	gh_buf_free(&b);
}

static void
password__refuses_damage(void **state)
{
	struct gh_buf b;
	size_t n;

	(void)state;
	seal_secret(&b);
	for (n = 0; n < b.len; n++)
		assert_int_equal(open_secret(&b, n, "password"), GH_E_SIGNER);
	assert_int_equal(open_secret(&b, b.len + 1, "password"), GH_E_SIGNER);
	for (n = AT_CIPHER; n < b.len; n += 20 * case_stride()) {
		b.data[n] ^= 1;
		assert_int_equal(open_secret(&b, b.len, "password"), GH_E_CA_PASSWORD);
		b.data[n] ^= 1;
	}
	b.data[AT_SALT] ^= 1;
	assert_int_equal(open_secret(&b, b.len, "password"), GH_E_CA_PASSWORD);
	b.data[AT_SALT] ^= 1;
	b.data[AT_SALT - 1] = 15; /* the salt shorter than it may be */
	assert_int_equal(open_secret(&b, b.len, "password"), GH_E_SIGNER);
	gh_buf_free(&b);
}

/* Two records under the same password, their key parts exchanged: the certificate gives it away. */
static void
record__refuses_the_key_of_another_record(void **state)
{
	struct record one, two, mixed;
	EVP_PKEY *key, *other;
	struct issuer *ca;
	struct gh_error err;

	(void)state;
	make_ca(&one);
	make_ca(&two);
	assert_int_equal(ca_key_open(&two, NULL, &other, &err), 0);
	assert_int_equal(record_next(&mixed, &one, &err), 0);
	assert_int_equal(ca_key_put(other, NULL, "password", &mixed, &err), 0);
	assert_int_equal(mixed.protection, RECORD_PASSWORD);
	assert_int_equal(ca_key_open(&mixed, NULL, &key, &err), GH_E_CA_PASSWORD);
	assert_int_equal(ca_key_open(&mixed, "wrong", &key, &err), GH_E_CA_PASSWORD);
	assert_null(key);
	assert_int_equal(ca_key_open(&mixed, "password", &key, &err), 0);
	assert_int_equal(record_issuer(&mixed, key, &ca, &err), GH_E_SIGNER);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	record_free(&one);
	record_free(&two);
	record_free(&mixed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sealed__reads_version_1),
	    cmocka_unit_test(sealed__reads_what_it_wrote),
	    cmocka_unit_test(sealed__does_not_mix_versions),
	    cmocka_unit_test(sealed__refuses_cut_and_longer_records),
	    cmocka_unit_test(sealed__survives_flipped_bits),
	    cmocka_unit_test(record__refuses_another_kind_than_its_certificate),
	    cmocka_unit_test(issuer__signs_nothing_while_locked),
	    cmocka_unit_test(password__opens_with_the_right_one_only),
	    cmocka_unit_test(password__bounds_the_parameters),
	    cmocka_unit_test(password__refuses_damage),
	    cmocka_unit_test(record__refuses_the_key_of_another_record),
	    cmocka_unit_test(known__record_of_version_2),
	    cmocka_unit_test(known__key_under_a_password),
	    cmocka_unit_test(known__audit_key),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
