/* What is said about a secret. See key_describe.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "buf.h"
#include "digest.h"
#include "key_alg.h"
#include "store/key/kra_key.h"
#include "utf8.h"

#include "key_describe.h"

static int
copy_text(char out[STORE_KEY_TEXT_SIZE], const char *text, const char *what, struct gh_error *err)
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n >= STORE_KEY_TEXT_SIZE || (n > 0 && !gh_utf8_is_clean(text)))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The %s has at most %d bytes of UTF-8, and no control characters.", what,
		    STORE_KEY_TEXT_SIZE - 1);
	snprintf(out, STORE_KEY_TEXT_SIZE, "%s", n > 0 ? text : "");
	return 0;
}

static int
check_policy(struct kra_means *m, const char *name, struct gh_error *err)
{
	struct store_kra_policy policy;
	int rc;

	if (*name == '\0')
		return 0;
	rc = store_get_kra_policy(m->store, name, &policy, err);
	store_kra_policy_clear(&policy);
	return rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_refuse(err, GH_E_VALIDATION, "There is no policy of recovery \"%.80s\".", name);
}

int
key_describe(struct kra_means *m, const struct requester *who, const struct key_labels *l,
    struct store_archived_key *k, struct gh_error *err)
{
	unsigned char uuid[GH_UUID_SIZE];
	int rc;

	*k = (struct store_archived_key){.owner = l->owner != NULL ? *l->owner : *who,
	    .is_active = true};
	if (!gh_uuid_make(uuid))
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	gh_uuid_format(uuid, k->id);
	if ((rc = copy_text(k->bound_owner, store_key_identity(&k->owner), "owner's name", err)) !=
		0 ||
	    (rc = copy_text(k->client_id, l->client_id, "client id", err)) != 0 ||
	    (rc = copy_text(k->policy, l->policy, "name of the policy", err)) != 0 ||
	    (rc = copy_text(k->algorithm, l->algorithm, "algorithm", err)) != 0)
		return rc;
	return check_policy(m, k->policy, err);
}

int
key_describe_call(const unsigned char *mark, size_t n, char id[GH_UUID_TEXT_SIZE],
    struct gh_error *err)
{
	static const char label[] = "gatehouse key of a call 1";
	unsigned char digest[32];
	struct gh_buf b;
	bool ok;

	gh_buf_init(&b, sizeof(label) + n);
	gh_buf_put(&b, label, sizeof(label));
	gh_buf_put(&b, mark, n);
	ok = !b.failed && gh_digest(GH_SHA256, b.data, b.len, digest);
	gh_buf_free(&b);
	if (!ok)
		return gh_fail(err, GH_E_NOMEM, "id of a key");
	digest[6] = (digest[6] & 0x0f) | 0x80; /* RFC 9562, 5.8: version 8 */
	digest[8] = (digest[8] & 0x3f) | 0x80;
	gh_uuid_format(digest, id);
	return 0;
}

int
key_describe_check_call(const unsigned char *mark, size_t n, const struct store_archived_key *k,
    struct gh_error *err)
{
	char id[GH_UUID_TEXT_SIZE];
	int rc = key_describe_call(mark, n, id, err);

	if (rc == 0 && strcmp(id, k->id) != 0)
		rc = gh_fail(err, GH_E_SEAL, "kept key %s is that of another call", k->id);
	return rc;
}

int
key_describe_spki(const struct gh_der *spki, struct store_archived_key *k, struct gh_error *err)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *key = spki->len > 0 ? d2i_PUBKEY(NULL, &p, (long)spki->len) : NULL;
	enum gh_curve curve;
	int rc = 0;

	if (key == NULL || p != spki->p + spki->len)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "A private key comes with its SubjectPublicKeyInfo (DER), or with its "
		    "certificate.");
	else if (gh_curve_of_key(key, &curve))
		snprintf(k->algorithm, sizeof(k->algorithm), "%s", gh_curve_name(curve));
	else
		snprintf(k->algorithm, sizeof(k->algorithm), "%s",
		    EVP_PKEY_is_a(key, "RSA") ? "RSA" : EVP_PKEY_get0_type_name(key));
	k->bits = rc == 0 ? EVP_PKEY_get_bits(key) : 0;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}
