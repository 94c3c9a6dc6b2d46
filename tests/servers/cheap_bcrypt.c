/*
 * For programs that end-to-end tests start: the cost of a new hash is 4, not the one that was asked
 * for, and so is that of the hash with which the product compares passwords of unknown users. A
 * comparison takes the cost of its hash, so all of them are cheap. What costs time on purpose is
 * tested where this is not loaded (tests/README.md, "Cheap bcrypt").
 */
#include <crypt.h>
#include <dlfcn.h>
#include <string.h>

#define NOBODY "$2b$12$oNiEP3IZwWXapsQ9.5vJ7O" /* base/bcrypt.c; no password has its hash */
#define CHEAP_NOBODY "$2b$04$oNiEP3IZwWXapsQ9.5vJ7O"

char *
crypt_gensalt_rn(const char *prefix, unsigned long count, const char *rbytes, int nrbytes,
    char *output, int output_size)
{
	char *(*real)(const char *, unsigned long, const char *, int, char *, int);

	(void)count;
	*(void **)&real = dlsym(RTLD_NEXT, "crypt_gensalt_rn");
	return real != NULL ? real(prefix, 4, rbytes, nrbytes, output, output_size) : NULL;
}

char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	char *(*real)(const char *, const char *, struct crypt_data *);

	*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	if (strncmp(setting, NOBODY, strlen(NOBODY)) == 0)
		setting = CHEAP_NOBODY;
	return real != NULL ? real(phrase, setting, data) : NULL;
}
