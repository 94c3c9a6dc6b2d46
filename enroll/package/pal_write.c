/* The package availability list as XML (RFC 8295, 2.1.2) and JSON (2.1.3). See pal.h. */
#include <inttypes.h>

#include "timestamp.h"

#include "pal.h"

#define NAMESPACE "urn:ietf:params:xml:ns:pal"
/* Dates before are none (2.1.2): the protocol did not exist. 2013-05-23T00:00:00Z */
#define DATE_FIRST INT64_C(1369267200)

static bool
has_date(const struct pal_entry *e)
{
	return e->date >= DATE_FIRST;
}

/* --- XML -------------------------------------------------------------------------------------- */

/* Text of an element. What XML 1.0 cannot have at all becomes "?". */
static void
put_xml_text(struct gh_buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			gh_buf_puts(out, "&amp;");
			break;
		case '<':
			gh_buf_puts(out, "&lt;");
			break;
		case '>':
			gh_buf_puts(out, "&gt;");
			break;
		default:
			gh_buf_putc(out, (unsigned char)*text < ' ' ? '?' : *text);
		}
}

static void
put_xml_element(struct gh_buf *out, const char *name, const char *text)
{
	gh_buf_putf(out, "<%s>", name);
	put_xml_text(out, text);
	gh_buf_putf(out, "</%s>", name);
}

static void
put_xml_entry(struct gh_buf *out, const struct pal_entry *e)
{
	char date[GH_TIMESTAMP_SIZE];

	gh_buf_putf(out, "<message><type>%04d</type>", e->type);
	if (has_date(e))
		put_xml_element(out, "date", gh_timestamp_format(e->date, date));
	gh_buf_putf(out, "<size>%" PRId64 "</size><info>", e->size);
	if (e->info == PAL_URI) {
		put_xml_element(out, "uri", e->text);
	} else {
		gh_buf_puts(out, "<iasn>");
		put_xml_element(out, "issuer", e->text);
		put_xml_element(out, "serial", e->serial);
		gh_buf_puts(out, "</iasn>");
	}
	gh_buf_puts(out, "</info></message>\n");
}

static struct pal_entry
pointer(const char *next)
{
	return (struct pal_entry){.type = PAL_TYPE_NEXT, .text = (char *)(uintptr_t)next};
}

void
pal_put_xml(const struct pal_page *page, const char *next, struct gh_buf *out)
{
	gh_buf_puts(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pal xmlns=\"" NAMESPACE "\">\n");
	for (size_t i = 0; i < page->n; i++)
		put_xml_entry(out, &page->entry[i]);
	if (next != NULL) {
		const struct pal_entry last = pointer(next);

		put_xml_entry(out, &last);
	}
	gh_buf_puts(out, "</pal>\n");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void
put_json_text(struct gh_buf *out, const char *text)
{
	gh_buf_putc(out, '"');
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			gh_buf_putf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			gh_buf_putf(out, "\\u%04x", (unsigned)(unsigned char)*text);
		else
			gh_buf_putc(out, *text);
	gh_buf_putc(out, '"');
}

/* The serial number is a number of any length: written here, since no integer of ours holds
 * it. */
static void
put_json_entry(struct gh_buf *out, const struct pal_entry *e)
{
	char date[GH_TIMESTAMP_SIZE];

	gh_buf_putf(out, "{\"type\":\"%04d\",", e->type);
	if (has_date(e))
		gh_buf_putf(out, "\"date\":\"%s\",", gh_timestamp_format(e->date, date));
	gh_buf_putf(out, "\"size\":%" PRId64 ",\"info\":{", e->size);
	if (e->info == PAL_URI) {
		gh_buf_puts(out, "\"uri\":");
		put_json_text(out, e->text);
	} else {
		gh_buf_puts(out, "\"iasn\":{\"issuer\":");
		put_json_text(out, e->text);
		gh_buf_putf(out, ",\"serial\":%s}", e->serial);
	}
	gh_buf_puts(out, "}}");
}

void
pal_put_json(const struct pal_page *page, const char *next, struct gh_buf *out)
{
	gh_buf_putc(out, '[');
	for (size_t i = 0; i < page->n; i++) {
		gh_buf_puts(out, i > 0 ? ",\n" : "");
		put_json_entry(out, &page->entry[i]);
	}
	if (next != NULL) {
		const struct pal_entry last = pointer(next);

		gh_buf_puts(out, ",\n");
		put_json_entry(out, &last);
	}
	gh_buf_puts(out, "]\n");
}
