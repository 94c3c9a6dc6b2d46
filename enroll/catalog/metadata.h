/* Metadata of certificates: typed fields (notes "keyfactor-classic-api" 4.5) and the check of
 * values. */
#ifndef ENROLL_METADATA_H
#define ENROLL_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "json.h"

enum metadata_type { /* wire numbers of the field definition */
	METADATA_STRING = 1,
	METADATA_INTEGER = 2,
	METADATA_DATE = 3,
	METADATA_BOOLEAN = 4,
	METADATA_MULTIPLE_CHOICE = 5,
	METADATA_BIG_TEXT = 6,
	METADATA_EMAIL = 7
};

struct metadata_field {
	int64_t id; /* row of the store; 0: not known */
	char *name;
	enum metadata_type type;
	bool required;
	char *regex;         /* metadata_regex.h; NULL = none */
	char **options;      /* NULL-ended; NULL = none */
	char *default_value; /* NULL = none */
	char *hint;          /* for people who fill it in; NULL = none */
	char *message;       /* told when the regex does not match; NULL = a general one */
	char *description;   /* for administrators; NULL = none */
	int display_order;   /* of forms and lists: small numbers first */
	bool allow_api;      /* Keyfactor's clients see it, and others than officers may set it */
	bool owner_sets; /* who asked for a certificate may change it afterwards; with allow_api */
	bool explicit_update; /* a value that is there is changed only where that is said */
	bool indexed; /* there is an index of its values (store/inventory/metadata_index.h) */
};

/* Field from its definition as JSON (store catalog, or a file of the administrator). GH_E_METADATA
 * with the member that is wrong. */
int metadata_field_load(const gh_json *json, struct metadata_field *out,
    struct gh_error *err) GH_MUSTCHECK;
void metadata_field_clear(struct metadata_field *f);
/* "String", "Integer" ... */
const char *metadata_type_name(enum metadata_type type);
/* The definition as metadata_field_load reads it: what the store keeps (the type is a number), or
 * as people see it (the type is a word, and all members are there). NULL when out of memory. */
gh_json *metadata_field_row(const struct metadata_field *f);
gh_json *metadata_field_view(const struct metadata_field *f);
/* Without case; NULL: there is none. Borrowed. */
const struct metadata_field *metadata_field_find(const struct metadata_field *fields, size_t n,
    const char *name);
/* Sorts by display order; those of the same one stay as they are. */
void metadata_fields_sort(struct metadata_field *fields, size_t n);

/*
 * list: object name -> value, or array of {MetadataFieldTypeName, Value}, or NULL/null. Names
 * without case. *out: object of typed values under the defined spelling of the names, defaults
 * filled in; dates as "YYYY-MM-DD", integers and booleans as such. required_names: array of further
 * required fields, or NULL. GH_E_METADATA names the field: unknown, wrong type, not an option,
 * regex, missing.
 */
int metadata_check(const struct metadata_field *fields, size_t n, const gh_json *list,
    const gh_json *required_names, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* The field that an error of metadata_check is about; NULL: none of these. Borrowed. */
const struct metadata_field *metadata_blamed(const struct metadata_field *fields, size_t n,
    const struct gh_error *err);

#endif
