/* See syslog_line.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "utf8.h"

#include "syslog_line.h"

#define APP "gatehouse"
#define HOST_MAX 255 /* RFC 5424, 6 */
#define MSGID_MAX 32
#define VALUE_MAX 512   /* bytes of a text of the row, with its escapes ... */
#define DETAIL_MAX 2800 /* ... and of its detail: all of them are less than SYSLOG_MESSAGE_MAX */

enum severity { SEVERITY_WARNING = 4, SEVERITY_NOTICE = 5 };

/* PRINTUSASCII of RFC 5424, 6; nothing is "-". */
static void
put_word(struct gh_buf *b, const char *text, size_t max)
{
	size_t n = 0;

	for (; text != NULL && text[n] != '\0' && n < max; n++)
		gh_buf_putc(b, text[n] > ' ' && text[n] < 0x7f ? text[n] : '?');
	if (n == 0)
		gh_buf_putc(b, '-');
}

/* At most max bytes and "..."; escape: characters before which a backslash is put. */
static void
put_text(struct gh_buf *b, const char *text, size_t max, const char *escape)
{
	size_t begin = b->len, n;

	for (; *text != '\0'; text += n) {
		uint32_t code = 0;

		n = gh_utf8_char(text, GH_UTF8_TO_NUL, &code);
		if (b->len - begin + (n > 0 ? n : 1) + 1 > max) {
			gh_buf_puts(b, "...");
			return;
		}
		if (strchr(escape, *text) != NULL)
			gh_buf_putc(b, '\\');
		if (n == 0 || gh_utf8_is_control(code))
			gh_buf_putc(b, '?');
		else
			gh_buf_put(b, text, n);
		n = n > 0 ? n : 1;
	}
}

/* RFC 5424, 6.3.3 */
static void
put_param(struct gh_buf *b, const char *name, const char *value, size_t max)
{
	if (value == NULL || value[0] == '\0')
		return;
	gh_buf_putf(b, " %s=\"", name);
	put_text(b, value, max, "\"\\]");
	gh_buf_putc(b, '"');
}

static void
put_number(struct gh_buf *b, const char *name, int64_t value)
{
	gh_buf_putf(b, " %s=\"%" PRId64 "\"", name, value);
}

/* RFC 5424, 6.2.3: six digits behind the seconds. */
static void
put_time(struct gh_buf *b, int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	char text[40];
	struct tm tm;

	if (us < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099 ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		gh_buf_putc(b, '-');
	else
		gh_buf_putf(b, "%s.%06dZ", text, (int)(us % 1000000));
}

static void
put_data(struct gh_buf *b, const struct syslog_origin *from, const struct syslog_place *at,
    const struct audit_row *row)
{
	gh_buf_putf(b, "[%s", from->sd_id);
	put_number(b, "id", row->id);
	put_number(b, "seal", at->seal);
	put_number(b, "rows", at->rows);
	put_number(b, "position", at->position);
	put_param(b, "event", row->event, VALUE_MAX);
	put_param(b, "outcome", row->outcome, VALUE_MAX);
	put_param(b, "actor", row->actor, VALUE_MAX);
	put_number(b, "actorKind", row->actor_kind);
	put_param(b, "app", row->app, VALUE_MAX);
	put_param(b, "address", row->address, VALUE_MAX);
	put_param(b, "requestId", row->request_id, VALUE_MAX);
	put_param(b, "object", row->object, VALUE_MAX);
	put_param(b, "detail", row->detail, DETAIL_MAX);
	gh_buf_putc(b, ']');
}

/* For people: a byte order mark says that it is UTF-8 (RFC 5424, 6.4). */
static void
put_message(struct gh_buf *b, const struct audit_row *row)
{
	gh_buf_puts(b, " \xef\xbb\xbf");
	put_text(b, row->event, MSGID_MAX, "");
	gh_buf_putc(b, ' ');
	put_text(b, row->outcome, MSGID_MAX, "");
	gh_buf_puts(b, " by ");
	put_text(b, row->actor[0] != '\0' ? row->actor : "nobody", VALUE_MAX, "");
	if (row->object != NULL && row->object[0] != '\0') {
		gh_buf_puts(b, ": ");
		put_text(b, row->object, VALUE_MAX, "");
	}
}

void
syslog_line_put(struct gh_buf *b, const struct syslog_origin *from, const struct syslog_place *at,
    const struct audit_row *row)
{
	int severity = strcmp(row->outcome, "success") == 0 ? SEVERITY_NOTICE : SEVERITY_WARNING;
	struct gh_buf m;

	gh_buf_init(&m, SYSLOG_MESSAGE_MAX);
	gh_buf_putf(&m, "<%d>1 ", from->facility * 8 + severity);
	put_time(&m, row->at_us);
	gh_buf_putc(&m, ' ');
	put_word(&m, from->host, HOST_MAX);
	gh_buf_puts(&m, " " APP " - ");
	put_word(&m, row->event, MSGID_MAX);
	gh_buf_putc(&m, ' ');
	put_data(&m, from, at, row);
	put_message(&m, row);
	if (m.failed)
		b->failed = true;
	gh_buf_putf(b, "%zu ", m.len);
	gh_buf_put(b, m.data, m.len);
	gh_buf_free(&m);
}
