/*
 * Where in the HTML of a template are we? A strict reader of the little HTML that templates are
 * written in (WHATWG HTML, 13.2.5, cut to lower case, double quotes and no comments), so that there
 * is one answer, and browsers have the same.
 */
#include <string.h>

#include "markup_private.h"

#define BAD_LESS "\"<\" that begins no tag: write &lt;"

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* A tag begins with one; "<1" is text, and "</1" a comment. */
static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

static bool
add(char *name, size_t size, char c)
{
	size_t n = strlen(name);

	if (n + 1 >= size)
		return false;
	name[n] = c;
	name[n + 1] = '\0';
	return true;
}

/* Elements whose content is not read as the rest is, or that run or load something. */
static const char *const refused_elements[] = {"script", "iframe", "frame", "object", "embed",
    "base", "svg", "math", "noscript", "noembed", "noframes", "xmp", "plaintext", "template",
    "applet", "portal", NULL};

static const char *
enter_element(struct markup_html *h)
{
	h->at = strcmp(h->element, "title") == 0 || strcmp(h->element, "textarea") == 0
	    ? HTML_TEXT_ONLY
	    : strcmp(h->element, "style") == 0 ? HTML_STYLE
					       : HTML_TEXT;
	return NULL;
}

static const char *
end_element_name(struct markup_html *h)
{
	return is_one_of(h->element, refused_elements) ? "no template has this element" : NULL;
}

static const char *
end_attribute_name(const struct markup_html *h)
{
	if (strncmp(h->attribute, "on", 2) == 0)
		return "no event handlers";
	return strcmp(h->attribute, "srcdoc") == 0 ? "no template has this attribute" : NULL;
}

static const char *
open_tag(struct markup_html *h, const char *text, size_t len, size_t *used)
{
	static const char doctype[] = "<!DOCTYPE html>";

	if (len >= sizeof(doctype) - 1 && memcmp(text, doctype, sizeof(doctype) - 1) == 0) {
		*used = sizeof(doctype) - 1;
		return NULL;
	}
	if (len > 1 && text[1] == '!')
		return "no comments of HTML: write {{! ... }}";
	memset(h->element, 0, sizeof(h->element));
	*used = 1;
	h->at = HTML_ELEMENT;
	if (len > 2 && text[1] == '/' && is_letter(text[2])) {
		*used = 2;
		h->at = HTML_END_TAG;
	} else if (len < 2 || !is_letter(text[1])) {
		return BAD_LESS;
	}
	return NULL;
}

/* Inside <title>, <textarea> or <style>: only their own end tag ends them. */
static const char *
close_text_only(struct markup_html *h, const char *text, size_t len, size_t *used)
{
	size_t n = strlen(h->element);

	if (len < n + 3 || memcmp(text, "</", 2) != 0 || memcmp(text + 2, h->element, n) != 0 ||
	    text[n + 2] != '>')
		return BAD_LESS;
	*used = n + 3;
	h->at = HTML_TEXT;
	return NULL;
}

static const char *
in_element_name(struct markup_html *h, char c)
{
	const char *wrong;

	if (is_name(c))
		return add(h->element, sizeof(h->element), c) ? NULL : "element unknown";
	if (!is_blank(c) && c != '>')
		return "a tag is <name attribute=\"value\">";
	if ((wrong = end_element_name(h)) != NULL)
		return wrong;
	h->at = HTML_TAG;
	return c == '>' ? enter_element(h) : NULL;
}

static const char *
in_tag(struct markup_html *h, char c)
{
	if (is_blank(c))
		return NULL;
	if (c == '>')
		return enter_element(h);
	if (!is_name(c))
		return "an attribute's name is in lower case";
	memset(h->attribute, 0, sizeof(h->attribute));
	h->attribute[0] = c;
	h->at = HTML_ATTRIBUTE;
	return NULL;
}

static const char *
in_attribute(struct markup_html *h, char c)
{
	const char *wrong;

	if (is_name(c))
		return add(h->attribute, sizeof(h->attribute), c) ? NULL : "attribute unknown";
	if ((wrong = end_attribute_name(h)) != NULL)
		return wrong;
	if (c == '=') {
		h->at = HTML_EQUALS;
		return NULL;
	}
	h->at = HTML_TAG;
	return in_tag(h, c);
}

static bool
is_url(const char *attribute)
{
	static const char *const names[] = {"href", "src", "action", "formaction", NULL};

	return is_one_of(attribute, names);
}

static bool
begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* A literal in an URL. */
static const char *
in_url(struct markup_html *h, const char *text, size_t len)
{
	if (h->url == URL_WHOLE)
		return "behind a value that is a whole URL";
	if (h->url == URL_SLASH && (*text == '/' || *text == '\\'))
		return "an URL of another host";
	if (h->url == URL_SLASH)
		h->url = URL_REST;
	if (h->url != URL_START)
		return NULL;
	h->url = *text == '/' ? URL_SLASH : *text == '#' || *text == '?' ? URL_REST : URL_FOREIGN;
	if (h->url == URL_FOREIGN && !begins(text, len, "https://") &&
	    !begins(text, len, "mailto:"))
		return "an URL is a path of ours (/...), https: or mailto:";
	return NULL;
}

static const char *
in_value(struct markup_html *h, const char *text, size_t len)
{
	if (*text == '"') {
		h->at = HTML_QUOTED;
		return NULL;
	}
	return h->url != URL_NONE ? in_url(h, text, len) : NULL;
}

static const char *
begin_value(struct markup_html *h, char c)
{
	h->at = HTML_VALUE;
	h->url = is_url(h->attribute) ? URL_START : URL_NONE;
	return c == '"' ? NULL : "an attribute's value is in double quotes";
}

static const char *
behind_value(struct markup_html *h, char c)
{
	h->at = HTML_TAG;
	h->url = URL_NONE;
	return is_blank(c) || c == '>' ? in_tag(h, c) : "a blank behind an attribute's value";
}

static const char *
in_end_tag(struct markup_html *h, char c)
{
	if (c == '>')
		h->at = HTML_TEXT;
	else if (!is_name(c))
		return "an end tag is </name>";
	return NULL;
}

/* One step, of *used bytes. */
static const char *
step(struct markup_html *h, const char *text, size_t len, size_t *used)
{
	*used = 1;
	switch (h->at) {
	case HTML_TEXT:
		return *text == '<' ? open_tag(h, text, len, used) : NULL;
	case HTML_ELEMENT:
		return in_element_name(h, *text);
	case HTML_END_TAG:
		return in_end_tag(h, *text);
	case HTML_TAG:
		return in_tag(h, *text);
	case HTML_ATTRIBUTE:
		return in_attribute(h, *text);
	case HTML_EQUALS:
		return begin_value(h, *text);
	case HTML_VALUE:
		return in_value(h, text, len);
	case HTML_QUOTED:
		return behind_value(h, *text);
	case HTML_TEXT_ONLY:
	case HTML_STYLE:
		return *text == '<' ? close_text_only(h, text, len, used) : NULL;
	}
	return "unknown";
}

const char *
markup_html_scan(struct markup_html *h, const char *text, size_t len, size_t *used)
{
	const char *wrong = NULL;
	size_t n;

	for (*used = 0; *used < len; *used += n)
		if ((wrong = step(h, text + *used, len - *used, &n)) != NULL)
			return wrong;
	return NULL;
}

/* Attributes that are shown, or say what belongs together: nothing in them is run, loaded or laid
 * out. */
static bool
is_harmless(const char *attribute)
{
	static const char *const names[] = {"abbr", "accept", "alt", "autocomplete", "class",
	    "colspan", "datetime", "download", "enctype", "for", "headers", "hreflang", "id",
	    "label", "lang", "max", "maxlength", "min", "minlength", "name", "pattern",
	    "placeholder", "role", "rowspan", "scope", "size", "step", "title", "type", "value",
	    NULL};

	return strncmp(attribute, "aria-", 5) == 0 || is_one_of(attribute, names);
}

static enum markup_place
url_place(struct markup_html *h)
{
	if (h->url == URL_START) {
		h->url = URL_WHOLE;
		return MARKUP_IN_URL;
	}
	if (h->url != URL_SLASH && h->url != URL_REST)
		return MARKUP_NOWHERE;
	h->url = URL_REST;
	return MARKUP_IN_URL_REST;
}

enum markup_place
markup_html_value(struct markup_html *h)
{
	if (h->at == HTML_TEXT && strcmp(h->element, "time") == 0)
		return MARKUP_IN_TIME;
	if (h->at == HTML_TEXT || h->at == HTML_TEXT_ONLY)
		return MARKUP_IN_TEXT;
	if (h->at != HTML_VALUE)
		return MARKUP_NOWHERE;
	if (h->url != URL_NONE)
		return url_place(h);
	return is_harmless(h->attribute) ? MARKUP_IN_TEXT : MARKUP_NOWHERE;
}

bool
markup_html_is_between(const struct markup_html *h)
{
	return h->at == HTML_TEXT || h->at == HTML_TEXT_ONLY || h->at == HTML_TAG ||
	    h->at == HTML_VALUE;
}

bool
markup_html_is_same(const struct markup_html *a, const struct markup_html *b)
{
	if (a->at != b->at || a->url != b->url)
		return false;
	if (a->at != HTML_TEXT && strcmp(a->element, b->element) != 0)
		return false;
	return a->at != HTML_VALUE || strcmp(a->attribute, b->attribute) == 0;
}
