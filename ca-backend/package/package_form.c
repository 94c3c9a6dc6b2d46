/* The form of packages. See package_form.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "cms_layer.h"
#include "firmware.h"
#include "key_answer.h"
#include "package_form.h"
#include "package_oid.h"
#include "pem.h"
#include "sym_key_package.h"

#define SIGNED_LAYERS_MAX 3
#define FIRMWARE_SIGNED_VERSION 3

/* A form while it is read. */
struct reading {
	struct package_form *form;
	enum package_kind kind;
	const struct package_kind_info *info; /* of the kind */
	char outer[80];                       /* words of encapsulatingContent, outermost first */
	size_t layers;                        /* signed ones */
	struct cms_signed_layer last;
};

static int
refuse(const struct reading *r, struct gh_error *err, const char *what)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "this is no %s: %s", r->info->word, what);
}

static void
note_layer(struct reading *r, const struct gh_der *type)
{
	size_t n = strlen(r->outer);
	bool is_inner;
	const char *word = cms_type_word(type, &is_inner);

	if (word != NULL && !is_inner)
		snprintf(r->outer + n, sizeof(r->outer) - n, "%s%s", n > 0 ? ", " : "", word);
}

/* --- symmetric keys (RFC 8295, 5.1.2) --------------------------------------------------------- */

/* The key that decrypts, as the client knows it (RFC 6032, 3): not there, or one OCTET STRING. */
static bool
is_hint_good(struct gh_der attributes)
{
	static const unsigned char hint[] = {OID_CONTENT_KEY_ID};
	struct gh_der left = attributes, one, type, value;
	size_t n = 0;

	while (gh_der_take(&left, GH_DER_SEQUENCE, &one))
		n += gh_der_take(&one, GH_DER_OID, &type) &&
		    gh_der_equals(&type, hint, sizeof(hint));
	if (n == 0)
		return true;
	return cms_attribute(attributes, hint, sizeof(hint), &value) &&
	    gh_der_take(&value, GH_DER_OCTETS, NULL) && value.len == 0;
}

/* in: the element that `read` reads the members of, under this tag. */
static int
check_hidden_keys(struct reading *r, struct gh_der in, unsigned tag,
    bool (*read)(struct gh_der in, struct cms_hidden_layer *out), struct gh_error *err)
{
	struct cms_hidden_layer hidden = {0};
	struct gh_der members;

	if (!gh_der_take(&in, tag, &members) || in.len != 0 || !read(members, &hidden) ||
	    !is_hint_good(hidden.attributes))
		return refuse(r, err,
		    "what encrypts it is malformed (RFC 5652, 6 and 8; RFC 5083, 2.1)");
	if (!GH_OID_IS(&hidden.type, GH_OID_PKCS7_SIGNED_DATA) &&
	    !GH_OID_IS(&hidden.type, OID_SYMMETRIC_KEYS))
		return refuse(r, err, "what is encrypted must be a signed SymmetricKeyPackage");
	note_layer(r, &hidden.type);
	return 0;
}

/* EncryptedKeyPackage ::= CHOICE { EncryptedData, [0] EnvelopedData, [1] AuthEnvelopedData }
 * (RFC 6032, 2) */
static int
check_encrypted_keys(struct reading *r, struct gh_der in, struct gh_error *err)
{
	if (gh_der_has_tag(&in, GH_DER_SEQUENCE))
		return check_hidden_keys(r, in, GH_DER_SEQUENCE, cms_layer_encrypted, err);
	if (gh_der_has_tag(&in, GH_DER_CONTEXT(0)))
		return check_hidden_keys(r, in, GH_DER_CONTEXT(0), cms_layer_enveloped, err);
	if (gh_der_has_tag(&in, GH_DER_CONTEXT(1)))
		return check_hidden_keys(r, in, GH_DER_CONTEXT(1), cms_layer_auth_enveloped, err);
	return refuse(r, err, "its EncryptedKeyPackage is none of RFC 6032, 2");
}

static int
check_symmetric_keys(struct reading *r, const struct cms_layer *layer, struct gh_error *err)
{
	struct gh_der in = layer->content;

	if (GH_OID_IS(&layer->type, OID_SYMMETRIC_KEYS)) {
		r->form->is_plain = true;
		return sym_key_package_read(in, &r->form->plain_bits)
		    ? 0
		    : refuse(r, err, "its SymmetricKeyPackage is malformed (RFC 6031, 2)");
	}
	if (GH_OID_IS(&layer->type, OID_ENCRYPTED_KEY_PACKAGE))
		return check_encrypted_keys(r, in, err);
	if (!GH_OID_IS(&layer->type, OID_ENVELOPED_DATA))
		return refuse(r, err,
		    "it must hold a SymmetricKeyPackage, EnvelopedData or an EncryptedKeyPackage "
		    "(RFC 8295, 5.1.2)");
	return check_hidden_keys(r, in, GH_DER_SEQUENCE, cms_layer_enveloped, err);
}

static void
name_keys(struct reading *r, struct gh_der attributes)
{
	bool wants_receipt;
	struct gh_der id;

	if (r->form->reference.p == NULL && key_package_id(attributes, &id, &wants_receipt)) {
		r->form->reference = id;
		r->form->wants_receipt = wants_receipt;
	}
}

/* --- firmware (RFC 4108, 2; RFC 8295, 6.1.2) -------------------------------------------------- */

static int
check_firmware_signed(struct reading *r, struct gh_error *err)
{
	const struct cms_signed_layer *s = &r->last;

	if (r->layers > 1)
		return refuse(r, err, "it is signed twice");
	if (r->layers == 0)
		return 0;
	if (s->version != FIRMWARE_SIGNED_VERSION || s->signers != 1 ||
	    s->signed_attributes.p == NULL)
		return refuse(r, err,
		    "SignedData must have version 3, and one SignerInfo with signed attributes "
		    "(RFC 4108, 2.1.2)");
	if (!firmware_name(s->signed_attributes, &r->form->reference))
		return refuse(r, err,
		    "its signed attributes have no firmware package identifier (RFC 4108, 2.2.3)");
	return 0;
}

static int
check_firmware(struct reading *r, const struct cms_layer *layer, struct gh_error *err)
{
	struct gh_der in = layer->content, members, type = layer->type;
	struct cms_hidden_layer hidden = {0};
	bool is_good;
	int rc;

	if ((rc = check_firmware_signed(r, err)) != 0)
		return rc;
	if (GH_OID_IS(&type, OID_FIRMWARE))
		return gh_der_take(&in, GH_DER_OCTETS, NULL) && in.len == 0
		    ? 0
		    : refuse(r, err, "FirmwarePkgData must be an octet string (RFC 4108, 2.1.5)");
	if (!GH_OID_IS(&type, OID_COMPRESSED_DATA) && !GH_OID_IS(&type, OID_ENCRYPTED_DATA))
		return refuse(r, err,
		    "it must be a firmware package that is bare, compressed, encrypted or signed");
	is_good = gh_der_take(&in, GH_DER_SEQUENCE, &members) && in.len == 0 &&
	    (GH_OID_IS(&layer->type, OID_COMPRESSED_DATA) ? cms_compressed_type(members, &type)
							  : cms_layer_encrypted(members, &hidden));
	if (!is_good)
		return refuse(r, err, "its compressed or encrypted layer is malformed");
	if (hidden.type.p != NULL)
		type = hidden.type;
	if (GH_OID_IS(&layer->type, OID_ENCRYPTED_DATA) && GH_OID_IS(&type, OID_COMPRESSED_DATA)) {
		note_layer(r, &type);
		return 0;
	}
	return GH_OID_IS(&type, OID_FIRMWARE)
	    ? 0
	    : refuse(r, err, "what is compressed or encrypted is no firmware package");
}

/* --- TAMP (RFC 5934, 4; RFC 8295, 7.1) -------------------------------------------------------- */

static int
check_tamp(struct reading *r, const struct cms_layer *layer, struct gh_error *err)
{
	enum tamp_message message;

	if (!tamp_type_read(&layer->type, &message))
		return refuse(r, err, "it is no message of TAMP");
	if (message != r->info->tamp)
		return gh_refuse(err, GH_E_BAD_REQUEST, "this is no %s: the message is tamp-%s",
		    r->info->word, tamp_word(message));
	if (r->layers != 1 || r->last.signers != 1)
		return refuse(r, err, "a message of TAMP must be signed once (RFC 5934, 4)");
	if (!tamp_message_read(message, layer->content, &r->form->reference))
		return refuse(r, err, "the message is malformed (RFC 5934, 4)");
	r->form->wants_receipt = true;
	return 0;
}

/* --- layers ----------------------------------------------------------------------------------- */

static int
check_kind(struct reading *r, const struct cms_layer *layer, struct gh_error *err)
{
	if (r->info->tamp != 0)
		return check_tamp(r, layer, err);
	return r->kind == PACKAGE_FIRMWARE ? check_firmware(r, layer, err)
					   : check_symmetric_keys(r, layer, err);
}

/* Through what is signed to what is in it. */
static int
read_layers(struct reading *r, struct cms_layer layer, struct gh_error *err)
{
	note_layer(r, &layer.type);
	while (GH_OID_IS(&layer.type, GH_OID_PKCS7_SIGNED_DATA)) {
		if (r->layers++ == SIGNED_LAYERS_MAX)
			return refuse(r, err, "it is signed too often");
		if (!cms_layer_signed(layer.content, &r->last))
			return refuse(r, err, "its SignedData is malformed (RFC 5652, 5)");
		if (r->last.signers == 0)
			return refuse(r, err, "its SignedData has no signature");
		if (r->last.content.p == NULL || r->last.content.len == 0)
			return refuse(r, err, "what is signed is not in it");
		name_keys(r, r->last.signed_attributes);
		layer = (struct cms_layer){r->last.type, r->last.content};
		note_layer(r, &layer.type);
	}
	r->form->is_signed = r->layers > 0;
	return check_kind(r, &layer, err);
}

static void
put_media(struct reading *r)
{
	char *out = r->form->media;
	const char *quote = strchr(r->outer, ',') != NULL ? "\"" : "";
	bool has_outer = r->outer[0] != '\0';

	if (r->info->tamp != 0)
		snprintf(out, PACKAGE_MEDIA_SIZE, "application/tamp-%s", tamp_word(r->info->tamp));
	else
		snprintf(out, PACKAGE_MEDIA_SIZE, "application/cms%s%s%s%s; innerContent=%s",
		    has_outer ? "; encapsulatingContent=" : "", has_outer ? quote : "", r->outer,
		    has_outer ? quote : "",
		    r->kind == PACKAGE_FIRMWARE ? "firmwarePackage" : "sKeyPackage");
}

/* --- certificates ----------------------------------------------------------------------------- */

static X509 *
parse_certificate(const void *bytes, size_t len)
{
	const unsigned char *p = bytes, *end = p + len;
	STACK_OF(X509) *all = NULL;
	X509 *cert = NULL;

	if (len > 0 && p[0] == GH_DER_SEQUENCE) {
		cert = d2i_X509(NULL, &p, (long)len);
		if (cert == NULL || p == end)
			return cert;
		X509_free(cert);
		return NULL;
	}
	if (gh_pem_read_certs(bytes, len, &all, NULL) == 0 && sk_X509_num(all) == 1)
		cert = sk_X509_shift(all);
	sk_X509_pop_free(all, X509_free);
	return cert;
}

static int
read_certificate(struct reading *r, const void *bytes, size_t len, struct gh_error *err)
{
	X509 *cert = parse_certificate(bytes, len);
	unsigned char *der = NULL;
	int n;

	if (cert == NULL)
		return refuse(r, err, "it must be one certificate, DER or PEM");
	if ((n = i2d_X509(cert, &der)) > 0)
		gh_buf_put(&r->form->der, der, (size_t)n);
	OPENSSL_free(der);
	X509_free(cert);
	snprintf(r->form->media, sizeof(r->form->media),
	    "application/pkcs7-mime; smime-type=certs-only");
	return n > 0 ? gh_buf_check(&r->form->der, err) : gh_fail(err, GH_E_NOMEM, "certificate");
}

int
package_form_read(enum package_kind kind, const void *bytes, size_t len, struct package_form *out,
    struct gh_error *err)
{
	struct reading r = {.form = out, .kind = kind, .info = package_kind_info(kind)};
	struct cms_layer layer;
	int rc;

	memset(out, 0, sizeof(*out));
	gh_buf_init(&out->der, CMS_DER_MAX);
	out->der.secret = kind == PACKAGE_SYMMETRIC_KEYS;
	if (len > CMS_DER_MAX)
		return gh_refuse(err, GH_E_TOO_LARGE, "a package has at most %zu bytes",
		    CMS_DER_MAX);
	if (kind == PACKAGE_EE_CERTIFICATE)
		return read_certificate(&r, bytes, len, err);
	if (!cms_open(bytes, len, &out->der, &layer))
		return refuse(&r, err,
		    "it must be a ContentInfo of CMS in DER or BER, nested at most 24 deep "
		    "(RFC 8295, 5 to 7)");
	if ((rc = read_layers(&r, layer, err)) == 0)
		put_media(&r);
	return rc;
}

void
package_form_clear(struct package_form *f)
{
	gh_buf_free(&f->der);
	memset(f, 0, sizeof(*f));
}
