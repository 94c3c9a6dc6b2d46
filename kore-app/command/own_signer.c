/* Starting and ending the signer that makes CA keys. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_signer.h"

#define OWN_SIGNER_TIMEOUT_MS 60000 /* an RSA-4096 key can take seconds */

void
signer_token_args(const struct gh_conf *conf, char **argv)
{
	if (conf->signer.pkcs11_module[0] != '\0') {
		*argv++ = (char *)(uintptr_t) "--pkcs11-module";
		*argv++ = conf->signer.pkcs11_module;
		if (conf->signer.pkcs11_pin_file[0] != '\0') {
			*argv++ = (char *)(uintptr_t) "--pkcs11-pin-file";
			*argv++ = conf->signer.pkcs11_pin_file;
		}
	}
	*argv = NULL;
}

static _Noreturn void
exec_signer(const struct gh_conf *conf, int fd)
{
	char number[16];
	/* what it did, the command tells in its own words */
	char *argv[8 + SIGNER_TOKEN_ARGS] = {conf->signer.program, (char[]){"--admin-fd"}, number,
	    (char[]){"--key-file"}, conf->signer.key_file, (char[]){"--log-level"},
	    (char[]){"warn"}, NULL};

	snprintf(number, sizeof(number), "%d", fd);
	signer_token_args(conf, argv + 7);
	/* Only this descriptor crosses the exec. */
	if (fcntl(fd, F_SETFD, 0) == 0)
		execv(conf->signer.program, argv);
	fprintf(stderr, "gatehouse: %s: %s\n", conf->signer.program, strerror(errno));
	_exit(127);
}

int
own_signer_start(const struct gh_conf *conf, struct own_signer *out, struct gh_error *err)
{
	int fd[2], rc;

	memset(out, 0, sizeof(*out));
	if (access(conf->signer.program, X_OK) != 0)
		return gh_refuse(err, GH_E_CONF, "signer.program: %s: %s", conf->signer.program,
		    strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return gh_fail(err, GH_E_INTERNAL, "socketpair: %s", strerror(errno));
	out->pid = fork();
	if (out->pid == 0)
		exec_signer(conf, fd[1]);
	close(fd[1]);
	if (out->pid < 0) {
		close(fd[0]);
		out->pid = 0;
		return gh_fail(err, GH_E_INTERNAL, "fork: %s", strerror(errno));
	}
	rc = signer_client_from_fd(fd[0], OWN_SIGNER_TIMEOUT_MS, &out->client, err);
	if (rc != 0)
		close(fd[0]);
	else
		rc = signer_client_ping(out->client, err);
	if (rc != 0)
		own_signer_stop(out);
	return rc;
}

void
own_signer_stop(struct own_signer *s)
{
	signer_client_free(s->client);
	while (s->pid > 0 && waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	memset(s, 0, sizeof(*s));
}
