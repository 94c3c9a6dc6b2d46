/* Names of requests. See csr_names.h. */
#include <string.h>

#include <openssl/err.h>

#include "crmf.h"
#include "csr_names.h"

#define CHANGE_SUBJECT_NAME "1.3.6.1.5.5.7.7.36"
#define CHANGE_SUBJECT_NAME_ARC 36

void
csr_names_clear(struct csr_names *n)
{
	X509_NAME_free(n->subject);
	GENERAL_NAMES_free(n->san);
	memset(n, 0, sizeof(*n));
}

int
csr_names_read(const struct ca_pkcs10 *csr, struct csr_names *out, struct gh_error *err)
{
	int critical = -1;

	memset(out, 0, sizeof(*out));
	out->subject = X509_NAME_dup(X509_REQ_get_subject_name(csr->req));
	if (out->subject == NULL)
		return gh_fail(err, GH_E_NOMEM, "names");
	out->san = X509V3_get_d2i(csr->extensions, NID_subject_alt_name, &critical, NULL);
	/* -1: the request has none; everything else means that there is one that cannot be read */
	if (out->san != NULL || critical == -1)
		return 0;
	ERR_clear_error();
	csr_names_clear(out);
	return gh_refuse(err, GH_E_SUBJECT, "the SAN in the request cannot be read");
}

/* ---- ChangeSubjectName ---- */

static int
malformed(struct gh_error *err)
{
	ERR_clear_error();
	return gh_refuse(err, GH_E_CSR, "CSR: ChangeSubjectName is malformed (RFC 6402, 2.8)");
}

/* Names are sequences of sets, or of context-specific tags. An empty one is an empty subject. */
static bool
is_name(const struct gh_der *content)
{
	return content->len == 0 || gh_der_has_tag(content, GH_DER_SET);
}

static bool
take_subject(struct gh_der *in, struct csr_names *out)
{
	struct gh_der at = *in, whole, content;
	const unsigned char *p;

	if (!gh_der_take_whole(&at, GH_DER_SEQUENCE, &whole))
		return true;
	at = whole;
	if (!gh_der_take(&at, GH_DER_SEQUENCE, &content) || !is_name(&content))
		return true;
	(void)gh_der_take_whole(in, GH_DER_SEQUENCE, &whole);
	p = whole.p;
	out->subject = d2i_X509_NAME(NULL, &p, (long)whole.len);
	return out->subject != NULL;
}

/* The modules of the RFC do not agree: GeneralNames, with its tag or under [1]. */
static bool
take_san(struct gh_der *in, struct csr_names *out)
{
	unsigned char sequence = GH_DER_SEQUENCE;
	struct gh_der whole;
	unsigned char *copy;
	const unsigned char *p;

	if (!gh_der_take_whole(in, GH_DER_SEQUENCE, &whole) &&
	    !gh_der_take_whole(in, GH_DER_CONTEXT(1), &whole))
		return true;
	if ((copy = OPENSSL_memdup(whole.p, whole.len)) == NULL)
		return false;
	copy[0] = sequence;
	p = copy;
	out->san = d2i_GENERAL_NAMES(NULL, &p, (long)whole.len);
	OPENSSL_free(copy);
	return out->san != NULL && sk_GENERAL_NAME_num(out->san) > 0;
}

static int
read_change(struct gh_der in, struct csr_names *out, struct gh_error *err)
{
	struct gh_der content;

	if (in.len == 0 || !gh_der_is_strict(in.p, in.len) ||
	    !gh_der_take(&in, GH_DER_SEQUENCE, &content) || in.len != 0 || content.len == 0 ||
	    !take_subject(&content, out) || !take_san(&content, out) || content.len != 0 ||
	    (out->subject == NULL && out->san == NULL))
		return malformed(err);
	if (out->subject == NULL && (out->subject = X509_NAME_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "names");
	return 0;
}

/* It, whole, where it stands; *in empty: it is no SEQUENCE, or there are several. false: none. */
static bool
find_change(const struct ca_pkcs10 *csr, struct gh_der *in)
{
	ASN1_OBJECT *type = OBJ_txt2obj(CHANGE_SUBJECT_NAME, 1);
	int at = type != NULL ? X509_REQ_get_attr_by_OBJ(csr->req, type, -1) : -1;
	X509_ATTRIBUTE *a = at >= 0 ? X509_REQ_get_attr(csr->req, at) : NULL;
	const ASN1_TYPE *v = X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;

	ASN1_OBJECT_free(type);
	ERR_clear_error();
	*in = (struct gh_der){NULL, 0};
	if (v != NULL && v->type == V_ASN1_SEQUENCE)
		*in = (struct gh_der){ASN1_STRING_get0_data(v->value.sequence),
		    (size_t)ASN1_STRING_length(v->value.sequence)};
	return a != NULL || ca_crmf_find_cmc_control(csr, CHANGE_SUBJECT_NAME_ARC, in);
}

int
csr_names_read_change(const struct ca_pkcs10 *csr, bool *found, struct csr_names *out,
    struct gh_error *err)
{
	struct gh_der in;
	int rc;

	memset(out, 0, sizeof(*out));
	*found = find_change(csr, &in);
	rc = *found ? read_change(in, out, err) : 0;
	if (rc != 0)
		csr_names_clear(out);
	return rc;
}
