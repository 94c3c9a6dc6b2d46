/* Encoders and decoders of messages about CA keys. */
#include <string.h>

#include "protocol_keys.h"

void
signer_put_id(struct gh_buf *b, const unsigned char id[SIGNER_CA_ID_SIZE])
{
	gh_buf_put_block(b, id, SIGNER_CA_ID_SIZE);
}

bool
signer_get_id(struct gh_reader *r, unsigned char id[SIGNER_CA_ID_SIZE])
{
	size_t len;
	const unsigned char *p = gh_reader_block(r, SIGNER_CA_ID_SIZE, &len);

	if (!gh_reader_is_done(r) || len != SIGNER_CA_ID_SIZE)
		return false;
	memcpy(id, p, SIGNER_CA_ID_SIZE);
	return true;
}

void
signer_put_load_answer(struct gh_buf *b, const unsigned char id[SIGNER_CA_ID_SIZE], bool is_locked)
{
	signer_put_id(b, id);
	gh_buf_put_u8(b, is_locked);
}

bool
signer_get_load_answer(struct gh_reader *r, unsigned char id[SIGNER_CA_ID_SIZE], bool *is_locked)
{
	size_t len;
	const unsigned char *p = gh_reader_block(r, SIGNER_CA_ID_SIZE, &len);
	uint8_t flag = gh_reader_u8(r);

	if (!gh_reader_is_done(r) || len != SIGNER_CA_ID_SIZE || flag > 1)
		return false;
	memcpy(id, p, SIGNER_CA_ID_SIZE);
	*is_locked = flag == 1;
	return true;
}

/* --- passwords -------------------------------------------------------------------------------- */

void
signer_put_set_password(struct gh_buf *b, const struct signer_set_password *f)
{
	gh_buf_put_block(b, f->sealed, f->sealed_len);
	gh_buf_put_string(b, f->current);
	gh_buf_put_string(b, f->new_password);
}

bool
signer_get_set_password(struct gh_reader *r, struct signer_set_password *f,
    struct signer_strings *s)
{
	f->sealed = gh_reader_block(r, SIGNER_FRAME_MAX, &f->sealed_len);
	signer_get_string(r, s->password, sizeof(s->password));
	signer_get_string(r, s->other_password, sizeof(s->other_password));
	f->current = s->password;
	f->new_password = s->other_password;
	return gh_reader_is_done(r);
}

void
signer_put_unlock(struct gh_buf *b, const struct signer_unlock *f)
{
	gh_buf_put_block(b, f->sealed, f->sealed_len);
	gh_buf_put_string(b, f->password);
	gh_buf_put_u32(b, f->seconds);
}

bool
signer_get_unlock(struct gh_reader *r, struct signer_unlock *f, struct signer_strings *s)
{
	f->sealed = gh_reader_block(r, SIGNER_FRAME_MAX, &f->sealed_len);
	signer_get_string(r, s->password, sizeof(s->password));
	f->seconds = gh_reader_u32(r);
	f->password = s->password;
	return gh_reader_is_done(r) && f->seconds >= 1 && f->seconds <= SIGNER_UNLOCK_SECONDS_MAX;
}

#define STATE_LOADED 1
#define STATE_PASSWORD 2
#define STATE_UNLOCKED 4

void
signer_put_ca_state(struct gh_buf *b, const struct signer_ca_state *f)
{
	gh_buf_put_u8(b,
	    (uint8_t)((f->is_loaded ? STATE_LOADED : 0) | (f->has_password ? STATE_PASSWORD : 0) |
		(f->is_unlocked ? STATE_UNLOCKED : 0)));
	gh_buf_put_u64(b, (uint64_t)f->unlocked_until);
}

bool
signer_get_ca_state(struct gh_reader *r, struct signer_ca_state *f)
{
	uint8_t flags = gh_reader_u8(r);

	f->is_loaded = (flags & STATE_LOADED) != 0;
	f->has_password = (flags & STATE_PASSWORD) != 0;
	f->is_unlocked = (flags & STATE_UNLOCKED) != 0;
	f->unlocked_until = (int64_t)gh_reader_u64(r);
	return gh_reader_is_done(r) && flags < 2 * STATE_UNLOCKED && f->unlocked_until >= 0;
}

/* --- administration --------------------------------------------------------------------------- */

void
signer_put_import_ca(struct gh_buf *b, const struct signer_import_ca *f)
{
	gh_buf_put_block(b, f->pkcs8, f->pkcs8_len);
	gh_buf_put_string(b, f->key_uri);
	gh_buf_put_block(b, f->cert, f->cert_len);
	signer_put_limits(b, &f->limits);
}

bool
signer_get_import_ca(struct gh_reader *r, struct signer_import_ca *f, struct signer_strings *s)
{
	f->pkcs8 = gh_reader_block(r, SIGNER_FRAME_MAX, &f->pkcs8_len);
	signer_get_string(r, s->key_uri, sizeof(s->key_uri));
	f->cert = gh_reader_block(r, SIGNER_FRAME_MAX, &f->cert_len);
	signer_get_limits(r, &f->limits);
	f->key_uri = s->key_uri;
	return gh_reader_is_done(r);
}

void
signer_put_create_csr(struct gh_buf *b, const struct signer_create_csr *f)
{
	gh_buf_put_string(b, f->key_alg);
	gh_buf_put_string(b, f->key_uri);
	gh_buf_put_block(b, f->sealed, f->sealed_len);
	gh_buf_put_string(b, f->password);
	gh_buf_put_block(b, f->subject, f->subject_len);
	gh_buf_put_block(b, f->extensions, f->extensions_len);
	signer_put_limits(b, &f->limits);
}

bool
signer_get_create_csr(struct gh_reader *r, struct signer_create_csr *f, struct signer_strings *s)
{
	signer_get_string(r, s->key_alg, sizeof(s->key_alg));
	signer_get_string(r, s->key_uri, sizeof(s->key_uri));
	f->sealed = gh_reader_block(r, SIGNER_FRAME_MAX, &f->sealed_len);
	signer_get_string(r, s->password, sizeof(s->password));
	f->subject = gh_reader_block(r, SIGNER_FRAME_MAX, &f->subject_len);
	f->extensions = gh_reader_block(r, SIGNER_FRAME_MAX, &f->extensions_len);
	signer_get_limits(r, &f->limits);
	f->key_alg = s->key_alg;
	f->key_uri = s->key_uri;
	f->password = s->password;
	return gh_reader_is_done(r);
}

void
signer_put_renew_ca(struct gh_buf *b, const struct signer_renew_ca *f)
{
	gh_buf_put_block(b, f->sealed, f->sealed_len);
	gh_buf_put_string(b, f->password);
	gh_buf_put_block(b, f->parent, f->parent_len);
	gh_buf_put_string(b, f->parent_password);
	gh_buf_put_u64(b, (uint64_t)f->not_before);
	gh_buf_put_u64(b, (uint64_t)f->not_after);
	gh_buf_put_string(b, f->key_alg);
	gh_buf_put_string(b, f->key_uri);
	gh_buf_put_block(b, f->extensions, f->extensions_len);
	gh_buf_put_block(b, f->old_with_new, f->old_with_new_len);
	gh_buf_put_block(b, f->new_with_old, f->new_with_old_len);
}

bool
signer_get_renew_ca(struct gh_reader *r, struct signer_renew_ca *f, struct signer_strings *s)
{
	f->sealed = gh_reader_block(r, SIGNER_FRAME_MAX, &f->sealed_len);
	signer_get_string(r, s->password, sizeof(s->password));
	f->parent = gh_reader_block(r, SIGNER_FRAME_MAX, &f->parent_len);
	signer_get_string(r, s->other_password, sizeof(s->other_password));
	f->not_before = (int64_t)gh_reader_u64(r);
	f->not_after = (int64_t)gh_reader_u64(r);
	signer_get_string(r, s->key_alg, sizeof(s->key_alg));
	signer_get_string(r, s->key_uri, sizeof(s->key_uri));
	f->extensions = gh_reader_block(r, SIGNER_FRAME_MAX, &f->extensions_len);
	f->old_with_new = gh_reader_block(r, SIGNER_FRAME_MAX, &f->old_with_new_len);
	f->new_with_old = gh_reader_block(r, SIGNER_FRAME_MAX, &f->new_with_old_len);
	f->password = s->password;
	f->parent_password = s->other_password;
	f->key_alg = s->key_alg;
	f->key_uri = s->key_uri;
	return gh_reader_is_done(r);
}

void
signer_put_set_limits(struct gh_buf *b, const unsigned char *sealed, size_t len,
    const struct signer_limits *l)
{
	gh_buf_put_block(b, sealed, len);
	signer_put_limits(b, l);
}

bool
signer_get_set_limits(struct gh_reader *r, const unsigned char **sealed, size_t *len,
    struct signer_limits *l)
{
	*sealed = gh_reader_block(r, SIGNER_FRAME_MAX, len);
	signer_get_limits(r, l);
	return gh_reader_is_done(r);
}
