/* A table whose rows stand for themselves. See grant.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hex.h"

#include "grant_private.h"

static int
compare(const void *a, const void *b)
{
	const struct row_seal *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static bool
take_mac(const char *hex, unsigned char out[ROW_SEAL_SIZE])
{
	unsigned char *b = NULL;
	size_t n = 0;
	bool ok =
	    hex != NULL && gh_hex_decode(hex, strlen(hex), &b, &n, NULL) == 0 && n == ROW_SEAL_SIZE;

	if (ok)
		memcpy(out, b, n);
	free(b);
	return ok;
}

/* Are these the MACs that the head was made over? */
static int
check_seals(const struct store *s, const struct grants *g, enum grant_table t, const gh_json *seals,
    struct gh_error *err)
{
	struct row_seal *list = calloc(gh_json_size(seals) + 1, sizeof(*list));
	unsigned char mac[ROW_SEAL_SIZE];
	size_t n = 0;
	int rc = list != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "seals");

	for (void *it = gh_json_iter(seals); rc == 0 && it != NULL; it = gh_json_next(seals, it)) {
		list[n].key = strtoll(gh_json_iter_name(it), NULL, 10);
		if (!take_mac(gh_json_string(gh_json_iter_value(it)), list[n++].mac))
			rc = gh_fail(err, GH_E_SEAL, "a MAC of %s is none", grant_table_name(t));
	}
	if (rc == 0) {
		qsort(list, n, sizeof(*list), compare);
		rc = row_seal_table(s->grant_key, grant_table_name(t), list, n, mac, err);
	}
	free(list);
	if (rc == 0 && CRYPTO_memcmp(mac, g->table[t].mac, sizeof(mac)) != 0)
		rc = gh_fail(err, GH_E_SEAL,
		    "the MACs of %s were changed without Gatehouse: the table is not used",
		    grant_table_name(t));
	return rc;
}

/* Behind a check of the whole table that failed. */
static int
judge_rows(struct store *s, enum grant_table t, const gh_json *loaded, struct grants *g,
    struct gh_error *err)
{
	const gh_json *seals = gh_json_get(gh_json_get(loaded, "seals"), grant_table_name(t));
	int rc = grant_take_head(s, gh_json_get(loaded, "head"), g, err);

	if (rc == 0 && (rc = check_seals(s, g, t, seals, err)) == 0)
		rc = grant_check_revision(s, g, err);
	for (size_t i = 0; rc == 0 && i < g->table[t].n; i++) {
		struct grant_row *r = &g->table[t].row[i];

		r->is_damaged = grant_row_fits(r, seals) != GRANT_FITS;
	}
	return rc;
}

int
grant_load_each(struct store *s, enum grant_table t, struct grants *out, bool *is_damaged,
    struct gh_error *err)
{
	struct gh_error why;
	gh_json *loaded;
	int rc = grant_fetch(s, t, out, &loaded, err);

	*is_damaged = false;
	if (rc != 0)
		return rc;
	if ((rc = grant_check(s, t, loaded, out, &why)) == 0) {
		grant_forget_told(s, t);
	} else if (rc != GH_E_SEAL) {
		*err = why;
	} else {
		*is_damaged = true;
		(void)grant_tell(s, rc, &why);
		rc = judge_rows(s, t, loaded, out, err);
	}
	gh_json_free(loaded);
	if (rc != 0)
		grant_clear(out);
	return rc;
}
