/* Keys in PKCS#11 tokens: which token a URI names, the answer about a key, and a signer that does
 * not know the question yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "signer/client/signer_client.h"
#include "signer/keys/token.h"
#include "signer/protocol/protocol.h"
#include "signer/protocol/protocol_sign.h"

#define TEXT32 "abcdefghijklmnopqrstuvwxyz012345"

static void
label__of_a_uri(void **state)
{
	static const struct {
		const char *uri, *label;
	} cases[] = {
	    {"pkcs11:token=ca;object=issuing", "ca"},
	    {"pkcs11:object=issuing;token=ca?pin-source=x", "ca"},
	    {"pkcs11:token=My%20HSM%3b%C3%BC", "My HSM;\xc3\xbc"},
	    {"pkcs11:token=" TEXT32 TEXT32 TEXT32, TEXT32 TEXT32 TEXT32},
	    /* none */
	    {"pkcs11:object=issuing", ""},
	    {"pkcs11:object=issuing?token=ca", ""},
	    {"pkcs11:mytoken=ca", ""},
	    {"pkcs11:tokens=ca", ""},
	    {"pkcs11:token=", ""},
	    {"pkcs11:token", ""},
	    {"pkcs11:", ""},
	    {"token=ca", ""},
	    {"", ""},
	    /* no text, or none that is a label */
	    {"pkcs11:token=a%00b", ""},
	    {"pkcs11:token=a%1b[31m", ""},
	    {"pkcs11:token=a%7f", ""},
	    {"pkcs11:token=%ff", ""},
	    {"pkcs11:token=a%zz", ""},
	    {"pkcs11:token=" TEXT32 TEXT32 TEXT32 "x", ""},
	};
	char label[SIGNER_TOKEN_LABEL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(label, 'x', sizeof(label));
		token_label(cases[i].uri, label);
		assert_string_equal(label, cases[i].label);
	}
}

/* ---- the answer ---- */

static bool
get(const struct gh_buf *b, size_t len, struct signer_token_key *out)
{
	struct gh_reader r;

	memset(out, 0, sizeof(*out));
	gh_reader_init(&r, b->data, len);
	return signer_get_token_key(&r, out);
}

static void
answer__is_read_whole_or_not_at_all(void **state)
{
	const struct signer_token_key sent = {true, "My HSM", "token \"My HSM\" is away"};
	struct signer_token_key got;
	struct gh_buf b;

	(void)state;
	gh_buf_init(&b, 1024);
	signer_put_token_key(&b, &sent);
	assert_true(get(&b, b.len, &got));
	assert_true(got.is_in_token);
	assert_string_equal(got.label, sent.label);
	assert_string_equal(got.text, sent.text);
	for (size_t n = 0; n < b.len; n++)
		assert_false(get(&b, n, &got));
	gh_buf_put_u8(&b, 0);
	assert_false(get(&b, b.len, &got));
	b.data[0] = 2;
	assert_false(get(&b, b.len - 1, &got));
	gh_buf_free(&b);
}

/* ---- another version ---- */

/* What an old signer says to any operation that came later. */
static void
answer_unknown(int fd)
{
	struct gh_error err;
	struct gh_buf b;

	signer_frame_init(&b);
	signer_frame_begin(&b, SIGNER_OP_ERROR);
	signer_put_error(&b, GH_E_BAD_REQUEST, "unknown operation");
	assert_int_equal(signer_frame_end(&b, &err), 0);
	assert_int_equal(write(fd, b.data, b.len), (ssize_t)b.len);
	gh_buf_free(&b);
}

static void
question__to_an_old_signer(void **state)
{
	static const unsigned char id[SIGNER_CA_ID_SIZE] = {1};
	struct signer_token_key key;
	struct signer_client *c;
	struct gh_error err;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(signer_client_from_fd(fd[0], 60000, &c, &err), 0);
	answer_unknown(fd[1]);
	assert_int_equal(signer_client_token_key(c, id, &key, &err), GH_E_SIGNER_DOWN);
	assert_non_null(
	    strstr(err.detail, "another version than this program (unknown operation)"));
	assert_non_null(strstr(err.detail, "restart gatehouse-signer"));
	/* that is for us, and not for who asks for a certificate */
	assert_null(strstr(err.message, "version"));
	signer_client_free(c);
	close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(label__of_a_uri),
	    cmocka_unit_test(answer__is_read_whole_or_not_at_all),
	    cmocka_unit_test(question__to_an_old_signer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
