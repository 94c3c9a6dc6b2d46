/* Layers of CMS. See cms_layer.h. */
#include "ber.h"
#include "oid.h"

#include "cms_layer.h"
#include "package_oid.h"

static bool
read_content_info(struct gh_der in, struct cms_layer *layer)
{
	struct gh_der info, inside;

	return gh_der_take(&in, GH_DER_SEQUENCE, &info) && in.len == 0 &&
	    gh_der_take(&info, GH_DER_OID, &layer->type) &&
	    gh_der_take(&info, GH_DER_CONTEXT(0), &inside) && info.len == 0 &&
	    gh_der_next(&inside, NULL, &layer->content, NULL) && inside.len == 0;
}

bool
cms_open(const void *p, size_t len, struct gh_buf *out, struct cms_layer *layer)
{
	const struct gh_der in = {p, len};

	return gh_ber_put_der(&in, out) && !out->failed &&
	    read_content_info((struct gh_der){out->data, out->len}, layer);
}

/* --- SignedData (5.1) ------------------------------------------------------------------------- */

/* SignerInfo (5.3) */
static bool
read_signer(struct gh_der in, struct cms_signed_layer *out)
{
	if (!gh_der_take(&in, GH_DER_INTEGER, NULL) ||
	    (!gh_der_take(&in, GH_DER_SEQUENCE, NULL) &&
		!gh_der_take(&in, GH_DER_PRIMITIVE(0), NULL)) ||
	    !gh_der_take(&in, GH_DER_SEQUENCE, NULL))
		return false;
	(void)gh_der_take(&in, GH_DER_CONTEXT(0), &out->signed_attributes);
	if (!gh_der_take(&in, GH_DER_SEQUENCE, NULL) || !gh_der_take(&in, GH_DER_OCTETS, NULL))
		return false;
	(void)gh_der_take(&in, GH_DER_CONTEXT(1), &out->unsigned_attributes);
	return in.len == 0;
}

static bool
read_signers(struct gh_der in, struct cms_signed_layer *out)
{
	static const struct gh_der none;
	struct gh_der one;

	for (; in.len > 0; out->signers++)
		if (!gh_der_take(&in, GH_DER_SEQUENCE, &one) || !read_signer(one, out))
			return false;
	if (out->signers != 1)
		out->signed_attributes = out->unsigned_attributes = none;
	return true;
}

/* EncapsulatedContentInfo (5.2), also that of CompressedData */
static bool
read_inside(struct gh_der *in, struct gh_der *type, struct gh_der *content)
{
	struct gh_der info, tagged;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &info) || !gh_der_take(&info, GH_DER_OID, type))
		return false;
	if (info.len == 0)
		return true;
	return gh_der_take(&info, GH_DER_CONTEXT(0), &tagged) && info.len == 0 &&
	    gh_der_take(&tagged, GH_DER_OCTETS, content) && tagged.len == 0;
}

bool
cms_layer_signed(struct gh_der content, struct cms_signed_layer *out)
{
	struct gh_der in, signers;

	*out = (struct cms_signed_layer){0};
	if (!gh_der_take(&content, GH_DER_SEQUENCE, &in) || content.len != 0 ||
	    !gh_der_take_u32(&in, &out->version) || !gh_der_take(&in, GH_DER_SET, NULL) ||
	    !read_inside(&in, &out->type, &out->content))
		return false;
	(void)gh_der_take(&in, GH_DER_CONTEXT(0), NULL); /* certificates */
	(void)gh_der_take(&in, GH_DER_CONTEXT(1), NULL); /* crls */
	return gh_der_take(&in, GH_DER_SET, &signers) && in.len == 0 && read_signers(signers, out);
}

/* --- what hides its content ------------------------------------------------------------------- */

bool
cms_compressed_type(struct gh_der in, struct gh_der *type)
{
	struct gh_der octets = {NULL, 0};

	return gh_der_take(&in, GH_DER_INTEGER, NULL) && gh_der_take(&in, GH_DER_SEQUENCE, NULL) &&
	    read_inside(&in, type, &octets) && octets.p != NULL && in.len == 0;
}

/* EncryptedContentInfo (6.1). The content is there, in one piece or several. */
static bool
take_encrypted(struct gh_der *in, struct gh_der *type)
{
	struct gh_der info;

	return gh_der_take(in, GH_DER_SEQUENCE, &info) && gh_der_take(&info, GH_DER_OID, type) &&
	    gh_der_take(&info, GH_DER_SEQUENCE, NULL) &&
	    (gh_der_take(&info, GH_DER_PRIMITIVE(0), NULL) ||
		gh_der_take(&info, GH_DER_CONTEXT(0), NULL)) &&
	    info.len == 0;
}

/* SET SIZE (1..MAX) OF Attribute, or nothing, behind a tag. false: there is one, and it is
 * malformed. */
static bool
take_attributes(struct gh_der *in, unsigned tag, struct gh_der *out)
{
	struct gh_der left, one, values;

	*out = (struct gh_der){NULL, 0};
	if (!gh_der_take(in, tag, out))
		return true;
	if (out->len == 0)
		return false;
	for (left = *out; left.len > 0;)
		if (!gh_der_take(&left, GH_DER_SEQUENCE, &one) ||
		    !gh_der_take(&one, GH_DER_OID, NULL) ||
		    !gh_der_take(&one, GH_DER_SET, &values) || values.len == 0 || one.len != 0)
			return false;
	return true;
}

bool
cms_layer_encrypted(struct gh_der in, struct cms_hidden_layer *out)
{
	unsigned version;

	return gh_der_take_u32(&in, &version) && take_encrypted(&in, &out->type) &&
	    take_attributes(&in, GH_DER_CONTEXT(1), &out->attributes) && in.len == 0 &&
	    version == (out->attributes.p != NULL ? 2 : 0);
}

/* version, originatorInfo, recipientInfos */
static bool
take_recipients(struct gh_der *in, unsigned *version)
{
	struct gh_der recipients;

	if (!gh_der_take_u32(in, version))
		return false;
	(void)gh_der_take(in, GH_DER_CONTEXT(0), NULL);
	return gh_der_take(in, GH_DER_SET, &recipients) && recipients.len > 0;
}

bool
cms_layer_enveloped(struct gh_der in, struct cms_hidden_layer *out)
{
	unsigned version;

	return take_recipients(&in, &version) && version <= 4 && version != 1 &&
	    take_encrypted(&in, &out->type) &&
	    take_attributes(&in, GH_DER_CONTEXT(1), &out->attributes) && in.len == 0;
}

/* What is no plain data has its type among the authenticated attributes. */
bool
cms_layer_auth_enveloped(struct gh_der in, struct cms_hidden_layer *out)
{
	struct gh_der attributes, mac;
	unsigned version;

	return take_recipients(&in, &version) && version == 0 && take_encrypted(&in, &out->type) &&
	    take_attributes(&in, GH_DER_CONTEXT(1), &attributes) &&
	    (attributes.p != NULL || GH_OID_IS(&out->type, GH_OID_PKCS7_DATA)) &&
	    gh_der_take(&in, GH_DER_OCTETS, &mac) && mac.len > 0 &&
	    take_attributes(&in, GH_DER_CONTEXT(2), &out->attributes) && in.len == 0;
}

/* --- attributes ------------------------------------------------------------------------------- */

bool
cms_attribute(struct gh_der attributes, const unsigned char *type, size_t len, struct gh_der *value)
{
	struct gh_der one, its, values;
	bool is_found = false;

	while (attributes.len > 0) {
		if (!gh_der_take(&attributes, GH_DER_SEQUENCE, &one) ||
		    !gh_der_take(&one, GH_DER_OID, &its) ||
		    !gh_der_take(&one, GH_DER_SET, &values) || one.len != 0)
			return false;
		if (!gh_der_equals(&its, type, len))
			continue;
		if (is_found || !gh_der_next(&values, NULL, value, NULL) || values.len != 0)
			return false;
		is_found = true;
	}
	return is_found;
}

/* --- words ------------------------------------------------------------------------------------ */

#define TYPE(word, is_inner, ...) \
	{ \
		word, is_inner, {__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}) \
	}

const char *
cms_type_word(const struct gh_der *type, bool *is_inner)
{
	static const struct {
		const char *word;
		bool is_inner;
		unsigned char oid[12];
		size_t len;
	} types[] = {
	    TYPE("signedData", false, GH_OID_PKCS7_SIGNED_DATA),
	    TYPE("envelopedData", false, OID_ENVELOPED_DATA),
	    TYPE("encryptedData", false, OID_ENCRYPTED_DATA),
	    TYPE("compressedData", false, OID_COMPRESSED_DATA),
	    TYPE("authEnvelopedData", false, OID_AUTH_ENVELOPED_DATA),
	    TYPE("encryptedKeyPkg", false, OID_ENCRYPTED_KEY_PACKAGE),
	    TYPE("firmwarePackage", true, OID_FIRMWARE),
	    TYPE("firmwareLoadReceipt", true, OID_FIRMWARE_RECEIPT),
	    TYPE("firmwareLoadError", true, OID_FIRMWARE_ERROR),
	    TYPE("aKeyPackage", true, OID_ASYMMETRIC_KEYS),
	    TYPE("sKeyPackage", true, OID_SYMMETRIC_KEYS),
	    TYPE("keyPackageReceipt", true, OID_KEY_RECEIPT),
	    TYPE("keyPackageError", true, OID_KEY_ERROR),
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (gh_der_equals(type, types[i].oid, types[i].len)) {
			*is_inner = types[i].is_inner;
			return types[i].word;
		}
	return NULL;
}
