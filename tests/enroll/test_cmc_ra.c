/* What an RA says of what it sends on (RFC 5272, 6.5, 6.8, 6.19; RFC 6402, 2.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/crmf.h"
#include "formats/csr_names.h"

#include "cmc_ra_message.h"

/* Of a template that takes names from requests. */
static struct enroll_profile profile;
static char supplied[] = "Supplied", *templates[] = {supplied, NULL};

static int
set_up_supplied(void **state)
{
	int rc = ra_set_up(state);

	profile = *fake_cmc.ctx.profile;
	profile.templates = templates;
	fake_cmc.ctx.profile = &profile;
	fake_cmc.ctx.template_name = "Supplied";
	return rc;
}

/* --- statements ------------------------------------------------------------------------------- */

static void
put_id(struct gh_buf *out, unsigned id)
{
	gh_der_put(out, GH_DER_INTEGER, &(unsigned char){(unsigned char)id}, 1);
}

/* One below 128 each; ends with 0, but for a path of 0 alone. */
static void
put_path(struct gh_buf *out, const unsigned char *ids)
{
	struct gh_buf list;
	size_t i = 0;

	gh_buf_init(&list, 256);
	do
		put_id(&list, ids[i]);
	while (ids[i] != 0 && ids[++i] != 0);
	gh_der_put(out, GH_DER_SEQUENCE, list.data, list.len);
	gh_buf_free(&list);
}

static void
put_extension(struct gh_buf *out, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	unsigned char *der = NULL;
	int n;

	assert_non_null(e);
	n = i2d_X509_EXTENSION(e, &der);
	assert_true(n > 0);
	gh_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	X509_EXTENSION_free(e);
}

/* Extensions { one }, behind the references; returns the number of the control. */
static unsigned
add_extension(unsigned message, const unsigned char *requests, int nid, const char *value)
{
	struct gh_buf all, one;
	unsigned id;

	gh_buf_init(&all, 4096);
	gh_buf_init(&one, 4096);
	put_id(&all, message);
	put_path(&all, requests);
	put_extension(&one, nid, value);
	gh_der_put(&all, GH_DER_SEQUENCE, one.data, one.len);
	id = message_value(&fake_cmc.message, CMC_ADD_EXTENSIONS, GH_DER_SEQUENCE, all.data,
	    all.len);
	gh_buf_free(&all);
	gh_buf_free(&one);
	return id;
}

struct change {
	const unsigned char *path, *requests;
	bool removes;
	const char *cn, *san; /* NULL: not named */
	struct gh_der raw;    /* CertTemplate, content, in place of both */
};

static void
put_template(const struct change *c, struct gh_buf *out)
{
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL;
	struct gh_buf ext;
	int n;

	gh_buf_init(&ext, 4096);
	if (c->cn != NULL) {
		assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
				     (const unsigned char *)c->cn, -1, -1, 0),
		    1);
		n = i2d_X509_NAME(name, &der);
		gh_der_put(out, GH_DER_CONTEXT(5), der, (size_t)n);
	}
	if (c->san != NULL) {
		put_extension(&ext, NID_subject_alt_name, c->san);
		gh_der_put(out, GH_DER_CONTEXT(9), ext.data, ext.len);
	}
	gh_buf_put(out, c->raw.p, c->raw.len);
	gh_buf_free(&ext);
	OPENSSL_free(der);
	X509_NAME_free(name);
}

static unsigned
add_change(const struct change *c)
{
	struct gh_buf all, template;
	unsigned id;

	gh_buf_init(&all, 4096);
	gh_buf_init(&template, 4096);
	put_path(&all, c->path);
	put_path(&all, c->requests);
	if (c->removes)
		gh_der_put(&all, GH_DER_BOOLEAN, "\0", 1);
	put_template(c, &template);
	gh_der_put(&all, GH_DER_SEQUENCE, template.data, template.len);
	id = message_value(&fake_cmc.message, CMC_MOD_CERT_TEMPLATE, GH_DER_SEQUENCE, all.data,
	    all.len);
	gh_buf_free(&all);
	gh_buf_free(&template);
	return id;
}

/* ControlList { { path } } */
static unsigned
add_processed(const unsigned char *path)
{
	struct gh_buf one, list;
	unsigned id;

	gh_buf_init(&one, 256);
	gh_buf_init(&list, 256);
	put_path(&one, path);
	gh_der_put(&list, GH_DER_SEQUENCE, one.data, one.len);
	id = message_value(&fake_cmc.message, CMC_CONTROL_PROCESSED, GH_DER_SEQUENCE, list.data,
	    list.len);
	gh_buf_free(&one);
	gh_buf_free(&list);
	return id;
}

static unsigned
add_identity(const unsigned char *path)
{
	struct gh_buf b;
	unsigned id;

	gh_buf_init(&b, 256);
	put_path(&b, path);
	id = message_control(&fake_cmc.message, CMC_RA_IDENTITY_WITNESS, b.data, b.len);
	gh_buf_free(&b);
	return id;
}

static unsigned
add_possession(unsigned message, const unsigned char *requests)
{
	struct gh_buf all;
	unsigned id;

	gh_buf_init(&all, 256);
	put_id(&all, message);
	put_path(&all, requests);
	id = message_value(&fake_cmc.message, CMC_LRA_POP_WITNESS, GH_DER_SEQUENCE, all.data,
	    all.len);
	gh_buf_free(&all);
	return id;
}

/* --- what was recorded ------------------------------------------------------------------------ */

static struct ca_pkcs10 *
recorded(int row)
{
	const struct fake_row *r = fake_row(row + 1);
	struct ca_pkcs10 *csr;

	assert_int_equal(ca_request_parse(r->csr, r->csr_len, &csr, NULL), 0);
	return csr;
}

static bool
has_extension(int row, int nid)
{
	struct ca_pkcs10 *csr = recorded(row);
	bool found = X509v3_get_ext_by_NID(csr->extensions, nid, -1) >= 0;

	ca_pkcs10_free(csr);
	return found;
}

/* NULL: none. */
static void
assert_are(struct csr_names *names, const char *cn, const char *dns)
{
	char text[64] = "";

	(void)X509_NAME_get_text_by_NID(names->subject, NID_commonName, text, sizeof(text));
	assert_string_equal(text, cn != NULL ? cn : "");
	if (dns == NULL) {
		assert_null(names->san);
	} else {
		const GENERAL_NAME *n;

		assert_int_equal(sk_GENERAL_NAME_num(names->san), 1);
		n = sk_GENERAL_NAME_value(names->san, 0);
		assert_int_equal(ASN1_STRING_length(n->d.dNSName), strlen(dns));
		assert_memory_equal(ASN1_STRING_get0_data(n->d.dNSName), dns, strlen(dns));
	}
	csr_names_clear(names);
}

static void
assert_names(int row, const char *cn, const char *dns)
{
	struct ca_pkcs10 *csr = recorded(row);
	struct csr_names names;

	assert_int_equal(csr_names_read(csr, &names, NULL), 0);
	assert_are(&names, cn, dns);
	assert_true(EVP_PKEY_eq(csr->key, fake_cmc.key) == 1);
	ca_pkcs10_free(csr);
}

/* Those that are wanted in place of the request's own. */
static void
assert_other_names(int row, const char *cn, const char *dns)
{
	struct ca_pkcs10 *csr = recorded(row);
	struct csr_names names;
	bool found;

	assert_int_equal(csr_names_read_change(csr, &found, &names, NULL), 0);
	assert_true(found);
	assert_are(&names, cn, dns);
	ca_pkcs10_free(csr);
}

/* --- addExtensions ---------------------------------------------------------------------------- */

static void
test_C8_extensions_are_added(void **state)
{
	unsigned char id = put_inner(one_request(by_alice()));
	unsigned batch = put_batch(&id, 1);

	(void)state;
	(void)add_extension(id, (unsigned char[]){1, 0}, NID_ext_key_usage, "clientAuth");
	send_by_ra();
	assert_succeeded(batch);
	assert_inner_issued(0);
	assert_string_equal(fake_store.row[0].requester.name, "alice");
	assert_true(has_extension(0, NID_ext_key_usage));
	assert_true(has_extension(0, NID_subject_key_identifier)); /* the client's stay */
	assert_non_null(strstr(fake_store.row[0].detail, "by RA bob; changed by an RA"));
}

/* An RA can ask for more than the template gives as little as the client. */
static void
test_C8_no_more_than_the_template_gives(void **state)
{
	unsigned char id = put_inner(one_request(by_alice()));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_extension(id, (unsigned char[]){1, 0}, NID_basic_constraints, "critical,CA:TRUE");
	send_by_ra();
	assert_inner_failed(0, CMC_UNSUPPORTED_EXT, "no certificates of CAs");
}

static void
test_C8_one_field_twice(void **state)
{
	unsigned char id = put_inner(one_request(by_alice()));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_extension(id, (unsigned char[]){1, 0}, NID_ext_key_usage, "clientAuth");
	(void)add_extension(id, (unsigned char[]){1, 0}, NID_ext_key_usage, "emailProtection");
	send_by_ra();
	assert_inner_failed(0, CMC_BAD_REQUEST, "one field twice");
	assert_int_equal(fake_store.rows, 0);
}

/* Requests beside the statements: 0 is the PKIData itself. */
static void
test_C8_of_the_message_itself(void **state)
{
	unsigned id = fake_cmc_add_request();

	(void)state;
	(void)add_extension(0, (unsigned char[]){(unsigned char)id, 0}, NID_ext_key_usage,
	    "clientAuth");
	send_by_ra();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(has_extension(0, NID_ext_key_usage));
	assert_string_equal(fake_store.row[0].requester.name, "bob");
	assert_string_equal(fake_store.row[0].detail, "User; by RA bob; changed by an RA");
}

static void
test_C8_what_is_not_there(void **state)
{
	static const struct {
		unsigned char message, requests[3];
	} cases[] = {{1, {2, 0}}, {1, {1, 9}}, {7, {1, 0}}, {0, {1, 0}}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char id = put_inner(one_request(by_alice()));
		unsigned said;

		assert_int_equal(id, 1);
		(void)put_batch(&id, 1);
		said = add_extension(cases[i].message, cases[i].requests, NID_ext_key_usage,
		    "clientAuth");
		send_by_ra();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, said, "not there");
		fake_cmc_again();
	}
	/* there, and not to be served */
	(void)put_inner(one_request(by_alice()));
	(void)fake_cmc_add_request();
	(void)add_extension(1, (unsigned char[]){1, 0}, NID_ext_key_usage, "clientAuth");
	send_by_ra();
	fake_cmc_assert_failed(CMC_BAD_REQUEST, 3, "not there");
	assert_int_equal(fake_store.rows, 0);
}

/* A message that cannot be read has its own answer; the others are served as the RA has them. */
static void
test_C8_of_a_message_that_is_broken(void **state)
{
	struct inner good = one_request(by_alice()), broken;
	unsigned char ids[2];

	(void)state;
	broken.der = OPENSSL_memdup("\x30\x00", 2);
	broken.len = 2;
	ids[0] = put_inner(broken);
	ids[1] = put_inner(good);
	(void)put_batch(ids, 2);
	for (int i = 0; i < 2; i++)
		(void)add_extension(ids[i], (unsigned char[]){1, 0}, NID_ext_key_usage,
		    "clientAuth");
	send_by_ra();
	assert_inner_failed(0, CMC_BAD_REQUEST, "");
	assert_inner_issued(1);
	assert_true(has_extension(0, NID_ext_key_usage));
}

/* What it speaks of is in there, or not: that is told in the answer of that message alone. */
static void
test_C8_C005_of_an_encrypted_message(void **state)
{
	(void)state;
	X509_free(fake_cmc_recipient());
	for (unsigned char request = 2; request >= 1; request--) {
		unsigned char id = put_inner(encrypted(one_request(by_alice())));
		unsigned batch = put_batch(&id, 1);

		(void)add_extension(id, (unsigned char[]){request, 0}, NID_ext_key_usage,
		    "clientAuth");
		send_by_ra();
		assert_succeeded(batch);
		if (request == 2)
			assert_inner_failed(0, CMC_BAD_REQUEST, "not there");
		else
			assert_inner_issued(0);
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 1);
	assert_true(has_extension(0, NID_ext_key_usage));
}

static void
test_C8_who_is_no_ra(void **state)
{
	unsigned id = fake_cmc_add_request();

	(void)state;
	id = add_extension(0, (unsigned char[]){(unsigned char)id, 0}, NID_ext_key_usage,
	    "clientAuth");
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "Only a registration authority");
	fake_cmc.ctx.takes_ra = false;
	send_by_ra();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "Only a registration authority");
	assert_int_equal(fake_store.rows, 0);
}

/* --- modCertTemplate -------------------------------------------------------------------------- */

/* The RA knows the name of who has none; its rights are those of the RA. */
static void
test_C31_names_of_who_is_not_known(void **state)
{
	unsigned char id = put_inner(one_request(by_request()));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
	    .requests = (unsigned char[]){1, 0},
	    .cn = "printer 7",
	    .san = "DNS:p7.example"});
	send_by_ra();
	assert_inner_issued(0);
	assert_string_equal(fake_store.row[0].requester.name, "bob");
	assert_names(0, "printer 7", "p7.example");
	assert_true(has_extension(0, NID_subject_key_identifier));
}

/* What is named is removed, whatever it holds. */
static void
test_C31_fields_are_removed(void **state)
{
	unsigned char id = put_inner(one_request(by_request()));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_extension(id, (unsigned char[]){1, 0}, NID_subject_alt_name, "DNS:p7.example");
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
	    .requests = (unsigned char[]){1, 0},
	    .removes = true,
	    .cn = "nobody"});
	send_by_ra();
	assert_inner_issued(0);
	assert_names(0, NULL, "p7.example");
}

/* alice may have the names of her certificate by it alone, and no RA gets others for her. */
static void
test_C31_no_more_than_the_requester_may(void **state)
{
	unsigned char id = put_inner(one_request(by_alice()));

	(void)state;
	fake_cmc.ctx.renewal_window = 2 * 86400;
	(void)put_batch(&id, 1);
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
	    .requests = (unsigned char[]){1, 0},
	    .cn = "admin"});
	send_by_ra();
	assert_inner_failed(0, CMC_BAD_IDENTITY, "subject");
	assert_int_equal(fake_store.rows, 0);
	/* the names that she may have */
	fake_cmc_again();
	id = put_inner(one_request(by_alice()));
	(void)put_batch(&id, 1);
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
	    .requests = (unsigned char[]){1, 0},
	    .cn = "self"});
	send_by_ra();
	assert_inner_issued(0);
	assert_names(0, "self", NULL);
}

/* Whose client asks for CN=new and new.example in place of the names that it has. */
static struct inner
request_for_other_names(bool is_malformed)
{
	X509_NAME *name = X509_NAME_new();
	X509_EXTENSION *san =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:new.example");
	const ASN1_OCTET_STRING *general = X509_EXTENSION_get_data(san);
	X509_REQ *req = message_csr(fake_cmc.key, message_key_id, sizeof(message_key_id));
	unsigned char *der = NULL;
	struct gh_buf b, all;
	int n;

	gh_buf_init(&b, 4096);
	gh_buf_init(&all, 4096);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			     (const unsigned char *)"new", -1, -1, 0),
	    1);
	n = i2d_X509_NAME(name, &der);
	gh_buf_put(&b, der, (size_t)n);
	gh_buf_put(&b, ASN1_STRING_get0_data(general), (size_t)ASN1_STRING_length(general));
	if (is_malformed)
		gh_buf_put(&b, "\x05\x00", 2);
	gh_der_put(&all, GH_DER_SEQUENCE, b.data, b.len);
	assert_int_equal(X509_REQ_add1_attr_by_txt(req, "1.3.6.1.5.5.7.7.36", V_ASN1_SEQUENCE,
			     all.data, (int)all.len),
	    1);
	assert_true(X509_REQ_sign(req, fake_cmc.key, EVP_sha256()) > 0);
	(void)message_pkcs10(&fake_cmc.message, req);
	gh_buf_free(&b);
	gh_buf_free(&all);
	OPENSSL_free(der);
	X509_EXTENSION_free(san);
	X509_NAME_free(name);
	X509_REQ_free(req);
	return seal(by_request());
}

/* Of the other names that a client wants, an RA changes the half that it names. */
static void
test_C31_C36_the_other_half_stays(void **state)
{
	static const struct {
		const char *cn, *san, *wanted[2];
	} cases[] = {{"printer 7", NULL, {"printer 7", "new.example"}},
	    {NULL, "DNS:p7.example", {"new", "p7.example"}},
	    {"printer 7", "DNS:p7.example", {"printer 7", "p7.example"}}};

	(void)state;
	for (int i = 0; i < 3; i++) {
		unsigned char id = put_inner(request_for_other_names(false));

		(void)put_batch(&id, 1);
		(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
		    .requests = (unsigned char[]){1, 0},
		    .cn = cases[i].cn,
		    .san = cases[i].san});
		send_by_ra();
		assert_inner_issued(0);
		assert_other_names(i, cases[i].wanted[0], cases[i].wanted[1]);
		fake_cmc_again();
	}
}

/* And none is passed over that cannot be read. */
static void
test_C31_C36_other_names_that_are_malformed(void **state)
{
	unsigned char id = put_inner(request_for_other_names(true));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
	    .requests = (unsigned char[]){1, 0},
	    .cn = "printer 7"});
	send_by_ra();
	assert_inner_failed(0, CMC_BAD_REQUEST, "ChangeSubjectName is malformed");
	assert_int_equal(fake_store.rows, 0);
}

/* The key is the one that was proven. */
static void
test_C31_what_no_ra_changes(void **state)
{
	static const char *const raw[] = {"\xa6\x02\x30\x00", "\x81\x01\x05", "\xa2\x02\x05\x00"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned char id = put_inner(one_request(by_request()));
		unsigned said;

		(void)put_batch(&id, 1);
		said = add_change(&(struct change){.path = (unsigned char[]){id, 0},
		    .requests = (unsigned char[]){1, 0},
		    .raw = {(const unsigned char *)raw[i], (size_t)raw[i][1] + 2}});
		send_by_ra();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, said, "malformed");
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 0);
}

static struct inner
seal_by_ra(void)
{
	return seal(&(struct message_signing){.key = ra_key, .cert = fake_cmc.second});
}

/* From the innermost to the outermost, which has the last word. */
static void
test_C31_the_outermost_wins(void **state)
{
	unsigned char id = put_inner(one_request(by_request()));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 0},
	    .requests = (unsigned char[]){1, 0},
	    .cn = "inner",
	    .san = "DNS:inner.example"});
	id = put_inner(seal_by_ra());
	(void)put_batch(&id, 1);
	(void)add_change(&(struct change){.path = (unsigned char[]){id, 1, 0},
	    .requests = (unsigned char[]){1, 0},
	    .cn = "outer"});
	send_by_ra();
	assert_int_equal(fake_store.rows, 1);
	assert_names(0, "outer", "inner.example");
}

/* What is not there two layers down is refused in the answer of the message that it is not in. */
static void
test_C31_a_path_that_leads_nowhere(void **state)
{
	static const unsigned char paths[][3] = {{1, 7, 0}, {1, 1, 0}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned char id = put_inner(one_request(by_request()));

		(void)put_batch(&id, 1);
		id = put_inner(seal_by_ra());
		(void)put_batch(&id, 1);
		(void)add_change(&(struct change){.path = paths[i],
		    .requests = (unsigned char[]){(unsigned char)(1 + i), 0},
		    .cn = "x"});
		send_by_ra();
		assert_inner_failed(0, CMC_BAD_REQUEST, "not there");
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 0);
}

/* --- controlProcessed ------------------------------------------------------------------------- */

static struct inner
with_unknown_control(unsigned *id)
{
	(void)fake_cmc_add_request();
	*id = message_value(&fake_cmc.message, 60, GH_DER_NULL, NULL, 0);
	return seal(by_alice());
}

static void
test_C32_control_that_an_ra_has_processed(void **state)
{
	unsigned control;
	unsigned char id = put_inner(with_unknown_control(&control));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_processed((unsigned char[]){id, (unsigned char)control, 0});
	send_by_ra();
	assert_inner_issued(0);
}

static void
test_C32_another_one(void **state)
{
	unsigned control;
	unsigned char id = put_inner(with_unknown_control(&control));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_processed((unsigned char[]){id, 1, 0}); /* the request */
	send_by_ra();
	/* the message could not be read: its own answer says why */
	assert_inner_failed(0, CMC_BAD_REQUEST, "no control of this type");
	assert_int_equal(fake_store.rows, 0);
}

/* A proof that is known here is looked at, whoever says that he has done so. */
static void
test_C32_known_controls_count_all_the_same(void **state)
{
	unsigned char id;
	unsigned proof;

	(void)state;
	(void)fake_cmc_add_request();
	(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "gw", 2);
	proof = message_value(&fake_cmc.message, CMC_IDENTITY_PROOF_V2, GH_DER_SEQUENCE, NULL, 0);
	id = put_inner(seal(by_request()));
	(void)put_batch(&id, 1);
	(void)add_processed((unsigned char[]){id, (unsigned char)proof, 0});
	send_by_ra();
	assert_inner_failed(0, CMC_BAD_IDENTITY, "");
	assert_int_equal(fake_store.rows, 0);
}

/* --- raIdentityWitness ------------------------------------------------------------------------ */

/* Of a secret that the RA alone knows; both versions of the proof, at a label that takes one. */
static void
test_C35_proof_that_the_ra_has_seen(void **state)
{
	static const unsigned kinds[] = {CMC_IDENTITY_PROOF_V2, CMC_IDENTITY_PROOF};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned char id;
		unsigned proof;

		(void)fake_cmc_add_request();
		(void)message_value(&fake_cmc.message, CMC_IDENTIFICATION, GH_DER_UTF8, "gw", 2);
		(void)message_value(&fake_cmc.message, CMC_POP_LINK_RANDOM, GH_DER_OCTETS, "r", 1);
		proof = message_value(&fake_cmc.message, kinds[i], GH_DER_OCTETS, "p", 1);
		id = put_inner(seal(by_request()));
		(void)put_batch(&id, 1);
		(void)add_identity((unsigned char[]){id, (unsigned char)proof, 0});
		send_by_ra();
		assert_inner_issued(0);
		assert_string_equal(fake_store.row[i].requester.name, "bob");
		assert_non_null(strstr(fake_store.row[i].detail, "for another, by RA bob"));
		fake_cmc_again();
	}
}

/* Out of band: it says nothing of who is proven by a signature. */
static void
test_C35_of_a_whole_message(void **state)
{
	unsigned char id = put_inner(one_request(by_alice()));

	(void)state;
	(void)put_batch(&id, 1);
	(void)add_identity((unsigned char[]){id, 0});
	send_by_ra();
	assert_inner_issued(0);
	assert_string_equal(fake_store.row[0].requester.name, "alice");
}

/* A Simple PKI Request of a client: names of a renewal are those of the RA, which this is not. */
static void
test_C35_of_a_request_beside_it(void **state)
{
	unsigned id = fake_cmc_add_request();

	(void)state;
	fake_cmc.ctx.renewal_window = 2 * 86400;
	fake_cmc.ctx.renews_once = true;
	fake_cmc.recognized.id = 71;
	strcpy(fake_cmc.recognized.template_name, "Supplied");
	send_by_ra();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "subject");
	(void)add_identity((unsigned char[]){(unsigned char)id, 0});
	send_by_ra();
	assert_int_equal(fake_cmc.answer.rc, 0);
	assert_true(fake_store.row[0].requester.is_ra);
	assert_string_equal(fake_store.row[0].detail, "Supplied; for another, by RA bob");
	assert_string_equal(fake_store.row[0].renews, ""); /* its own is good for the next one */
	assert_int_equal(fake_store.row[0].follows, 0);
}

static void
test_C35_of_what_is_no_proof(void **state)
{
	static const unsigned char paths[][3] = {{1, 2, 0}, {1, 9, 0}, {9, 0}, {3, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		unsigned char id;
		unsigned said;

		(void)fake_cmc_add_request();
		(void)message_value(&fake_cmc.message, CMC_DATA_RETURN, GH_DER_OCTETS, "d", 1);
		id = put_inner(seal(by_request()));
		(void)put_batch(&id, 1);
		said = add_identity(paths[i]);
		assert_int_equal(said, 3);
		send_by_ra();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, said, "not there");
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 0);
}

static void
test_C35_who_is_no_ra(void **state)
{
	unsigned id = fake_cmc_add_request();

	(void)state;
	id = add_identity((unsigned char[]){(unsigned char)id, 0});
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "Only a registration authority");
}

/* --- lraPOPWitness ---------------------------------------------------------------------------- */

/* A CRMF for the key, whose proof would be a challenge; its number. */
static unsigned
add_unproven(void)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)++fake_cmc.message.last_id};
	struct gh_buf t, request, message;
	unsigned char *spki = NULL;
	struct gh_der key;
	int n = i2d_PUBKEY(fake_cmc.key, &spki);

	gh_buf_init(&t, 8192);
	gh_buf_init(&request, 8192);
	gh_buf_init(&message, 8192);
	assert_true(gh_der_take(&(struct gh_der){spki, (size_t)n}, GH_DER_SEQUENCE, &key));
	gh_der_put(&t, GH_DER_CONTEXT(5), "\x30\x00", 2);
	gh_der_put(&t, GH_DER_CONTEXT(6), key.p, key.len);
	gh_buf_put(&request, id, sizeof(id));
	gh_der_put(&request, GH_DER_SEQUENCE, t.data, t.len);
	gh_der_put(&message, GH_DER_SEQUENCE, request.data, request.len);
	gh_der_put(&message, GH_DER_CONTEXT(3), "\x81\x01\x01", 3);
	gh_der_put(&fake_cmc.message.requests, GH_DER_CONTEXT(1), message.data, message.len);
	gh_buf_free(&t);
	gh_buf_free(&request);
	gh_buf_free(&message);
	OPENSSL_free(spki);
	return fake_cmc.message.last_id;
}

static void
test_C11_where_the_label_believes_its_ras(void **state)
{
	unsigned char id;
	unsigned request = add_unproven();

	(void)state;
	fake_cmc.ctx.takes_ra_pop = true;
	id = put_inner(seal(by_alice()));
	(void)put_batch(&id, 1);
	(void)add_possession(id, (unsigned char[]){(unsigned char)request, 0});
	send_by_ra();
	assert_inner_issued(0);
	assert_string_equal(fake_store.row[0].requester.name, "alice");
	assert_non_null(strstr(fake_store.row[0].detail, "has seen possession"));
	/* of the others the challenge is due */
	fake_cmc_again();
	(void)add_unproven();
	request = add_unproven();
	id = put_inner(seal(by_alice()));
	(void)put_batch(&id, 1);
	(void)add_possession(id, (unsigned char[]){(unsigned char)request, 0});
	send_by_ra();
	assert_inner_failed(0, CMC_POP_REQUIRED_FAIL, "decryptedPOP");
	assert_int_equal(fake_store.rows, 1);
}

static void
test_C11_no_ra_is_believed_for_possession(void **state)
{
	unsigned request = add_unproven();
	unsigned id = add_possession(0, (unsigned char[]){(unsigned char)request, 0});

	(void)state;
	send_by_ra();
	fake_cmc_assert_failed(CMC_POP_FAILED, id, "No RA is believed");
	/* and where one would be, who is none is not */
	fake_cmc.ctx.takes_ra_pop = true;
	fake_cmc_send_by_cert();
	fake_cmc_assert_failed(CMC_BAD_IDENTITY, id, "Only a registration authority");
	assert_int_equal(fake_store.rows, 0);
}

/* A signature that is there is verified all the same. */
static void
test_C11_a_wrong_signature(void **state)
{
	X509_REQ *req = message_csr(fake_cmc.key, NULL, 0);
	unsigned id;

	(void)state;
	fake_cmc.ctx.takes_ra_pop = true;
	assert_int_equal(X509_REQ_set_version(req, 0), 1);
	assert_int_equal(X509_REQ_set_pubkey(req, fake_cmc.old), 1);
	id = message_pkcs10(&fake_cmc.message, req);
	(void)add_possession(0, (unsigned char[]){(unsigned char)id, 0});
	send_by_ra();
	fake_cmc_assert_failed(CMC_POP_FAILED, id, "signature");
	X509_REQ_free(req);
}

/* --- form ------------------------------------------------------------------------------------- */

static void
test_C024_malformed_statements(void **state)
{
	static const unsigned kinds[] = {CMC_ADD_EXTENSIONS, CMC_MOD_CERT_TEMPLATE,
	    CMC_LRA_POP_WITNESS, CMC_CONTROL_PROCESSED, CMC_RA_IDENTITY_WITNESS};

	(void)state;
	fake_cmc.ctx.takes_ra_pop = true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned id;

		(void)fake_cmc_add_request();
		id = message_value(&fake_cmc.message, kinds[i], GH_DER_SEQUENCE, NULL, 0);
		send_by_ra();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "malformed");
		fake_cmc_again();
		(void)fake_cmc_add_request();
		id = message_value(&fake_cmc.message, kinds[i], GH_DER_OCTETS, "x", 1);
		send_by_ra();
		fake_cmc_assert_failed(CMC_BAD_REQUEST, id, "malformed");
		fake_cmc_again();
	}
	assert_int_equal(fake_store.rows, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, ra_set_up, ra_tear_down)
#define SUPPLIED(f) cmocka_unit_test_setup_teardown(f, set_up_supplied, ra_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_C8_extensions_are_added),
	    CASE(test_C8_no_more_than_the_template_gives),
	    CASE(test_C8_one_field_twice),
	    CASE(test_C8_of_the_message_itself),
	    CASE(test_C8_what_is_not_there),
	    CASE(test_C8_of_a_message_that_is_broken),
	    CASE(test_C8_C005_of_an_encrypted_message),
	    CASE(test_C8_who_is_no_ra),
	    SUPPLIED(test_C31_names_of_who_is_not_known),
	    SUPPLIED(test_C31_fields_are_removed),
	    SUPPLIED(test_C31_no_more_than_the_requester_may),
	    SUPPLIED(test_C31_C36_the_other_half_stays),
	    SUPPLIED(test_C31_C36_other_names_that_are_malformed),
	    SUPPLIED(test_C31_what_no_ra_changes),
	    SUPPLIED(test_C31_the_outermost_wins),
	    SUPPLIED(test_C31_a_path_that_leads_nowhere),
	    CASE(test_C32_control_that_an_ra_has_processed),
	    CASE(test_C32_another_one),
	    CASE(test_C32_known_controls_count_all_the_same),
	    CASE(test_C35_proof_that_the_ra_has_seen),
	    CASE(test_C35_of_a_whole_message),
	    SUPPLIED(test_C35_of_a_request_beside_it),
	    CASE(test_C35_of_what_is_no_proof),
	    CASE(test_C35_who_is_no_ra),
	    CASE(test_C11_where_the_label_believes_its_ras),
	    CASE(test_C11_no_ra_is_believed_for_possession),
	    CASE(test_C11_a_wrong_signature),
	    CASE(test_C024_malformed_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
