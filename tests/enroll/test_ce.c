/* CertEnroll: what becomes of a request, and what is asked later. */
/* valgrind: parses bytes from outside */
#include "enroll/ce_case.h"

/* ---- dispositions ---- */
static void
ce__denied_by_policy(void **state)
{
	static const struct {
		const char *name, *code;
	} c[] = {
	    {"NoUpn", "0x8009480D"},
	    {"Closed", "0x80094012"},
	    {"Other", "0x80094800"},
	    {"Gone", "0x80094800"},
	    {"NoSuchTemplate", "0x80094800"},
	};
	char *unknown[2];

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char *body = envelope(c[i].name, ""), *text = post_for(&v3, body, 403), *message,
		     start[64];

		expect_member(text, "RequestDisposition", "Denied");
		expect_member(text, "ErrorCode", c[i].code);
		expect_member(text, "Certificates", "");
		expect_member(text, "SerialNumber", "");
		expect_member(text, "CMSID", "0");
		message = member(text, "DispositionMessage");
		expect_member(text, "Message", message);
		snprintf(start, sizeof(start), "Denied by Policy Module  %s, ", c[i].code);
		assert_memory_equal(message, start, strlen(start));
		if (i == 2 || i == 4)
			unknown[i / 3] = strdup(message);
		free(message);
		free(text);
		free(body);
	}
	assert_int_equal(fake_store.rows, 5);
	assert_int_equal(fake_row(1)->outcome.disposition, DB_DISP_DENIED);
	assert_int_equal(fake_row(1)->outcome.status_code, 0x8009480D);
	assert_int_equal(fake_ca.signed_certs, 0);
	/* whether a template exists elsewhere is nobody's business */
	assert_string_equal(unknown[0], unknown[1]);
	free(unknown[0]);
	free(unknown[1]);
}

static void
ce__denied_status_can_be_200(void **state)
{
	char *body = envelope("NoUpn", ""), *text;

	(void)state;
	fake_conf.certenroll.denied_status = 200;
	text = post_for(&v3, body, 200);
	expect_member(text, "RequestDisposition", "Denied");
	free(text);
	free(body);
}

static void
ce__pending(void **state)
{
	char *body = envelope("Slow", ""), *text = post_for(&v3, body, 200);

	(void)state;
	expect_member(text, "RequestDisposition", "Pending");
	expect_member(text, "DispositionMessage", "Taken Under Submission");
	expect_member(text, "Certificates", "");
	expect_member(text, "SerialNumber", "");
	expect_member(text, "Thumbprint", "");
	expect_member(text, "IssuerDN", "");
	expect_member(text, "CMSID", "0");
	expect_member(text, "CMSRequestId", "1");
	assert_null(strstr(text, "ErrorCode"));
	assert_int_equal(fake_ca.signed_certs, 0);
	free(text);
	free(body);
}

static void
ce__no_queue_for_a_ca_that_is_gone(void **state)
{
	struct test_call off = {.app = "key9"};
	static const char *const name[] = {"User", "Slow"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *body = envelope(name[i], ""), *text = post_for(&off, body, 503);

		expect_member(text, "ErrorCode", "0x80094006");
		free(text);
		free(body);
	}
	assert_int_equal(fake_store.rows, 0);
}

/* ---- failures ---- */
static void
ce__our_troubles_are_503_and_no_refusals(void **state)
{
	static const struct {
		int *where;
		int code;
		const char *hresult;
	} c[] = {
	    {&fake_dir.fail, GH_E_DIR_DOWN, "0x8007203A"},
	    {&fake_ca.fail, GH_E_SIGNER_DOWN, "0x80094006"},
	    {&fake_store.fail, GH_E_DB_DOWN, "0x8009400F"},
	    {&fake_store.fail_record, GH_E_DB_DOWN, "0x8009400F"},
	    {&fake_ca.fail, GH_E_CA_LOCKED, "0x80094006"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct requester who = fake_requester("alice");
		char *body = envelope("User", "");
		struct gh_http_request http = {.body = (unsigned char *)body,
		    .body_len = strlen(body)};
		struct call call = {.http = &http,
		    .requester = &who,
		    .version = 3,
		    .app = catalog_find_app_id(env.catalog, 7)};
		struct gh_http_reply rep = {0};

		*c[i].where = c[i].code;
		ce_pkcs10(&env, &call, &rep);
		*c[i].where = 0;
		assert_int_equal(rep.status, 503);
		expect_member((char *)rep.body, "ErrorCode", c[i].hresult);
		assert_null(strstr((char *)rep.body, "told to fail"));
		assert_int_equal(rep.headers, 1);
		assert_string_equal(rep.header[0].name, "Retry-After");
		assert_int_equal(fake_store.rows, 0);
		assert_int_equal(fake_store.audits, 0);
		gh_http_reply_clear(&rep);
		free(body);
	}
}

/* Who meets a locked key is told what it waits for, and until when where that is known. */
static void
ce__a_locked_key_is_explained(void **state)
{
	static const struct {
		int64_t until;
		const char *says, *retry_after;
	} rows[] = {
	    {0,
		"The key of the certification authority issuing is locked: an administrator must unlock it with its "
		"password.",
		"30"},
	    {1090,
		"The key of the certification authority issuing is locked. After too many wrong passwords nobody can "
		"unlock it before 1970-01-01T00:18:10Z.",
		"90"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct requester who = fake_requester("alice");
		char *body = envelope("User", "");
		struct gh_http_request http = {.body = (unsigned char *)body,
		    .body_len = strlen(body)};
		struct call call = {.http = &http,
		    .requester = &who,
		    .version = 3,
		    .app = catalog_find_app_id(env.catalog, 7)};
		struct gh_http_reply rep = {0};

		fake_ca.fail = GH_E_CA_LOCKED;
		fake_store.ca_locked_until = rows[i].until;
		ce_pkcs10(&env, &call, &rep);
		fake_ca.fail = 0;
		fake_store.ca_locked_until = 0;
		assert_int_equal(rep.status, 503);
		expect_member((char *)rep.body, "Message", rows[i].says);
		assert_string_equal(rep.header[0].name, "Retry-After");
		assert_string_equal(rep.header[0].value, rows[i].retry_after);
		gh_http_reply_clear(&rep);
		free(body);
	}
}

static void
ce__requester_without_entry_is_denied(void **state)
{
	struct test_call nobody = {.user = "nobody"};
	char *body = envelope("User", ""), *text = post_for(&nobody, body, 403);

	(void)state;
	expect_member(text, "ErrorCode", "0x80072030");
	assert_int_equal(fake_store.rows, 1);
	free(text);
	free(body);
}

static void
ce__disabled_account_gets_nothing(void **state)
{
	char *body = envelope("User", "");

	(void)state;
	fake_dir.alice_is_disabled = true;
	free(post_for(&v3, body, 403));
	assert_int_equal(fake_ca.signed_certs, 0);
	assert_int_equal(fake_store.audits, 1);
	free(body);
}

static void
ce__weak_csr_is_refused_before_the_directory_is_asked(void **state)
{
	char *csr = fake_csr_base64(), stamp[GH_TIMESTAMP_SIZE], *b64, *body, *text;
	unsigned char *der;
	size_t len;

	(void)state;
	assert_int_equal(gh_base64_decode(csr, strlen(csr), &der, &len, NULL), 0);
	der[len - 1] ^= 1; /* of the signature */
	b64 = gh_base64_encode(der, len, GH_BASE64_ONE_LINE);
	assert_true(asprintf(&body,
			"{\"Timestamp\":\"%s\",\"Request\":{\"TemplateName\":\"User\","
			"\"Pkcs10Request\":\"%s\"}}",
			gh_timestamp_format(gh_now(), stamp), b64) > 0);
	text = post_for(&v3, body, 400);
	expect_member(text, "ErrorCode", "0x80090006");
	assert_int_equal(fake_store.audits, 1);
	assert_int_equal(fake_store.rows, 0);
	free(text);
	free(body);
	free(b64);
	free(der);
	free(csr);
}

static void
ce__metadata_is_checked_and_stored(void **state)
{
	char *body = envelope("Needs", ",\"MetadataList\":{\"dept\":\"R&D\",\"COUNT\":\"3\"}");

	(void)state;
	expect_v3(body, 200, "Issued");
	assert_string_equal(fake_row(1)->metadata, "{\"Dept\":\"R&D\",\"Count\":3}");
	free(body);
	body = envelope("Needs",
	    ",\"metadataList\":[{\"MetadataFieldTypeName\":\"Dept\",\"Value\":\"x\"}]");
	expect_v3(body, 200, "Issued");
	assert_string_equal(fake_row(2)->metadata, "{\"Dept\":\"x\"}");
	free(body);
	body = envelope("Needs", "");
	expect_v3(body, 400, "\\\"Dept\\\" is required");
	free(body);
	body = envelope("User", ",\"MetadataList\":{\"Colour\":\"red\"}");
	expect_v3(body, 400, "Colour");
	free(body);
	assert_int_equal(fake_store.rows, 2);
}

/* ---- the other operations ---- */
static void
ce__templates_lists_what_the_caller_may_use(void **state)
{
	struct requester who = fake_requester("alice");
	struct gh_http_request http = {0};
	struct call call = {.http = &http,
	    .requester = &who,
	    .version = 3,
	    .app = catalog_find_app_id(env.catalog, 7)};
	struct gh_http_reply rep = {0};

	(void)state;
	call.entry = fake_entry("alice");
	ce_templates(&env, &call, &rep);
	assert_int_equal(rep.status, 200);
	assert_string_equal((char *)rep.body,
	    "[{\"TemplateName\":\"User\",\"CA\":\"issuing\"},"
	    "{\"TemplateName\":\"Slow\",\"CA\":\"issuing\"},{\"TemplateName\":\"NoUpn\",\"CA\":\"issuing\"},"
	    "{\"TemplateName\":\"Needs\",\"CA\":\"issuing\"},"
	    "{\"TemplateName\":\"Patient\",\"CA\":\"issuing\"},{\"TemplateName\":\"Two\",\"CA\":\"issuing\"}]");
	gh_http_reply_clear(&rep);
	dir_entry_free(call.entry);
}

static int
status_of(const struct requester *who, int64_t id, char **text)
{
	struct gh_http_request http = {0};
	struct call_parts parts = {.part[0] = {.name = "id}", .number = id}, .n = 1};
	struct call call = {.http = &http, .requester = who, .version = 3, .parts = &parts};
	struct gh_http_reply rep = {0};
	int status;

	ce_request_status(&env, &call, &rep);
	status = rep.status;
	*text = strdup((char *)rep.body);
	gh_http_reply_clear(&rep);
	return status;
}

static void
ce__request_status_is_for_requester_and_officers(void **state)
{
	struct requester alice = fake_requester("alice"), bob = fake_requester("bob");
	struct requester other_app = alice, officer = fake_requester("officer");
	char *body = envelope("User", ""), *posted = post_for(&v3, body, 200), *text;

	(void)state;
	assert_int_equal(status_of(&alice, 1, &text), 200);
	assert_string_equal(text, posted);
	free(text);
	other_app.app_id = 8;
	officer.roles = REQUESTER_ROLE_OFFICER;
	assert_int_equal(status_of(&bob, 1, &text), 404);
	free(text);
	assert_int_equal(status_of(&other_app, 1, &text), 404);
	free(text);
	assert_int_equal(status_of(&alice, 2, &text), 404);
	free(text);
	assert_int_equal(status_of(&officer, 1, &text), 200);
	free(text);
	free(posted);
	free(body);
}

static void
ce__request_status_keeps_the_form_that_was_asked_for(void **state)
{
	struct requester alice = fake_requester("alice");
	char *body = envelope("User", ",\"Flags\":1"), *posted = post_for(&v3, body, 200), *text;

	(void)state;
	assert_int_equal(status_of(&alice, 1, &text), 200);
	assert_string_equal(text, posted);
	free(text);
	free(posted);
	free(body);
}

static void
ce__request_status_of_a_denial_is_200(void **state)
{
	struct requester alice = fake_requester("alice");
	char *body = envelope("NoUpn", ""), *posted = post_for(&v3, body, 403), *text;

	(void)state;
	assert_int_equal(status_of(&alice, 1, &text), 200);
	assert_string_equal(text, posted);
	free(text);
	free(posted);
	free(body);
}

/* ---- errors ---- */
static bool
has_header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return true;
	return false;
}

static void
ce__every_error_code_renders(void **state)
{
	(void)state;
	for (int code = GH_CODE_MIN; code < 0; code++) {
		const struct gh_error_info *info = gh_error_info(code);
		struct gh_http_reply rep = {0};
		struct gh_error err;
		char hresult[16];

		if (info->code != (enum gh_code)code)
			continue;
		gh_fail(&err, code, "private detail");
		ce_render_error(&err, 403, &rep);
		assert_int_equal(rep.status, info->is_denial ? 403 : info->http_status);
		assert_true(rep.status >= 400);
		snprintf(hresult, sizeof(hresult), "0x%08X", (unsigned)info->hresult);
		expect_member((char *)rep.body, "ErrorCode", hresult);
		if (info->is_denial)
			expect_member((char *)rep.body, "RequestDisposition", "Denied");
		else
			expect_member((char *)rep.body, "Message", info->message);
		assert_null(strstr((char *)rep.body, "private detail"));
		assert_int_equal(has_header(&rep, "Retry-After"), info->is_retryable);
		gh_http_reply_clear(&rep);
	}
}

static void
ce__a_message_cut_inside_a_character_still_renders(void **state)
{
	struct gh_http_reply rep = {0};
	struct gh_error err;
	char text[300], *message;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[298] = '\0';
	gh_refuse(&err, GH_E_METADATA, "%s", text);
	ce_render_error(&err, 403, &rep);
	message = member((char *)rep.body, "Message");
	assert_true(strlen(message) >= 250 && strlen(message) % 2 == 0);
	free(message);
	gh_http_reply_clear(&rep);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(ce__denied_by_policy),
	    T(ce__denied_status_can_be_200),
	    T(ce__pending),
	    T(ce__no_queue_for_a_ca_that_is_gone),
	    T(ce__our_troubles_are_503_and_no_refusals),
	    T(ce__requester_without_entry_is_denied),
	    T(ce__a_locked_key_is_explained),
	    T(ce__disabled_account_gets_nothing),
	    T(ce__weak_csr_is_refused_before_the_directory_is_asked),
	    T(ce__metadata_is_checked_and_stored),
	    T(ce__templates_lists_what_the_caller_may_use),
	    T(ce__request_status_is_for_requester_and_officers),
	    T(ce__request_status_keeps_the_form_that_was_asked_for),
	    T(ce__request_status_of_a_denial_is_200),
	    T(ce__every_error_code_renders),
	    T(ce__a_message_cut_inside_a_character_still_renders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
