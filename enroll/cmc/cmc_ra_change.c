/* Requests that RAs change (RFC 5272, 6.5). See cmc_ra.h. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "formats/request_fields.h"

#include "cmc_ra.h"
#include "ra_statement.h"

/* What one message has changed so far: two things that it says of one field would be a choice. */
struct touched {
	bool subject;
	STACK_OF(ASN1_OBJECT) * types; /* of extensions; owned */
};

static bool
touch(struct touched *t, const ASN1_OBJECT *type)
{
	ASN1_OBJECT *copy;

	for (int i = 0; i < sk_ASN1_OBJECT_num(t->types); i++)
		if (OBJ_cmp(sk_ASN1_OBJECT_value(t->types, i), type) == 0)
			return false;
	if (t->types == NULL && (t->types = sk_ASN1_OBJECT_new_null()) == NULL)
		return false;
	if ((copy = OBJ_dup(type)) != NULL && sk_ASN1_OBJECT_push(t->types, copy) > 0)
		return true;
	ASN1_OBJECT_free(copy);
	return false;
}

static bool
change_subject(const struct ra_statement *s, struct touched *t, struct request_fields *f)
{
	static const struct gh_der none = {NULL, 0};

	if (!s->has_subject)
		return true;
	if (t->subject)
		return false;
	t->subject = true;
	return request_fields_set_subject(f, s->removes ? &none : &s->subject);
}

static bool
change_extension(const struct ra_statement *s, const X509_EXTENSION *e, struct touched *t,
    struct request_fields *f)
{
	const ASN1_OBJECT *type = X509_EXTENSION_get_object((X509_EXTENSION *)e);

	if (!touch(t, type))
		return false;
	if (!s->removes)
		return request_fields_set_extension(f, e);
	request_fields_remove_extension(f, type);
	return true;
}

/* false: malformed, or a field that this message has changed already. */
static bool
apply(const struct ra_statement *s, struct touched *t, struct request_fields *f)
{
	struct gh_der left = s->extensions, one;
	bool ok = change_subject(s, t, f);

	while (ok && left.len > 0) {
		X509_EXTENSION *e = NULL;

		if (gh_der_take_whole(&left, GH_DER_SEQUENCE, &one))
			e = d2i_X509_EXTENSION(NULL, &one.p, (long)one.len);
		ok = e != NULL && change_extension(s, e, t, f);
		X509_EXTENSION_free(e);
	}
	ERR_clear_error();
	return ok;
}

/* What all messages say, from the innermost to the outermost: *n is how much. */
static bool
apply_all(const struct cmc_run *r, size_t i, struct request_fields *f, size_t *n)
{
	struct cmc_ra_walk w = {.r = r, .at = r};
	const struct cmc_run *layer = NULL;
	struct touched t = {.types = NULL};
	const struct ra_statement *s;
	bool ok = true;

	while (ok && (s = cmc_ra_next(&w)) != NULL) {
		const enum cmc_kind kind = s->control->kind;

		if ((kind != CMC_ADD_EXTENSIONS && kind != CMC_MOD_CERT_TEMPLATE) ||
		    !cmc_ra_names(s, r->data.request[i].id))
			continue;
		if (w.at != layer) {
			sk_ASN1_OBJECT_pop_free(t.types, ASN1_OBJECT_free);
			t = (struct touched){.types = NULL};
			layer = w.at;
		}
		++*n;
		ok = apply(s, &t, f);
	}
	sk_ASN1_OBJECT_pop_free(t.types, ASN1_OBJECT_free);
	return ok;
}

int
cmc_ra_change(struct cmc_run *r, size_t i)
{
	struct request_fields f;
	struct ca_pkcs10 *changed = NULL;
	struct gh_error err;
	size_t n = 0;
	int rc = request_fields_read(r->csr[i], &f, &err);

	if (rc == 0 && !apply_all(r, i, &f, &n))
		rc = gh_refuse(&err, GH_E_BAD_REQUEST,
		    "An RA changes one field twice in one message, or by what cannot be read.");
	if (rc == 0 && n > 0)
		rc = request_fields_apply(r->csr[i], &f, &changed, &err);
	request_fields_clear(&f);
	if (rc != 0)
		return cmc_refuse(r, r->data.request[i].id, &err);
	if (changed != NULL) {
		ca_pkcs10_free(r->csr[i]);
		r->csr[i] = changed;
		r->is_changed[i] = true;
	}
	return 0;
}
