/* CRLs, signed while they pass. See crl_sign.h. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "asn1_time.h"

#include "crl_sign.h"
#include "sign_fields.h"

static const unsigned char version_2[] = {GH_DER_INTEGER, 1, 1};

/* Bytes of CRLs that are kept, of all connections. */
#define KEPT_MAX (2u * SIGNER_CRL_ED25519_MAX)
static atomic_size_t kept;

struct crl_sign {
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	EVP_MD_CTX *digest;    /* over the TBSCertList so far; NULL for Ed25519 */
	unsigned char *whole;  /* the TBSCertList itself, for Ed25519; NULL otherwise */
	size_t done, total;    /* bytes of the TBSCertList */
	uint64_t entries_left; /* bytes */
	struct gh_buf tail;
};

static int
absorb(struct crl_sign *c, const void *p, size_t len, struct gh_error *err)
{
	if (len > c->total - c->done)
		return gh_fail(err, GH_E_INTERNAL, "CRL grew beyond its length");
	if (c->whole != NULL)
		memcpy(c->whole + c->done, p, len);
	else if (EVP_DigestUpdate(c->digest, p, len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "digest of the CRL");
	c->done += len;
	return 0;
}

/* [0] EXPLICIT Extensions: AKI, then what was given. */
static int
make_tail(struct crl_sign *c, const struct issuer *ca, const struct signer_crl_fields *f,
    struct gh_error *err)
{
	size_t list = ca->aki.len + f->extensions_len;

	gh_der_put_header(&c->tail, GH_DER_CONTEXT(0), gh_der_size(list));
	gh_der_put_header(&c->tail, GH_DER_SEQUENCE, list);
	gh_buf_put(&c->tail, ca->aki.data, ca->aki.len);
	gh_buf_put(&c->tail, f->extensions, f->extensions_len);
	return gh_buf_check(&c->tail, err);
}

/* Content of TBSCertList before the entries; nothing of revokedCertificates when there are none. */
static int
put_fields(struct gh_buf *b, const struct issuer *ca, const struct signer_crl_fields *f,
    struct gh_error *err)
{
	struct gh_asn1_time this_update, next_update;

	if (f->this_update < 0 || !gh_asn1_time_encode(f->this_update, &this_update) ||
	    f->next_update < 0 || !gh_asn1_time_encode(f->next_update, &next_update))
		return gh_fail(err, GH_E_SIGNER, "CRL: a time before 1970 or after 9999");
	gh_buf_put(b, version_2, sizeof(version_2));
	gh_buf_put(b, ca->algorithm.p, ca->algorithm.len);
	gh_buf_put(b, ca->name.data, ca->name.len);
	gh_buf_put(b, this_update.bytes, this_update.len);
	gh_buf_put(b, next_update.bytes, next_update.len);
	if (f->entries_len > 0)
		gh_der_put_header(b, GH_DER_SEQUENCE, (size_t)f->entries_len);
	return gh_buf_check(b, err);
}

static int
put_head(struct crl_sign *c, const struct issuer *ca, const struct signer_crl_fields *f,
    struct gh_buf *head, struct gh_error *err)
{
	size_t content;
	struct gh_buf fields;
	int rc;

	gh_buf_init(&fields, CRL_HEAD_MAX);
	if ((rc = put_fields(&fields, ca, f, err)) == 0) {
		content = fields.len + (size_t)f->entries_len + c->tail.len;
		c->total = gh_der_size(content);
		gh_der_put_header(head, GH_DER_SEQUENCE, content);
		gh_buf_put(head, fields.data, fields.len);
		rc = gh_buf_check(head, err);
	}
	gh_buf_free(&fields);
	return rc;
}

static int
keep_whole(struct crl_sign *c, struct gh_error *err)
{
	if (c->total > SIGNER_CRL_ED25519_MAX)
		return gh_fail(err, GH_E_SIGNER,
		    "CRL of %zu bytes: a CA with an Ed25519 key signs up to %u; "
		    "divide the CRL into partitions",
		    c->total, SIGNER_CRL_ED25519_MAX);
	if (atomic_fetch_add(&kept, c->total) + c->total > KEPT_MAX) {
		atomic_fetch_sub(&kept, c->total);
		return gh_fail(err, GH_E_BUSY, "CRLs of other CAs with Ed25519 keys are in work");
	}
	if ((c->whole = malloc(c->total)) != NULL)
		return 0;
	atomic_fetch_sub(&kept, c->total);
	return gh_fail(err, GH_E_NOMEM, "CRL");
}

/* What the TBSCertList goes into. */
static int
open_sink(struct crl_sign *c, const struct issuer *ca, struct gh_error *err)
{
	const EVP_MD *md;

	if (ca->md == NULL)
		return keep_whole(c, err);
	if ((md = EVP_get_digestbyname(ca->md)) == NULL || (c->digest = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(c->digest, md, NULL) != 1)
		return gh_fail(err, GH_E_INTERNAL, "digest of the CRL");
	return 0;
}

static int
begin(struct crl_sign *c, const struct issuer *ca, const struct signer_crl_fields *f,
    struct gh_buf *head, struct gh_error *err)
{
	size_t from = head->len;
	int rc;

	if ((rc = sign_fields_check_crl(f, err)) != 0 || (rc = make_tail(c, ca, f, err)) != 0 ||
	    (rc = put_head(c, ca, f, head, err)) != 0 || (rc = open_sink(c, ca, err)) != 0)
		return rc;
	memcpy(c->ca_id, ca->ca_id, sizeof(c->ca_id));
	c->entries_left = f->entries_len;
	return absorb(c, head->data + from, head->len - from, err);
}

int
crl_sign_begin(const struct issuer *ca, const struct signer_crl_fields *f, struct crl_sign **out,
    struct gh_buf *head, struct gh_error *err)
{
	struct crl_sign *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (c == NULL)
		return gh_fail(err, GH_E_NOMEM, "CRL");
	gh_buf_init(&c->tail, CRL_TAIL_MAX);
	if ((rc = begin(c, ca, f, head, err)) != 0) {
		crl_sign_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

int
crl_sign_entries(struct crl_sign *c, const unsigned char *p, size_t len, struct gh_error *err)
{
	int rc;

	if (len > SIGNER_CRL_PIECE_MAX || len > c->entries_left)
		return gh_fail(err, GH_E_SIGNER, "CRL entries: more bytes than were announced");
	if ((rc = sign_fields_check_entries(p, len, err)) != 0)
		return rc;
	c->entries_left -= len;
	return absorb(c, p, len, err);
}

static int
sign(struct crl_sign *c, const struct issuer *ca, struct gh_buf *sig, struct gh_error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (c->whole != NULL)
		return issuer_sign(ca, c->whole, c->total, sig, err);
	if (EVP_DigestFinal_ex(c->digest, digest, &len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "digest of the CRL");
	return issuer_sign_digest(ca, digest, len, sig, err);
}

int
crl_sign_end(struct crl_sign *c, const struct issuer *ca, struct gh_buf *tail, struct gh_buf *sig,
    struct gh_error *err)
{
	int rc;

	if (c->entries_left > 0)
		return gh_fail(err, GH_E_SIGNER, "CRL entries: %llu bytes are missing",
		    (unsigned long long)c->entries_left);
	if ((rc = absorb(c, c->tail.data, c->tail.len, err)) != 0)
		return rc;
	if (c->done != c->total)
		return gh_fail(err, GH_E_INTERNAL, "CRL shorter than its length");
	gh_buf_put(tail, c->tail.data, c->tail.len);
	gh_buf_put(sig, ca->algorithm.p, ca->algorithm.len);
	if ((rc = sign(c, ca, sig, err)) != 0)
		return rc;
	return gh_buf_check(tail, err);
}

const unsigned char *
crl_sign_ca_id(const struct crl_sign *c)
{
	return c->ca_id;
}

void
crl_sign_free(struct crl_sign *c)
{
	if (c == NULL)
		return;
	EVP_MD_CTX_free(c->digest);
	if (c->whole != NULL)
		atomic_fetch_sub(&kept, c->total);
	free(c->whole);
	gh_buf_free(&c->tail);
	free(c);
}
