/* CRLs, OCSP answers and audit heads of a real signer, read with OpenSSL; and what it refuses. */
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

static void
load(struct signer_client *c, const struct made_ca *m, unsigned char id[SIGNER_CA_ID_SIZE])
{
	struct gh_error err;

	assert_int_equal(signer_client_load_ca(c, m->sealed, m->sealed_len, id, &err), 0);
}

static void
make_responder(struct signer_client *c, const unsigned char ca_id[SIGNER_CA_ID_SIZE],
    const char *key_alg, struct made_ca *out)
{
	struct gh_error err = {0};
	int rc = signer_client_create_ocsp_signer(c, ca_id, gh_now() - 3600, gh_now() + 30 * DAY,
	    key_alg, &out->cert, &out->cert_len, &out->sealed, &out->sealed_len, &err);

	if (rc != 0)
		fail_msg("create_ocsp_signer: %s", err.detail);
}

static int
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

static int
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

static X509 *
parse_cert(const struct made_ca *m)
{
	const unsigned char *p = m->cert;
	X509 *x = d2i_X509(NULL, &p, (long)m->cert_len);

	assert_non_null(x);
	return x;
}

/* --- CRLs ------------------------------------------------------------------------------------- */

/* Extension 2.5.29.arc with a value. */
static void
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
#define DELTA_INDICATOR 27

/* serial n, a time, and a reason for every second one */
static void
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

static void
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

static void
crl_job_free(struct crl_job *job)
{
	gh_buf_free(&job->extensions);
	gh_buf_free(&job->entries);
	gh_buf_free(&job->file);
}

static int
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

/* The entries from *at, at most max bytes and whole ones. */
static int
crl_piece(struct signer_client *c, struct crl_job *job, size_t *at, size_t max,
    struct gh_error *err)
{
	struct gh_der in = {job->entries.data + *at, job->entries.len - *at};
	const unsigned char *from = in.p;
	struct gh_der whole;
	size_t n = 0;
	int rc;

	while (gh_der_take_whole(&in, GH_DER_SEQUENCE, &whole) && n + whole.len <= max)
		n += whole.len;
	if ((rc = signer_client_crl_entries(c, from, n, err)) == 0) {
		gh_buf_put(&job->file, from, n);
		*at += n;
	}
	return rc;
}

static int
crl_end(struct signer_client *c, struct crl_job *job, struct gh_error *err)
{
	unsigned char *tail, *sig;
	struct gh_buf whole;
	size_t tail_len, sig_len;
	int rc = signer_client_crl_end(c, &tail, &tail_len, &sig, &sig_len, err);

	if (rc != 0) {
		assert_null(tail);
		assert_null(sig);
		return rc;
	}
	gh_buf_put(&job->file, tail, tail_len);
	gh_buf_put(&job->file, sig, sig_len);
	gh_buf_init(&whole, 128 << 20);
	gh_der_put(&whole, GH_DER_SEQUENCE, job->file.data, job->file.len);
	gh_buf_free(&job->file);
	job->file = whole;
	free(tail);
	free(sig);
	return 0;
}

static int
crl_whole(struct signer_client *c, struct crl_job *job, size_t piece, struct gh_error *err)
{
	size_t at = 0;
	int rc = crl_begin(c, job, err);

	while (rc == 0 && at < job->entries.len)
		rc = crl_piece(c, job, &at, piece, err);
	return rc == 0 ? crl_end(c, job, err) : rc;
}

/* Parsed, and its signature is that of the CA. */
static X509_CRL *
parse_crl(const struct crl_job *job, const struct made_ca *ca)
{
	const unsigned char *p = job->file.data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)job->file.len);
	X509 *x = parse_cert(ca);
	AUTHORITY_KEYID *aki;

	assert_non_null(crl);
	assert_ptr_equal(p, job->file.data + job->file.len);
	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(x)), 1);
	assert_int_equal(X509_CRL_get_version(crl), 1);
	assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(x)), 0);
	aki = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	assert_non_null(aki);
	assert_int_equal(ASN1_OCTET_STRING_cmp(aki->keyid, X509_get0_subject_key_id(x)), 0);
	AUTHORITY_KEYID_free(aki);
	X509_free(x);
	return crl;
}

static void
check_time(const ASN1_TIME *t, int64_t expected)
{
	struct tm tm;

	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	assert_int_equal(timegm(&tm), expected);
	assert_int_equal(ASN1_STRING_type(t),
	    tm.tm_year < 150 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
}

static void
check_crl_of(struct fixture *f, const char *alg)
{
	struct crl_job job;
	struct made_ca ca;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err = {0};
	X509_CRL *crl;

	assert_int_equal(make_ca(&f->sp, alg, alg, NULL, &issuing_limits, &ca, &err), 0);
	load(f->client, &ca, id);
	crl_job_init(&job, id, 5000);
	job.fields.next_update = NOW + 31536000;
	put_ext(&job.extensions, DELTA_INDICATOR, true, "\x02\x01\x05", 3);
	job.fields.extensions = job.extensions.data;
	job.fields.extensions_len = job.extensions.len;
	assert_int_equal(crl_whole(f->client, &job, 10000, &err), 0);
	crl = parse_crl(&job, &ca);
	check_time(X509_CRL_get0_lastUpdate(crl), NOW);
	check_time(X509_CRL_get0_nextUpdate(crl), NOW + 31536000);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 5000);
	assert_int_equal(X509_CRL_get_ext_count(crl), 3);
	assert_true(X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) >= 0);
	assert_true(X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0);
	X509_CRL_free(crl);
	crl_job_free(&job);
	made_ca_free(&ca);
}

static void
signer__signs_crls_with_every_algorithm(void **state)
{
	check_crl_of(*state, "P-256");
	check_crl_of(*state, "P-384");
	check_crl_of(*state, "RSA-2048");
	check_crl_of(*state, "Ed25519");
}

static void
signer__signs_an_empty_crl(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;
	struct gh_error err;
	X509_CRL *crl;

	crl_job_init(&job, f->ca_id, 0);
	assert_int_equal(crl_whole(f->client, &job, 1, &err), 0);
	crl = parse_crl(&job, &f->ca);
	assert_null(X509_CRL_get_REVOKED(crl));
	X509_CRL_free(crl);
	crl_job_free(&job);
}

/* 200 000 entries in the largest pieces; one changed octet and the signature is wrong. */
static void
signer__signs_a_long_crl(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;
	struct gh_error err;
	X509_CRL *crl;
	X509 *x = parse_cert(&f->ca);
	const unsigned char *p;

	crl_job_init(&job, f->ca_id, 200000);
	assert_int_equal(crl_whole(f->client, &job, SIGNER_CRL_PIECE_MAX, &err), 0);
	X509_CRL_free(parse_crl(&job, &f->ca));
	job.file.data[job.file.len / 2] ^= 1;
	p = job.file.data;
	crl = d2i_X509_CRL(NULL, &p, (long)job.file.len);
	if (crl != NULL)
		assert_int_not_equal(X509_CRL_verify(crl, X509_get0_pubkey(x)), 1);
	X509_CRL_free(crl);
	X509_free(x);
	crl_job_free(&job);
}

static void
assert_begin_refused(struct fixture *f, struct crl_job *job, const char *words)
{
	struct gh_error err = {0};

	assert_int_equal(crl_begin(f->client, job, &err), GH_E_SIGNER);
	if (strstr(err.detail, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, err.detail);
	assert_int_equal(crl_end(f->client, job, &err), GH_E_CONFLICT);
}

static void
signer__refuses_bad_crl_fields(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;

	crl_job_init(&job, f->ca_id, 2);
	job.fields.next_update = job.fields.this_update;
	assert_begin_refused(f, &job, "nextUpdate");
	job.fields.this_update = -1;
	assert_begin_refused(f, &job, "nextUpdate");
	job.fields.this_update = NOW;
	job.fields.next_update = (int64_t)time(NULL) + SIGNER_CRL_AHEAD_MAX + 60;
	assert_begin_refused(f, &job, "two years");
	job.fields.next_update = INT64_MAX;
	assert_begin_refused(f, &job, "two years");
	job.fields.next_update = NOW + 1;
	job.fields.entries_len = SIGNER_CRL_ENTRIES_MAX + 1;
	assert_begin_refused(f, &job, "bytes of entries");
	job.fields.entries_len = UINT64_MAX;
	assert_begin_refused(f, &job, "bytes of entries");
	crl_job_free(&job);
}

static void
refuse_extensions(struct fixture *f, struct crl_job *job, const void *p, size_t len,
    const char *words)
{
	job->fields.extensions = p;
	job->fields.extensions_len = len;
	assert_begin_refused(f, job, words);
}

static void
signer__refuses_bad_crl_extensions(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;
	struct gh_buf b;
	size_t len;

	crl_job_init(&job, f->ca_id, 0);
	gh_buf_init(&b, 1 << 20);
	refuse_extensions(f, &job, NULL, 0, "cRLNumber");
	put_ext(&b, DELTA_INDICATOR, true, "\x02\x01\x05", 3);
	refuse_extensions(f, &job, b.data, b.len, "cRLNumber");
	put_ext(&b, CRL_NUMBER, false, "\x02\x01\x05", 3);
	len = b.len;
	put_ext(&b, DELTA_INDICATOR, true, "\x02\x01\x05", 3);
	refuse_extensions(f, &job, b.data, b.len, "twice");
	b.len = len;
	put_ext(&b, 35, false, "\x30\x00", 2);
	refuse_extensions(f, &job, b.data, b.len, "2.5.29.35");
	b.len = len;
	put_ext(&b, 28, true, "\x30\x01", 2); /* a value that is no DER */
	refuse_extensions(f, &job, b.data, b.len, "malformed");
	b.len = len;
	put_ext(&b, 28, true, "\x30\x03\x84\x01\xff", 5); /* indirectCRL */
	refuse_extensions(f, &job, b.data, b.len, "of an indirect CRL");
	for (b.len = len; len > 0; len--)
		refuse_extensions(f, &job, b.data, len - 1, ""); /* cut off anywhere */
	b.len = 0;
	put_ext(&b, CRL_NUMBER, false, "\x02\x01\x05", 3);
	while (b.len < SIGNER_CRL_EXTENSIONS_MAX)
		put_ext(&b, DELTA_INDICATOR, false, "\x02\x01\x05", 3);
	refuse_extensions(f, &job, b.data, b.len, "malformed");
	gh_buf_free(&b);
	crl_job_free(&job);
}

/* One piece that must be refused, and the CRL with it. */
static void
refuse_entry(struct fixture *f, const void *p, size_t len)
{
	struct crl_job job;
	struct gh_error err = {0};

	crl_job_init(&job, f->ca_id, 3);
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	if (signer_client_crl_entries(f->client, p, len, &err) != GH_E_SIGNER)
		fail_msg("%s was taken", gh_hex_encode(p, len));
	assert_non_null(strstr(err.detail, "CRL entries"));
	assert_int_equal(crl_end(f->client, &job, &err), GH_E_CONFLICT);
	crl_job_free(&job);
}

#define ENTRY(text) text, sizeof(text) - 1
#define T \
	"\x17\x0d" \
	"260921134640Z"

static void
signer__refuses_malformed_entries(void **state)
{
	static const struct {
		const char *p;
		size_t len;
	} bad[] = {
	    {ENTRY("")}, {ENTRY("\x30\x00")}, {ENTRY("\x30\x03\x02\x01\x05")}, /* no time */
	    {ENTRY("\x30\x13\x02\x01\x05" T)},                                 /* cut off */
	    {ENTRY("\x30\x12\x02\x01\x05" T "\0")},   /* something behind */
	    {ENTRY("\x31\x12\x02\x01\x05" T)},        /* SET */
	    {ENTRY("\x30\x81\x12\x02\x01\x05" T)},    /* length not minimal */
	    {ENTRY("\x30\x80\x02\x01\x05" T "\0\0")}, /* indefinite length */
	    {ENTRY("\x30\x11\x02\x00" T)},            /* serial empty */
	    {ENTRY("\x30\x13\x02\x02\x00\x05" T)},    /* not minimal */
	    {ENTRY("\x30\x12\x04\x01\x05" T)},        /* OCTET STRING */
	    {ENTRY("\x30\x12\x02\x01\x05\x17\x0d"
		   "261321134640Z")}, /* month 13 */
	    {ENTRY("\x30\x12\x02\x01\x05\x17\x0d"
		   "2609211346400")}, /* no Z */
	    {ENTRY("\x30\x12\x02\x01\x05\x17\x0d"
		   "26-921134640Z")},
	    {ENTRY("\x30\x10\x02\x01\x05\x17\x0b"
		   "2609211346Z")}, /* no seconds */
	    {ENTRY("\x30\x14\x02\x01\x05\x18\x0f"
		   "20260921134640Z")},                   /* UTCTime until 2049 */
	    {ENTRY("\x30\x14\x02\x01\x05" T "\x30\x00")}, /* empty extensions */
	    {ENTRY("\x30\x22\x02\x01\x05" T "\x30\x0e\x30\x0c\x06\x03\x55\x1d\x1d\x01\x01\xff"
		   "\x04\x02\x30\x00")}, /* certificateIssuer: of an indirect CRL */
	    {ENTRY("\x30\x12\x02\x01\x05" T "\x30\x12\x02\x01\x05")}, /* the second one torn */
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse_entry(f, bad[i].p, bad[i].len);
}

/* Whatever single octet is changed: refused, or what comes out still is the CRL that was asked
 * for. */
static void
signer__signs_no_broken_entry(void **state)
{
	struct fixture *f = *state;
	struct gh_error err;
	size_t i;
	int n_refused = 0;

	for (i = 0; i < 3 * 32; i++) {
		struct crl_job job;
		X509_CRL *crl;
		int rc;

		crl_job_init(&job, f->ca_id, 3);
		if (i >= job.entries.len) {
			crl_job_free(&job);
			break;
		}
		job.entries.data[i] ^= 1u << (i % 8);
		assert_int_equal(crl_begin(f->client, &job, &err), 0);
		rc = signer_client_crl_entries(f->client, job.entries.data, job.entries.len, &err);
		n_refused += rc != 0;
		if (rc == 0) {
			gh_buf_put(&job.file, job.entries.data, job.entries.len);
			assert_int_equal(crl_end(f->client, &job, &err), 0);
			crl = parse_crl(&job, &f->ca);
			assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 3);
			X509_CRL_free(crl);
		}
		crl_job_free(&job);
	}
	assert_true(n_refused > 10);
}

static void
signer__wants_the_announced_length(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;
	struct gh_error err = {0};
	size_t at = 0;

	crl_job_init(&job, f->ca_id, 3);
	job.fields.entries_len--;
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	assert_int_equal(crl_piece(f->client, &job, &at, 1000, &err), GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "more bytes"));
	job.fields.entries_len += 2;
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	assert_int_equal(crl_piece(f->client, &job, &at, 1000, &err), 0);
	assert_int_equal(crl_end(f->client, &job, &err), GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "1 bytes are missing"));
	assert_int_equal(crl_end(f->client, &job, &err), GH_E_CONFLICT);
	at = 0;
	assert_int_equal(crl_piece(f->client, &job, &at, 1000, &err), GH_E_CONFLICT);
	crl_job_free(&job);
}

/* One is kept for f->client: one more may be, and a third when one is given up. */
static void
check_crls_kept(struct fixture *f, struct crl_job *job)
{
	struct signer_client *second = signer_process_client(&f->sp);
	struct signer_client *third = signer_process_client(&f->sp);
	struct gh_error err = {0};
	int tries = 0;

	assert_int_equal(crl_begin(second, job, &err), 0);
	assert_int_equal(crl_begin(third, job, &err), GH_E_BUSY);
	assert_int_equal(crl_begin(second, job, &err), 0); /* in place of its first */
	signer_client_free(second);
	while (crl_begin(third, job, &err) == GH_E_BUSY && ++tries < 500)
		pause_ms(10);
	assert_true(tries < 500);
	signer_client_free(third);
}

static void
signer__bounds_the_crl_of_an_ed25519_ca(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;
	struct made_ca ca;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err = {0};

	assert_int_equal(make_ca(&f->sp, "Ed", "Ed25519", NULL, &issuing_limits, &ca, &err), 0);
	load(f->client, &ca, id);
	crl_job_init(&job, id, 0);
	job.fields.entries_len = SIGNER_CRL_ED25519_MAX;
	assert_begin_refused(f, &job, "Ed25519");
	job.fields.entries_len = SIGNER_CRL_ED25519_MAX - 4096;
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	check_crls_kept(f, &job);
	crl_job_free(&job);
	/* any other CA takes as much as there may be */
	crl_job_init(&job, f->ca_id, 0);
	job.fields.entries_len = SIGNER_CRL_ENTRIES_MAX;
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	crl_job_free(&job);
	made_ca_free(&ca);
}

/* Other questions between the pieces; a CRL begun anew; two connections at the same time. */
static void
signer__keeps_a_crl_between_other_questions(void **state)
{
	struct fixture *f = *state;
	struct signer_client *other = signer_process_client(&f->sp);
	struct crl_job one, two;
	struct gh_error err;
	unsigned char *spki, id[SIGNER_CA_ID_SIZE];
	size_t at_one = 0, at_two = 0, len;

	crl_job_init(&two, f->ca_id, 7);
	assert_int_equal(crl_begin(f->client, &two, &err), 0);
	assert_int_equal(crl_piece(f->client, &two, &at_two, 100, &err), 0);
	crl_job_init(&one, f->ca_id, 4000);
	assert_int_equal(crl_begin(f->client, &one, &err), 0); /* the first is dropped */
	gh_buf_free(&two.file);
	gh_buf_init(&two.file, 1 << 20);
	at_two = 0;
	assert_int_equal(crl_begin(other, &two, &err), 0);
	while (at_one < one.entries.len) {
		assert_int_equal(crl_piece(f->client, &one, &at_one, 9000, &err), 0);
		if (at_two < two.entries.len)
			assert_int_equal(crl_piece(other, &two, &at_two, 100, &err), 0);
		assert_int_equal(signer_client_ping(f->client, &err), 0);
		assert_int_equal(signer_client_audit_key(f->client, &spki, &len, &err), 0);
		free(spki);
		load(f->client, &f->ca, id); /* replaced while its CRL is in the making */
	}
	assert_int_equal(crl_end(other, &two, &err), 0);
	assert_int_equal(crl_end(f->client, &one, &err), 0);
	X509_CRL_free(parse_crl(&one, &f->ca));
	X509_CRL_free(parse_crl(&two, &f->ca));
	crl_job_free(&one);
	crl_job_free(&two);
	signer_client_free(other);
}

static void
signer__forgets_half_a_crl_with_its_connection(void **state)
{
	struct fixture *f = *state;
	struct crl_job job;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err = {0};
	size_t at = 0;

	crl_job_init(&job, f->ca_id, 100);
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	assert_int_equal(crl_piece(f->client, &job, &at, 500, &err), 0);
	assert_int_equal(signer_process_stop(&f->sp, SIGKILL), 256 + SIGKILL);
	signer_process_start(&f->sp, "8");
	assert_int_equal(crl_piece(f->client, &job, &at, 500, &err), GH_E_SIGNER_DOWN);
	assert_int_equal(crl_end(f->client, &job, &err), GH_E_SIGNER_DOWN);
	assert_int_equal(crl_begin(f->client, &job, &err), GH_E_NOT_FOUND);
	load(f->client, &f->ca, id);
	load(f->client, &f->responder, id);
	gh_buf_free(&job.file);
	gh_buf_init(&job.file, 1 << 20);
	assert_int_equal(crl_whole(f->client, &job, 500, &err), 0);
	X509_CRL_free(parse_crl(&job, &f->ca));
	crl_job_free(&job);
}

/* --- OCSP ------------------------------------------------------------------------------------- */

#define GT \
	"\x18\x0f" \
	"20260921134640Z"

/* SingleResponse about a serial: 0 good, 1 revoked, 2 unknown. */
static void
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

static struct signer_ocsp_fields
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
static OCSP_BASICRESP *
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

static OCSP_BASICRESP *
parse_ocsp(const struct signer_blob *blob, const struct made_ca *ca)
{
	return parse_ocsp_with(blob, ca, 0);
}

static int
single_status(OCSP_BASICRESP *basic, int i, int *reason)
{
	ASN1_GENERALIZEDTIME *revoked, *from, *until;

	return OCSP_single_get0_status(OCSP_resp_get0(basic, i), reason, &revoked, &from, &until);
}

static void
signer__signs_ocsp_answers(void **state)
{
	struct fixture *f = *state;
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	OCSP_BASICRESP *basic;
	struct gh_error err = {0};
	struct gh_buf b;
	int reason = -1;

	gh_buf_init(&b, 1 << 20);
	put_single(&b, &f->ca, 77, 0);
	put_single(&b, &f->ca, 78, 1);
	put_single(&b, &f->ca, 79, 2);
	fields = ocsp_fields(f->responder_id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err), 0);
	basic = parse_ocsp(&answer, &f->ca);
	assert_int_equal(OCSP_resp_count(basic), 3);
	assert_int_equal(single_status(basic, 0, &reason), V_OCSP_CERTSTATUS_GOOD);
	assert_int_equal(single_status(basic, 1, &reason), V_OCSP_CERTSTATUS_REVOKED);
	assert_int_equal(reason, OCSP_REVOKED_STATUS_SUPERSEDED);
	assert_int_equal(single_status(basic, 2, &reason), V_OCSP_CERTSTATUS_UNKNOWN);
	assert_true(OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1) >= 0);
	assert_string_equal((const char *)ASN1_STRING_get0_data(OCSP_resp_get0_produced_at(basic)),
	    "20260921141320Z");
	OCSP_BASICRESP_free(basic);
	free(answer.p);
	/* no extensions at all */
	fields.extensions_len = 0;
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err), 0);
	OCSP_BASICRESP_free(basic = parse_ocsp(&answer, &f->ca));
	free(answer.p);
	gh_buf_free(&b);
}

static void
check_ocsp_signer(const struct made_ca *responder, const struct made_ca *ca, const char *cn)
{
	X509 *x = parse_cert(responder), *issuer = parse_cert(ca);
	char text[256];

	assert_int_equal(X509_verify(x, X509_get0_pubkey(issuer)), 1);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_OCSP_SIGN);
	assert_true(X509_get_ext_by_NID(x, NID_id_pkix_OCSP_noCheck, -1) >= 0);
	assert_int_equal(X509_get_ext_count(x), 5); /* those, SKI and AKI */
	assert_int_equal(X509_check_ca(x), 0);
	X509_NAME_oneline(X509_get_subject_name(x), text, sizeof(text));
	assert_string_equal(text, cn);
	X509_free(x);
	X509_free(issuer);
}

static void
check_ocsp_of(struct fixture *f, const char *ca_alg, const char *alg, int key_type, int bits)
{
	struct made_ca ca, responder;
	unsigned char ca_id[SIGNER_CA_ID_SIZE], id[SIGNER_CA_ID_SIZE];
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	struct gh_error err = {0};
	struct gh_buf b;
	X509 *x;

	assert_int_equal(make_ca(&f->sp, "Big CA", ca_alg, NULL, &issuing_limits, &ca, &err), 0);
	load(f->client, &ca, ca_id);
	make_responder(f->client, ca_id, alg, &responder);
	check_ocsp_signer(&responder, &ca, "/CN=Big CA OCSP");
	x = parse_cert(&responder);
	assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(x)), key_type);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(x)), bits);
	X509_free(x);
	load(f->client, &responder, id);
	gh_buf_init(&b, 4096);
	put_single(&b, &ca, 1, 0);
	fields = ocsp_fields(id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err), 0);
	OCSP_BASICRESP_free(parse_ocsp(&answer, &ca));
	free(answer.p);
	gh_buf_free(&b);
	made_ca_free(&ca);
	made_ca_free(&responder);
}

static void
signer__makes_ocsp_signers_of_every_algorithm(void **state)
{
	check_ocsp_of(*state, "P-256", NULL, EVP_PKEY_EC, 256);
	check_ocsp_of(*state, "P-384", NULL, EVP_PKEY_EC, 384);
	check_ocsp_of(*state, "RSA-3072", NULL, EVP_PKEY_RSA, 2048);
	check_ocsp_of(*state, "Ed25519", NULL, EVP_PKEY_ED25519, 256);
	check_ocsp_of(*state, "RSA-2048", "P-256", EVP_PKEY_EC, 256);
}

static void
signer__cuts_long_names_of_ocsp_signers(void **state)
{
	static const char cn[] =
	    "0123456789012345678901234567890123456789012345678901234567\xc3\xa4"
	    "bcd"; /* the cut would fall into the two octets of a letter */
	struct fixture *f = *state;
	struct made_ca ca, responder;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct gh_error err;

	assert_int_equal(make_ca(&f->sp, cn, "P-256", NULL, &issuing_limits, &ca, &err), 0);
	load(f->client, &ca, id);
	make_responder(f->client, id, NULL, &responder);
	check_ocsp_signer(&responder, &ca,
	    "/CN=0123456789012345678901234567890123456789012345678901234567 OCSP");
	made_ca_free(&ca);
	made_ca_free(&responder);
}

static int
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

static void
signer__refuses_bad_ocsp_signers(void **state)
{
	struct fixture *f = *state;
	struct gh_error err = {0};
	int64_t now = gh_now();

	assert_int_equal(ask_responder(f, f->ca_id, now, now + 90 * DAY, NULL, &err), 0);
	assert_int_equal(ask_responder(f, f->ca_id, now, now + 90 * DAY + 1, NULL, &err),
	    GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "90 days"));
	/* nor one after the other, made in advance */
	assert_int_equal(ask_responder(f, f->ca_id, now + DAY / 2, now + 90 * DAY, NULL, &err), 0);
	assert_int_equal(ask_responder(f, f->ca_id, now + DAY + 60, now + 90 * DAY, NULL, &err),
	    GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "a day ahead"));
	assert_int_equal(ask_responder(f, f->ca_id, now, now, NULL, &err), GH_E_SIGNER);
	assert_int_equal(ask_responder(f, f->ca_id, -1, now, NULL, &err), GH_E_SIGNER);
	assert_int_equal(ask_responder(f, f->ca_id, INT64_MIN, INT64_MAX, NULL, &err), GH_E_SIGNER);
	assert_int_equal(ask_responder(f, f->ca_id, now, now + DAY, "DSA", &err), GH_E_SIGNER);
	/* behind the CA's own end nothing is left */
	assert_int_equal(ask_responder(f, f->ca_id, now + 30000 * DAY, now + 30001 * DAY, NULL,
			     &err),
	    GH_E_SIGNER);
	assert_int_equal(ask_responder(f, f->responder_id, now, now + DAY, NULL, &err),
	    GH_E_NOT_FOUND);
}

/* New ones come as long as the signer runs: they push out each other, and no CA. */
static void
signer__has_room_for_new_ocsp_signers(void **state)
{
	struct fixture *f = *state;
	unsigned char id[SIGNER_CA_ID_SIZE];
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	struct gh_error err = {0};
	int64_t now = gh_now();
	struct gh_buf b;
	int i;

	for (i = 0; i < 260; i++) {
		struct signer_blob cert, sealed;

		assert_int_equal(signer_client_create_ocsp_signer(f->client, f->ca_id, now - 60,
				     now + DAY + i, "P-256", &cert.p, &cert.len, &sealed.p,
				     &sealed.len, &err),
		    0);
		if (signer_client_load_ca(f->client, sealed.p, sealed.len, id, &err) != 0)
			fail_msg("number %d: %s", i, err.detail);
		free(cert.p);
		free(sealed.p);
	}
	assert_int_equal(ask_responder(f, f->ca_id, now, now + DAY, NULL, &err), 0);
	/* the fixture's ends last and is still there */
	gh_buf_init(&b, 4096);
	put_single(&b, &f->ca, 1, 0);
	fields = ocsp_fields(f->responder_id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err), 0);
	free(answer.p);
	gh_buf_free(&b);
}

/* Each key does its own work only. */
static void
signer__keeps_the_kinds_of_keys_apart(void **state)
{
	struct fixture *f = *state;
	struct signer_create_ca create = {.key_alg = "P-256",
	    .not_before = gh_now(),
	    .not_after = gh_now() + DAY,
	    .limits = issuing_limits};
	struct signer_cert_fields cert = {.not_before = gh_now(), .not_after = gh_now() + DAY};
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	struct made_ca made;
	struct crl_job job;
	struct gh_error err = {0};
	unsigned char *der, *name = name_der("x", &cert.subject_len);
	struct gh_buf b;
	size_t len;
	int status;

	gh_buf_init(&b, 4096);
	put_single(&b, &f->ca, 1, 0);
	fields = ocsp_fields(f->ca_id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err),
	    GH_E_NOT_FOUND);
	assert_null(answer.p);
	crl_job_init(&job, f->responder_id, 1);
	assert_int_equal(crl_begin(f->client, &job, &err), GH_E_NOT_FOUND);
	memcpy(cert.ca_id, f->responder_id, sizeof(cert.ca_id));
	cert.subject = name;
	assert_int_equal(sign_one(f->client, &cert, &der, &len, &err), GH_E_NOT_FOUND);
	create.subject = name;
	create.subject_len = cert.subject_len;
	create.parent = f->responder.sealed;
	create.parent_len = f->responder.sealed_len;
	assert_int_equal(signer_process_create(&f->sp, &create, &made, &status, &err), GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "OCSP signer"));
	OPENSSL_free(name);
	gh_buf_free(&b);
	crl_job_free(&job);
}

static void
signer__signs_ocsp_answers_in_batches(void **state)
{
	struct fixture *f = *state;
	struct signer_ocsp_fields fields[SIGNER_OCSP_BATCH_MAX + 1];
	struct signer_blob answer[SIGNER_OCSP_BATCH_MAX + 1];
	struct gh_buf b[SIGNER_OCSP_BATCH_MAX + 1];
	struct gh_error err = {0};
	uint32_t i, n = SIGNER_OCSP_BATCH_MAX;

	for (i = 0; i <= n; i++) {
		gh_buf_init(&b[i], 4096);
		put_single(&b[i], &f->ca, i, (int)(i % 3));
		fields[i] = ocsp_fields(f->responder_id, &b[i]);
	}
	assert_int_equal(signer_client_sign_ocsp(f->client, fields, n, answer, &err), 0);
	for (i = 0; i < n; i++) {
		OCSP_BASICRESP *basic = parse_ocsp(&answer[i], &f->ca);
		const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, 0));
		ASN1_INTEGER *serial;

		OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)(uintptr_t)id);
		assert_int_equal(ASN1_INTEGER_get(serial), (long)i);
		OCSP_BASICRESP_free(basic);
		free(answer[i].p);
	}
	/* all or none */
	fields[n - 1].responses_len--;
	assert_int_equal(signer_client_sign_ocsp(f->client, fields, n, answer, &err), GH_E_SIGNER);
	for (i = 0; i < n; i++)
		assert_null(answer[i].p);
	assert_int_equal(signer_client_sign_ocsp(f->client, fields, n + 1, answer, &err),
	    GH_E_INTERNAL);
	assert_int_equal(signer_client_sign_ocsp(f->client, fields, 0, answer, &err),
	    GH_E_INTERNAL);
	for (i = 0; i <= n; i++)
		gh_buf_free(&b[i]);
}

/* Large answers that do not fit together are refused, and the connection lives. */
static void
signer__bounds_ocsp_answers(void **state)
{
	struct fixture *f = *state;
	struct signer_ocsp_fields fields[4];
	struct signer_blob answer[4];
	struct gh_error err = {0};
	struct gh_buf b;
	int i;

	gh_buf_init(&b, 1 << 20);
	while (b.len < SIGNER_OCSP_RESPONSES_MAX - 200)
		put_single(&b, &f->ca, (uint32_t)b.len, 0);
	for (i = 0; i < 4; i++)
		fields[i] = ocsp_fields(f->responder_id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, fields, 3, answer, &err), 0);
	for (i = 0; i < 3; i++)
		free(answer[i].p);
	put_single(&b, &f->ca, 1, 0);
	put_single(&b, &f->ca, 1, 0);
	fields[0] = ocsp_fields(f->responder_id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, fields, 1, answer, &err), GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "longer than"));
	assert_int_equal(signer_client_ping(f->client, &err), 0);
	gh_buf_free(&b);
}

static void
signer__refuses_bad_ocsp_fields(void **state)
{
	struct fixture *f = *state;
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	struct gh_error err = {0};
	struct gh_buf b;
	size_t i;

	gh_buf_init(&b, 4096);
	put_single(&b, &f->ca, 78, 1);
	fields = ocsp_fields(f->responder_id, &b);
	fields.produced_at = -1;
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err),
	    GH_E_SIGNER);
	assert_non_null(strstr(err.detail, "producedAt"));
	fields.produced_at = NOW;
	for (i = 0; i < b.len; i++) {
		fields.responses_len = i;
		assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err),
		    GH_E_SIGNER);
	}
	fields.responses_len = b.len;
	for (i = 1; i < sizeof(nonce) - 1; i++) {
		fields.extensions_len = i;
		assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err),
		    GH_E_SIGNER);
		assert_non_null(strstr(err.detail, "extensions"));
	}
	gh_buf_free(&b);
}

/* Whatever single octet is changed: refused, or an answer that OpenSSL reads. */
static void
signer__signs_no_broken_ocsp_response(void **state)
{
	struct fixture *f = *state;
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	struct gh_error err;
	struct gh_buf b;
	size_t i;
	int n_refused = 0;

	gh_buf_init(&b, 4096);
	put_single(&b, &f->ca, 78, 1);
	fields = ocsp_fields(f->responder_id, &b);
	for (i = 0; i < b.len * 8; i++) {
		b.data[i / 8] ^= 1u << (i % 8);
		if (signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err) != 0) {
			n_refused++;
		} else {
			/* the CertID may name another CA or an unknown digest by now */
			OCSP_BASICRESP *basic = parse_ocsp_with(&answer, &f->ca, OCSP_NOCHECKS);

			assert_int_equal(OCSP_resp_count(basic), 1);
			OCSP_BASICRESP_free(basic);
			free(answer.p);
		}
		b.data[i / 8] ^= 1u << (i % 8);
	}
	assert_true(n_refused > 300);
	gh_buf_free(&b);
}

/* --- a key under a password ------------------------------------------------------------------- */

/* A locked CA signs no CRL, not even one that was begun before; its OCSP signer works on. */
static void
signer__signs_no_crl_of_a_locked_ca(void **state)
{
	struct fixture *f = *state;
	struct made_ca ca, responder, locked = {0};
	unsigned char id[SIGNER_CA_ID_SIZE], responder_id[SIGNER_CA_ID_SIZE];
	struct signer_ocsp_fields fields;
	struct signer_blob answer;
	struct crl_job job;
	struct gh_error err = {0};
	struct gh_buf b;
	int64_t until;
	size_t at = 0;

	MUST(make_ca(&f->sp, "Locked", "P-256", NULL, &issuing_limits, &ca, &err) == 0);
	load(f->client, &ca, id);
	make_responder(f->client, id, NULL, &responder);
	load(f->client, &responder, responder_id);
	assert_int_equal(signer_client_set_password(f->client, ca.sealed, ca.sealed_len, NULL,
			     "correct horse", &locked.sealed, &locked.sealed_len, &err),
	    0);
	assert_int_equal(signer_client_unlock(f->client, locked.sealed, locked.sealed_len,
			     "correct horse", 60, &until, &err),
	    0);
	crl_job_init(&job, id, 10);
	assert_int_equal(crl_begin(f->client, &job, &err), 0);
	assert_int_equal(crl_piece(f->client, &job, &at, 1000, &err), 0);
	assert_int_equal(signer_client_lock(f->client, id, &err), 0);
	assert_int_equal(crl_end(f->client, &job, &err), GH_E_CA_LOCKED);
	assert_int_equal(crl_begin(f->client, &job, &err), GH_E_CA_LOCKED);
	assert_int_equal(ask_responder(f, id, gh_now(), gh_now() + DAY, NULL, &err),
	    GH_E_CA_LOCKED);
	gh_buf_init(&b, 4096);
	put_single(&b, &ca, 1, 0);
	fields = ocsp_fields(responder_id, &b);
	assert_int_equal(signer_client_sign_ocsp(f->client, &fields, 1, &answer, &err), 0);
	OCSP_BASICRESP_free(parse_ocsp(&answer, &ca));
	free(answer.p);
	gh_buf_free(&b);
	crl_job_free(&job);
	made_ca_free(&ca);
	made_ca_free(&responder);
	made_ca_free(&locked);
}

/* --- audit ------------------------------------------------------------------------------------ */

static void
check_audit(struct signer_client *c, unsigned char **spki, size_t *len)
{
	unsigned char head[SIGNER_AUDIT_HEAD], sig[SIGNER_AUDIT_SIG], key_id[32], expected[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct gh_error err = {0};
	const unsigned char *p;
	struct gh_buf b;
	EVP_PKEY *key;

	memset(head, 0x5a, sizeof(head));
	assert_int_equal(signer_client_sign_audit(c, head, 0x0102030405060708ULL, sig, key_id,
			     &err),
	    0);
	assert_int_equal(signer_client_audit_key(c, spki, len, &err), 0);
	SHA256(*spki, *len, expected);
	assert_memory_equal(key_id, expected, sizeof(expected));
	p = *spki;
	assert_non_null(key = d2i_PUBKEY(NULL, &p, (long)*len));
	gh_buf_init(&b, 256);
	gh_buf_puts(&b, "gatehouse audit head 1\n\1\2\3\4\5\6\7\10");
	gh_buf_put(&b, head, sizeof(head));
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL), 1);
	assert_int_equal(EVP_DigestVerify(ctx, sig, sizeof(sig), b.data, b.len), 1);
	gh_buf_free(&b);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void
signer__signs_audit_heads(void **state)
{
	struct fixture *f = *state;
	struct signer_process other;
	struct signer_client *c;
	unsigned char *one, *two, *three;
	size_t len;

	check_audit(f->client, &one, &len);
	/* the same key after a restart, another one with another system key */
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	signer_process_start(&f->sp, "8");
	check_audit(f->client, &two, &len);
	assert_memory_equal(one, two, len);
	signer_process_new(&other);
	signer_process_start(&other, "8");
	c = signer_process_client(&other);
	check_audit(c, &three, &len);
	assert_memory_not_equal(one, three, len);
	signer_client_free(c);
	signer_process_free(&other);
	load(f->client, &f->ca, f->ca_id);
	load(f->client, &f->responder, f->responder_id);
	free(one);
	free(two);
	free(three);
}

/* --- hostile peers ---------------------------------------------------------------------------- */

static int
connect_raw(struct fixture *f)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval tv = {20, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0);
	strcpy(addr.sun_path, f->sp.socket);
	MUST(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	return fd;
}

/* Random payloads end the connection or get an error; never a signature, never the signer's end. */
static void
signer__survives_random_payloads(void **state)
{
	struct fixture *f = *state;
	unsigned char frame[5 + 200], answer[600];
	struct gh_error err;
	int i;

	for (i = 0; i < 700; i++) {
		int fd = connect_raw(f);
		unsigned char op = (unsigned char)(SIGNER_OP_CRL_BEGIN + i % 7);
		unsigned char len = 0;

		MUST(RAND_bytes(frame, sizeof(frame)) == 1 && RAND_bytes(&len, 1) == 1);
		len = len % 200;
		memcpy(frame, "\0\0\0", 3);
		frame[3] = (unsigned char)(len + 1);
		frame[4] = op;
		if (i % 2 == 0 && len > 60) /* a right id at the front */
			memcpy(frame + 5, "\0\0\0\x20", 4);
		if (i % 4 == 0 && len > 60)
			memcpy(frame + 9, f->ca_id, 32);
		MUST(send(fd, frame, 5u + len, MSG_NOSIGNAL) == 5 + len);
		if (recv(fd, answer, sizeof(answer), 0) > 4 &&
		    !(op == SIGNER_OP_AUDIT_KEY && len == 0))
			assert_int_equal(answer[4], SIGNER_OP_ERROR);
		close(fd);
	}
	assert_int_equal(signer_client_ping(f->client, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signer__signs_crls_with_every_algorithm),
	    cmocka_unit_test(signer__signs_an_empty_crl),
	    cmocka_unit_test(signer__signs_a_long_crl),
	    cmocka_unit_test(signer__refuses_bad_crl_fields),
	    cmocka_unit_test(signer__refuses_bad_crl_extensions),
	    cmocka_unit_test(signer__refuses_malformed_entries),
	    cmocka_unit_test(signer__signs_no_broken_entry),
	    cmocka_unit_test(signer__wants_the_announced_length),
	    cmocka_unit_test(signer__bounds_the_crl_of_an_ed25519_ca),
	    cmocka_unit_test(signer__keeps_a_crl_between_other_questions),
	    cmocka_unit_test(signer__forgets_half_a_crl_with_its_connection),
	    cmocka_unit_test(signer__signs_ocsp_answers),
	    cmocka_unit_test(signer__makes_ocsp_signers_of_every_algorithm),
	    cmocka_unit_test(signer__cuts_long_names_of_ocsp_signers),
	    cmocka_unit_test(signer__refuses_bad_ocsp_signers),
	    cmocka_unit_test(signer__has_room_for_new_ocsp_signers),
	    cmocka_unit_test(signer__keeps_the_kinds_of_keys_apart),
	    cmocka_unit_test(signer__signs_ocsp_answers_in_batches),
	    cmocka_unit_test(signer__bounds_ocsp_answers),
	    cmocka_unit_test(signer__refuses_bad_ocsp_fields),
	    cmocka_unit_test(signer__signs_no_broken_ocsp_response),
	    cmocka_unit_test(signer__signs_no_crl_of_a_locked_ca),
	    cmocka_unit_test(signer__signs_audit_heads),
	    cmocka_unit_test(signer__survives_random_payloads),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
