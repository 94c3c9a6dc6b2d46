/* No secret stays behind. See wiping.h. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "wiping.h"

#define STACK_BYTES (192 * 1024) /* more than any question needs; a thread has 8 MiB */

static void *
take_memory(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return n > 0 ? malloc(n) : NULL;
}

static void
give_back(void *p, const char *file, int line)
{
	(void)file, (void)line;
	if (p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

static void *
take_more(void *old, size_t n, const char *file, int line)
{
	size_t size = old != NULL ? malloc_usable_size(old) : 0;
	void *p = NULL;

	if (n > 0 && n <= size)
		return old;
	if (n > 0 && (p = malloc(n)) == NULL)
		return NULL;
	if (n > 0 && size > 0)
		memcpy(p, old, size);
	give_back(old, file, line);
	return p;
}

int
wiping_start(struct gh_error *err)
{
	if (CRYPTO_set_mem_functions(take_memory, take_more, give_back) != 1)
		return gh_fail(err, GH_E_INTERNAL, "OpenSSL has memory already");
	return 0;
}

__attribute__((noinline)) void
wiping_stack(void)
{
	unsigned char below[STACK_BYTES];

	OPENSSL_cleanse(below, sizeof(below));
}
