/* A secret as it lies in the database. See stored_key.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "aead.h"

#include "key_unwrap.h"
#include "stored_key.h"

#define MAGIC_SIZE 5
static const unsigned char magic[MAGIC_SIZE] = {'G', 'H', 'A', 'K', 1 /* version */};
static const char aad_label[] = "gatehouse archived key 1";

/* The additional data: each member with its length, so that none runs into the next. */
static int
put_facts(const struct kra_facts *f, struct gh_buf *out, struct gh_error *err)
{
	gh_buf_put_string(out, aad_label);
	kra_put_facts(out, f);
	return gh_buf_check(out, err);
}

static void
put_head(const unsigned char storage_id[KRA_KEY_ID_SIZE], struct gh_buf *out)
{
	gh_buf_put(out, magic, sizeof(magic));
	gh_buf_put(out, storage_id, KRA_KEY_ID_SIZE);
}

static int
put_message(const unsigned char key[GH_KEY_SIZE], const struct kra_facts *facts,
    const struct gh_der *secret, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf about, message;
	struct gh_der aad;
	int rc;

	gh_buf_init(&about, KRA_STORED_MAX);
	gh_buf_init(&message, KRA_STORED_MAX);
	if ((rc = put_facts(facts, &about, err)) == 0) {
		aad = (struct gh_der){about.data, about.len};
		rc = gh_aead_seal(key, &aad, secret, &message, err);
	}
	if (rc == 0)
		gh_buf_put_block(out, message.data, message.len);
	gh_buf_free(&about);
	gh_buf_free(&message);
	return rc == 0 ? gh_buf_check(out, err) : rc;
}

int
stored_key_seal(EVP_PKEY *storage, const unsigned char storage_id[KRA_KEY_ID_SIZE],
    const struct kra_facts *facts, const struct gh_der *secret, struct gh_buf *out,
    struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	struct gh_der wrapped = {key, sizeof(key)};
	int rc;

	if (RAND_priv_bytes(key, sizeof(key)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random key");
	put_head(storage_id, out);
	if ((rc = key_wrap(storage, false, &wrapped, out, err)) == 0)
		rc = put_message(key, facts, secret, out, err);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
stored_key_read(const struct gh_der *in, struct stored_key *out, struct gh_error *err)
{
	struct gh_reader r;

	memset(out, 0, sizeof(*out));
	if (in->len < MAGIC_SIZE + KRA_KEY_ID_SIZE || in->len > KRA_STORED_MAX ||
	    memcmp(in->p, magic, MAGIC_SIZE) != 0)
		return gh_fail(err, GH_E_SIGNER, "not a stored key of a known version");
	memcpy(out->storage_id, in->p + MAGIC_SIZE, KRA_KEY_ID_SIZE);
	gh_reader_init(&r, in->p + MAGIC_SIZE + KRA_KEY_ID_SIZE,
	    in->len - MAGIC_SIZE - KRA_KEY_ID_SIZE);
	if (key_wrap_read(&r, &out->key))
		out->message.p = gh_reader_block(&r, KRA_STORED_MAX, &out->message.len);
	if (!gh_reader_is_done(&r) || out->message.len <= GH_AEAD_OVERHEAD ||
	    (out->key.alg != KEY_WRAP_RSA_OAEP_256 && out->key.alg != KEY_WRAP_ECDH_ES_A256KW))
		return gh_fail(err, GH_E_SIGNER, "stored key: damaged");
	return 0;
}

static int
unwrap(EVP_PKEY *storage, const struct stored_key *k, unsigned char key[GH_KEY_SIZE],
    struct gh_error *err)
{
	int rc = key_unwrap(storage, &k->key, GH_KEY_SIZE, key, err);

	return rc == GH_E_VALIDATION
	    ? gh_fail(err, GH_E_SIGNER, "stored key: of another storage key, or altered")
	    : rc;
}

int
stored_key_open(EVP_PKEY *storage, const struct stored_key *k, const struct kra_facts *facts,
    struct gh_buf *out, struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	struct gh_buf about;
	struct gh_der aad;
	int rc;

	gh_buf_init(&about, KRA_STORED_MAX);
	if ((rc = put_facts(facts, &about, err)) == 0 && (rc = unwrap(storage, k, key, err)) == 0) {
		aad = (struct gh_der){about.data, about.len};
		rc = gh_aead_open(key, &aad, &k->message, out, err);
		if (rc == GH_E_BAD_REQUEST)
			rc = gh_fail(err, GH_E_SIGNER,
			    "stored key: altered, or what is said about it");
	}
	OPENSSL_cleanse(key, sizeof(key));
	gh_buf_free(&about);
	return rc;
}

int
stored_key_rewrap(EVP_PKEY *from, EVP_PKEY *to, const unsigned char to_id[KRA_KEY_ID_SIZE],
    const struct stored_key *k, struct gh_buf *out, struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE];
	struct gh_der wrapped = {key, sizeof(key)};
	int rc;

	if ((rc = unwrap(from, k, key, err)) == 0) {
		put_head(to_id, out);
		rc = key_wrap(to, false, &wrapped, out, err);
	}
	OPENSSL_cleanse(key, sizeof(key));
	if (rc != 0)
		return rc;
	gh_buf_put_block(out, k->message.p, k->message.len);
	return gh_buf_check(out, err);
}
