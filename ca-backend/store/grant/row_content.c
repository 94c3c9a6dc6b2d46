/* What a MAC is over. See row_content.h. */
#include <stdlib.h>

#include "encoding.h"

#include "row_content.h"

int
row_content_set_requester(gh_json *v, const struct requester *who)
{
	return gh_json_set_int(v, "kind", who->kind) | gh_json_set_string(v, "name", who->name) |
	    gh_json_set_string(v, "dn", who->dn) | gh_json_set_string(v, "id", who->id);
}

int
row_content_set_bytes(gh_json *v, const char *name, const unsigned char *p, size_t n)
{
	char *text = n > 0 ? gh_base64_encode(p, n, GH_BASE64_ONE_LINE) : NULL;
	int bad = n > 0 && text == NULL ? -1 : gh_json_set_string(v, name, text);

	free(text);
	return bad;
}

int
row_content_seal(const struct store *s, const char *table, int64_t id, gh_json *v, int bad,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err)
{
	int rc = bad != 0 ? gh_fail(err, GH_E_NOMEM, "%s", table)
	    : !s->has_grant_key
	    ? gh_fail(err, GH_E_INTERNAL, "the store was not given the gateway secret")
	    : row_seal_row(s->grant_key, table, id, v, out, err);

	gh_json_free(v);
	return rc;
}
