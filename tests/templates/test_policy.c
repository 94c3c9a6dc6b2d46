/*
 * Policy tests as data: each file of tests/templates/policy holds a template, an entry, a CSR, and
 * cases that change members of them and say what must come out. See policy/README.md for the
 * members.
 */
#include "fixture.h"
#include "formats/csr_names.h"
#include "name_owners.h"

#include <dirent.h>

#define CASES_MAX 1024
#define NOW 1700000000LL
#define BACKDATE 600

struct policy_case {
	gh_json *tmpl, *entry, *profile, *owners, *csr, *expect;
};

/* --- results as text --- */

static char *
name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *out;
	long n;

	X509_NAME_print_ex(bio, name, 0,
	    XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | (ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_MSB));
	n = BIO_get_mem_data(bio, &data);
	out = n > 0 ? strndup(data, (size_t)n) : strdup("");
	BIO_free(bio);
	return out;
}

static char *
general_name_text(const GENERAL_NAME *gn)
{
	char out[2048] = "?", oid[128];
	const ASN1_STRING *s;
	char *hex;

	switch (gn->type) {
	case GEN_DNS:
		snprintf(out, sizeof(out), "dns:%s", ASN1_STRING_get0_data(gn->d.dNSName));
		break;
	case GEN_EMAIL:
		snprintf(out, sizeof(out), "email:%s", ASN1_STRING_get0_data(gn->d.rfc822Name));
		break;
	case GEN_URI:
		snprintf(out, sizeof(out), "uri:%s",
		    ASN1_STRING_get0_data(gn->d.uniformResourceIdentifier));
		break;
	case GEN_IPADD:
		hex = gh_hex_encode(ASN1_STRING_get0_data(gn->d.iPAddress),
		    (size_t)ASN1_STRING_length(gn->d.iPAddress));
		snprintf(out, sizeof(out), "ip:%s", hex);
		free(hex);
		break;
	case GEN_OTHERNAME:
		OBJ_obj2txt(oid, sizeof(oid), gn->d.otherName->type_id, 1);
		s = gn->d.otherName->value->value.asn1_string;
		if (gn->d.otherName->value->type == V_ASN1_OCTET_STRING) {
			hex =
			    gh_hex_encode(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
			snprintf(out, sizeof(out), "other:%s:#%s", oid, hex);
			free(hex);
		} else if (strcmp(oid, "1.3.6.1.4.1.311.20.2.3") == 0) {
			assert_int_equal(gn->d.otherName->value->type, V_ASN1_UTF8STRING);
			snprintf(out, sizeof(out), "upn:%s", ASN1_STRING_get0_data(s));
		} else {
			snprintf(out, sizeof(out), "other:%s:%s", oid, ASN1_STRING_get0_data(s));
		}
		break;
	default:
		break;
	}
	return strdup(out);
}

static X509_EXTENSION *
find_extension(const struct cert_spec *spec, const char *oid)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	int i = X509v3_get_ext_by_OBJ(spec->extensions, o, -1);

	ASN1_OBJECT_free(o);
	return i < 0 ? NULL : sk_X509_EXTENSION_value(spec->extensions, i);
}

/* --- checks of a result: a row for each member of "expect" --- */

static void
check_subject(const struct cert_spec *spec, const gh_json *want)
{
	char *text = name_text(spec->subject);

	assert_string_equal(text, gh_json_string(want));
	free(text);
}

static void
check_san(const struct cert_spec *spec, const gh_json *want)
{
	GENERAL_NAMES *names = X509V3_get_d2i(spec->extensions, NID_subject_alt_name, NULL, NULL);
	size_t i;

	assert_int_equal(names == NULL ? 0 : sk_GENERAL_NAME_num(names), gh_json_size(want));
	for (i = 0; i < gh_json_size(want); i++) {
		char *text = general_name_text(sk_GENERAL_NAME_value(names, (int)i));

		assert_string_equal(text, gh_json_string(gh_json_at(want, i)));
		free(text);
	}
	GENERAL_NAMES_free(names);
}

static void
check_eku(const struct cert_spec *spec, const gh_json *want)
{
	EXTENDED_KEY_USAGE *eku = X509V3_get_d2i(spec->extensions, NID_ext_key_usage, NULL, NULL);
	char oid[128];
	size_t i;

	assert_int_equal(eku == NULL ? 0 : sk_ASN1_OBJECT_num(eku), gh_json_size(want));
	for (i = 0; i < gh_json_size(want); i++) {
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(eku, (int)i), 1);
		assert_string_equal(oid, gh_json_string(gh_json_at(want, i)));
	}
	EXTENDED_KEY_USAGE_free(eku);
}

/* All OIDs in order, '!' before critical ones. */
static void
check_extensions(const struct cert_spec *spec, const gh_json *want)
{
	char oid[128], text[130];
	size_t i;

	for (i = 0; i < gh_json_size(want) && (int)i < sk_X509_EXTENSION_num(spec->extensions);
	     i++) {
		X509_EXTENSION *x = sk_X509_EXTENSION_value(spec->extensions, (int)i);

		OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(x), 1);
		snprintf(text, sizeof(text), "%s%s", X509_EXTENSION_get_critical(x) ? "!" : "",
		    oid);
		assert_string_equal(text, gh_json_string(gh_json_at(want, i)));
	}
	assert_int_equal(sk_X509_EXTENSION_num(spec->extensions), gh_json_size(want));
}

/* {OID: hex of the DER value} */
static void
check_der(const struct cert_spec *spec, const gh_json *want)
{
	const ASN1_OCTET_STRING *s;
	X509_EXTENSION *x;
	char *hex;
	void *it;

	for (it = gh_json_iter(want); it != NULL; it = gh_json_next(want, it)) {
		if ((x = find_extension(spec, gh_json_iter_name(it))) == NULL)
			fail_msg("no extension %s", gh_json_iter_name(it));
		s = X509_EXTENSION_get_data(x);
		hex = gh_hex_encode(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
		assert_string_equal(hex, gh_json_string(gh_json_iter_value(it)));
		free(hex);
	}
}

/* SID as text, null: no extension */
static void
check_sid(const struct cert_spec *spec, const gh_json *want)
{
	X509_EXTENSION *x = find_extension(spec, "1.3.6.1.4.1.311.25.2");
	const unsigned char *p;
	GENERAL_NAMES *names;
	ASN1_TYPE *value;
	char oid[64];

	if (gh_json_string(want) == NULL) {
		assert_null(x);
		return;
	}
	assert_non_null(x);
	p = ASN1_STRING_get0_data(X509_EXTENSION_get_data(x));
	names = d2i_GENERAL_NAMES(NULL, &p, ASN1_STRING_length(X509_EXTENSION_get_data(x)));
	assert_int_equal(sk_GENERAL_NAME_num(names), 1);
	OBJ_obj2txt(oid, sizeof(oid), sk_GENERAL_NAME_value(names, 0)->d.otherName->type_id, 1);
	assert_string_equal(oid, "1.3.6.1.4.1.311.25.2.1");
	value = sk_GENERAL_NAME_value(names, 0)->d.otherName->value;
	assert_int_equal(value->type, V_ASN1_OCTET_STRING);
	assert_string_equal((const char *)value->value.octet_string->data, gh_json_string(want));
	GENERAL_NAMES_free(names);
}

static void
check_lifetime(const struct cert_spec *spec, const gh_json *want)
{
	int64_t seconds;

	assert_true(gh_json_int(want, &seconds));
	assert_int_equal(spec->not_before, NOW - BACKDATE);
	assert_int_equal(spec->not_after - NOW, seconds);
}

static void
check_no_revocation_info(const struct cert_spec *spec, const gh_json *want)
{
	assert_int_equal(spec->no_revocation_info, gh_json_bool(want, false));
}

static void
check_unruled(const struct cert_spec *spec, const gh_json *want)
{
	assert_non_null(spec->unruled_names);
	assert_string_equal(spec->unruled_names, gh_json_string(want));
}

static const struct {
	const char *name;
	void (*check)(const struct cert_spec *, const gh_json *);
} checks[] = {
    {"subject", check_subject},
    {"san", check_san},
    {"eku", check_eku},
    {"extensions", check_extensions},
    {"der", check_der},
    {"sid", check_sid},
    {"lifetime", check_lifetime},
    {"no_revocation_info", check_no_revocation_info},
    {"unruled", check_unruled},
};

static void
check_result(const struct cert_spec *spec, const struct ca_pkcs10 *csr, const gh_json *expect)
{
	size_t i;
	void *it;

	for (it = gh_json_iter(expect); it != NULL; it = gh_json_next(expect, it)) {
		for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
			if (strcmp(checks[i].name, gh_json_iter_name(it)) == 0)
				break;
		}
		if (i == sizeof(checks) / sizeof(checks[0]))
			fail_msg("unknown expectation %s", gh_json_iter_name(it));
		checks[i].check(spec, gh_json_iter_value(it));
	}
	if (gh_json_get(expect, "unruled") == NULL)
		assert_null(spec->unruled_names);
	assert_int_equal(spec->spki_len, csr->spki_len);
	assert_memory_equal(spec->spki, csr->spki, csr->spki_len);
}

/* --- one case --- */

static void
check_refusal(int rc, const struct gh_error *err, const gh_json *expect)
{
	const char *error = fixture_text(expect, "error"),
		   *hresult = fixture_text(expect, "hresult");
	const char *message = fixture_text(expect, "message");

	if (rc == 0)
		fail_msg("accepted, but %s was expected", error);
	assert_int_equal(rc, err->code);
	assert_string_equal(gh_error_info(err->code)->name, error);
	if (hresult != NULL)
		assert_int_equal(gh_error_info(err->code)->hresult, strtoul(hresult, NULL, 16));
	if (message != NULL && strstr(err->message, message) == NULL)
		fail_msg("message \"%s\" lacks \"%s\"", err->message, message);
	assert_true(err->message[0] != '\0');
}

static int
load_template(const gh_json *json, struct tmpl **t, struct gh_error *err)
{
	size_t n;
	char *text;
	int rc;

	if (fixture_text(json, "file") != NULL)
		text = fixture_read(fixture_text(json, "file"), &n);
	else
		text = gh_json_print(json, false);
	assert_non_null(text);
	rc = tmpl_load(text, strlen(text), t, err);
	free(text);
	return rc;
}

/* The profile has the last word on groups: "groups" of the case, or none. */
static int
may_enroll(const struct tmpl *t, const struct subject_source *from, const gh_json *profile,
    struct gh_error *err)
{
	const gh_json *names = gh_json_get(profile, "groups");
	char *groups[4] = {NULL};

	assert_true(gh_json_size(names) < sizeof(groups) / sizeof(*groups));
	for (size_t i = 0; i < gh_json_size(names); i++)
		groups[i] = (char *)(uintptr_t)gh_json_string(gh_json_at(names, i));
	return tmpl_may_enroll(t, from, names != NULL ? groups : NULL, err);
}

/* [["dns", ".a.example", "group:web"], ...], as the list of `gatehouse name` has them */
static struct name_owners *
load_owners(const gh_json *json)
{
	struct name_owner list[16] = {{0}};
	static char form[16][NAME_FORM_SIZE];
	struct name_owners *out;
	struct gh_error err;
	size_t n = gh_json_size(json);

	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(json, i);

		assert_true(name_kind_find(gh_json_string(gh_json_at(row, 0)), &list[i].kind));
		list[i].pattern = gh_json_string(gh_json_at(row, 1));
		list[i].owner = gh_json_string(gh_json_at(row, 2));
		if (name_owner_check(&list[i], form[i], &err) != 0)
			fail_msg("owner: %s", err.message);
		list[i].pattern = form[i];
	}
	assert_int_equal(name_owners_new(list, n, &out, &err), 0);
	return out;
}

/* From a request that has them. */
static void
read_listed(const gh_json *j, struct csr_names *out)
{
	struct ca_pkcs10 *csr = j != NULL ? fixture_csr(j) : NULL;
	struct gh_error err;

	memset(out, 0, sizeof(*out));
	if (csr != NULL)
		assert_int_equal(csr_names_read(csr, out, &err), 0);
	ca_pkcs10_free(csr);
}

static void
run_case(void **state)
{
	const struct policy_case *c = *state;
	bool refused = fixture_text(c->expect, "error") != NULL;
	struct gh_error err = {0};
	struct subject_source from = {0};
	struct csr_names listed;
	struct name_owners *owners;
	struct dir_entry *e = NULL;
	struct ca_pkcs10 *csr;
	struct cert_spec *spec;
	struct tmpl *t;
	int rc;

	if ((rc = load_template(c->tmpl, &t, &err)) != 0) {
		assert_null(t);
		if (!refused)
			fail_msg("template: %s", err.message);
		check_refusal(rc, &err, c->expect);
		return;
	}
	if (gh_json_type(c->entry) == GH_JSON_OBJECT)
		e = fixture_entry(c->entry);
	csr = fixture_csr(c->csr);
	from.csr = csr;
	read_listed(gh_json_get(c->profile, "listed"), &listed);
	from.listed = &listed;
	from.owners = owners = load_owners(c->owners);
	from.entry = e;
	from.archives_key = gh_json_bool(gh_json_get(c->csr, "archived"), false);
	(void)gh_json_int(gh_json_get(c->csr, "validity"), &from.validity);
	from.needs_no_entry = gh_json_bool(gh_json_get(c->profile, "needs_no_entry"), false);
	rc = may_enroll(t, &from, c->profile, &err);
	if (e == NULL && !from.needs_no_entry) {
		assert_int_equal(rc, GH_E_TEMPLATE_DENIED);
		rc = 0; /* the policy alone refuses, too, and says why */
	}
	spec = NULL;
	if (rc == 0)
		rc = tmpl_apply(t, &from, NOW, BACKDATE, &spec, &err);
	if (refused) {
		assert_null(spec);
		check_refusal(rc, &err, c->expect);
	} else {
		if (rc != 0)
			fail_msg("refused: %s", err.message);
		check_result(spec, csr, c->expect);
	}
	cert_spec_free(spec);
	csr_names_clear(&listed);
	ca_pkcs10_free(csr);
	name_owners_free(owners);
	dir_entry_free(e);
	tmpl_free(t);
}

/* --- the files --- */

static struct CMUnitTest tests[CASES_MAX];
static struct policy_case cases[CASES_MAX];
static size_t count;

/* Members of over replace those of base; null takes one away. */
static gh_json *
merge(const gh_json *base, const gh_json *over)
{
	const gh_json *const part[] = {base, over};
	gh_json *out = gh_json_new_object();
	size_t i;
	void *it;

	for (i = 0; i < 2; i++) {
		for (it = gh_json_iter(part[i]); it != NULL; it = gh_json_next(part[i], it)) {
			const char *name = gh_json_iter_name(it);
			gh_json *v = gh_json_iter_value(it);

			if (i == 0 && gh_json_get(over, name) != NULL)
				continue;
			if (gh_json_type(v) != GH_JSON_NULL)
				assert_int_equal(gh_json_set(out, name, gh_json_ref(v)), 0);
		}
	}
	return out;
}

static void
add_case(const char *file, const gh_json *base, const gh_json *c)
{
	const gh_json *entry = gh_json_get(c, "entry");
	struct policy_case *pc = &cases[count];
	char name[256];

	assert_true(count < CASES_MAX);
	assert_non_null(fixture_text(c, "name"));
	assert_non_null(gh_json_get(c, "expect"));
	snprintf(name, sizeof(name), "%.*s__%s", (int)strcspn(file, "."), file,
	    fixture_text(c, "name"));
	if (fixture_text(gh_json_get(c, "template"), "file") != NULL)
		pc->tmpl = gh_json_ref(gh_json_get(c, "template"));
	else
		pc->tmpl = merge(gh_json_get(base, "template"), gh_json_get(c, "template"));
	if (entry == NULL)
		entry = gh_json_get(base, "entry");
	if (gh_json_type(entry) != GH_JSON_NULL)
		pc->entry = merge(gh_json_get(base, "entry"), entry);
	pc->profile = merge(gh_json_get(base, "profile"), gh_json_get(c, "profile"));
	pc->owners = gh_json_ref(gh_json_get(c, "owners") != NULL ? gh_json_get(c, "owners")
								  : gh_json_get(base, "owners"));
	pc->csr = merge(gh_json_get(base, "csr"), gh_json_get(c, "csr"));
	pc->expect = gh_json_ref(gh_json_get(c, "expect"));
	tests[count].name = strdup(name);
	tests[count].test_func = run_case;
	tests[count].initial_state = pc;
	count++;
}

/* A row of a matrix for one EKU ("none": no EKU): verdict is the rule that refuses the template, or
 * null. */
static void
add_cell(const char *file, const gh_json *base, const gh_json *row, const char *eku,
    const gh_json *verdict)
{
	gh_json *c = gh_json_new_object(), *list = gh_json_new_array(),
		*expect = gh_json_new_object();
	gh_json *over = gh_json_new_object(), *tmpl;
	char text[128];

	if (strcmp(eku, "none") != 0)
		assert_int_equal(gh_json_append(list, gh_json_new_string(eku)), 0);
	assert_int_equal(gh_json_set(over, "extendedKeyUsage", list), 0);
	tmpl = merge(gh_json_get(row, "template"), over);
	if (gh_json_type(verdict) == GH_JSON_STRING) {
		snprintf(text, sizeof(text), "%s:", gh_json_string(verdict));
		assert_int_equal(gh_json_set_string(expect, "error", "template_unsafe"), 0);
		assert_int_equal(gh_json_set_string(expect, "message", text), 0);
	}
	snprintf(text, sizeof(text), "%s__%s", fixture_text(row, "name"), eku);
	assert_int_equal(gh_json_set_string(c, "name", text), 0);
	assert_int_equal(gh_json_set(c, "template", tmpl), 0);
	assert_int_equal(gh_json_set(c, "expect", expect), 0);
	add_case(file, base, c);
	gh_json_free(over);
	gh_json_free(c);
}

static void
add_matrix(const char *file, const gh_json *base)
{
	const gh_json *rows = gh_json_get(base, "matrix"), *row, *verdicts;
	size_t i;
	void *it;

	for (i = 0; i < gh_json_size(rows); i++) {
		row = gh_json_at(rows, i);
		verdicts = gh_json_get(row, "verdicts");
		assert_true(gh_json_size(verdicts) > 0);
		for (it = gh_json_iter(verdicts); it != NULL; it = gh_json_next(verdicts, it))
			add_cell(file, base, row, gh_json_iter_name(it), gh_json_iter_value(it));
	}
}

static void
add_file(const char *dir, const char *file)
{
	struct gh_error err;
	char path[512];
	gh_json *json;
	char *text;
	size_t n, i;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	text = fixture_read(path, &n);
	if (gh_json_parse(text, n, GH_JSON_STRICT, &json, &err) != 0) {
		fprintf(stderr, "%s: %s\n", path, err.message);
		exit(1);
	}
	free(text);
	if (gh_json_size(gh_json_get(json, "cases")) == 0) {
		fprintf(stderr, "%s: no cases\n", path);
		exit(1);
	}
	for (i = 0; i < gh_json_size(gh_json_get(json, "cases")); i++)
		add_case(file, json, gh_json_at(gh_json_get(json, "cases"), i));
	add_matrix(file, json);
	gh_json_free(json);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int
main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "tests/templates/policy";
	struct dirent **list;
	int n = scandir(dir, &list, NULL, by_name), i, failed;
	size_t j;

	if (n <= 0) {
		fprintf(stderr, "no policy files in %s\n", dir);
		return 1;
	}
	for (i = 0; i < n; i++) {
		if (strstr(list[i]->d_name, ".json") != NULL)
			add_file(dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	if (count == 0) {
		fprintf(stderr, "no policy cases in %s\n", dir);
		return 1;
	}
	failed = _cmocka_run_group_tests("policy", tests, count, NULL, NULL);
	for (j = 0; j < count; j++) {
		free((char *)tests[j].name);
		gh_json_free(cases[j].tmpl);
		gh_json_free(cases[j].entry);
		gh_json_free(cases[j].owners);
		gh_json_free(cases[j].csr);
		gh_json_free(cases[j].expect);
	}
	fixture_free_keys();
	return failed;
}
