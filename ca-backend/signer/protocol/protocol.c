/* Encoders and decoders of the signer's messages, side by side. The format is in
 * docs/signer-protocol.md. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "protocol.h"

/* --- frame ------------------------------------------------------------------------------------ */

void
signer_frame_init(struct gh_buf *b)
{
	gh_buf_init(b, SIGNER_FRAMES_SIZE + SIGNER_FRAME_HEAD + SIGNER_FRAME_MAX);
}

size_t
signer_frame_append(struct gh_buf *b, enum signer_op op)
{
	size_t at = b->len;

	gh_buf_put_u32(b, 0); /* set by signer_frame_close */
	gh_buf_put_u8(b, (uint8_t)op);
	return at;
}

int
signer_frame_close(struct gh_buf *b, size_t at, struct gh_error *err)
{
	int rc = gh_buf_check(b, err);
	size_t len = rc == 0 ? b->len - at - SIGNER_FRAME_HEAD : 0;

	if (len > SIGNER_FRAME_MAX)
		rc = gh_fail(err, GH_E_NOMEM, "a frame of %zu bytes", len);
	if (rc != 0) {
		b->len = at;
		b->failed = false;
		return rc;
	}
	for (int i = 0; i < SIGNER_FRAME_HEAD; i++)
		b->data[at + (size_t)i] = (unsigned char)(len >> (8 * (SIGNER_FRAME_HEAD - 1 - i)));
	return 0;
}

void
signer_frame_begin(struct gh_buf *b, enum signer_op op)
{
	b->len = 0;
	b->failed = false;
	(void)signer_frame_append(b, op);
}

int
signer_frame_end(struct gh_buf *b, struct gh_error *err)
{
	return signer_frame_close(b, 0, err);
}

size_t
signer_frame_length(const unsigned char head[SIGNER_FRAME_HEAD])
{
	size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];

	return len <= SIGNER_FRAME_MAX ? len : 0;
}

/* --- pieces ----------------------------------------------------------------------------------- */

static void
put_oids(struct gh_buf *b, const struct signer_oids *list)
{
	size_t i;

	gh_buf_put_u8(b, (uint8_t)list->n);
	for (i = 0; i < list->n; i++)
		gh_buf_put_block(b, list->oid[i].bytes, list->oid[i].len);
}

static void
get_oids(struct gh_reader *r, struct signer_oids *list)
{
	uint8_t n = gh_reader_u8(r);

	memset(list, 0, sizeof(*list));
	if (n > SIGNER_OIDS_MAX)
		r->failed = true;
	while (list->n < n && !r->failed) {
		size_t len;
		const unsigned char *p = gh_reader_block(r, SIGNER_OID_MAX, &len);

		if (len == 0) {
			r->failed = true;
			return;
		}
		memcpy(list->oid[list->n].bytes, p, len);
		list->oid[list->n++].len = (uint8_t)len;
	}
}

bool
signer_oids_has(const struct signer_oids *list, const void *p, size_t len)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (list->oid[i].len == len && memcmp(list->oid[i].bytes, p, len) == 0)
			return true;
	}
	return false;
}

int
signer_oids_add(struct signer_oids *list, const char *dotted, struct gh_error *err)
{
	ASN1_OBJECT *o = OBJ_txt2obj(dotted, 1);
	size_t len = OBJ_length(o);
	int rc = 0;

	ERR_clear_error();
	if (len == 0 || len > SIGNER_OID_MAX)
		rc = gh_refuse(err, GH_E_VALIDATION, "\"%.80s\" is no object identifier", dotted);
	else if (list->n == SIGNER_OIDS_MAX)
		rc = gh_refuse(err, GH_E_VALIDATION, "more than %d object identifiers",
		    SIGNER_OIDS_MAX);
	else if (!signer_oids_has(list, OBJ_get0_data(o), len)) {
		memcpy(list->oid[list->n].bytes, OBJ_get0_data(o), len);
		list->oid[list->n++].len = (uint8_t)len;
	}
	ASN1_OBJECT_free(o);
	return rc;
}

void
signer_put_limits(struct gh_buf *b, const struct signer_limits *l)
{
	gh_buf_put_u64(b, (uint64_t)l->max_validity);
	gh_buf_put_u8(b, l->may_sign_ca);
	gh_buf_put_u8(b, l->path_len);
	gh_buf_put_u32(b, l->min_rsa_bits);
	gh_buf_put_u8(b, l->allow_rsa);
	gh_buf_put_u8(b, l->allow_ec);
	gh_buf_put_u8(b, l->allow_ed25519);
	put_oids(b, &l->ekus);
	put_oids(b, &l->extensions);
}

/* A yes or no; any other value is an error. */
static uint8_t
get_flag(struct gh_reader *r)
{
	uint8_t v = gh_reader_u8(r);

	if (v > 1)
		r->failed = true;
	return v;
}

void
signer_get_limits_1(struct gh_reader *r, struct signer_limits *l)
{
	uint32_t bits;

	memset(l, 0, sizeof(*l));
	l->max_validity = (int64_t)gh_reader_u64(r);
	l->may_sign_ca = get_flag(r);
	l->path_len = gh_reader_u8(r);
	bits = gh_reader_u32(r);
	l->allow_rsa = get_flag(r);
	l->allow_ec = get_flag(r);
	l->allow_ed25519 = get_flag(r);
	if (l->max_validity < 0 || bits > UINT16_MAX)
		r->failed = true;
	l->min_rsa_bits = (uint16_t)bits;
}

void
signer_get_limits(struct gh_reader *r, struct signer_limits *l)
{
	signer_get_limits_1(r, l);
	get_oids(r, &l->ekus);
	get_oids(r, &l->extensions);
}

void
signer_get_string(struct gh_reader *r, char *out, size_t size)
{
	size_t len;
	const unsigned char *p = gh_reader_block(r, size - 1, &len);

	out[0] = '\0';
	if (p == NULL || r->failed)
		return;
	if (memchr(p, 0, len) != NULL) {
		r->failed = true;
		return;
	}
	memcpy(out, p, len);
	out[len] = '\0';
}

/* --- one and two blocks: LOAD_CA, answers ----------------------------------------------------- */

void
signer_put_block(struct gh_buf *b, const void *p, size_t len)
{
	gh_buf_put_block(b, p, len);
}

bool
signer_get_block(struct gh_reader *r, const unsigned char **p, size_t *len)
{
	*p = gh_reader_block(r, SIGNER_FRAME_MAX, len);
	return gh_reader_is_done(r);
}

void
signer_put_two_blocks(struct gh_buf *b, const void *p1, size_t len1, const void *p2, size_t len2)
{
	gh_buf_put_block(b, p1, len1);
	gh_buf_put_block(b, p2, len2);
}

bool
signer_get_two_blocks(struct gh_reader *r, const unsigned char **p1, size_t *len1,
    const unsigned char **p2, size_t *len2)
{
	*p1 = gh_reader_block(r, SIGNER_FRAME_MAX, len1);
	*p2 = gh_reader_block(r, SIGNER_FRAME_MAX, len2);
	return gh_reader_is_done(r);
}

/* --- SIGN_CERT -------------------------------------------------------------------------------- */

void
signer_put_sign_cert(struct gh_buf *b, const struct signer_cert_fields *f)
{
	gh_buf_put_block(b, f->ca_id, sizeof(f->ca_id));
	gh_buf_put_u64(b, (uint64_t)f->not_before);
	gh_buf_put_u64(b, (uint64_t)f->not_after);
	gh_buf_put_block(b, f->subject, f->subject_len);
	gh_buf_put_block(b, f->spki, f->spki_len);
	gh_buf_put_block(b, f->extensions, f->extensions_len);
}

bool
signer_get_sign_cert(struct gh_reader *r, struct signer_cert_fields *f)
{
	const unsigned char *id;
	size_t id_len;

	id = gh_reader_block(r, SIGNER_CA_ID_SIZE, &id_len);
	f->not_before = (int64_t)gh_reader_u64(r);
	f->not_after = (int64_t)gh_reader_u64(r);
	f->subject = gh_reader_block(r, SIGNER_FRAME_MAX, &f->subject_len);
	f->spki = gh_reader_block(r, SIGNER_FRAME_MAX, &f->spki_len);
	f->extensions = gh_reader_block(r, SIGNER_FRAME_MAX, &f->extensions_len);
	if (!gh_reader_is_done(r) || id_len != SIGNER_CA_ID_SIZE)
		return false;
	memcpy(f->ca_id, id, SIGNER_CA_ID_SIZE);
	return true;
}

/* --- CREATE_CA -------------------------------------------------------------------------------- */

void
signer_put_create_ca(struct gh_buf *b, const struct signer_create_ca *f)
{
	gh_buf_put_string(b, f->key_alg);
	gh_buf_put_string(b, f->key_uri);
	gh_buf_put_string(b, f->parent_password);
	gh_buf_put_u64(b, (uint64_t)f->not_before);
	gh_buf_put_u64(b, (uint64_t)f->not_after);
	gh_buf_put_block(b, f->subject, f->subject_len);
	gh_buf_put_block(b, f->parent, f->parent_len);
	gh_buf_put_block(b, f->extensions, f->extensions_len);
	signer_put_limits(b, &f->limits);
}

bool
signer_get_create_ca(struct gh_reader *r, struct signer_create_ca *f, struct signer_strings *s)
{
	signer_get_string(r, s->key_alg, sizeof(s->key_alg));
	signer_get_string(r, s->key_uri, sizeof(s->key_uri));
	signer_get_string(r, s->other_password, sizeof(s->other_password));
	f->key_alg = s->key_alg;
	f->key_uri = s->key_uri;
	f->parent_password = s->other_password;
	f->not_before = (int64_t)gh_reader_u64(r);
	f->not_after = (int64_t)gh_reader_u64(r);
	f->subject = gh_reader_block(r, SIGNER_FRAME_MAX, &f->subject_len);
	f->parent = gh_reader_block(r, SIGNER_FRAME_MAX, &f->parent_len);
	f->extensions = gh_reader_block(r, SIGNER_FRAME_MAX, &f->extensions_len);
	signer_get_limits(r, &f->limits);
	return gh_reader_is_done(r);
}

/* --- ERROR ------------------------------------------------------------------------------------ */

void
signer_put_error(struct gh_buf *b, int code, const char *message)
{
	gh_buf_put_u32(b, (uint32_t)code);
	gh_buf_put_block(b, message, strnlen(message, SIGNER_MESSAGE_MAX - 1));
}

bool
signer_get_error(struct gh_reader *r, int *code, char message[SIGNER_MESSAGE_MAX])
{
	const unsigned char *text;
	size_t len;

	*code = (int32_t)gh_reader_u32(r);
	text = gh_reader_block(r, SIGNER_MESSAGE_MAX - 1, &len);
	if (!gh_reader_is_done(r) || *code >= 0 || memchr(text, 0, len) != NULL)
		return false;
	memcpy(message, text, len);
	message[len] = '\0';
	return true;
}
