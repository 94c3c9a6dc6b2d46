/* Tokens of pages: sealed, so that a place in an order tells nothing of rows that the caller may
 * not see. See page_token.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "catalog/catalog_seal.h"

#include "page_token.h"

#define TOKEN_MAX 4096 /* bytes of what is sealed */
#define USE_MAX 16384  /* of what it is bound to */
#define USE_SIZE 32
#define BACKWARDS 1u
#define HAS_PLACE 2u
#define HAS_KEY 4u
#define BLOCK 128 /* of what is sealed: the length of a key would tell of it, too */

static int
digest_use(const struct page_token_use *u, unsigned char out[USE_SIZE], struct gh_error *err)
{
	struct gh_buf b;
	bool ok;

	gh_buf_init(&b, USE_MAX);
	gh_buf_put_string(&b, u->query);
	gh_buf_put_u8(&b, (uint8_t)u->sort);
	gh_buf_put_string(&b, u->field);
	gh_buf_put_u8(&b, u->descending);
	gh_buf_put_u8(&b, (uint8_t)u->who->kind);
	gh_buf_put_string(&b, u->who->name);
	gh_buf_put_string(&b, u->who->id);
	ok = !b.failed && gh_digest(GH_SHA256, b.data, b.len, out);
	gh_buf_free(&b);
	return ok ? 0 : gh_fail(err, GH_E_NOMEM, "page token");
}

/* Between base64 and what stands in a query as it is (RFC 4648, 5). */
static void
swap_letters(char *text, const char *from, const char *to)
{
	for (; *text != '\0'; text++)
		for (int i = 0; i < 2; i++)
			if (*text == from[i]) {
				*text = to[i];
				break;
			}
}

int
page_token_make(const struct page_token_use *u, const struct page_token *t, char **out,
    struct gh_error *err)
{
	unsigned char use[USE_SIZE];
	struct gh_buf b;
	int rc;

	*out = NULL;
	if ((rc = digest_use(u, use, err)) != 0)
		return rc;
	gh_buf_init(&b, TOKEN_MAX);
	gh_buf_put(&b, use, sizeof(use));
	gh_buf_put_u8(&b,
	    (uint8_t)((t->backwards ? BACKWARDS : 0) | (t->has_place ? HAS_PLACE : 0) |
		(t->place.key != NULL ? HAS_KEY : 0)));
	gh_buf_put_u64(&b, (uint64_t)t->place.id);
	gh_buf_puts(&b, t->place.key != NULL ? t->place.key : "");
	while (!b.failed && b.len % BLOCK != 0)
		gh_buf_putc(&b, '\0');
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = catalog_seal_as(SEAL_LABEL_PAGE, u->secret, b.data, b.len, out, err);
	gh_buf_free(&b);
	if (rc == 0) {
		(*out)[strcspn(*out, "=")] = '\0';
		swap_letters(*out, "+/", "-_");
	}
	return rc;
}

/* plain: NUL-terminated behind its length. */
static bool
take_token(const unsigned char *plain, size_t len, const unsigned char use[USE_SIZE],
    struct page_token *out)
{
	struct gh_reader r;
	uint8_t flags;

	if (len < USE_SIZE || CRYPTO_memcmp(plain, use, USE_SIZE) != 0)
		return false;
	gh_reader_init(&r, plain + USE_SIZE, len - USE_SIZE);
	flags = gh_reader_u8(&r);
	out->backwards = (flags & BACKWARDS) != 0;
	out->has_place = (flags & HAS_PLACE) != 0;
	out->place.id = (int64_t)gh_reader_u64(&r);
	if ((flags & HAS_KEY) != 0)
		out->place.key = strndup((const char *)r.p, r.left);
	return !r.failed && ((flags & HAS_KEY) == 0 || out->place.key != NULL);
}

int
page_token_read(const struct page_token_use *u, const char *text, struct page_token *out,
    struct gh_error *err)
{
	unsigned char use[USE_SIZE], *plain = NULL;
	char *sealed = strdup(text);
	size_t len = 0;
	int rc = sealed != NULL ? digest_use(u, use, err) : gh_fail(err, GH_E_NOMEM, "page token");

	*out = (struct page_token){0};
	if (rc == 0) {
		swap_letters(sealed, "-_", "+/");
		rc = catalog_unseal_as(SEAL_LABEL_PAGE, u->secret, sealed, &plain, &len, err);
	}
	if (rc == 0 && !take_token(plain, len, use, out))
		rc = GH_E_CONF;
	if (rc != 0 && rc != GH_E_NOMEM)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "page: this is no page of this query, in this order and for this user.");
	if (rc != 0)
		page_token_clear(out);
	free(plain);
	free(sealed);
	return rc;
}

void
page_token_clear(struct page_token *t)
{
	cert_place_clear(&t->place);
	*t = (struct page_token){0};
}
