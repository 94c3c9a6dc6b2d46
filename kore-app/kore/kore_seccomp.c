/*
 * The system calls of a worker: what the event loop, our threads, OpenSSL, libpq and libldap (with
 * GnuTLS) need to serve requests, and nothing that starts programs, changes identities, traces,
 * mounts or listens.
 *
 * Kore's own list ends with "kill the thread", which in a process with threads leaves a worker that
 * hangs on a lock for ever. So this list is complete, comes before Kore's, and ends with "kill the
 * process": Kore then starts a new worker.
 */
#include <kore/kore.h>
#include <kore/seccomp.h>

#include <sys/mman.h>

#include "kore_app.h"

void kore_seccomp_hook(void);

static struct sock_filter filter[] = {
    /* terminals and devices: libraries ask, none needs an answer */
    KORE_SYSCALL_DENY(ioctl, EACCES),
    KORE_SYSCALL_DENY(sched_setaffinity, EPERM),
    KORE_SYSCALL_DENY(keyctl, ENOSYS), /* Kerberos, when a libpq connection looks for tickets */

    /* no memory is ever both written and run; when the worker has started, none becomes executable
     * at all (base/exec_memory.h) */
    KORE_SYSCALL_DENY_WITH_FLAG(mmap, 2, PROT_EXEC | PROT_WRITE, EINVAL),
    KORE_SYSCALL_DENY_WITH_FLAG(mprotect, 2, PROT_EXEC, EINVAL),
    KORE_SYSCALL_ALLOW(mmap),
    KORE_SYSCALL_ALLOW(mprotect),
    KORE_SYSCALL_ALLOW(munmap),
    KORE_SYSCALL_ALLOW(mremap),
    KORE_SYSCALL_ALLOW(madvise),
    KORE_SYSCALL_ALLOW(brk),

    /* the hot ones */
    KORE_SYSCALL_ALLOW(read),
    KORE_SYSCALL_ALLOW(write),
    KORE_SYSCALL_ALLOW(futex),
    KORE_SYSCALL_ALLOW(epoll_ctl),
    KORE_SYSCALL_ALLOW(epoll_pwait),
#if defined(SYS_epoll_wait)
    KORE_SYSCALL_ALLOW(epoll_wait),
#endif
    KORE_SYSCALL_ALLOW(sendto),
    KORE_SYSCALL_ALLOW(recvfrom),
    KORE_SYSCALL_ALLOW(writev),
    KORE_SYSCALL_ALLOW(readv),
    KORE_SYSCALL_ALLOW(clock_gettime),

    /* threads */
    KORE_SYSCALL_ALLOW(clone),
    KORE_SYSCALL_ALLOW(clone3),
    KORE_SYSCALL_ALLOW(rseq),
    KORE_SYSCALL_ALLOW(set_robust_list),
    KORE_SYSCALL_ALLOW(exit),
    KORE_SYSCALL_ALLOW(exit_group),
    KORE_SYSCALL_ALLOW(gettid),
    KORE_SYSCALL_ALLOW(sched_yield),
    KORE_SYSCALL_ALLOW(sched_getaffinity),
    KORE_SYSCALL_ALLOW(prctl),
    KORE_SYSCALL_ALLOW(restart_syscall),

    /* connections to database, directory and signer; name resolution */
    KORE_SYSCALL_ALLOW(socket),
    KORE_SYSCALL_ALLOW(socketpair), /* between libcurl and its resolver thread */
    KORE_SYSCALL_ALLOW(connect),
    KORE_SYSCALL_ALLOW(accept4),
    KORE_SYSCALL_ALLOW(bind), /* of a netlink socket, by getaddrinfo */
    KORE_SYSCALL_ALLOW(shutdown),
    KORE_SYSCALL_ALLOW(getsockopt),
    KORE_SYSCALL_ALLOW(setsockopt),
    KORE_SYSCALL_ALLOW(getsockname),
    KORE_SYSCALL_ALLOW(getpeername),
    KORE_SYSCALL_ALLOW(sendmsg),
    KORE_SYSCALL_ALLOW(recvmsg),
    KORE_SYSCALL_ALLOW(sendmmsg),
    KORE_SYSCALL_ALLOW(sendfile),
#if defined(SYS_poll)
    KORE_SYSCALL_ALLOW(poll),
#endif
    KORE_SYSCALL_ALLOW(ppoll),
#if defined(SYS_select)
    KORE_SYSCALL_ALLOW(select),
#endif
    KORE_SYSCALL_ALLOW(pselect6),
    KORE_SYSCALL_ALLOW(eventfd2),
    KORE_SYSCALL_ALLOW(pipe2),
    KORE_SYSCALL_ALLOW(epoll_create1),

    /* files: certificates of the directory, /etc/resolv.conf, time zones; a renewed server
     * certificate is written beside the old one and takes its name (base/durable_file.c) */
    KORE_SYSCALL_ALLOW(fsync),
    KORE_SYSCALL_ALLOW(fchmod),
#if defined(SYS_rename)
    KORE_SYSCALL_ALLOW(rename),
#endif
    KORE_SYSCALL_ALLOW(renameat),
    KORE_SYSCALL_ALLOW(renameat2),
#if defined(SYS_unlink)
    KORE_SYSCALL_ALLOW(unlink),
#endif
    KORE_SYSCALL_ALLOW(unlinkat),
#if defined(SYS_open)
    KORE_SYSCALL_ALLOW(open),
#endif
    KORE_SYSCALL_ALLOW(openat),
    KORE_SYSCALL_ALLOW(close),
    KORE_SYSCALL_ALLOW(fcntl),
    KORE_SYSCALL_ALLOW(lseek),
    KORE_SYSCALL_ALLOW(pread64),
    KORE_SYSCALL_ALLOW(fstat),
#if defined(SYS_stat)
    KORE_SYSCALL_ALLOW(stat),
#endif
#if defined(SYS_lstat)
    KORE_SYSCALL_ALLOW(lstat),
#endif
    KORE_SYSCALL_ALLOW(newfstatat),
    KORE_SYSCALL_ALLOW(statx),
#if defined(SYS_access)
    KORE_SYSCALL_ALLOW(access),
#endif
    KORE_SYSCALL_ALLOW(faccessat),
    KORE_SYSCALL_ALLOW(faccessat2),
#if defined(SYS_readlink)
    KORE_SYSCALL_ALLOW(readlink),
#endif
    KORE_SYSCALL_ALLOW(readlinkat),
    KORE_SYSCALL_ALLOW(getdents64),
    KORE_SYSCALL_ALLOW(getcwd),

    /* signals */
    KORE_SYSCALL_ALLOW(rt_sigreturn),
    KORE_SYSCALL_ALLOW(rt_sigaction),
    KORE_SYSCALL_ALLOW(rt_sigprocmask),
    KORE_SYSCALL_ALLOW(rt_sigpending), /* libpq masks SIGPIPE around send */
    KORE_SYSCALL_ALLOW(rt_sigtimedwait),
    KORE_SYSCALL_ALLOW(sigaltstack),
    KORE_SYSCALL_ALLOW(kill),
    KORE_SYSCALL_ALLOW(tgkill), /* abort(3) */

    /* who, when, how much */
    KORE_SYSCALL_ALLOW(getrandom),
    KORE_SYSCALL_ALLOW(getpid),
    KORE_SYSCALL_ALLOW(getppid),
    KORE_SYSCALL_ALLOW(getuid),
    KORE_SYSCALL_ALLOW(geteuid),
    KORE_SYSCALL_ALLOW(getgid),
    KORE_SYSCALL_ALLOW(getegid),
    KORE_SYSCALL_ALLOW(uname),
    KORE_SYSCALL_ALLOW(sysinfo),
    KORE_SYSCALL_ALLOW(getrusage),
    KORE_SYSCALL_ALLOW(clock_getres),
    KORE_SYSCALL_ALLOW(gettimeofday), /* where the vdso has no clock */
#if defined(SYS_time)
    KORE_SYSCALL_ALLOW(time),
#endif
    KORE_SYSCALL_ALLOW(nanosleep),
    KORE_SYSCALL_ALLOW(clock_nanosleep),
    /* pid 0, no new limit: pthread_getattr_np reads the stack's size */
    KORE_SYSCALL_ALLOW_ARG(prlimit64, 2, 0),

    KORE_BPF_RET(SECCOMP_RET_KILL_PROCESS),
};

void
kore_seccomp_hook(void)
{
	/* With tracing on, Kore reports what is missing: leave the last word to it. */
	size_t n = KORE_FILTER_LEN(filter) - (kore_seccomp_tracing ? 1 : 0);

	if (kore_seccomp_filter("gatehouse", filter, n) != KORE_RESULT_OK)
		fatal("cannot install the system call filter");
}
