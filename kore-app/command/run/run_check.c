/* Checks before the start. */
#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#include "probe.h"
#include "store/store.h"

#include "command_env.h"
#include "run_check.h"
#include "signer_process.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} u;
	socklen_t len;
};

/* Kore's configuration separates words by blanks and has no quotes. */
static int
check_word(const char *option, const char *value, struct gh_error *err)
{
	if (value[0] == '\0' || strpbrk(value, " \t\r\n") != NULL)
		return gh_refuse(err, GH_E_CONF, "%s: must not be empty or hold blanks: \"%.120s\"",
		    option, value);
	return 0;
}

static int
check_file(const char *option, const char *path, int mode, struct gh_error *err)
{
	if (access(path, mode) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: %.120s: %s", option, path, strerror(errno));
	return 0;
}

/* Who reads it can make tokens and open the secrets of all applications. */
static int
check_private(const char *option, const char *path, struct gh_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: %.120s: everybody has access; chmod 600",
		    option, path);
	return 0;
}

static int
check_user(const char *option, const char *name, struct gh_error *err)
{
	const struct passwd *pw;

	if (name[0] == '\0')
		return 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return gh_refuse(err, GH_E_CONF, "%s: there is no user \"%.60s\"", option, name);
	if (geteuid() != 0 && geteuid() != pw->pw_uid)
		return gh_refuse(err, GH_E_CONF,
		    "%s: only root, or \"%.60s\" itself, can start a program as "
		    "this user",
		    option, name);
	return 0;
}

static int
parse_address(const struct gh_conf *conf, struct address *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, conf->gateway.listen, &out->u.four.sin_addr) == 1) {
		out->u.four.sin_family = AF_INET;
		out->u.four.sin_port = htons((uint16_t)conf->gateway.port);
		out->len = sizeof(out->u.four);
	} else if (inet_pton(AF_INET6, conf->gateway.listen, &out->u.six.sin6_addr) == 1) {
		out->u.six.sin6_family = AF_INET6;
		out->u.six.sin6_port = htons((uint16_t)conf->gateway.port);
		out->len = sizeof(out->u.six);
	} else {
		return gh_refuse(err, GH_E_CONF, "gateway.listen: \"%.60s\" is no numeric address",
		    conf->gateway.listen);
	}
	return 0;
}

static int
check_port(const struct gh_conf *conf, struct gh_error *err)
{
	struct address a;
	int fd, on = 1, rc = parse_address(conf, &a, err);

	if (rc != 0)
		return rc;
	fd = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* as Kore does: connections of an earlier run that are still closing do not count */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, &a.u.any, a.len) != 0)
		rc = gh_refuse(err, errno == EADDRINUSE ? GH_E_BUSY : GH_E_CONF,
		    "gateway.listen, gateway.port: %s port %d: %s", conf->gateway.listen,
		    conf->gateway.port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Another signer that answers there would be used unseen. */
static int
check_socket(const struct signer_process *p, struct gh_error *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	const char *path = p->conf->socket;
	int fd, rc = 0;

	if (strlen(path) >= sizeof(sun.sun_path))
		return gh_refuse(err, GH_E_CONF, "%s.socket: longer than %zu bytes", p->section,
		    sizeof(sun.sun_path) - 1);
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return gh_fail(err, GH_E_INTERNAL, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		rc = gh_refuse(err, GH_E_BUSY, "%s.socket: %.120s: another signer answers here",
		    p->section, path);
	close(fd);
	return rc;
}

/* What starting it needs. A module of a token may come later: one that is missing holds up its own
 * keys only. */
static int
check_signer(const struct signer_process *p, struct gh_error *err)
{
	const struct gh_conf_signer *c = p->conf;
	char option[40];
	int rc;

	snprintf(option, sizeof(option), "%s.user", p->section);
	rc = check_user(option, c->user, err);
	if (rc == 0)
		rc = check_file("signer.program", p->program, X_OK, err);
	snprintf(option, sizeof(option), "%s.key_file", p->section);
	if (rc == 0)
		rc = check_file(option, c->key_file, F_OK, err);
	snprintf(option, sizeof(option), "%s.pkcs11_pin_file", p->section);
	if (rc == 0 && c->pkcs11_pin_file[0] != '\0')
		rc = check_file(option, c->pkcs11_pin_file, F_OK, err);
	return rc;
}

/* check: of each process that is to be started. */
static int
check_signers(const struct gh_conf *conf,
    int (*check)(const struct signer_process *p, struct gh_error *err), struct gh_error *err)
{
	int rc = 0;

	for (int k = 0; rc == 0 && k < SIGNER_PROCESSES; k++) {
		const struct signer_process p = signer_process_of(conf, k);

		if (signer_process_is_wanted(conf, k))
			rc = check(&p, err);
	}
	return rc;
}

static int
check_directory(const struct gh_conf *conf, struct gh_error *err)
{
	struct dir_shared *shared;
	int rc = dir_shared_new(conf, &shared, err);

	if (rc == 0)
		dir_shared_free(shared);
	return rc;
}

static int
check_words(const struct gh_conf *conf, struct gh_error *err)
{
	int rc = check_word("gateway.run_dir", conf->gateway.run_dir, err);

	if (rc == 0)
		rc = check_word("gateway.module", conf->gateway.module, err);
	if (rc == 0 && conf->gateway.run_dir[0] != '/')
		rc = gh_refuse(err, GH_E_CONF, "gateway.run_dir: must begin with /");
	if (rc == 0 && conf->gateway.module[0] != '/')
		rc = gh_refuse(err, GH_E_CONF, "gateway.module: must begin with /");
	return rc;
}

static int
check_files(const struct gh_conf *conf, struct gh_error *err)
{
	unsigned char secret[32];
	int rc = check_file("gateway.module", conf->gateway.module, R_OK, err);

	if (rc == 0)
		rc = check_private("gateway.secret_file", conf->gateway.secret_file, err);
	if (rc == 0) {
		rc = gh_conf_read_key(conf->gateway.secret_file, secret, err);
		explicit_bzero(secret, sizeof(secret));
	}
	return rc;
}

int
run_check(const struct gh_conf *conf, bool own_signer, struct tls_pair *pair, struct gh_error *err)
{
	int rc;

	memset(pair, 0, sizeof(*pair));
	rc = check_words(conf, err);
	if (rc == 0)
		rc = check_user("gateway.user", conf->gateway.user, err);
	if (rc == 0 && own_signer)
		rc = check_signers(conf, check_signer, err);
	if (rc == 0)
		rc = check_files(conf, err);
	if (rc == 0)
		rc = check_directory(conf, err);
	if (rc == 0)
		rc = tls_pair_read(conf->gateway.certificate, conf->gateway.key,
		    conf->gateway.client_ca, pair, err);
	return rc;
}

int
run_check_is_alone(const struct gh_conf *conf, bool own_signer, struct gh_error *err)
{
	int rc = own_signer ? check_signers(conf, check_socket, err) : 0;

	return rc != 0 ? rc : check_port(conf, err);
}

static int
probe_servers(struct dir_shared *shared, struct gh_error *err)
{
	struct dir_report first = {0};
	size_t up = 0, n = dir_servers(shared);

	for (size_t i = 0; i < n; i++) {
		struct dir_report r;

		if (dir_probe_server(shared, i, &r, NULL) == 0) {
			up++;
			continue;
		}
		if (n > 1)
			gh_log_kv(GH_LOG_WARN, "this directory server is not usable", "server",
			    r.server, "state", dir_state_name(r.state), "cause", r.detail, NULL);
		if (i == 0 || r.state > first.state)
			first = r;
	}
	if (up != 0)
		return 0;
	return gh_refuse(err, first.state == DIR_STATE_UNREACHABLE ? GH_E_DIR_DOWN : GH_E_CONF,
	    "directory: %s: %s (%.120s)", dir_state_name(first.state),
	    dir_state_advice(first.state), first.detail);
}

int
run_check_directory(const struct gh_conf *conf, struct gh_error *err)
{
	struct dir_shared *shared;
	int rc = dir_shared_new(conf, &shared, err);

	if (rc == 0)
		rc = probe_servers(shared, err);
	dir_shared_free(shared);
	return rc;
}

int
run_check_database(const struct gh_conf *conf, struct gh_error *err)
{
	struct store *s;
	int rc = command_env_open_store(conf, &s, err);

	if (rc == 0)
		rc = store_check_schema(s, err);
	store_free(s);
	return rc;
}
