/* UUIDs as text. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uuid.h"

static void
text__there_and_back(void **state)
{
	static const unsigned char uuid[] = {0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78, 0x87,
	    0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0};
	char text[GH_UUID_TEXT_SIZE];
	unsigned char back[GH_UUID_SIZE];

	(void)state;
	assert_string_equal(gh_uuid_format(uuid, text), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
	assert_true(gh_uuid_parse(text, back));
	assert_memory_equal(back, uuid, sizeof(back));
	assert_true(gh_uuid_parse("0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0", back));
	assert_memory_equal(back, uuid, sizeof(back));
}

static void
text__of_another_form(void **state)
{
	static const char *const bad[] = {"", "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	    "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f00",
	    "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg", "0f1e2d3c-4b5a-6978-8796a-5b4c3d2e1f0",
	    "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1-0", "{0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}"};
	unsigned char out[GH_UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (gh_uuid_parse(bad[i], out))
			fail_msg("taken: %s", bad[i]);
}

static void
random__is_version_4_and_never_the_same(void **state)
{
	unsigned char a[GH_UUID_SIZE], b[GH_UUID_SIZE];

	(void)state;
	assert_true(gh_uuid_make(a) && gh_uuid_make(b));
	assert_int_equal(a[6] >> 4, 4);
	assert_int_equal(a[8] >> 6, 2);
	assert_memory_not_equal(a, b, sizeof(a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text__there_and_back),
	    cmocka_unit_test(text__of_another_form),
	    cmocka_unit_test(random__is_version_4_and_never_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
