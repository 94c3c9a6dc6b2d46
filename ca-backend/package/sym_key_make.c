/* Symmetric keys made. See sym_key_make.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "formats/cms_encrypt.h"

#include "package_oid.h"
#include "sym_key_make.h"

#define OID_PSKC(n) OID_SMIME(12, (n))
#define KEY_ID 9
#define ALGORITHM 10
#define ATTRIBUTE_TEXT_MAX 200

/* --- the package ------------------------------------------------------------------------------ */

/* Attribute ::= SEQUENCE { attrType OID, attrValues SET OF UTF8String } */
static void
put_attribute(struct gh_buf *out, unsigned char which, const char *text)
{
	const unsigned char oid[] = {OID_PSKC(which)};
	size_t n = strlen(text), value = gh_der_size(n), type = gh_der_size(sizeof(oid));

	gh_der_put_header(out, GH_DER_SEQUENCE, type + gh_der_size(value));
	gh_der_put(out, GH_DER_OID, oid, sizeof(oid));
	gh_der_put_header(out, GH_DER_SET, value);
	gh_der_put(out, GH_DER_UTF8, text, n);
}

static int
put_key(struct gh_buf *out, const struct sym_key_order *o, int number, struct gh_error *err)
{
	unsigned char key[SYM_KEY_BITS_MAX / 8];
	size_t n = (size_t)o->bits / 8;
	char id[ATTRIBUTE_TEXT_MAX];
	struct gh_buf attributes;

	if (RAND_priv_bytes(key, (int)n) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	snprintf(id, sizeof(id), "%s-%d", o->id, number);
	gh_buf_init(&attributes, 4 * ATTRIBUTE_TEXT_MAX);
	put_attribute(&attributes, KEY_ID, id);
	if (o->algorithm != NULL)
		put_attribute(&attributes, ALGORITHM, o->algorithm);
	gh_der_put_header(out, GH_DER_SEQUENCE, gh_der_size(attributes.len) + gh_der_size(n));
	gh_der_put(out, GH_DER_SEQUENCE, attributes.data, attributes.len);
	gh_der_put(out, GH_DER_OCTETS, key, n);
	out->failed |= attributes.failed;
	gh_buf_free(&attributes);
	OPENSSL_cleanse(key, sizeof(key));
	return 0;
}

static int
check_order(const struct sym_key_order *o, struct gh_error *err)
{
	if (o->bits < 8 || o->bits > SYM_KEY_BITS_MAX || o->bits % 8 != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "a key has 8 to %d bits, whole octets",
		    SYM_KEY_BITS_MAX);
	if (o->count < 1 || o->count > SYM_KEY_COUNT_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "1 to %d keys at once", SYM_KEY_COUNT_MAX);
	if (o->algorithm != NULL && strlen(o->algorithm) >= ATTRIBUTE_TEXT_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "the name of an algorithm is too long");
	return 0;
}

/* SymmetricKeyPackage ::= SEQUENCE { sKeys SEQUENCE OF OneSymmetricKey }, of the default version */
int
sym_key_package_make(const struct sym_key_order *o, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf keys;
	int rc = check_order(o, err);

	gh_buf_init(&keys, SYM_KEY_PACKAGE_MAX);
	keys.secret = true;
	for (int i = 1; rc == 0 && i <= o->count; i++)
		rc = put_key(&keys, o, i, err);
	if (rc == 0) {
		gh_der_put_header(out, GH_DER_SEQUENCE, gh_der_size(keys.len));
		gh_der_put(out, GH_DER_SEQUENCE, keys.data, keys.len);
		out->failed |= keys.failed;
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&keys);
	return rc;
}

/* --- encrypted -------------------------------------------------------------------------------- */

/* What is in a ContentInfo: the one element inside of its [0]. */
static bool
content_of(const struct gh_der *content_info, struct gh_der *out)
{
	struct gh_der in = *content_info, members;

	return gh_der_take(&in, GH_DER_SEQUENCE, &members) && in.len == 0 &&
	    gh_der_take(&members, GH_DER_OID, NULL) &&
	    gh_der_take(&members, GH_DER_CONTEXT(0), out);
}

static int
check_recipient(X509 *cert, struct gh_error *err)
{
	if (!cms_encrypt_can(cert))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "nothing can be encrypted for this certificate: its key must be RSA with "
		    "keyEncipherment, or EC with keyAgreement");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "the certificate of the client has expired");
	return 0;
}

int
sym_key_envelope(const struct gh_der *message, X509 *cert, struct gh_buf *out, struct gh_error *err)
{
	unsigned char *der = NULL;
	struct gh_der inside;
	size_t len;
	int rc;

	if ((rc = check_recipient(cert, err)) != 0 ||
	    (rc = cms_encrypt_signed(cert, message, &der, &len, err)) != 0)
		return rc;
	if (content_of(&(struct gh_der){der, len}, &inside))
		gh_buf_put(out, inside.p, inside.len);
	else
		rc = gh_fail(err, GH_E_INTERNAL, "EnvelopedData was not made");
	free(der);
	return rc == 0 ? gh_buf_check(out, err) : rc;
}
