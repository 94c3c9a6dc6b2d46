/* See est_attrs.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "der.h"
#include "hex.h"

#include "est_attrs.h"

#define ITEMS_MAX 64
#define NAME_SIZE 128 /* bytes of an object identifier as text */
#define VALUE_MAX 64  /* octets of a value that is shown */
#define IDENTITY_LINKING "1.2.840.113549.1.9.16.2.58"

/* ---- texts ---- */

/* An OBJECT IDENTIFIER, whole: dotted and, where OpenSSL knows one, its name. */
static bool
print_oid(const struct gh_der *whole, char oid[NAME_SIZE], char name[NAME_SIZE])
{
	const unsigned char *p = whole->p;
	ASN1_OBJECT *o = whole->len <= INT_MAX ? d2i_ASN1_OBJECT(NULL, &p, (long)whole->len) : NULL;
	bool ok = o != NULL && OBJ_obj2txt(oid, NAME_SIZE, o, 1) > 0 &&
	    OBJ_obj2txt(name, NAME_SIZE, o, 0) > 0;

	ASN1_OBJECT_free(o);
	ERR_clear_error();
	return ok;
}

/* An object identifier by its name, a small number, or hex, perhaps cut. */
static bool
print_value(const struct gh_der *whole, char out[NAME_SIZE + 8])
{
	struct gh_der in = *whole;
	char oid[NAME_SIZE];
	unsigned number;
	size_t n;

	if (gh_der_has_tag(whole, GH_DER_OID))
		return print_oid(whole, oid, out);
	if (gh_der_take_u32(&in, &number)) {
		snprintf(out, NAME_SIZE, "%u", number);
		return true;
	}
	n = whole->len < VALUE_MAX ? whole->len : VALUE_MAX;
	(void)gh_hex_lower(whole->p, n < NAME_SIZE / 2 - 2 ? n : NAME_SIZE / 2 - 2, out);
	if (n < whole->len)
		strcat(out, "...");
	return true;
}

/* ---- what it means ---- */

static const struct {
	int nid;
	const char *value; /* name of the curve, or the bits */
	const char *key_type;
} keys[] = {
    {NID_X9_62_id_ecPublicKey, SN_X9_62_prime256v1, "P-256"},
    {NID_X9_62_id_ecPublicKey, SN_secp384r1, "P-384"},
    {NID_rsaEncryption, "2048", "RSA-2048"},
    {NID_rsaEncryption, "3072", "RSA-3072"},
    {NID_rsaEncryption, "4096", "RSA-4096"},
    {NID_ED25519, NULL, "Ed25519"},
};

static void
note_key(const char *oid, const char *value, struct est_attrs *out)
{
	int nid = OBJ_txt2nid(oid);

	for (size_t i = 0; out->key_type == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].nid == nid &&
		    (keys[i].value == NULL || (value != NULL && strcmp(keys[i].value, value) == 0)))
			out->key_type = keys[i].key_type;
}

static void
note(const char *oid, const char *value, struct est_attrs *out)
{
	if (OBJ_txt2nid(oid) == NID_pkcs9_challengePassword || strcmp(oid, IDENTITY_LINKING) == 0)
		out->wants_link = true;
	note_key(oid, value, out);
}

/* ---- reading ---- */

/* The values of an Attribute; in: its SET. */
static bool
take_values(struct gh_der *in, const char *oid, gh_json *values, struct est_attrs *out)
{
	char text[NAME_SIZE + 8];
	struct gh_der whole;

	for (size_t n = 0; in->len > 0; n++) {
		if (n == ITEMS_MAX || !gh_der_next(in, NULL, &whole, NULL) ||
		    !print_value(&whole, text) ||
		    gh_json_append(values, gh_json_new_string(text)) != 0)
			return false;
		note(oid, text, out);
	}
	return true;
}

/* AttrOrOID */
static bool
take_item(struct gh_der *in, struct est_attrs *out)
{
	struct gh_der attribute, type, set = {0};
	char oid[NAME_SIZE], name[NAME_SIZE];
	gh_json *row, *values;
	bool ok;

	if (!gh_der_take_whole(in, GH_DER_OID, &type) &&
	    !(gh_der_take(in, GH_DER_SEQUENCE, &attribute) &&
		gh_der_take_whole(&attribute, GH_DER_OID, &type) &&
		gh_der_take(&attribute, GH_DER_SET, &set) && attribute.len == 0))
		return false;
	if (!print_oid(&type, oid, name))
		return false;
	note(oid, NULL, out);
	row = gh_json_new_object();
	values = gh_json_new_array();
	ok = take_values(&set, oid, values, out) && gh_json_set_string(row, "name", name) == 0 &&
	    gh_json_set_string(row, "oid", oid) == 0;
	ok = gh_json_set(row, "values", values) == 0 && ok;
	return gh_json_append(out->list, row) == 0 && ok;
}

void
est_attrs_clear(struct est_attrs *a)
{
	gh_json_free(a->list);
	memset(a, 0, sizeof(*a));
}

int
est_attrs_read(const unsigned char *der, size_t len, struct est_attrs *out, struct gh_error *err)
{
	struct gh_der in = {der, len}, list;
	size_t n = 0;
	bool ok;

	memset(out, 0, sizeof(*out));
	out->list = gh_json_new_array();
	ok = out->list != NULL && gh_der_take(&in, GH_DER_SEQUENCE, &list) && in.len == 0;
	while (ok && list.len > 0)
		ok = n++ < ITEMS_MAX && take_item(&list, out);
	if (ok)
		return 0;
	est_attrs_clear(out);
	return gh_refuse(err, GH_E_BAD_REQUEST, "the server's list of attributes cannot be read");
}

int
est_attrs_fetch(struct est_server *s, struct est_attrs *out, struct gh_error *err)
{
	static const unsigned char none[] = {GH_DER_SEQUENCE, 0};
	struct est_reply reply;
	unsigned char *der;
	size_t len;
	int rc = est_call(s, &(struct est_call){.operation = "csrattrs"}, &reply, err);

	memset(out, 0, sizeof(*out));
	if (rc == GH_E_NOT_FOUND) {
		gh_error_clear(err);
		return est_attrs_read(none, sizeof(none), out, err);
	}
	if (rc != 0)
		return rc;
	if (reply.status != 200)
		rc = est_attrs_read(none, sizeof(none), out, err);
	else if ((rc = est_reply_der(&reply, &der, &len, err)) == 0) {
		rc = est_attrs_read(der, len, out, err);
		free(der);
	}
	est_reply_clear(&reply);
	return rc;
}
