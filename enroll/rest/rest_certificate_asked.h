/* What a call asks of the inventory: its parameters, and whose certificates it may see. */
#ifndef ENROLL_REST_CERTIFICATE_ASKED_H
#define ENROLL_REST_CERTIFICATE_ASKED_H

#include "inventory/cert_lines.h"
#include "inventory/cert_member.h"
#include "inventory/page_token.h"
#include "store/inventory/cert_page.h"

#include "rest_list.h"

#define REST_ASKED_PARAMS 9

struct rest_asked {
	struct rest_param p[REST_ASKED_PARAMS]; /* owned */
	struct store_cert_filter filter;
	struct cert_view view;       /* owned; the caller's, which filter has */
	struct cert_node *condition; /* owned; NULL: all */
	char *field;                 /* owned; that the order is by, or NULL */
	struct page_token token;     /* owned; where filter begins */
	struct cert_members members;
	bool is_counted, counts_exactly;
	enum cert_lines lines; /* CERT_NO_LINES: a page of JSON */
	int64_t lines_max;     /* 0 = all */
};

/* GH_E_BAD_REQUEST: page, or query (see f); GH_E_VALIDATION: see f. a is zeroed, and to be cleared
 * whatever comes back; it borrows from call. */
int rest_asked_read(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct rest_fields *f, struct gh_error *err) GH_MUSTCHECK;
void rest_asked_clear(struct rest_asked *a);
struct page_token_use rest_asked_use(const struct worker_env *env, const struct call *call,
    const struct rest_asked *a);

#endif
