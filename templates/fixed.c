/* Extensions that are the same in each certificate of a template: built once, when it is loaded. */
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1t.h>

#include "model.h"

/* 1.3.6.1.4.1.311.21.7 (MS-WCCE 2.2.2.7.7.2) */
struct template_id {
	ASN1_OBJECT *oid;
	ASN1_INTEGER *major, *minor;
};

static const ASN1_TEMPLATE TEMPLATE_ID_seq_tt[] =
    {
	ASN1_SIMPLE(struct template_id, oid, ASN1_OBJECT),
	ASN1_OPT(struct template_id, major, ASN1_INTEGER),
	ASN1_OPT(struct template_id, minor, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END_name(struct template_id, TEMPLATE_ID)

    /* RFC 8551, 2.5.2: what the owner of a mail certificate can decrypt, best first */
    static const int smime_ciphers[] = {NID_aes_256_cbc, NID_aes_192_cbc, NID_aes_128_cbc};

static bool
is_critical(const struct tmpl *t, int nid)
{
	char oid[TMPL_OID_MAX + 1];

	OBJ_obj2txt(oid, sizeof(oid), OBJ_nid2obj(nid), 1);
	return tmpl_list_has(&t->critical, oid);
}

static int
push(struct tmpl *t, X509_EXTENSION *x, struct gh_error *err)
{
	if (x == NULL || sk_X509_EXTENSION_push(t->fixed, x) == 0) {
		X509_EXTENSION_free(x);
		return gh_fail(err, GH_E_NOMEM, "extension of template %s", t->name);
	}
	return 0;
}

/* Takes over nothing. oid dotted. */
static X509_EXTENSION *
extension(const char *oid, bool critical, const void *der, size_t n)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x = NULL;

	if (o != NULL && s != NULL && ASN1_OCTET_STRING_set(s, der, (int)n) == 1)
		x = X509_EXTENSION_create_by_OBJ(NULL, o, critical, s);
	ASN1_OBJECT_free(o);
	ASN1_OCTET_STRING_free(s);
	return x;
}

static X509_EXTENSION *
key_usage(uint32_t usage, bool critical)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	X509_EXTENSION *x = NULL;
	bool ok = bits != NULL;
	int i;

	for (i = 0; i < 9 && ok; i++)
		ok = (usage & 1u << i) == 0 || ASN1_BIT_STRING_set_bit(bits, i, 1) == 1;
	if (ok)
		x = X509V3_EXT_i2d(NID_key_usage, critical, bits);
	ASN1_BIT_STRING_free(bits);
	return x;
}

static int
prepare_key_usage(struct tmpl *t, struct gh_error *err)
{
	bool critical = t->key_usage_critical || is_critical(t, NID_key_usage);
	uint32_t usage;
	size_t i;

	for (i = 0; i < t->keys && t->key_usage != 0; i++) {
		usage = tmpl_key_usage_for(t->key[i].type, t->key_usage);
		if (usage == 0)
			return gh_refuse(err, GH_E_TEMPLATE_INVALID,
			    "keyTypes[%zu]: no member of keyUsage fits a key of type %s", i,
			    ca_key_type_name((enum ca_key_type)t->key[i].type));
		t->key_usage_ext[t->key[i].type] = key_usage(usage, critical);
		if (t->key_usage_ext[t->key[i].type] == NULL)
			return gh_fail(err, GH_E_NOMEM, "key usage");
	}
	return 0;
}

static int
prepare_eku(struct tmpl *t, struct gh_error *err)
{
	EXTENDED_KEY_USAGE *sk;
	X509_EXTENSION *x = NULL;
	bool ok;
	size_t i;

	if (t->eku.n == 0)
		return 0;
	ok = (sk = EXTENDED_KEY_USAGE_new()) != NULL;
	for (i = 0; i < t->eku.n && ok; i++) {
		ASN1_OBJECT *o = OBJ_txt2obj(t->eku.v[i], 1);

		ok = o != NULL && sk_ASN1_OBJECT_push(sk, o) > 0;
		if (!ok)
			ASN1_OBJECT_free(o);
	}
	if (ok)
		x = X509V3_EXT_i2d(NID_ext_key_usage, is_critical(t, NID_ext_key_usage), sk);
	EXTENDED_KEY_USAGE_free(sk);
	return push(t, x, err);
}

static bool
set_cps(POLICYINFO *p, const char *url)
{
	POLICYQUALINFO *q = POLICYQUALINFO_new();

	if (q == NULL || (p->qualifiers = sk_POLICYQUALINFO_new_null()) == NULL ||
	    sk_POLICYQUALINFO_push(p->qualifiers, q) == 0) {
		POLICYQUALINFO_free(q);
		return false;
	}
	q->pqualid = OBJ_nid2obj(NID_id_qt_cps);
	q->d.cpsuri = ASN1_IA5STRING_new();
	return q->d.cpsuri != NULL && ASN1_STRING_set(q->d.cpsuri, url, (int)strlen(url)) == 1;
}

bool
tmpl_policy_push(CERTIFICATEPOLICIES *sk, const char *oid, const char *cps)
{
	POLICYINFO *p = POLICYINFO_new();

	if (p == NULL || (p->policyid = OBJ_txt2obj(oid, 1)) == NULL ||
	    (cps != NULL && !set_cps(p, cps)) || sk_POLICYINFO_push(sk, p) == 0) {
		POLICYINFO_free(p);
		return false;
	}
	return true;
}

/* 311.21.10 has the syntax of certificatePolicies, with OIDs only (MS-WCCE 2.2.2.7.7.3). */
static int
prepare_app_policies(struct tmpl *t, struct gh_error *err)
{
	CERTIFICATEPOLICIES *sk;
	X509_EXTENSION *x = NULL;
	unsigned char *der = NULL;
	bool ok;
	size_t i;
	int n;

	if (t->app_policies.n == 0)
		return 0;
	ok = (sk = CERTIFICATEPOLICIES_new()) != NULL;
	for (i = 0; i < t->app_policies.n && ok; i++)
		ok = tmpl_policy_push(sk, t->app_policies.v[i], NULL);
	if (ok && (n = i2d_CERTIFICATEPOLICIES(sk, &der)) > 0)
		x = extension(TMPL_OID_APP_POLICIES,
		    tmpl_list_has(&t->critical, TMPL_OID_APP_POLICIES), der, (size_t)n);
	OPENSSL_free(der);
	CERTIFICATEPOLICIES_free(sk);
	return push(t, x, err);
}

static int
prepare_policies(struct tmpl *t, struct gh_error *err)
{
	CERTIFICATEPOLICIES *sk;
	X509_EXTENSION *x = NULL;
	bool ok;
	size_t i;

	t->policies_critical = is_critical(t, NID_certificate_policies);
	/* then they differ from request to request: extensions.c */
	if (t->policies == 0 || (t->enrollment_flags & TMPL_ENROLL_POLICIES_FROM_REQUEST) != 0)
		return 0;
	ok = (sk = CERTIFICATEPOLICIES_new()) != NULL;
	for (i = 0; i < t->policies && ok; i++)
		ok = tmpl_policy_push(sk, t->policy[i].oid, t->policy[i].cps);
	if (ok)
		x = X509V3_EXT_i2d(NID_certificate_policies, t->policies_critical, sk);
	CERTIFICATEPOLICIES_free(sk);
	return push(t, x, err);
}

/* Schema 1: the name as BMPString (what Windows sends and reads; MS-WCCE prints something else). */
static int
prepare_template_name(struct tmpl *t, struct gh_error *err)
{
	ASN1_STRING *s = NULL;
	X509_EXTENSION *x = NULL;
	unsigned char *der = NULL;
	int n;

	if (ASN1_mbstring_copy(&s, (const unsigned char *)t->name, -1, MBSTRING_UTF8,
		B_ASN1_BMPSTRING) < 0)
		return gh_refuse(err, GH_E_TEMPLATE_INVALID,
		    "name: must be in the Basic Multilingual Plane");
	if ((n = i2d_ASN1_BMPSTRING(s, &der)) > 0)
		x = extension(TMPL_OID_V1_NAME, tmpl_list_has(&t->critical, TMPL_OID_V1_NAME), der,
		    (size_t)n);
	OPENSSL_free(der);
	ASN1_STRING_free(s);
	return push(t, x, err);
}

static int
prepare_template_id(struct tmpl *t, struct gh_error *err)
{
	struct template_id id = {OBJ_txt2obj(t->oid, 1), ASN1_INTEGER_new(), ASN1_INTEGER_new()};
	X509_EXTENSION *x = NULL;
	unsigned char *der = NULL;
	int n;

	if (id.oid != NULL && id.major != NULL && id.minor != NULL &&
	    ASN1_INTEGER_set(id.major, t->major) == 1 &&
	    ASN1_INTEGER_set(id.minor, t->minor) == 1 &&
	    (n = ASN1_item_i2d((ASN1_VALUE *)&id, &der, ASN1_ITEM_rptr(TEMPLATE_ID))) > 0)
		x = extension(TMPL_OID_V2_TEMPLATE,
		    tmpl_list_has(&t->critical, TMPL_OID_V2_TEMPLATE), der, (size_t)n);
	OPENSSL_free(der);
	ASN1_OBJECT_free(id.oid);
	ASN1_INTEGER_free(id.major);
	ASN1_INTEGER_free(id.minor);
	return push(t, x, err);
}

static int
prepare_template(struct tmpl *t, struct gh_error *err)
{
	return t->schema == 1 ? prepare_template_name(t, err) : prepare_template_id(t, err);
}

static int
prepare_smime_capabilities(struct tmpl *t, struct gh_error *err)
{
	STACK_OF(X509_ALGOR) * sk;
	X509_EXTENSION *x = NULL;
	unsigned char *der = NULL;
	bool ok;
	size_t i;
	int n;

	if ((t->enrollment_flags & TMPL_ENROLL_SYMMETRIC_ALGORITHMS) == 0)
		return 0;
	ok = (sk = sk_X509_ALGOR_new_null()) != NULL;
	for (i = 0; i < sizeof(smime_ciphers) / sizeof(smime_ciphers[0]) && ok; i++) {
		X509_ALGOR *a = X509_ALGOR_new();

		ok = a != NULL &&
		    X509_ALGOR_set0(a, OBJ_nid2obj(smime_ciphers[i]), V_ASN1_UNDEF, NULL) == 1 &&
		    sk_X509_ALGOR_push(sk, a) > 0;
		if (!ok)
			X509_ALGOR_free(a);
	}
	if (ok && (n = i2d_X509_ALGORS(sk, &der)) > 0)
		x = extension("1.2.840.113549.1.9.15", is_critical(t, NID_SMIMECapabilities), der,
		    (size_t)n);
	OPENSSL_free(der);
	sk_X509_ALGOR_pop_free(sk, X509_ALGOR_free);
	return push(t, x, err);
}

static int
prepare_basic_constraints(struct tmpl *t, struct gh_error *err)
{
	static const unsigned char empty_sequence[] = {0x30, 0x00}; /* cA FALSE is the default */

	if ((t->enrollment_flags & TMPL_ENROLL_BASIC_CONSTRAINTS) == 0)
		return 0;
	return push(t,
	    extension("2.5.29.19", is_critical(t, NID_basic_constraints), empty_sequence,
		sizeof(empty_sequence)),
	    err);
}

static int
prepare_ocsp_nocheck(struct tmpl *t, struct gh_error *err)
{
	static const unsigned char null[] = {0x05, 0x00}; /* RFC 6960, 4.2.2.2.1 */

	if ((t->enrollment_flags & TMPL_ENROLL_OCSP_NOCHECK) == 0)
		return 0;
	return push(t,
	    extension("1.3.6.1.5.5.7.48.1.5", is_critical(t, NID_id_pkix_OCSP_noCheck), null,
		sizeof(null)),
	    err);
}

static int
prepare_static(struct tmpl *t, struct gh_error *err)
{
	size_t i;
	int rc;

	for (i = 0; i < t->extensions; i++) {
		const struct tmpl_extension *e = &t->extension[i];
		bool critical = e->critical || tmpl_list_has(&t->critical, e->oid);

		if ((rc = push(t, extension(e->oid, critical, e->der, e->der_len), err)) != 0)
			return rc;
	}
	return 0;
}

static int
prepare_objects(struct tmpl *t, struct gh_error *err)
{
	t->sid_ext_oid = OBJ_txt2obj(TMPL_OID_SID_EXTENSION, 1);
	t->sid_oid = OBJ_txt2obj(TMPL_OID_SID, 1);
	t->guid_oid = OBJ_txt2obj(TMPL_OID_GUID, 1);
	t->upn_oid = OBJ_txt2obj(TMPL_OID_UPN, 1);
	if (t->sid_ext_oid == NULL || t->sid_oid == NULL || t->guid_oid == NULL ||
	    t->upn_oid == NULL || (t->fixed = sk_X509_EXTENSION_new_null()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template objects");
	t->san_critical = is_critical(t, NID_subject_alt_name);
	t->sid_critical = tmpl_list_has(&t->critical, TMPL_OID_SID_EXTENSION);
	return 0;
}

int
tmpl_extensions_prepare(struct tmpl *t, struct gh_error *err)
{
	/* objects first, then in the order in which they stand in the certificate */
	static int (*const step[])(struct tmpl *, struct gh_error *) = {
	    prepare_objects,
	    prepare_key_usage,
	    prepare_eku,
	    prepare_app_policies,
	    prepare_template,
	    prepare_smime_capabilities,
	    prepare_policies,
	    prepare_basic_constraints,
	    prepare_ocsp_nocheck,
	    prepare_static,
	};
	size_t i;
	int rc;

	for (i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		if ((rc = step[i](t, err)) != 0)
			return rc;
	}
	return 0;
}

/* Made by the CA when it signs: not a template's business, and not to be marked critical. */
bool
tmpl_extension_is_of_ca(const char *oid)
{
	static const char *const of_ca[] = {
	    "2.5.29.14",         /* SKI */
	    "2.5.29.35",         /* AKI */
	    "2.5.29.18",         /* issuerAltName */
	    "2.5.29.31",         /* CDP */
	    "2.5.29.46",         /* freshest CRL */
	    "1.3.6.1.5.5.7.1.1", /* AIA */
	};
	size_t i;

	for (i = 0; i < sizeof(of_ca) / sizeof(of_ca[0]); i++) {
		if (strcmp(of_ca[i], oid) == 0)
			return true;
	}
	return false;
}

/* Made from other members of the template, or only for CA certificates. */
bool
tmpl_extension_is_reserved(const char *oid)
{
	static const char *const reserved[] = {
	    "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.19", "2.5.29.32",
	    "1.2.840.113549.1.9.15", "1.3.6.1.5.5.7.48.1.5", TMPL_OID_V1_NAME, TMPL_OID_V2_TEMPLATE,
	    TMPL_OID_APP_POLICIES, TMPL_OID_SID_EXTENSION, "2.5.29.30", /* nameConstraints */
	    "2.5.29.33",                                                /* policyMappings */
	    "2.5.29.36",                                                /* policyConstraints */
	    "2.5.29.54",                                                /* inhibitAnyPolicy */
	    "2.16.840.1.113730.1.1", /* nsCertType: some take its holder for a CA */
	};
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strcmp(reserved[i], oid) == 0)
			return true;
	}
	return tmpl_extension_is_of_ca(oid);
}
