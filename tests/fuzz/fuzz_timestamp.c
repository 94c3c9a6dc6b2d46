/* Timestamps: what is read is printed in the one form of ours, which must read as the same
 * moment. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char printed[GH_TIMESTAMP_SIZE];
	struct gh_error err;
	int64_t t = 0, again = 0;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (gh_timestamp_parse(text, &t, &err) == 0) {
		gh_timestamp_format(t, printed);
		if (gh_timestamp_parse(printed, &again, &err) != 0 || again != t)
			abort();
	} else if (err.code != GH_E_TIMESTAMP) {
		abort();
	}
	free(text);
	return 0;
}
