/* Parameters of statements and values of results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "hex.h"
#include "utf8.h"

#include "store/store_private.h"

#define ARRAY_MAX (1024 * 1024) /* bytes of an array's text */
#define NUMBER_SIZE 24

static int
next(struct store_params *p)
{
	if (p->n == STORE_PARAMS_MAX) {
		p->failed = true;
		return p->n - 1;
	}
	return p->n++;
}

void
store_params_clear(struct store_params *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->owned[i]);
	memset(p, 0, sizeof(*p));
}

static void
put_owned(struct store_params *p, char *s)
{
	int i = next(p);

	free(p->owned[i]);
	p->owned[i] = s;
	p->value[i] = s;
	p->failed |= s == NULL;
}

void
store_put_text(struct store_params *p, const char *s)
{
	char *c;
	size_t n;

	if (s == NULL || gh_utf8_is_valid(s, strlen(s))) {
		p->value[next(p)] = s;
		return;
	}
	put_owned(p, strdup(s));
	for (c = p->owned[p->n - 1]; c != NULL && *c != '\0'; c += n > 0 ? n : 1)
		if ((n = gh_utf8_char(c, GH_UTF8_TO_NUL, NULL)) == 0)
			*c = '?';
}

void
store_put_int(struct store_params *p, int64_t v)
{
	char *s = malloc(NUMBER_SIZE);

	if (s != NULL)
		snprintf(s, NUMBER_SIZE, "%lld", (long long)v);
	put_owned(p, s);
}

void
store_put_bool(struct store_params *p, bool v)
{
	p->value[next(p)] = v ? "t" : "f";
}

void
store_put_bytes(struct store_params *p, const void *b, size_t n)
{
	int i = next(p);

	p->value[i] = b;
	p->length[i] = (int)n;
	p->format[i] = 1;
}

void
store_put_hex(struct store_params *p, const char *hex)
{
	unsigned char *b = NULL;
	size_t n = 0;

	if (gh_hex_decode(hex, strlen(hex), &b, &n, NULL) != 0)
		b = NULL;
	put_owned(p, (char *)b);
	p->length[p->n - 1] = (int)n;
	p->format[p->n - 1] = 1;
}

void
store_put_json(struct store_params *p, const gh_json *v)
{
	if (v == NULL || gh_json_type(v) == GH_JSON_NULL)
		store_put_text(p, NULL);
	else
		put_owned(p, gh_json_print(v, false));
}

/* Array literal: {"a","b"} with quote and backslash escaped. */
static void
put_element(struct gh_buf *b, const char *s)
{
	gh_buf_puts(b, b->len > 1 ? ",\"" : "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			gh_buf_putc(b, '\\');
		gh_buf_putc(b, *s);
	}
	gh_buf_putc(b, '"');
}

static void
put_array(struct store_params *p, struct gh_buf *b)
{
	gh_buf_putc(b, '}');
	put_owned(p, gh_buf_check(b, NULL) == 0 ? strdup((char *)b->data) : NULL);
	gh_buf_free(b);
}

void
store_put_texts(struct store_params *p, const gh_json *array)
{
	struct gh_buf b;

	gh_buf_init(&b, ARRAY_MAX);
	gh_buf_putc(&b, '{');
	for (size_t i = 0; i < gh_json_size(array); i++) {
		const char *s = gh_json_string(gh_json_at(array, i));

		if (s != NULL)
			put_element(&b, s);
	}
	put_array(p, &b);
}

void
store_put_list(struct store_params *p, char *const *list)
{
	struct gh_buf b;

	gh_buf_init(&b, ARRAY_MAX);
	gh_buf_putc(&b, '{');
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		put_element(&b, list[i]);
	put_array(p, &b);
}

void
store_put_numbers(struct store_params *p, const int *v, int n)
{
	struct gh_buf b;

	gh_buf_init(&b, ARRAY_MAX);
	gh_buf_putc(&b, '{');
	for (int i = 0; i < n; i++)
		gh_buf_putf(&b, "%s%d", i > 0 ? "," : "", v[i]);
	put_array(p, &b);
}

void
store_put_actor(struct store_params *p, const struct requester *who, const char *request_id,
    const char *detail)
{
	store_put_text(p, who->name);
	store_put_int(p, who->kind);
	store_put_text(p, who->app_name);
	store_put_text(p, who->address);
	store_put_text(p, request_id);
	store_put_text(p, detail);
}

/* --- results ---------------------------------------------------------------------------------- */

bool
store_has(const PGresult *res, int row, int col)
{
	return PQgetisnull(res, row, col) == 0;
}

const char *
store_text(const PGresult *res, int row, int col)
{
	return PQgetvalue(res, row, col);
}

int64_t
store_int(const PGresult *res, int row, int col)
{
	return strtoll(PQgetvalue(res, row, col), NULL, 10);
}

bool
store_bool(const PGresult *res, int row, int col)
{
	return *PQgetvalue(res, row, col) == 't';
}

int
store_bytes(const PGresult *res, int row, int col, unsigned char **out, size_t *len,
    struct gh_error *err)
{
	const char *text = PQgetvalue(res, row, col);

	*out = NULL;
	*len = 0;
	if (!store_has(res, row, col))
		return 0;
	if (strncmp(text, "\\x", 2) != 0)
		return gh_fail(err, GH_E_DB, "bytea_output is not hex");
	return gh_hex_decode(text + 2, strlen(text) - 2, out, len, err);
}

bool
store_is_mac(const PGresult *res, int row, int col, const unsigned char mac[32])
{
	unsigned char *b = NULL;
	size_t n = 0;
	bool is_same = store_bytes(res, row, col, &b, &n, NULL) == 0 && n == 32 &&
	    CRYPTO_memcmp(b, mac, n) == 0;

	free(b);
	return is_same;
}

int
store_json(const PGresult *res, int row, int col, gh_json **out, struct gh_error *err)
{
	*out = NULL;
	if (!store_has(res, row, col))
		return 0;
	return gh_json_parse(PQgetvalue(res, row, col), (size_t)PQgetlength(res, row, col),
	    GH_JSON_STRICT, out, err);
}
