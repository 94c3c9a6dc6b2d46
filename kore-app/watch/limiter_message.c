/* Questions and answers about the limiter, as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "digest.h"
#include "hex.h"

#include "limiter_message.h"

#define MAC_SIZE 32
#define TEXT_MAX 4096

/* Each member in a line of its own: no name holds a control character, which is checked on
 * reading. */
static int
make_mac(const struct limiter_question *q, const unsigned char secret[32],
    unsigned char out[GH_DIGEST_MAX], struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, TEXT_MAX);
	gh_buf_putf(&b, "limiter question\n%s\n%d\n%d%s\n%d%s\n%" PRId64, q->id, q->clear,
	    q->has_user, q->user, q->has_address, q->address, q->at);
	rc = gh_buf_check(&b, err);
	if (rc == 0 && !gh_hmac(GH_SHA256, secret, 32, b.data, b.len, out))
		rc = gh_fail(err, GH_E_INTERNAL, "HMAC failed");
	gh_buf_free(&b);
	return rc;
}

int
limiter_question_write(const struct limiter_question *q, const unsigned char secret[32], char **out,
    struct gh_error *err)
{
	unsigned char mac[GH_DIGEST_MAX];
	gh_json *j = gh_json_new_object();
	char *hex = NULL;
	int rc = make_mac(q, secret, mac, err);

	*out = NULL;
	if (rc == 0 &&
	    ((hex = gh_hex_encode(mac, MAC_SIZE)) == NULL ||
		gh_json_set_string(j, "id", q->id) != 0 ||
		gh_json_set_bool(j, "clear", q->clear) != 0 ||
		(q->has_user && gh_json_set_string(j, "user", q->user) != 0) ||
		(q->has_address && gh_json_set_string(j, "address", q->address) != 0) ||
		gh_json_set_int(j, "at", q->at) != 0 || gh_json_set_string(j, "mac", hex) != 0 ||
		(*out = gh_json_print(j, false)) == NULL))
		rc = gh_fail(err, GH_E_NOMEM, "question");
	free(hex);
	gh_json_free(j);
	return rc;
}

/* *has: it is there. false: no clean text that fits. */
static bool
take_text(const gh_json *j, const char *name, char *out, size_t size, bool *has)
{
	const char *text = gh_json_string(gh_json_get(j, name));

	*has = text != NULL;
	if (text == NULL)
		return true;
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			return false;
	return (size_t)snprintf(out, size, "%s", text) < size;
}

static int
check_mac(const gh_json *j, const struct limiter_question *q, const unsigned char secret[32],
    struct gh_error *err)
{
	const char *hex = gh_json_string(gh_json_get(j, "mac"));
	unsigned char mac[GH_DIGEST_MAX], *given = NULL;
	size_t n = 0;
	int rc = make_mac(q, secret, mac, err);

	if (rc == 0 &&
	    (hex == NULL || gh_hex_decode(hex, strlen(hex), &given, &n, NULL) != 0 ||
		n != MAC_SIZE || CRYPTO_memcmp(given, mac, MAC_SIZE) != 0))
		rc = gh_fail(err, GH_E_FORBIDDEN, "question about the limiter without a right MAC");
	free(given);
	return rc;
}

int
limiter_question_read(const char *text, const unsigned char secret[32], int64_t now,
    struct limiter_question *out, struct gh_error *err)
{
	gh_json *j = NULL;
	bool has_id = false;
	int rc = gh_json_parse(text, strlen(text), GH_JSON_STRICT, &j, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return gh_fail(err, GH_E_BAD_REQUEST, "question about the limiter is no JSON");
	out->clear = gh_json_bool(gh_json_get(j, "clear"), false);
	if (!take_text(j, "id", out->id, sizeof(out->id), &has_id) || !has_id ||
	    !take_text(j, "user", out->user, sizeof(out->user), &out->has_user) ||
	    !take_text(j, "address", out->address, sizeof(out->address), &out->has_address) ||
	    !gh_json_int(gh_json_get(j, "at"), &out->at))
		rc = gh_fail(err, GH_E_BAD_REQUEST, "question about the limiter is incomplete");
	if (rc == 0)
		rc = check_mac(j, out, secret, err);
	if (rc == 0 &&
	    (out->at < now - LIMITER_QUESTION_SECONDS || out->at > now + LIMITER_QUESTION_SECONDS))
		rc = gh_fail(err, GH_E_FORBIDDEN, "question about the limiter of another time");
	gh_json_free(j);
	return rc;
}

char *
limiter_answer_write(const char *id, const char *node, const struct auth_limit_row *row,
    size_t counts)
{
	gh_json *j = gh_json_new_object();
	char *text = NULL;
	int rc = gh_json_set_string(j, "id", id) | gh_json_set_string(j, "node", node);

	if (row == NULL)
		rc |= gh_json_set_int(j, "counts", (int64_t)counts);
	else
		rc |= gh_json_set_string(j, "user", *row->user != '\0' ? row->user : NULL) |
		    gh_json_set_string(j, "address", *row->address != '\0' ? row->address : NULL) |
		    gh_json_set_int(j, "failures", row->failures) |
		    gh_json_set_int(j, "seconds_left", row->wait);
	if (rc == 0)
		text = gh_json_print(j, false);
	gh_json_free(j);
	return text;
}
