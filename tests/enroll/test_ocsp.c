/* The responder: what it answers, keeps, and does when something is away. HTTP around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "timestamp.h"

#include "fake_ocsp.h"
#include "public/ocsp_http.h"

static struct gh_conf conf;
static struct ca ours = {.id = 1, .name = (char *)"ours", .state = CA_ACTIVE};
static struct ca second = {.id = 2, .name = (char *)"second", .state = CA_DISABLED};
static struct ca *cas[] = {&ours, &second};
static struct catalog catalog = {.cas = {.ca = cas, .n = 2}};
static struct worker_env env;

static const struct ocsp_means *
means(void)
{
	static struct ocsp_means m;

	m = ocsp_http_means(&env);
	return &m;
}
static const struct ocsp_status good = {.status = OCSP_GOOD};

static int
set_up(void **state)
{
	(void)state;
	memset(&fake_ocsp, 0, sizeof(fake_ocsp));
	for (int i = 1; i < FAKE_SERIALS; i++)
		fake_ocsp.status[i].status = OCSP_GOOD;
	fake_ocsp.status[2] = (struct ocsp_status){OCSP_REVOKED, 1700000000, 1};
	fake_ocsp.status[0].status = OCSP_UNKNOWN;
	fake_ocsp.signer_until = gh_now() + 86400;
	memset(&conf, 0, sizeof(conf));
	conf.ocsp.lifetime = 3600;
	conf.ocsp.max_age = 300;
	conf.ocsp.cache_mb = 1;
	conf.ocsp.presign_hits = 2;
	conf.ocsp.signer_days = 14;
	conf.ocsp.unknown = (char *)"unknown";
	memset(ours.issuer_hash[0].name, 0x11, 20);
	memset(ours.issuer_hash[0].key, 0x12, 20);
	memset(second.issuer_hash[0].name, 0x21, 20);
	memset(second.issuer_hash[0].key, 0x22, 20);
	env = (struct worker_env){.conf = &conf, .catalog = &catalog};
	return ocsp_service_new(&conf, ocsp_http_prepare, &env.ocsp, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	ocsp_service_free(env.ocsp);
	return 0;
}

/* One Request about a serial of the CA whose hashes are ca + 1 and ca + 2. */
static void
put_request(struct gh_buf *b, unsigned char ca, unsigned char serial)
{
	static const unsigned char alg[] = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a,
	    0x05, 0x00};
	unsigned char name[20], key[20];

	memset(name, ca + 1, sizeof(name));
	memset(key, ca + 2, sizeof(key));
	gh_der_put_header(b, GH_DER_SEQUENCE, 60);
	gh_der_put_header(b, GH_DER_SEQUENCE, 58);
	gh_buf_put(b, alg, sizeof(alg));
	gh_der_put(b, GH_DER_OCTETS, name, 20);
	gh_der_put(b, GH_DER_OCTETS, key, 20);
	gh_der_put(b, GH_DER_INTEGER, &serial, 1);
}

/* asks: "CA SERIAL" pairs of hex digits, 1 for ours, 2 for the second, 9 for a foreign one. */
static struct gh_buf
request(const char *asks, const char *nonce)
{
	struct gh_buf list, out, tail;

	gh_buf_init(&list, 10000);
	gh_buf_init(&out, 10000);
	gh_buf_init(&tail, 1000);
	for (; asks[0] != '\0'; asks += 2)
		put_request(&list, (unsigned char)((asks[0] - '0') << 4),
		    (unsigned char)(asks[1] - '0'));
	if (nonce != NULL) {
		struct gh_der n = {(const unsigned char *)nonce, strlen(nonce)};
		struct gh_buf ext;

		gh_buf_init(&ext, 1000);
		ocsp_put_nonce(&ext, &n);
		gh_der_put_header(&tail, GH_DER_CONTEXT(2), gh_der_size(ext.len));
		gh_der_put(&tail, GH_DER_SEQUENCE, ext.data, ext.len);
		gh_buf_free(&ext);
	}
	gh_der_put_header(&out, GH_DER_SEQUENCE, gh_der_size(gh_der_size(list.len) + tail.len));
	gh_der_put_header(&out, GH_DER_SEQUENCE, gh_der_size(list.len) + tail.len);
	gh_der_put(&out, GH_DER_SEQUENCE, list.data, list.len);
	gh_buf_put(&out, tail.data, tail.len);
	gh_buf_free(&list);
	gh_buf_free(&tail);
	return out;
}

/* "g", "r", "u" for each certificate; "E6" for an error. The stand-in signs nothing: der is the
 * list of SingleResponses. */
static void
check(const char *asks, const char *nonce, const char *wanted)
{
	struct gh_buf b = request(asks, nonce);
	struct ocsp_ask ask = {b.data, b.len};
	struct ocsp_reply r;
	char got[80] = "";
	size_t n = 0;

	ocsp_answer(means(), &ask, 1, &r);
	if (r.answer == NULL) {
		got[n++] = 'E';
		got[n++] = (char)('0' + r.error);
	} else {
		struct gh_der in = {r.answer->der, r.answer->len}, single, id;

		while (gh_der_take(&in, GH_DER_SEQUENCE, &single)) {
			assert_true(gh_der_take(&single, GH_DER_SEQUENCE, &id));
			got[n++] = single.p[0] == 0x80 ? 'g' : single.p[0] == 0xa1 ? 'r' : 'u';
		}
	}
	got[n] = '\0';
	assert_string_equal(got, wanted);
	ocsp_answer_unref(r.answer);
	gh_buf_free(&b);
}

static bool
is_ready(const char *asks, const char *nonce)
{
	struct gh_buf b = request(asks, nonce);
	struct ocsp_answer *a = ocsp_find_ready(env.ocsp, b.data, b.len);
	bool is = a != NULL;

	ocsp_answer_unref(a);
	gh_buf_free(&b);
	return is;
}

static void
answer__status_of_each(void **state)
{
	(void)state;
	check("11", NULL, "g");
	check("12", NULL, "r");
	check("10", NULL, "u");
	check("1112139199", "nonce", "grguu");
	check("21", NULL, "g"); /* disabled: still answers */
	check("91", NULL, "E6");
	check("1121", NULL, "gu"); /* another CA of ours has another signer */
	check("2111", NULL, "gu");
	check("9121", NULL, "ug");
}

static void
answer__states_of_cas(void **state)
{
	(void)state;
	second.state = CA_SUPERSEDED;
	check("21", NULL, "g");
	second.state = CA_RETIRED;
	check("23", NULL, "E6");
	second.state = CA_DISABLED;
}

static void
answer__unauthorized_when_configured(void **state)
{
	(void)state;
	conf.ocsp.unknown = (char *)"unauthorized";
	check("10", NULL, "E6");
	check("1011", NULL, "ug");
	check("1010", NULL, "E6");
	assert_int_equal(fake_ocsp.signatures, 1);
}

static void
answer__kept_only_when_others_may_ask_it(void **state)
{
	(void)state;
	check("11", NULL, "g");
	assert_true(is_ready("11", NULL));
	assert_false(is_ready("11", "nonce"));
	check("12", "nonce", "r");
	assert_false(is_ready("12", NULL));
	check("12", "other", "r"); /* only its status is kept */
	check("11", "other", "g");
	assert_int_equal(fake_ocsp.questions, 2);
	assert_int_equal(fake_ocsp.signatures, 4);
	check("12", NULL, "r");
	assert_true(is_ready("12", NULL));
	assert_int_equal(fake_ocsp.questions, 2);
	fake_ocsp.questions = 0;
	check("1314", NULL, "gg");
	assert_false(is_ready("13", NULL));
	assert_false(is_ready("1314", NULL));
	check("10", NULL, "u");
	assert_false(is_ready("10", NULL)); /* it may be issued any moment */
}

static void
revoke_one(void)
{
	fake_ocsp.status[1] = (struct ocsp_status){OCSP_REVOKED, 1700000000, 1};
	ocsp_status_changed(env.ocsp, 1, (const unsigned char *)"\1", 1);
}

static void
revoke_all(void)
{
	revoke_one();
	ocsp_status_changed(env.ocsp, 0, NULL, 0);
}

static void
change__removes_what_lies_ready(void **state)
{
	(void)state;
	check("11", NULL, "g");
	check("13", NULL, "g");
	check("21", NULL, "g");
	revoke_one();
	assert_false(is_ready("11", NULL));
	assert_true(is_ready("13", NULL));
	assert_true(is_ready("21", NULL)); /* the same serial of another CA */
	check("11", NULL, "r");
	revoke_all();
	assert_false(is_ready("13", NULL));
}

static void
change__overtakes_an_answer_on_its_way(void **state)
{
	(void)state;
	fake_ocsp.during_question = revoke_one;
	check("11", NULL, "g"); /* true when it was read ... */
	fake_ocsp.during_question = NULL;
	assert_false(is_ready("11", NULL)); /* ... but nobody else gets it */
	check("11", "nonce", "r");
	check("11", NULL, "r");
	fake_ocsp.during_question = revoke_all;
	check("13", NULL, "g");
	assert_false(is_ready("13", NULL));
	fake_ocsp.during_question = revoke_one;
	check("14", NULL, "g"); /* not what was revoked */
	assert_true(is_ready("14", NULL));
}

static void
down__try_later_never_wrong(void **state)
{
	(void)state;
	fake_ocsp.fail_signer = GH_E_SIGNER_DOWN;
	check("11", NULL, "E3");
	fake_ocsp.fail_signer = 0;
	check("11", NULL, "g");
	fake_ocsp.fail_store = GH_E_DB_DOWN;
	check("12", NULL, "E3");
	assert_true(is_ready("11", NULL));
	check("11", "nonce", "g");
	fake_ocsp.fail_store = GH_E_DB;
	check("12", NULL, "E2");
	env.catalog = NULL;
	check("12", NULL, "E3");
}

/* As if it had been answered age seconds ago, and left seconds before its end. */
static void
keep(const char *asks, int age, int left)
{
	struct gh_buf b = request(asks, NULL);
	struct ocsp_request req;
	struct ocsp_answer *a;
	struct ocsp_cache *cache = ocsp_service_cache(env.ocsp);

	assert_int_equal(ocsp_request_parse(b.data, b.len, &req, NULL), 0);
	a = ocsp_answer_new(1, &good, gh_now() - age, gh_now() + left, calloc(1, 1), 1);
	assert_non_null(a);
	assert_true(ocsp_cache_put(cache, &req.cert[0], a, ocsp_cache_epoch(cache)));
	ocsp_answer_unref(a);
	gh_buf_free(&b);
}

static void
down__last_part_of_a_life(void **state)
{
	(void)state;
	keep("11", 900, 100);
	assert_false(is_ready("11", NULL)); /* a new one is better, */
	check("11", NULL, "g");
	assert_true(is_ready("11", NULL));
	keep("11", 900, 100);
	fake_ocsp.fail_store = GH_E_DB_DOWN;
	check("11", NULL,
	    ""); /* but what is still valid is better than nothing: the kept one holds no status */
	keep("11", 1000, -1);
	check("11", NULL, "E3");
	check("13", NULL, "E3");
}

static void
signer__issued_when_there_is_none(void **state)
{
	(void)state;
	fake_ocsp.signer_until = 0;
	check("11", NULL, "g");
	assert_int_equal(fake_ocsp.issues, 1);
	check("13", NULL, "g");
	assert_int_equal(fake_ocsp.issues, 1);
	assert_int_equal(fake_ocsp.looks, 1);
}

static void
signer__failure_is_not_repeated_at_once(void **state)
{
	(void)state;
	fake_ocsp.signer_until = 0;
	fake_ocsp.fail_issue = GH_E_CA_LOCKED;
	for (int i = 0; i < 5; i++)
		check("11", NULL, "E3");
	assert_int_equal(fake_ocsp.issues, 1);
	check("21", NULL, "E3"); /* each CA for itself */
	assert_int_equal(fake_ocsp.issues, 2);
	fake_ocsp.fail_issue = 0;
	ocsp_status_changed(env.ocsp, 0, NULL, 0);
	check("11", NULL, "g");
}

static void
signer__answers_end_with_it(void **state)
{
	struct gh_buf b = request("11", NULL);
	struct ocsp_ask ask = {b.data, b.len};
	struct ocsp_reply r;

	(void)state;
	fake_ocsp.signer_until = gh_now() + 100;
	ocsp_answer(means(), &ask, 1, &r);
	assert_non_null(r.answer);
	assert_int_equal(r.answer->next_update, fake_ocsp.signer_until);
	ocsp_answer_unref(r.answer);
	gh_buf_free(&b);
}

static void
signer__restarted_is_given_the_key(void **state)
{
	(void)state;
	check("11", NULL, "g");
	fake_ocsp.loaded = false;
	check("13", NULL, "g");
	assert_true(fake_ocsp.loaded);
}

static void
renew__what_is_asked_often_and_about_to_end(void **state)
{
	size_t renewed;

	(void)state;
	keep("11", 800, 200); /* in the last quarter, not in the last eighth */
	keep("12", 800, 200);
	keep("13", 700, 300); /* not yet */
	keep("14", 800, 200); /* asked once */
	for (int i = 0; i < 3; i++)
		assert_true(is_ready("11", NULL) && is_ready("12", NULL) && is_ready("13", NULL));
	assert_true(is_ready("14", NULL));
	assert_int_equal(ocsp_renew(means(), &renewed, NULL), 0);
	assert_int_equal(renewed, 2);
	assert_int_equal(fake_ocsp.questions, 1);
	assert_int_equal(fake_ocsp.signatures, 2);
	assert_int_equal(ocsp_renew(means(), &renewed, NULL), 0);
	assert_int_equal(renewed, 0);
	fake_ocsp.fail_store = GH_E_DB_DOWN; /* the new ones are there */
	check("12", NULL, "r");
}

static void
renew__is_overtaken_by_a_change(void **state)
{
	size_t renewed;

	(void)state;
	keep("11", 800, 200);
	keep("13", 800, 200);
	for (int i = 0; i < 3; i++)
		assert_true(is_ready("11", NULL) && is_ready("13", NULL));
	fake_ocsp.during_question = revoke_one;
	assert_int_equal(ocsp_renew(means(), &renewed, NULL), 0);
	assert_int_equal(renewed, 1);
	assert_false(is_ready("11", NULL));
	assert_true(is_ready("13", NULL));
}

static void
malformed__is_said_so(void **state)
{
	struct ocsp_ask asks[] = {{(const unsigned char *)"", 0}, {NULL, 0}};
	struct ocsp_reply r[2];

	(void)state;
	ocsp_answer(means(), asks, 2, r);
	for (int i = 0; i < 2; i++) {
		assert_null(r[i].answer);
		assert_int_equal(r[i].error, OCSP_MALFORMED);
		assert_int_equal(r[i].why.code, GH_E_BAD_REQUEST);
	}
}

/* Each gets his own answer, whatever happens to the others. */
static void
batch__each_its_own(void **state)
{
	const char *asks[] = {"11", "12", "91", "1113", "10", "21", "11"},
		   *nonces[] = {NULL, "a", NULL, NULL, NULL, "b", "c"};
	static const enum ocsp_cert_status wanted[] = {OCSP_GOOD, OCSP_REVOKED, 0, OCSP_GOOD,
	    OCSP_UNKNOWN, OCSP_GOOD, OCSP_GOOD};
	struct gh_buf b[7];
	struct ocsp_ask ask[7];
	struct ocsp_reply r[7];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 7; i++) {
			b[i] = request(asks[i], nonces[i]);
			ask[i] = (struct ocsp_ask){b[i].data, b[i].len};
		}
		if (round == 1)
			fake_ocsp.fail_store = GH_E_DB_DOWN;
		ocsp_answer(means(), ask, 7, r);
		assert_null(r[2].answer);
		assert_int_equal(r[2].error, OCSP_UNAUTHORIZED);
		for (int i = 0; i < 7; i++) {
			bool is_known = round == 0 || (i != 3 && i != 4);

			if (i != 2 && is_known) {
				assert_non_null(r[i].answer);
				assert_int_equal(r[i].answer->status.status, wanted[i]);
			} else if (i != 2) {
				assert_int_equal(r[i].error, OCSP_TRY_LATER);
			}
			ocsp_answer_unref(r[i].answer);
			gh_buf_free(&b[i]);
		}
	}
}

static void
batch__what_the_signer_refuses_hurts_no_other(void **state)
{
	static const char *const asks[] = {"11", "12", "13", "14", "15", "16", "17"};
	const size_t n = sizeof(asks) / sizeof(asks[0]);
	struct ocsp_ask ask[sizeof(asks) / sizeof(asks[0])];
	struct ocsp_reply r[sizeof(asks) / sizeof(asks[0])];
	struct gh_buf b[sizeof(asks) / sizeof(asks[0])];

	(void)state;
	fake_ocsp.refused = 4;
	for (size_t i = 0; i < n; i++) {
		b[i] = request(asks[i], NULL);
		ask[i] = (struct ocsp_ask){b[i].data, b[i].len};
	}
	ocsp_answer(means(), ask, n, r);
	for (size_t i = 0; i < n; i++) {
		if (i == 3)
			assert_int_equal(r[i].error, OCSP_INTERNAL);
		assert_int_equal(r[i].answer == NULL, i == 3);
		ocsp_answer_unref(r[i].answer);
		gh_buf_free(&b[i]);
	}
	assert_int_equal(fake_ocsp.signatures, 6);
}

/* ---- HTTP ---- */

static void
path(const char *text, const char *wanted)
{
	unsigned char out[16];
	size_t len = 99;
	bool ok = ocsp_path_decode(text, out, sizeof(out), &len);

	assert_int_equal(ok, wanted != NULL);
	assert_int_equal(len, wanted != NULL ? strlen(wanted) : 0);
	if (wanted != NULL)
		assert_memory_equal(out, wanted, len);
}

static void
path__base64_as_clients_write_it(void **state)
{
	(void)state;
	path("QUJD", "ABC");
	path("QUJDRA==", "ABCD");
	path("QUJDRA", "ABCD");
	path("QUJDRA%3D%3d", "ABCD");
	path("%51UJD", "ABC");
	path("Pz8/Pj4+", "??\?>>>");
	path("Pz8%2fPj4%2B", "??\?>>>");
	path("Pz8_Pj4-", "??\?>>>");
	path("", NULL);
	path("Q", NULL);
	path("QUJD=A", NULL);
	path("QUJDRB==", NULL); /* bits that say nothing */
	path("00", NULL);
	path("01", NULL);
	path("MAB", NULL);
	path("QU JD", NULL);
	path("QUJD%", NULL);
	path("QUJD%4", NULL);
	path("QUJD%zz", NULL);
	path("QUJDQUJDQUJDQUJDQUJDQUJD", NULL); /* longer than the room */
}

static void
head__dates_and_tags(void **state)
{
	struct ocsp_answer *a = ocsp_answer_new(1, &good, 784111777, 784115377, calloc(1, 3), 3);

	(void)state;
	assert_non_null(a);
	ocsp_http_prepare(a);
	assert_non_null(strstr(a->head, "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
	assert_non_null(strstr(a->head, "expires: Sun, 06 Nov 1994 09:49:37 GMT\r\n"));
	assert_non_null(strstr(a->head, a->etag));
	assert_int_equal(ocsp_max_age(&conf, a, 784111777), 300);
	assert_int_equal(ocsp_max_age(&conf, a, 784115370), 7);
	assert_int_equal(ocsp_max_age(&conf, a, 784115377), 0);
	assert_int_equal(ocsp_max_age(&conf, a, 784119999), 0);
	ocsp_answer_unref(a);
	assert_true(ocsp_type_fits(NULL) && ocsp_type_fits("Application/OCSP-Request; x=y"));
	assert_false(ocsp_type_fits("application/ocsp-requests") || ocsp_type_fits(""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answer__status_of_each),
	    TEST(answer__states_of_cas),
	    TEST(answer__unauthorized_when_configured),
	    TEST(answer__kept_only_when_others_may_ask_it),
	    TEST(change__removes_what_lies_ready),
	    TEST(change__overtakes_an_answer_on_its_way),
	    TEST(down__try_later_never_wrong),
	    TEST(down__last_part_of_a_life),
	    TEST(signer__issued_when_there_is_none),
	    TEST(signer__failure_is_not_repeated_at_once),
	    TEST(signer__answers_end_with_it),
	    TEST(signer__restarted_is_given_the_key),
	    TEST(renew__what_is_asked_often_and_about_to_end),
	    TEST(renew__is_overtaken_by_a_change),
	    TEST(malformed__is_said_so),
	    TEST(batch__each_its_own),
	    TEST(batch__what_the_signer_refuses_hurts_no_other),
	    TEST(path__base64_as_clients_write_it),
	    TEST(head__dates_and_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
