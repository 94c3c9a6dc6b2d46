/* MACs over rows that grant rights. See row_seal.h. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#include "row_seal.h"

#define VERSION 1
#define CONTENT_MAX (16 * 1024 * 1024) /* bytes of what a MAC is made over */
#define DEPTH_MAX 64                   /* of nested JSON */

/* --- encoding --------------------------------------------------------------------------------- */

static void put_value(struct gh_buf *b, const gh_json *v, int depth);

/* Readers take 90.0 for no integer, and then the value is not there for them: another encoding than
 * that of 90. */
static void
put_real(struct gh_buf *b, const gh_json *v)
{
	char *text = gh_json_print(v, false);

	b->failed |= text == NULL;
	gh_buf_putc(b, 'r');
	/* jsonb has no -0.0 */
	gh_buf_put_string(b, text != NULL && strtod(text, NULL) == 0 ? "0.0" : text);
	free(text);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(gh_json_iter_name(*(void *const *)a), gh_json_iter_name(*(void *const *)b));
}

static void
put_object(struct gh_buf *b, const gh_json *obj, int depth)
{
	size_t n = gh_json_size(obj), i = 0;
	void **member = calloc(n + 1, sizeof(*member));

	if (member == NULL) {
		b->failed = true;
		return;
	}
	for (void *it = gh_json_iter(obj); it != NULL && i < n; it = gh_json_next(obj, it))
		member[i++] = it;
	qsort(member, n, sizeof(*member), by_name);
	gh_buf_putc(b, 'o');
	gh_buf_put_u32(b, (uint32_t)n);
	for (i = 0; i < n; i++) {
		gh_buf_put_string(b, gh_json_iter_name(member[i]));
		put_value(b, gh_json_iter_value(member[i]), depth + 1);
	}
	free(member);
}

static void
put_value(struct gh_buf *b, const gh_json *v, int depth)
{
	int64_t i = 0;

	if (depth > DEPTH_MAX) {
		b->failed = true;
		return;
	}
	switch (gh_json_type(v)) {
	case GH_JSON_NULL:
		gh_buf_putc(b, 'n');
		break;
	case GH_JSON_BOOL:
		gh_buf_putc(b, gh_json_bool(v, false) ? 't' : 'f');
		break;
	case GH_JSON_INT:
		b->failed |= !gh_json_int(v, &i);
		gh_buf_putc(b, 'i');
		gh_buf_put_u64(b, (uint64_t)i);
		break;
	case GH_JSON_REAL:
		put_real(b, v);
		break;
	case GH_JSON_STRING:
		gh_buf_putc(b, 's');
		gh_buf_put_block(b, gh_json_string(v), gh_json_string_length(v));
		break;
	case GH_JSON_ARRAY:
		gh_buf_putc(b, 'a');
		gh_buf_put_u32(b, (uint32_t)gh_json_size(v));
		for (size_t k = 0; k < gh_json_size(v); k++)
			put_value(b, gh_json_at(v, k), depth + 1);
		break;
	case GH_JSON_OBJECT:
		put_object(b, v, depth);
		break;
	}
}

/* --- MACs ------------------------------------------------------------------------------------- */

static void
begin(struct gh_buf *b, const char *kind)
{
	gh_buf_init(b, CONTENT_MAX);
	gh_buf_put_string(b, kind);
	gh_buf_put_u8(b, VERSION);
}

/* Releases b. */
static int
end(struct gh_buf *b, const unsigned char key[GH_KEY_SIZE], unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err)
{
	int rc = gh_buf_check(b, err);

	memset(out, 0, ROW_SEAL_SIZE);
	if (rc == 0 && !gh_hmac(GH_SHA256, key, GH_KEY_SIZE, b->data, b->len, out))
		rc = gh_fail(err, GH_E_NOMEM, "HMAC");
	gh_buf_free(b);
	return rc;
}

int
row_seal_row(const unsigned char key[GH_KEY_SIZE], const char *table, int64_t id,
    const gh_json *content, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	struct gh_buf b;

	begin(&b, "row");
	gh_buf_put_string(&b, table);
	gh_buf_put_u64(&b, (uint64_t)id);
	put_value(&b, content, 0);
	return end(&b, key, out, err);
}

int
row_seal_table(const unsigned char key[GH_KEY_SIZE], const char *table, const struct row_seal *rows,
    size_t n, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	struct gh_buf b;

	begin(&b, "table");
	gh_buf_put_string(&b, table);
	gh_buf_put_u64(&b, n);
	for (size_t i = 0; i < n; i++) {
		gh_buf_put_u64(&b, (uint64_t)rows[i].key);
		gh_buf_put(&b, rows[i].mac, ROW_SEAL_SIZE);
	}
	return end(&b, key, out, err);
}

int
row_seal_head(const unsigned char key[GH_KEY_SIZE], int64_t revision, const char *const *tables,
    const unsigned char (*macs)[ROW_SEAL_SIZE], size_t n, unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err)
{
	struct gh_buf b;

	begin(&b, "head");
	gh_buf_put_u64(&b, (uint64_t)revision);
	gh_buf_put_u64(&b, n);
	for (size_t i = 0; i < n; i++) {
		gh_buf_put_string(&b, tables[i]);
		gh_buf_put(&b, macs[i], ROW_SEAL_SIZE);
	}
	return end(&b, key, out, err);
}
