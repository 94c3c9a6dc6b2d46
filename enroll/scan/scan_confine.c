/* Confinement. See scan_confine.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>

#include <openssl/x509.h>

#include "exec_memory.h"
#include "log.h"

#include "scan_confine.h"

#define MEMORY_MAX ((rlim_t)1024 * 1024 * 1024) /* stacks of threads among it, 8 MB each */
#define FILES_MAX 256
#define CPU_SECONDS_MAX 3600
#define NICE 10

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "name the audit architecture of this machine"
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

/* ---- how much ---- */

static bool
limit(int what, rlim_t most)
{
	struct rlimit l = {most, most}, was;

	if (getrlimit(what, &was) == 0 && was.rlim_max < most)
		l.rlim_cur = l.rlim_max = was.rlim_max;
	return setrlimit(what, &l) == 0;
}

static int
limit_all(struct gh_error *err)
{
	bool ok = limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, FILES_MAX) &&
	    limit(RLIMIT_CPU, CPU_SECONDS_MAX);

#ifndef HAS_SANITIZER /* which takes terabytes */
	ok = ok && limit(RLIMIT_DATA, MEMORY_MAX);
#endif
	if (!ok || setpriority(PRIO_PROCESS, 0, NICE) != 0)
		return gh_fail(err, GH_E_INTERNAL, "limits: %s", strerror(errno));
	return 0;
}

/* ---- which files ---- */

/* What finding names and CAs reads; what is not there is left out. */
static const char *const readable[] = {"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf",
    "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf", "/usr/lib/ssl", "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates", "/usr/share/zoneinfo", "/etc/localtime",
    "/run/systemd/resolve", "/run/resolvconf"};
/* Links on the way are no files: what a link leads to must be on the list itself. */

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* All of the first version of Landlock. */
#define ALL \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | READS | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	    LANDLOCK_ACCESS_FS_MAKE_SYM)

static void
open_path(int rules, const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0) {
		const struct landlock_path_beneath_attr one = {.parent_fd = fd,
		    .allowed_access = S_ISDIR(st.st_mode) ? READS : LANDLOCK_ACCESS_FS_READ_FILE};

		(void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &one, 0);
	}
	close(fd);
}

static int
close_files(struct gh_error *err)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = ALL};
	const char *more[] = {getenv(X509_get_default_cert_file_env()),
	    getenv(X509_get_default_cert_dir_env())};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0), rc;

	if (rules < 0) {
		gh_log_kv(GH_LOG_WARN,
		    "no Landlock: the process that asks endpoints could read files of its user",
		    "cause", strerror(errno), NULL);
		return 0;
	}
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		open_path(rules, readable[i]);
	for (size_t i = 0; i < 2; i++)
		if (more[i] != NULL)
			open_path(rules, more[i]);
	rc = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return rc == 0 ? 0 : gh_fail(err, GH_E_INTERNAL, "Landlock: %s", strerror(errno));
}

/* ---- which calls ---- */

#ifdef HAS_SANITIZER /* which makes calls of its own */
static int
close_calls(struct gh_error *err)
{
	(void)err;
	return 0;
}
#else
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define VERDICT(v) BPF_STMT(BPF_RET | BPF_K, (v))
#define REFUSAL (SECCOMP_RET_ERRNO | EPERM)
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), VERDICT(SECCOMP_RET_ALLOW)
/* With a value of its argument only. */
#define ALLOW_WITH(call, argument, value) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD(ARGUMENT(argument)), \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), VERDICT(SECCOMP_RET_ALLOW), \
	    LOAD(offsetof(struct seccomp_data, nr))
/* With a pointer that is NULL, in all of its bits. */
#define ALLOW_NULL(call, argument) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 6), LOAD(ARGUMENT(argument)), \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3), LOAD(ARGUMENT(argument) + 4), \
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), VERDICT(SECCOMP_RET_ALLOW), \
	    LOAD(offsetof(struct seccomp_data, nr))
/* Without any of these bits in its argument. */
#define ALLOW_WITHOUT(call, argument, bits) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD(ARGUMENT(argument)), \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 1, 0), VERDICT(SECCOMP_RET_ALLOW), \
	    VERDICT(REFUSAL)

#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
/* CLONE_THREAD: it ends with us. CLONE_VM alone makes processes, which stay. */
#define THREAD 0x00010000

static const struct sock_filter filter[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
    VERDICT(SECCOMP_RET_KILL_PROCESS),
    LOAD(offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1), /* the x32 ABI */
    VERDICT(SECCOMP_RET_KILL_PROCESS),

    ALLOW(SYS_read),
    ALLOW(SYS_write), /* the log */
    ALLOW(SYS_readv),
    ALLOW(SYS_writev),
    ALLOW(SYS_recvfrom),
    ALLOW(SYS_recvmsg),
    ALLOW(SYS_sendto),
    ALLOW(SYS_sendmsg),
    ALLOW(SYS_sendmmsg),
    ALLOW(SYS_ppoll),
#if defined(SYS_poll)
    ALLOW(SYS_poll),
#endif
    ALLOW(SYS_futex),
    ALLOW(SYS_close),
    ALLOW(SYS_connect),
    ALLOW(SYS_getsockopt),
    ALLOW(SYS_setsockopt),
    ALLOW(SYS_getsockname),
    ALLOW(SYS_getpeername),
    ALLOW(SYS_shutdown),
    ALLOW(SYS_bind), /* of a netlink socket, by getaddrinfo; none of them listens */
    ALLOW_WITH(SYS_socket, 0, 2 /* AF_INET */),
    ALLOW_WITH(SYS_socket, 0, 10 /* AF_INET6 */),
    ALLOW_WITH(SYS_socket, 0, 16 /* AF_NETLINK */),

    ALLOW_WITHOUT(SYS_openat, 2, WRITES),
#if defined(SYS_open)
    ALLOW_WITHOUT(SYS_open, 1, WRITES),
#endif
    ALLOW(SYS_fstat),
    ALLOW(SYS_newfstatat),
#if defined(SYS_stat)
    ALLOW(SYS_stat),
#endif
    ALLOW(SYS_statx),
    ALLOW(SYS_lseek),
    ALLOW(SYS_pread64),
    /* no owner or signal of a descriptor, which would end other processes of our user */
    ALLOW_WITH(SYS_fcntl, 1, F_GETFD),
    ALLOW_WITH(SYS_fcntl, 1, F_SETFD),
    ALLOW_WITH(SYS_fcntl, 1, F_GETFL),
    ALLOW_WITH(SYS_fcntl, 1, F_SETFL),
    ALLOW_WITH(SYS_fcntl, 1, F_DUPFD_CLOEXEC),
    ALLOW(SYS_getdents64),
    ALLOW(SYS_readlinkat),
#if defined(SYS_readlink)
    ALLOW(SYS_readlink),
#endif

    ALLOW(SYS_mmap),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mprotect),
    ALLOW(SYS_mremap),
    ALLOW(SYS_madvise),
    ALLOW(SYS_brk),

    /* threads; glibc does without clone3, whose flags no filter sees */
    ALLOW_WITH(SYS_prctl, 0, PR_SET_SECCOMP), /* a filter more: gh_exec_memory_forbid */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
    VERDICT(SECCOMP_RET_ERRNO | ENOSYS),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
    LOAD(ARGUMENT(0)),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, THREAD, 0, 1),
    VERDICT(SECCOMP_RET_ALLOW),
    VERDICT(REFUSAL),
    ALLOW(SYS_set_robust_list),
    ALLOW(SYS_rseq),
    ALLOW(SYS_gettid),
    ALLOW(SYS_sched_yield),
    ALLOW(SYS_sched_getaffinity),
    ALLOW(SYS_rt_sigprocmask),
    ALLOW(SYS_rt_sigaction),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_sigaltstack),
    ALLOW(SYS_exit),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_restart_syscall),

    ALLOW(SYS_getrandom),
    ALLOW(SYS_getpid),
    ALLOW(SYS_getuid),
    ALLOW(SYS_geteuid),
    ALLOW(SYS_getgid),
    ALLOW(SYS_getegid),
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_clock_nanosleep),
    ALLOW(SYS_nanosleep),
    ALLOW(SYS_gettimeofday),
    ALLOW(SYS_uname),
    ALLOW(SYS_sysinfo),
    ALLOW_NULL(SYS_prlimit64, 2), /* no new limit: pthread_getattr_np reads the stack's */

    VERDICT(REFUSAL),
};

static int
close_calls(struct gh_error *err)
{
	struct sock_filter code[sizeof(filter) / sizeof(filter[0])];
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), code};

	memcpy(code, filter, sizeof(filter));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "seccomp: %s", strerror(errno));
	return gh_exec_memory_forbid(err);
}
#endif

int
scan_confine(struct gh_error *err)
{
	int rc;

	gh_exec_memory_preload();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "hardening: %s", strerror(errno));
	rc = gh_exec_memory_close(err);
	if (rc == 0)
		rc = limit_all(err);
	if (rc == 0)
		rc = close_files(err);
	return rc == 0 ? close_calls(err) : rc;
}
