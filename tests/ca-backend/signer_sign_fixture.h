/* A real signer that runs, with its CAs, for what it signs beside certificates. */
#ifndef TEST_SIGNER_SIGN_FIXTURE_H
#define TEST_SIGNER_SIGN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/un.h>

#include <openssl/ocsp.h>
#include <openssl/sha.h>

#include "ca-backend/signer_process.h"
#include "der.h"
#include "hex.h"

struct fixture {
	struct signer_process sp;
	struct made_ca ca;
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	struct made_ca responder; /* OCSP signer of ca */
	unsigned char responder_id[SIGNER_CA_ID_SIZE];
	struct signer_client *client;
};

#define NOW 1790000000LL /* 2026-09-21 */

static inline void
load(struct signer_client *c, const struct made_ca *m, unsigned char id[SIGNER_CA_ID_SIZE])
{
	struct gh_error err;

	assert_int_equal(signer_client_load_ca(c, m->sealed, m->sealed_len, id, &err), 0);
}

static inline void
make_responder(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    const char *key_alg, struct made_ca *out)
{
	struct gh_error err = {0};
	int rc = signer_client_create_ocsp_signer(c, ca_id, gh_now() - 3600, gh_now() + 30 * DAY,
	    key_alg, &out->cert, &out->cert_len, &out->sealed, &out->sealed_len, &err);

	if (rc != 0)
		fail_msg("create_ocsp_signer: %s", err.detail);
}

static inline int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct gh_error err;

	MUST(f != NULL);
	signer_process_new(&f->sp);
	MUST(make_ca(&f->sp, "Issuing", "P-256", NULL, &issuing_limits, &f->ca, &err) == 0);
	signer_process_start(&f->sp, "8");
	f->client = signer_process_client(&f->sp);
	load(f->client, &f->ca, f->ca_id);
	make_responder(f->client, f->ca_id, NULL, &f->responder);
	load(f->client, &f->responder, f->responder_id);
	*state = f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	signer_client_free(f->client);
	signer_process_free(&f->sp);
	made_ca_free(&f->ca);
	made_ca_free(&f->responder);
	free(f);
	return 0;
}

static inline X509 *
parse_cert(const struct made_ca *m)
{
	const unsigned char *p = m->cert;
	X509 *x = d2i_X509(NULL, &p, (long)m->cert_len);

	assert_non_null(x);
	return x;
}

/* --- CRLs ------------------------------------------------------------------------------------- */

/* Extension 2.5.29.arc with a value. */
static inline void
put_ext(struct gh_buf *b, unsigned char arc, bool is_critical, const char *value, size_t len)
{
	unsigned char oid[] = {GH_DER_OID, 3, 0x55, 0x1d, arc};

	gh_der_put_header(b, GH_DER_SEQUENCE,
	    sizeof(oid) + (is_critical ? 3 : 0) + gh_der_size(len));
	gh_buf_put(b, oid, sizeof(oid));
	if (is_critical)
		gh_buf_put(b, "\1\1\377", 3);
	gh_der_put(b, GH_DER_OCTETS, value, len);
}

#define CRL_NUMBER 20

/* serial n, a time, and a reason for every second one */
static inline void
put_entry(struct gh_buf *b, uint32_t n)
{
	static const char time[] = "\x17\x0d"
				   "260921134640Z";
	static const char late[] = "\x18\x0f"
				   "20510921134640Z";
	struct gh_buf e, x;
	unsigned char serial[17] = {0, 0x80};
	int i;

	for (i = 0; i < 4; i++)
		serial[13 + i] = (unsigned char)(n >> (8 * (3 - i)));
	gh_buf_init(&e, 1000);
	gh_buf_init(&x, 1000);
	gh_der_put(&e, GH_DER_INTEGER, serial, sizeof(serial));
	if (n % 3 == 0)
		gh_buf_put(&e, late, sizeof(late) - 1);
	else
		gh_buf_put(&e, time, sizeof(time) - 1);
	if (n % 2 == 0) {
		put_ext(&x, 21, false, "\x0a\x01\x01", 3);
		gh_der_put(&e, GH_DER_SEQUENCE, x.data, x.len);
	}
	gh_der_put(b, GH_DER_SEQUENCE, e.data, e.len);
	gh_buf_free(&e);
	gh_buf_free(&x);
}

struct crl_job {
	struct signer_crl_fields fields;
	struct gh_buf extensions, entries, file;
};

static inline void
crl_job_init(struct crl_job *job, const unsigned char ca_id[SIGNER_CA_ID_SIZE], uint32_t n)
{
	uint32_t i;

	memset(job, 0, sizeof(*job));
	gh_buf_init(&job->extensions, 4096);
	gh_buf_init(&job->entries, 64 << 20);
	gh_buf_init(&job->file, 64 << 20);
	put_ext(&job->extensions, CRL_NUMBER, false, "\x02\x01\x07", 3);
	for (i = 0; i < n; i++)
		put_entry(&job->entries, i);
	memcpy(job->fields.ca_id, ca_id, SIGNER_CA_ID_SIZE);
	job->fields.this_update = NOW;
	job->fields.next_update = NOW + 7 * DAY;
	job->fields.entries_len = job->entries.len;
	job->fields.extensions = job->extensions.data;
	job->fields.extensions_len = job->extensions.len;
}

static inline void
crl_job_free(struct crl_job *job)
{
	gh_buf_free(&job->extensions);
	gh_buf_free(&job->entries);
	gh_buf_free(&job->file);
}

static inline int
crl_begin(struct signer_client *c, struct crl_job *job, struct gh_error *err)
{
	unsigned char *head;
	size_t len;
	int rc = signer_client_crl_begin(c, &job->fields, &head, &len, err);

	if (rc == 0)
		gh_buf_put(&job->file, head, len);
	else
		assert_null(head);
	free(head);
	return rc;
}

/* --- OCSP ------------------------------------------------------------------------------------- */

#define GT \
	"\x18\x0f" \
	"20260921134640Z"

/* SingleResponse about a serial: 0 good, 1 revoked, 2 unknown. */
static inline void
put_single(struct gh_buf *out, const struct made_ca *ca, uint32_t serial, int status)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509 *x = parse_cert(ca);
	unsigned char *id = NULL;
	OCSP_CERTID *cid;
	struct gh_buf b;
	int n;

	assert_int_equal(ASN1_INTEGER_set_uint64(number, serial), 1);
	cid = OCSP_cert_id_new(EVP_sha256(), X509_get_subject_name(x), X509_get0_pubkey_bitstr(x),
	    number);
	assert_non_null(cid);
	n = i2d_OCSP_CERTID(cid, &id);
	gh_buf_init(&b, 4096);
	gh_buf_put(&b, id, (size_t)n);
	if (status == 1)
		gh_buf_put(&b, "\xa1\x16" GT "\xa0\x03\x0a\x01\x04", 24);
	else
		gh_buf_put(&b, status == 0 ? "\x80\x00" : "\x82\x00", 2);
	gh_buf_put(&b,
	    GT "\xa0\x11\x18\x0f"
	       "20360921134640Z",
	    17 + 19);
	gh_der_put(out, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
	OPENSSL_free(id);
	OCSP_CERTID_free(cid);
	ASN1_INTEGER_free(number);
	X509_free(x);
}

static const char nonce[] = "\x30\x1f\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02\x04\x12\x04\x10"
			    "0123456789abcdef";

static inline struct signer_ocsp_fields
ocsp_fields(const unsigned char id[SIGNER_CA_ID_SIZE], const struct gh_buf *responses)
{
	struct signer_ocsp_fields f = {.produced_at = NOW,
	    .responses = responses->data,
	    .responses_len = responses->len,
	    .extensions = (const unsigned char *)nonce,
	    .extensions_len = sizeof(nonce) - 1};

	memcpy(f.id, id, sizeof(f.id));
	return f;
}

/* Verified through the CA as only trust anchor: signer certificate inside, with its EKU. */
static inline OCSP_BASICRESP *
parse_ocsp_with(const struct signer_blob *blob, const struct made_ca *ca, unsigned long flags)
{
	const unsigned char *p = blob->p;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)blob->len);
	X509_STORE *store = X509_STORE_new();
	X509 *x = parse_cert(ca);
	OCSP_BASICRESP *basic;
	const ASN1_OCTET_STRING *key_hash;
	const X509_NAME *name;

	assert_non_null(r);
	assert_ptr_equal(p, blob->p + blob->len);
	assert_int_equal(OCSP_response_status(r), OCSP_RESPONSE_STATUS_SUCCESSFUL);
	assert_non_null(basic = OCSP_response_get1_basic(r));
	assert_int_equal(X509_STORE_add_cert(store, x), 1);
	assert_int_equal(OCSP_basic_verify(basic, NULL, store, flags), 1);
	assert_int_equal(OCSP_resp_get0_id(basic, &key_hash, &name), 1);
	assert_non_null(key_hash);
	X509_STORE_free(store);
	X509_free(x);
	OCSP_RESPONSE_free(r);
	return basic;
}

static inline OCSP_BASICRESP *
parse_ocsp(const struct signer_blob *blob, const struct made_ca *ca)
{
	return parse_ocsp_with(blob, ca, 0);
}

static inline int
ask_responder(struct fixture *f, const unsigned char *id, int64_t from, int64_t to, const char *alg,
    struct gh_error *err)
{
	unsigned char *cert, *sealed;
	size_t cert_len, sealed_len;
	int rc = signer_client_create_ocsp_signer(f->client, id, from, to, alg, &cert, &cert_len,
	    &sealed, &sealed_len, err);

	assert_true((rc == 0) == (cert != NULL) && (rc == 0) == (sealed != NULL));
	free(cert);
	free(sealed);
	return rc;
}

#endif
