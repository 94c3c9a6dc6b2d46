/* People: by password, by certificate, and the roles that they have. */
#include "kore-app/auth_case.h"

/* ---- users ---- */
static void
user__by_basic(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_DIRECTORY);
	assert_string_equal(result.requester.name, "alice");
	assert_string_equal(result.requester.dn, "cn=alice,dc=example");
	assert_string_equal(result.requester.address, "192.0.2.1");
	assert_non_null(result.entry);
	assert_int_equal(result.requester.roles, 0);
	assert_false(result.requester.via_client_cert);
}

static void
user__has_one_name_however_he_spells_it(void **state)
{
	static const char *const spelling[] = {"ALICE:secret", "alice@example.test:secret",
	    "CORP\\alice:secret"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = spelling[i]), 0);
		assert_string_equal(result.requester.name, "alice");
	}
	conf.directory.netbios_domain = "CORP";
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	assert_string_equal(result.requester.name, "CORP\\alice");
}

static void
user__without_credentials_is_challenged_and_not_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(CHECK(APP_USER, .key = "key3"), GH_E_AUTH_REQUIRED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Negotiate YII"),
		    GH_E_AUTH_REQUIRED);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Basic"),
		    GH_E_AUTH_REQUIRED);
	}
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
}

static void
user__wrong_and_unknown_get_one_answer(void **state)
{
	struct gh_error wrong;

	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:wrong"), GH_E_AUTH_FAILED);
	wrong = err;
	assert_string_equal(fake.audit, "auth.failed failure alice app3");
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "nobody:secret"), GH_E_AUTH_FAILED);
	assert_string_equal(wrong.message, err.message);
	assert_string_equal(fake.audit, "auth.failed failure nobody app3");
	assert_int_equal(fake.audits, 2);
}

static void
user__bad_credentials_never_reach_the_directory(void **state)
{
	static const char *const bad[] = {"alice:", ":secret", ":", "alice", "al\tice:secret",
	    "alice:sec\nret",
	    /* a surrogate, and a form that is too long */
	    "al\xed\xa0\x80ice:secret", "alice:\xe0\x80\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = bad[i], .address = address),
		    GH_E_AUTH_FAILED);
	}
	assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "Basic !!!"),
	    GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .authorization = "basic YWxpY2U6c2VjcmV0"),
	    0);
	assert_int_equal(fake.binds, 1);
}

/* "alice:secret" with an umlaut as a client of ISO-8859-1 sends it: the directory is asked in
 * UTF-8. */
static void
user__name_in_latin1(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "J\xfcrgen:x"), GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure J\xc3\xbcrgen app3");
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "J\xc3\xbcrgen:x"),
	    GH_E_AUTH_FAILED);
	assert_string_equal(fake.audit, "auth.failed failure J\xc3\xbcrgen app3");
	assert_int_equal(fake.finds, 2);
}

/* A name that cannot be recorded is nobody's: each spelling would be a user of its own. */
static void
user__account_name_has_a_longest(void **state)
{
	char account[AUTH_USER_MAX + 2];

	(void)state;
	memset(account, 'x', sizeof(account) - 1);
	account[AUTH_USER_MAX + 1] = '\0';
	fake.account = account;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), GH_E_AUTH_FAILED);
	assert_string_equal(err.detail, "account name of the entry is too long");
	account[AUTH_USER_MAX] = '\0';
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
	assert_int_equal(strlen(result.requester.name), AUTH_USER_MAX);
}

static void
user__disabled(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "dave:secret"),
	    GH_E_ACCOUNT_DISABLED);
	assert_int_equal(fake.audits, 1);
}

static void
user__directory_down_is_no_failure_of_his(void **state)
{
	(void)state;
	fake.dir_fail = GH_E_DIR_DOWN;
	for (int i = 0; i < 10; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"),
		    GH_E_DIR_DOWN);
	fake.dir_fail = 0;
	assert_int_equal(fake.audits, 0);
	assert_int_equal(CHECK(APP_USER, .key = "key3", .user = "alice:secret"), 0);
}

static void
user__service_identity_only_without_credentials(void **state)
{
	(void)state;
	assert_int_equal(CHECK(APP_USER, .key = "key5"), 0);
	assert_string_equal(result.requester.name, "alice");
	assert_int_equal(CHECK(APP_USER, .key = "key5", .user = "alice:wrong"), GH_E_AUTH_FAILED);
	assert_int_equal(CHECK(APP_USER, .key = "key6"), GH_E_FORBIDDEN);
	/* nobody guessed: the address is not blocked for it */
	for (int i = 0; i < 4; i++)
		assert_int_equal(CHECK(APP_USER, .key = "key8"), GH_E_FORBIDDEN);
	assert_int_equal(CHECK(APP_USER, .key = "key5"), 0);
}

/* ---- client certificates ---- */
/* What a client certificate says. */
struct names {
	const char *san;             /* as openssl.cnf has it */
	const char *uri[2], *ext[2]; /* SIDs */
	const char *oid;             /* inside the security extension; NULL = the right one */
};

/* SEQUENCE { [0] { OID, [0] OCTET STRING } }, each length below 128 */
static void
add_sid_extension(X509 *x, const char *oid, const char *sid)
{
	ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.4.1.311.25.2", 1), *inner = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	unsigned char der[256], *p = der;
	int o = i2d_ASN1_OBJECT(inner, NULL), n = (int)strlen(sid);
	X509_EXTENSION *e;

	*p++ = 0x30, *p++ = (unsigned char)(o + n + 6);
	*p++ = 0xA0, *p++ = (unsigned char)(o + n + 4);
	i2d_ASN1_OBJECT(inner, &p);
	*p++ = 0xA0, *p++ = (unsigned char)(n + 2);
	*p++ = 0x04, *p++ = (unsigned char)n;
	memcpy(p, sid, (size_t)n);
	assert_int_equal(ASN1_OCTET_STRING_set(value, der, (int)(p - der) + n), 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, type, 0, value);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(inner);
	ASN1_OBJECT_free(type);
}

static void
add_names(X509 *x, const struct names *of)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, of->san);
	GENERAL_NAMES *san = X509V3_EXT_d2i(e);

	for (int i = 0; i < 2 && of->uri[i] != NULL; i++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		assert_int_equal(ASN1_STRING_set(text, of->uri[i], -1), 1);
		GENERAL_NAME_set0_value(name, GEN_URI, text);
		assert_true(sk_GENERAL_NAME_push(san, name) > 0);
	}
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, san, 0, 0), 1);
	for (int i = 0; i < 2 && of->ext[i] != NULL; i++)
		add_sid_extension(x, of->oid != NULL ? of->oid : "1.3.6.1.4.1.311.25.2.1",
		    of->ext[i]);
	GENERAL_NAMES_free(san);
	X509_EXTENSION_free(e);
}

static unsigned char *
make_cert_of(const struct names *of, size_t *len)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL, *copy;
	X509 *x = X509_new();
	int n;

	assert_true(X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 60) != NULL);
	add_names(x, of);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	copy = malloc((size_t)n);
	memcpy(copy, der, (size_t)n);
	*len = (size_t)n;
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	return copy;
}

static unsigned char *
make_cert(const char *san, size_t *len)
{
	return make_cert_of(&(const struct names){.san = san}, len);
}

static int
check_cert(const char *san, const char *user, const char *address)
{
	size_t len;
	unsigned char *der = make_cert(san, &len);
	int rc = CHECK(APP_USER, .key = "key3", .cert = der, .cert_len = len, .user = user,
	    .address = address);

	free(der);
	return rc;
}

static void
cert__names_its_user(void **state)
{
	(void)state;
	assert_int_equal(check_cert("otherName:msUPN;UTF8:alice@example.test,email:x@y.z", NULL,
			     "::1"),
	    0);
	assert_string_equal(result.requester.name, "alice");
	assert_true(result.requester.via_client_cert);
	conf.gateway.client_name = "mail";
	assert_int_equal(check_cert("email:alice@mail.test", NULL, "::1"), 0);
	assert_string_equal(result.requester.name, "alice");
	assert_int_equal(check_cert("email:alice@example.test", NULL, "::1"), GH_E_AUTH_FAILED);
}

static void
cert__without_exactly_one_certified_name_is_refused(void **state)
{
	static const char *const san[] = {
	    "email:alice@example.test",
	    "DNS:alice",
	    "otherName:msUPN;UTF8:alice@example.test,otherName:msUPN;UTF8:bob@example.test",
	    "otherName:msUPN;UTF8:nobody@example.test",
	    /* the directory finds somebody by this name, but it is not his UPN */
	    "otherName:msUPN;UTF8:alias@example.test",
	    "otherName:msUPN;UTF8:alice",
	    "otherName:msUPN;IA5:alice@example.test",
	    "otherName:1.2.3;UTF8:alice@example.test",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(san) / sizeof(*san); i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%zu", i + 10);
		assert_int_equal(check_cert(san[i], NULL, address), GH_E_AUTH_FAILED);
	}
}

static void
cert__revoked_opens_nothing(void **state)
{
	static const char san[] = "otherName:msUPN;UTF8:alice@example.test";

	(void)state;
	fake.cert.is_revoked = true;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.finds, 0);
	assert_string_equal(fake.audit, "auth.failed failure alice@example.test app3");
	/* nor one that cannot be asked about */
	fake.cert.is_revoked = false;
	fake.cert.is_issuer_revoked = true;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_AUTH_FAILED);
	assert_int_equal(fake.finds, 0);
	fake.cert.is_issuer_revoked = false;
	fake.store_fail = GH_E_DB_DOWN;
	assert_int_equal(check_cert(san, NULL, "::1"), GH_E_DB_DOWN);
	fake.store_fail = 0;
	assert_int_equal(check_cert(san, NULL, "::1"), 0);
}

#define SID "S-1-5-21-1-2-3-1104"
#define OTHER_SID "S-1-5-21-1-2-3-500"
#define URI "tag:microsoft.com,2022-09-14:sid:"
#define UPN "otherName:msUPN;UTF8:alice@example.test"
#define BOB "00000000-0000-4000-8000-000000000b0b"
#define OURS true
#define FOREIGN false

/* Who the certificate was made for, and who has its name now. The name is alice's in all rows. */
static const struct binding {
	const char *why;
	bool is_ours;
	const char *requested_by; /* id in our records */
	const char *entry_id, *entry_sid;
	struct names cert;
	int strong, weak; /* by gateway.client_mapping */
} bindings[] = {
    {"ours, asked for by the entry", OURS, ALICE, ALICE, NULL, {.san = UPN}, 0, 0},
    {"the name was given to somebody else", OURS, BOB, ALICE, NULL, {.san = UPN}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"and he has no SID", OURS, BOB, ALICE, NULL, {.san = UPN, .ext = {SID}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"from before ids were recorded", OURS, "", ALICE, SID, {.san = UPN}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"the same with SID", OURS, "", ALICE, SID, {.san = UPN, .ext = {SID}}, 0, 0},
    {"a directory that numbers nothing", OURS, ALICE, "", NULL, {.san = UPN}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"ours, with a SID of somebody else", OURS, ALICE, ALICE, SID, {.san = UPN, .ext = {OTHER_SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, name only", FOREIGN, "", ALICE, SID, {.san = UPN}, GH_E_AUTH_FAILED, 0},
    {"foreign, SID in the extension", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {SID}}, 0, 0},
    {"foreign, SID in a URI", FOREIGN, "", ALICE, SID, {.san = UPN, .uri = {URI SID}}, 0, 0},
    {"foreign, both", FOREIGN, "", ALICE, SID, {.san = UPN, .uri = {URI SID}, .ext = {SID}}, 0, 0},
    {"foreign, both and not the same", FOREIGN, "", ALICE, SID,
	{.san = UPN, .uri = {URI OTHER_SID}, .ext = {SID}}, GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, another URI beside", FOREIGN, "", ALICE, SID,
	{.san = UPN, .uri = {"https://a/b", URI SID}}, 0, 0},
    {"foreign, two URIs", FOREIGN, "", ALICE, SID, {.san = UPN, .uri = {URI SID, URI SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, two extensions", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {SID, SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, SID of somebody else", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {OTHER_SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"foreign, the entry has no SID", FOREIGN, "", ALICE, NULL, {.san = UPN, .ext = {SID}},
	GH_E_AUTH_FAILED, GH_E_AUTH_FAILED},
    {"no SID at all", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {"alice"}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"a SID and more", FOREIGN, "", ALICE, SID, {.san = UPN, .ext = {SID " "}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"a prefix of it", FOREIGN, "", ALICE, SID "4", {.san = UPN, .ext = {SID}}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
    {"of another type", FOREIGN, "", ALICE, SID,
	{.san = UPN, .ext = {SID}, .oid = "1.3.6.1.4.1.311.25.2.2"}, GH_E_AUTH_FAILED,
	GH_E_AUTH_FAILED},
};

static int
log_in_as(const struct binding *b, const char *mapping, size_t i)
{
	char address[32];
	unsigned char *der;
	size_t len;
	int rc;

	conf.gateway.client_mapping = (char *)(uintptr_t)mapping;
	fake.cert.is_ours = b->is_ours;
	strcpy(fake.cert.requester.id, b->requested_by);
	fake.id = b->entry_id;
	fake.sid = b->entry_sid;
	snprintf(address, sizeof(address), "%s.2.%zu",
	    strcmp(mapping, "name") == 0 ? "10.0" : "10.1", i);
	der = make_cert_of(&b->cert, &len);
	rc = CHECK(APP_USER, .key = "key3", .cert = der, .cert_len = len, .address = address);
	free(der);
	return rc;
}

static void
cert__belongs_to_the_entry(void **state)
{
	(void)state;
	conf.roles.officer_groups = "*";
	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		const struct binding *b = &bindings[i];
		bool is_named = !b->is_ours && b->cert.ext[0] == NULL && b->cert.uri[0] == NULL;
		int strong = log_in_as(b, "strong", i), weak;

		if (strong != b->strong)
			fail_msg("%s: %d, %s", b->why, strong, err.detail);
		assert_int_equal(result.requester.roles, strong == 0 ? REQUESTER_ROLE_OFFICER : 0);
		assert_string_equal(result.requester.id, strong == 0 ? b->entry_id : "");
		if ((weak = log_in_as(b, "name", i)) != b->weak)
			fail_msg("%s, by name: %d, %s", b->why, weak, err.detail);
		/* a name is no ground for a role */
		assert_int_equal(result.requester.roles,
		    weak == 0 && !is_named ? REQUESTER_ROLE_OFFICER : 0);
	}
	conf.roles.officer_groups = "";
}

static void
roles__each_by_its_own_groups(void **state)
{
	static const struct {
		char **groups;
		unsigned role;
	} roles[] = {
	    {&conf.roles.admin_groups, REQUESTER_ROLE_ADMIN},
	    {&conf.roles.officer_groups, REQUESTER_ROLE_OFFICER},
	    {&conf.roles.auditor_groups, REQUESTER_ROLE_AUDITOR},
	    {&conf.roles.agent_groups, REQUESTER_ROLE_AGENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		*roles[i].groups = "cn=others;*";
		assert_int_equal(check_cert(UPN, NULL, "::1"), 0);
		assert_int_equal(result.requester.roles, roles[i].role);
		*roles[i].groups = "";
	}
}

static void
cert__requested_by_no_directory_user(void **state)
{
	(void)state;
	fake.cert.requester.kind = REQUESTER_COMMAND;
	assert_int_equal(check_cert(UPN, NULL, "::1"), GH_E_AUTH_FAILED);
}

/* Users may often write their own mail. */
static void
cert__mail_that_two_entries_have(void **state)
{
	(void)state;
	conf.gateway.client_name = "mail";
	assert_int_equal(check_cert("email:alice@mail.test", NULL, "::1"), 0);
	fake.mail_is_shared = true;
	assert_int_equal(check_cert("email:alice@mail.test", NULL, "::1"), GH_E_AUTH_FAILED);
	conf.gateway.client_name = "upn";
	assert_int_equal(check_cert(UPN, NULL, "::1"), 0);
}

static void
app_sent__is_checked_when_it_is_there(void **state)
{
	unsigned need = AUTH_APP_SENT | AUTH_PERSON;

	(void)state;
	assert_int_equal(CHECK(need, .user = "alice:secret"), 0);
	assert_null(result.app);
	assert_int_equal(CHECK(need, .key = "key3", .user = "alice:secret"), 0);
	assert_non_null(result.app);
	assert_int_equal(CHECK(need, .key = "none", .user = "alice:secret"), GH_E_APP_KEY);
	assert_int_equal(CHECK(need, .key = "key1", .user = "alice:secret", .signature = "AAAA"),
	    GH_E_SIGNATURE);
	assert_int_equal(CHECK(need, .key = "key3"), GH_E_AUTH_REQUIRED);
	assert_int_equal(CHECK(need, .user = "alice:wrong"), GH_E_AUTH_FAILED);
}

static void
cert__does_not_mend_a_wrong_password(void **state)
{
	(void)state;
	assert_int_equal(check_cert("otherName:msUPN;UTF8:alice@example.test", "alice:wrong",
			     "::1"),
	    GH_E_AUTH_FAILED);
}

static void
cert__does_not_make_an_administrator(void **state)
{
	size_t len;
	unsigned char *der = make_cert("otherName:msUPN;UTF8:alice@example.test", &len);

	(void)state;
	assert_int_equal(CHECK(AUTH_ADMIN, .cert = der, .cert_len = len), GH_E_AUTH_REQUIRED);
	free(der);
}

static void
auth__nothing_needed_nothing_asked(void **state)
{
	(void)state;
	assert_int_equal(CHECK(AUTH_ANYBODY, .user = "alice:wrong", .key = "guess"), 0);
	assert_int_equal(result.requester.kind, REQUESTER_NONE);
	assert_int_equal(fake.binds, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(user__by_basic),
	    T(user__has_one_name_however_he_spells_it),
	    T(user__without_credentials_is_challenged_and_not_counted),
	    T(user__wrong_and_unknown_get_one_answer),
	    T(user__bad_credentials_never_reach_the_directory),
	    T(user__account_name_has_a_longest),
	    T(user__disabled),
	    T(user__name_in_latin1),
	    T(user__directory_down_is_no_failure_of_his),
	    T(user__service_identity_only_without_credentials),
	    T(cert__names_its_user),
	    T(cert__without_exactly_one_certified_name_is_refused),
	    T(cert__belongs_to_the_entry),
	    T(roles__each_by_its_own_groups),
	    T(cert__requested_by_no_directory_user),
	    T(cert__mail_that_two_entries_have),
	    T(cert__revoked_opens_nothing),
	    T(app_sent__is_checked_when_it_is_there),
	    T(cert__does_not_mend_a_wrong_password),
	    T(cert__does_not_make_an_administrator),
	    T(auth__nothing_needed_nothing_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
