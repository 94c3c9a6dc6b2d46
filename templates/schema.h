/*
 * Reading a JSON object into a struct by a table of its members. Members that are not in the table
 * are refused, and each message begins with the path of the wrong value: "keyTypes[1].minSize:
 * ...".
 */
#ifndef TMPL_SCHEMA_H
#define TMPL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

/* Where in the file we are: a chain of stack variables of the loaders. name NULL: element index. */
struct schema_at {
	const struct schema_at *up;
	const char *name;
	size_t index;
};

struct schema_member;
/* out: the field of the member. v has the type of the table. Returns 0 or GH_E_TEMPLATE_INVALID,
 * GH_E_NOMEM. */
typedef int (*schema_loader)(const struct schema_member *m, const gh_json *v,
    const struct schema_at *at, void *out, struct gh_error *err);

struct schema_member {
	const char *name; /* NULL ends the table */
	enum gh_json_type type;
	bool required;
	size_t offset; /* of the field */
	schema_loader load;
	int64_t min, max; /* value of an integer, bytes of a string, elements of an array */
	const void *arg;  /* what the loader needs: a table of names, ... */
};

int schema_load(const struct schema_member *table, const gh_json *obj, const struct schema_at *at,
    void *out, struct gh_error *err) GH_MUSTCHECK;

/* GH_E_TEMPLATE_INVALID with the path before the text. */
int schema_fail(const struct schema_at *at, struct gh_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Common loaders. */
int schema_string(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err); /* char * */
int schema_int(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err); /* int */
int schema_bool(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err); /* bool */
/* struct tmpl_list. arg: NULL, or a schema_check that each text must pass. */
int schema_list(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);
/* uint32_t. arg: struct tmpl_flag table. */
int schema_flags(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);
/* int. arg: struct schema_choice table. */
int schema_choice(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err);

/* Returns the text to keep (borrowed, may be another spelling), or NULL with *why set. */
struct schema_check {
	const char *(*accept)(const char *text);
	const char *why;
};
struct schema_choice {
	const char *name;
	int value;
};

/* Walks an array and loads each element; refuses more than m->max. */
int schema_text_at(const gh_json *array, size_t i, const struct schema_at *at, const char **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
