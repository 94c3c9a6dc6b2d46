/*
 * crypt_gensalt_rn for programs that end-to-end tests start: the cost of a new hash is 4, not the
 * one that was asked for. A comparison takes the cost of its hash, so all of them are cheap. What
 * costs time on purpose is tested where this is not loaded (tests/README.md, "Cheap bcrypt").
 */
#include <dlfcn.h>
#include <stddef.h>

typedef char *gensalt(const char *, unsigned long, const char *, int, char *, int);

gensalt crypt_gensalt_rn;

char *
crypt_gensalt_rn(const char *prefix, unsigned long count, const char *rbytes, int nrbytes,
    char *output, int output_size)
{
	gensalt *real = (gensalt *)dlsym(RTLD_NEXT, "crypt_gensalt_rn");

	(void)count;
	return real != NULL ? real(prefix, 4, rbytes, nrbytes, output, output_size) : NULL;
}
