/* Encoders and decoders of messages about CRLs, OCSP answers and the audit trail. */
#include <string.h>

#include "protocol_sign.h"

static void
get_id(struct gh_reader *r, unsigned char id[SIGNER_CA_ID_SIZE])
{
	size_t len;
	const unsigned char *p = gh_reader_block(r, SIGNER_CA_ID_SIZE, &len);

	if (len != SIGNER_CA_ID_SIZE)
		r->failed = true;
	else
		memcpy(id, p, len);
}

void
signer_put_crl_begin(struct gh_buf *b, const struct signer_crl_fields *f)
{
	gh_buf_put_block(b, f->ca_id, sizeof(f->ca_id));
	gh_buf_put_u64(b, (uint64_t)f->this_update);
	gh_buf_put_u64(b, (uint64_t)f->next_update);
	gh_buf_put_u64(b, f->entries_len);
	gh_buf_put_block(b, f->extensions, f->extensions_len);
}

bool
signer_get_crl_begin(struct gh_reader *r, struct signer_crl_fields *f)
{
	get_id(r, f->ca_id);
	f->this_update = (int64_t)gh_reader_u64(r);
	f->next_update = (int64_t)gh_reader_u64(r);
	f->entries_len = gh_reader_u64(r);
	f->extensions = gh_reader_block(r, SIGNER_FRAME_MAX, &f->extensions_len);
	return gh_reader_is_done(r);
}

void
signer_put_ocsp(struct gh_buf *b, const struct signer_ocsp_fields *f)
{
	gh_buf_put_block(b, f->id, sizeof(f->id));
	gh_buf_put_u64(b, (uint64_t)f->produced_at);
	gh_buf_put_block(b, f->responses, f->responses_len);
	gh_buf_put_block(b, f->extensions, f->extensions_len);
}

bool
signer_get_ocsp(struct gh_reader *r, struct signer_ocsp_fields *f)
{
	get_id(r, f->id);
	f->produced_at = (int64_t)gh_reader_u64(r);
	f->responses = gh_reader_block(r, SIGNER_FRAME_MAX, &f->responses_len);
	f->extensions = gh_reader_block(r, SIGNER_FRAME_MAX, &f->extensions_len);
	return !r->failed;
}

void
signer_put_create_ocsp(struct gh_buf *b, const struct signer_create_ocsp *f)
{
	gh_buf_put_block(b, f->ca_id, sizeof(f->ca_id));
	gh_buf_put_u64(b, (uint64_t)f->not_before);
	gh_buf_put_u64(b, (uint64_t)f->not_after);
	gh_buf_put_string(b, f->key_alg);
}

bool
signer_get_create_ocsp(struct gh_reader *r, struct signer_create_ocsp *f,
    char alg[SIGNER_KEY_ALG_SIZE])
{
	const unsigned char *name;
	size_t len;

	get_id(r, f->ca_id);
	f->not_before = (int64_t)gh_reader_u64(r);
	f->not_after = (int64_t)gh_reader_u64(r);
	name = gh_reader_block(r, SIGNER_KEY_ALG_SIZE - 1, &len);
	if (!gh_reader_is_done(r) || memchr(name, 0, len) != NULL)
		return false;
	memcpy(alg, name, len);
	alg[len] = '\0';
	f->key_alg = alg;
	return true;
}

void
signer_put_audit(struct gh_buf *b, const unsigned char head[SIGNER_AUDIT_HEAD], uint64_t id)
{
	gh_buf_put_block(b, head, SIGNER_AUDIT_HEAD);
	gh_buf_put_u64(b, id);
}

bool
signer_get_audit(struct gh_reader *r, const unsigned char **head, uint64_t *id)
{
	size_t len;

	*head = gh_reader_block(r, SIGNER_AUDIT_HEAD, &len);
	*id = gh_reader_u64(r);
	return gh_reader_is_done(r) && len == SIGNER_AUDIT_HEAD;
}

void
signer_put_token_state(struct gh_buf *b, const struct signer_token_state *f)
{
	gh_buf_put_u8(b, f->is_configured);
	gh_buf_put_u32(b, f->keys);
	gh_buf_put_u32(b, f->keys_away);
	gh_buf_put_string(b, f->text);
}

bool
signer_get_token_state(struct gh_reader *r, struct signer_token_state *f)
{
	uint8_t flag = gh_reader_u8(r);

	f->is_configured = flag == 1;
	f->keys = gh_reader_u32(r);
	f->keys_away = gh_reader_u32(r);
	signer_get_string(r, f->text, sizeof(f->text));
	return gh_reader_is_done(r) && flag <= 1;
}

void
signer_put_token_key(struct gh_buf *b, const struct signer_token_key *f)
{
	gh_buf_put_u8(b, f->is_in_token);
	gh_buf_put_string(b, f->label);
	gh_buf_put_string(b, f->text);
}

bool
signer_get_token_key(struct gh_reader *r, struct signer_token_key *f)
{
	uint8_t flag = gh_reader_u8(r);

	f->is_in_token = flag == 1;
	signer_get_string(r, f->label, sizeof(f->label));
	signer_get_string(r, f->text, sizeof(f->text));
	return gh_reader_is_done(r) && flag <= 1;
}
