/*
 * JSON, over jansson. Objects from outside are read with gh_json_find, which compares member names
 * without case and without surrounding white space (as the clients of CertEnroll need).
 */
#ifndef GH_JSON_H
#define GH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct json_t;
typedef struct json_t gh_json; /* reference counted: gh_json_free drops one */

enum gh_json_mode {
	GH_JSON_STRICT,
	/* raw control characters inside strings are taken as they are; text that is not UTF-8 is
	 * read as ISO-8859-1 (PowerShell 5.1 sends that) */
	GH_JSON_LENIENT,
};

enum gh_json_type {
	GH_JSON_NULL,
	GH_JSON_BOOL,
	GH_JSON_INT,
	GH_JSON_REAL,
	GH_JSON_STRING,
	GH_JSON_ARRAY,
	GH_JSON_OBJECT
};

/* Exact duplicate members, NUL characters, and bytes after the value are refused. Any value may be
 * the root. Returns 0 or GH_E_BAD_JSON (message names line and column), GH_E_NOMEM. */
int gh_json_parse(const char *text, size_t len, enum gh_json_mode mode, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
void gh_json_free(gh_json *v);
gh_json *gh_json_ref(gh_json *v);
/* Same types and values; the order of members does not count. false where one of them is NULL. */
bool gh_json_equal(const gh_json *a, const gh_json *b);
enum gh_json_type gh_json_type(const gh_json *v); /* NULL counts as GH_JSON_NULL */
const char *gh_json_type_name(const gh_json *v);  /* "string", for messages */

/* Member by exact name; NULL when absent or obj is no object. Borrowed. */
gh_json *gh_json_get(const gh_json *obj, const char *name);

/* Member by name, any case, trimmed. *out is NULL when absent. Two members that match are refused
 * with GH_E_BAD_JSON. Borrowed. */
int gh_json_find(const gh_json *obj, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

const char *gh_json_string(const gh_json *v); /* NULL when it is no string */
size_t gh_json_string_length(const gh_json *v);
bool gh_json_int(const gh_json *v, int64_t *out); /* integer, or a string of decimal digits */
bool gh_json_bool(const gh_json *v, bool fallback);
size_t gh_json_size(const gh_json *v); /* members of an array or object, else 0 */
gh_json *gh_json_at(const gh_json *array, size_t i);

/* Walk an object: void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it) */
void *gh_json_iter(const gh_json *obj);
void *gh_json_next(const gh_json *obj, void *it);
const char *gh_json_iter_name(void *it);
gh_json *gh_json_iter_value(void *it);

/* Building. The setters return 0 or -1 when out of memory; they take over the value (also when they
 * fail, and a NULL value makes them fail). */
gh_json *gh_json_new_object(void);
gh_json *gh_json_new_array(void);
gh_json *gh_json_new_string(const char *s); /* NULL gives JSON null */
gh_json *gh_json_new_int(int64_t v);
gh_json *gh_json_new_bool(bool v);
int gh_json_set(gh_json *obj, const char *name, gh_json *v);
int gh_json_set_string(gh_json *obj, const char *name, const char *s);
int gh_json_set_int(gh_json *obj, const char *name, int64_t v);
int gh_json_set_bool(gh_json *obj, const char *name, bool v);
int gh_json_append(gh_json *array, gh_json *v);

/* One line, "name":value without blanks, '/' not escaped, members in the order they were set.
 * malloc'd, NULL when out of memory. pretty: indented, for people. */
char *gh_json_print(const gh_json *v, bool pretty);

#endif
