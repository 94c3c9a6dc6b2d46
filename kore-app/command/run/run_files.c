/* Directories and the generated Kore configuration. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "run_files.h"
#include "signer_process.h"

#define EVENTS 512         /* of one round of the event loop */
#define FILES_PER_THREAD 8 /* database, directory, signer, and what resolving names needs */
#define FILES_SPARE 128
#define AUTOMATIC_WORKERS_MAX \
	8 /* each has its own connections to PostgreSQL, which takes 100 as installed */

static const struct passwd *
user_of(const char *name)
{
	return name[0] != '\0' ? getpwnam(name) : NULL;
}

/* An existing directory is used as it is: its owner has prepared it. */
static int
make_dir(const char *path, uid_t owner, gid_t group, mode_t mode, struct gh_error *err)
{
	if (mkdir(path, 0700) == 0)
		return file_give(path, owner, group, mode, err);
	if (errno != EEXIST)
		return gh_refuse(err, GH_E_CONF, "cannot make %.120s: %s", path, strerror(errno));
	return 0;
}

/*
 * The socket of a signer is for its owner and group. Where the two programs have different users,
 * the folder hands its group, that of the gateway's user, down to the socket (set-group-ID), and
 * nobody else gets in.
 */
static int
make_socket_dir(const struct gh_conf *conf, const struct signer_process *p, struct gh_error *err)
{
	const struct passwd *signer = user_of(p->conf->user), *gateway;
	uid_t owner = signer != NULL ? signer->pw_uid : geteuid();
	char socket_path[RUN_PATH_MAX];
	const char *dir;

	if ((size_t)snprintf(socket_path, sizeof(socket_path), "%s", p->conf->socket) >=
	    sizeof(socket_path))
		return gh_refuse(err, GH_E_CONF, "%s.socket: %.100s...: name too long", p->section,
		    p->conf->socket);
	dir = dirname(socket_path);
	if (strcmp(dir, conf->gateway.run_dir) == 0)
		return 0;
	gateway = user_of(conf->gateway.user); /* in the place of the one before */
	if (gateway == NULL || gateway->pw_uid == owner)
		return make_dir(dir, owner, (gid_t)-1, 0700, err);
	return make_dir(dir, owner, gateway->pw_gid, 02750, err);
}

int
run_files_make_dirs(const struct gh_conf *conf, bool own_signer, struct gh_error *err)
{
	const struct passwd *gateway = user_of(conf->gateway.user);
	int rc;

	rc = make_dir(conf->gateway.run_dir, gateway != NULL ? gateway->pw_uid : geteuid(),
	    gateway != NULL ? gateway->pw_gid : (gid_t)-1, 0700, err);
	for (int k = 0; rc == 0 && own_signer && k < SIGNER_PROCESSES; k++) {
		const struct signer_process p = signer_process_of(conf, k);

		if (signer_process_is_wanted(conf, k))
			rc = make_socket_dir(conf, &p, err);
	}
	return rc;
}

/* Kore takes no 0. Cores that this process may use: a container or a unit may have fewer than the
 * machine. */
static int
count_workers(const struct gh_conf *conf)
{
	cpu_set_t cores;
	int n;

	if (conf->gateway.workers > 0)
		return conf->gateway.workers;
	/* fails where the machine has more cores than the set has room for */
	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return AUTOMATIC_WORKERS_MAX;
	n = CPU_COUNT(&cores);
	return n < AUTOMATIC_WORKERS_MAX ? n : AUTOMATIC_WORKERS_MAX;
}

static void
print_limits(FILE *f, const struct gh_conf *conf)
{
	fprintf(f, "workers %d\n", count_workers(conf));
	/* Kore's own count stays at 0: the module has the connections */
	fprintf(f, "worker_max_connections %d\n", EVENTS);
	fprintf(f, "worker_rlimit_nofiles %d\n",
	    conf->gateway.max_connections + conf->gateway.http_max_connections +
		conf->gateway.threads * FILES_PER_THREAD + FILES_SPARE);
	/* hand over the right to accept after every connection: else one worker gets all of them */
	fprintf(f, "worker_accept_threshold 1\n");
	/* the pool threads would be bound to their worker's core, too */
	fprintf(f, "worker_set_affinity 0\n");
	fprintf(f, "worker_death_policy restart\n");
}

static void
print_server(FILE *f, const struct gh_conf *conf)
{
	fprintf(f, "load %s\n", conf->gateway.module);
	/* the module takes the listening sockets over, and speaks TLS and HTTP itself */
	fprintf(f, "server gateway {\n\tbind %s %d\n\ttls no\n}\n", conf->gateway.listen,
	    conf->gateway.port);
	fprintf(f, "domain * {\n\tattach gateway\n}\n");
	if (conf->gateway.http_port == 0)
		return;
	/* kore_peer.c knows this server by its name */
	fprintf(f, "server plain {\n\tbind %s %d\n\ttls no\n}\n", conf->gateway.http_listen,
	    conf->gateway.http_port);
	fprintf(f, "domain * {\n\tattach plain\n}\n");
}

/* Written as we are and given to the gateway's user: the directory is its own. */
static int
write_file(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	const struct passwd *pw = user_of(conf->gateway.user);
	int fd;
	FILE *f;

	(void)unlink(path);
	/* O_EXCL, O_NOFOLLOW: the directory may belong to another user than we are */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL) {
		if (fd >= 0)
			close(fd);
		return gh_refuse(err, GH_E_CONF, "cannot write %.120s: %s", path, strerror(errno));
	}
	fprintf(f, "# Written by `gatehouse run` at each start. Change gatehouse.conf instead.\n");
	fprintf(f, "root %s\npidfile %s/kore.pid\n", conf->gateway.run_dir, conf->gateway.run_dir);
	print_limits(f, conf);
	print_server(f, conf);
	if (pw != NULL && fchown(fd, pw->pw_uid, pw->pw_gid) != 0) {
		fclose(f);
		return gh_refuse(err, GH_E_CONF, "%.120s: %s", path, strerror(errno));
	}
	if (ferror(f) | fclose(f))
		return gh_refuse(err, GH_E_CONF, "cannot write %.120s: %s", path, strerror(errno));
	return 0;
}

int
run_files_write_kore_conf(const struct gh_conf *conf, char *path, struct gh_error *err)
{
	int n = snprintf(path, RUN_PATH_MAX, "%s/kore.conf", conf->gateway.run_dir);

	if (n < 0 || n >= RUN_PATH_MAX)
		return gh_refuse(err, GH_E_CONF, "gateway.run_dir: too long");
	return write_file(conf, path, err);
}
