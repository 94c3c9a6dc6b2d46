/*
 * Structured log: one JSON object a line, {"time","level","request_id","msg",...}. Safe in any thread.
 * Parsers are silent; their callers log. The host installs the sink: default is stderr.
 * Never pass a secret.
 */
#ifndef GH_LOG_H
#define GH_LOG_H

enum gh_log_level { GH_LOG_ERROR, GH_LOG_WARN, GH_LOG_INFO, GH_LOG_DEBUG };

/* line is one complete JSON object without a newline; valid during the call only. */
typedef void (*gh_log_sink)(enum gh_log_level level, const char *line);

/* Program name on each line ("gatehouse", "signer"); must outlive the process. NULL sink = stderr. */
void gh_log_init(const char *program, enum gh_log_level max, gh_log_sink sink);

/* Parse "error", "warn", "info", "debug". Returns 0 or -1. */
int gh_log_level_parse(const char *name, enum gh_log_level *out);

/* Request id and requester on the lines of the calling thread; copied (truncated at 63 bytes).
 * NULL clears. */
void gh_log_context(const char *request_id, const char *requester);

void gh_log(enum gh_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As gh_log with further members: pairs of name and value strings, ended by NULL. A NULL value is
 * written as null. gh_log_kv(GH_LOG_INFO, "issued", "serial", hex, "template", name, NULL) */
void gh_log_kv(enum gh_log_level level, const char *msg, ...) __attribute__((sentinel));

#endif
