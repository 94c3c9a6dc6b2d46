/*
 * What the handlers of the REST API share: JSON bodies in, JSON answers and errors out. One form of
 * error:
 *   {"code":"validation","message":"...","request_id":"...","errors":{"password":["..."]}}
 */
#ifndef ENROLL_REST_H
#define ENROLL_REST_H

#include "call.h"
#include "json.h"

/* The JSON object of the body; an empty body is an empty object. GH_E_UNSUPPORTED_MEDIA for another
 * type than application/json, GH_E_BAD_JSON. *out by gh_json_free. */
int rest_body(const struct call *call, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* Answer with a value, which is taken over; NULL means out of memory and answers 500. */
void rest_json(struct gh_http_reply *rep, int status, gh_json *value);
/* Answer with an error. more: members to add (taken over; NULL = none), as "errors" (of which the
 * message then says no more than that they are there) or "locked_until". A 401 that is about the
 * caller (not GH_E_CA_PASSWORD) has a challenge; retryable codes have Retry-After. */
void rest_error(const struct gh_error *err, const char *request_id, gh_json *more,
    struct gh_http_reply *rep);

/*
 * Validation that names all wrong members at once:
 *     struct rest_fields f = {0};
 *     const char *p = rest_text(&f, body, "password", 8, 255, true);
 *     if (rest_fields_check(&f, &err) != 0) -> rest_error(&err, id, rest_fields_take(&f), rep)
 */
struct rest_fields {
	gh_json *errors;  /* {field: [text]} */
	gh_json *reasons; /* the same for pages: {field: [rest_reason]} */
	bool failed /* out of memory */;
};
void rest_field_wrong(struct rest_fields *f, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* With a reason and a value of gh_refuse_as, so that pages say it in the reader's language. */
void rest_field_wrong_as(struct rest_fields *f, const char *name, const char *reason,
    const char *value, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* What err says is wrong with this field. */
void rest_field_refused(struct rest_fields *f, const char *name, const struct gh_error *err);
/* err is of query_parse: the call is malformed as a whole (400), and the member that is wrong is
 * its query. Returns the code. */
int rest_query_refused(struct rest_fields *f, struct gh_error *err);
/* A name with points is a path: "secret.value" is the member value of the object secret. Borrowed;
 * NULL: absent, or what should be an object is none. */
const gh_json *rest_member(const gh_json *body, const char *path);
/* A text of min to max characters (UTF-8); name may be a path. NULL when absent (wrong if required)
 * or wrong. Borrowed from body. */
const char *rest_text(struct rest_fields *f, const gh_json *body, const char *name, size_t min,
    size_t max, bool required);
/* GH_E_VALIDATION with the first of errors, {field: [text]}, as its message: what there is to read
 * where nobody shows them all. */
int rest_errors_refuse(const gh_json *errors, struct gh_error *err) GH_MUSTCHECK;
/* 0, GH_E_VALIDATION as rest_errors_refuse has it, GH_E_NOMEM. */
int rest_fields_check(const struct rest_fields *f, struct gh_error *err) GH_MUSTCHECK;
/* What pages say of err, as texts for the template "wrong": {"texts","reason"} name the text of
 * conf/languages, "value" stands in it, and "message" is what else there is to know, in English; ""
 * where the text says it all. NULL when out of memory. */
gh_json *rest_reason(const struct gh_error *err);
/* {"errors":{...}} for rest_error; empties f. */
gh_json *rest_fields_take(struct rest_fields *f);
void rest_fields_clear(struct rest_fields *f);

/* Decoded value of a parameter of the query; malloc'd, NULL when absent. GH_E_BAD_REQUEST when it
 * is there twice or is not percent-encoded UTF-8. */
int rest_query(const struct call *call, const char *name, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* Whatever the query holds beside these names is wrong: a filter that is misspelled must not let
 * everything through. names: NULL at the end. */
void rest_query_only(const struct call *call, const char *const *names, struct rest_fields *f);

#endif
