/* Frames of the signer's protocol: every decoder takes the payload; what one accepts, its encoder
 * writes back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signer/protocol.h"

static const unsigned char *payload;
static size_t payload_len;

static struct gh_reader
reader(void)
{
	struct gh_reader r;

	gh_reader_init(&r, payload, payload_len);
	return r;
}

/* The frame in b must carry the payload again. */
static void
must_be_payload(struct gh_buf *b)
{
	size_t head = SIGNER_FRAME_HEAD + 1;

	if (signer_frame_end(b, NULL) != 0)
		abort();
	if (signer_frame_length(b->data) != payload_len + 1 || b->len != head + payload_len)
		abort();
	if (payload_len > 0 && memcmp(b->data + head, payload, payload_len) != 0)
		abort();
}

static void
try_blocks(struct gh_buf *b)
{
	const unsigned char *p1, *p2;
	struct gh_reader r = reader();
	size_t len1, len2;

	if (signer_get_block(&r, &p1, &len1)) {
		signer_frame_begin(b, SIGNER_OP_LOAD_CA);
		signer_put_block(b, p1, len1);
		must_be_payload(b);
	}
	r = reader();
	if (signer_get_two_blocks(&r, &p1, &len1, &p2, &len2)) {
		signer_frame_begin(b, SIGNER_OP_CREATE_CA);
		signer_put_two_blocks(b, p1, len1, p2, len2);
		must_be_payload(b);
	}
}

static void
try_sign_cert(struct gh_buf *b)
{
	struct signer_cert_fields f;
	struct gh_reader r = reader();

	if (!signer_get_sign_cert(&r, &f))
		return;
	signer_frame_begin(b, SIGNER_OP_SIGN_CERT);
	signer_put_sign_cert(b, &f);
	must_be_payload(b);
}

static void
try_create_ca(struct gh_buf *b)
{
	struct signer_strings strings;
	struct signer_create_ca f;
	struct gh_reader r = reader();

	if (!signer_get_create_ca(&r, &f, &strings))
		return;
	signer_frame_begin(b, SIGNER_OP_CREATE_CA);
	signer_put_create_ca(b, &f);
	must_be_payload(b);
}

static void
try_error(struct gh_buf *b)
{
	char message[SIGNER_MESSAGE_MAX];
	struct gh_reader r = reader();
	int code;

	if (!signer_get_error(&r, &code, message))
		return;
	signer_frame_begin(b, SIGNER_OP_ERROR);
	signer_put_error(b, code, message);
	must_be_payload(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gh_buf b;

	if (size > SIGNER_FRAME_MAX - 1)
		return 0;
	payload = data;
	payload_len = size;
	signer_frame_init(&b);
	try_blocks(&b);
	try_sign_cert(&b);
	try_create_ca(&b);
	try_error(&b);
	gh_buf_free(&b);
	return 0;
}
