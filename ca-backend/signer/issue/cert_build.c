/*
 * Build and sign a certificate. Written out as DER rather than through X509: all parts but the
 * serial, the times and the key identifier are there in their encoding already.
 */

#include <openssl/rand.h>

#include "asn1_time.h"
#include "oid.h"
#include "timestamp.h"

#include "cert_build.h"
#include "cert_limits.h"

#define SERIAL_TIME_SIZE 4
#define SERIAL_TIME_UNIT 4    /* seconds: 30 bits of them last until 2106 */
#define SERIAL_RANDOM_SIZE 12 /* 96 bits */

static const unsigned char version_3[] = {GH_DER_CONTEXT(0), 3, GH_DER_INTEGER, 1, 2};
static const unsigned char oid_ski[] = {GH_OID_DER(GH_OID_SUBJECT_KEY_ID)};

/* RFC 5280, 4.1.2.2: 16 octets, of which 96 bits are random. The time before them, which is no
 * secret, has numbers follow each other, so that the database writes them to one part of their
 * index and not all over it. The first octet is 0x40 to 0x7f: positive, and nothing to strip. */
static int
put_serial(struct gh_buf *b, struct gh_error *err)
{
	unsigned char serial[SERIAL_TIME_SIZE + SERIAL_RANDOM_SIZE];
	uint32_t time = (uint32_t)(gh_now() / SERIAL_TIME_UNIT) | 0x40000000;

	for (int i = SERIAL_TIME_SIZE - 1; i >= 0; i--, time >>= 8)
		serial[i] = (unsigned char)time;
	serial[0] &= 0x7f;
	if (RAND_bytes(serial + SERIAL_TIME_SIZE, SERIAL_RANDOM_SIZE) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random serial number");
	gh_der_put(b, GH_DER_INTEGER, serial, sizeof(serial));
	return 0;
}

static size_t
ski_size(size_t id)
{
	return gh_der_size(sizeof(oid_ski) + gh_der_size(gh_der_size(id)));
}

static void
put_ski(struct gh_buf *b, const struct gh_der *id)
{
	gh_der_put_header(b, GH_DER_SEQUENCE, sizeof(oid_ski) + gh_der_size(gh_der_size(id->len)));
	gh_buf_put(b, oid_ski, sizeof(oid_ski));
	gh_der_put_header(b, GH_DER_OCTETS, gh_der_size(id->len));
	gh_der_put(b, GH_DER_OCTETS, id->p, id->len);
}

static int
put_validity(struct gh_buf *b, const struct cert_facts *c, struct gh_error *err)
{
	struct gh_asn1_time from, to;

	if (c->not_before < 0 || !gh_asn1_time_encode(c->not_before, &from) || c->not_after < 0 ||
	    !gh_asn1_time_encode(c->not_after, &to))
		return gh_fail(err, GH_E_SIGNER, "validity: a time before 1970 or after 9999");
	gh_der_put_header(b, GH_DER_SEQUENCE, from.len + to.len);
	gh_buf_put(b, from.bytes, from.len);
	gh_buf_put(b, to.bytes, to.len);
	return 0;
}

static int
put_extensions(struct gh_buf *b, const struct cert_facts *c, const struct issuer *ca,
    struct gh_error *err)
{
	unsigned char hash[SIGNER_KEY_ID_SIZE];
	struct gh_der key_id = c->key_id;
	size_t list;
	int rc;

	if (key_id.len == 0) {
		if ((rc = issuer_key_id(&c->key_bits, hash, err)) != 0)
			return rc;
		key_id = (struct gh_der){hash, sizeof(hash)};
	}
	list = ski_size(key_id.len) + ca->aki.len + c->extensions.len;
	gh_der_put_header(b, GH_DER_CONTEXT(3), gh_der_size(list));
	gh_der_put_header(b, GH_DER_SEQUENCE, list);
	put_ski(b, &key_id);
	gh_buf_put(b, ca->aki.data, ca->aki.len);
	gh_buf_put(b, c->extensions.p, c->extensions.len);
	return 0;
}

/* Content of TBSCertificate, in the order of RFC 5280, 4.1 */
static int
put_tbs_content(struct gh_buf *b, const struct cert_facts *c, const struct issuer *ca,
    struct gh_error *err)
{
	int rc;

	gh_buf_put(b, version_3, sizeof(version_3));
	if ((rc = put_serial(b, err)) != 0)
		return rc;
	gh_buf_put(b, ca->algorithm.p, ca->algorithm.len);
	gh_buf_put(b, ca->name.data, ca->name.len);
	if ((rc = put_validity(b, c, err)) != 0)
		return rc;
	gh_buf_put(b, c->subject.p, c->subject.len);
	gh_buf_put(b, c->spki.p, c->spki.len);
	if ((rc = put_extensions(b, c, ca, err)) != 0)
		return rc;
	return gh_buf_check(b, err);
}

static int
put_certificate(struct gh_buf *out, const struct gh_buf *content, const struct issuer *ca,
    struct gh_error *err)
{
	struct gh_buf tbs, signature;
	int rc;

	gh_buf_init(&tbs, CERT_DER_MAX);
	gh_buf_init(&signature, CERT_DER_MAX);
	gh_der_put(&tbs, GH_DER_SEQUENCE, content->data, content->len);
	if ((rc = gh_buf_check(&tbs, err)) == 0 &&
	    (rc = issuer_sign(ca, tbs.data, tbs.len, &signature, err)) == 0) {
		gh_der_put_header(out, GH_DER_SEQUENCE,
		    tbs.len + ca->algorithm.len + signature.len);
		gh_buf_put(out, tbs.data, tbs.len);
		gh_buf_put(out, ca->algorithm.p, ca->algorithm.len);
		gh_buf_put(out, signature.data, signature.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&tbs);
	gh_buf_free(&signature);
	return rc;
}

int
cert_build(const struct cert_facts *c, const struct issuer *ca, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_buf content;
	int rc;

	gh_buf_init(&content, CERT_DER_MAX);
	if ((rc = put_tbs_content(&content, c, ca, err)) == 0)
		rc = put_certificate(out, &content, ca, err);
	gh_buf_free(&content);
	return rc;
}

int
cert_build_checked(const struct cert_facts *c, const struct issuer *ca, struct gh_buf *out,
    struct gh_error *err)
{
	struct gh_buf cert;
	int rc;

	if (ca->name_constraints == NULL)
		return cert_build(c, ca, out, err);
	gh_buf_init(&cert, CERT_DER_MAX);
	if ((rc = cert_build(c, ca, &cert, err)) == 0 &&
	    (rc = cert_limits_check_names(&cert, ca, err)) == 0) {
		gh_buf_put(out, cert.data, cert.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&cert);
	return rc;
}
