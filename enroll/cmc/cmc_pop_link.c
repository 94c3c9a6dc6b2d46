/* Witnesses in requests. See cmc_pop_link.h. */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "formats/crmf.h"

#include "cmc_legacy.h"
#include "cmc_pop_link.h"
#include "cmc_ra.h"
#include "cmc_witness.h"

static bool
find_attribute(const struct ca_pkcs10 *csr, enum cmc_kind kind, int type, struct gh_der *out)
{
	const unsigned char der[] = {GH_OID_DER(CMC_OID((unsigned char)kind))}, *p = der;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &p, sizeof(der));
	int at = oid != NULL ? X509_REQ_get_attr_by_OBJ(csr->req, oid, -1) : -1;
	X509_ATTRIBUTE *a = at >= 0 ? X509_REQ_get_attr(csr->req, at) : NULL;
	const ASN1_TYPE *v =
	    a != NULL && X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;

	ASN1_OBJECT_free(oid);
	ERR_clear_error();
	if (v == NULL || v->type != type)
		return false;
	out->p = v->value.asn1_string->data;
	out->len = (size_t)v->value.asn1_string->length;
	return true;
}

struct witness {
	bool is_legacy;
	struct gh_der der; /* whole; of the first version content */
};

static bool
find_legacy(const struct ca_pkcs10 *csr, struct gh_der *out)
{
	struct gh_der whole;

	return csr->cert_request.p != NULL
	    ? ca_crmf_find_cmc_control(csr, CMC_POP_LINK_WITNESS, &whole) &&
		gh_der_take(&whole, GH_DER_OCTETS, out)
	    : find_attribute(csr, CMC_POP_LINK_WITNESS, V_ASN1_OCTET_STRING, out);
}

/* The second version comes first. */
static bool
find_witness(const struct cmc_run *r, const struct ca_pkcs10 *csr, struct witness *out)
{
	enum cmc_kind kind = CMC_POP_LINK_WITNESS_V2;

	*out = (struct witness){.is_legacy = false};
	if (csr->cert_request.p != NULL ? ca_crmf_find_cmc_control(csr, kind, &out->der)
					: find_attribute(csr, kind, V_ASN1_SEQUENCE, &out->der))
		return true;
	out->is_legacy = r->ctx->is_legacy;
	return out->is_legacy && find_legacy(csr, &out->der);
}

static int
check_one(struct cmc_run *r, size_t i, const struct gh_der *random)
{
	struct gh_der secret = {r->secret.text, r->secret.len};
	struct witness w;
	bool has_witness = find_witness(r, r->csr[i], &w);
	struct gh_error err;
	int rc;

	if (!has_witness && random == NULL)
		return 0;
	if (!has_witness || random == NULL || secret.len == 0)
		rc = gh_refuse(&err, GH_E_BAD_REQUEST,
		    "popLinkRandom, popLinkWitnessV2 in each request, and identityProofV2 belong "
		    "together.");
	else if (w.is_legacy)
		rc = cmc_legacy_check_witness(&w.der, &secret, random, &err);
	else
		rc = cmc_witness_check(&w.der, &secret, random, &err);
	if (rc == GH_E_AUTH_FAILED)
		return cmc_refuse_as(r, r->data.request[i].id, CMC_POP_FAILED, &err);
	return rc == 0 ? 0 : cmc_refuse(r, r->data.request[i].id, &err);
}

int
cmc_pop_link_check(struct cmc_run *r)
{
	const struct pki_control *c = r->control[CMC_POP_LINK_RANDOM];
	struct gh_der in, random = {NULL, 0};
	struct gh_error err;
	int rc = 0;

	/* the secret is the RA's, and so is this */
	if (cmc_ra_has_proven(r, r->control[CMC_IDENTITY_PROOF_V2]) ||
	    cmc_ra_has_proven(r, r->control[CMC_IDENTITY_PROOF]))
		return 0;
	if (c != NULL) {
		in = c->value;
		if (!gh_der_take(&in, GH_DER_OCTETS, &random)) {
			gh_refuse(&err, GH_E_BAD_REQUEST, "popLinkRandom: no OCTET STRING.");
			return cmc_refuse(r, c->id, &err);
		}
	}
	for (size_t i = 0; rc == 0 && i < r->data.requests; i++)
		rc = check_one(r, i, c != NULL ? &random : NULL);
	return rc;
}
