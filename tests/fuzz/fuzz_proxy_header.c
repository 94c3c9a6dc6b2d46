/* PROXY headers: what is read lies inside, and nothing is left of a refused one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/client_address.h"
#include "http/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_storage from;
	struct client_address a;
	struct gh_error err;
	unsigned char *exact;
	bool is_local;
	size_t n;

	if (size < PROXY_HEADER_FIXED)
		return 0;
	if (proxy_header_size(data, &n, &err) != 0)
		return n == 0 ? 0 : (abort(), 0);
	if (n > PROXY_HEADER_MAX || n < PROXY_HEADER_FIXED)
		abort();
	if (size < n || (exact = malloc(n)) == NULL)
		return 0;
	memcpy(exact, data, n); /* a read behind its end is found */
	if (proxy_header_parse(exact, n, &from, &is_local, &err) == 0) {
		client_address_set(&a, (struct sockaddr *)&from);
		if ((a.text[0] == '\0') != is_local)
			abort();
	}
	free(exact);
	return 0;
}
