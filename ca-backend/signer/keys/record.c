/* What a sealed record holds. See record.h. */
#include <string.h>

#include "digest.h"

#include "record.h"

#define VERSION_1 1
#define VERSION_2 2

void
record_init(struct record *r, enum record_kind kind)
{
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	gh_buf_init(&r->cert, RECORD_MAX);
	gh_buf_init(&r->key, RECORD_MAX);
	r->key.secret = true;
}

void
record_free(struct record *r)
{
	gh_buf_free(&r->cert);
	gh_buf_free(&r->key);
}

int
record_next(struct record *r, const struct record *from, struct gh_error *err)
{
	record_init(r, from->kind);
	r->revision = from->revision + 1;
	r->limits = from->limits;
	gh_buf_put(&r->cert, from->cert.data, from->cert.len);
	return gh_buf_check(&r->cert, err);
}

int
record_put(const struct record *r, struct gh_buf *out, struct gh_error *err)
{
	gh_buf_put_u8(out, VERSION_2);
	gh_buf_put_u8(out, (uint8_t)r->kind);
	gh_buf_put_u64(out, r->revision);
	signer_put_limits(out, &r->limits);
	gh_buf_put_block(out, r->cert.data, r->cert.len);
	gh_buf_put_u8(out, (uint8_t)r->protection);
	gh_buf_put_block(out, r->key.data, r->key.len);
	return gh_buf_check(out, err);
}

static void
get_piece(struct gh_reader *in, struct gh_buf *out)
{
	size_t len;
	const unsigned char *p = gh_reader_block(in, RECORD_MAX, &len);

	if (len == 0)
		in->failed = true;
	else
		gh_buf_put(out, p, len);
}

static void
get_version_1(struct gh_reader *in, struct record *r)
{
	signer_get_limits_1(in, &r->limits);
	get_piece(in, &r->cert);
	get_piece(in, &r->key);
}

static void
get_version_2(struct gh_reader *in, struct record *r)
{
	uint8_t kind = gh_reader_u8(in), protection;

	r->revision = gh_reader_u64(in);
	signer_get_limits(in, &r->limits);
	get_piece(in, &r->cert);
	protection = gh_reader_u8(in);
	get_piece(in, &r->key);
	if (kind < RECORD_CA || kind > RECORD_TRANSPORT || protection > RECORD_PKCS11)
		in->failed = true;
	r->kind = (enum record_kind)kind;
	r->protection = (enum record_protection)protection;
}

int
record_read(const struct gh_der *in, struct record *r, struct gh_error *err)
{
	struct gh_reader reader;
	uint8_t version;
	int rc;

	record_init(r, RECORD_CA);
	gh_reader_init(&reader, in->p, in->len);
	version = gh_reader_u8(&reader);
	if (version == VERSION_1)
		get_version_1(&reader, r);
	else if (version == VERSION_2)
		get_version_2(&reader, r);
	else
		return gh_fail(err, GH_E_SIGNER, "sealed record: unknown version %u", version);
	if (!gh_reader_is_done(&reader))
		return gh_fail(err, GH_E_SIGNER, "sealed record: damaged before sealing");
	if ((rc = gh_buf_check(&r->cert, err)) != 0 || (rc = gh_buf_check(&r->key, err)) != 0)
		return rc;
	if (!gh_digest(GH_SHA256, in->p, in->len, r->hash))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	return record_is_of_kra(r) ? 0 : issuer_check_limits(&r->limits, err);
}

bool
record_is_of_kra(const struct record *r)
{
	return r->kind == RECORD_STORAGE || r->kind == RECORD_TRANSPORT;
}

/* Takes what it needs of the certificate, or of the public key. */
static int
make_issuer(const struct record *r, EVP_PKEY *key, struct issuer **out, struct gh_error *err)
{
	struct gh_der spki = {r->cert.data, r->cert.len};

	if (record_is_of_kra(r))
		return issuer_from_spki((enum issuer_kind)r->kind, &spki, key, out, err);
	return issuer_from_cert(r->cert.data, r->cert.len, key, &r->limits, out, err);
}

int
record_issuer(const struct record *r, EVP_PKEY *key, struct issuer **out, struct gh_error *err)
{
	int rc;

	*out = NULL;
	if (r->kind == RECORD_PENDING)
		return gh_fail(err, GH_E_SIGNER, "the CA has no certificate yet");
	if ((rc = make_issuer(r, key, out, err)) != 0)
		return rc;
	/* version 1 knew no kinds, and may hold an OCSP signer */
	if (r->revision > 0 && (int)(*out)->kind != (int)r->kind) {
		issuer_unref(*out);
		*out = NULL;
		return gh_fail(err, GH_E_SIGNER,
		    "sealed record: the certificate is of another kind");
	}
	(*out)->revision = r->revision;
	(*out)->has_password = r->protection == RECORD_PASSWORD;
	memcpy((*out)->record_hash, r->hash, sizeof((*out)->record_hash));
	if (!gh_digest(GH_SHA256, r->key.data, r->key.len, (*out)->key_part_hash)) {
		issuer_unref(*out);
		*out = NULL;
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	}
	return 0;
}
