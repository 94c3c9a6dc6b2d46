/* What a PKCS#10 is to hold. See csr_attrs.h. */
#include <string.h>

#include <openssl/objects.h>

#include "der.h"

#include "csr_attrs.h"

#define EC_KEY "1.2.840.10045.2.1"
#define RSA_KEY "1.2.840.113549.1.1.1"
#define ED25519_KEY "1.3.101.112"
#define INFO_TEMPLATE "1.2.840.113549.1.9.16.2.61"
#define EXTENSION_TEMPLATE "1.2.840.113549.1.9.16.2.62"
#define SUBJECT_ALT_NAME "2.5.29.17"

static const struct curve {
	const char *name, *oid, *signature;
} curves[] = {
    {"P-256", "1.2.840.10045.3.1.7", "1.2.840.10045.4.3.2"},
    {"P-384", "1.3.132.0.34", "1.2.840.10045.4.3.3"},
    {"P-521", "1.3.132.0.35", "1.2.840.10045.4.3.4"},
};

static const struct curve *
find_curve(const struct csr_attrs_key *key)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (key->curve != NULL && strcmp(curves[i].name, key->curve) == 0)
			return &curves[i];
	return NULL;
}

/* ---- pieces ---- */

static void
open_piece(struct gh_buf *b)
{
	gh_buf_init(b, CSR_ATTRS_MAX);
}

/* The piece becomes an element of list, with this tag. */
static void
close_piece(struct gh_buf *list, unsigned tag, struct gh_buf *b)
{
	list->failed |= b->failed;
	gh_der_put_header(list, tag, b->len);
	if (b->len > 0)
		gh_buf_put(list, b->data, b->len);
	gh_buf_free(b);
}

void
csr_attrs_put_oid(struct gh_buf *list, const char *oid)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	unsigned char *der = NULL;
	int n = o != NULL ? i2d_ASN1_OBJECT(o, &der) : -1;

	if (n > 0)
		gh_buf_put(list, der, (size_t)n);
	else
		list->failed = true;
	OPENSSL_free(der);
	ASN1_OBJECT_free(o);
}

/* Positive, below 2^15 * 2^8. */
static void
put_small_integer(struct gh_buf *list, int v)
{
	const unsigned char bytes[] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8),
	    (unsigned char)v};
	size_t from = v > 0x7fff ? 0 : v > 0x7f ? 1 : 2;

	gh_der_put_header(list, GH_DER_INTEGER, sizeof(bytes) - from);
	gh_buf_put(list, bytes + from, sizeof(bytes) - from);
}

/* ---- keys ---- */

static const char *
key_oid(const struct csr_attrs_key *key)
{
	return key->type == CA_KEY_EC ? EC_KEY : key->type == CA_KEY_RSA ? RSA_KEY : ED25519_KEY;
}

const char *
csr_attrs_signature(const struct csr_attrs_key *key)
{
	const struct curve *c = find_curve(key);

	if (key->type == CA_KEY_RSA)
		return "1.2.840.113549.1.1.11";
	return key->type == CA_KEY_EC && c != NULL ? c->signature : NULL;
}

void
csr_attrs_put_key(struct gh_buf *list, const struct csr_attrs_key *key)
{
	const struct curve *c = find_curve(key);
	struct gh_buf attribute, values;

	open_piece(&attribute);
	open_piece(&values);
	csr_attrs_put_oid(&attribute, key_oid(key));
	if (key->type == CA_KEY_EC && c != NULL)
		csr_attrs_put_oid(&values, c->oid);
	if (key->type == CA_KEY_RSA)
		put_small_integer(&values, key->bits);
	close_piece(&attribute, GH_DER_SET, &values);
	close_piece(list, GH_DER_SEQUENCE, &attribute);
}

/* A key of that size which is none: only its length counts (RFC 9908, 3.4). */
static void
put_rsa_placeholder(struct gh_buf *list, int bits)
{
	static const unsigned char first[] = {0, 0x80}, zero = 0, last = 1;
	struct gh_buf key, bits_of;
	size_t n = (size_t)bits / 8;

	open_piece(&key);
	gh_der_put_header(&key, GH_DER_INTEGER, n + 1);
	gh_buf_put(&key, first, sizeof(first));
	for (size_t i = 2; i < n; i++)
		gh_buf_put(&key, &zero, 1);
	gh_buf_put(&key, &last, 1);
	put_small_integer(&key, 65537);
	open_piece(&bits_of);
	gh_buf_put(&bits_of, &zero, 1); /* no unused bits */
	close_piece(&bits_of, GH_DER_SEQUENCE, &key);
	close_piece(list, GH_DER_BIT_STRING, &bits_of);
}

static void
put_key_template(struct gh_buf *list, const struct csr_attrs_key *key)
{
	const struct curve *c = find_curve(key);
	struct gh_buf spki, algorithm;

	open_piece(&spki);
	open_piece(&algorithm);
	csr_attrs_put_oid(&algorithm, key_oid(key));
	if (key->type == CA_KEY_EC && c != NULL)
		csr_attrs_put_oid(&algorithm, c->oid);
	if (key->type == CA_KEY_RSA)
		gh_der_put_header(&algorithm, GH_DER_NULL, 0);
	close_piece(&spki, GH_DER_SEQUENCE, &algorithm);
	if (key->type == CA_KEY_RSA)
		put_rsa_placeholder(&spki, key->bits);
	close_piece(list, GH_DER_CONTEXT(0), &spki);
}

/* ---- the template ---- */

/* Types without values: the client knows its own. */
static void
put_subject(struct gh_buf *list, const struct csr_attrs_template *t)
{
	struct gh_buf name, rdn, attribute;

	open_piece(&name);
	for (size_t i = 0; i < t->rdns; i++) {
		open_piece(&rdn);
		open_piece(&attribute);
		csr_attrs_put_oid(&attribute, t->rdn[i]);
		close_piece(&rdn, GH_DER_SEQUENCE, &attribute);
		close_piece(&name, GH_DER_SET, &rdn);
	}
	close_piece(list, GH_DER_SEQUENCE, &name);
}

static void
put_san_template(struct gh_buf *list)
{
	struct gh_buf attribute, values, extensions, san;

	open_piece(&attribute);
	open_piece(&values);
	open_piece(&extensions);
	open_piece(&san);
	csr_attrs_put_oid(&attribute, EXTENSION_TEMPLATE);
	csr_attrs_put_oid(&san, SUBJECT_ALT_NAME);
	close_piece(&extensions, GH_DER_SEQUENCE, &san);
	close_piece(&values, GH_DER_SEQUENCE, &extensions);
	close_piece(&attribute, GH_DER_SET, &values);
	close_piece(list, GH_DER_SEQUENCE, &attribute);
}

void
csr_attrs_put_template(struct gh_buf *list, const struct csr_attrs_template *t)
{
	struct gh_buf attribute, values, info, attributes;

	open_piece(&attribute);
	open_piece(&values);
	open_piece(&info);
	open_piece(&attributes);
	csr_attrs_put_oid(&attribute, INFO_TEMPLATE);
	put_small_integer(&info, 0); /* version */
	if (t->rdns > 0)
		put_subject(&info, t);
	put_key_template(&info, &t->key);
	if (t->has_san)
		put_san_template(&attributes);
	close_piece(&info, GH_DER_CONTEXT(1), &attributes);
	close_piece(&values, GH_DER_SEQUENCE, &info);
	close_piece(&attribute, GH_DER_SET, &values);
	close_piece(list, GH_DER_SEQUENCE, &attribute);
}

int
csr_attrs_close(struct gh_buf *list, unsigned char **der, size_t *len, struct gh_error *err)
{
	struct gh_buf all;
	int rc;

	*der = NULL;
	*len = 0;
	open_piece(&all);
	close_piece(&all, GH_DER_SEQUENCE, list);
	if ((rc = gh_buf_check(&all, err)) != 0) {
		gh_buf_free(&all);
		return rc;
	}
	*der = all.data;
	*len = all.len;
	return 0;
}
