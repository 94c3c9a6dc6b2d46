/* Whose list of targets is taken, and whose is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "scan/scan_list.h"

static char folder[] = "/tmp/test_scan_list.XXXXXX", list[64], other[64];

static int
make(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(list, sizeof(list), "%s/list", folder);
	snprintf(other, sizeof(other), "%s/link", folder);
	return symlink("list", other);
}

static int
remove_all(void **state)
{
	(void)state;
	(void)unlink(list);
	(void)unlink(other);
	return rmdir(folder);
}

static void
put(const char *text, size_t n, mode_t mode)
{
	FILE *f = fopen(list, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(list, mode), 0);
}

/* says NULL: it is taken, and has one target. */
static void
expect(const char *path, const char *says)
{
	struct scan_targets t;
	struct gh_error err = {0};
	char *text;
	int rc = scan_list_read(path, &text, &t, &err);

	if (says == NULL) {
		assert_int_equal(rc, 0);
		assert_int_equal(t.n, 1);
		assert_non_null(text);
	} else {
		assert_int_equal(rc, GH_E_CONF);
		assert_non_null(strstr(err.message, says));
		assert_null(text);
	}
	free(text);
	scan_targets_clear(&t);
}

static void
list__that_others_may_write(void **state)
{
	static const struct {
		mode_t mode;
		const char *says;
	} rows[] = {{0600, NULL}, {0644, NULL}, {0444, NULL}, {0755, NULL},
	    {0664, "(mode 664): `chmod go-w`"}, {0646, "(mode 646): `chmod go-w`"},
	    {0622, "`chmod go-w`"}, {0666, "`chmod go-w`"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put("a\n", 2, rows[i].mode);
		expect(list, rows[i].says);
		expect(other, rows[i].says); /* what a link leads to */
	}
	put("a\n", 2, 0644);
}

static void
list__of_another_user(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return; /* nobody else can give a file away */
	put("a\n", 2, 0644);
	assert_int_equal(chown(list, 65534, 0), 0);
	expect(list, "belongs to another user");
	/* he reads his own, and that of root */
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	expect(list, NULL);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(list, 0, 0), 0);
	assert_int_equal(seteuid(65534), 0);
	expect(list, NULL);
	assert_int_equal(seteuid(0), 0);
}

static void
list__that_is_none(void **state)
{
	(void)state;
	put("a\nb\0c\n", 6, 0644);
	expect(list, "it is no text");
	put("a\na b\n", 6, 0644);
	expect(list, "line 2");
	expect(folder, "it is no file");
	expect("/dev/null", "it is no file");
	assert_int_equal(unlink(list), 0);
	expect(other, "No such file");
	assert_int_equal(mkfifo(list, 0600), 0);
	expect(list, "it is no file"); /* at once */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(list__that_others_may_write),
	    cmocka_unit_test(list__of_another_user),
	    cmocka_unit_test(list__that_is_none),
	};

	return cmocka_run_group_tests(tests, make, remove_all);
}
