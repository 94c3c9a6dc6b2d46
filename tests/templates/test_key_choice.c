/* Which key is made where a template and a requester's wish leave a choice. */
#include "fixture.h"

#include <openssl/x509.h>

static struct tmpl *
load(const char *key_types)
{
	struct tmpl *t = NULL;
	struct gh_error err = {0};
	char text[1024];
	int n = snprintf(text, sizeof(text),
	    "{\"name\":\"T\",\"nameFlags\":[\"SUBJECT_REQUIRE_COMMON_NAME\"],\"keyTypes\":%s,\"validity\":"
	    "\"1d\",\"keyUsage\":[\"digitalSignature\"],\"extendedKeyUsage\":[\"emailProtection\"],"
	    "\"enrollGroups\":[\"*\"]}",
	    key_types);

	if (tmpl_load(text, (size_t)n, &t, &err) != 0)
		fail_msg("%s: %s", key_types, err.message);
	return t;
}

#define RSA "{\"type\":\"RSA\",\"minSize\":2048,\"maxSize\":4096}"
#define RSA_LONG "{\"type\":\"RSA\",\"minSize\":2500,\"maxSize\":3500}"
#define RSA_HUGE "{\"type\":\"RSA\",\"minSize\":8192,\"maxSize\":16384}"
#define EC "{\"type\":\"EC\",\"curves\":[\"P-384\",\"P-256\"]}"
#define EC_521 "{\"type\":\"EC\",\"curves\":[\"P-521\"]}"
#define ED "{\"type\":\"Ed25519\"}"
#define ANY \
	{ \
		false, CA_KEY_RSA, 0 \
	}

static const struct row {
	const char *key_types;
	struct tmpl_key_wish wish;
	const char *name; /* NULL: refused */
	int rc;
} rows[] = {
    {"[" RSA "," EC "]", ANY, "RSA-2048", 0},
    {"[" EC "," RSA "]", ANY, "P-256", 0},
    {"[" RSA_LONG "]", ANY, "RSA-3072", 0},
    {"[" ED "]", ANY, "Ed25519", 0},
    {"[" RSA "," EC "]", {true, CA_KEY_EC, 0}, "P-256", 0},
    {"[" RSA "," EC "]", {true, CA_KEY_EC, 384}, "P-384", 0},
    {"[" RSA "," EC "]", {true, CA_KEY_RSA, 4096}, "RSA-4096", 0},
    {"[" RSA "," EC "]", {false, CA_KEY_RSA, 384}, "P-384", 0},
    /* the first kind that has one */
    {"[" RSA_HUGE "," EC "]", ANY, "P-256", 0},
    {"[" RSA_HUGE "]", ANY, NULL, GH_E_KEY_LENGTH},
    {"[" EC_521 "]", ANY, NULL, GH_E_KEY_LENGTH},
    {"[" RSA_LONG "]", {true, CA_KEY_RSA, 2048}, NULL, GH_E_KEY_LENGTH},
    {"[" RSA "]", {true, CA_KEY_RSA, 2049}, NULL, GH_E_KEY_LENGTH},
    {"[" RSA "]", {true, CA_KEY_EC, 0}, NULL, GH_E_KEY_TYPE},
    {"[" EC "]", {true, CA_KEY_ED25519, 256}, NULL, GH_E_KEY_TYPE},
};

static void
choice__by_template_and_wish(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tmpl *t = load(rows[i].key_types);
		struct gh_error err = {0};
		const char *name = "";

		if (tmpl_choose_key(t, &rows[i].wish, &name, &err) != rows[i].rc)
			fail_msg("row %zu: %d, %s", i, (int)err.code, err.message);
		if (rows[i].name == NULL)
			assert_null(name);
		else
			assert_string_equal(name, rows[i].name);
		assert_int_equal(err.message[0] != '\0', rows[i].rc != 0);
		tmpl_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(choice__by_template_and_wish)};

	return cmocka_run_group_tests_name("templates/key_choice", tests, NULL, NULL);
}
