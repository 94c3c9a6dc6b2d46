/* No new code in a process. See exec_memory.h. */
#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <openssl/crypto.h>

#include "exec_memory.h"

#define NSSWITCH "/etc/nsswitch.conf" /* nsswitch.conf(5) */
#define LINE_MAX_SIZE 512

/* ---- what comes before ---- */

static void
load_service(const char *name)
{
	char file[96];

	if (snprintf(file, sizeof(file), "libnss_%s.so.2", name) < (int)sizeof(file))
		(void)dlopen(file, RTLD_NOW); /* stays */
}

/* "hosts: files mymachines [!UNAVAIL=return] dns" */
static void
load_services_of(char *line)
{
	static const char *const databases[] = {"hosts:", "passwd:", "group:", "services:",
	    "protocols:"};
	char *rest, *word = strtok_r(line, " \t\n", &rest);
	bool is_wanted = false;

	for (size_t i = 0; word != NULL && i < sizeof(databases) / sizeof(databases[0]); i++)
		is_wanted |= strcmp(word, databases[i]) == 0;
	if (!is_wanted)
		return;
	while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL && *word != '#')
		if (strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(word))
			load_service(word);
}

void
gh_exec_memory_preload(void)
{
	char line[LINE_MAX_SIZE];
	FILE *f = fopen(NSSWITCH, "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		load_services_of(line);
	if (f != NULL)
		fclose(f);
	(void)dlopen("libgcc_s.so.1",
	    RTLD_NOW); /* glibc wants it when a thread ends by pthread_exit */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
}

/* ---- the filter (classic BPF) ---- */

#if __BYTE_ORDER != __LITTLE_ENDIAN
#error "the lower half of an argument stands elsewhere on this machine"
#endif
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define NUMBER offsetof(struct seccomp_data, nr)
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + 8 * (i))
/* Refuse the call when a bit of its argument is set, else let the next filter decide. */
#define REFUSE_WITH(call, argument, bit) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4), LOAD(ARGUMENT(argument)), \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bit), 0, 1), \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES), \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int
gh_exec_memory_forbid(struct gh_error *err)
{
	/* The list of system calls has seen to the architecture, and has no x32 numbers. */
	struct sock_filter code[] = {
	    LOAD(NUMBER),
	    REFUSE_WITH(SYS_mmap, 2, PROT_EXEC),
	    REFUSE_WITH(SYS_mprotect, 2, PROT_EXEC),
	    REFUSE_WITH(SYS_pkey_mprotect, 2, PROT_EXEC),
	    REFUSE_WITH(SYS_shmat, 2, SHM_EXEC),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "no filter against executable memory: %s",
		    strerror(errno));
	return 0;
}

/* ---- from outside ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

int
gh_exec_memory_close(struct gh_error *err)
{
#ifdef HAS_SANITIZER
	(void)err;
	return 0;
#else
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return gh_fail(err, GH_E_INTERNAL, "PR_SET_DUMPABLE: %s", strerror(errno));
	return 0;
#endif
}
