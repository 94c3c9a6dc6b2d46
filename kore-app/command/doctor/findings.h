/* What a diagnosis found: each with a stable code, what is so, and what to do about it. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include <stdbool.h>

#include "error.h"
#include "json.h"

enum finding_state { FINDING_OK, FINDING_WARNING, FINDING_ERROR };

struct findings {
	gh_json *list;   /* [{"code","state":"ok|warning|error","what","todo"}] */
	bool is_silent;  /* collect only */
	bool only_wrong; /* print no FINDING_OK */
	int oks, warnings, errors;
	bool failed; /* out of memory */
};

int findings_begin(struct findings *f, bool is_silent, struct gh_error *err) GH_MUSTCHECK;
void findings_end(struct findings *f);
/* todo: NULL for FINDING_OK. Text from outside may be in both. */
void finding_ok(struct findings *f, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void finding_wrong(struct findings *f, enum finding_state state, const char *code, const char *todo,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
