/* Files that were made for a test when it was built, in a folder beside its program. */
#ifndef TEST_FIXTURE_FILE_H
#define TEST_FIXTURE_FILE_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_PATH_MAX 4096

static inline const char *
fixture_folder(const char *name)
{
	static char path[FIXTURE_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	assert_true(n > 0);
	path[n] = '\0';
	snprintf(strrchr(path, '/'), 64, "/%s", name);
	return path;
}

/* Returns the length, below max. name: below the folder. */
static inline size_t
fixture_read(const char *folder, const char *name, unsigned char *out, size_t max)
{
	char path[FIXTURE_PATH_MAX + 1024];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fixture_folder(folder), name);
	if ((f = fopen(path, "rb")) == NULL)
		fail_msg("cannot read %s", path);
	len = fread(out, 1, max, f);
	assert_true(len < max);
	fclose(f);
	return len;
}

#endif
