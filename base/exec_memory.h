/*
 * No new code in a process: from the call on, no memory of it becomes executable, also not that of
 * libraries which would be loaded then. Beside a list of system calls (seccomp(2)), and inherited
 * by later threads.
 */
#ifndef GH_EXEC_MEMORY_H
#define GH_EXEC_MEMORY_H

#include "error.h"

/*
 * What libraries load at their first use is loaded before: the modules that nsswitch.conf names for
 * hosts and users, and what OpenSSL's configuration wants. Missing ones are left out.
 */
void gh_exec_memory_preload(void);

/* mmap and mprotect with PROT_EXEC, pkey_mprotect and shmat with SHM_EXEC fail with EACCES from now
 * on, in this thread and those that it starts. PR_SET_NO_NEW_PRIVS must be set. GH_E_INTERNAL. */
int gh_exec_memory_forbid(struct gh_error *err) GH_MUSTCHECK;

/* Other processes of the same user neither trace this one nor write into its memory
 * (/proc/PID/mem): else a worker could have its code run by a process without its filters. Nor does
 * the process itself by that file, which knows no read-only memory (unless it is root's). Inherited
 * by fork, lost at exec. Does nothing under a sanitizer, which traces. GH_E_INTERNAL. */
int gh_exec_memory_close(struct gh_error *err) GH_MUSTCHECK;

#endif
