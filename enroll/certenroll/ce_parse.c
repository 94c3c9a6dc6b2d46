/* The parser of a CertEnroll Pkcs10 body, and of what a Pkcs12 body has in common with it. */
#include <stdlib.h>
#include <string.h>

#include "formats/pkcs10.h"
#include "timestamp.h"

#include "ce_parse.h"

/* Armour, line ends and base64 of the longest request, generously. */
#define CE_PKCS10_TEXT_MAX (2 * CA_PKCS10_DER_MAX)
#define BLANK " \t\r\n"

/* Flags: absent, null, a number or a string of digits. 32 bits, bits we do not know are ignored. */
static int
parse_flags(const gh_json *request, struct ce_body *b, struct gh_error *err)
{
	gh_json *v;
	int64_t n = 0;
	int rc;

	if ((rc = gh_json_find(request, "Flags", &v, err)) != 0)
		return rc;
	if (gh_json_type(v) == GH_JSON_NULL)
		return 0;
	if (!gh_json_int(v, &n) || n < 0 || n > UINT32_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Flags is no number from 0 to 4294967295.");
	b->flags = (uint32_t)n;
	return 0;
}

static int
parse_template(const gh_json *request, struct ce_body *b, struct gh_error *err)
{
	const char *s, *end;
	gh_json *v;
	int rc;

	if ((rc = gh_json_find(request, "TemplateName", &v, err)) != 0)
		return rc;
	if ((s = gh_json_string(v)) == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "TemplateName is %s.",
		    v == NULL ? "missing" : "not a string");
	s += strspn(s, BLANK);
	for (end = s + strlen(s); end > s && strchr(BLANK, end[-1]) != NULL; end--)
		;
	if (end == s || end - s > CE_TEMPLATE_NAME_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "TemplateName is empty or longer than %d bytes.", CE_TEMPLATE_NAME_MAX);
	for (const char *p = s; p < end; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "TemplateName has a control character.");
	if ((b->template_name = strndup(s, (size_t)(end - s))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "body");
	return 0;
}

static int
parse_pkcs10(const gh_json *request, struct ce_body *b, struct gh_error *err)
{
	gh_json *v;
	int rc;

	if ((rc = gh_json_find(request, "Pkcs10Request", &v, err)) != 0)
		return rc;
	if ((b->pkcs10 = gh_json_string(v)) == NULL)
		return gh_refuse(err, GH_E_CSR, "Pkcs10Request is %s.",
		    v == NULL ? "missing" : "not a string");
	if (strlen(b->pkcs10) > CE_PKCS10_TEXT_MAX)
		return gh_refuse(err, GH_E_CSR, "Pkcs10Request is longer than %d bytes.",
		    CE_PKCS10_TEXT_MAX);
	return 0;
}

static int
parse_request(const gh_json *request, struct ce_body *b, struct gh_error *err)
{
	gh_json *metadata;
	int rc;

	if (gh_json_type(request) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The request is not a JSON object but %s.",
		    gh_json_type_name(request));
	b->request = request;
	if ((rc = parse_flags(request, b, err)) != 0 ||
	    (rc = parse_template(request, b, err)) != 0 ||
	    (rc = gh_json_find(request, "MetadataList", &metadata, err)) != 0)
		return rc;
	b->metadata = gh_json_type(metadata) != GH_JSON_NULL ? metadata : NULL;
	return 0;
}

/* v3: the Timestamp stands in the signed body, in place of a token. */
static int
parse_envelope(const gh_json *json, struct ce_body *b, struct gh_error *err)
{
	gh_json *timestamp, *request;
	int rc;

	if ((rc = gh_json_find(json, "Timestamp", &timestamp, err)) != 0 ||
	    (rc = gh_json_find(json, "Request", &request, err)) != 0)
		return rc;
	if (gh_json_string(timestamp) == NULL)
		return gh_fail(err, GH_E_TIMESTAMP, "Timestamp is %s",
		    gh_json_type_name(timestamp));
	if ((rc = gh_timestamp_parse(gh_json_string(timestamp), &b->timestamp, err)) != 0)
		return rc;
	if (request == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The member Request is missing: version 3 takes {\"Timestamp\", \"Request\"}.");
	return parse_request(request, b, err);
}

int
ce_object_parse(const void *text, size_t len, gh_json **out, struct gh_error *err)
{
	int rc = gh_json_parse(text, len, GH_JSON_LENIENT, out, err);

	if (rc == 0 && gh_json_type(*out) != GH_JSON_OBJECT)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "The body is not a JSON object but %s.",
		    gh_json_type_name(*out));
	return rc;
}

int
ce_common_parse(const void *text, size_t len, int version, struct ce_body *out,
    struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = ce_object_parse(text, len, &out->json, err)) != 0)
		return rc;
	return version == 3 ? parse_envelope(out->json, out, err)
			    : parse_request(out->json, out, err);
}

int
ce_body_parse(const void *text, size_t len, int version, struct ce_body *out, struct gh_error *err)
{
	int rc = ce_common_parse(text, len, version, out, err);

	return rc == 0 ? parse_pkcs10(out->request, out, err) : rc;
}

void
ce_body_clear(struct ce_body *b)
{
	free(b->template_name);
	gh_json_free(b->json);
	memset(b, 0, sizeof(*b));
}
