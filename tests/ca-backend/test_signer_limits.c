/* What a CA may certify: its limits, and the name constraints in its own certificate. */
#include <openssl/conf.h>

#include "base/name_fixture.h"
#include "ca-backend/signer_admin.h"

/* --- limits ----------------------------------------------------------------------------------- */

static int
set_limits(struct fixture *f, const struct made_ca *ca, const struct signer_limits *limits,
    struct made_ca *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	return signer_client_set_limits(f->admin.client, ca->sealed, ca->sealed_len, limits,
	    &out->sealed, &out->sealed_len, err);
}

static void
signer__changes_the_limits_of_a_ca(void **state)
{
	struct fixture *f = *state;
	struct signer_limits limits = issuing_limits;
	struct wanted w = {.cn = "alice"};
	struct made_ca narrow, wide, none;
	struct gh_error err = {0};
	unsigned char id[SIGNER_CA_ID_SIZE];

	limits.max_validity = 10 * DAY;
	assert_int_equal(set_limits(f, &f->issuing, &limits, &narrow, &err), 0);
	assert_int_equal(sign(f, f->issuing.sealed, f->issuing.sealed_len, &w), 0);
	free(w.cert);
	assert_int_equal(sign(f, narrow.sealed, narrow.sealed_len, &w), GH_E_CA_POLICY);
	assert_string_equal(w.err.message,
	    "a validity of more than 10 days is not allowed by the CA");
	/* a worker that has the wide record still: no way back */
	assert_int_equal(signer_client_load_ca(f->client, f->issuing.sealed, f->issuing.sealed_len,
			     id, &err),
	    GH_E_CONFLICT);
	assert_int_equal(set_limits(f, &narrow, &issuing_limits, &wide, &err), 0);
	assert_int_equal(sign(f, wide.sealed, wide.sealed_len, &w), 0);
	free(w.cert);
	/* what a CA without pathLenConstraint may not become */
	assert_int_equal(set_limits(f, &f->issuing, &root_limits, &none, &err), GH_E_CA_POLICY);
	limits.min_rsa_bits = 512;
	assert_int_equal(set_limits(f, &f->issuing, &limits, &none, &err), GH_E_SIGNER);
	assert_null(none.sealed);
	free(narrow.sealed);
	free(wide.sealed);
}

static void
allow(struct signer_oids *list, const char *oid)
{
	struct gh_error err;

	assert_int_equal(signer_oids_add(list, oid, &err), 0);
}

static void
signer__limits_extended_key_usages(void **state)
{
	static const char *const client[] = {"extendedKeyUsage", "clientAuth", NULL};
	static const char *const both[] = {"extendedKeyUsage", "clientAuth,1.3.6.1.4.1.311.20.2.2",
	    NULL};
	static const char *const code[] = {"extendedKeyUsage", "clientAuth,codeSigning", NULL};
	static const char *const odd[] = {"extendedKeyUsage", "1.2.3.4.5", NULL};
	static const char *const any[] = {"extendedKeyUsage", "clientAuth,anyExtendedKeyUsage",
	    NULL};
	static const struct {
		const char *const *words;
		const char *message; /* NULL = is signed */
	} rows[] = {
	    {client, NULL},
	    {both, NULL},
	    {code, "extended key usage codeSigning is not allowed by the CA"},
	    {odd, "extended key usage 1.2.3.4.5 is not allowed by the CA"},
	    {any, "extended key usage anyExtendedKeyUsage is not allowed by the CA"},
	    {NULL, "a certificate without extended key usage is not allowed by the CA"},
	};
	struct fixture *f = *state;
	struct signer_limits limits = issuing_limits;
	struct made_ca ca;
	struct gh_error err;
	size_t i;

	allow(&limits.ekus, "1.3.6.1.5.5.7.3.2");
	allow(&limits.ekus, "1.3.6.1.4.1.311.20.2.2");
	assert_int_equal(set_limits(f, &f->issuing, &limits, &ca, &err), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wanted w = {.cn = "alice", .extensions = rows[i].words};

		assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w),
		    rows[i].message == NULL ? 0 : GH_E_CA_POLICY);
		if (rows[i].message != NULL)
			assert_string_equal(w.err.message, rows[i].message);
		free(w.cert);
	}
	free(ca.sealed);
}

/* Only where the limits name it. */
static void
signer__certifies_no_ocsp_signer_unasked(void **state)
{
	static const char *const words[] = {"extendedKeyUsage", "clientAuth,OCSPSigning", NULL};
	struct fixture *f = *state;
	struct signer_limits limits = issuing_limits;
	struct wanted w = {.cn = "alice", .extensions = words};
	struct made_ca ca;
	struct gh_error err;

	assert_int_equal(sign(f, f->issuing.sealed, f->issuing.sealed_len, &w), GH_E_CA_POLICY);
	assert_string_equal(w.err.message,
	    "extended key usage OCSPSigning is not allowed by the CA");
	allow(&limits.ekus, "1.3.6.1.5.5.7.3.2");
	allow(&limits.ekus, "1.3.6.1.5.5.7.3.9");
	assert_int_equal(set_limits(f, &f->issuing, &limits, &ca, &err), 0);
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), 0);
	free(w.cert);
	free(ca.sealed);
}

static void
signer__limits_extensions(void **state)
{
	static const char *const free_ones[] = {"keyUsage", "digitalSignature", "extendedKeyUsage",
	    "clientAuth", "subjectAltName", "DNS:a.test", "crlDistributionPoints", "URI:http://a/c",
	    "authorityInfoAccess", "OCSP;URI:http://a/o", "certificatePolicies",
	    "DER:30:06:30:04:06:02:2a:03", "basicConstraints", "CA:FALSE", NULL};
	static const char *const listed[] = {"1.3.6.1.4.1.311.21.7", "DER:30:00", NULL};
	static const char *const other[] = {"1.3.6.1.4.1.311.25.2", "DER:30:00", NULL};
	static const char *const known[] = {"nameConstraints", "permitted;DNS:a.test", NULL};
	struct fixture *f = *state;
	struct signer_limits limits = issuing_limits;
	struct wanted w = {.cn = "alice", .extensions = free_ones};
	struct made_ca ca;
	struct gh_error err;

	allow(&limits.extensions, "1.3.6.1.4.1.311.21.7");
	assert_int_equal(set_limits(f, &f->issuing, &limits, &ca, &err), 0);
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), 0);
	free(w.cert);
	w.extensions = listed;
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), 0);
	free(w.cert);
	w.extensions = other;
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), GH_E_CA_POLICY);
	assert_string_equal(w.err.message,
	    "extension 1.3.6.1.4.1.311.25.2 is not allowed by the CA");
	w.extensions = known;
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), GH_E_CA_POLICY);
	assert_string_equal(w.err.message, "extension nameConstraints is not allowed by the CA");
	free(ca.sealed);
}

static void
signer__obeys_name_constraints_of_its_certificate(void **state)
{
	static const char *const constraints[] = {"nameConstraints",
	    "critical,permitted;DNS:corp.test,permitted;email:corp.test,excluded;DNS:secret.corp.test",
	    NULL};
	static const char *const good[] = {"subjectAltName", "DNS:a.corp.test,email:a@corp.test",
	    NULL};
	static const char *const outside[] = {"subjectAltName", "DNS:a.corp.test,DNS:evil.test",
	    NULL};
	static const char *const excluded[] = {"subjectAltName", "DNS:a.secret.corp.test", NULL};
	static const char *const email[] = {"subjectAltName", "email:a@evil.test", NULL};
	static const struct {
		const char *cn;
		const char *const *words;
		int rc;
	} rows[] = {
	    {"alice", good, 0}, {"alice", NULL, 0}, {"alice", outside, GH_E_CA_POLICY},
	    {"alice", excluded, GH_E_CA_POLICY}, {"alice", email, GH_E_CA_POLICY},
	    {"evil.test", NULL, GH_E_CA_POLICY}, /* a CN that reads as a host name */
	};
	struct fixture *f = *state;
	struct signer_create_ca in = {.key_alg = "P-256",
	    .parent = f->root.sealed,
	    .parent_len = f->root.sealed_len,
	    .not_before = gh_now() - DAY,
	    .not_after = gh_now() + 100 * DAY,
	    .limits = issuing_limits};
	unsigned char *name = name_der("Constrained", &in.subject_len);
	unsigned char *ext = extensions_der(constraints, &in.extensions_len);
	struct signer_blob between[2] = {{NULL, 0}, {NULL, 0}};
	struct made_ca ca;
	struct gh_error err;
	size_t i;

	in.subject = name;
	in.extensions = ext;
	assert_int_equal(signer_client_create_ca(f->admin.client, &in, &ca.cert, &ca.cert_len,
			     &ca.sealed, &ca.sealed_len, &err),
	    0);
	between[0] = (struct signer_blob){ca.cert, ca.cert_len};
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wanted w = {.cn = rows[i].cn, .extensions = rows[i].words};

		assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), rows[i].rc);
		if (rows[i].rc == 0)
			assert_int_equal(verify(w.cert, w.len, &f->root, between), X509_V_OK);
		else
			assert_says(&w.err, "the name constraints of the CA do not allow");
		free(w.cert);
	}
	made_ca_free(&ca);
	OPENSSL_free(name);
	OPENSSL_free(ext);
}

/* A CA with these constraints (pairs of OpenSSL's words; @section for directories) below the
 * root. */
static int
make_constrained(struct fixture *f, const char *const *subject, const char *section,
    struct made_ca *out, struct gh_error *err)
{
	struct signer_create_ca in = {.key_alg = "P-256",
	    .parent = f->root.sealed,
	    .parent_len = f->root.sealed_len,
	    .not_before = gh_now() - DAY,
	    .not_after = gh_now() + 100 * DAY,
	    .limits = issuing_limits};
	X509_NAME *name = name_of_words(subject);
	unsigned char *subject_der = NULL, *ext;
	CONF *conf = NCONF_new(NULL);
	BIO *text = BIO_new_mem_buf(section, -1);
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509V3_CTX ctx;
	int rc;

	MUST(NCONF_load_bio(conf, text, NULL) == 1);
	X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	MUST(X509V3_EXT_add_nconf_sk(conf, &ctx, "ext", &list) == 1);
	in.subject_len = (size_t)i2d_X509_NAME(name, &subject_der);
	in.subject = subject_der;
	in.extensions = ext = encode_extensions(list, &in.extensions_len);
	rc = signer_client_create_ca(f->admin.client, &in, &out->cert, &out->cert_len, &out->sealed,
	    &out->sealed_len, err);
	X509_NAME_free(name);
	OPENSSL_free(subject_der);
	OPENSSL_free(ext);
	NCONF_free(conf);
	BIO_free(text);
	return rc;
}

static void
assert_responder(struct fixture *f, const struct made_ca *ca, const char *name)
{
	struct signer_blob between[2] = {{ca->cert, ca->cert_len}, {NULL, 0}};
	unsigned char id[SIGNER_CA_ID_SIZE], *cert, *sealed;
	size_t cert_len, sealed_len;
	struct gh_error err;
	char *text;
	X509 *x;

	assert_int_equal(signer_client_load_ca(f->client, ca->sealed, ca->sealed_len, id, &err), 0);
	assert_int_equal(signer_client_create_ocsp_signer(f->client, id, gh_now() - 1,
			     gh_now() + DAY, NULL, &cert, &cert_len, &sealed, &sealed_len, &err),
	    0);
	assert_int_equal(verify(cert, cert_len, &f->root, between), X509_V_OK);
	x = parse(cert, cert_len);
	text = X509_NAME_oneline(X509_get_subject_name(x), NULL, 0);
	assert_string_equal(text, name);
	OPENSSL_free(text);
	X509_free(x);
	free(cert);
	free(sealed);
}

/* Relying parties check the OCSP signer's certificate as any other. */
static void
signer__names_ocsp_signers_within_the_constraints(void **state)
{
	static const struct {
		const char *subject[4], *section;
		const char *name; /* NULL: no such CA is made */
	} rows[] = {
	    {{"CN=Narrow"},
		"[ext]\nnameConstraints=critical,permitted;DNS:corp.test,permitted;email:corp.test\n",
		"/CN=Narrow OCSP"},
	    {{"O=Corp", "CN=Narrow"},
		"[ext]\nnameConstraints=critical,permitted;dirName:dn\n[dn]\nO=Corp\n",
		"/O=Corp/CN=Narrow OCSP"},
	    {{"CN=Narrow"},
		"[ext]\nnameConstraints=critical,permitted;dirName:dn\n[dn]\nC=DE\nO=Corp\n",
		"/C=DE/O=Corp/CN=Narrow OCSP"},
	    {{"CN=Narrow", "emailAddress:ia5=ca@other.test"},
		"[ext]\nnameConstraints=critical,permitted;email:corp.test\n", "/CN=Narrow OCSP"},
	    {{"CN=Narrow"},
		"[ext]\nnameConstraints=critical,excluded;dirName:dn,permitted;dirName:dn\n[dn]\nO=Corp\n",
		NULL},
	};
	struct fixture *f = *state;
	struct made_ca ca;
	struct gh_error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = make_constrained(f, rows[i].subject, rows[i].section, &ca, &err);

		assert_int_equal(rc, rows[i].name != NULL ? 0 : GH_E_CA_POLICY);
		if (rc == 0)
			assert_responder(f, &ca, rows[i].name);
		else
			assert_says(&err, "leave no name for its OCSP signer");
		made_ca_free(&ca);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(signer__changes_the_limits_of_a_ca),
	    each(signer__limits_extended_key_usages),
	    each(signer__certifies_no_ocsp_signer_unasked),
	    each(signer__limits_extensions),
	    each(signer__obeys_name_constraints_of_its_certificate),
	    each(signer__names_ocsp_signers_within_the_constraints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
