/* See run_program.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/tls_pair.h"
#include "watch/prober_door.h"

#include "run_child.h"
#include "run_program.h"

#define FIRST_LOW_PORT 1024

int
run_program_signer(const struct gh_conf *conf, const struct signer_process *p, pid_t *out,
    struct gh_error *err)
{
	const struct gh_conf_signer *c = p->conf;
	char connections[16];
	char *argv[10 + SIGNER_PROCESS_ARGS] = {p->program, "--socket", c->socket,
	    "--max-connections", connections, NULL};
	struct run_child child = {.argv = argv,
	    .user = c->user,
	    .inherit_fd = {-1, -1},
	    .stdout_fd = -1};
	int n = 5;

	snprintf(connections, sizeof(connections), "%d", c->max_connections);
	if (conf->gateway.user[0] != '\0' && strcmp(conf->gateway.user, c->user) != 0) {
		argv[n++] = "--peer-user";
		argv[n++] = conf->gateway.user;
	}
	if (c->first_password_by_api)
		argv[n++] = "--first-password-by-api";
	if (c->allow_legacy_wrapping)
		argv[n++] = "--allow-legacy-wrapping";
	if (c->sealed_policy_only)
		argv[n++] = "--sealed-policy-only";
	signer_process_args(p, argv + n);
	return run_child_start(&child, out, err);
}

static bool
has_low_port(const struct gh_conf *conf)
{
	return conf->gateway.port < FIRST_LOW_PORT ||
	    (conf->gateway.http_port > 0 && conf->gateway.http_port < FIRST_LOW_PORT);
}

static int
name_fd(const char *variable, int fd, struct gh_error *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	return setenv(variable, text, 1) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "environment");
}

int
run_program_kore(const struct gh_conf *conf, char *kore_conf, const struct run_kore_fds *fds,
    pid_t *out, struct gh_error *err)
{
	/* -r: the change of user is ours; -n: no chroot, the libraries read files; -q: errors
	 * only */
	char *argv[] = {"kore", "-f", "-n", "-r", "-q", "-c", kore_conf, NULL};
	struct run_child child = {
	    .argv = argv,
	    .user = conf->gateway.user,
	    .inherit_fd = {fds->tls, fds->prober},
	    .stdout_fd = fds->output,
	    .may_bind_low = conf->gateway.user[0] != '\0' && has_low_port(conf),
	};
	int rc = name_fd(TLS_PAIR_FD_ENV, fds->tls, err);

	if (rc == 0)
		rc = name_fd(PROBER_DOOR_FD_ENV, fds->prober, err);
	return rc == 0 ? run_child_start(&child, out, err) : rc;
}
