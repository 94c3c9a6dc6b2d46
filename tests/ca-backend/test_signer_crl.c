/* CRLs that a real signer signs while they stream through it. */
#include "ca-backend/signer_sign_fixture.h"

#define DELTA_INDICATOR 27

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
	    cmocka_unit_test(signer__signs_no_crl_of_a_locked_ca),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
