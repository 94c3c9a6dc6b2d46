/* The device table as a CSV file: rows that the table takes, or nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catalog/listed_device.h"
#include "est/est_device_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each one is what is checked before a row is written. */
static void
check_rows(const gh_json *rows)
{
	struct listed_devices all;
	struct gh_error err;

	for (size_t i = 0; i < gh_json_size(rows); i++)
		if (listed_device_check(gh_json_at(rows, i), &err) != 0)
			abort();
	if (listed_devices_load(rows, &all, &err) != 0 || all.n != gh_json_size(rows))
		abort();
	listed_devices_clear(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere; /* wrong lines are told there */
	struct gh_error err = {0};
	gh_json *rows;
	size_t wrong;
	char path[64];
	int fd = memfd_create("devices", 0), rc;

	if (nowhere == NULL && (nowhere = fopen("/dev/null", "w")) != NULL)
		stderr = nowhere;
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = est_device_file_read(path, true, &rows, &wrong, &err);
	if (rc != 0 && (rows != NULL || err.code != rc))
		abort();
	if (rc == 0)
		check_rows(rows);
	gh_json_free(rows);
	/* without leave to skip, it is all or nothing */
	rc = est_device_file_read(path, false, &rows, &wrong, &err);
	if ((rc == 0) != (rows != NULL) || (rc == 0 && wrong > 0))
		abort();
	gh_json_free(rows);
	close(fd);
	return 0;
}
