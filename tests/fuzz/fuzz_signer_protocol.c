/* Frames of the signer's protocol: every decoder takes the payload; what one accepts, its encoder
 * writes back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signer/protocol/protocol_keys.h"
#include "signer/protocol/protocol_kra.h"

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
try_passwords(struct gh_buf *b)
{
	struct signer_strings strings;
	struct signer_set_password set;
	struct signer_unlock unlock;
	struct gh_reader r = reader();

	if (signer_get_set_password(&r, &set, &strings)) {
		signer_frame_begin(b, SIGNER_OP_SET_PASSWORD);
		signer_put_set_password(b, &set);
		must_be_payload(b);
	}
	r = reader();
	if (signer_get_unlock(&r, &unlock, &strings)) {
		signer_frame_begin(b, SIGNER_OP_UNLOCK);
		signer_put_unlock(b, &unlock);
		must_be_payload(b);
	}
}

static void
try_state(struct gh_buf *b)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct signer_ca_state state;
	struct gh_reader r = reader();
	bool is_locked;

	if (signer_get_id(&r, id)) {
		signer_frame_begin(b, SIGNER_OP_LOCK);
		signer_put_id(b, id);
		must_be_payload(b);
	}
	r = reader();
	if (signer_get_load_answer(&r, id, &is_locked)) {
		signer_frame_begin(b, SIGNER_OP_LOAD_CA);
		signer_put_load_answer(b, id, is_locked);
		must_be_payload(b);
	}
	r = reader();
	if (signer_get_ca_state(&r, &state)) {
		signer_frame_begin(b, SIGNER_OP_CA_STATE);
		signer_put_ca_state(b, &state);
		must_be_payload(b);
	}
}

static void
try_administration(struct gh_buf *b)
{
	struct signer_strings strings;
	struct signer_import_ca import;
	struct signer_create_csr csr;
	struct signer_renew_ca renewal;
	struct gh_reader r = reader();

	if (signer_get_import_ca(&r, &import, &strings)) {
		signer_frame_begin(b, SIGNER_OP_IMPORT_CA);
		signer_put_import_ca(b, &import);
		must_be_payload(b);
	}
	r = reader();
	if (signer_get_create_csr(&r, &csr, &strings)) {
		signer_frame_begin(b, SIGNER_OP_CREATE_CSR);
		signer_put_create_csr(b, &csr);
		must_be_payload(b);
	}
	r = reader();
	if (signer_get_renew_ca(&r, &renewal, &strings)) {
		signer_frame_begin(b, SIGNER_OP_RENEW_CA);
		signer_put_renew_ca(b, &renewal);
		must_be_payload(b);
	}
}

static void
try_set_limits(struct gh_buf *b)
{
	struct signer_limits limits;
	const unsigned char *sealed;
	struct gh_reader r = reader();
	size_t len;

	if (!signer_get_set_limits(&r, &sealed, &len, &limits))
		return;
	if (limits.ekus.n > SIGNER_OIDS_MAX || limits.extensions.n > SIGNER_OIDS_MAX)
		abort();
	signer_frame_begin(b, SIGNER_OP_SET_LIMITS);
	signer_put_set_limits(b, sealed, len, &limits);
	must_be_payload(b);
}

static void
try_kra_secrets(struct gh_buf *b)
{
	struct kra_archive archive;
	struct kra_recover recover;
	struct kra_show_policy show;
	struct kra_rewrap rewrap;
	struct gh_reader r = reader();

	if (kra_get_archive(&r, &archive)) {
		signer_frame_begin(b, SIGNER_OP_KRA_ARCHIVE);
		kra_put_archive(b, &archive);
		must_be_payload(b);
	}
	r = reader();
	if (kra_get_recover(&r, &recover)) {
		signer_frame_begin(b, SIGNER_OP_KRA_RECOVER);
		kra_put_recover(b, &recover);
		must_be_payload(b);
	}
	r = reader();
	if (kra_get_show_policy(&r, &show)) {
		signer_frame_begin(b, SIGNER_OP_KRA_SHOW_POLICY);
		kra_put_show_policy(b, &show);
		must_be_payload(b);
	}
	r = reader();
	if (kra_get_rewrap(&r, &rewrap)) {
		signer_frame_begin(b, SIGNER_OP_KRA_REWRAP);
		kra_put_rewrap(b, &rewrap);
		must_be_payload(b);
	}
}

static void
try_kra_administration(struct gh_buf *b)
{
	struct signer_strings strings;
	struct kra_create_key key;
	struct kra_generate generate;
	struct kra_generated made;
	struct kra_policy policy;
	struct gh_reader r = reader();

	if (kra_get_create_key(&r, &key, &strings)) {
		signer_frame_begin(b, SIGNER_OP_KRA_CREATE_KEY);
		kra_put_create_key(b, &key);
		must_be_payload(b);
	}
	r = reader();
	if (kra_get_generate(&r, &generate, &strings)) {
		signer_frame_begin(b, SIGNER_OP_KRA_GENERATE);
		kra_put_generate(b, &generate);
		must_be_payload(b);
	}
	r = reader();
	if (kra_get_generated(&r, &made)) {
		signer_frame_begin(b, SIGNER_OP_KRA_GENERATE);
		kra_put_generated(b, &made);
		must_be_payload(b);
	}
	r = reader();
	if (kra_get_policy(&r, &policy)) {
		signer_frame_begin(b, SIGNER_OP_KRA_SEAL_POLICY);
		kra_put_policy(b, &policy);
		must_be_payload(b);
	}
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
	try_passwords(&b);
	try_state(&b);
	try_administration(&b);
	try_set_limits(&b);
	try_kra_secrets(&b);
	try_kra_administration(&b);
	try_error(&b);
	gh_buf_free(&b);
	return 0;
}
