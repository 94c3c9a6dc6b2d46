/*
 * Behind log.h: lines on their way to stderr. Whoever logs puts a line into a bounded queue and
 * goes on; one thread writes, and alone waits when nobody reads. When the queue is full, lines are
 * dropped and counted, the less important ones first; the count is logged as soon as the reader
 * reads again.
 */
#ifndef GH_LOG_QUEUE_H
#define GH_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"

/* A line with its newline: also what a pipe takes as a whole (PIPE_BUF), so that lines of several
 * processes do not mix. */
#define GH_LOG_LINE_MAX 4096

/*
 * From now on this process, and each one forked from it, logs through the queue; the thread starts
 * with its first line. What is queued is written at exit, and when a fatal signal ends the process,
 * for at most GH_LOG_END_MS. (Not after _exit or SIGKILL: see gh_log_flush.)
 */
#define GH_LOG_END_MS 1000
void gh_log_start(void);

/* Wait until all is written, or ms have passed. False: something is left. */
bool gh_log_flush(int ms);

/* Lines of this process that were dropped so far. */
uint64_t gh_log_lost(void);

/* For log.c: take a line, newline included. False: gh_log_start was not called. */
bool gh_log_queue_put(enum gh_log_level level, const char *line, size_t len);
/* The line that tells of n dropped ones; its length. In log.c. */
size_t gh_log_lost_line(uint64_t n, char out[GH_LOG_LINE_MAX]);

#endif
