/* Asked for and given, side by side. See request_diff.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "formats/extension_text.h"
#include "formats/names_text.h"

#include "request_diff.h"

/* --- rows ------------------------------------------------------------------------------------- */

/* The array that is made, and whether memory ran out. */
struct diff {
	gh_json *rows;
	bool has_result; /* there will be a certificate */
	bool failed;
};

static const char *
state_of(const struct diff *d, const char *asked, const char *result)
{
	if (!d->has_result)
		return "asked";
	if (asked == NULL || result == NULL)
		return asked == NULL ? "added" : "dropped";
	return strcmp(asked, result) == 0 ? "same" : "changed";
}

static void
put_row(struct diff *d, const char *name, const char *label, const char *asked, const char *result,
    const char *state)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "name", name) == 0 &&
	    gh_json_set_string(o, "label", label) == 0 &&
	    gh_json_set_string(o, "asked", asked) == 0 &&
	    gh_json_set_string(o, "result", result) == 0 &&
	    gh_json_set_string(o, "state", state) == 0) {
		d->failed |= gh_json_append(d->rows, o) != 0;
		return;
	}
	gh_json_free(o);
	d->failed = true;
}

/* --- names ------------------------------------------------------------------------------------ */

static void
put_subject(struct diff *d, const struct ca_pkcs10 *csr, const struct cert_spec *spec)
{
	char *asked = ca_dn_text(X509_REQ_get_subject_name(csr->req));
	char *result = spec != NULL ? ca_dn_text(spec->subject) : NULL;

	if (asked == NULL || (spec != NULL && result == NULL))
		d->failed = true;
	else
		put_row(d, "subject", NULL, asked, result, state_of(d, asked, result));
	free(asked);
	free(result);
}

static X509_EXTENSION *
find(const STACK_OF(X509_EXTENSION) * list, const ASN1_OBJECT *oid)
{
	int i = list != NULL ? X509v3_get_ext_by_OBJ(list, oid, -1) : -1;

	return i < 0 ? NULL : X509v3_get_ext(list, i);
}

/* NULL: out of memory. */
static gh_json *
san_of(const STACK_OF(X509_EXTENSION) * list)
{
	X509_EXTENSION *ext = find(list, OBJ_nid2obj(NID_subject_alt_name));
	const ASN1_OCTET_STRING *der = ext != NULL ? X509_EXTENSION_get_data(ext) : NULL;

	return der == NULL
	    ? gh_json_new_array()
	    : ca_san_json_der(ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der));
}

static bool
has_text(const gh_json *list, const char *text)
{
	for (size_t i = 0; i < gh_json_size(list); i++)
		if (strcmp(gh_json_string(gh_json_at(list, i)), text) == 0)
			return true;
	return false;
}

static void
put_san(struct diff *d, const struct ca_pkcs10 *csr, const struct cert_spec *spec)
{
	gh_json *asked = san_of(csr->extensions),
		*result = spec != NULL ? san_of(spec->extensions) : gh_json_new_array();

	d->failed |= asked == NULL || result == NULL;
	for (size_t i = 0; !d->failed && i < gh_json_size(asked); i++) {
		const char *text = gh_json_string(gh_json_at(asked, i)),
			   *got = has_text(result, text) ? text : NULL;

		put_row(d, "san", NULL, text, got, state_of(d, text, got));
	}
	for (size_t i = 0; !d->failed && i < gh_json_size(result); i++) {
		const char *text = gh_json_string(gh_json_at(result, i));

		if (!has_text(asked, text))
			put_row(d, "san", NULL, NULL, text, state_of(d, NULL, text));
	}
	gh_json_free(asked);
	gh_json_free(result);
}

/* --- key -------------------------------------------------------------------------------------- */

static void
put_key(struct diff *d, const struct ca_pkcs10 *csr)
{
	const char *type = ca_key_type_name(csr->key_type);
	char text[64];

	if (csr->key_type == CA_KEY_EC)
		snprintf(text, sizeof(text), "%s %s", type, csr->curve);
	else if (csr->key_type == CA_KEY_RSA)
		snprintf(text, sizeof(text), "%s %d", type, csr->key_bits);
	else
		snprintf(text, sizeof(text), "%s", type);
	put_row(d, "key", NULL, text, d->has_result ? text : NULL,
	    d->has_result ? "same" : "asked");
}

/* --- extensions ------------------------------------------------------------------------------- */

/* RFC 5280: the CA makes these for each certificate. */
static bool
is_of_ca(const ASN1_OBJECT *oid)
{
	switch (OBJ_obj2nid(oid)) {
	case NID_subject_key_identifier:
	case NID_authority_key_identifier:
	case NID_crl_distribution_points:
	case NID_freshest_crl:
	case NID_info_access:
		return true;
	default:
		return false;
	}
}

static bool
is_san(X509_EXTENSION *ext)
{
	return OBJ_obj2nid(X509_EXTENSION_get_object(ext)) == NID_subject_alt_name;
}

/* The encodings are compared: two that print alike may differ. */
static bool
is_same(X509_EXTENSION *a, X509_EXTENSION *b)
{
	return X509_EXTENSION_get_critical(a) == X509_EXTENSION_get_critical(b) &&
	    ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(a), X509_EXTENSION_get_data(b)) == 0;
}

/* One of the two may be NULL. */
static void
put_extension(struct diff *d, X509_EXTENSION *asked, X509_EXTENSION *result)
{
	X509_EXTENSION *any = asked != NULL ? asked : result;
	bool is_made = d->has_result && asked != NULL && is_of_ca(X509_EXTENSION_get_object(any));
	char *label = ca_extension_name(any);
	char *from = asked != NULL ? ca_extension_text(asked) : NULL;
	char *to = result != NULL ? ca_extension_text(result) : NULL;

	if (label == NULL || (asked != NULL && from == NULL) || (result != NULL && to == NULL))
		d->failed = true;
	else
		put_row(d, "extension", label, from, to,
		    is_made                               ? "ca"
			: asked == NULL || result == NULL ? state_of(d, from, to)
			: is_same(asked, result)          ? "same"
							  : "changed");
	free(label);
	free(from);
	free(to);
}

static void
put_extensions(struct diff *d, const struct ca_pkcs10 *csr, const struct cert_spec *spec)
{
	const STACK_OF(X509_EXTENSION) *result = spec != NULL ? spec->extensions : NULL;

	for (int i = 0; i < sk_X509_EXTENSION_num(csr->extensions); i++) {
		X509_EXTENSION *ext = sk_X509_EXTENSION_value(csr->extensions, i);

		if (!is_san(ext))
			put_extension(d, ext, find(result, X509_EXTENSION_get_object(ext)));
	}
	for (int i = 0; i < sk_X509_EXTENSION_num(result); i++) {
		X509_EXTENSION *ext = sk_X509_EXTENSION_value(result, i);

		if (!is_san(ext) && find(csr->extensions, X509_EXTENSION_get_object(ext)) == NULL)
			put_extension(d, NULL, ext);
	}
}

int
request_diff(const struct ca_pkcs10 *csr, const struct cert_spec *spec, gh_json **out,
    struct gh_error *err)
{
	struct diff d = {.rows = gh_json_new_array(), .has_result = spec != NULL};

	*out = NULL;
	if (d.rows == NULL)
		return gh_fail(err, GH_E_NOMEM, "difference");
	put_subject(&d, csr, spec);
	put_san(&d, csr, spec);
	put_key(&d, csr);
	put_extensions(&d, csr, spec);
	if (d.failed) {
		gh_json_free(d.rows);
		return gh_fail(err, GH_E_NOMEM, "difference");
	}
	*out = d.rows;
	return 0;
}
