/* Which certificate a call of the Classic API is about. See ce_lookup.h. */
#include <string.h>
#include <strings.h>

#include "ce_lookup.h"

#define TEXT_MAX 4096 /* bytes of one member */

int
ce_find_text(const gh_json *obj, const char *name, const char **out, struct gh_error *err)
{
	gh_json *v;
	int rc = gh_json_find(obj, name, &v, err);

	*out = NULL;
	if (rc != 0 || gh_json_type(v) == GH_JSON_NULL)
		return rc;
	if ((*out = gh_json_string(v)) == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is not a string.", name);
	if (strlen(*out) > TEXT_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is longer than %d bytes.", name,
		    TEXT_MAX);
	return 0;
}

static int
find_required(const gh_json *obj, const char *name, const char **out, struct gh_error *err)
{
	int rc = ce_find_text(obj, name, out, err);

	if (rc == 0 && (*out == NULL || **out == '\0'))
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "%s is missing.", name);
	return rc;
}

int
ce_find_object(const gh_json *obj, const char *name, gh_json **out, struct gh_error *err)
{
	int rc = gh_json_find(obj, name, out, err);

	if (rc == 0 && gh_json_type(*out) != GH_JSON_OBJECT)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "%s is missing, or not an object.", name);
	return rc;
}

/* "CMSID", also called "Id". */
static int
parse_id(const gh_json *lookup, struct store_cert_key *key, struct gh_error *err)
{
	gh_json *v;
	int rc;

	if ((rc = gh_json_find(lookup, "CMSID", &v, err)) != 0 ||
	    (v == NULL && (rc = gh_json_find(lookup, "Id", &v, err)) != 0))
		return rc;
	if (!gh_json_int(v, &key->id) || key->id < 1)
		return gh_refuse(err, GH_E_BAD_REQUEST, "CMSID is no positive number.");
	return 0;
}

int
ce_lookup_parse(const gh_json *lookup, struct store_cert_key *key, struct gh_error *err)
{
	const char *type;
	int rc = find_required(lookup, "Type", &type, err);

	if (rc != 0)
		return rc;
	if (strcasecmp(type, "Serial") == 0) {
		if ((rc = find_required(lookup, "SerialNumber", &key->serial, err)) != 0)
			return rc;
		return find_required(lookup, "IssuerDN", &key->issuer_dn, err);
	}
	if (strcasecmp(type, "Thumbprint") == 0)
		return find_required(lookup, "Thumbprint", &key->thumbprint, err);
	if (strcasecmp(type, "CMSID") == 0 || strcasecmp(type, "Id") == 0)
		return parse_id(lookup, key, err);
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "The Type of Lookup is Serial, Thumbprint or CMSID.");
}
