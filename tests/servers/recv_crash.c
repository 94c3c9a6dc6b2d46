/*
 * For the process that asks the endpoints of a scan: it ends where a server tells it to, as one
 * would that found a mistake in what parses its bytes. "crash-by-test: abort" ends it at once;
 * "crash-by-test: memory" when it has taken all that it may.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK ((size_t)1024 * 1024) /* bytes, which nobody touches */

static int
says(const void *p, ssize_t n, const char *what)
{
	return n > 0 && memmem(p, (size_t)n, what, strlen(what)) != NULL;
}

ssize_t
recv(int fd, void *p, size_t size, int flags)
{
	ssize_t (*real)(int, void *, size_t, int);
	ssize_t n;

	*(void **)&real = dlsym(RTLD_NEXT, "recv");
	n = real(fd, p, size, flags);
	if (says(p, n, "crash-by-test: abort"))
		abort();
	if (says(p, n, "crash-by-test: memory")) {
		while (malloc(CHUNK) != NULL)
			;
		abort();
	}
	return n;
}
