/* Lists over HTTP: the parameters of a query, all wrong ones named at once, and pages that the next
 * question goes on from: {"entries":[...],"next":ID or null}. */
#ifndef ENROLL_REST_LIST_H
#define ENROLL_REST_LIST_H

#include "rest.h"

#define REST_LIMIT_DEFAULT 100 /* rows of a page */
#define REST_LIMIT_MAX 1000
#define REST_PARAMS_MAX 20 /* of one route */

struct rest_param {
	const char *name;
	char *value; /* decoded, malloc'd; NULL = absent */
};

/* Fill the values of all parameters that a route has, n of them. One that is there twice, is
 * malformed, or that the route does not have goes into f. GH_E_NOMEM. */
int rest_params_read(const struct call *call, struct rest_param *p, size_t n, struct rest_fields *f,
    struct gh_error *err) GH_MUSTCHECK;
void rest_params_clear(struct rest_param *p, size_t n);

/* What a value says; fallback, 0 or NULL when it is absent, or wrong, which goes into f. */
/* max INT64_MAX: the id of a row. */
int64_t rest_param_number(struct rest_fields *f, const struct rest_param *p, int64_t min,
    int64_t max, int64_t fallback);
/* 1 to 255 bytes. */
const char *rest_param_text(struct rest_fields *f, const struct rest_param *p);
/* One of the words, NULL at the end. */
const char *rest_param_word(struct rest_fields *f, const struct rest_param *p,
    const char *const *words);
/* UTC seconds; a day is its first one. */
int64_t rest_param_time(struct rest_fields *f, const struct rest_param *p);

/* The first parameters of each list, in this order. */
#define REST_PAGE_PARAMS "after", "limit", "order"
enum { REST_AFTER, REST_LIMIT, REST_ORDER, REST_PAGE_PARAMS_N };
/* Where a page begins, how long it is, and in which order. */
struct rest_paging {
	int64_t after_id; /* 0 = from the start */
	int limit;
	bool newest_first;
};
struct rest_paging rest_param_paging(struct rest_fields *f, const struct rest_param *p);

/* A list: what differs between those that there are. */
struct rest_list {
	const char *const *names; /* of its parameters, REST_PAGE_PARAMS first; NULL at the end */
	/* Fills the filter, which may borrow the values. What is wrong goes into f. */
	void (*read)(const struct rest_param *p, struct rest_fields *f, void *filter);
	int (*page)(struct worker_env *env, const struct call *call, const void *filter,
	    gh_json **entries, int64_t *next, struct gh_error *err);
};
/* The page that a call asks for. filter: of the list, zeroed. GH_E_VALIDATION: see f. */
int rest_list_page(const struct rest_list *l, struct worker_env *env, const struct call *call,
    void *filter, gh_json **entries, int64_t *next, struct rest_fields *f,
    struct gh_error *err) GH_MUSTCHECK;
/* Answers with it, or with what is wrong. */
void rest_list_reply(const struct rest_list *l, struct worker_env *env, const struct call *call,
    void *filter, struct gh_http_reply *rep);

/* Takes entries over. next 0: the last page. Not to be kept by caches. */
void rest_page(struct gh_http_reply *rep, gh_json *entries, int64_t next);

/* "a, b or c" of words with NULL at the end, cut where out is too short; returns out. */
char *rest_words(const char *const *words, char *out, size_t size);

#endif
