/* A key that a client chose. See wrapping.h. */
#include <openssl/crypto.h>

#include "key_unwrap.h"
#include "wrapping.h"

int
kra_find_public_key(const struct kra *k, enum issuer_kind kind,
    const unsigned char id[KRA_KEY_ID_SIZE], struct issuer **out, struct gh_error *err)
{
	*out = issuer_table_get(k->keys, id);
	if (*out != NULL && (*out)->kind == kind)
		return 0;
	issuer_unref(*out);
	*out = NULL;
	return gh_fail(err, GH_E_NOT_FOUND, "%s key is not loaded",
	    kind == ISSUER_STORAGE ? "storage" : "transport");
}

int
kra_find_key(const struct kra *k, enum issuer_kind kind, const unsigned char id[KRA_KEY_ID_SIZE],
    struct issuer **out, struct gh_error *err)
{
	int rc = kra_find_public_key(k, kind, id, out, err);

	if (rc != 0 || !issuer_is_locked(*out))
		return rc;
	issuer_unref(*out);
	*out = NULL;
	return gh_fail(err, GH_E_CA_LOCKED, "the %s key is locked",
	    kind == ISSUER_STORAGE ? "storage" : "transport");
}

int
wrapping_check(const struct kra *k, bool is_v15, const struct payload_alg *alg,
    struct gh_error *err)
{
	if (k->allows_legacy || (!is_v15 && payload_alg_is_authentic(alg)))
		return 0;
	return gh_refuse(err, GH_E_VALIDATION,
	    "RSA1_5 and AES-CBC are not allowed here; use RSA-OAEP-256 or ECDH-ES+A256KW, "
	    "and AES-GCM or AES-KWP.");
}

/* What stands in a message. */
static bool
is_printable(const struct gh_der *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->p[i] < 0x20 || text->p[i] > 0x7e)
			return false;
	return true;
}

static int
find_algs(const struct kra *k, const struct kra_wrapping *w, enum key_wrap_alg *key_alg,
    const struct payload_alg **payload, struct gh_error *err)
{
	*payload = payload_alg_find(&w->payload_alg);
	if (!is_printable(&w->key_alg) || !is_printable(&w->payload_alg))
		return gh_refuse(err, GH_E_VALIDATION, "The algorithm is not known.");
	if (!key_wrap_find(&w->key_alg, key_alg) || *payload == NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The algorithm \"%.*s\" with \"%.*s\" is not known.", (int)w->key_alg.len,
		    (const char *)w->key_alg.p, (int)w->payload_alg.len,
		    (const char *)w->payload_alg.p);
	return wrapping_check(k, *key_alg == KEY_WRAP_RSA1_5, *payload, err);
}

int
wrapping_open(const struct kra *k, const struct kra_wrapping *w, enum wrapping_use use,
    struct session_key *out, struct gh_error *err)
{
	struct wrapped_key key = {.ephemeral = w->ephemeral, .cipher = w->wrapped_key};
	struct issuer *transport;
	int rc;

	if ((rc = find_algs(k, w, &key.alg, &out->alg, err)) != 0)
		return rc;
	/* else the KRA would archive for anybody what it gave out, and give it to him */
	if (use == WRAPPING_IN && key_wrap_is_release(key.alg))
		return gh_refuse(err, GH_E_VALIDATION,
		    "%s is for what comes back from the KRA, not for what is archived.",
		    key_wrap_name(key.alg));
	if ((rc = kra_find_key(k, ISSUER_TRANSPORT, w->transport_id, &transport, err)) != 0)
		return rc;
	rc = key_unwrap(transport->key, &key, payload_alg_key_size(out->alg), out->bytes, err);
	issuer_unref(transport);
	return rc;
}
