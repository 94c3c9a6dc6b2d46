/*
 * Nobody but a CA gets what makes a relying party take him for one: name, key, key usage, CRLs.
 * What a worker that was taken over could ask for.
 */
#include "base/name_fixture.h"
#include "ca-backend/signer_admin.h"

/* What the worker asks for; the rest is usual. */
struct question {
	const char *subject[5];
	const char *san[5];        /* a directoryName in the SAN; empty: none */
	const char *extensions[5]; /* pairs */
	bool no_key_usage;
};

static void
push_san(STACK_OF(X509_EXTENSION) * list, const char *const *words)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();

	GENERAL_NAME_set0_value(name, GEN_DIRNAME, name_of_words(words));
	MUST(sk_GENERAL_NAME_push(names, name) > 0);
	MUST(sk_X509_EXTENSION_push(list, X509V3_EXT_i2d(NID_subject_alt_name, 1, names)) > 0);
	GENERAL_NAMES_free(names);
}

static unsigned char *
extensions_of(const struct question *q, size_t *len)
{
	STACK_OF(X509_EXTENSION) *list = extension_list(q->extensions);

	if (q->san[0] != NULL)
		push_san(list, q->san);
	if (!q->no_key_usage && X509v3_get_ext_by_NID(list, NID_key_usage, -1) < 0)
		MUST(sk_X509_EXTENSION_push(list,
			 X509V3_EXT_conf(NULL, NULL, "keyUsage", "critical,digitalSignature")) > 0);
	return encode_extensions(list, len);
}

/* What the signer says to ca (loaded, or not any more). key NULL: a new one. */
static int
ask_for_key(struct fixture *f, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    const struct question *q, EVP_PKEY *key, struct gh_error *err)
{
	struct signer_cert_fields fields = {.not_before = gh_now() - 600,
	    .not_after = gh_now() + 30 * DAY};
	X509_NAME *name = name_of_words(q->subject);
	unsigned char *subject = NULL, *spki = NULL, *ext, *cert;
	EVP_PKEY *fresh = key == NULL ? new_key("P-256") : NULL;
	size_t len;
	int rc;

	memcpy(fields.ca_id, ca_id, SIGNER_CA_ID_SIZE);
	fields.subject_len = (size_t)i2d_X509_NAME(name, &subject);
	fields.spki_len = (size_t)i2d_PUBKEY(key != NULL ? key : fresh, &spki);
	fields.extensions = ext = extensions_of(q, &fields.extensions_len);
	fields.subject = subject;
	fields.spki = spki;
	rc = sign_one(f->client, &fields, &cert, &len, err);
	free(cert);
	EVP_PKEY_free(fresh);
	X509_NAME_free(name);
	OPENSSL_free(subject);
	OPENSSL_free(spki);
	OPENSSL_free(ext);
	return rc;
}

static void
load(struct fixture *f, const struct made_ca *ca, unsigned char id[SIGNER_CA_ID_SIZE])
{
	struct gh_error err;

	assert_int_equal(signer_client_load_ca(f->client, ca->sealed, ca->sealed_len, id, &err), 0);
}

#define NAME_TAKEN "the subject is the name of a certification authority"
#define SAN_TAKEN "the directoryName of the subjectAltName is the name of a certification authority"

/* Issuing is below Root; both names are known as soon as Issuing is loaded. */
static const struct {
	struct question q;
	const char *no; /* NULL: is signed */
} rows[] = {
    {{.subject = {"CN=alice"}}, NULL},
    {{.subject = {"CN=Issuing"}}, NAME_TAKEN},
    {{.subject = {"CN:printable=Issuing"}}, NAME_TAKEN},
    {{.subject = {"CN:t61=Issuing"}}, NAME_TAKEN},
    {{.subject = {"CN:bmp=Issuing"}}, NAME_TAKEN},
    {{.subject = {"CN=iSSUING"}}, NAME_TAKEN},
    {{.subject = {"CN=  Issuing "}}, NAME_TAKEN},
    {{.subject = {"CN=\xef\xbc\xa9ssuing"}}, NAME_TAKEN}, /* fullwidth */
    {{.subject = {"CN=\xc4\xb1ssuing"}}, NAME_TAKEN},     /* dotless i */
    {{.subject = {"CN=Iss\xc2\xaduing"}}, NAME_TAKEN},    /* soft hyphen */
    {{.subject = {"CN=Root"}}, NAME_TAKEN},
    {{.subject = {"CN:printable=ROOT"}}, NAME_TAKEN},
    {{.subject = {"CN=Issuing", "OU=x"}}, NULL},
    {{.subject = {"CN=Issuing 2"}}, NULL},
    {{.subject = {"O=Issuing"}}, NULL},
    {{.subject = {NULL}, .san = {"CN:printable=ISSUING"}}, SAN_TAKEN},
    {{.subject = {"CN=alice"}, .san = {"CN= root"}}, SAN_TAKEN},
    {{.subject = {NULL}, .san = {"CN=alice"}}, NULL},
    /* what passes for a CA, or for the issuer of a CRL, without its name */
    {{.subject = {"CN=alice"},
	 .no_key_usage = true,
	 .extensions = {"extendedKeyUsage", "clientAuth"}},
	"a certificate without keyUsage is not signed"},
    {{.subject = {"CN=alice"}, .extensions = {"nsCertType", "sslCA,emailCA"}},
	"the extension nsCertType is not signed"},
    {{.subject = {"CN=alice"}, .extensions = {"nsCertType", "client"}},
	"the extension nsCertType is not signed"},
    {{.subject = {"CN=alice"}, .extensions = {"issuerAltName", "DNS:ca.test"}},
	"the extension issuerAltName is not signed"},
    {{.subject = {"CN=alice"}, .extensions = {"crlDistributionPoints", "URI:http://a/c"}}, NULL},
    /* DistributionPoint { [0] { [0] { URI a:b } }, [2] cRLIssuer { [4] { empty Name } } } */
    {{.subject = {"CN=alice"},
	 .extensions = {"2.5.29.31",
	     "DER:30:11:30:0f:a0:07:a0:05:86:03:61:3a:62:a2:04:a4:02:30:00"}},
	"a cRLIssuer in a distribution point is not signed"},
    {{.subject = {"CN=alice"}, .extensions = {"2.5.29.46", "DER:30:08:30:06:a2:04:a4:02:30:00"}},
	"a cRLIssuer in a distribution point is not signed"},
};

static void
signer__certifies_nobody_as_a_ca(void **state)
{
	struct fixture *f = *state;
	unsigned char id[SIGNER_CA_ID_SIZE];

	load(f, &f->issuing, id);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gh_error err = {0};
		int rc = ask_for_key(f, id, &rows[i].q, NULL, &err);

		if (rc != (rows[i].no != NULL ? GH_E_CA_POLICY : 0) ||
		    (rows[i].no != NULL && strcmp(err.message, rows[i].no) != 0))
			fail_msg("row %zu: %d, %s", i, rc, err.message);
	}
}

/* keyUsage with no bit, and those of a CA: the worker is broken or hostile. */
static void
signer__refuses_key_usages_of_cas(void **state)
{
	static const struct {
		const char *value, *words;
	} bad[] = {
	    {"critical,digitalSignature,cRLSign", "keyCertSign or cRLSign"},
	    {"critical,keyCertSign", "keyCertSign or cRLSign"},
	    {"DER:03:02:07:00", "2.5.29.15 is malformed"},
	    {"DER:03:01:00", "2.5.29.15 is malformed"},
	};
	struct fixture *f = *state;
	unsigned char id[SIGNER_CA_ID_SIZE];

	load(f, &f->issuing, id);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct question q = {.subject = {"CN=alice"},
		    .extensions = {"keyUsage", bad[i].value}};
		struct gh_error err = {0};

		if (strncmp(bad[i].value, "DER:", 4) == 0)
			q.extensions[0] = "2.5.29.15", q.no_key_usage = true;
		assert_int_equal(ask_for_key(f, id, &q, NULL, &err), GH_E_SIGNER);
		if (strstr(err.detail, bad[i].words) == NULL)
			fail_msg("%s: %s", bad[i].value, err.detail);
	}
}

/* Names and keys of every CA that was loaded once, whoever is asked. */
static void
signer__knows_all_cas_that_it_has_loaded(void **state)
{
	static const struct question other = {.subject = {"CN=OTHER  CA"}};
	struct fixture *f = *state;
	struct made_ca made = {0};
	unsigned char id[SIGNER_CA_ID_SIZE], other_id[SIGNER_CA_ID_SIZE];
	struct gh_error err;

	load(f, &f->issuing, id);
	assert_int_equal(make_ca(&f->sp, "Other CA", "P-256", NULL, &root_limits, &made, &err), 0);
	assert_int_equal(ask_for_key(f, id, &other, NULL, &err), 0);
	load(f, &made, other_id);
	assert_int_equal(ask_for_key(f, id, &other, NULL, &err), GH_E_CA_POLICY);
	assert_string_equal(err.message, NAME_TAKEN);
	made_ca_free(&made);
}

static void
signer__certifies_no_key_of_a_ca(void **state)
{
	static const struct question alice = {.subject = {"CN=alice"}};
	struct fixture *f = *state;
	unsigned char id[SIGNER_CA_ID_SIZE], root_id[SIGNER_CA_ID_SIZE];
	const struct made_ca *const cas[] = {&f->issuing, &f->root};
	struct gh_error err;

	load(f, &f->issuing, id);
	load(f, &f->root, root_id);
	for (size_t i = 0; i < 2; i++) {
		X509 *x = parse(cas[i]->cert, cas[i]->cert_len);
		EVP_PKEY *key = EVP_PKEY_dup(X509_get0_pubkey(x));

		assert_int_equal(ask_for_key(f, id, &alice, key, &err), GH_E_CA_POLICY);
		assert_string_equal(err.message, "the public key is that of a CA");
		MUST(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed") == 1);
		assert_int_equal(ask_for_key(f, id, &alice, key, &err), GH_E_CA_POLICY);
		assert_string_equal(err.message, "the public key is that of a CA");
		EVP_PKEY_free(key);
		X509_free(x);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(signer__certifies_nobody_as_a_ca, setup, teardown),
	    cmocka_unit_test_setup_teardown(signer__refuses_key_usages_of_cas, setup, teardown),
	    cmocka_unit_test_setup_teardown(signer__knows_all_cas_that_it_has_loaded, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(signer__certifies_no_key_of_a_ca, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
