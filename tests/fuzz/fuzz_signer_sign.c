/*
 * What a worker may ask to be put into a CRL or an OCSP answer, hostile, and the messages around
 * it. What the checkers accept must be whole DER; what a decoder accepts, its encoder writes back.
 * The checkers are part of the program, not of a library, and are compiled in here.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signer/issue/sign_fields.c"

static void
must_be_strict(struct gh_der in)
{
	struct gh_der whole;

	while (in.len > 0) {
		if (!gh_der_next(&in, NULL, &whole, NULL) || !gh_der_is_strict(whole.p, whole.len))
			abort();
	}
}

static void
try_checks(const uint8_t *p, size_t n)
{
	struct signer_crl_fields crl = {.next_update = 1, .extensions = p, .extensions_len = n};
	struct signer_ocsp_fields responses = {.responses = p, .responses_len = n};

	if (sign_fields_check_entries(p, n, NULL) == 0)
		must_be_strict((struct gh_der){p, n});
	if (sign_fields_check_crl(&crl, NULL) == 0)
		must_be_strict((struct gh_der){p, n});
	if (sign_fields_check_ocsp(&responses, NULL) == 0)
		must_be_strict((struct gh_der){p, n});
}

static void
must_be(struct gh_buf *b, const uint8_t *p, size_t n)
{
	size_t head = SIGNER_FRAME_HEAD + 1;

	if (b->failed || b->len != head + n || (n > 0 && memcmp(b->data + head, p, n) != 0))
		abort();
}

static void
try_crl(struct gh_buf *b, const uint8_t *p, size_t n)
{
	struct signer_crl_fields crl;
	struct gh_reader r;

	gh_reader_init(&r, p, n);
	if (!signer_get_crl_begin(&r, &crl))
		return;
	signer_frame_begin(b, SIGNER_OP_CRL_BEGIN);
	signer_put_crl_begin(b, &crl);
	must_be(b, p, n);
	if (sign_fields_check_crl(&crl, NULL) == 0)
		must_be_strict((struct gh_der){crl.extensions, crl.extensions_len});
}

static void
try_ocsp(struct gh_buf *b, const uint8_t *p, size_t n)
{
	struct signer_ocsp_fields ocsp;
	struct gh_reader r;

	gh_reader_init(&r, p, n);
	if (!signer_get_ocsp(&r, &ocsp))
		return;
	signer_frame_begin(b, SIGNER_OP_SIGN_OCSP);
	signer_put_ocsp(b, &ocsp);
	must_be(b, p, n - r.left);
	if (sign_fields_check_ocsp(&ocsp, NULL) == 0) {
		must_be_strict((struct gh_der){ocsp.responses, ocsp.responses_len});
		must_be_strict((struct gh_der){ocsp.extensions, ocsp.extensions_len});
	}
}

static void
try_rest(struct gh_buf *b, const uint8_t *p, size_t n)
{
	struct signer_create_ocsp create;
	char alg[SIGNER_KEY_ALG_SIZE];
	struct signer_token_state state;
	struct signer_token_key key;
	const unsigned char *head;
	struct gh_reader r;
	uint64_t id;

	gh_reader_init(&r, p, n);
	if (signer_get_create_ocsp(&r, &create, alg)) {
		signer_frame_begin(b, SIGNER_OP_CREATE_OCSP_SIGNER);
		signer_put_create_ocsp(b, &create);
		must_be(b, p, n);
	}
	gh_reader_init(&r, p, n);
	if (signer_get_audit(&r, &head, &id)) {
		signer_frame_begin(b, SIGNER_OP_SIGN_AUDIT);
		signer_put_audit(b, head, id);
		must_be(b, p, n);
	}
	gh_reader_init(&r, p, n);
	if (signer_get_token_state(&r, &state)) {
		signer_frame_begin(b, SIGNER_OP_TOKEN_STATE);
		signer_put_token_state(b, &state);
		must_be(b, p, n);
	}
	gh_reader_init(&r, p, n);
	if (signer_get_token_key(&r, &key)) {
		signer_frame_begin(b, SIGNER_OP_TOKEN_KEY);
		signer_put_token_key(b, &key);
		must_be(b, p, n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_buf b;

	signer_frame_init(&b);
	try_checks(data, size);
	try_crl(&b, data, size);
	try_ocsp(&b, data, size);
	try_rest(&b, data, size);
	gh_buf_free(&b);
	return 0;
}
