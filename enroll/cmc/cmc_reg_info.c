/* Metadata in regInfo. See cmc_reg_info.h. */
#include "cmc_reg_info.h"

int
cmc_reg_info_read(const struct cmc_run *r, gh_json **out, struct gh_error *err)
{
	const struct pki_control *c = r->control[CMC_REG_INFO];
	struct gh_der in, text;

	*out = NULL;
	if (c == NULL)
		return 0;
	in = c->value;
	if (!gh_der_take(&in, GH_DER_OCTETS, &text))
		return gh_refuse(err, GH_E_BAD_REQUEST, "regInfo: no OCTET STRING.");
	if (text.len == 0 || text.p[0] != '{') /* agreed on with another server */
		return 0;
	if (gh_json_parse((const char *)text.p, text.len, GH_JSON_STRICT, out, NULL) != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "regInfo: metadata must be one object of JSON.");
	return 0;
}

int
cmc_reg_info_check(struct cmc_run *r)
{
	gh_json *metadata;
	struct gh_error err;
	int rc = cmc_reg_info_read(r, &metadata, &err);

	gh_json_free(metadata);
	return rc == 0 ? 0 : cmc_refuse(r, r->control[CMC_REG_INFO]->id, &err);
}
