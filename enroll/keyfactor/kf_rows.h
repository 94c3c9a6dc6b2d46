/* Lists that are whole in the catalog: CAs, templates, metadata fields. QueryString, SortField,
 * SortAscending, PageReturned and ReturnLimit of them. */
#ifndef ENROLL_KF_ROWS_H
#define ENROLL_KF_ROWS_H

#include "kf_ask.h"

/* What queries and sorts call a member of the rows. */
struct kf_row_field {
	const char *name;
	const char *member; /* NULL: it is false in each row */
	bool is_bits;       /* -eq: has one of these */
};

/* Answers with what is asked for of list, which is taken; NULL: out of memory. All of it where no
 * ReturnLimit is said: clients that say none take the first page for everything. fields: of
 * those, up to one without a name. */
void kf_rows_reply(const struct call *call, gh_json *list, const struct kf_row_field *fields,
    struct gh_http_reply *rep);

#endif
