/* Renewal of CAs by a real signer, and their passwords in it. */
#include "ca-backend/signer_admin.h"

/* --- renewal ---------------------------------------------------------------------------------- */

static int
renew(struct fixture *f, const struct made_ca *ca, const struct made_ca *parent,
    const char *key_alg, struct signer_renewed_ca *out, struct gh_error *err)
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
	assert_int_equal(X509_get_pathlen(new), -1);
	assert_int_equal(X509_get_key_usage(new), X509_get_key_usage(old));
	assert_int_equal(verify(r.cert.p, r.cert.len, &renewed, NULL), X509_V_OK);
	/* what the old one certified stands under the new one too */
	assert_int_equal(verify(f->issuing.cert, f->issuing.cert_len, &renewed, NULL), X509_V_OK);
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
	assert_int_equal(make_ca(&f->sp, "New sub", "P-256", &renewed, &issuing_limits, &sub, &err),
	    0);
	/* each side's certificates under the other's anchor: only through the cross certificate */
	assert_int_not_equal(verify(f->issuing.cert, f->issuing.cert_len, &renewed, NULL),
	    X509_V_OK);
	between[0] = r.old_with_new;
	assert_int_equal(verify(f->issuing.cert, f->issuing.cert_len, &renewed, between),
	    X509_V_OK);
	assert_int_not_equal(verify(sub.cert, sub.cert_len, &f->root, NULL), X509_V_OK);
	between[0] = r.new_with_old;
	assert_int_equal(verify(sub.cert, sub.cert_len, &f->root, between), X509_V_OK);
	/* RFC 4210, 4.4.1: validity of OldWithNew is that of the old one, NewWithOld ends with
	 * it */
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
		assert_int_equal(X509_NAME_cmp(X509_get_subject_name(old),
				     X509_get_subject_name(new)),
		    0);
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
	static const char *const words[] = {"basicConstraints", "critical,CA:TRUE,pathlen:1",
	    "keyUsage", "critical,keyCertSign,cRLSign", "subjectKeyIdentifier",
	    "01:02:03:04:05:06:07:08", "certificatePolicies", "DER:30:06:30:04:06:02:2a:03", NULL};
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
	assert_int_equal(X509_get_pathlen(x), -1); /* a root has none, whatever the old one said */
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
	assert_int_equal(X509_get_pathlen(x), -1); /* a root has none, whatever the old one said */
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
		assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err),
		    GH_E_CA_PASSWORD);
		in.password = "wrong";
		assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err),
		    GH_E_CA_PASSWORD);
		in.password = PASSWORD;
		assert_int_equal(signer_client_renew_ca(f->admin.client, &in, &r, &err), 0);
		assert_int_equal(signer_client_load_ca(f->client, r.sealed.p, r.sealed.len, id,
				     &err),
		    GH_E_CA_LOCKED);
		assert_int_equal(signer_client_unlock(f->client, r.sealed.p, r.sealed.len, PASSWORD,
				     60, &until, &err),
		    0);
		signer_renewed_ca_free(&r);
	}
	free(root.sealed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(signer__renews_a_root_with_its_key),
	    each(signer__renews_a_root_with_a_new_key),
	    each(signer__renews_a_subordinate_ca),
	    each(signer__keeps_identifier_and_extensions_when_it_renews),
	    each(signer__renews_only_with_the_right_parent_and_times),
	    each(signer__needs_the_password_of_a_parent),
	    each(signer__renews_under_the_same_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
