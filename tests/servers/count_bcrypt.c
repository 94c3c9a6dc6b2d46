/*
 * For programs that end-to-end tests start: a line on standard error for each comparison of a
 * password, with the cost of its hash. So a test counts what an answer costs, and need not time it.
 */
#include <crypt.h>
#include <dlfcn.h>
#include <stdio.h>

char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	char *(*real)(const char *, const char *, struct crypt_data *);

	*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	dprintf(2, "bcrypt %.7s\n", setting);
	return real != NULL ? real(phrase, setting, data) : NULL;
}
