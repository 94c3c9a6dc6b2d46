/*
 * The package availability list (RFC 8295, 2.1) as values: what there is for one client, in the
 * order of 2.3. The list is cut into pages, whose order depends on what the client had got when he
 * read the first one: what he fetches between two pages moves nothing.
 */
#ifndef PACKAGE_PAL_H
#define PACKAGE_PAL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define PAL_TYPE_NEXT 1
#define PAL_ENTRIES_MIN 2 /* of a page: an entry, and what leads to the next page */

/* The order of 2.3. */
enum pal_group { PAL_CA, PAL_ATTRIBUTES, PAL_ENROLL, PAL_PACKAGE };

enum pal_info { PAL_URI, PAL_CERTIFICATE };

struct pal_entry {
	uint64_t rank; /* order, and the place of a page */
	int type;      /* 0001 to 0037 */
	int64_t date;  /* UTC seconds of the last download; 0: none */
	int64_t size;  /* bytes; 0: the client is to do something */
	enum pal_info info;
	char *text;   /* URI, or the issuer's name (RFC 4514) */
	char *serial; /* of the certificate, in decimal; NULL for a URI */
};

struct pal {
	struct pal_entry *entry;
	size_t n, cap;
	int64_t since; /* microseconds UTC: the state that the order is of */
};

void pal_clear(struct pal *p);

/* number: told apart within a group and the order there; below 2^48. has: the client had it at
 * p->since. is_answer: of an entry that asks for an answer to the one before. */
uint64_t pal_rank(enum pal_group group, bool has, uint64_t number, bool is_answer);

/* Copies the texts. GH_E_NOMEM. */
int pal_add(struct pal *p, const struct pal_entry *entry, struct gh_error *err) GH_MUSTCHECK;

/* Which entries a page has: by rank, those behind `after` (0: from the first). */
struct pal_page {
	const struct pal_entry *entry;
	size_t n;
	bool has_next;
};
/* Sorts p. entries: on one page, with the pointer to the next one; at least PAL_ENTRIES_MIN. */
void pal_page(struct pal *p, uint64_t after, size_t entries, struct pal_page *out);

/* The last part of the URI of the page behind this one, and what such a part says; false: it is
 * none. */
#define PAL_PLACE_SIZE 40
char *pal_place(const struct pal *p, const struct pal_page *page, char out[PAL_PLACE_SIZE]);
bool pal_place_read(const char *text, int64_t *since, uint64_t *after);

/* next: URI of the next page; NULL: there is none. Appended to out. */
void pal_put_xml(const struct pal_page *page, const char *next, struct gh_buf *out);
void pal_put_json(const struct pal_page *page, const char *next, struct gh_buf *out);

#endif
