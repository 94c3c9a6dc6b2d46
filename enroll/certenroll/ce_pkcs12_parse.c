/* The parser of a CertEnroll Pkcs12 body. */
#include <string.h>
#include <strings.h>

#include "utf8.h"

#include "ce_pkcs12_parse.h"

static int
parse_password(const gh_json *request, struct ce_pkcs12_body *b, struct gh_error *err)
{
	gh_json *v;
	size_t n;
	int rc = gh_json_find(request, "Pkcs12Password", &v, err);

	if (rc != 0)
		return rc;
	if ((b->password = gh_json_string(v)) == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Pkcs12Password is %s.",
		    v == NULL ? "missing" : "not a string");
	n = gh_utf8_length(b->password, strlen(b->password));
	if (n > CE_PASSWORD_MAX || !gh_utf8_is_clean(b->password))
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Pkcs12Password has at most %d characters, and no control characters.",
		    CE_PASSWORD_MAX);
	return 0;
}

/* Absent and null are the same. */
static int
find_container(const gh_json *request, const char *name, bool takes_array, gh_json **out,
    struct gh_error *err)
{
	int rc = gh_json_find(request, name, out, err);

	if (rc == 0 && gh_json_type(*out) == GH_JSON_NULL)
		*out = NULL;
	if (rc == 0 && *out != NULL && gh_json_type(*out) != GH_JSON_OBJECT &&
	    !(takes_array && gh_json_type(*out) == GH_JSON_ARRAY))
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "%s is %s.", name, gh_json_type_name(*out));
	return rc;
}

static int
parse_key(const gh_json *request, struct ce_pkcs12_body *b, struct gh_error *err)
{
	static const struct {
		const char *name;
		enum ca_key_type type;
	} types[] = {{"RSA", CA_KEY_RSA}, {"EC", CA_KEY_EC}, {"ECC", CA_KEY_EC},
	    {"ECDSA", CA_KEY_EC}, {"Ed25519", CA_KEY_ED25519}};
	gh_json *type, *length;
	const char *text;
	int64_t bits = 0;
	int rc;

	if ((rc = gh_json_find(request, "KeyType", &type, err)) != 0 ||
	    (rc = gh_json_find(request, "KeyLength", &length, err)) != 0)
		return rc;
	text = gh_json_string(type);
	for (size_t i = 0; text != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(text, types[i].name) == 0) {
			b->has_key_type = true;
			b->key_type = types[i].type;
		}
	if (gh_json_type(type) != GH_JSON_NULL && !b->has_key_type)
		return gh_refuse(err, GH_E_BAD_REQUEST, "KeyType is RSA, EC or Ed25519.");
	if (gh_json_type(length) != GH_JSON_NULL &&
	    (!gh_json_int(length, &bits) || bits < 1 || bits > 65536))
		return gh_refuse(err, GH_E_BAD_REQUEST, "KeyLength is no number of bits.");
	b->key_bits = (int)bits;
	return 0;
}

int
ce_pkcs12_parse(const void *text, size_t len, int version, struct ce_pkcs12_body *out,
    struct gh_error *err)
{
	const gh_json *request;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = ce_common_parse(text, len, version, &out->common, err)) != 0)
		return rc;
	request = out->common.request;
	if ((rc = parse_password(request, out, err)) != 0 ||
	    (rc = find_container(request, "SubjectNameAttributes", false, &out->subject, err)) !=
		0 ||
	    (rc = find_container(request, "SubjectAltNameElements", true, &out->sans, err)) != 0)
		return rc;
	return parse_key(request, out, err);
}

void
ce_pkcs12_body_clear(struct ce_pkcs12_body *b)
{
	ce_body_clear(&b->common);
	memset(b, 0, sizeof(*b));
}
