/* What `gatehouse cert import` takes of a folder in which others write while it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "command/verbs/cert_import_files.h"

/* ---- instead of the inventory, and of the terminal ---- */

static char taken[2000], refused[2000]; /* "name=content;" */

int
cert_import(const struct cert_import *in, const void *bytes, size_t len,
    struct cert_import_report *report, struct gh_error *err)
{
	size_t n = strlen(taken);

	(void)report;
	(void)err;
	snprintf(taken + n, sizeof(taken) - n, "%s=%.*s;", strrchr(in->name, '/') + 1, (int)len,
	    (const char *)bytes);
	return 0;
}

int
cert_import_refuse(const struct cert_import *in, const char *why, struct cert_import_report *report,
    struct gh_error *err)
{
	size_t n = strlen(refused);

	(void)report;
	(void)err;
	snprintf(refused + n, sizeof(refused) - n, "%s=%s;", strrchr(in->name, '/') + 1, why);
	return 0;
}

/* ---- who changes the folder between the look and the opening ---- */

static char folder[64];
static const char *swap_at, *swap_to; /* a link to it; "": a FIFO. NULL: gone */
static bool swaps;

static const char *
in_folder(const char *name)
{
	static char path[2][200];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

int
fstatat(int at, const char *name, struct stat *st, int flags)
{
	int (*real)(int, const char *, struct stat *, int);
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "fstatat");
	rc = real(at, name, st, flags);
	if (swaps && strcmp(name, swap_at) == 0) {
		swaps = false;
		assert_int_equal(unlinkat(at, name, 0), 0);
		if (swap_to != NULL && *swap_to == '\0')
			assert_int_equal(mkfifoat(at, name, 0600), 0);
		else if (swap_to != NULL)
			assert_int_equal(symlinkat(swap_to, at, name), 0);
	}
	return rc;
}

/* ---- ---- */

static void
put(const char *name, const char *content)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	fputs(content, f);
	assert_int_equal(fclose(f), 0);
}

static int64_t
add(const char *name)
{
	struct import_files f = {.files = 0};
	struct gh_error err;

	*taken = *refused = '\0';
	assert_int_equal(import_files_add(&f, name, &err), 0);
	return f.passed_over;
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/gatehouse-test-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void
folder__takes_files_only(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	put("a", "1");
	put("b\nc", "2");
	put(".hidden", "3");
	assert_int_equal(mkdir(in_folder("below"), 0700), 0);
	put("below/d", "4");
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(symlink("/etc/passwd", in_folder("link")), 0);
	assert_int_equal(symlink(".", in_folder("below/loop")), 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", in_folder("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(add(folder), 5);
	assert_string_equal(taken, "a=1;b\nc=2;d=4;");
	assert_string_equal(refused, "");
}

static void
folder__changes_meanwhile(void **state)
{
	static const struct {
		const char *to, *refused;
		int passed_over;
	} cases[] = {{"", "", 1}, {"/etc/passwd", "", 1}, {"/dev/zero", "", 1},
	    {NULL, "b=No such file or directory;", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("a", "1");
		put("b", "2");
		put("c", "3");
		swap_at = "b";
		swap_to = cases[i].to;
		swaps = true;
		assert_int_equal(add(folder), cases[i].passed_over);
		assert_false(swaps);
		assert_string_equal(taken, "a=1;c=3;");
		assert_string_equal(refused, cases[i].refused);
		(void)unlink(in_folder("b"));
	}
}

static void
list__waits_for_no_fifo(void **state)
{
	struct import_files f = {.files = 0};
	struct gh_error err;

	(void)state;
	*taken = *refused = '\0';
	put("a", "1");
	put("list", "file\na\nfifo\n.\n/dev/zero\nlink\nnone\n-\n");
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(symlink("a", in_folder("link")), 0);
	assert_int_equal(import_files_csv(&f, in_folder("list"), &err), 0);
	assert_string_equal(taken, "a=1;link=1;");
	assert_string_equal(refused,
	    "fifo=it is no file;.=it is no file;zero=it is no file;none=No such file or directory;"
	    "-=No such file or directory;");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(folder__takes_files_only, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(folder__changes_meanwhile, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(list__waits_for_no_fifo, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
