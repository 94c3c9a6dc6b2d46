/* Firmware packages. See firmware.h. */
#include "firmware.h"
#include "cms_layer.h"
#include "package_oid.h"

#define VERSION 1
#define CODE_LAST 36
#define CODE_OTHER 99

/* PreferredOrLegacyPackageIdentifier ::= CHOICE { preferred SEQUENCE { fwPkgID OBJECT IDENTIFIER,
 * verNum INTEGER }, legacy OCTET STRING } */
static bool
take_name(struct gh_der *in, struct gh_der *name)
{
	struct gh_der whole, parts;

	if (gh_der_take_whole(in, GH_DER_OCTETS, name))
		return true;
	if (!gh_der_take_whole(in, GH_DER_SEQUENCE, name))
		return false;
	whole = *name;
	return gh_der_take(&whole, GH_DER_SEQUENCE, &parts) &&
	    gh_der_take(&parts, GH_DER_OID, NULL) && gh_der_take(&parts, GH_DER_INTEGER, NULL) &&
	    parts.len == 0;
}

/* FirmwarePackageIdentifier ::= SEQUENCE { name, stale OPTIONAL } */
bool
firmware_name(struct gh_der signed_attributes, struct gh_der *name)
{
	static const unsigned char type[] = {OID_FIRMWARE_ID};
	struct gh_der value, parts;

	if (!cms_attribute(signed_attributes, type, sizeof(type), &value) ||
	    !gh_der_take(&value, GH_DER_SEQUENCE, &parts) || !take_name(&parts, name))
		return false;
	if (parts.len > 0) /* stale: a name, or the number of a version */
		return gh_der_next(&parts, NULL, NULL, NULL) && parts.len == 0;
	return true;
}

bool
firmware_hardware_read(struct gh_der in, struct gh_der *hw_type, struct gh_der *hw_serial)
{
	struct gh_der parts;

	return gh_der_take(&in, GH_DER_SEQUENCE, &parts) && in.len == 0 &&
	    gh_der_take(&parts, GH_DER_OID, hw_type) &&
	    gh_der_take(&parts, GH_DER_OCTETS, hw_serial) && parts.len == 0;
}

/* version DEFAULT v1, hwType, hwSerialNum */
static bool
take_head(struct gh_der *in, struct package_answer *out)
{
	unsigned version = VERSION;

	if (gh_der_has_tag(in, GH_DER_INTEGER) && !gh_der_take_u32(in, &version))
		return false;
	return version == VERSION && gh_der_take(in, GH_DER_OID, &out->hw_type) &&
	    gh_der_take(in, GH_DER_OCTETS, &out->hw_serial);
}

bool
firmware_receipt_read(struct gh_der in, struct package_answer *out)
{
	struct gh_der body;

	*out = (struct package_answer){0};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 || !take_head(&body, out) ||
	    !take_name(&body, &out->reference))
		return false;
	(void)gh_der_take(&body, GH_DER_OCTETS, NULL);       /* trustAnchorKeyID */
	(void)gh_der_take(&body, GH_DER_PRIMITIVE(1), NULL); /* decryptKeyID */
	return body.len == 0;
}

static bool
take_code(struct gh_der *in, unsigned *code)
{
	struct gh_der octets;
	bool has_vendor_code;

	if (!gh_der_take(in, GH_DER_ENUMERATED, &octets) || octets.len != 1)
		return false;
	*code = octets.p[0];
	has_vendor_code = gh_der_take(in, GH_DER_INTEGER, NULL);
	return *code == CODE_OTHER ? has_vendor_code : *code >= 1 && *code <= CODE_LAST;
}

bool
firmware_error_read(struct gh_der in, struct package_answer *out)
{
	struct gh_der body;

	*out = (struct package_answer){.is_error = true};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 || !take_head(&body, out) ||
	    !take_code(&body, &out->code))
		return false;
	if ((gh_der_has_tag(&body, GH_DER_OCTETS) || gh_der_has_tag(&body, GH_DER_SEQUENCE)) &&
	    !take_name(&body, &out->reference))
		return false;
	(void)gh_der_take(&body, GH_DER_CONTEXT(1), NULL); /* config */
	return body.len == 0;
}
