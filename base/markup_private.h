/* What the parts of markup share. */
#ifndef GH_MARKUP_PRIVATE_H
#define GH_MARKUP_PRIVATE_H

#include "markup.h"

/* Where a value stands. */
enum markup_place {
	MARKUP_NOWHERE,
	MARKUP_IN_TEXT, /* or in an attribute: quotes are escaped in both */
	MARKUP_IN_TIME, /* <time>: for people, the attribute datetime has it as it is */
	MARKUP_IN_URL,  /* the whole of it */
	MARKUP_IN_URL_REST,
	MARKUP_IN_PLAIN, /* no HTML */
};

/* How far a template's HTML has come. Begins as zeros: in text. */
struct markup_html {
	enum {
		HTML_TEXT,
		HTML_ELEMENT, /* in the name of a tag */
		HTML_END_TAG,
		HTML_TAG, /* behind a blank in a tag */
		HTML_ATTRIBUTE,
		HTML_EQUALS,
		HTML_VALUE,
		HTML_QUOTED,    /* behind a value */
		HTML_TEXT_ONLY, /* <title>, <textarea>: no tags */
		HTML_STYLE,
	} at;
	enum { URL_NONE, URL_START, URL_SLASH, URL_REST, URL_WHOLE, URL_FOREIGN } url;
	char element[16], attribute[24];
};

/* Follow len bytes. NULL; or what is wrong with them, static, and *used is where. */
const char *markup_html_scan(struct markup_html *h, const char *text, size_t len, size_t *used);
/* A value stands here. */
enum markup_place markup_html_value(struct markup_html *h);
/* May a section begin or end here? */
bool markup_html_is_between(const struct markup_html *h);
/* Is what follows read in the same way? */
bool markup_html_is_same(const struct markup_html *a, const struct markup_html *b);

/* len bytes as they are written in this place. */
void markup_put(struct gh_buf *out, enum markup_place place, const char *s, size_t len);

enum markup_step {
	MARKUP_LITERAL,
	MARKUP_VALUE,
	MARKUP_WORDS,
	MARKUP_SECTION,
	MARKUP_INVERTED,
	MARKUP_PARTIAL,
};

struct markup_node {
	enum markup_step step;
	enum markup_place place; /* of VALUE and WORDS */
	const char *text;        /* of LITERAL, len bytes */
	size_t len;
	char *name;    /* of all others */
	size_t end;    /* of sections: the node behind them */
	gh_json *args; /* of PARTIAL: an object */
};

struct markup {
	char *name;
	enum markup_kind kind;
	char *text; /* literals are in it */
	struct markup_node *node;
	size_t n, cap;
};

#endif
