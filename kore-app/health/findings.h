/* What a diagnosis found: each with a stable code, what is so, and what to do about it. */
#ifndef HEALTH_FINDINGS_H
#define HEALTH_FINDINGS_H

#include <stdbool.h>

#include "error.h"
#include "json.h"

/* Called with each as it is found. */
typedef void (*finding_tell)(const gh_json *finding);

enum finding_state { FINDING_OK, FINDING_WARNING, FINDING_ERROR };

struct findings {
	gh_json *list;     /* [{"code","state":"ok|warning|error","what","todo"}] */
	gh_json *values;   /* numbers behind them: [{"name","value","unit","warn","crit"}] */
	finding_tell tell; /* NULL: collect only */
	bool only_wrong;   /* tell no FINDING_OK */
	int oks, warnings, errors;
	bool failed; /* out of memory */
};

/* A number, for those who draw it. It is bad outside of a range of Nagios: "10" is 0 to 10, "10:"
 * is 10 or more; NULL: never. */
struct finding_value {
	const char *name, *label; /* "crl_left" "issuing"; label NULL: none */
	int64_t value;
	const char *unit; /* "s", or "" */
	const char *warn, *crit;
};

int findings_begin(struct findings *f, finding_tell tell, struct gh_error *err) GH_MUSTCHECK;
void findings_end(struct findings *f);
/* todo: NULL for FINDING_OK. Text from outside may be in both. */
void finding_ok(struct findings *f, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_wrong(struct findings *f, enum finding_state state, const char *code, const char *todo,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void finding_value(struct findings *f, const struct finding_value *v);
/* "3 days", "2 hours": of seconds, 0 or more. */
#define FINDING_SPAN_SIZE 32
const char *finding_span(int64_t seconds, char out[FINDING_SPAN_SIZE]);
#endif
