/* Delegated keys of OCSP, and the answers that a real signer signs with them. */
#include "ca-backend/signer_sign_fixture.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
