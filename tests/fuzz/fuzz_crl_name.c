/* Names of CRL files: whatever is asked for, a CA of the catalog, a shard in range, and one kind
 * only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "public/crl_serve.h"
#include "store/status/crl_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char a[] = "a", b1[] = "b-s1", delta[] = "b-delta";
	static struct ca one = {.id = 1, .name = a, .slug = a},
			 two = {.id = 2, .name = b1, .slug = delta};
	static struct ca *list[] = {&one, &two};
	const struct ca_set cas = {.ca = list, .n = 2};
	struct crl_file file;
	struct gh_error err;
	char *name = malloc(size + 1), stem[CRL_FILE_SIZE];
	bool is_pem;
	int rc = GH_E_NOT_FOUND;

	if (name == NULL)
		return 0;
	if (size > 0)
		memcpy(name, data, size);
	name[size] = '\0';
	if (crl_name_split(name, stem, &is_pem))
		rc = crl_file_parse(&cas, stem, &file, &err);
	if (rc == 0 &&
	    (file.ca == NULL || file.shard < STORE_CRL_COMPLETE || file.shard >= CA_SHARDS_MAX ||
		(file.is_delta && file.shard != STORE_CRL_COMPLETE)))
		abort();
	if (rc != 0 && rc != GH_E_NOT_FOUND)
		abort();
	free(name);
	return 0;
}
