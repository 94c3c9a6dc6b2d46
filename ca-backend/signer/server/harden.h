/* What the signer gives up before it talks to anybody. Linux only. */
#ifndef SIGNER_HARDEN_H
#define SIGNER_HARDEN_H

#include <stddef.h>

#include "error.h"

/* Sanitizers trace their own process, map memory, open files and read clocks in their own ways. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HARDEN_HAVE_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define HARDEN_HAVE_SANITIZER 1
#endif
#endif

/* No core dumps, no ptrace by the own user, no new privileges. Before keys are read. */
int harden_process(struct gh_error *err) GH_MUSTCHECK;

/* From now on this thread, and those it starts, may use the system calls of `allowed` only; those
 * of `refused` fail with EACCES; any other one kills the process. Cannot be undone. Sanitizer
 * builds only log that they do not do it. */
int harden_system_calls(const int *allowed, size_t n_allowed, const int *refused, size_t n_refused,
    struct gh_error *err) GH_MUSTCHECK;

#endif
