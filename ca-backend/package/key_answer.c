/* Answers to key packages. See key_answer.h. */
#include "key_answer.h"
#include "cms_layer.h"
#include "package_oid.h"

#define VERSION 2
#define OID_CODE 127 /* "other", where an object identifier says what */

bool
key_package_id(struct gh_der signed_attributes, struct gh_der *id, bool *wants_receipt)
{
	static const unsigned char type[] = {OID_KEY_PACKAGE_ID};
	struct gh_der value, parts;

	*wants_receipt = false;
	if (!cms_attribute(signed_attributes, type, sizeof(type), &value) ||
	    !gh_der_take(&value, GH_DER_SEQUENCE, &parts) ||
	    !gh_der_take(&parts, GH_DER_OCTETS, id) || id->len == 0)
		return false;
	*wants_receipt = gh_der_take(&parts, GH_DER_SEQUENCE, NULL);
	return parts.len == 0;
}

/* version DEFAULT v2 */
static bool
take_version(struct gh_der *in)
{
	unsigned version = VERSION;

	return (!gh_der_has_tag(in, GH_DER_INTEGER) || gh_der_take_u32(in, &version)) &&
	    version == VERSION;
}

/* KeyPkgIdentifier ::= CHOICE { pkgID OCTET STRING, attribute SingleAttribute } */
static bool
take_identifier(struct gh_der *in, struct gh_der *id)
{
	return gh_der_take(in, GH_DER_OCTETS, id) || gh_der_take(in, GH_DER_SEQUENCE, NULL);
}

/* SIREntityName ::= SEQUENCE { sirenType OBJECT IDENTIFIER, sirenValue OCTET STRING } */
static bool
take_entity(struct gh_der *in)
{
	struct gh_der name;

	return gh_der_take(in, GH_DER_SEQUENCE, &name) && gh_der_take(&name, GH_DER_OID, NULL) &&
	    gh_der_take(&name, GH_DER_OCTETS, NULL) && name.len == 0;
}

bool
key_receipt_read(struct gh_der in, struct package_answer *out)
{
	struct gh_der body;

	*out = (struct package_answer){0};
	return gh_der_take(&in, GH_DER_SEQUENCE, &body) && in.len == 0 && take_version(&body) &&
	    take_identifier(&body, &out->reference) && take_entity(&body) && body.len == 0;
}

static bool
take_code(struct gh_der *in, unsigned *code)
{
	struct gh_der octets;

	*code = OID_CODE;
	if (gh_der_take(in, GH_DER_OID, NULL))
		return true;
	if (!gh_der_take(in, GH_DER_ENUMERATED, &octets) || octets.len != 1 || octets.p[0] < 1 ||
	    octets.p[0] > OID_CODE)
		return false;
	*code = octets.p[0];
	return true;
}

bool
key_error_read(struct gh_der in, struct package_answer *out)
{
	struct gh_der body, of;

	*out = (struct package_answer){.is_error = true};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 || !take_version(&body))
		return false;
	/* [0] around a CHOICE is explicit */
	if (gh_der_take(&body, GH_DER_CONTEXT(0), &of) &&
	    (!take_identifier(&of, &out->reference) || of.len != 0))
		return false;
	return take_entity(&body) && take_code(&body, &out->code) && body.len == 0;
}

/* --- made ------------------------------------------------------------------------------------- */

/* SIREntityName of a distinguished name */
static size_t
entity_size(const struct gh_der *by)
{
	static const unsigned char type[] = {OID_SIREN_DN};

	return gh_der_size(sizeof(type)) + gh_der_size(by->len);
}

static void
put_entity(struct gh_buf *out, const struct gh_der *by)
{
	static const unsigned char type[] = {OID_SIREN_DN};

	gh_der_put_header(out, GH_DER_SEQUENCE, entity_size(by));
	gh_der_put(out, GH_DER_OID, type, sizeof(type));
	gh_der_put(out, GH_DER_OCTETS, by->p, by->len);
}

void
key_receipt_put(struct gh_buf *out, const struct gh_der *id, const struct gh_der *by)
{
	gh_der_put_header(out, GH_DER_SEQUENCE,
	    gh_der_size(id->len) + gh_der_size(entity_size(by)));
	gh_der_put(out, GH_DER_OCTETS, id->p, id->len);
	put_entity(out, by);
}

void
key_error_put(struct gh_buf *out, const struct gh_der *id, const struct gh_der *by,
    unsigned char code)
{
	size_t of = id->p != NULL ? gh_der_size(id->len) : 0;

	gh_der_put_header(out, GH_DER_SEQUENCE,
	    (of > 0 ? gh_der_size(of) : 0) + gh_der_size(entity_size(by)) + gh_der_size(1));
	if (of > 0) {
		gh_der_put_header(out, GH_DER_CONTEXT(0), of);
		gh_der_put(out, GH_DER_OCTETS, id->p, id->len);
	}
	put_entity(out, by);
	gh_der_put(out, GH_DER_ENUMERATED, &code, 1);
}
