/* Secrets that a KRA makes itself. See kra_generate.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "signer/keys/ca_key.h"
#include "timestamp.h"

#include "kra_generate.h"
#include "secret.h"
#include "stored_key.h"
#include "wrapping.h"

static void
made_init(struct kra_made *m)
{
	memset(m, 0, sizeof(*m));
	gh_buf_init(&m->spki, KRA_SECRET_MAX);
	gh_buf_init(&m->archived, KRA_STORED_MAX);
	gh_buf_init(&m->kept, KRA_STORED_MAX);
	gh_buf_init(&m->csr, KRA_SECRET_MAX);
	gh_buf_init(&m->iv, KRA_STORED_MAX);
	gh_buf_init(&m->out, KRA_STORED_MAX);
}

void
kra_made_free(struct kra_made *m)
{
	gh_buf_free(&m->spki);
	gh_buf_free(&m->archived);
	gh_buf_free(&m->kept);
	gh_buf_free(&m->csr);
	gh_buf_free(&m->iv);
	gh_buf_free(&m->out);
}

/* --- what is asked for ------------------------------------------------------------------------ */

static X509_NAME *
read_name(const struct gh_der *der)
{
	const unsigned char *p = der->p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der->len);

	if (name != NULL && p != der->p + der->len) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

static int
check_subject(const struct gh_der *der, struct gh_error *err)
{
	X509_NAME *name = der->len > 0 ? read_name(der) : NULL;
	bool ok = der->len == 0 || name != NULL;

	X509_NAME_free(name);
	ERR_clear_error();
	return ok ? 0 : gh_refuse(err, GH_E_VALIDATION, "The subject is not a Name in DER.");
}

static int
check_extensions(const struct gh_der *der, struct gh_error *err)
{
	const unsigned char *p = der->p;
	X509_EXTENSIONS *list = der->len > 0 ? d2i_X509_EXTENSIONS(NULL, &p, (long)der->len) : NULL;
	bool ok = der->len == 0 || (list != NULL && p == der->p + der->len);

	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	ERR_clear_error();
	return ok ? 0
		  : gh_refuse(err, GH_E_VALIDATION, "The extensions are not Extensions in DER.");
}

static int
check_times(int64_t keep_until, struct gh_error *err)
{
	int64_t now = gh_now();

	if (keep_until == 0 || (keep_until > now && keep_until - now <= KRA_KEEP_MAX))
		return 0;
	return gh_refuse(err, GH_E_VALIDATION, "A key is kept for a month at most.");
}

static int
check_wish(const struct kra_generate *f, struct gh_error *err)
{
	int rc;

	if (!f->is_archived && f->facts.forget_at == 0 && !f->is_released)
		return gh_refuse(err, GH_E_VALIDATION,
		    "A new key must be archived, kept or given out; else nobody has it.");
	if (f->is_released && (f->release.form != KRA_WRAPPED || f->release.has_clear_password))
		return gh_refuse(err, GH_E_VALIDATION,
		    "A new key has no certificate yet, which a PKCS#12 needs.");
	if ((rc = check_times(f->facts.forget_at, err)) != 0)
		return rc;
	if ((rc = check_subject(&f->subject, err)) != 0)
		return rc;
	return check_extensions(&f->extensions, err);
}

/* --- making ----------------------------------------------------------------------------------- */

/* What an RSA key costs, as key_slots.h counts; 0: another key, which costs nothing. */
static unsigned
cost_of(const char *alg)
{
	static const struct {
		const char *alg;
		unsigned cost;
	} costs[] = {{"RSA-2048", 1}, {"RSA-3072", 3}};

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		if (strcmp(costs[i].alg, alg) == 0)
			return costs[i].cost;
	return strncmp(alg, "RSA-", 4) == 0 ? KEY_SLOT_COST_MAX : 0;
}

static int
make(const struct kra *k, const struct kra_generate *f, struct kra_made *m, struct gh_buf *secret,
    struct gh_error *err)
{
	struct key_turn turn = {.owner = f->facts.owner, .cost = cost_of(f->key_alg)};
	int rc;

	if (turn.cost > 0 && (rc = key_slots_take(k->slots, &turn, err)) != 0)
		return rc;
	rc = secret_make(f->key_alg, &m->kind, secret, &m->spki, err);
	if (turn.cost > 0)
		key_slots_give(k->slots, &turn);
	return rc;
}

/* The hash that is as strong as the key. NULL: it has its own. */
static const EVP_MD *
md_for(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 256 ? EVP_sha384()
									: EVP_sha256();
}

/* RFC 2985, 5.4.2: the attribute extensionRequest. */
static bool
ask_for_extensions(X509_REQ *req, const struct gh_der *der)
{
	const unsigned char *p = der->p;
	X509_EXTENSIONS *list;
	bool ok;

	if (der->len == 0)
		return true;
	list = d2i_X509_EXTENSIONS(NULL, &p, (long)der->len);
	ok = list != NULL && X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return ok;
}

static int
sign_request(EVP_PKEY *key, X509_NAME *subject, const struct gh_der *extensions, struct gh_buf *out,
    struct gh_error *err)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	int n = -1;

	if (req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	    X509_REQ_set_subject_name(req, subject) == 1 && X509_REQ_set_pubkey(req, key) == 1 &&
	    ask_for_extensions(req, extensions) && X509_REQ_sign(req, key, md_for(key)) > 0)
		n = i2d_X509_REQ(req, &der);
	X509_REQ_free(req);
	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "PKCS#10 cannot be made");
	gh_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	return gh_buf_check(out, err);
}

/* PKCS#10 (RFC 2986). What is in the certificate, its template says. */
static int
put_request(const struct kra_made *m, const struct kra_generate *f, const struct gh_buf *secret,
    struct gh_buf *out, struct gh_error *err)
{
	X509_NAME *name;
	EVP_PKEY *key;
	int rc;

	if (m->kind != KRA_ASYMMETRIC)
		return gh_refuse(err, GH_E_VALIDATION, "A symmetric key has no certificate.");
	name = read_name(&f->subject);
	key = ca_key_from_pkcs8(secret->data, secret->len);
	rc = name != NULL && key != NULL ? sign_request(key, name, &f->extensions, out, err)
					 : gh_fail(err, GH_E_INTERNAL, "new key cannot be read");
	EVP_PKEY_free(key);
	X509_NAME_free(name);
	ERR_clear_error();
	return rc;
}

/* Both stored forms: with and without the time at which it is forgotten. */
static int
store(const struct kra_generate *f, const struct issuer *storage, const struct gh_buf *secret,
    struct kra_made *m, struct gh_error *err)
{
	struct gh_der plain = {secret->data, secret->len};
	struct kra_facts facts = f->facts;
	int rc = 0;

	facts.kind = m->kind;
	facts.spki = (struct gh_der){m->spki.data, m->spki.len};
	if (facts.forget_at != 0)
		rc = stored_key_seal(storage->key, f->storage_id, &facts, &plain, &m->kept, err);
	facts.forget_at = 0;
	if (rc == 0 && f->is_archived)
		rc =
		    stored_key_seal(storage->key, f->storage_id, &facts, &plain, &m->archived, err);
	return rc;
}

static int
make_all(const struct kra *k, const struct kra_generate *f, const struct issuer *storage,
    const struct session_key *key, struct kra_made *m, struct gh_error *err)
{
	struct gh_buf secret;
	int rc;

	gh_buf_init(&secret, KRA_SECRET_MAX);
	secret.secret = true;
	rc = make(k, f, m, &secret, err);
	if (rc == 0 && f->subject.len > 0)
		rc = put_request(m, f, &secret, &m->csr, err);
	if (rc == 0)
		rc = store(f, storage, &secret, m, err);
	if (rc == 0 && f->is_released)
		rc = payload_wrap(key->alg, key->bytes, &(struct gh_der){secret.data, secret.len},
		    &m->iv, &m->out, err);
	gh_buf_free(&secret);
	return rc;
}

/* What is kept for a repeated call is good for nothing while the key is locked; what is archived
 * needs its public half alone. */
static int
find_storage(const struct kra *k, const struct kra_generate *f, struct issuer **out,
    struct gh_error *err)
{
	return f->facts.forget_at != 0
	    ? kra_find_key(k, ISSUER_STORAGE, f->storage_id, out, err)
	    : kra_find_public_key(k, ISSUER_STORAGE, f->storage_id, out, err);
}

static int
check_policy(const struct kra *k, const struct kra_generate *f, struct gh_error *err)
{
	if (!k->needs_policy || !f->is_archived)
		return 0;
	return policy_require(k->sealing, k->policies,
	    &(struct kra_show_policy){f->facts.policy, f->policy}, err);
}

int
kra_generate(const struct kra *k, const struct kra_generate *f, struct kra_made *m,
    struct gh_error *err)
{
	struct session_key key = {0};
	struct issuer *storage = NULL;
	int rc;

	made_init(m);
	/* all that can be refused, before it takes seconds */
	if ((rc = check_wish(f, err)) == 0 && (rc = check_policy(k, f, err)) == 0 &&
	    (rc = find_storage(k, f, &storage, err)) == 0 &&
	    (!f->is_released ||
		(rc = wrapping_open(k, &f->release.wrapping, WRAPPING_RELEASE, &key, err)) == 0))
		rc = make_all(k, f, storage, &key, m, err);
	OPENSSL_cleanse(&key, sizeof(key));
	issuer_unref(storage);
	return rc;
}
