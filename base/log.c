/* JSON lines. Each line is built in one buffer on the stack and written with one call, so that lines of
 * several threads and processes do not mix. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "unicode.h"

#define LINE_MAX_BYTES 4096
#define MESSAGE_MAX 512

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *program_name = "gatehouse";
static enum gh_log_level max_level = GH_LOG_INFO;
static gh_log_sink host_sink;
static _Thread_local char context_id[64];
static _Thread_local char context_requester[64];

void
gh_log_init(const char *program, enum gh_log_level max, gh_log_sink sink)
{
	program_name = program;
	max_level = max;
	host_sink = sink;
}

int
gh_log_level_parse(const char *name, enum gh_log_level *out)
{
	for (int i = GH_LOG_ERROR; i <= GH_LOG_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum gh_log_level)i;
			return 0;
		}
	}
	return -1;
}

void
gh_log_context(const char *request_id, const char *requester)
{
	snprintf(context_id, sizeof(context_id), "%s", request_id != NULL ? request_id : "");
	snprintf(context_requester, sizeof(context_requester), "%s", requester != NULL ? requester : "");
}

static void
put_raw(struct line *l, const char *s, size_t n)
{
	/* room for the closing characters is always kept */
	if (n < sizeof(l->text) - 8 - l->len) {
		memcpy(l->text + l->len, s, n);
		l->len += n;
	}
}

/* Text from outside may hold anything: control characters are escaped, bytes that are not UTF-8 become '?'. */
static void
put_string(struct line *l, const char *s)
{
	put_raw(l, "\"", 1);
	while (*s != '\0') {
		size_t n = gh_utf8_char(s, GH_UTF8_TO_NUL, NULL);
		char esc[8];

		if (n == 0) {
			put_raw(l, "?", 1);
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			esc[0] = '\\';
			esc[1] = *s;
			put_raw(l, esc, 2);
		} else if (n == 1 && ((unsigned char)*s < 0x20 || *s == 0x7F)) {
			snprintf(esc, sizeof(esc), "\\u%04x", (unsigned)(unsigned char)*s);
			put_raw(l, esc, 6);
		} else {
			put_raw(l, s, n);
		}
		s += n;
	}
	l->text[l->len++] = '"';
}

static void
put_member(struct line *l, const char *name, const char *value)
{
	/* a member is written whole or not at all: the line stays valid JSON whatever its length */
	size_t need = strlen(name) + (value != NULL ? strlen(value) * 6 : 4) + 8;

	if (need > sizeof(l->text) - 16 - l->len)
		return;
	put_raw(l, l->len > 1 ? ",\"" : "\"", l->len > 1 ? 2 : 1);
	put_raw(l, name, strlen(name));
	put_raw(l, "\":", 2);
	if (value != NULL)
		put_string(l, value);
	else
		put_raw(l, "null", 4);
}

static void
begin(struct line *l, enum gh_log_level level, const char *msg)
{
	struct timespec ts;
	struct tm tm;
	char now[48];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(now + n, sizeof(now) - n, ".%03ldZ", ts.tv_nsec / 1000000);
	l->len = 0;
	put_raw(l, "{", 1);
	put_member(l, "time", now);
	put_member(l, "level", level_names[level]);
	put_member(l, "program", program_name);
	if (context_id[0] != '\0')
		put_member(l, "request_id", context_id);
	if (context_requester[0] != '\0')
		put_member(l, "requester", context_requester);
	put_member(l, "msg", msg);
}

/* Said already, by begin: an object must not have a member twice. */
static bool
is_in_context(const char *name, const char *value)
{
	return value != NULL && *value != '\0' && strcmp(name, "requester") == 0 &&
	    strncmp(value, context_requester, sizeof(context_requester) - 1) == 0;
}

static void
finish(struct line *l, enum gh_log_level level)
{
	l->text[l->len++] = '}';
	l->text[l->len] = '\0';
	if (host_sink != NULL) {
		host_sink(level, l->text);
		return;
	}
	l->text[l->len++] = '\n';
	if (write(STDERR_FILENO, l->text, l->len) < 0)
		return; /* nowhere left to say so */
}

void
gh_log(enum gh_log_level level, const char *fmt, ...)
{
	char msg[MESSAGE_MAX];
	struct line l;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	begin(&l, level, msg);
	finish(&l, level);
}

void
gh_log_kv(enum gh_log_level level, const char *msg, ...)
{
	char bounded[MESSAGE_MAX];
	struct line l;
	va_list ap;
	const char *name;

	if (level > max_level)
		return;
	snprintf(bounded, sizeof(bounded), "%s", msg);
	begin(&l, level, bounded);
	va_start(ap, msg);
	while ((name = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		if (!is_in_context(name, value))
			put_member(&l, name, value);
	}
	va_end(ap);
	finish(&l, level);
}
