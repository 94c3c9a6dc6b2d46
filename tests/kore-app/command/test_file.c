/* Giving files away, in a folder where somebody else puts other things in their place. */
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

#include "file.h"

static char folder[] = "/tmp/test_file.XXXXXX";

static const char *
in_folder(const char *name)
{
	static char path[8][128];
	static int next;

	next = (next + 1) % 8;
	snprintf(path[next], sizeof(path[next]), "%s/%s", folder, name);
	return path[next];
}

static int
setup(void **state)
{
	FILE *f;

	(void)state;
	if (mkdtemp(folder) == NULL || (f = fopen(in_folder("file"), "w")) == NULL ||
	    fclose(f) != 0)
		return -1;
	return chmod(in_folder("file"), 0600);
}

static int
teardown(void **state)
{
	static const char *const names[] = {"file", "other", "link", "second", "fifo"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_folder(names[i]));
	return rmdir(folder);
}

static int
give(const char *name, mode_t mode)
{
	struct gh_error err;

	return file_give(in_folder(name), geteuid(), getegid(), mode, &err);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(in_folder(name), &st), 0);
	return st.st_mode & 07777;
}

static void
give__files_and_folders(void **state)
{
	(void)state;
	assert_int_equal(give("file", 0640), 0);
	assert_int_equal(mode_of("file"), 0640);
	assert_int_equal(give(".", 02750), 0);
	assert_int_equal(mode_of("."), 02750);
	assert_int_equal(give("nothing", 0600), GH_E_CONF);
}

static void
give__nothing_of_somebody_else(void **state)
{
	(void)state;
	assert_int_equal(give("file", 0600), 0);
	assert_int_equal(symlink(in_folder("file"), in_folder("link")), 0);
	assert_int_equal(give("link", 0666), GH_E_CONF);
	assert_int_equal(link(in_folder("file"), in_folder("second")), 0);
	assert_int_equal(give("second", 0666), GH_E_CONF);
	assert_int_equal(give("file", 0666), GH_E_CONF);
	assert_int_equal(mkfifo(in_folder("fifo"), 0600),
	    0); /* and it does not wait for a writer */
	assert_int_equal(give("fifo", 0666), GH_E_CONF);
	assert_int_equal(mode_of("file"), 0600);
	assert_int_equal(mode_of("fifo"), 0600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(give__files_and_folders),
	    cmocka_unit_test(give__nothing_of_somebody_else),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
