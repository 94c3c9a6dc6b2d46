/* Lists over HTTP: the parameters of a query, all wrong ones named at once, and pages that the next
 * question goes on from: {"entries":[...],"next":ID or null}. */
#ifndef ENROLL_REST_LIST_H
#define ENROLL_REST_LIST_H

#include "rest.h"

#define REST_LIMIT_DEFAULT 100 /* rows of a page */
#define REST_LIMIT_MAX 1000
#define REST_PARAMS_MAX 16 /* of one route */

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
/* UTC seconds. */
int64_t rest_param_time(struct rest_fields *f, const struct rest_param *p);

/* Takes entries over. next 0: the last page. Not to be kept by caches. */
void rest_page(struct gh_http_reply *rep, gh_json *entries, int64_t next);

/* "a, b or c" of words with NULL at the end, cut where out is too short; returns out. */
char *rest_words(const char *const *words, char *out, size_t size);

#endif
