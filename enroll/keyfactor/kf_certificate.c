/* A certificate as KeyfactorAPI tells it. See kf_certificate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "formats/revocation_reason.h"

#include "kf_certificate.h"

#define NAME_SIZE 128
#define POINTS_MAX 20       /* addresses of CRLs that are told */
#define POINT_SIZE_MAX 2048 /* bytes of one */

/* Numbers of states and kinds of keys, as far as they are known (docs/keyfactor-api.md). */
enum kf_state { KF_ACTIVE = 1, KF_REVOKED = 2 };
enum kf_key { KF_KEY_UNKNOWN = 0, KF_KEY_RSA = 1, KF_KEY_DSA = 2, KF_KEY_ECC = 3 };

static X509 *
read_pem(const char *pem)
{
	BIO *in = BIO_new_mem_buf(pem, -1);
	X509 *x = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	ERR_clear_error();
	return x;
}

/* ---- what is in it ---- */

static int
set_key(gh_json *o, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int id = key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	bool is_rsa = id == EVP_PKEY_RSA, is_ec = id == EVP_PKEY_EC;

	return gh_json_set_int(o, "KeySizeInBits", key != NULL ? EVP_PKEY_get_bits(key) : 0) |
	    gh_json_set_int(o, "KeyType",
		is_rsa      ? KF_KEY_RSA
		    : is_ec ? KF_KEY_ECC
			    : KF_KEY_UNKNOWN) |
	    gh_json_set_string(o, "KeyTypeString",
		is_rsa      ? "RSA"
		    : is_ec ? "ECC"
			    : "Unknown");
}

static int
set_usage_words(gh_json *o, uint32_t usage)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} bits[] = {{"DigitalSignature", KU_DIGITAL_SIGNATURE},
	    {"NonRepudiation", KU_NON_REPUDIATION}, {"KeyEncipherment", KU_KEY_ENCIPHERMENT},
	    {"DataEncipherment", KU_DATA_ENCIPHERMENT}, {"KeyAgreement", KU_KEY_AGREEMENT},
	    {"KeyCertSign", KU_KEY_CERT_SIGN}, {"CrlSign", KU_CRL_SIGN},
	    {"EncipherOnly", KU_ENCIPHER_ONLY}, {"DecipherOnly", KU_DECIPHER_ONLY}};
	gh_json *e = gh_json_new_object();
	char hex[16];
	int bad = 0;

	snprintf(hex, sizeof(hex), "0x%x", usage);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		bad |= gh_json_set_bool(e, bits[i].name, (usage & bits[i].bit) != 0);
	return bad | gh_json_set_string(e, "HexCode", hex) | gh_json_set(o, "DetailedKeyUsage", e);
}

/* The bits of RFC 5280, 4.2.1.3 as OpenSSL and CryptoAPI number them. */
static int
set_usage(gh_json *o, X509 *x)
{
	EXTENDED_KEY_USAGE *all = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	uint32_t usage = X509_get_key_usage(x);
	gh_json *list = gh_json_new_array();
	int bad = gh_json_set_int(o, "KeyUsage", usage == UINT32_MAX ? 0 : usage) |
	    set_usage_words(o, usage == UINT32_MAX ? 0 : usage);
	char oid[NAME_SIZE];

	for (int i = 0; all != NULL && i < sk_ASN1_OBJECT_num(all); i++) {
		const ASN1_OBJECT *one = sk_ASN1_OBJECT_value(all, i);
		gh_json *e = gh_json_new_object();
		int nid = OBJ_obj2nid(one);

		OBJ_obj2txt(oid, sizeof(oid), one, 1);
		bad |= gh_json_set_int(e, "Id", i + 1) | gh_json_set_string(e, "Oid", oid) |
		    gh_json_set_string(e, "DisplayName", nid != NID_undef ? OBJ_nid2ln(nid) : oid);
		bad |= gh_json_append(list, e);
	}
	EXTENDED_KEY_USAGE_free(all);
	ERR_clear_error();
	return bad | gh_json_set(o, "ExtendedKeyUsages", list);
}

/* RFC 3986, 2: what is no ASCII that one sees is no address. */
static bool
is_address(const ASN1_IA5STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);

	for (int i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f)
			return false;
	return n > 0 && n <= POINT_SIZE_MAX;
}

static int
add_point(gh_json *list, const GENERAL_NAME *name)
{
	gh_json *e;
	char text[POINT_SIZE_MAX + 1];
	int bad;

	if (name->type != GEN_URI || !is_address(name->d.uniformResourceIdentifier) ||
	    gh_json_size(list) >= POINTS_MAX)
		return 0;
	snprintf(text, sizeof(text), "%.*s", ASN1_STRING_length(name->d.uniformResourceIdentifier),
	    (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier));
	e = gh_json_new_object();
	bad = gh_json_set_int(e, "Id", (int64_t)gh_json_size(list) + 1) |
	    gh_json_set_string(e, "Url", text) | gh_json_set_string(e, "UrlHash", "");
	return bad | gh_json_append(list, e);
}

/* RFC 5280, 4.2.1.13: the addresses alone; a name below that of the issuer is none. */
static int
set_points(gh_json *o, X509 *x)
{
	CRL_DIST_POINTS *all = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (int i = 0; all != NULL && i < sk_DIST_POINT_num(all); i++) {
		const DIST_POINT_NAME *at = sk_DIST_POINT_value(all, i)->distpoint;

		for (int k = 0;
		     at != NULL && at->type == 0 && k < sk_GENERAL_NAME_num(at->name.fullname); k++)
			bad |= add_point(list, sk_GENERAL_NAME_value(at->name.fullname, k));
	}
	CRL_DIST_POINTS_free(all);
	ERR_clear_error();
	return bad | gh_json_set(o, "CRLDistributionPoints", list);
}

/* base64 of the DER: PEM without its armour and line ends. */
static int
set_content(gh_json *o, const char *pem)
{
	char *text = malloc(strlen(pem) + 1), *to = text;
	int bad;

	for (const char *p = pem; text != NULL && *p != '\0';
	     p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strcspn(p, "\r\n");

		if (*p != '-') {
			memcpy(to, p, n);
			to += n;
		}
	}
	if (text != NULL)
		*to = '\0';
	bad = text == NULL ? -1 : gh_json_set_string(o, "ContentBytes", text);
	free(text);
	return bad;
}

static int
set_parsed(gh_json *o, const char *pem)
{
	X509 *x = read_pem(pem);
	int bad = set_content(o, pem);

	if (x == NULL)
		return bad;
	bad |= set_key(o, x) | set_usage(o, x) | set_points(o, x) |
	    gh_json_set_string(o, "SigningAlgorithm", OBJ_nid2ln(X509_get_signature_nid(x)));
	X509_free(x);
	return bad;
}

char *
kf_name_part(const char *subject, const char *part, char *out, size_t size)
{
	size_t n = strlen(part), len = 0;

	*out = '\0';
	for (const char *p = subject; *p != '\0';) {
		bool found = strncasecmp(p, part, n) == 0 && p[n] == '=';
		const char *v = p + n + 1;

		for (; found && *v != '\0' && *v != ',' && *v != '+' && len + 1 < size; v++) {
			v += *v == '\\' && v[1] != '\0';
			out[len++] = *v;
		}
		if (found) {
			out[len] = '\0';
			return out;
		}
		while (*p != '\0' && *p != ',' && *p != '+')
			p += *p == '\\' && p[1] != '\0' ? 2 : 1;
		p += strspn(p, ",+ ");
	}
	return out;
}

/* ---- its names ---- */

/* Numbers of the vendor's SubjectAltNameElements. */
static int
name_type(const char *name)
{
	static const struct {
		const char *prefix;
		int type;
	} types[] = {{"rfc822:", 1}, {"email:", 1}, {"dns:", 2}, {"directory:", 4}, {"uri:", 6},
	    {"ip:", 7}, {"rid:", 8}, {"upn:", 100}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncasecmp(name, types[i].prefix, strlen(types[i].prefix)) == 0)
			return types[i].type;
	return 0;
}

static int
set_names(gh_json *o, const gh_json *sans)
{
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < gh_json_size(sans); i++) {
		const char *name = gh_json_string(gh_json_at(sans, i));
		const char *value = name != NULL ? strchr(name, ':') : NULL;
		gh_json *e = gh_json_new_object();

		bad |= gh_json_set_int(e, "Id", (int64_t)i + 1) |
		    gh_json_set_string(e, "Value", value != NULL ? value + 1 : "") |
		    gh_json_set_int(e, "Type", name != NULL ? name_type(name) : 0) |
		    gh_json_set_string(e, "ValueHash", "");
		bad |= gh_json_append(list, e);
	}
	return bad | gh_json_set(o, "SubjectAltNameElements", list);
}

/* ---- what is known of it ---- */

/* An entry is the vendor's own form of "reason". */
static int
set_state(gh_json *o, const gh_json *row)
{
	const char *status = kf_string(row, "status");
	bool is_revoked = strcmp(status, "valid") != 0 && strcmp(status, "foreign") != 0;
	int reason = 0;

	if (is_revoked && !revocation_reason_parse(kf_string(row, "reason"), &reason))
		reason = 0;
	return gh_json_set_int(o, "CertState", is_revoked ? KF_REVOKED : KF_ACTIVE) |
	    gh_json_set_string(o, "CertStateString", is_revoked ? "Revoked" : "Active") |
	    gh_json_set_string(o, "RevocationEffDate",
		is_revoked ? gh_json_string(gh_json_get(row, "revoked_at")) : NULL) |
	    (is_revoked ? gh_json_set_int(o, "RevocationReason", reason)
			: gh_json_set(o, "RevocationReason", gh_json_new_string(NULL))) |
	    gh_json_set_string(o, "RevocationComment",
		is_revoked ? gh_json_string(gh_json_get(row, "comment")) : NULL);
}

static int
copy_number(gh_json *o, const char *to, const gh_json *row, const char *from)
{
	int64_t n = 0;

	(void)gh_json_int(gh_json_get(row, from), &n);
	return gh_json_set_int(o, to, n);
}

static int
copy_texts(gh_json *o, const gh_json *row)
{
	static const struct {
		const char *to, *from;
	} texts[] = {{"Thumbprint", "thumbprint"}, {"SerialNumber", "serial"},
	    {"IssuedDN", "subject"}, {"ImportDate", "not_before"}, {"NotBefore", "not_before"},
	    {"NotAfter", "not_after"}, {"IssuerDN", "issuer"}, {"TemplateName", "template"},
	    {"CertificateAuthorityName", "ca"}, {"RequesterName", "requester"},
	    {"PrincipalName", "requester"}};
	int bad = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bad |= gh_json_set_string(o, texts[i].to, kf_string(row, texts[i].from));
	return bad;
}

/* Empty, but for what set_parsed finds. */
static int
set_lists(gh_json *o)
{
	static const char *const lists[] = {"CRLDistributionPoints", "LocationsCount",
	    "SSLLocations", "Locations"};
	int bad = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		bad |= gh_json_set(o, lists[i], gh_json_new_array());
	return bad;
}

/* The KRA's is the one place where keys are kept: what is archived there can be recovered, when
 * agents have agreed. HasPrivateKey is of a key that is had for the asking, of which there is none:
 * the Terraform provider asks for it at each read, and fails where it does not get it. */
static int
set_archived(gh_json *o, const gh_json *row)
{
	bool is_archived = *kf_string(row, "archived_key") != '\0';

	return gh_json_set_bool(o, "ArchivedKey", is_archived) |
	    gh_json_set_bool(o, "HasPrivateKey", false) |
	    gh_json_set_bool(o, "KeyRecoverable", is_archived);
}

/* Clients take texts only. */
static gh_json *
as_text(gh_json *v)
{
	char text[24];
	int64_t n = 0;

	if (gh_json_type(v) == GH_JSON_BOOL)
		return gh_json_new_string(gh_json_bool(v, false) ? "true" : "false");
	if (gh_json_type(v) != GH_JSON_INT || !gh_json_int(v, &n))
		return gh_json_ref(v);
	snprintf(text, sizeof(text), "%lld", (long long)n);
	return gh_json_new_string(text);
}

gh_json *
kf_metadata(const struct worker_env *env, const gh_json *values)
{
	const struct catalog *c = env->catalog;
	gh_json *o = gh_json_new_object();
	int bad = o == NULL;

	for (size_t i = 0; i < c->fields; i++) {
		gh_json *v = gh_json_get(values, c->field[i].name);

		if (c->field[i].allow_api && gh_json_type(v) != GH_JSON_NULL)
			bad |= gh_json_set(o, c->field[i].name, as_text(v));
	}
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

int
kf_metadata_check(const struct worker_env *env, const gh_json *values, struct gh_error *err)
{
	for (void *it = gh_json_iter(values); it != NULL; it = gh_json_next(values, it)) {
		const struct metadata_field *f = metadata_field_find(env->catalog->field,
		    env->catalog->fields, gh_json_iter_name(it));

		if (f == NULL || !f->allow_api)
			return gh_refuse(err, GH_E_METADATA,
			    "metadata field \"%.64s\" is not defined", gh_json_iter_name(it));
	}
	return 0;
}

gh_json *
kf_certificate(const struct worker_env *env, const gh_json *row, bool with_metadata)
{
	const struct catalog_template *t =
	    catalog_find_template(env->catalog, kf_string(row, "template"));
	const char *subject = kf_string(row, "subject");
	gh_json *o = gh_json_new_object();
	char part[NAME_SIZE * 4];
	int bad = copy_number(o, "Id", row, "id") | copy_texts(o, row) | set_state(o, row) |
	    copy_number(o, "CertRequestId", row, "request_id") |
	    copy_number(o, "CertificateAuthorityId", row, "ca_id") |
	    gh_json_set_int(o, "TemplateId", t != NULL ? t->id : 0) |
	    gh_json_set_string(o, "IssuedCN", kf_name_part(subject, "CN", part, sizeof(part))) |
	    gh_json_set_string(o, "IssuedOU", kf_name_part(subject, "OU", part, sizeof(part))) |
	    gh_json_set_string(o, "IssuedEmail",
		kf_name_part(subject, "emailAddress", part, sizeof(part))) |
	    set_names(o, gh_json_get(row, "sans")) | set_lists(o) | set_archived(o, row) |
	    gh_json_set(o, "Metadata",
		with_metadata ? kf_metadata(env, gh_json_get(row, "metadata"))
			      : gh_json_new_object());

	if (*kf_string(row, "pem") != '\0')
		bad |= set_parsed(o, kf_string(row, "pem"));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}
