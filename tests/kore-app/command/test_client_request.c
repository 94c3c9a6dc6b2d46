/* The client's body and signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

#include "client/client_request.h"

static void
client_request__v3_has_an_envelope(void **state)
{
	const char *metadata[] = {"Owner=it/ops", "Note=a=b", NULL};
	const struct client_request r = {.version = 3,
	    .template_name = "User",
	    .csr_base64 = "AA+/",
	    .metadata = metadata,
	    .now_ms = 1513626972365LL};
	struct gh_error err;
	char *body;

	(void)state;
	assert_int_equal(client_request_body(&r, &body, &err), 0);
	assert_string_equal(body,
	    "{\"Timestamp\":\"2017-12-18T19:56:12.365Z\",\"Request\":{\"Flags\":0,"
	    "\"TemplateName\":\"User\",\"Pkcs10Request\":\"AA+/\",\"MetadataList\":{\"Owner\":\"it/ops\","
	    "\"Note\":\"a=b\"}}}");
	free(body);
}

static void
client_request__v1_is_bare(void **state)
{
	const struct client_request r = {.version = 1,
	    .template_name = "User",
	    .csr_base64 = "AAAA",
	    .cert_only = true,
	    .now_ms = 1};
	struct gh_error err;
	char *body;

	(void)state;
	assert_int_equal(client_request_body(&r, &body, &err), 0);
	assert_string_equal(body,
	    "{\"Flags\":1,\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\",\"MetadataList\":{}}");
	free(body);
}

static void
client_request__refuses_bad_metadata(void **state)
{
	static const char *const bad[][3] = {{"Owner", NULL, NULL}, {"=x", NULL, NULL},
	    {"A=1", "A=2", NULL}, {"A=\xff", NULL, NULL}};
	struct gh_error err;
	char *body;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct client_request r = {.version = 3,
		    .template_name = "User",
		    .csr_base64 = "AAAA",
		    .metadata = bad[i]};

		assert_int_equal(client_request_body(&r, &body, &err), GH_E_CONF);
		assert_null(body);
	}
}

/* Vectors of the protocol notes, checked with Python's hmac and with openssl. */
static void
client_request__signs_as_the_vectors(void **state)
{
	static const char body[] =
	    "{\"Timestamp\":\"2017-12-18T19:56:12.365Z\",\"Request\":{\"Flags\":0,"
	    "\"TemplateName\":\"User\",\"Pkcs10Request\":\"AAAA\"}}";
	unsigned char key[32];
	char *s;

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)i;
	assert_int_equal(strlen(body), 107);
	s = client_request_sign(GH_SHA1, key, sizeof(key), body, strlen(body));
	assert_string_equal(s, "JZf72LHiuKPWcJVCoBfBzm2+2cM=");
	free(s);
	/* RFC 4231, test case 2 */
	s = client_request_sign(GH_SHA256, "Jefe", 4, "what do ya want for nothing?", 28);
	assert_string_equal(s, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
	free(s);
	s = client_request_sign(GH_SHA512, "Jefe", 4, "what do ya want for nothing?", 28);
	assert_int_equal(strlen(s), 88);
	free(s);
}

static void
client_request__signature_depends_on_each_byte(void **state)
{
	char *a = client_request_sign(GH_SHA1, "k", 1, "body", 4);
	char *b = client_request_sign(GH_SHA1, "k", 1, "body\n", 5);
	char *c = client_request_sign(GH_SHA1, "K", 1, "body", 4);

	(void)state;
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, c);
	free(a);
	free(b);
	free(c);
}

static void
client_request__app_key_takes_all_spellings(void **state)
{
	static const char *const same[] = {"QUJD", "base64:QUJD", "hex:414243", "text:ABC"};
	struct gh_error err;
	char *key;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(client_request_app_key(same[i], &key, &err), 0);
		assert_string_equal(key, "QUJD");
		free(key);
	}
	assert_int_equal(client_request_app_key("not base64!", &key, &err), GH_E_CONF);
	assert_null(key);
	assert_int_equal(client_request_app_key("", &key, &err), GH_E_CONF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(client_request__v3_has_an_envelope),
	    cmocka_unit_test(client_request__v1_is_bare),
	    cmocka_unit_test(client_request__refuses_bad_metadata),
	    cmocka_unit_test(client_request__signs_as_the_vectors),
	    cmocka_unit_test(client_request__signature_depends_on_each_byte),
	    cmocka_unit_test(client_request__app_key_takes_all_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
