/* Pages: theirs have numbers, ours go on where the one before ended. */
#ifndef ENROLL_KF_PAGE_H
#define ENROLL_KF_PAGE_H

#include "buf.h"
#include "kf_ask.h"

#define KF_ROWS_DEFAULT 50 /* as there */

struct kf_paging {
	int64_t page, rows;
};
/* PageReturned and ReturnLimit, to rows_max. GH_E_BAD_REQUEST. */
int kf_paging_read(const struct call *call, int64_t rows_max, struct kf_paging *out,
    struct gh_error *err) GH_MUSTCHECK;
/* SortAscending: 0 ascends there, 1 descends. */
int kf_descends(const struct call *call, bool *out, struct gh_error *err) GH_MUSTCHECK;

struct kf_search {
	kf_handler handler;
	const char *query; /* of the first page, percent-encoded */
	const char *next;  /* its parameter that goes on: "page", "after" */
	struct kf_paging paging;
	/* A row in their words; NULL: rep tells why not. */
	gh_json *(*tell)(struct worker_env *env, const struct call *call, const gh_json *row,
	    const void *arg, struct gh_http_reply *rep);
	const void *arg;
};
/* Appends the rows of the page. false: rep tells why not. A search may answer with short pages, so
 * the time of a call has a bound. */
bool kf_search(struct worker_env *env, const struct call *call, const struct kf_search *s,
    gh_json *list, struct gh_http_reply *rep) GH_MUSTCHECK;

/* Everything but letters and digits percent-encoded. */
void kf_put_escaped(struct gh_buf *b, const char *text);

#endif
