/*
 * gatehouse-signer: the process that holds the CA keys. It builds and signs certificates from
 * fields, within the limits sealed together with each key, and knows no network, no database and no
 * directory. docs/signer-protocol.md says what it accepts; the lists below say what it may do to
 * the system.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "conf.h"
#include "harden.h"
#include "exec_memory.h"
#include "log.h"
#include "log_queue.h"
#include "server.h"
#include "wiping.h"
#include "signer_options.h"
#include "signer/keys/token.h"

/* System calls after the start. Any other one kills the process. */
static const int allowed_calls[] = {
    /* the sockets, already open */
    SYS_accept4,
    SYS_recvfrom,
    SYS_sendto,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_shutdown,
    SYS_close,
    SYS_ppoll,
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_read,  /* signalfd */
    SYS_write, /* log */
    /* the socket file, at the end */
    SYS_unlinkat,
#ifdef SYS_unlink
    SYS_unlink,
#endif
    /* threads, locks */
    SYS_clone,
    SYS_clone3,
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_rt_sigprocmask,
    SYS_sched_yield,
    SYS_madvise,
    SYS_exit,
    SYS_exit_group,
    SYS_gettid,
    SYS_getpid,
    SYS_tgkill,
    SYS_rt_sigreturn,
    SYS_rt_sigaction,
    SYS_restart_syscall,
    SYS_membarrier,
    /* memory */
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_brk,
    /* time, random numbers, identity */
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_geteuid,
    SYS_sysinfo,
    SYS_getrusage,
};

/* Libraries try these and live without: files, for locales, time zones and memory statistics. */
static const int refused_calls[] = {
    SYS_openat,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_lseek,
    SYS_fcntl,
    SYS_ioctl,
    SYS_prctl,
    SYS_sched_getaffinity,
    SYS_prlimit64,
#ifdef SYS_open
    SYS_open,
    SYS_access,
    SYS_readlink,
#endif
};

/* With a PKCS#11 module, which is code of others: files, sockets to a daemon or an HSM, locks.
 * First of all these, since those above refuse some of them. Still no other program is started
 * and no process is traced. */
static const int token_calls[] = {
    SYS_openat,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_lseek,
    SYS_fcntl,
    SYS_flock,
    SYS_ioctl,
    SYS_prctl,
    SYS_pread64,
    SYS_pwrite64,
    SYS_readv,
    SYS_writev,
    SYS_ftruncate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_getdents64,
    SYS_mkdirat,
    SYS_renameat2,
    SYS_renameat,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fchmod,
    SYS_umask,
    SYS_getcwd,
    SYS_uname,
    SYS_getuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getppid,
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_getsockname,
    SYS_getpeername,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_socketpair,
    SYS_pipe2,
    SYS_eventfd2,
    SYS_dup,
    SYS_dup3,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_nanosleep,
    SYS_clock_getres,
    SYS_times,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_prlimit64,
    SYS_sigaltstack,
    SYS_set_tid_address,
    SYS_mlock,
    SYS_mlock2,
    SYS_munlock,
    SYS_mincore,
    SYS_memfd_create,
    SYS_shmget,
    SYS_shmat,
    SYS_shmdt,
    SYS_shmctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_semctl,
#ifdef SYS_open
    SYS_open,
    SYS_access,
    SYS_readlink,
    SYS_stat,
    SYS_lstat,
    SYS_getdents,
    SYS_mkdir,
    SYS_rename,
    SYS_select,
    SYS_pipe,
    SYS_dup2,
    SYS_epoll_wait,
    SYS_epoll_create,
    SYS_time,
    SYS_arch_prctl,
#endif
};

#define N_CALLS(list) (sizeof(list) / sizeof((list)[0]))

/* Whoever can read the system key and the database has all CA keys. */
static int
check_key_file(const char *path, struct gh_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return gh_refuse(err, GH_E_CONF, "%s: is no regular file", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: others than the owner have access; chmod 600",
		    path);
	return 0;
}

static int
read_key(const char *path, enum signer_role role, struct signer *signer, struct gh_error *err)
{
	unsigned char system_key[32];
	int rc;

	if ((rc = check_key_file(path, err)) != 0)
		return rc;
	if ((rc = gh_conf_read_key(path, system_key, err)) == 0)
		rc = sealed_derive_key(system_key, role, &signer->key, err);
	if (rc == 0)
		rc = audit_key_derive(system_key, &signer->audit, err);
	OPENSSL_cleanse(system_key, sizeof(system_key));
	return rc;
}

/* Both lists, or the first alone. */
static int
filter_calls(bool has_token, struct gh_error *err)
{
	static int calls[(sizeof(token_calls) + sizeof(allowed_calls)) / sizeof(int)];
	size_t n = 0;

	if (has_token) {
		memcpy(calls, token_calls, sizeof(token_calls));
		n = N_CALLS(token_calls);
	}
	memcpy(calls + n, allowed_calls, sizeof(allowed_calls));
	return harden_system_calls(calls, n + N_CALLS(allowed_calls), refused_calls,
	    N_CALLS(refused_calls), err);
}

static int
close_in(const struct signer_options *o, struct gh_error *err)
{
	unsigned char unused[16];

	/* What opens files at its first use is used once before that is over: the random generators
	 * (the private one is seeded from the public one's parent) and the time zone. */
	if (RAND_bytes(unused, sizeof(unused)) != 1 || RAND_priv_bytes(unused, sizeof(unused)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	tzset();
	token_warm_up();
	/* A token's module may load more when it is opened again. */
	if (o->module == NULL) {
		gh_exec_memory_preload();
		if (gh_exec_memory_forbid(err) != 0)
			return err->code;
	}
	return filter_calls(o->module != NULL, err);
}

static int
serve(const struct signer_options *o, struct signer *signer, struct gh_error *err)
{
	struct server *server;
	int rc;

	if (o->admin_fd >= 0) {
		if ((rc = close_in(o, err)) == 0)
			session_run(signer, o->admin_fd, true);
		return rc;
	}
	if ((rc = server_new(&o->server, signer, &server, err)) != 0)
		return rc;
	if ((rc = close_in(o, err)) == 0)
		rc = server_run(server, err);
	server_free(server);
	return rc;
}

static int
run(const struct signer_options *o, struct gh_error *err)
{
	struct signer signer;
	int rc;

	memset(&signer, 0, sizeof(signer));
	signer.role = o->role;
	signer.first_password_by_api = o->first_password_by_api;
	if ((rc = harden_process(err)) != 0)
		return rc;
	if (o->module != NULL && (rc = token_configure(o->module, o->pin_file, err)) != 0)
		return rc;
	if ((rc = read_key(o->key_file, o->role, &signer, err)) == 0) {
		signer.known = ca_known_new();
		signer.issuers = issuer_table_new();
		signer.kra = (struct kra){.sealing = &signer.key,
		    .keys = signer.issuers,
		    .policies = policy_table_new(),
		    .slots = key_slots_new(),
		    .needs_policy = o->sealed_policy_only,
		    .allows_legacy = o->allow_legacy_wrapping};
		if (signer.known == NULL || signer.issuers == NULL || signer.kra.policies == NULL ||
		    signer.kra.slots == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "tables");
		else
			rc = serve(o, &signer, err);
	}
	issuer_table_free(signer.issuers);
	ca_known_free(signer.known);
	policy_table_free(signer.kra.policies);
	key_slots_free(signer.kra.slots);
	audit_key_free(&signer.audit);
	token_stop();
	OPENSSL_cleanse(&signer, sizeof(signer));
	return rc;
}

int
main(int argc, char **argv)
{
	struct signer_options o;
	struct gh_error err = {0};

	gh_log_init("signer", GH_LOG_INFO, NULL);
	if (signer_options_parse(argc, argv, &o) != 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	if (o.role == SIGNER_KRA && wiping_start(&err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "signer cannot run", "cause", err.detail, NULL);
		return 1;
	}
	gh_log_start();
	if (run(&o, &err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "signer cannot run", "cause", err.detail, NULL);
		return 1;
	}
	return 0;
}
