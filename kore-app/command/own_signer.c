/* Starting and ending the signer that makes keys. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_signer.h"

#define OWN_SIGNER_TIMEOUT_MS 60000 /* an RSA-4096 key can take seconds */

static _Noreturn void
exec_signer(const struct signer_process *p, int fd)
{
	char number[16];
	/* what it did, the command tells in its own words */
	char *argv[6 + SIGNER_PROCESS_ARGS] = {p->program, (char[]){"--admin-fd"}, number,
	    (char[]){"--log-level"}, (char[]){"warn"}, NULL};

	snprintf(number, sizeof(number), "%d", fd);
	signer_process_args(p, argv + 5);
	/* Only this descriptor crosses the exec. */
	if (fcntl(fd, F_SETFD, 0) == 0)
		execv(p->program, argv);
	fprintf(stderr, "gatehouse: %s: %s\n", p->program, strerror(errno));
	_exit(127);
}

int
own_signer_start(const struct gh_conf *conf, enum signer_process_kind kind, struct own_signer *out,
    struct gh_error *err)
{
	const struct signer_process p = signer_process_of(conf, kind);
	int fd[2], rc;

	memset(out, 0, sizeof(*out));
	if (access(p.program, X_OK) != 0)
		return gh_refuse(err, GH_E_CONF, "signer.program: %s: %s", p.program,
		    strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return gh_fail(err, GH_E_INTERNAL, "socketpair: %s", strerror(errno));
	out->pid = fork();
	if (out->pid == 0)
		exec_signer(&p, fd[1]);
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
