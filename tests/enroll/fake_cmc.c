/* Full CMC in a world of its own. See fake_cmc.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encoding.h"

#include "catalog/catalog_seal.h"
#include "store/catalog/cmc_secret_row.h"
#include "store/status/confirmation.h"
#include "store/status/crl_row.h"

#include "fake_cmc.h"

struct fake_cmc fake_cmc;

/* --- stand-ins -------------------------------------------------------------------------------- */

int
store_recognize(struct store *s, const unsigned char *der, size_t len, struct store_own_cert *out,
    struct gh_error *err)
{
	unsigned char *second = NULL;
	int n = fake_cmc.second != NULL ? i2d_X509(fake_cmc.second, &second) : 0;

	(void)s;
	(void)err;
	*out = fake_cmc.recognized;
	if (n > 0 && (size_t)n == len && memcmp(der, second, len) == 0)
		out->requester = fake_cmc.second_requester;
	OPENSSL_free(second);
	return 0;
}

void
store_signer_clear(struct store_signer *o)
{
	free(o->cert);
	free(o->sealed);
	memset(o, 0, sizeof(*o));
}

static int
give_signer(struct store_signer *out)
{
	*out = fake_cmc.signer;
	out->cert = malloc(fake_cmc.signer.cert_len);
	memcpy(out->cert, fake_cmc.signer.cert, fake_cmc.signer.cert_len);
	out->sealed = malloc(fake_cmc.signer.sealed_len);
	memcpy(out->sealed, fake_cmc.signer.sealed, fake_cmc.signer.sealed_len);
	return 0;
}

int
store_find_signer(struct store *s, enum store_signer_use use, int64_t ca_id, int64_t until,
    struct store_signer *out, struct gh_error *err)
{
	(void)s;
	(void)ca_id;
	assert_int_equal(use, STORE_SIGNER_CMC);
	memset(out, 0, sizeof(*out));
	return fake_cmc.signer.cert != NULL && fake_cmc.signer.not_after > until
	    ? give_signer(out)
	    : gh_fail(err, GH_E_NOT_FOUND, "none");
}

int
store_each_signer(struct store *s, enum store_signer_use use,
    bool (*take)(void *arg, const struct store_signer *o), void *arg, struct gh_error *err)
{
	(void)s;
	(void)use;
	(void)err;
	if (fake_cmc.signer.cert != NULL)
		(void)take(arg, &fake_cmc.signer);
	return 0;
}

int
store_issue_signer(struct store *s, const struct store_signer_issue *i, struct store_signer *out,
    bool *is_new, struct gh_error *err)
{
	int rc;

	(void)s;
	*is_new = true;
	if (fake_cmc.fail_signer != 0)
		return gh_fail(err, (enum gh_code)fake_cmc.fail_signer, "told to fail");
	store_signer_clear(&fake_cmc.signer);
	if ((rc = i->make(i->arg, &fake_cmc.signer, err)) != 0)
		return rc;
	fake_cmc.signers_made++;
	fake_cmc.signer.not_after = INT64_MAX;
	return give_signer(out);
}

static void
set_text(gh_json *row, const char *name, const char *text)
{
	assert_int_equal(gh_json_set_string(row, name, text), 0);
}

int
store_load_cmc_secrets(struct store *s, gh_json **out, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	char *sealed;

	(void)s;
	*out = gh_json_new_array();
	if (fake_cmc.identification == NULL) {
		gh_json_free(row);
		return 0;
	}
	assert_int_equal(catalog_seal_as(SEAL_LABEL_CMC_SECRET, fake_secret, fake_cmc.secret,
			     strlen(fake_cmc.secret), &sealed, err),
	    0);
	set_text(row, "name", fake_cmc.identification);
	set_text(row, "secret_sealed", sealed);
	set_text(row, "requester", fake_cmc.user);
	set_text(row, "requester_id", NULL);
	set_text(row, "label", fake_cmc.label);
	assert_int_equal(gh_json_set_int(row, "id", 5), 0);
	assert_int_equal(gh_json_set_bool(row, "one_time", fake_cmc.is_one_time), 0);
	if (fake_cmc.expires != 0)
		assert_int_equal(gh_json_set_int(row, "expires", fake_cmc.expires), 0);
	assert_int_equal(gh_json_append(*out, row), 0);
	free(sealed);
	return 0;
}

int
store_use_cmc_secret(struct store *s, int64_t id, const unsigned char message[32], bool *was_used,
    struct gh_error *err)
{
	(void)s;
	assert_int_equal(id, 5);
	*was_used = fake_cmc.uses > 0 && memcmp(fake_cmc.used_by, message, 32) == 0;
	if (fake_cmc.uses > 0 && !*was_used)
		return gh_refuse(err, GH_E_AUTH_FAILED, "was used");
	memcpy(fake_cmc.used_by, message, 32);
	fake_cmc.uses = 1;
	return 0;
}

int
store_return_cmc_secret(struct store *s, int64_t id, const unsigned char message[32],
    struct gh_error *err)
{
	(void)s;
	(void)id;
	(void)err;
	assert_memory_equal(message, fake_cmc.used_by, 32);
	fake_cmc.uses = 0;
	return 0;
}

int
store_find_cert(struct store *s, const struct store_cert_key *key, int64_t *id,
    struct gh_error *err)
{
	(void)s;
	snprintf(fake_cmc.found_serial, sizeof(fake_cmc.found_serial), "%s", key->serial);
	*id = fake_cmc.status.id;
	return *id != 0 && strcmp(key->issuer_dn, "CN=Issuing, DC=test") == 0
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND, "There is no such certificate.");
}

const char *
store_cert_state_name(enum store_cert_state state)
{
	return state == STORE_CERT_VALID ? "valid" : "revoked";
}

int
store_get_status(struct store *s, int64_t id, struct store_cert_status *out, struct gh_error *err)
{
	(void)s;
	(void)id;
	(void)err;
	*out = fake_cmc.status;
	return 0;
}

int
store_change_status(struct store *s, const struct store_status_change *c,
    struct store_cert_status *out, struct gh_error *err)
{
	(void)s;
	(void)err;
	fake_cmc.status.state = c->to;
	fake_cmc.status.reason = c->reason;
	snprintf(fake_cmc.status.comment, sizeof(fake_cmc.status.comment), "%s",
	    c->comment != NULL ? c->comment : "");
	*out = fake_cmc.status;
	return 0;
}

int
store_awaits_confirmation(struct store *s, int64_t cert_id, bool *out, struct gh_error *err)
{
	(void)s;
	(void)err;
	assert_true(cert_id > 0);
	*out = fake_cmc.awaits_confirmation;
	return 0;
}

int
store_confirm_cert(struct store *s, const struct requester *who, const char *request_id,
    const struct store_cert_status *cert, struct gh_error *err)
{
	(void)s;
	assert_int_equal(cert->id, fake_cmc.status.id);
	assert_string_equal(who->name, "alice");
	assert_string_equal(request_id, "r1");
	if (fake_cmc.fail_confirm != 0)
		return gh_refuse(err, (enum gh_code)fake_cmc.fail_confirm, "too late");
	fake_cmc.confirmed++;
	fake_cmc.awaits_confirmation = false;
	return 0;
}

int
store_get_cert(struct store *s, const char *id, gh_json **out, struct gh_error *err)
{
	(void)s;
	(void)id;
	(void)err;
	*out = gh_json_new_object();
	set_text(*out, "der", fake_cmc.cert_der);
	return 0;
}

int
store_crl_newest(struct store *s, const struct store_crl_scope *scope, bool is_delta,
    struct store_crl *out, struct gh_error *err)
{
	(void)s;
	(void)err;
	assert_int_equal(scope->shard, STORE_CRL_COMPLETE);
	assert_false(is_delta);
	*out = (struct store_crl){.id = fake_cmc.crl != NULL, .size = (int64_t)fake_cmc.crl_len};
	return 0;
}

int
store_crl_body(struct store *s, const struct store_crl *crl, unsigned char **der,
    struct gh_error *err)
{
	(void)s;
	(void)err;
	*der = malloc((size_t)crl->size);
	memcpy(*der, fake_cmc.crl, (size_t)crl->size);
	return 0;
}

/* --- the world -------------------------------------------------------------------------------- */

int
fake_cmc_set_up(void **state)
{
	(void)state;
	fake_cmc = (struct fake_cmc){.identification = NULL};
	fake_world_new(&fake_cmc.env);
	fake_cmc.alice = fake_requester("alice");
	fake_cmc.ctx = (struct cmc_context){.env = &fake_cmc.env,
	    .caller = &fake_cmc.alice,
	    .entry = fake_entry("alice"),
	    .profile = &catalog_find_app_id(fake_cmc.env.catalog, 7)->profile,
	    .template_name = "User",
	    .address = "192.0.2.1",
	    .request_id = "r1",
	    .protocol = ENROLL_REST,
	    .poll_after = 60};
	fake_cmc.key = EVP_EC_gen("P-256");
	fake_cmc.old = EVP_EC_gen("P-256");
	fake_cmc.own = message_cert(fake_cmc.key, message_key_id, sizeof(message_key_id));
	fake_cmc.cert = message_cert(fake_cmc.old, "old", 3);
	fake_cmc.recognized = (struct store_own_cert){.is_ours = true,
	    .requester = fake_cmc.alice,
	    .is_requester_sealed = true};
	strcpy(fake_cmc.recognized.requester.id, "alice's entry");
	message_init(&fake_cmc.message);
	return 0;
}

int
fake_cmc_tear_down(void **state)
{
	(void)state;
	dir_entry_free(fake_cmc.ctx.entry);
	CMS_ContentInfo_free(fake_cmc.response_cms);
	fake_cmc.response_cms = NULL;
	cmc_answer_clear(&fake_cmc.answer);
	message_free(&fake_cmc.message);
	store_signer_clear(&fake_cmc.signer);
	free(fake_cmc.crl);
	EVP_PKEY_free(fake_cmc.key);
	EVP_PKEY_free(fake_cmc.old);
	X509_free(fake_cmc.own);
	X509_free(fake_cmc.cert);
	X509_free(fake_cmc.second);
	fake_world_free(&fake_cmc.env);
	return 0;
}

unsigned
fake_cmc_add_request(void)
{
	X509_REQ *req = message_csr(fake_cmc.key, message_key_id, sizeof(message_key_id));

	(void)message_pkcs10(&fake_cmc.message, req);
	X509_REQ_free(req);
	return fake_cmc.message.last_id;
}

void
fake_cmc_again(void)
{
	message_free(&fake_cmc.message);
	message_init(&fake_cmc.message);
}

/* SignedData, out of the envelope that response_cms is. */
static CMS_ContentInfo *
open_response(void)
{
	static const unsigned char type[] = {GH_DER_OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1,
	    7, 2};
	BIO *out = BIO_new(BIO_s_mem());
	const unsigned char *p;
	CMS_ContentInfo *cms;
	struct gh_buf b;
	char *data;
	long n;

	assert_int_equal(CMS_decrypt_set1_pkey(fake_cmc.response_cms, fake_cmc.opener, NULL), 1);
	assert_int_equal(CMS_decrypt(fake_cmc.response_cms, NULL, NULL, NULL, out, CMS_BINARY), 1);
	n = BIO_get_mem_data(out, &data);
	gh_buf_init(&b, 65536);
	gh_der_put_header(&b, GH_DER_SEQUENCE, sizeof(type) + gh_der_size((size_t)n));
	gh_buf_put(&b, type, sizeof(type));
	gh_der_put(&b, GH_DER_CONTEXT(0), data, (size_t)n);
	p = b.data;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)b.len);
	assert_non_null(cms);
	gh_buf_free(&b);
	BIO_free(out);
	return cms;
}

/* The response, whose signature must be right where there is one. */
static void
read_response(void)
{
	const unsigned char *p = fake_cmc.answer.body;
	ASN1_OCTET_STRING **content;

	CMS_ContentInfo_free(fake_cmc.response_cms);
	fake_cmc.response_cms = d2i_CMS_ContentInfo(NULL, &p, (long)fake_cmc.answer.len);
	assert_non_null(fake_cmc.response_cms);
	fake_cmc.response = (struct gh_der){NULL, 0};
	if (OBJ_obj2nid(CMS_get0_type(fake_cmc.response_cms)) == NID_pkcs7_enveloped) {
		CMS_ContentInfo *inner = open_response();

		CMS_ContentInfo_free(fake_cmc.response_cms);
		fake_cmc.response_cms = inner;
	} else {
		assert_null(fake_cmc.opener);
	}
	if (!fake_cmc.answer.is_full)
		return;
	content = CMS_get0_content(fake_cmc.response_cms);
	fake_cmc.response.p = ASN1_STRING_get0_data(*content);
	fake_cmc.response.len = (size_t)ASN1_STRING_length(*content);
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(fake_cmc.response_cms)) > 0)
		assert_int_equal(CMS_verify(fake_cmc.response_cms, NULL, NULL, NULL, NULL,
				     CMS_NO_SIGNER_CERT_VERIFY),
		    1);
}

void
fake_cmc_send_bytes(const unsigned char *der, size_t len)
{
	cmc_answer_clear(&fake_cmc.answer);
	cmc_answer(&fake_cmc.ctx, der, len, &fake_cmc.answer);
	assert_non_null(fake_cmc.answer.body);
	read_response();
}

size_t
fake_cmc_sign(const struct message_signing *s, unsigned char **der)
{
	struct gh_buf content;
	size_t len;

	gh_buf_init(&content, 262144);
	message_pki_data(&fake_cmc.message, &content);
	len = message_sign(&content, s, der);
	gh_buf_free(&content);
	return len;
}

void
fake_cmc_add_second(const char *user)
{
	fake_cmc.second = message_cert(fake_cmc.old, "second", 6);
	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(fake_cmc.second), 8) == 1 &&
	    X509_sign(fake_cmc.second, fake_cmc.old, EVP_sha256()) > 0);
	fake_cmc.second_requester = fake_requester(user);
	snprintf(fake_cmc.second_requester.id, sizeof(fake_cmc.second_requester.id), "%s's entry",
	    user);
}

X509 *
fake_cmc_recipient(void)
{
	const unsigned char *p;
	X509 *cert;

	if (fake_cmc.signer.cert == NULL) /* an empty message is answered by it */
		fake_cmc_send_own();
	p = fake_cmc.signer.cert;
	cert = d2i_X509(NULL, &p, (long)fake_cmc.signer.cert_len);
	assert_non_null(cert);
	return cert;
}

void
fake_cmc_send(const struct message_signing *s)
{
	unsigned char *der;
	size_t len = fake_cmc_sign(s, &der);

	fake_cmc_send_bytes(der, len);
	OPENSSL_free(der);
}

/* By the key of the request (RFC 5272, 3.2). */
void
fake_cmc_send_own(void)
{
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.key,
	    .cert = fake_cmc.own,
	    .flags = CMS_USE_KEYID | CMS_NOCERTS});
}

/* By a certificate of ours. */
void
fake_cmc_send_by_cert(void)
{
	fake_cmc_send(&(struct message_signing){.key = fake_cmc.old, .cert = fake_cmc.cert});
}

void
fake_cmc_assert_failed(enum cmc_fail fail, unsigned body, const char *text)
{
	struct response_status s;

	assert_true(fake_cmc.answer.is_full);
	assert_true(response_status(&fake_cmc.response, 0, &s));
	if (s.state != CMC_FAILED || s.fail != (unsigned)fail || s.body[0] != body ||
	    strstr(s.text, text) == NULL)
		fail_msg("status %u fail %u body %u: %s", s.state, s.fail, s.body[0], s.text);
	assert_int_not_equal(fake_cmc.answer.rc, 0);
	assert_int_equal(fake_ca.signed_certs, fake_cmc.signers_made);
}

int
fake_cmc_certs(void)
{
	STACK_OF(X509) *certs = CMS_get1_certs(fake_cmc.response_cms);
	int n = sk_X509_num(certs);

	sk_X509_pop_free(certs, X509_free);
	return n;
}

X509 *
fake_cmc_issuing(void)
{
	unsigned char *der;
	const unsigned char *p;
	size_t len;
	X509 *x;

	assert_int_equal(gh_base64_decode(fake_ca_chain(0), strlen(fake_ca_chain(0)), &der, &len,
			     NULL),
	    0);
	p = der;
	x = d2i_X509(NULL, &p, (long)len);
	free(der);
	assert_non_null(x);
	return x;
}

size_t
fake_cmc_issuer_name(unsigned char **der)
{
	X509 *x = fake_cmc_issuing();
	int n;

	*der = NULL;
	n = i2d_X509_NAME(X509_get_subject_name(x), der);
	assert_true(n > 0);
	X509_free(x);
	return (size_t)n;
}

int
fake_cmc_set_up_alices(void **state)
{
	int rc = fake_cmc_set_up(state);

	fake_conf.revocation.owner = (char *)"own";
	fake_cmc.status = (struct store_cert_status){.id = 9,
	    .version = 1,
	    .requester_kind = REQUESTER_DIRECTORY,
	    .requester = "alice"};
	strcpy(fake_cmc.status.requester_dn, fake_cmc.alice.dn);
	return rc;
}
