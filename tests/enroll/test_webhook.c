/* URLs and signatures of webhooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "notify/webhook.h"

static struct gh_error err;

static void
webhook__urls(void **state)
{
	static const char *const good[] = {"https://a", "https://a.example/hook?x=1",
	    "https://a:8443/", "https://10.0.0.1/x", "https://[2001:db8::1]:8443/x"};
	static const char *const bad[] = {"", "a", "http://a", "HTTPS://a", "https://",
	    "https:///x", "https://u@a", "https://u:p@a", "https://a/#x", "https://a b",
	    "https://a/\r\nX: y", "https://a\\b", "https://a:99999", "file:///etc/passwd",
	    "gopher://a",
	    ("https://b\xc3\xbc"
	     "cher.example/")};
	char text[WEBHOOK_URL_MAX + 20];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (webhook_check_url(good[i], &err) != 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (webhook_check_url(bad[i], &err) != GH_E_VALIDATION)
			fail_msg("taken: %s", bad[i]);
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://a/", 10);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(webhook_check_url(text, &err), GH_E_VALIDATION);
	text[WEBHOOK_URL_MAX] = '\0';
	assert_int_equal(webhook_check_url(text, &err), 0);
}

/* printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret */
static void
webhook__signature(void **state)
{
	char out[WEBHOOK_SIGNATURE_SIZE];

	(void)state;
	assert_int_equal(webhook_sign("secret", 1700000000, "{\"a\":1}", 7, out, &err), 0);
	assert_string_equal(out,
	    "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(webhook__urls),
	    cmocka_unit_test(webhook__signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
