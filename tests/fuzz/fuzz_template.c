/*
 * A template file as input. What loads is applied to a hostile CSR that asks for administrator's
 * names and SID and for a CA certificate, and the result must not hold what the template cannot
 * have granted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "json.h"
#include "tmpl.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

static const char evil_sid[] = "S-1-5-21-1-2-3-500";

static X509_EXTENSION *
raw_extension(const char *oid, const unsigned char *der, size_t n)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *x;

	CHECK(s != NULL && o != NULL && ASN1_OCTET_STRING_set(s, der, (int)n) == 1);
	CHECK((x = X509_EXTENSION_create_by_OBJ(NULL, o, 0, s)) != NULL);
	ASN1_OBJECT_free(o);
	ASN1_OCTET_STRING_free(s);
	return x;
}

static X509_EXTENSION *
sid_extension(void)
{
	unsigned char der[64] = {0x30, 0x24, 0xa0, 0x22, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01,
	    0x82, 0x37, 0x19, 0x02, 0x01, 0xa0, 0x14, 0x04, 0x12};

	memcpy(der + 20, evil_sid, sizeof(evil_sid) - 1);
	return raw_extension("1.3.6.1.4.1.311.25.2", der, 20 + sizeof(evil_sid) - 1);
}

static struct ca_pkcs10 *
make_csr(void)
{
	static const unsigned char ca_true[] = {0x30, 0x03, 0x01, 0x01, 0xff};
	STACK_OF(X509_EXTENSION) *sk = sk_X509_EXTENSION_new_null();
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509_REQ *req = X509_REQ_new();
	struct ca_pkcs10 *csr;
	unsigned char *der = NULL;
	int n;

	CHECK(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_ASC,
		  (const unsigned char *)"administrator", -1, -1, 0) == 1);
	CHECK(sk_X509_EXTENSION_push(sk, sid_extension()) > 0);
	CHECK(sk_X509_EXTENSION_push(sk, raw_extension("2.5.29.19", ca_true, sizeof(ca_true))) > 0);
	CHECK(X509_REQ_add_extensions(req, sk) == 1 && X509_REQ_set_pubkey(req, key) == 1);
	CHECK(X509_REQ_sign(req, key, EVP_sha256()) > 0 && (n = i2d_X509_REQ(req, &der)) > 0);
	CHECK(ca_pkcs10_parse(der, (size_t)n, &csr, NULL) == 0);
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(sk, X509_EXTENSION_free);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return csr;
}

static struct dir_entry *
make_entry(bool is_computer)
{
	static const struct {
		enum dir_attr a;
		const char *value;
	} attr[] = {
	    {DIR_CN, "Alice"},
	    {DIR_MAIL, "alice@ad.test"},
	    {DIR_UPN, "alice@ad.test"},
	    {DIR_DNS_HOST_NAME, "web.ad.test"},
	    {DIR_OBJECT_GUID, "0123456789abcdef"},
	};
	struct dir_entry *e = dir_entry_new();
	size_t i;

	CHECK(e != NULL && (e->dn = strdup("CN=Alice,OU=x,DC=ad,DC=test")) != NULL);
	CHECK((e->sid = strdup("S-1-5-21-1-2-3-1108")) != NULL);
	for (i = 0; i < sizeof(attr) / sizeof(attr[0]); i++)
		CHECK(dir_entry_add(e, attr[i].a, attr[i].value, strlen(attr[i].value)) == 0);
	e->is_computer = is_computer;
	return e;
}

static bool
contains(const ASN1_STRING *s, const char *text)
{
	return memmem(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), text,
		   strlen(text)) != NULL;
}

static void
check_extensions(const struct cert_spec *spec)
{
	BASIC_CONSTRAINTS *bc;
	int i, j;

	for (i = 0; i < sk_X509_EXTENSION_num(spec->extensions); i++) {
		X509_EXTENSION *x = sk_X509_EXTENSION_value(spec->extensions, i);

		/* RFC 5280, 4.2: no extension twice */
		for (j = 0; j < i; j++)
			CHECK(OBJ_cmp(X509_EXTENSION_get_object(x),
				  X509_EXTENSION_get_object(
				      sk_X509_EXTENSION_value(spec->extensions, j))) != 0);
	}
	i = X509v3_get_ext_by_NID(spec->extensions, NID_subject_alt_name, -1);
	CHECK(i >= 0 || X509_NAME_entry_count(spec->subject) > 0);
	bc = X509V3_get_d2i(spec->extensions, NID_basic_constraints, NULL, NULL);
	CHECK(bc == NULL || !bc->ca);
	BASIC_CONSTRAINTS_free(bc);
}

static void
check_sid(const struct cert_spec *spec)
{
	ASN1_OBJECT *o = OBJ_txt2obj("1.3.6.1.4.1.311.25.2", 1);
	int i = X509v3_get_ext_by_OBJ(spec->extensions, o, -1);

	ASN1_OBJECT_free(o);
	if (i >= 0)
		CHECK(
		    !contains(X509_EXTENSION_get_data(sk_X509_EXTENSION_value(spec->extensions, i)),
			evil_sid));
}

static void
apply(const struct tmpl *t, const struct dir_entry *e, const struct ca_pkcs10 *csr, bool supplied)
{
	const struct subject_source from = {.csr = csr,
	    .entry = e,
	    .needs_no_entry = true,
	    .archives_key = tmpl_archival(t) == TMPL_ARCHIVAL_REQUIRED};
	struct cert_spec *spec;
	struct gh_error err;

	if (tmpl_may_enroll(t, &from, NULL, &err) != 0)
		CHECK(err.code == GH_E_TEMPLATE_DENIED || err.code == GH_E_SUBJECT);
	if (tmpl_apply(t, &from, 1700000000, 600, &spec, &err) != 0) {
		CHECK(spec == NULL && err.code != GH_OK && err.message[0] != '\0');
		return;
	}
	CHECK(e != NULL || supplied);
	CHECK(spec->not_after > spec->not_before && spec->spki_len == csr->spki_len);
	check_extensions(spec);
	check_sid(spec);
	if (!supplied && X509_NAME_entry_count(spec->subject) > 0)
		CHECK(!contains(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(spec->subject,
				    X509_NAME_entry_count(spec->subject) - 1)),
		    "administrator"));
	cert_spec_free(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ca_pkcs10 *csr;
	static struct dir_entry *user, *computer;
	struct gh_error err;
	struct tmpl *t;
	gh_json *d;

	if (csr == NULL) {
		csr = make_csr();
		user = make_entry(false);
		computer = make_entry(true);
	}
	if (tmpl_load((const char *)data, size, &t, &err) != 0) {
		CHECK(t == NULL && err.code != GH_OK && err.message[0] != '\0');
		return 0;
	}
	CHECK((d = tmpl_describe_form(t)) != NULL);
	gh_json_free(d);
	CHECK((d = tmpl_describe(t)) != NULL && tmpl_name(t)[0] != '\0');
	bool supplied = strcmp(gh_json_string(gh_json_get(d, "SubjectFrom")), "request") == 0;

	apply(t, user, csr, supplied);
	apply(t, computer, csr, supplied);
	apply(t, NULL, csr, supplied);
	gh_json_free(d);
	tmpl_free(t);
	return 0;
}
