/*
 * A real signer for tests and measurements: BUILD/gatehouse-signer with a key of its own in a
 * temporary folder. Everything here ends the program when it fails; there is nothing to test
 * without a signer.
 */
#ifndef TEST_SIGNER_PROCESS_H
#define TEST_SIGNER_PROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "hex.h"
#include "signer/client/signer_client.h"
#include "timestamp.h"

#define SIGNER_TEST_TIMEOUT_MS 60000 /* RSA-4096 keys take seconds under a sanitizer */
#define DAY 86400LL

struct signer_process {
	char dir[64], socket[96], key_file[96], log[96];
	pid_t pid;               /* 0 = not running */
	bool no_first_password;  /* started as by default: workers set no first password */
	const char *role;        /* NULL: a CA's */
	bool allows_legacy;      /* a KRA's old algorithms */
	bool needs_policy;       /* a KRA: --sealed-policy-only */
	char *module, *pin_file; /* of a PKCS#11 token; NULL: none */
};

struct made_ca {
	unsigned char *cert, *sealed;
	size_t cert_len, sealed_len;
};

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, \
			    strerror(errno)); \
			abort(); \
		} \
	} while (0)

/* A batch of one. *cert is malloc'd; NULL after a failure. */
static inline int
sign_one(struct signer_client *c, const struct signer_cert_fields *f, unsigned char **cert,
    size_t *len, struct gh_error *err)
{
	struct signer_signing m = {.fields = f};

	signer_client_sign_certs(c, &m, 1, false);
	*cert = m.cert;
	*len = m.cert_len;
	if (m.rc != 0 && err != NULL)
		*err = m.err;
	return m.rc;
}

/* BUILD/tests/FOLDER/program -> BUILD/gatehouse-signer */
static inline const char *
signer_program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;
	int i;

	MUST(n > 0);
	path[n] = '\0';
	for (i = 0; i < 3; i++) {
		MUST((slash = strrchr(path, '/')) != NULL);
		*slash = '\0';
	}
	strcat(path, "/gatehouse-signer");
	/* under valgrind /proc/self/exe is still the program; a wrong place shows here */
	MUST(access(path, X_OK) == 0);
	return path;
}

static inline void
write_key_file(const char *path, mode_t mode)
{
	unsigned char key[32];
	char *hex;
	int fd;

	MUST(RAND_bytes(key, sizeof(key)) == 1);
	MUST((hex = gh_hex_encode(key, sizeof(key))) != NULL);
	MUST((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) >= 0);
	MUST(write(fd, hex, 64) == 64 && fchmod(fd, mode) == 0);
	close(fd);
	free(hex);
}

static inline void
signer_process_new(struct signer_process *sp)
{
	memset(sp, 0, sizeof(*sp));
	strcpy(sp->dir, "/tmp/gatehouse-signer-XXXXXX");
	MUST(mkdtemp(sp->dir) != NULL);
	snprintf(sp->socket, sizeof(sp->socket), "%s/socket", sp->dir);
	snprintf(sp->key_file, sizeof(sp->key_file), "%s/key", sp->dir);
	snprintf(sp->log, sizeof(sp->log), "%s/log", sp->dir);
	write_key_file(sp->key_file, 0600);
}

/* Run the signer with these arguments, its messages in the log; fd (or -1) stays open in it. */
static inline pid_t
spawn_signer(const struct signer_process *sp, char *const argv[], int keep_fd)
{
	pid_t pid = fork();
	int log;

	MUST(pid >= 0);
	if (pid > 0)
		return pid;
	/* no signer outlives a test that was ended */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(126);
	log = open(sp->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	if (keep_fd >= 0 && fcntl(keep_fd, F_SETFD, 0) != 0)
		_exit(126);
	execv(signer_program(), argv);
	_exit(127);
}

static inline void
pause_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

/* Exit status of a process, or 256 + the signal that ended it. One that does not end is killed. */
static inline int
wait_for(pid_t pid)
{
	int status, tries = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
		if (++tries == 3000) {
			fprintf(stderr, "process %d does not end\n", (int)pid);
			kill(pid, SIGKILL);
		}
		pause_ms(10);
	}
	MUST(ended == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static inline struct signer_client *
signer_process_client(const struct signer_process *sp)
{
	struct signer_client *c;
	struct gh_error err;

	MUST(signer_client_new(sp->socket, SIGNER_TEST_TIMEOUT_MS, &c, &err) == 0);
	return c;
}

/* Appends the options of a token, n of argv are there. */
static inline void
add_module(const struct signer_process *sp, char **argv, int n)
{
	if (sp->module == NULL)
		return;
	argv[n++] = (char *)"--pkcs11-module";
	argv[n++] = sp->module;
	argv[n++] = (char *)"--pkcs11-pin-file";
	argv[n] = sp->pin_file;
}

static inline void
signer_process_start(struct signer_process *sp, const char *max_connections)
{
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--role",
	    (char *)(sp->role != NULL ? sp->role : "ca"), (char *)"--socket", sp->socket,
	    (char *)"--key-file", sp->key_file, (char *)"--max-connections",
	    (char *)max_connections,
	    sp->no_first_password   ? NULL
		: sp->needs_policy  ? (char *)"--sealed-policy-only"
		: sp->allows_legacy ? (char *)"--allow-legacy-wrapping"
				    : (char *)"--first-password-by-api",
	    NULL, NULL, NULL, NULL, NULL};
	struct signer_client *c = signer_process_client(sp);
	struct gh_error err;
	int tries = 0;

	add_module(sp, argv, 10);
	sp->pid = spawn_signer(sp, argv, -1);
	while (signer_client_ping(c, &err) != 0) {
		if (++tries == 1000 || waitpid(sp->pid, NULL, WNOHANG) != 0) {
			fprintf(stderr, "signer did not start: see %s\n", sp->log);
			abort();
		}
		pause_ms(10);
	}
	signer_client_free(c);
}

/* Returns what wait_for says. */
static inline int
signer_process_stop(struct signer_process *sp, int signal_number)
{
	pid_t pid = sp->pid;

	if (pid == 0)
		return 0;
	sp->pid = 0;
	MUST(kill(pid, signal_number) == 0);
	return wait_for(pid);
}

static inline void
signer_process_free(struct signer_process *sp)
{
	signer_process_stop(sp, SIGTERM);
	unlink(sp->socket);
	unlink(sp->key_file);
	unlink(sp->log);
	rmdir(sp->dir);
}

/* A signer with an inherited socket, as `gatehouse init` and `gatehouse ca` start it. To be ended
 * with admin_signer_stop, which returns its exit status. */
struct admin_signer {
	struct signer_client *client;
	pid_t pid;
};

static inline struct admin_signer
admin_signer_start(const struct signer_process *sp)
{
	char number[16];
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--role",
	    (char *)(sp->role != NULL ? sp->role : "ca"), (char *)"--admin-fd", number,
	    (char *)"--key-file", (char *)sp->key_file, NULL, NULL, NULL, NULL, NULL};
	struct admin_signer a;
	struct gh_error err;
	int fd[2];

	add_module(sp, argv, 7);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
	snprintf(number, sizeof(number), "%d", fd[1]);
	a.pid = spawn_signer(sp, argv, fd[1]);
	close(fd[1]);
	MUST(signer_client_from_fd(fd[0], SIGNER_TEST_TIMEOUT_MS, &a.client, &err) == 0);
	return a;
}

static inline int
admin_signer_stop(struct admin_signer *a)
{
	signer_client_free(a->client);
	return wait_for(a->pid);
}

/* What create_ca returned; *status is the signer's exit status. */
static inline int
signer_process_create(struct signer_process *sp, const struct signer_create_ca *f,
    struct made_ca *out, int *status, struct gh_error *err)
{
	struct admin_signer a = admin_signer_start(sp);
	int rc = signer_client_create_ca(a.client, f, &out->cert, &out->cert_len, &out->sealed,
	    &out->sealed_len, err);

	*status = admin_signer_stop(&a);
	return rc;
}

static inline void
made_ca_free(struct made_ca *m)
{
	free(m->cert);
	free(m->sealed);
	memset(m, 0, sizeof(*m));
}

/* DER of "CN=name" (empty Name for ""); to be freed with OPENSSL_free. */
static inline unsigned char *
name_der(const char *cn, size_t *len)
{
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL;
	int n;

	MUST(name != NULL);
	if (cn[0] != '\0')
		MUST(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			 (const unsigned char *)cn, -1, -1, 0) == 1);
	MUST((n = i2d_X509_NAME(name, &der)) > 0);
	X509_NAME_free(name);
	*len = (size_t)n;
	return der;
}

/* Extensions, DER: the critical keyUsage digitalSignature, without which no end entity is
 * certified. */
static const unsigned char key_usage_extensions[] = {0x30, 16, 0x30, 14, 6, 3, 0x55, 0x1d, 0x0f, 1,
    1, 0xff, 4, 4, 3, 2, 7, 0x80};

static const struct signer_limits root_limits = {.may_sign_ca = 1,
    .path_len = 0,
    .min_rsa_bits = 2048,
    .allow_rsa = 1,
    .allow_ec = 1,
    .allow_ed25519 = 1};
static const struct signer_limits issuing_limits = {.max_validity = 400 * DAY,
    .min_rsa_bits = 2048,
    .allow_rsa = 1,
    .allow_ec = 1,
    .allow_ed25519 = 1};

/* Root, or a CA below parent. */
static inline int
make_ca(struct signer_process *sp, const char *cn, const char *key_alg,
    const struct made_ca *parent, const struct signer_limits *limits, struct made_ca *out,
    struct gh_error *err)
{
	struct signer_create_ca f = {.key_alg = key_alg,
	    .not_before = gh_now() - 3600,
	    .not_after = gh_now() + (parent == NULL ? 7300 : 3650) * DAY,
	    .limits = *limits};
	unsigned char *name = name_der(cn, &f.subject_len);
	int rc, status;

	f.subject = name;
	if (parent != NULL) {
		f.parent = parent->sealed;
		f.parent_len = parent->sealed_len;
	}
	rc = signer_process_create(sp, &f, out, &status, err);
	MUST(status == 0);
	OPENSSL_free(name);
	return rc;
}

#endif
