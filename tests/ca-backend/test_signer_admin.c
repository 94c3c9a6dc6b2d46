/* CAs from elsewhere, by a real signer: import, and requests that are answered. */
#include "ca-backend/signer_admin.h"

/* --- import ----------------------------------------------------------------------------------- */

static void
import_and_sign(struct fixture *f, EVP_PKEY *key)
{
	struct made_ca ca;
	struct gh_error err;
	size_t len;
	unsigned char *cert = foreign_cert("Foreign", key, NULL, key, &len, ca_words);
	struct wanted w = {.cn = "alice"};
	X509 *x;

	assert_int_equal(import(f, key, cert, len, &issuing_limits, &ca, &err), 0);
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), 0);
	assert_int_equal(verify(w.cert, w.len, &ca, NULL), X509_V_OK);
	/* AKI is the SKI of the certificate, however it was made */
	x = parse(w.cert, w.len);
	assert_int_equal(ASN1_STRING_length(X509_get0_authority_key_id(x)), 8);
	X509_free(x);
	free(w.cert);
	made_ca_free(&ca);
	OPENSSL_free(cert);
	EVP_PKEY_free(key);
}

static void
signer__imports_cas_of_every_kind_of_key(void **state)
{
	struct fixture *f = *state;

	import_and_sign(f, new_key("P-256"));
	import_and_sign(f, new_key("P-384"));
	import_and_sign(f, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072));
	import_and_sign(f, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

static void
assert_not_imported(struct fixture *f, EVP_PKEY *key, unsigned char *cert, size_t len,
    const struct signer_limits *limits, int code, const char *words)
{
	struct made_ca ca;
	struct gh_error err = {0};

	assert_int_equal(import(f, key, cert, len, limits, &ca, &err), code);
	assert_null(ca.sealed);
	assert_says(&err, words);
	OPENSSL_free(cert);
	assert_int_equal(signer_client_ping(f->admin.client, &err), 0);
}

static void
signer__imports_no_ca_that_does_not_fit(void **state)
{
	static const char *const leaf_words[] = {"basicConstraints", "CA:FALSE", NULL};
	static const char *const no_words[] = {NULL};
	static const char *const leaf_usage[] = {"basicConstraints", "critical,CA:TRUE", "keyUsage",
	    "digitalSignature", NULL};
	static const char *const short_path[] = {"basicConstraints", "critical,CA:TRUE,pathlen:0",
	    NULL};
	struct fixture *f = *state;
	EVP_PKEY *key = new_key("P-256"), *other = new_key("P-256"), *odd = new_key("P-521");
	EVP_PKEY *weak = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	struct signer_limits limits = root_limits;
	unsigned char *der;
	size_t n;

	der = foreign_cert("A", key, NULL, key, &n, ca_words);
	assert_not_imported(f, other, der, n, &issuing_limits, GH_E_SIGNER, "not that of the CA");
	der = foreign_cert("A", key, NULL, key, &n, leaf_words);
	assert_not_imported(f, key, der, n, &issuing_limits, GH_E_SIGNER, "not that of a CA");
	der = foreign_cert("A", key, NULL, key, &n, no_words);
	assert_not_imported(f, key, der, n, &issuing_limits, GH_E_SIGNER, "not that of a CA");
	der = foreign_cert("A", key, NULL, key, &n, leaf_usage);
	assert_not_imported(f, key, der, n, &issuing_limits, GH_E_SIGNER, "not that of a CA");
	der = foreign_cert("A", odd, NULL, odd, &n, ca_words);
	assert_not_imported(f, odd, der, n, &issuing_limits, GH_E_SIGNER, "no signature algorithm");
	der = foreign_cert("A", weak, NULL, weak, &n, ca_words);
	assert_not_imported(f, weak, der, n, &issuing_limits, GH_E_SIGNER, "1024 bits");
	der = foreign_cert("A", key, NULL, key, &n, ca_words);
	assert_not_imported(f, key, der, n - 1, &issuing_limits, GH_E_SIGNER, "not that of a CA");
	/* the limits promise more than the certificate */
	der = foreign_cert("A", key, NULL, key, &n, short_path);
	assert_not_imported(f, key, der, n, &root_limits, GH_E_CA_POLICY, "pathLenConstraint 0");
	limits.path_len = 1;
	der = foreign_cert("A", key, NULL, key, &n, ca_words);
	assert_not_imported(f, key, der, n, &limits, GH_E_CA_POLICY, "at most 0");
	limits.path_len = SIGNER_PATH_LEN_ANY;
	der = foreign_cert("A", key, NULL, key, &n, ca_words);
	assert_not_imported(f, key, der, n, &limits, GH_E_CA_POLICY, "at most 0");
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(odd);
	EVP_PKEY_free(weak);
}

/* A private key whose public part is right and whose private part is another's. */
static void
signer__imports_no_key_that_makes_wrong_signatures(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *key = new_key("P-256"), *other = new_key("P-256");
	struct signer_import_ca in = {.limits = issuing_limits};
	unsigned char *cert = foreign_cert("A", key, NULL, key, &in.cert_len, ca_words);
	unsigned char *mixed = pkcs8(key, &in.pkcs8_len), *wrong, *sealed, *p;
	size_t wrong_len, sealed_len;
	struct gh_error err = {0};

	wrong = pkcs8(other, &wrong_len);
	assert_int_equal(in.pkcs8_len, wrong_len);
	/* ECPrivateKey: version, then OCTET STRING of 32 bytes */
	p = memmem(mixed, in.pkcs8_len, "\x02\x01\x01\x04\x20", 5);
	MUST(p != NULL);
	memcpy(p + 5, wrong + (p - mixed) + 5, 32);
	in.cert = cert;
	in.pkcs8 = mixed;
	assert_int_equal(signer_client_import_ca(f->admin.client, &in, &sealed, &sealed_len, &err),
	    GH_E_SIGNER);
	assert_null(sealed);
	in.pkcs8_len--;
	assert_int_equal(signer_client_import_ca(f->admin.client, &in, &sealed, &sealed_len, &err),
	    GH_E_SIGNER);
	assert_says(&err, "PKCS#8");
	in.pkcs8_len = 0;
	assert_int_equal(signer_client_import_ca(f->admin.client, &in, &sealed, &sealed_len, &err),
	    GH_E_SIGNER);
	assert_says(&err, "no private key");
	OPENSSL_free(cert);
	OPENSSL_free(mixed);
	OPENSSL_free(wrong);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* --- signed elsewhere ------------------------------------------------------------------------- */

struct pending {
	unsigned char *csr, *sealed;
	size_t csr_len, sealed_len;
	EVP_PKEY *key; /* public, from the request */
};

static void
request(struct fixture *f, const char *key_alg, struct pending *out)
{
	static const char *const words[] = {"crlDistributionPoints", "URI:http://a/c", NULL};
	struct signer_create_csr in = {.key_alg = key_alg, .limits = issuing_limits};
	unsigned char *name = name_der("Sub", &in.subject_len);
	unsigned char *ext = extensions_der(words, &in.extensions_len);
	const unsigned char *p;
	struct gh_error err;
	X509_REQ *req;
	STACK_OF(X509_EXTENSION) * list;

	in.subject = name;
	in.extensions = ext;
	assert_int_equal(signer_client_create_csr(f->admin.client, &in, &out->csr, &out->csr_len,
			     &out->sealed, &out->sealed_len, &err),
	    0);
	p = out->csr;
	req = d2i_X509_REQ(NULL, &p, (long)out->csr_len);
	assert_non_null(req);
	out->key = X509_REQ_get_pubkey(req);
	assert_int_equal(X509_REQ_verify(req, out->key), 1);
	list = X509_REQ_get_extensions(req);
	assert_int_equal(sk_X509_EXTENSION_num(list), 3); /* with basicConstraints, keyUsage */
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(req);
	OPENSSL_free(name);
	OPENSSL_free(ext);
}

static void
pending_free(struct pending *p)
{
	free(p->csr);
	free(p->sealed);
	EVP_PKEY_free(p->key);
}

static int
complete(struct fixture *f, const struct pending *p, const unsigned char *cert, size_t len,
    unsigned char **sealed, size_t *sealed_len, struct gh_error *err)
{
	return signer_client_complete_ca(f->admin.client, p->sealed, p->sealed_len, cert, len,
	    sealed, sealed_len, err);
}

static void
signer__completes_a_ca_that_is_signed_elsewhere(void **state)
{
	static const char *const algs[] = {"P-256", "P-384", "RSA-2048", "Ed25519"};
	static const char *const sub_words[] = {"basicConstraints", "critical,CA:TRUE,pathlen:0",
	    "keyUsage", "critical,keyCertSign,cRLSign", NULL};
	struct fixture *f = *state;
	EVP_PKEY *root_key = new_key("P-256");
	struct made_ca root = {0};
	size_t i;

	root.cert =
	    foreign_cert("Foreign root", root_key, NULL, root_key, &root.cert_len, ca_words);
	for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		X509 *anchor = parse(root.cert, root.cert_len);
		unsigned char id[SIGNER_CA_ID_SIZE];
		struct signer_blob between[2] = {{NULL, 0}, {NULL, 0}};
		struct wanted w = {.cn = "alice"};
		struct pending p;
		struct made_ca sub = {0};
		struct gh_error err;

		request(f, algs[i], &p);
		/* it is no CA yet */
		assert_int_equal(signer_client_load_ca(f->client, p.sealed, p.sealed_len, id, &err),
		    GH_E_SIGNER);
		between[0].p =
		    foreign_cert("Sub", p.key, anchor, root_key, &between[0].len, sub_words);
		assert_int_equal(complete(f, &p, between[0].p, between[0].len, &sub.sealed,
				     &sub.sealed_len, &err),
		    0);
		assert_int_equal(sign(f, sub.sealed, sub.sealed_len, &w), 0);
		/* what foreign_cert makes has no AKI */
		assert_int_equal(verify_as(0, w.cert, w.len, &root, between), X509_V_OK);
		free(w.cert);
		free(sub.sealed);
		OPENSSL_free(between[0].p);
		X509_free(anchor);
		pending_free(&p);
	}
	OPENSSL_free(root.cert);
	EVP_PKEY_free(root_key);
}

static void
signer__completes_no_ca_with_a_wrong_certificate(void **state)
{
	static const char *const leaf[] = {"basicConstraints", "CA:FALSE", NULL};
	struct fixture *f = *state;
	EVP_PKEY *other = new_key("P-256");
	unsigned char *cert, *sealed;
	size_t len, sealed_len;
	struct gh_error err = {0};
	struct pending p;

	request(f, "P-256", &p);
	cert = foreign_cert("Sub", other, NULL, other, &len, ca_words);
	assert_int_equal(complete(f, &p, cert, len, &sealed, &sealed_len, &err), GH_E_SIGNER);
	assert_says(&err, "another key");
	assert_int_equal(complete(f, &p, cert, len - 1, &sealed, &sealed_len, &err), GH_E_SIGNER);
	OPENSSL_free(cert);
	cert = foreign_cert("Sub", p.key, NULL, other, &len, leaf);
	assert_int_equal(complete(f, &p, cert, len, &sealed, &sealed_len, &err), GH_E_SIGNER);
	assert_says(&err, "not that of a CA");
	OPENSSL_free(cert);
	assert_null(sealed);
	/* a CA that has a certificate */
	assert_int_equal(signer_client_complete_ca(f->admin.client, f->root.sealed,
			     f->root.sealed_len, f->root.cert, f->root.cert_len, &sealed,
			     &sealed_len, &err),
	    GH_E_SIGNER);
	assert_says(&err, "waits for no certificate");
	pending_free(&p);
	EVP_PKEY_free(other);
}

/* A CA with a password asks a foreign parent again, with the same key: the password stays. */
static void
signer__asks_again_with_the_same_key(void **state)
{
	struct fixture *f = *state;
	struct signer_create_csr in = {.limits = issuing_limits};
	unsigned char *name = name_der("Issuing", &in.subject_len), *locked, *sealed, *cert;
	EVP_PKEY *root_key = new_key("P-256");
	struct gh_error err;
	struct pending p;
	size_t locked_len, sealed_len, len;
	unsigned char id[SIGNER_CA_ID_SIZE];
	X509 *old = parse(f->issuing.cert, f->issuing.cert_len);
	X509_REQ *req;
	const unsigned char *q;

	assert_int_equal(signer_client_set_password(f->client, f->issuing.sealed,
			     f->issuing.sealed_len, NULL, PASSWORD, &locked, &locked_len, &err),
	    0);
	in.subject = name;
	in.sealed = locked;
	in.sealed_len = locked_len;
	assert_int_equal(signer_client_create_csr(f->admin.client, &in, &p.csr, &p.csr_len,
			     &p.sealed, &p.sealed_len, &err),
	    GH_E_CA_PASSWORD);
	in.password = PASSWORD;
	assert_int_equal(signer_client_create_csr(f->admin.client, &in, &p.csr, &p.csr_len,
			     &p.sealed, &p.sealed_len, &err),
	    0);
	q = p.csr;
	req = d2i_X509_REQ(NULL, &q, (long)p.csr_len);
	p.key = X509_REQ_get_pubkey(req);
	assert_int_equal(X509_REQ_verify(req, p.key), 1);
	assert_int_equal(EVP_PKEY_eq(p.key, X509_get0_pubkey(old)), 1);
	cert = foreign_cert("Issuing", p.key, NULL, root_key, &len, ca_words);
	assert_int_equal(complete(f, &p, cert, len, &sealed, &sealed_len, &err), 0);
	assert_int_equal(signer_client_load_ca(f->client, sealed, sealed_len, id, &err),
	    GH_E_CA_LOCKED);
	X509_REQ_free(req);
	X509_free(old);
	EVP_PKEY_free(root_key);
	pending_free(&p);
	free(locked);
	free(sealed);
	OPENSSL_free(cert);
	OPENSSL_free(name);
}

/* --- the socket of the workers ---------------------------------------------------------------- */

static void
signer__administers_nothing_on_the_public_socket(void **state)
{
	struct fixture *f = *state;
	struct signer_renew_ca renewal = {.sealed = f->root.sealed,
	    .sealed_len = f->root.sealed_len,
	    .not_before = 0,
	    .not_after = 1};
	struct signer_import_ca import_of = {.cert = f->root.cert,
	    .cert_len = f->root.cert_len,
	    .limits = root_limits};
	struct signer_create_csr csr_of = {.key_alg = "P-256", .limits = root_limits};
	struct signer_renewed_ca r;
	unsigned char *a, *b;
	struct gh_error err;
	size_t n, m;

	assert_int_equal(signer_client_renew_ca(f->client, &renewal, &r, &err), GH_E_FORBIDDEN);
	assert_int_equal(signer_client_import_ca(f->client, &import_of, &a, &n, &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(signer_client_create_csr(f->client, &csr_of, &a, &n, &b, &m, &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(signer_client_complete_ca(f->client, f->root.sealed, f->root.sealed_len,
			     f->root.cert, f->root.cert_len, &a, &n, &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(signer_client_set_limits(f->client, f->root.sealed, f->root.sealed_len,
			     &root_limits, &a, &n, &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(signer__imports_cas_of_every_kind_of_key),
	    each(signer__imports_no_ca_that_does_not_fit),
	    each(signer__imports_no_key_that_makes_wrong_signatures),
	    each(signer__completes_a_ca_that_is_signed_elsewhere),
	    each(signer__completes_no_ca_with_a_wrong_certificate),
	    each(signer__asks_again_with_the_same_key),
	    each(signer__administers_nothing_on_the_public_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
