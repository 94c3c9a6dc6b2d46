/* PKCS#12 as a real KRA makes them, with a chain, read by openssl, by Java's keytool and by NSS's
 * pk12util: each must get the very key out of it. $P12_DIR is the folder of the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "ca-backend/kra_fixture.h"

static const char ascii[] = "A password of ASCII, 1";
/* in UTF-8 of 1 to 3 octets; as a BMPString of 2 each */
static const char other[] = "Gr\xc3\xbc\xc3\x9f"
			    "e f\xc3\xbcr 20 \xe2\x82\xac";

/* --- a person with a certificate -------------------------------------------------------------- */

struct chain {
	EVP_PKEY *key[3];      /* of the person, of the issuing CA, of the root */
	unsigned char *der[3]; /* their certificates */
	struct gh_der cert[3];
};

static X509 *
make_cert(const char *name, EVP_PKEY *key, const char *issuer, EVP_PKEY *by, long serial)
{
	X509 *x = X509_new();
	X509_NAME *n = X509_NAME_new();
	X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
	    serial > 1 ? "critical,CA:TRUE" : "CA:FALSE");

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), DAY);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_subject_name(x, n);
	X509_NAME_free(n);
	n = X509_NAME_new();
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)issuer, -1, -1,
	    0);
	X509_set_issuer_name(x, n);
	X509_NAME_free(n);
	X509_set_pubkey(x, key);
	assert_int_equal(X509_add_ext(x, ca, -1), 1);
	X509_EXTENSION_free(ca);
	assert_int_not_equal(X509_sign(x, by, EVP_sha256()), 0);
	return x;
}

static void
chain_make(struct chain *c, EVP_PKEY *key)
{
	static const char *const names[] = {"Zo\xc3\xab Example", "Issuing CA", "Root CA",
	    "Root CA"};

	c->key[0] = key;
	c->key[1] = gh_key_make("P-256");
	c->key[2] = gh_key_make("P-256");
	for (int i = 0; i < 3; i++) {
		X509 *x =
		    make_cert(names[i], c->key[i], names[i + 1], c->key[i < 2 ? i + 1 : 2], i + 1);
		int n;

		c->der[i] = NULL;
		n = i2d_X509(x, &c->der[i]);
		c->cert[i] = (struct gh_der){c->der[i], (size_t)n};
		X509_free(x);
	}
}

static void
chain_free(struct chain *c)
{
	for (int i = 0; i < 3; i++)
		OPENSSL_free(c->der[i]);
	EVP_PKEY_free(c->key[1]);
	EVP_PKEY_free(c->key[2]);
}

/* --- files ------------------------------------------------------------------------------------ */

static void
write_file(const char *name, const void *p, size_t len)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("P12_DIR"), name);
	MUST((f = fopen(path, "w")) != NULL);
	MUST(fwrite(p, 1, len, f) == len && fclose(f) == 0);
}

/* In the folder; what it printed is shown when it fails. */
static bool
run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && { %s; } >out 2>&1 </dev/null", getenv("P12_DIR"),
	    command);
	return system(line) == 0;
}

static void
must_run(const char *command)
{
	char line[256];

	if (!run(command)) {
		snprintf(line, sizeof(line), "cat %s/out >&2", getenv("P12_DIR"));
		(void)!system(line);
		fail_msg("%s", command);
	}
}

/* The key that openssl takes out of a file under the password in another one. */
static void
must_hold(const char *file, const char *password_file, EVP_PKEY *key)
{
	char path[256], command[512];
	EVP_PKEY *got;
	FILE *f;

	snprintf(command, sizeof(command),
	    "openssl pkcs12 -in %s -passin file:%s -nocerts -noenc -out got.pem", file,
	    password_file);
	must_run(command);
	snprintf(path, sizeof(path), "%s/got.pem", getenv("P12_DIR"));
	MUST((f = fopen(path, "r")) != NULL);
	got = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(got);
	assert_int_equal(EVP_PKEY_eq(got, key), 1);
	EVP_PKEY_free(got);
}

/* --- readers ---------------------------------------------------------------------------------- */

static void
read_by_openssl(EVP_PKEY *key)
{
	must_hold("kra.p12", "password", key);
	must_run("openssl pkcs12 -in kra.p12 -passin file:password -nokeys -out certs.pem && "
		 "test $(grep -c BEGIN certs.pem) = 3 && grep -q 'friendlyName: Zo' certs.pem");
	must_run("! openssl pkcs12 -in kra.p12 -passin pass:wrong -nokeys -out certs.pem");
}

/* Into a file of Java's own. */
static void
read_by_java(EVP_PKEY *key)
{
	must_run("rm -f java.p12 && keytool -importkeystore -noprompt -srckeystore kra.p12 "
		 "-srcstoretype PKCS12 -srcstorepass:file password -destkeystore java.p12 "
		 "-deststoretype PKCS12 -deststorepass:file plain");
	must_run("keytool -list -v -keystore java.p12 -storepass:file plain | "
		 "grep -q 'Certificate chain length: 3'");
	must_hold("java.p12", "plain", key);
}

/* Into a database of NSS, and out of it. */
static void
read_by_nss(EVP_PKEY *key)
{
	must_run("rm -rf nss nss.p12 && mkdir nss && certutil -N -d sql:nss --empty-password");
	must_run("pk12util -i kra.p12 -d sql:nss -w password");
	must_run("pk12util -o nss.p12 -d sql:nss -n 'Zo\xc3\xab' -w plain");
	must_hold("nss.p12", "plain", key);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
make_file(struct fixture *f, const struct chain *c, const struct signer_blob *stored,
    enum kra_form form, const char *password)
{
	struct kra_recover q = {.facts = facts_of(f, ""), .stored = BLOB(*stored)};
	struct signer_blob iv, out;
	struct gh_buf password_iv, wrapped;
	struct client_key k;
	struct gh_error err = {0};

	client_key(&k, &f->transport, "AES-256-GCM");
	wrap_secret(&k, TEXT(password), &password_iv, &wrapped);
	q.release = (struct kra_release){.form = form,
	    .wrapping = k.wrapping,
	    .iv = BUF(password_iv),
	    .password = BUF(wrapped),
	    .name = TEXT("Zo\xc3\xab"),
	    .cert = c->cert[0],
	    .chain = {c->cert[1], c->cert[2]},
	    .chain_len = 2,
	    .iterations = 10000};
	if (kra_client_recover(f->client, &q, &iv, &out, &err) != 0)
		fail_msg("%s", err.detail);
	write_file("kra.p12", out.p, out.len);
	write_file("password", password, strlen(password));
	free(out.p);
	gh_buf_free(&password_iv);
	gh_buf_free(&wrapped);
	gh_buf_free(&k.parts);
}

static void
check_readers(struct fixture *f, const char *alg)
{
	static const enum kra_form forms[] = {KRA_PKCS12, KRA_PKCS12_LEGACY};
	struct signer_blob stored;
	struct gh_error err;
	struct chain c;

	EVP_PKEY_free(f->key);
	f->key = gh_key_make(alg);
	f->pkcs8.len = f->spki.len = 0;
	assert_int_equal(secret_key_put(f->key, &f->pkcs8, &f->spki, &err), 0);
	chain_make(&c, f->key);
	archive_key(f, "", &stored);
	write_file("plain", "changeit", 8);
	for (size_t i = 0; i < 2; i++) {
		make_file(f, &c, &stored, forms[i], ascii);
		read_by_openssl(f->key);
		read_by_java(f->key);
		read_by_nss(f->key);
		/* Java knows passwords of ASCII only, whoever made the file */
		make_file(f, &c, &stored, forms[i], other);
		read_by_openssl(f->key);
		read_by_nss(f->key);
	}
	free(stored.p);
	chain_free(&c);
}

static void
pkcs12__with_an_ec_key(void **state)
{
	check_readers(*state, "P-256");
}

static void
pkcs12__with_an_rsa_key(void **state)
{
	check_readers(*state, "RSA-2048");
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup_legacy, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(pkcs12__with_an_ec_key),
	    each(pkcs12__with_an_rsa_key),
	};

	MUST(getenv("P12_DIR") != NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
