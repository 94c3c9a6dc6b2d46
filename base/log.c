/* JSON lines. Each line is built in one buffer on the stack and written with one call, so that
 * lines of several threads and processes do not mix. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "log_queue.h"
#include "timestamp.h"
#include "utf8.h"

#define MESSAGE_MAX 512    /* bytes of a message that is formatted */
#define VALUE_MAX 1024     /* bytes of a value as it is written: the others want room, too */
#define CUT "\xe2\x80\xa6" /* U+2026 */
#define CUT_MEMBER ",\"cut\":true"
/* What always has room at the end: the mark, the brace, newline and NUL. */
#define END_BYTES (sizeof(CUT_MEMBER) + 4)

struct line {
	char *text;
	size_t size, len;
	bool is_cut;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *program_name = "gatehouse";
static enum gh_log_level max_level = GH_LOG_INFO;
static gh_log_sink host_sink;
static _Thread_local char context_id[64];
static _Thread_local char context_requester[264];
static _Thread_local struct gh_log_event *collector;

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
	snprintf(context_requester, sizeof(context_requester), "%s",
	    requester != NULL ? requester : "");
}

static size_t
room(const struct line *l)
{
	return l->size - END_BYTES - l->len;
}

static void
put_raw(struct line *l, const char *s, size_t n)
{
	if (n <= room(l)) {
		memcpy(l->text + l->len, s, n);
		l->len += n;
	} else {
		l->is_cut = true;
	}
}

/* One character of a string, escaped; its length. Text from outside may hold anything: bytes that
 * are not UTF-8 become
 * '?', and controls, C1 ones too (U+009B begins a sequence as ESC [ does), steer no terminal.
 * *bytes: how many of s it is. */
static size_t
escape(const char *s, char out[8], size_t *bytes)
{
	uint32_t code = 0;
	size_t n = gh_utf8_char(s, GH_UTF8_TO_NUL, &code);

	*bytes = n > 0 ? n : 1;
	if (n == 0) {
		out[0] = '?';
		return 1;
	}
	if (*s == '"' || *s == '\\') {
		out[0] = '\\';
		out[1] = *s;
		return 2;
	}
	if (code < 0x20 || (code >= 0x7F && code < 0xA0))
		return (size_t)snprintf(out, 8, "\\u%04x", (unsigned)code);
	memcpy(out, s, n);
	return n;
}

/* What does not fit is cut off between two characters, and marked. There is room for the quotes and
 * the mark. */
static void
put_string(struct line *l, const char *s)
{
	size_t left = room(l) - 2 - strlen(CUT), bytes, n;
	char esc[8];

	if (left > VALUE_MAX)
		left = VALUE_MAX;
	l->text[l->len++] = '"';
	while (*s != '\0' && (n = escape(s, esc, &bytes)) <= left) {
		memcpy(l->text + l->len, esc, n);
		l->len += n;
		left -= n;
		s += bytes;
	}
	if (*s != '\0') {
		memcpy(l->text + l->len, CUT, strlen(CUT));
		l->len += strlen(CUT);
		l->is_cut = true;
	}
	l->text[l->len++] = '"';
}

static void
put_member(struct line *l, const char *name, const char *value)
{
	/* comma, quotes, colon, and a value that is null or cut to nothing */
	size_t least = strlen(name) + 4 + 2 + sizeof(CUT);

	if (value != NULL && *value == '\0')
		return;
	if (least > room(l)) {
		l->is_cut = true;
		return;
	}
	put_raw(l, l->len > 1 ? ",\"" : "\"", l->len > 1 ? 2 : 1);
	put_raw(l, name, strlen(name));
	put_raw(l, "\":", 2);
	if (value != NULL)
		put_string(l, value);
	else
		put_raw(l, "null", 4);
}

/* A message that filled its buffer: back to the last whole character, and a mark. */
static void
mark_cut(char msg[MESSAGE_MAX])
{
	size_t at = 0, n;

	while ((n = gh_utf8_char(msg + at, GH_UTF8_TO_NUL, NULL)) > 0 || msg[at] != '\0') {
		n = n > 0 ? n : 1;
		if (at + n > MESSAGE_MAX - sizeof(CUT))
			break;
		at += n;
	}
	memcpy(msg + at, CUT, sizeof(CUT));
}

static void
begin(struct line *l, enum gh_log_level level, const char *msg)
{
	struct timespec ts;
	char now[GH_TIMESTAMP_SIZE];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	n = strlen(gh_timestamp_format(ts.tv_sec, now));
	n -= n > 0; /* the Z */
	snprintf(now + n, sizeof(now) - n, ".%03ldZ", ts.tv_nsec / 1000000);
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
	    strcmp(value, context_requester) == 0;
}

static void
put_members(struct line *l, va_list ap)
{
	const char *name;

	while ((name = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		if (!is_in_context(name, value))
			put_member(l, name, value);
	}
}

static void
end(struct line *l)
{
	if (l->is_cut) {
		memcpy(l->text + l->len, CUT_MEMBER, strlen(CUT_MEMBER));
		l->len += strlen(CUT_MEMBER);
	}
	l->text[l->len++] = '}';
}

static void
finish(struct line *l, enum gh_log_level level)
{
	end(l);
	if (host_sink != NULL) {
		l->text[l->len] = '\0';
		host_sink(level, l->text);
		return;
	}
	l->text[l->len++] = '\n';
	if (!gh_log_queue_put(level, l->text, l->len) && write(STDERR_FILENO, l->text, l->len) < 0)
		return; /* nowhere left to say so */
}

#define LINE(text) \
	{ \
		text, sizeof(text), 0, false \
	}
/* an event always fits behind what begin writes: requester, message, id and short ones */
_Static_assert(GH_LOG_LINE_MAX > GH_LOG_EVENT_MAX + 2 * VALUE_MAX + 6 * sizeof(context_id) + 256,
    "room of a line");

void
gh_log(enum gh_log_level level, const char *fmt, ...)
{
	char msg[MESSAGE_MAX], text[GH_LOG_LINE_MAX];
	struct line l = LINE(text);
	va_list ap;
	int n;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(msg))
		mark_cut(msg);
	begin(&l, level, msg);
	finish(&l, level);
}

void
gh_log_kv(enum gh_log_level level, const char *msg, ...)
{
	char text[GH_LOG_LINE_MAX];
	struct line l = LINE(text);
	va_list ap;

	if (level > max_level)
		return;
	begin(&l, level, msg);
	va_start(ap, msg);
	put_members(&l, ap);
	va_end(ap);
	finish(&l, level);
}

/* --- what a call has done --------------------------------------------------------------------- */

void
gh_log_collect(struct gh_log_event *e)
{
	collector = e;
}

void
gh_log_event(enum gh_log_level level, const char *msg, ...)
{
	char text[GH_LOG_LINE_MAX];
	struct line l = LINE(text);
	bool is_line = collector == NULL || collector->len > 0;
	va_list ap;

	if (level > max_level)
		return;
	if (is_line) {
		begin(&l, level, msg);
	} else {
		l = (struct line){collector->text, sizeof(collector->text), 0, false};
		put_member(&l, "event", msg);
	}
	va_start(ap, msg);
	put_members(&l, ap);
	va_end(ap);
	if (is_line) {
		finish(&l, level);
	} else {
		collector->len = l.len;
		collector->is_cut = l.is_cut;
	}
}

void
gh_log_call(enum gh_log_level level, const char *msg, const struct gh_log_event *e, ...)
{
	char text[GH_LOG_LINE_MAX];
	struct line l = LINE(text);
	va_list ap;

	if (level > max_level)
		return;
	begin(&l, level, msg);
	if (e != NULL && e->len > 0) {
		put_raw(&l, ",", 1);
		put_raw(&l, e->text, e->len);
		l.is_cut = l.is_cut || e->is_cut;
	}
	va_start(ap, e);
	put_members(&l, ap);
	va_end(ap);
	finish(&l, level);
}

size_t
gh_log_lost_line(uint64_t n, char out[GH_LOG_LINE_MAX])
{
	struct line l = {out, GH_LOG_LINE_MAX, 0, false};
	char count[24];

	snprintf(count, sizeof(count), "%" PRIu64, n);
	begin(&l, GH_LOG_WARN, "log lines were dropped: nobody read them");
	put_member(&l, "lines", count);
	end(&l);
	l.text[l.len++] = '\n';
	return l.len;
}
