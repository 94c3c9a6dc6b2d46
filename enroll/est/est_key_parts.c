/* A key and its certificate in one answer. See est_key_parts.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "buf.h"
#include "encoding.h"
#include "hex.h"

#include "est_body.h"
#include "est_key_parts.h"

#define PARTS_MAX (256 * 1024)
#define BOUNDARY_BYTES 16

/* base64 of them in one line: see est_body.h. */
static void
put_part(struct gh_buf *b, const char *boundary, const char *type, const struct gh_der *der)
{
	char *text = gh_base64_encode(der->p, der->len, GH_BASE64_ONE_LINE);

	gh_buf_putf(b, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	    boundary, type);
	if (text != NULL) {
		gh_buf_puts(b, text);
		OPENSSL_cleanse(text, strlen(text));
	} else {
		b->failed = true;
	}
	gh_buf_puts(b, "\r\n");
	free(text);
}

int
est_key_parts_put(const char *key_type, const struct gh_der *key, const struct gh_der *certs,
    struct gh_http_reply *rep, struct gh_error *err)
{
	unsigned char random[BOUNDARY_BYTES];
	char boundary[2 * BOUNDARY_BYTES + 1], type[128];
	struct gh_buf b;
	int rc;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	(void)gh_hex_lower(random, sizeof(random), boundary);
	gh_buf_init(&b, PARTS_MAX);
	put_part(&b, boundary, key_type, key);
	put_part(&b, boundary, EST_CERTS_TYPE, certs);
	gh_buf_putf(&b, "--%s--\r\n", boundary);
	if ((rc = gh_buf_check(&b, err)) != 0) {
		gh_buf_free(&b);
		return rc;
	}
	snprintf(type, sizeof(type), "multipart/mixed; boundary=%s", boundary);
	gh_http_reply_type(rep, type);
	rep->status = 200;
	rep->body = b.data;
	rep->body_len = b.len;
	rep->has_secret = true;
	return 0;
}
