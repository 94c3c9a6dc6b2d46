/* Process hardening and the system call filter (seccomp(2), classic BPF). See harden.h. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "harden.h"
#include "log.h"

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define FILTER_NR_LIMIT 0x40000000u /* from here on: the x32 ABI, with other numbers */
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#define FILTER_NR_LIMIT 0x40000000u
#else
#error "name the audit architecture of this machine"
#endif

#define FILTER_CALLS_MAX 240 /* a BPF jump reaches 255 instructions */

int
harden_process(struct gh_error *err)
{
	struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "hardening: %s", strerror(errno));
#ifndef HARDEN_HAVE_SANITIZER
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "PR_SET_DUMPABLE: %s", strerror(errno));
#endif
	return 0;
}

struct program {
	struct sock_filter code[FILTER_CALLS_MAX + 16];
	unsigned short len;
};

static void
add(struct program *p, unsigned short code, unsigned k, unsigned jt, unsigned jf)
{
	p->code[p->len++] = (struct sock_filter){code, (unsigned char)jt, (unsigned char)jf, k};
}

/* The three verdicts stand at the end: kill, refuse, allow. */
static void
add_matches(struct program *p, const int *calls, size_t n, unsigned verdict_at)
{
	size_t i;

	for (i = 0; i < n; i++)
		add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], verdict_at - p->len - 1u, 0);
}

static void
write_program(struct program *p, const int *allowed, size_t n_allowed, const int *refused,
    size_t n_refused)
{
	unsigned kill = 4 + (unsigned)(n_allowed + n_refused), refuse = kill + 1, allow = kill + 2;

	add(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 0, kill - 2);
	add(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	add(p, BPF_JMP | BPF_JGE | BPF_K, FILTER_NR_LIMIT, kill - 4, 0);
	add_matches(p, allowed, n_allowed, allow);
	add_matches(p, refused, n_refused, refuse);
	add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES, 0, 0);
	add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

int
harden_system_calls(const int *allowed, size_t n_allowed, const int *refused, size_t n_refused,
    struct gh_error *err)
{
	struct program p = {.len = 0};
	struct sock_fprog prog;

#ifdef HARDEN_HAVE_SANITIZER
	gh_log(GH_LOG_WARN, "sanitizer build: system calls are not filtered");
	return 0;
#endif
	if (n_allowed + n_refused > FILTER_CALLS_MAX)
		return gh_fail(err, GH_E_INTERNAL, "too many system calls in the list");
	write_program(&p, allowed, n_allowed, refused, n_refused);
	prog = (struct sock_fprog){p.len, p.code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "seccomp: %s", strerror(errno));
	return 0;
}
