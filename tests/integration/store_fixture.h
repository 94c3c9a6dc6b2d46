/* What tests and benchmark of the store share: leaves with random serials, requests, a CA row. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "store/request/record_request.h"
#include "store/store.h"
#include "timestamp.h"

static EVP_PKEY *fixture_key;
static struct ca fixture_ca;
static const unsigned char fixture_secret[32] __attribute__((unused)) =
    "a gateway secret for the tests";
static const struct requester fixture_admin = {.kind = REQUESTER_COMMAND, .name = "root@test"};

static X509 *
fixture_cert(const char *cn, const char *san)
{
	X509 *c = X509_new();
	X509_NAME *n = X509_get_subject_name(c);
	unsigned char serial[16];
	BIGNUM *bn;

	RAND_bytes(serial, sizeof(serial));
	serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
	bn = BN_bin2bn(serial, sizeof(serial), NULL);
	BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(c));
	BN_free(bn);
	X509_set_version(c, 2);
	X509_NAME_add_entry_by_txt(n, "DC", MBSTRING_UTF8, (const unsigned char *)"test", -1, -1,
	    0);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	if (fixture_ca.cert != NULL)
		X509_set_issuer_name(c, X509_get_subject_name(fixture_ca.cert));
	else
		X509_set_issuer_name(c, n);
	X509_gmtime_adj(X509_getm_notBefore(c), -60);
	X509_gmtime_adj(X509_getm_notAfter(c), 86400);
	X509_set_pubkey(c, fixture_key);
	if (san != NULL) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);

		X509_add_ext(c, e, -1);
		X509_EXTENSION_free(e);
	}
	X509_sign(c, fixture_key, EVP_sha256());
	return c;
}

/* Key and CA in memory; the row is the caller's. 0 or a code. */
static int __attribute__((unused)) fixture_open(const char *name)
{
	unsigned char *der = NULL;
	X509 *cert;
	int n, rc;

	fixture_key = EVP_EC_gen("P-256");
	cert = fixture_cert(name, NULL);
	n = i2d_X509(cert, &der);
	fixture_ca.name = strdup(name);
	fixture_ca.state = CA_ACTIVE;
	rc = cert_chain_add(&fixture_ca.chain, der, (size_t)n, NULL);
	if (rc == 0)
		rc = ca_finish(&fixture_ca, NULL);
	OPENSSL_free(der);
	X509_free(cert);
	return rc;
}

static void __attribute__((unused)) fixture_close(void)
{
	free(fixture_ca.name);
	free(fixture_ca.issuer_dn);
	X509_free(fixture_ca.cert);
	cert_chain_clear(&fixture_ca.chain);
	EVP_PKEY_free(fixture_key);
}

/* An outcome as the pipeline would hand it over. */
static int __attribute__((unused)) fixture_issue(struct enroll_outcome *out, const char *cn)
{
	unsigned char *der = NULL;
	X509 *cert = fixture_cert(cn, "DNS:host.test,email:a@test,URI:urn:q\"\\");
	int n = i2d_X509(cert, &der), rc;

	memset(out, 0, sizeof(*out));
	out->disposition = DB_DISP_ISSUED;
	snprintf(out->message, sizeof(out->message), "Issued");
	rc = ca_outcome_set_cert(out, &fixture_ca, der, (size_t)n, NULL);
	OPENSSL_free(der);
	X509_free(cert);
	return rc;
}

/* A signed request of alice through application 7. */
static void __attribute__((unused)) fixture_request(struct enroll_request *req)
{
	memset(req, 0, sizeof(*req));
	req->protocol = ENROLL_CERTENROLL_V3;
	req->requester.kind = REQUESTER_DIRECTORY;
	snprintf(req->requester.name, sizeof(req->requester.name), "alice");
	snprintf(req->requester.dn, sizeof(req->requester.dn), "cn=alice,dc=test");
	snprintf(req->requester.id, sizeof(req->requester.id),
	    "8d7dc1b6-0000-4000-8000-00000000a11c");
	snprintf(req->requester.app_name, sizeof(req->requester.app_name), "app");
	snprintf(req->requester.address, sizeof(req->requester.address), "127.0.0.1");
	req->requester.app_id = 7;
	req->template_name = strdup("User");
	req->metadata = gh_json_new_object();
	gh_json_set_string(req->metadata, "Cost Center", "42\"x");
	req->has_replay_mark = true;
	RAND_bytes(req->replay_mark, REPLAY_MARK_SIZE);
	RAND_bytes((unsigned char *)req->request_id, 16);
	for (int i = 0; i < 32; i++)
		req->request_id[i] = "0123456789abcdef"[(unsigned char)req->request_id[i] & 15];
	req->submitted = gh_now();
}

/* What the CSR form asks for besides. */
static void __attribute__((unused)) fixture_ask(struct enroll_request *req)
{
	req->protocol = ENROLL_CSR;
	req->ca_name = strdup("Issuing CA 1");
	req->ca_rule = strdup("berlin");
	req->validity = 90 * 86400;
	req->purpose = strdup("server_auth");
	req->tenant = strdup("north \"x\"");
	req->email = strdup("alice@test");
	req->language = strdup("de");
	req->label = strdup("phones");
	req->poll_key = strdup("00ff");
	req->operation = strdup("simpleenroll");
	req->requester.est_user = 17;
	req->requester.device = 18;
	req->confirm_within = 19;
	req->follows = 23;
}

/* Batches of one. */
static int __attribute__((unused)) fixture_record(struct store *s, const struct store_decision *d,
    struct enroll_outcome *out, struct gh_error *err)
{
	struct store_recording m = {.decision = *d, .out = out};

	store_record_batch(s, &m, 1);
	if (m.rc != 0 && err != NULL)
		*err = m.err;
	return m.rc;
}

/* The mark of req. ca_id: issuer of the recorded answer. */
static int __attribute__((unused))
fixture_find_replay(struct store *s, const struct enroll_request *req, bool *found,
    struct enroll_outcome *out, int64_t *ca_id, struct gh_error *err)
{
	struct store_replay m = {.who = &req->requester, .mark = req->replay_mark, .out = out};

	store_find_replays_send(s, &m, 1);
	store_find_replays_collect(s, &m, 1);
	*found = m.found;
	*ca_id = m.ca_id;
	if (m.rc != 0 && err != NULL)
		*err = m.err;
	return m.rc;
}

#endif
