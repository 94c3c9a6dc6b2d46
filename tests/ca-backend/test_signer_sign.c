/* What else a real signer signs: heads of the audit trail; and payloads that are no question. */
#include "ca-backend/signer_sign_fixture.h"

/* --- audit ------------------------------------------------------------------------------------ */

static void
check_audit(struct signer_client *c, unsigned char **spki, size_t *len)
{
	unsigned char head[SIGNER_AUDIT_HEAD], sig[SIGNER_AUDIT_SIG], key_id[32], expected[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct gh_error err = {0};
	const unsigned char *p;
	struct gh_buf b;
	EVP_PKEY *key;

	memset(head, 0x5a, sizeof(head));
	assert_int_equal(signer_client_sign_audit(c, head, 0x0102030405060708ULL, sig, key_id,
			     &err),
	    0);
	assert_int_equal(signer_client_audit_key(c, spki, len, &err), 0);
	SHA256(*spki, *len, expected);
	assert_memory_equal(key_id, expected, sizeof(expected));
	p = *spki;
	assert_non_null(key = d2i_PUBKEY(NULL, &p, (long)*len));
	gh_buf_init(&b, 256);
	gh_buf_puts(&b, "gatehouse audit head 1\n\1\2\3\4\5\6\7\10");
	gh_buf_put(&b, head, sizeof(head));
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL), 1);
	assert_int_equal(EVP_DigestVerify(ctx, sig, sizeof(sig), b.data, b.len), 1);
	gh_buf_free(&b);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void
signer__signs_audit_heads(void **state)
{
	struct fixture *f = *state;
	struct signer_process other;
	struct signer_client *c;
	unsigned char *one, *two, *three;
	size_t len;

	check_audit(f->client, &one, &len);
	/* the same key after a restart, another one with another system key */
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	signer_process_start(&f->sp, "8");
	check_audit(f->client, &two, &len);
	assert_memory_equal(one, two, len);
	signer_process_new(&other);
	signer_process_start(&other, "8");
	c = signer_process_client(&other);
	check_audit(c, &three, &len);
	assert_memory_not_equal(one, three, len);
	signer_client_free(c);
	signer_process_free(&other);
	load(f->client, &f->ca, f->ca_id);
	load(f->client, &f->responder, f->responder_id);
	free(one);
	free(two);
	free(three);
}

/* --- hostile peers ---------------------------------------------------------------------------- */

static int
connect_raw(struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval tv = {20, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	strcpy(addr.sun_path, f->sp.socket);
	MUST(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	return fd;
}

/* Random payloads end the connection or get an error; never a signature, never the signer's end. */
static void
signer__survives_random_payloads(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[5 + 200], answer[600];
	struct gh_error err;
	int i;

	for (i = 0; i < 700; i++) {
		int fd = connect_raw(f);
		unsigned char op = (unsigned char)(SIGNER_OP_CRL_BEGIN + i % 7);
		unsigned char len = 0;

		MUST(RAND_bytes(frame, sizeof(frame)) == 1 && RAND_bytes(&len, 1) == 1);
		len = len % 200;
		memcpy(frame, "\0\0\0", 3);
		frame[3] = (unsigned char)(len + 1);
		frame[4] = op;
		if (i % 2 == 0 && len > 60) /* a right id at the front */
			memcpy(frame + 5, "\0\0\0\x20", 4);
		if (i % 4 == 0 && len > 60)
			memcpy(frame + 9, f->ca_id, 32);
		MUST(send(fd, frame, 5u + len, MSG_NOSIGNAL) == 5 + len);
		if (recv(fd, answer, sizeof(answer), 0) > 4 &&
		    !(op == SIGNER_OP_AUDIT_KEY && len == 0))
			assert_int_equal(answer[4], SIGNER_OP_ERROR);
		close(fd);
	}
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signer__signs_audit_heads),
	    cmocka_unit_test(signer__survives_random_payloads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
