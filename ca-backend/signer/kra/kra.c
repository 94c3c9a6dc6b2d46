/* What a KRA does. See kra.h. */
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "timestamp.h"
#include "utf8.h"

#include "signer/keys/ca_key.h"

#include "archive_options.h"
#include "key_package.h"
#include "kra.h"
#include "pkcs12.h"
#include "signer/wrap/refusal.h"
#include "secret.h"
#include "stored_key.h"
#include "wrapping.h"

#define SPKI_MAX (8 * 1024)
#define PASSWORD_MAX 1024 /* bytes */

/* --- keys of its own -------------------------------------------------------------------------- */

/* Of two storage keys the later one has the greater revision: of its first record, the microseconds
 * since 1970 at which it was made. So nobody has secrets put back under a key that was replaced. */
static uint64_t
first_revision(bool is_storage)
{
	struct timespec now;

	if (!is_storage || clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 1;
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int
seal_key(const struct kra *k, const struct kra_create_key *f, EVP_PKEY *key,
    const struct gh_buf *spki, struct gh_buf *sealed, struct gh_error *err)
{
	struct record r;
	int rc;

	record_init(&r, f->is_storage ? RECORD_STORAGE : RECORD_TRANSPORT);
	r.revision = first_revision(f->is_storage);
	gh_buf_put(&r.cert, spki->data, spki->len);
	if ((rc = gh_buf_check(&r.cert, err)) == 0 &&
	    (rc = ca_key_put(key, f->key_uri, f->password, &r, err)) == 0)
		rc = sealed_put(k->sealing, &r, sealed, err);
	record_free(&r);
	return rc;
}

int
kra_create_key(const struct kra *k, const struct kra_create_key *f, struct gh_buf *spki,
    struct gh_buf *sealed, struct gh_error *err)
{
	EVP_PKEY *key;
	int rc;

	if ((rc = ca_key_make(f->key_alg, f->key_uri, &key, err)) != 0)
		return rc;
	if (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC"))
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "Nothing is wrapped for keys of this kind; take RSA, P-256 or P-384.");
	if (rc == 0 && (rc = ca_key_put_public(key, spki, err)) == 0)
		rc = seal_key(k, f, key, spki, sealed, err);
	EVP_PKEY_free(key);
	return rc;
}

/* --- archiving -------------------------------------------------------------------------------- */

static int
store(const struct kra *k, const unsigned char storage_id[KRA_KEY_ID_SIZE],
    const struct kra_facts *facts, const struct gh_der *secret, struct gh_buf *out,
    struct gh_error *err)
{
	struct issuer *storage;
	int rc = kra_find_public_key(k, ISSUER_STORAGE, storage_id, &storage, err);

	if (rc != 0)
		return rc;
	rc = stored_key_seal(storage->key, storage_id, facts, secret, out, err);
	issuer_unref(storage);
	return rc;
}

/* What is behind the first element. */
static struct gh_der
take_rest(struct gh_der *secret)
{
	struct gh_der rest = *secret;

	if (!gh_der_take(&rest, GH_DER_SEQUENCE, NULL))
		rest.len = 0;
	secret->len -= rest.len;
	return rest;
}

/* Where altering shows only in what comes out, nobody is told what came out: the padding is looked
 * at when the key has been used, so that neither the answer nor its time tells of padding alone.
 * A secret that proves nothing is not taken at all. */
static int
look_at(bool is_authentic, const struct kra_facts *facts, struct gh_der *secret,
    struct gh_error *err)
{
	struct gh_der rest;
	int rc;

	if (is_authentic)
		return secret_check(facts->kind, secret, &facts->spki, err);
	rest = take_rest(secret);
	rc = secret_check(facts->kind, secret, &facts->spki, err);
	if (rc == GH_E_VALIDATION || (rc == 0 && !payload_is_padding(&rest)))
		return refuse_wrapped_secret(err);
	return rc;
}

static int
open_wrapped(const struct kra *k, const struct kra_archive *f, struct gh_buf *plain,
    bool *is_authentic, struct gh_error *err)
{
	struct session_key key;
	int rc;

	if ((rc = wrapping_open(k, &f->wrapping, WRAPPING_IN, &key, err)) == 0) {
		*is_authentic = payload_alg_is_authentic(key.alg);
		rc = !*is_authentic && f->facts.kind != KRA_ASYMMETRIC
		    ? gh_refuse(err, GH_E_VALIDATION,
			  "AES-CBC is taken for private keys only; use AES-GCM or AES-KWP.")
		    : payload_unwrap(key.alg, key.bytes, &f->iv, &f->cipher, plain, err);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return rc;
}

/* What the client sent, in the clear. */
static int
open_material(const struct kra *k, const struct kra_archive *f, struct gh_buf *plain,
    bool *is_authentic, struct gh_error *err)
{
	if (f->options.len == 0)
		return open_wrapped(k, f, plain, is_authentic, err);
	if (f->facts.kind != KRA_ASYMMETRIC)
		return gh_refuse(err, GH_E_VALIDATION,
		    "PKIArchiveOptions hold a private key, and nothing else.");
	return archive_options_open(k, f->wrapping.transport_id, &f->options, plain, is_authentic,
	    err);
}

int
kra_archive(const struct kra *k, const struct kra_archive *f, struct gh_buf *stored,
    struct gh_error *err)
{
	struct gh_buf plain;
	struct gh_der secret;
	bool is_authentic = false;
	int rc;

	/* who may keep what he sends, needs no KRA; who took over a worker would get round the
	 * policy */
	if (f->facts.forget_at != 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "A secret that was sent is archived for good.");
	if (k->needs_policy &&
	    (rc = policy_require(k->sealing, k->policies,
		 &(struct kra_show_policy){f->facts.policy, f->policy}, err)) != 0)
		return rc;
	gh_buf_init(&plain, KRA_SECRET_MAX);
	plain.secret = true;
	if ((rc = open_material(k, f, &plain, &is_authentic, err)) == 0) {
		secret = (struct gh_der){plain.data, plain.len};
		if ((rc = look_at(is_authentic, &f->facts, &secret, err)) == 0)
			rc = store(k, f->storage_id, &f->facts, &secret, stored, err);
	}
	gh_buf_free(&plain);
	return rc;
}

/* --- recovering ------------------------------------------------------------------------------- */

static int
check_may_leave(const struct kra *k, const struct kra_recover *f, struct gh_error *err)
{
	if (f->facts.forget_at != 0)
		return f->facts.forget_at >= gh_now()
		    ? 0
		    : gh_refuse(err, GH_E_CONFLICT, "The key is no longer kept.");
	if (f->facts.policy.len == 0)
		return 0;
	return policy_check(k->sealing, k->policies, f, err);
}

static int
open_stored(const struct kra *k, const struct kra_recover *f, struct gh_buf *secret,
    struct gh_error *err)
{
	struct issuer *storage;
	struct stored_key stored;
	int rc;

	if ((rc = stored_key_read(&f->stored, &stored, err)) != 0 ||
	    (rc = kra_find_key(k, ISSUER_STORAGE, stored.storage_id, &storage, err)) != 0)
		return rc;
	rc = stored_key_open(storage->key, &stored, &f->facts, secret, err);
	issuer_unref(storage);
	return rc;
}

/* A password that was wrapped. */
static int
unwrap_password(const struct session_key *key, const struct kra_release *f, struct gh_buf *out,
    struct gh_error *err)
{
	if (!payload_alg_is_authentic(key->alg))
		return gh_refuse(err, GH_E_VALIDATION,
		    "AES-CBC is not taken for passwords; use AES-GCM or AES-KWP.");
	return payload_unwrap(key->alg, key->bytes, &f->iv, &f->password, out, err);
}

/* The password of a PKCS#12, with a NUL behind it. */
static int
open_password(const struct session_key *key, const struct kra_release *f, struct gh_buf *out,
    struct gh_error *err)
{
	int rc;

	if (f->has_clear_password) {
		gh_buf_put(out, f->password.p, f->password.len);
		rc = gh_buf_check(out, err);
	} else {
		rc = unwrap_password(key, f, out, err);
	}
	if (rc == 0 &&
	    (memchr(out->data, 0, out->len) != NULL || !gh_utf8_is_valid(out->data, out->len)))
		rc = gh_refuse(err, GH_E_VALIDATION, "The password of the PKCS#12 is not UTF-8.");
	return rc;
}

static int
make_pkcs12(const struct session_key *key, const struct kra_release *f, const struct gh_buf *secret,
    struct gh_buf *out, struct gh_error *err)
{
	struct pkcs12_content c = {.pkcs8 = {secret->data, secret->len},
	    .cert = f->cert,
	    .chain_len = f->chain_len,
	    .form = f->form,
	    .iterations = f->iterations};
	char name[KRA_TEXT_MAX + 1];
	struct gh_buf password;
	int rc;

	memcpy(c.chain, f->chain, sizeof(c.chain));
	memcpy(name, f->name.p != NULL ? f->name.p : (const unsigned char *)"", f->name.len);
	name[f->name.len] = '\0';
	c.name = name;
	gh_buf_init(&password, PASSWORD_MAX);
	password.secret = true;
	if ((rc = open_password(key, f, &password, err)) == 0) {
		c.password = (const char *)password.data;
		rc = pkcs12_make(&c, out, err);
	}
	gh_buf_free(&password);
	return rc;
}

static int
make_key_package(const struct kra_release *f, const struct gh_buf *secret, struct gh_buf *out,
    struct gh_error *err)
{
	const struct key_package_content c = {.pkcs8 = {secret->data, secret->len},
	    .cert = f->cert,
	    .ask = &f->package};

	return key_package_make(&c, out, err);
}

/* Over a password that came as it is, nobody who approves a recovery could say anything. */
static int
check_clear_password(const struct kra_recover *f, struct gh_error *err)
{
	const struct kra_release *r = &f->release;

	if (f->facts.forget_at == 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The password of an archived key's PKCS#12 is sent wrapped.");
	if (r->iv.len > 0 || r->wrapping.key_alg.len > 0 || r->wrapping.wrapped_key.len > 0)
		return gh_fail(err, GH_E_VALIDATION, "a clear password with a wrapping");
	return r->password.len > 0
	    ? 0
	    : gh_refuse(err, GH_E_VALIDATION, "The PKCS#12 needs a password.");
}

/* The same of a key of the client that came as it is. */
static int
check_key_package(const struct kra_recover *f, struct gh_error *err)
{
	if (f->release.has_clear_password || f->release.wrapping.wrapped_key.len > 0)
		return gh_fail(err, GH_E_VALIDATION, "a key package with a wrapping");
	return f->facts.forget_at != 0
	    ? 0
	    : gh_refuse(err, GH_E_VALIDATION, "An archived key is recovered wrapped.");
}

/* What a form needs is known before the secret is touched. */
static int
check_form(const struct kra *k, const struct kra_recover *f, struct gh_error *err)
{
	if (f->release.form == KRA_WRAPPED)
		return !f->release.has_clear_password
		    ? 0
		    : gh_fail(err, GH_E_VALIDATION, "a password without a PKCS#12");
	if (f->facts.kind != KRA_ASYMMETRIC)
		return gh_refuse(err, GH_E_VALIDATION,
		    "Only private keys go into a PKCS#12 or a key package.");
	if (f->release.form == KRA_KEY_PACKAGE)
		return check_key_package(f, err);
	if (f->release.form == KRA_PKCS12_LEGACY && !k->allows_legacy)
		return gh_refuse(err, GH_E_VALIDATION,
		    "PKCS#12 with 3DES and SHA-1 is not allowed here.");
	return f->release.has_clear_password ? check_clear_password(f, err) : 0;
}

/* In the form that was asked for. key: that was wrapped, if any. */
static int
put_secret(const struct session_key *key, const struct kra_release *f, const struct gh_buf *secret,
    struct gh_buf *iv, struct gh_buf *out, struct gh_error *err)
{
	switch (f->form) {
	case KRA_WRAPPED:
		return payload_wrap(key->alg, key->bytes,
		    &(struct gh_der){secret->data, secret->len}, iv, out, err);
	case KRA_KEY_PACKAGE:
		return make_key_package(f, secret, out, err);
	default:
		return make_pkcs12(key, f, secret, out, err);
	}
}

int
kra_recover(const struct kra *k, const struct kra_recover *f, struct gh_buf *iv, struct gh_buf *out,
    struct gh_error *err)
{
	bool is_wrapped = !f->release.has_clear_password && f->release.form != KRA_KEY_PACKAGE;
	struct session_key key = {0};
	struct gh_buf secret;
	int rc;

	gh_buf_init(&secret, KRA_SECRET_MAX);
	secret.secret = true;
	if ((rc = check_form(k, f, err)) == 0 && (rc = check_may_leave(k, f, err)) == 0 &&
	    (!is_wrapped ||
		(rc = wrapping_open(k, &f->release.wrapping, WRAPPING_RELEASE, &key, err)) == 0) &&
	    (rc = open_stored(k, f, &secret, err)) == 0)
		rc = put_secret(&key, &f->release, &secret, iv, out, err);
	OPENSSL_cleanse(&key, sizeof(key));
	gh_buf_free(&secret);
	return rc;
}

/* --- under another storage key ---------------------------------------------------------------- */

/* Who asks may be a worker that was taken over, or believe a row that somebody altered. */
static int
check_later(const struct issuer *from, const struct issuer *to, struct gh_error *err)
{
	return to->revision > from->revision
	    ? 0
	    : gh_fail(err, GH_E_CA_POLICY,
		  "a secret is put under a storage key that was made later, not under one that was made before");
}

int
kra_rewrap(const struct kra *k, const struct kra_rewrap *f, struct gh_buf *stored,
    struct gh_error *err)
{
	struct issuer *from, *to;
	struct stored_key old;
	int rc;

	if ((rc = stored_key_read(&f->stored, &old, err)) != 0 ||
	    (rc = kra_find_key(k, ISSUER_STORAGE, old.storage_id, &from, err)) != 0)
		return rc;
	if ((rc = kra_find_public_key(k, ISSUER_STORAGE, f->to_id, &to, err)) == 0 &&
	    (rc = check_later(from, to, err)) == 0)
		rc = stored_key_rewrap(from->key, to->key, f->to_id, &old, stored, err);
	issuer_unref(from);
	issuer_unref(to);
	return rc;
}
