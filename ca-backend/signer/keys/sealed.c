/* Sealed CA records. See sealed.h. */
#include <string.h>

#include "aead.h"

#include "ca_key.h"
#include "sealed.h"

#define MAGIC_SIZE 5
static const unsigned char magic_1[MAGIC_SIZE] = {'G', 'H', 'C', 'A', 1 /* version */};
static const unsigned char magic_2[MAGIC_SIZE] = {'G', 'H', 'C', 'A', 2};
static const char label_ca[] = "gatehouse sealed CA record 1";
static const char label_kra[] = "gatehouse sealed KRA record 1";

int
sealed_derive_key(const unsigned char system_key[32], enum signer_role role,
    struct sealing_key *out, struct gh_error *err)
{
	return gh_derive_key(system_key, role == SIGNER_KRA ? label_kra : label_ca, out->bytes,
	    err);
}

/* --- sealing ---------------------------------------------------------------------------------- */

int
sealed_put(const struct sealing_key *k, const struct record *r, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_der aad = {magic_2, MAGIC_SIZE}, plain;
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, RECORD_MAX);
	b.secret = true;
	if ((rc = record_put(r, &b, err)) == 0) {
		plain = (struct gh_der){b.data, b.len};
		gh_buf_put(out, magic_2, MAGIC_SIZE);
		rc = gh_aead_seal(k->bytes, &aad, &plain, out, err);
	}
	gh_buf_free(&b);
	return rc;
}

int
sealed_write(const struct sealing_key *k, enum record_kind kind, const struct signer_limits *limits,
    const struct gh_buf *cert, EVP_PKEY *key, struct gh_buf *out, struct gh_error *err)
{
	struct record r;
	int rc;

	record_init(&r, kind);
	r.revision = 1;
	r.limits = *limits;
	gh_buf_put(&r.cert, cert->data, cert->len);
	if ((rc = gh_buf_check(&r.cert, err)) == 0 &&
	    (rc = ca_key_put(key, NULL, NULL, &r, err)) == 0)
		rc = sealed_put(k, &r, out, err);
	record_free(&r);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool
is_version(const unsigned char *p, const struct gh_buf *plain)
{
	return plain->len > 0 && plain->data[0] == p[MAGIC_SIZE - 1];
}

int
sealed_open(const struct sealing_key *k, const unsigned char *p, size_t len, struct record *out,
    struct gh_error *err)
{
	struct gh_der aad = {p, MAGIC_SIZE}, message, plain;
	struct gh_buf b;
	int rc;

	record_init(out, RECORD_CA);
	if (len <= MAGIC_SIZE || len > SEALED_RECORD_MAX ||
	    (memcmp(p, magic_1, MAGIC_SIZE) != 0 && memcmp(p, magic_2, MAGIC_SIZE) != 0))
		return gh_fail(err, GH_E_SIGNER, "not a sealed CA record of a known version");
	gh_buf_init(&b, RECORD_MAX);
	b.secret = true;
	message = (struct gh_der){p + MAGIC_SIZE, len - MAGIC_SIZE};
	rc = gh_aead_open(k->bytes, &aad, &message, &b, err);
	if (rc == GH_E_BAD_REQUEST)
		rc = gh_fail(err, GH_E_SIGNER, "sealed record: wrong system key, or damaged");
	if (rc == 0) {
		plain = (struct gh_der){b.data, b.len};
		rc = is_version(p, &b)
		    ? record_read(&plain, out, err)
		    : gh_fail(err, GH_E_SIGNER, "sealed record: two versions in one");
	}
	gh_buf_free(&b);
	return rc;
}

int
sealed_issuer(const struct sealing_key *k, const unsigned char *p, size_t len, const char *password,
    struct issuer **out, struct gh_error *err)
{
	EVP_PKEY *key = NULL;
	struct record r;
	int rc;

	*out = NULL;
	if ((rc = sealed_open(k, p, len, &r, err)) == 0 &&
	    (rc = ca_key_open(&r, password, &key, err)) == 0)
		rc = record_issuer(&r, key, out, err);
	EVP_PKEY_free(key);
	record_free(&r);
	return rc;
}
