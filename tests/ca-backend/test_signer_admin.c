/* What only an inherited socket may ask a real signer: import, requests, renewal, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "ca-backend/signer_process.h"

#define PASSWORD "a password of the root"

/* A root and an issuing CA below it; admin is the signer of `gatehouse ca`. */
struct fixture {
	struct signer_process sp;
	struct made_ca root, issuing;
	struct admin_signer admin;
	struct signer_client *client; /* as a worker */
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	assert_int_equal(make_ca(&f->sp, "Root", "P-256", NULL, &root_limits, &f->root, &err), 0);
	assert_int_equal(
	    make_ca(&f->sp, "Issuing", "P-384", &f->root, &issuing_limits, &f->issuing, &err), 0);
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	f->admin = admin_signer_start(&f->sp);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(admin_signer_stop(&f->admin), 0);
	signer_client_free(f->client);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0); /* a sanitizer's findings too */
	signer_process_free(&f->sp);
	made_ca_free(&f->root);
	made_ca_free(&f->issuing);
	free(f);
	return 0;
}

/* --- certificates ----------------------------------------------------------------------------- */

static X509 *
parse(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	assert_non_null(x);
	assert_ptr_equal(p, der + len);
	return x;
}

static EVP_PKEY *
new_key(const char *group)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);

	MUST(key != NULL);
	return key;
}

static void
add_extension(X509 *x, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, name, value);

	MUST(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

/* A certificate made by OpenSSL: of name and key, signed by issuer (NULL: itself) with by. extensions:
 * pairs of words, NULL at the end. DER, to be freed with OPENSSL_free. */
static unsigned char *
foreign_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *by, size_t *len,
    const char *const *extensions)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	int n;

	MUST(x != NULL && X509_set_version(x, X509_VERSION_3) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
	X509_gmtime_adj(X509_getm_notBefore(x), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000 * DAY);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x));
	MUST(X509_set_pubkey(x, key) == 1);
	for (; *extensions != NULL; extensions += 2)
		add_extension(x, extensions[0], extensions[1]);
	MUST(X509_sign(x, by, EVP_sha256()) > 0);
	MUST((n = i2d_X509(x, &der)) > 0);
	*len = (size_t)n;
	X509_free(x);
	return der;
}

static const char *const ca_words[] = {"basicConstraints", "critical,CA:TRUE,pathlen:1", "keyUsage",
    "critical,keyCertSign,cRLSign", "subjectKeyIdentifier", "01:02:03:04:05:06:07:08", NULL};

static unsigned char *
pkcs8(EVP_PKEY *key, size_t *len)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);

	MUST(n > 0);
	PKCS8_PRIV_KEY_INFO_free(p8);
	*len = (size_t)n;
	return der;
}

/* OpenSSL's whole path validation. X509_V_OK, or why not. */
static int
verify_as(unsigned long flags, const unsigned char *cert, size_t len, const struct made_ca *root,
    const struct signer_blob *between)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *x = parse(cert, len), *anchor = parse(root->cert, root->cert_len);
	int result;

	MUST(X509_STORE_add_cert(store, anchor) == 1);
	for (; between != NULL && between->p != NULL; between++)
		MUST(sk_X509_push(chain, parse(between->p, between->len)) > 0);
	MUST(X509_STORE_CTX_init(ctx, store, x, chain) == 1);
	X509_STORE_CTX_set_flags(ctx, flags);
	result = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(chain, X509_free);
	X509_free(x);
	X509_free(anchor);
	return result;
}

/* As RFC 5280 is written: SKI and AKI are musts. */
static int
verify(const unsigned char *cert, size_t len, const struct made_ca *root,
    const struct signer_blob *between)
{
	return verify_as(X509_V_FLAG_X509_STRICT, cert, len, root, between);
}

/* --- signing as a worker ---------------------------------------------------------------------- */

struct wanted {
	const char *cn;
	const char *const *extensions; /* pairs, NULL at the end; NULL = none */
	struct gh_error err;
	unsigned char *cert;
	size_t len;
};

static unsigned char *
extensions_der(const char *const *words, size_t *len)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	int n;

	for (; *words != NULL; words += 2) {
		X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, words[0], words[1]);

		MUST(e != NULL && sk_X509_EXTENSION_push(list, e) > 0);
	}
	MUST((n = i2d_X509_EXTENSIONS(list, &der)) > 0);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	*len = (size_t)n;
	return der;
}

/* Load a record and sign with it for a new key. w->cert to be freed. */
static int
sign(struct fixture *f, const unsigned char *sealed, size_t len, struct wanted *w)
{
	struct signer_cert_fields fields = {
	    .not_before = gh_now() - 600, .not_after = gh_now() + 30 * DAY};
	unsigned char *name = name_der(w->cn, &fields.subject_len), *spki = NULL, *ext = NULL;
	EVP_PKEY *key = new_key("P-256");
	int rc;

	fields.subject = name;
	fields.spki_len = (size_t)i2d_PUBKEY(key, &spki);
	fields.spki = spki;
	if (w->extensions != NULL)
		fields.extensions = ext = extensions_der(w->extensions, &fields.extensions_len);
	w->cert = NULL;
	rc = signer_client_load_ca(f->client, sealed, len, fields.ca_id, &w->err);
	if (rc == 0)
		rc = signer_client_sign_cert(f->client, &fields, &w->cert, &w->len, &w->err);
	EVP_PKEY_free(key);
	OPENSSL_free(name);
	OPENSSL_free(spki);
	OPENSSL_free(ext);
	return rc;
}

static void
assert_signs_below(struct fixture *f, const unsigned char *sealed, size_t len, const struct made_ca *root,
    const struct signer_blob *between)
{
	struct wanted w = {.cn = "alice"};

	assert_int_equal(sign(f, sealed, len, &w), 0);
	assert_int_equal(verify(w.cert, w.len, root, between), X509_V_OK);
	free(w.cert);
}

static void
assert_says(const struct gh_error *err, const char *words)
{
	if (strstr(err->message, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err->message);
}

/* --- import ----------------------------------------------------------------------------------- */

static int
import(struct fixture *f, EVP_PKEY *key, const unsigned char *cert, size_t len,
    const struct signer_limits *limits, struct made_ca *out, struct gh_error *err)
{
	struct signer_import_ca in = {.cert = cert, .cert_len = len, .limits = *limits};
	unsigned char *der = pkcs8(key, &in.pkcs8_len);
	int rc;

	in.pkcs8 = der;
	rc = signer_client_import_ca(f->admin.client, &in, &out->sealed, &out->sealed_len, err);
	OPENSSL_free(der);
	out->cert = NULL;
	if (rc == 0) {
		MUST((out->cert = malloc(len)) != NULL);
		memcpy(out->cert, cert, len);
		out->cert_len = len;
	}
	return rc;
}

static void
signer__imports_a_ca(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *key = new_key("P-256");
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
	static const char *const leaf_usage[] = {
	    "basicConstraints", "critical,CA:TRUE", "keyUsage", "digitalSignature", NULL};
	static const char *const short_path[] = {"basicConstraints", "critical,CA:TRUE,pathlen:0", NULL};
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
	assert_int_equal(
	    signer_client_import_ca(f->admin.client, &in, &sealed, &sealed_len, &err), GH_E_SIGNER);
	assert_null(sealed);
	in.pkcs8_len--;
	assert_int_equal(
	    signer_client_import_ca(f->admin.client, &in, &sealed, &sealed_len, &err), GH_E_SIGNER);
	assert_says(&err, "PKCS#8");
	in.pkcs8_len = 0;
	assert_int_equal(
	    signer_client_import_ca(f->admin.client, &in, &sealed, &sealed_len, &err), GH_E_SIGNER);
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
	STACK_OF(X509_EXTENSION) *list;

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
	return signer_client_complete_ca(
	    f->admin.client, p->sealed, p->sealed_len, cert, len, sealed, sealed_len, err);
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

	root.cert = foreign_cert("Foreign root", root_key, NULL, root_key, &root.cert_len, ca_words);
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
		between[0].p = foreign_cert("Sub", p.key, anchor, root_key, &between[0].len, sub_words);
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
	assert_int_equal(
	    signer_client_complete_ca(f->admin.client, f->root.sealed, f->root.sealed_len,
		f->root.cert, f->root.cert_len, &sealed, &sealed_len, &err),
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
	assert_int_equal(signer_client_create_csr(f->admin.client, &in, &p.csr, &p.csr_len, &p.sealed,
			     &p.sealed_len, &err),
	    GH_E_CA_PASSWORD);
	in.password = PASSWORD;
	assert_int_equal(signer_client_create_csr(f->admin.client, &in, &p.csr, &p.csr_len, &p.sealed,
			     &p.sealed_len, &err),
	    0);
	q = p.csr;
	req = d2i_X509_REQ(NULL, &q, (long)p.csr_len);
	p.key = X509_REQ_get_pubkey(req);
	assert_int_equal(X509_REQ_verify(req, p.key), 1);
	assert_int_equal(EVP_PKEY_eq(p.key, X509_get0_pubkey(old)), 1);
	cert = foreign_cert("Issuing", p.key, NULL, root_key, &len, ca_words);
	assert_int_equal(complete(f, &p, cert, len, &sealed, &sealed_len, &err), 0);
	assert_int_equal(
	    signer_client_load_ca(f->client, sealed, sealed_len, id, &err), GH_E_CA_LOCKED);
	X509_REQ_free(req);
	X509_free(old);
	EVP_PKEY_free(root_key);
	pending_free(&p);
	free(locked);
	free(sealed);
	OPENSSL_free(cert);
	OPENSSL_free(name);
}

/* --- renewal ---------------------------------------------------------------------------------- */

static int
renew(struct fixture *f, const struct made_ca *ca, const struct made_ca *parent, const char *key_alg,
    struct signer_renewed_ca *out, struct gh_error *err)
{
	struct signer_renew_ca in = {.sealed = ca->sealed,
	    .sealed_len = ca->sealed_len,
	    .not_before = gh_now() - 60,
	    .not_after = gh_now() + (parent == NULL ? 7305 : 3000) * DAY,
	    .key_alg = key_alg};

	if (parent != NULL) {
		in.parent = parent->sealed;
		in.parent_len = parent->sealed_len;
	}
	return signer_client_renew_ca(f->admin.client, &in, out, err);
}

static struct made_ca
made_of(const struct signer_renewed_ca *r)
{
	return (struct made_ca){r->cert.p, r->sealed.p, r->cert.len, r->sealed.len};
}

static void
signer__renews_a_root_with_its_key(void **state)
{
	struct fixture *f = *state;
	struct signer_renewed_ca r;
	struct made_ca renewed;
	struct gh_error err;
	X509 *old = parse(f->root.cert, f->root.cert_len), *new;

	assert_int_equal(renew(f, &f->root, NULL, NULL, &r, &err), 0);
	assert_null(r.old_with_new.p);
	assert_null(r.new_with_old.p);
	renewed = made_of(&r);
	new = parse(r.cert.p, r.cert.len);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(old), X509_get0_pubkey(new)), 1);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(new), X509_get0_notAfter(old)), 1);
	assert_int_equal(X509_get_pathlen(new), 1);
	assert_int_equal(X509_get_key_usage(new), X509_get_key_usage(old));
	assert_int_equal(verify(r.cert.p, r.cert.len, &renewed, NULL), X509_V_OK);
	/* what the old one certified stands under the new one too */
	assert_int_equal(
	    verify(f->issuing.cert, f->issuing.cert_len, &renewed, NULL), X509_V_OK);
	X509_free(old);
	X509_free(new);
	signer_renewed_ca_free(&r);
}

static void
signer__renews_a_root_with_a_new_key(void **state)
{
	struct fixture *f = *state;
	struct signer_renewed_ca r;
	struct signer_blob between[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct made_ca renewed, sub = {0};
	struct gh_error err;
	X509 *old = parse(f->root.cert, f->root.cert_len), *x;

	assert_int_equal(renew(f, &f->root, NULL, "P-384", &r, &err), 0);
	renewed = made_of(&r);
	assert_int_equal(verify(r.cert.p, r.cert.len, &renewed, NULL), X509_V_OK);
	assert_int_equal(
	    make_ca(&f->sp, "New sub", "P-256", &renewed, &issuing_limits, &sub, &err), 0);
	/* each side's certificates under the other's anchor: only through the cross certificate */
	assert_int_not_equal(
	    verify(f->issuing.cert, f->issuing.cert_len, &renewed, NULL), X509_V_OK);
	between[0] = r.old_with_new;
	assert_int_equal(
	    verify(f->issuing.cert, f->issuing.cert_len, &renewed, between), X509_V_OK);
	assert_int_not_equal(verify(sub.cert, sub.cert_len, &f->root, NULL), X509_V_OK);
	between[0] = r.new_with_old;
	assert_int_equal(verify(sub.cert, sub.cert_len, &f->root, between), X509_V_OK);
	/* RFC 4210, 4.4.1: validity of OldWithNew is that of the old one, NewWithOld ends with it */
	x = parse(r.old_with_new.p, r.old_with_new.len);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notBefore(x), X509_get0_notBefore(old)), 0);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(old)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), X509_get0_pubkey(old)), 1);
	X509_free(x);
	x = parse(r.new_with_old.p, r.new_with_old.len);
	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(old)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), X509_get0_pubkey(old)), 0);
	X509_free(x);
	X509_free(old);
	made_ca_free(&sub);
	signer_renewed_ca_free(&r);
}

static void
signer__renews_a_subordinate_ca(void **state)
{
	static const char *const algs[] = {NULL, "P-256"};
	struct fixture *f = *state;
	struct signer_blob between[2] = {{NULL, 0}, {NULL, 0}};
	struct signer_renewed_ca r;
	struct gh_error err;
	size_t i;

	for (i = 0; i < 2; i++) {
		X509 *old = parse(f->issuing.cert, f->issuing.cert_len), *new;

		assert_int_equal(renew(f, &f->issuing, &f->root, algs[i], &r, &err), 0);
		assert_null(r.old_with_new.p);
		assert_null(r.new_with_old.p);
		new = parse(r.cert.p, r.cert.len);
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(old), X509_get0_pubkey(new)), i == 0);
		assert_int_equal(X509_NAME_cmp(X509_get_subject_name(old), X509_get_subject_name(new)), 0);
		assert_int_equal(X509_get_pathlen(new), 0);
		between[0] = r.cert;
		assert_signs_below(f, r.sealed.p, r.sealed.len, &f->root, between);
		X509_free(old);
		X509_free(new);
		signer_renewed_ca_free(&r);
	}
}

/* An imported root whose SKI is no SHA-1 and that has extensions of its own. */
static void
signer__keeps_identifier_and_extensions_when_it_renews(void **state)
{
	static const char *const words[] = {"basicConstraints", "critical,CA:TRUE,pathlen:1", "keyUsage",
	    "critical,keyCertSign,cRLSign", "subjectKeyIdentifier", "01:02:03:04:05:06:07:08",
	    "certificatePolicies", "DER:30:06:30:04:06:02:2a:03", NULL};
	struct fixture *f = *state;
	EVP_PKEY *key = new_key("P-256");
	struct signer_renewed_ca r;
	struct made_ca ca;
	struct gh_error err;
	size_t len;
	unsigned char *cert = foreign_cert("Foreign", key, NULL, key, &len, words);
	struct signer_renew_ca in = {.not_before = gh_now(), .not_after = gh_now() + 2000 * DAY};
	static const char *const given[] = {"crlDistributionPoints", "URI:http://a/c", NULL};
	unsigned char *ext = extensions_der(given, &in.extensions_len);
	X509 *x;

	assert_int_equal(import(f, key, cert, len, &issuing_limits, &ca, &err), 0);
	assert_int_equal(renew(f, &ca, NULL, NULL, &r, &err), 0);
	x = parse(r.cert.p, r.cert.len);
	assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(x)), 8);
	assert_true(X509_get_ext_by_NID(x, NID_certificate_policies, -1) >= 0);
	assert_int_equal(X509_get_pathlen(x), 1);
	X509_free(x);
	signer_renewed_ca_free(&r);
	/* OldWithNew has the old identifier, and AKI of the new key */
	assert_int_equal(renew(f, &ca, NULL, "P-256", &r, &err), 0);
	x = parse(r.old_with_new.p, r.old_with_new.len);
	assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(x)), 8);
	assert_int_equal(ASN1_STRING_length(X509_get0_authority_key_id(x)), 20);
	X509_free(x);
	signer_renewed_ca_free(&r);
	/* those given replace the others */
	in.sealed = ca.sealed;
	in.sealed_len = ca.sealed_len;
	in.extensions = ext;
	assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), 0);
	x = parse(r.cert.p, r.cert.len);
	assert_int_equal(X509_get_ext_by_NID(x, NID_certificate_policies, -1), -1);
	assert_true(X509_get_ext_by_NID(x, NID_crl_distribution_points, -1) >= 0);
	assert_int_equal(X509_get_pathlen(x), 1);
	X509_free(x);
	signer_renewed_ca_free(&r);
	made_ca_free(&ca);
	OPENSSL_free(cert);
	OPENSSL_free(ext);
	EVP_PKEY_free(key);
}

static void
signer__renews_only_with_the_right_parent_and_times(void **state)
{
	struct fixture *f = *state;
	struct signer_renewed_ca r;
	struct gh_error err = {0};
	struct signer_renew_ca in = {.sealed = f->issuing.sealed,
	    .sealed_len = f->issuing.sealed_len,
	    .parent = f->root.sealed,
	    .parent_len = f->root.sealed_len,
	    .not_before = gh_now(),
	    .not_after = gh_now() + 9000 * DAY};

	assert_int_equal(renew(f, &f->issuing, NULL, NULL, &r, &err), GH_E_SIGNER);
	assert_says(&err, "parent must sign");
	assert_int_equal(renew(f, &f->root, &f->root, NULL, &r, &err), GH_E_SIGNER);
	assert_says(&err, "no parent signs");
	assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), GH_E_CA_POLICY);
	assert_says(&err, "behind that of the CA itself");
	in.not_after = in.not_before;
	assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), GH_E_SIGNER);
	in.parent = f->issuing.sealed;
	in.parent_len = f->issuing.sealed_len;
	in.not_after = gh_now() + DAY;
	assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), GH_E_CA_POLICY);
	in.key_alg = "P-000";
	assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), GH_E_SIGNER);
	assert_null(r.cert.p);
}

/* --- administration and passwords ------------------------------------------------------------- */

static struct made_ca
locked_root(struct fixture *f)
{
	struct made_ca ca = f->root;
	struct gh_error err;

	assert_int_equal(signer_client_set_password(f->client, f->root.sealed, f->root.sealed_len,
			     NULL, PASSWORD, &ca.sealed, &ca.sealed_len, &err),
	    0);
	return ca;
}

static void
signer__needs_the_password_of_a_parent(void **state)
{
	struct fixture *f = *state;
	struct made_ca root = locked_root(f), sub = {0};
	struct signer_create_ca in = {.key_alg = "P-256",
	    .parent = root.sealed,
	    .parent_len = root.sealed_len,
	    .not_before = gh_now(),
	    .not_after = gh_now() + 100 * DAY,
	    .limits = issuing_limits};
	unsigned char *name = name_der("Sub", &in.subject_len);
	struct gh_error err;

	in.subject = name;
	assert_int_equal(signer_client_create_ca(f->admin.client, &in, &sub.cert, &sub.cert_len,
			     &sub.sealed, &sub.sealed_len, &err),
	    GH_E_CA_PASSWORD);
	in.parent_password = "wrong";
	assert_int_equal(signer_client_create_ca(f->admin.client, &in, &sub.cert, &sub.cert_len,
			     &sub.sealed, &sub.sealed_len, &err),
	    GH_E_CA_PASSWORD);
	assert_null(sub.cert);
	in.parent_password = PASSWORD;
	assert_int_equal(signer_client_create_ca(f->admin.client, &in, &sub.cert, &sub.cert_len,
			     &sub.sealed, &sub.sealed_len, &err),
	    0);
	assert_int_equal(verify(sub.cert, sub.cert_len, &f->root, NULL), X509_V_OK);
	made_ca_free(&sub);
	free(root.sealed);
	OPENSSL_free(name);
}

static void
signer__renews_under_the_same_password(void **state)
{
	static const char *const algs[] = {NULL, "P-256"};
	struct fixture *f = *state;
	struct made_ca root = locked_root(f);
	struct signer_renew_ca in = {.sealed = root.sealed,
	    .sealed_len = root.sealed_len,
	    .not_before = gh_now(),
	    .not_after = gh_now() + 100 * DAY};
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct signer_renewed_ca r;
	struct gh_error err;
	int64_t until;
	size_t i;

	for (i = 0; i < 2; i++) {
		in.key_alg = algs[i];
		in.password = NULL;
		assert_int_equal(
		    signer_client_renew_ca(f->admin.client, &in, &r, &err), GH_E_CA_PASSWORD);
		in.password = "wrong";
		assert_int_equal(
		    signer_client_renew_ca(f->admin.client, &in, &r, &err), GH_E_CA_PASSWORD);
		in.password = PASSWORD;
		assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), 0);
		assert_int_equal(
		    signer_client_load_ca(f->client, r.sealed.p, r.sealed.len, id, &err),
		    GH_E_CA_LOCKED);
		assert_int_equal(signer_client_unlock(f->client, r.sealed.p, r.sealed.len, PASSWORD,
				     60, &until, &err),
		    0);
		signer_renewed_ca_free(&r);
	}
	free(root.sealed);
}

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
	assert_string_equal(
	    w.err.message, "a validity of more than 10 days is not allowed by the CA");
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
	static const char *const both[] = {"extendedKeyUsage", "clientAuth,1.3.6.1.4.1.311.20.2.2", NULL};
	static const char *const code[] = {"extendedKeyUsage", "clientAuth,codeSigning", NULL};
	static const char *const odd[] = {"extendedKeyUsage", "1.2.3.4.5", NULL};
	static const char *const any[] = {"extendedKeyUsage", "clientAuth,anyExtendedKeyUsage", NULL};
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

static void
signer__limits_extensions(void **state)
{
	static const char *const free_ones[] = {"keyUsage", "digitalSignature", "extendedKeyUsage",
	    "clientAuth", "subjectAltName", "DNS:a.test", "crlDistributionPoints", "URI:http://a/c",
	    "authorityInfoAccess", "OCSP;URI:http://a/o", "certificatePolicies", "DER:30:06:30:04:06:02:2a:03",
	    "basicConstraints", "CA:FALSE", NULL};
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
	assert_string_equal(
	    w.err.message, "extension 1.3.6.1.4.1.311.25.2 is not allowed by the CA");
	w.extensions = known;
	assert_int_equal(sign(f, ca.sealed, ca.sealed_len, &w), GH_E_CA_POLICY);
	assert_string_equal(w.err.message, "extension nameConstraints is not allowed by the CA");
	free(ca.sealed);
}

static void
signer__obeys_name_constraints_of_its_certificate(void **state)
{
	static const char *const constraints[] = {"nameConstraints",
	    "critical,permitted;DNS:corp.test,permitted;email:corp.test,excluded;DNS:secret.corp.test", NULL};
	static const char *const good[] = {"subjectAltName", "DNS:a.corp.test,email:a@corp.test", NULL};
	static const char *const outside[] = {"subjectAltName", "DNS:a.corp.test,DNS:evil.test", NULL};
	static const char *const excluded[] = {"subjectAltName", "DNS:a.secret.corp.test", NULL};
	static const char *const email[] = {"subjectAltName", "email:a@evil.test", NULL};
	static const struct {
		const char *cn;
		const char *const *words;
		int rc;
	} rows[] = {
	    {"alice", good, 0},
	    {"alice", NULL, 0},
	    {"alice", outside, GH_E_CA_POLICY},
	    {"alice", excluded, GH_E_CA_POLICY},
	    {"alice", email, GH_E_CA_POLICY},
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
	assert_int_equal(signer_client_import_ca(f->client, &import_of, &a, &n, &err), GH_E_FORBIDDEN);
	assert_int_equal(
	    signer_client_create_csr(f->client, &csr_of, &a, &n, &b, &m, &err), GH_E_FORBIDDEN);
	assert_int_equal(signer_client_complete_ca(f->client, f->root.sealed, f->root.sealed_len,
			     f->root.cert, f->root.cert_len, &a, &n, &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(signer_client_set_limits(f->client, f->root.sealed, f->root.sealed_len,
			     &root_limits, &a, &n, &err),
	    GH_E_FORBIDDEN);
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(signer__imports_a_ca),
	    each(signer__imports_no_ca_that_does_not_fit),
	    each(signer__imports_no_key_that_makes_wrong_signatures),
	    each(signer__completes_a_ca_that_is_signed_elsewhere),
	    each(signer__completes_no_ca_with_a_wrong_certificate),
	    each(signer__asks_again_with_the_same_key),
	    each(signer__renews_a_root_with_its_key),
	    each(signer__renews_a_root_with_a_new_key),
	    each(signer__renews_a_subordinate_ca),
	    each(signer__keeps_identifier_and_extensions_when_it_renews),
	    each(signer__renews_only_with_the_right_parent_and_times),
	    each(signer__needs_the_password_of_a_parent),
	    each(signer__renews_under_the_same_password),
	    each(signer__changes_the_limits_of_a_ca),
	    each(signer__limits_extended_key_usages),
	    each(signer__limits_extensions),
	    each(signer__obeys_name_constraints_of_its_certificate),
	    each(signer__administers_nothing_on_the_public_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
