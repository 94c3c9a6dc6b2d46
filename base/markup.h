/*
 * Templates of pages and mails.
 *
 *     {{name}} {{a.b}} {{.}}      a value; looked up in the innermost section first, then outwards
 *     {{a.[b]}}                   the member of a that the value of b names
 *     {{#x}}...{{/x}}             once for each item of a list; once for any other value that is
 * not false, null, 0, "", [] or {}; values of x stand inside
 *     {{^x}}...{{/x}}             when it is one of those, or not there
 *     {{>name a="x" b="y"}}       another template, with values of its own
 *     {{t.area.name}}             a text of the language (words.h); its {placeholders} are values
 *     {{! ... }}                  nothing
 *
 * A value is escaped for the place where it stands, always: there is no way to write one as it is.
 * The parser of HTML follows the tags, and a value may stand
 *
 *     in text, <title> and <textarea>; a time in the text of <time> is written for people,
 * "2026-01-02 03:04:05 UTC";
 *     in a double-quoted attribute of a known name;
 *     in href, src, action and formaction: as the whole value, when it is a path of ours ("/...")
 * or begins with https:, else about:invalid is written; or percent-encoded, behind a path
 *
 * and nowhere else: the template is refused when it is parsed. So is a template with a script, with
 * an event handler, with a quote left open in a section, or with HTML that this strict parser does
 * not know. Characters that are not seen (controls, direction overrides) become U+FFFD.
 */
#ifndef GH_MARKUP_H
#define GH_MARKUP_H

#include "buf.h"
#include "json.h"
#include "words.h"

enum markup_kind {
	MARKUP_HTML,
	/* For people who read it as it is. A value stays in its line: controls become blanks. */
	MARKUP_TEXT,
};

struct markup;

/* How {{>name}} is found; NULL: there is none. */
struct markup_find {
	const struct markup *(*find)(const void *arg, const char *name);
	const void *arg;
};

/* name: for messages; len bytes of text are copied. GH_E_CONF says in which line what is wrong;
 * GH_E_NOMEM. *out by markup_free. */
int markup_parse(const char *name, const char *text, size_t len, enum markup_kind kind,
    struct markup **out, struct gh_error *err) GH_MUSTCHECK;
void markup_free(struct markup *m); /* accepts NULL */

/* The first name of a value, section or text that `is_known` says no to (is_text: of a text,
 * without "t."); NULL: it knows them all. Borrowed. */
const char *markup_find_name(const struct markup *m,
    bool (*is_known)(const void *arg, const char *name, bool is_text), const void *arg);

/* Append to out. partials may be NULL. GH_E_INTERNAL: a partial is not there, of the other kind or
 * in itself, or a value is a list or an object; GH_E_NOMEM, out is full. */
int markup_render(const struct markup *m, const struct markup_find *partials, const gh_json *data,
    const struct words *words, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
