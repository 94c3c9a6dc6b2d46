/*
 * Structured log: one JSON object a line, {"time","level","request_id","msg",...}. Safe in any
 * thread. Parsers are silent; their callers log. The host installs the sink: default is stderr.
 * Never pass a secret.
 *
 * A member with an empty value is left out. A value that is too long is cut between two characters
 * and ends with "…"; such a line, and one that has no room for a member, has "cut":true as its last
 * member.
 */
#ifndef GH_LOG_H
#define GH_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum gh_log_level { GH_LOG_ERROR, GH_LOG_WARN, GH_LOG_INFO, GH_LOG_DEBUG };

/* line is one complete JSON object without a newline; valid during the call only. */
typedef void (*gh_log_sink)(enum gh_log_level level, const char *line);

/* Program name on each line ("gatehouse", "signer"); must outlive the process. NULL sink = stderr,
 * written by the caller, who waits as long as its reader lets him; after gh_log_start (log_queue.h)
 * nobody waits. */
void gh_log_init(const char *program, enum gh_log_level max, gh_log_sink sink);

/* Parse "error", "warn", "info", "debug". Returns 0 or -1. */
int gh_log_level_parse(const char *name, enum gh_log_level *out);

/* Request id and requester on the lines of the calling thread; copied. NULL clears. */
void gh_log_context(const char *request_id, const char *requester);

void gh_log(enum gh_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As gh_log with further members: pairs of name and value strings, ended by NULL. A NULL value is
 * written as null. gh_log_kv(GH_LOG_INFO, "issued", "serial", hex, "template", name, NULL) */
void gh_log_kv(enum gh_log_level level, const char *msg, ...) __attribute__((sentinel));

/* Between these, lines of the calling thread wait to be written together: waking the writer costs
 * more than a line. Warnings and errors wait for nothing, and take those before them along. */
void gh_log_hold(void);
void gh_log_release(void);

/*
 * What a call has done, as part of the line that the host writes about the call: one line for each
 * call. The thread that works on it collects, in turns if it works on several; the first
 * gh_log_event goes there, with its message as the member "event". Without collector, and for
 * further ones, it is a line like that of gh_log_kv.
 */
#define GH_LOG_EVENT_MAX 1024
struct gh_log_event {
	size_t len; /* 0 = none: how it starts */
	bool is_cut;
	char text[GH_LOG_EVENT_MAX];
};
void gh_log_collect(struct gh_log_event *e); /* of the calling thread; NULL ends it */
void gh_log_event(enum gh_log_level level, const char *msg, ...) __attribute__((sentinel));
/* gh_log_kv with the members of e, which may be NULL, in front of the others. */
void gh_log_call(enum gh_log_level level, const char *msg, const struct gh_log_event *e, ...)
    __attribute__((sentinel));

#endif
