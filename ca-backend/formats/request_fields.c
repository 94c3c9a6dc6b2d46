/* Requests that somebody else changed. See request_fields.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "oid.h"

#include "crmf.h"
#include "csr_names.h"
#include "request_fields.h"

#define CHANGE_SUBJECT_NAME GH_OID_PKIX, 7, 36

int
request_fields_read(const struct ca_pkcs10 *csr, struct request_fields *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	out->subject = X509_NAME_dup(X509_REQ_get_subject_name(csr->req));
	out->extensions = csr->extensions != NULL
	    ? sk_X509_EXTENSION_deep_copy(csr->extensions, X509_EXTENSION_dup, X509_EXTENSION_free)
	    : sk_X509_EXTENSION_new_null();
	if (out->subject != NULL && out->extensions != NULL)
		return 0;
	request_fields_clear(out);
	return gh_fail(err, GH_E_NOMEM, "fields of a request");
}

void
request_fields_clear(struct request_fields *f)
{
	X509_NAME_free(f->subject);
	sk_X509_EXTENSION_pop_free(f->extensions, X509_EXTENSION_free);
	memset(f, 0, sizeof(*f));
}

/* --- changes ---------------------------------------------------------------------------------- */

bool
request_fields_set_subject(struct request_fields *f, const struct gh_der *name)
{
	const unsigned char *p = name->p;
	X509_NAME *subject =
	    name->len > 0 ? d2i_X509_NAME(NULL, &p, (long)name->len) : X509_NAME_new();

	ERR_clear_error();
	if (subject == NULL)
		return false;
	X509_NAME_free(f->subject);
	f->subject = subject;
	f->has_new_subject = true;
	return true;
}

void
request_fields_remove_extension(struct request_fields *f, const ASN1_OBJECT *type)
{
	int at = X509v3_get_ext_by_OBJ(f->extensions, type, -1);

	if (at >= 0)
		X509_EXTENSION_free(sk_X509_EXTENSION_delete(f->extensions, at));
	f->has_new_san |= OBJ_obj2nid(type) == NID_subject_alt_name;
}

bool
request_fields_set_extension(struct request_fields *f, const X509_EXTENSION *e)
{
	X509_EXTENSION *copy = X509_EXTENSION_dup(e);

	if (copy == NULL)
		return false;
	request_fields_remove_extension(f, X509_EXTENSION_get_object(copy));
	if (sk_X509_EXTENSION_push(f->extensions, copy) > 0)
		return true;
	X509_EXTENSION_free(copy);
	return false;
}

/* --- as CRMF ---------------------------------------------------------------------------------- */

static void
put_subject(const struct request_fields *f, struct gh_buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509_NAME(f->subject, &der);

	if (n > 0)
		gh_der_put(out, GH_DER_CONTEXT(5), der, (size_t)n);
	else
		out->failed = true;
	OPENSSL_free(der);
}

static void
put_key(const struct ca_pkcs10 *csr, struct gh_buf *out)
{
	struct gh_der in = {csr->spki, csr->spki_len}, key;

	if (gh_der_take(&in, GH_DER_SEQUENCE, &key))
		gh_der_put(out, GH_DER_CONTEXT(6), key.p, key.len);
	else
		out->failed = true;
}

static void
put_extensions(const struct request_fields *f, struct gh_buf *out)
{
	struct gh_buf all;

	gh_buf_init(&all, CA_PKCS10_DER_MAX);
	for (int i = 0; i < sk_X509_EXTENSION_num(f->extensions); i++) {
		unsigned char *der = NULL;
		int n = i2d_X509_EXTENSION(sk_X509_EXTENSION_value(f->extensions, i), &der);

		if (n > 0)
			gh_buf_put(&all, der, (size_t)n);
		else
			all.failed = true;
		OPENSSL_free(der);
	}
	if (all.len > 0)
		gh_der_put(out, GH_DER_CONTEXT(9), all.data, all.len);
	out->failed |= all.failed;
	gh_buf_free(&all);
}

/* Of the client's other names, those that were changed since are the changed ones. */
static int
merge_change(const struct request_fields *f, struct csr_names *names, struct gh_error *err)
{
	int critical = -1;

	if (f->has_new_subject) {
		X509_NAME_free(names->subject);
		if ((names->subject = X509_NAME_dup(f->subject)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "names");
	}
	if (f->has_new_san) {
		GENERAL_NAMES_free(names->san);
		names->san = X509V3_get_d2i(f->extensions, NID_subject_alt_name, &critical, NULL);
		ERR_clear_error();
		if (names->san == NULL && critical != -1)
			return gh_refuse(err, GH_E_SUBJECT,
			    "the SAN in the request cannot be read");
	}
	return 0;
}

/* Controls { changeSubjectName }; an empty subject is none. */
static void
put_names(const struct csr_names *names, struct gh_buf *out)
{
	static const unsigned char type[] = {GH_OID_DER(CHANGE_SUBJECT_NAME)};
	unsigned char *subject = NULL, *san = NULL;
	int n = i2d_X509_NAME(names->subject, &subject), m = 0;
	size_t len, one;

	if (sk_GENERAL_NAME_num(names->san) > 0)
		m = i2d_GENERAL_NAMES(names->san, &san);
	out->failed |= n <= 0 || m < 0;
	if (!out->failed) {
		len = (size_t)n + (size_t)m;
		one = sizeof(type) + gh_der_size(len);
		gh_der_put_header(out, GH_DER_SEQUENCE, gh_der_size(one));
		gh_der_put_header(out, GH_DER_SEQUENCE, one);
		gh_buf_put(out, type, sizeof(type));
		gh_der_put_header(out, GH_DER_SEQUENCE, len);
		gh_buf_put(out, subject, (size_t)n);
		gh_buf_put(out, san, (size_t)m);
	}
	OPENSSL_free(subject);
	OPENSSL_free(san);
}

/* Where the client has asked for other names. */
static int
put_change(const struct ca_pkcs10 *csr, const struct request_fields *f, struct gh_buf *out,
    struct gh_error *err)
{
	struct csr_names names;
	bool found;
	int rc = csr_names_read_change(csr, &found, &names, err);

	if (rc == 0 && found && (rc = merge_change(f, &names, err)) == 0)
		put_names(&names, out);
	csr_names_clear(&names);
	return rc;
}

/* CertRequest ::= SEQUENCE { certReqId, CertTemplate, Controls OPTIONAL } (RFC 4211, 5) */
static void
put_cert_request(const struct ca_pkcs10 *csr, const struct request_fields *f,
    const struct gh_buf *change, struct gh_buf *out)
{
	static const unsigned char id[] = {GH_DER_INTEGER, 1, 0};
	struct gh_buf template, request;

	gh_buf_init(&template, CA_PKCS10_DER_MAX);
	gh_buf_init(&request, CA_PKCS10_DER_MAX);
	put_subject(f, &template);
	put_key(csr, &template);
	put_extensions(f, &template);
	gh_buf_put(&request, id, sizeof(id));
	gh_der_put(&request, GH_DER_SEQUENCE, template.data, template.len);
	gh_buf_put(&request, change->data, change->len);
	gh_der_put(out, GH_DER_SEQUENCE, request.data, request.len);
	out->failed |= template.failed || request.failed;
	gh_buf_free(&template);
	gh_buf_free(&request);
}

int
request_fields_apply(const struct ca_pkcs10 *csr, const struct request_fields *f,
    struct ca_pkcs10 **out, struct gh_error *err)
{
	static const unsigned char ra_verified[] = {GH_DER_PRIMITIVE(0), 0};
	struct gh_buf message, all, change;
	int rc;

	*out = NULL;
	gh_buf_init(&change, CA_PKCS10_DER_MAX);
	gh_buf_init(&message, CA_PKCS10_DER_MAX);
	gh_buf_init(&all, CA_PKCS10_DER_MAX);
	rc = put_change(csr, f, &change, err);
	put_cert_request(csr, f, &change, &message);
	gh_buf_put(&message, ra_verified, sizeof(ra_verified));
	gh_der_put_header(&all, GH_DER_SEQUENCE, gh_der_size(message.len));
	gh_der_put(&all, GH_DER_SEQUENCE, message.data, message.len);
	if (rc == 0 && (message.failed || all.failed || change.failed))
		rc = gh_refuse(err, GH_E_CSR, "CSR: longer than %d bytes, as it was changed",
		    CA_PKCS10_DER_MAX);
	else if (rc == 0)
		rc = ca_request_parse(all.data, all.len, out, err);
	gh_buf_free(&change);
	gh_buf_free(&message);
	gh_buf_free(&all);
	return rc;
}
