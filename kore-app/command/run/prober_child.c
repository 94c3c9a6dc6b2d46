/* See prober_child.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run_child.h"

#include "prober_child.h"

#define OURSELVES "/proc/self/exe" /* also while an upgrade has replaced the file */

/* What it may know: how libraries, names and CAs are found. Others may be passwords, as of libpq
 * and of services. */
static const char *const known[] = {"LD_LIBRARY_PATH=", "LD_PRELOAD=", "LOCALDOMAIN=",
    "RES_OPTIONS=", "SSL_CERT_DIR=", "SSL_CERT_FILE=", "OPENSSL_CONF=", "ASAN_OPTIONS=",
    "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static void
take_known(char *env[KNOWN + 1])
{
	size_t n = 0;

	for (char **e = environ; *e != NULL && n < KNOWN; e++)
		for (size_t i = 0; i < KNOWN; i++)
			if (strncmp(*e, known[i], strlen(known[i])) == 0) {
				env[n++] = *e;
				break;
			}
	env[n] = NULL;
}

int
prober_child_start(const struct gh_conf *conf, int fd, pid_t *out, struct gh_error *err)
{
	char number[16];
	char *argv[] = {OURSELVES, "scan", "probe", "--fd", number, NULL}, *env[KNOWN + 1];
	const struct run_child child = {.argv = argv,
	    .env = env,
	    .user = geteuid() == 0 ? conf->gateway.user : "",
	    .inherit_fd = {fd, -1},
	    .stdout_fd = -1,
	    .death_signal = SIGKILL};

	snprintf(number, sizeof(number), "%d", fd);
	take_known(env);
	return run_child_start(&child, out, err);
}

int
prober_child_begin(void *arg, int fd, struct gh_error *err)
{
	pid_t pid;

	return prober_child_start(arg, fd, &pid, err);
}
