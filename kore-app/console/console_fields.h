/* Metadata fields on the page of the inventory: each as a filter, by its type, and as a column. */
#ifndef CONSOLE_FIELDS_H
#define CONSOLE_FIELDS_H

#include "buf.h"
#include "catalog/catalog.h"
#include "json.h"
#include "rest/rest_list.h"
#include "words.h"

#define CONSOLE_FIELDS_MAX 100 /* the first ones, by display order */
#define CONSOLE_FIELD_NAME_SIZE 32

/* Parameters of the page for each field, called by the number of its row: m12 (is, has, or yes and
 * no), m12_from and m12_to (of numbers and days), show_m12 (a column). */
enum { FIELD_IS, FIELD_FROM, FIELD_TO, FIELD_SHOWN, FIELD_PARAMS };

/* How many fields there are for the page. */
size_t console_fields_count(const struct catalog *c);
/* The name of one of the parameters of the i-th field. Returns out. */
char *console_field_name(const struct catalog *c, size_t i, int param,
    char out[CONSOLE_FIELD_NAME_SIZE]);

/* p: FIELD_PARAMS for each field, NULL where one is not set, here and below. Adds the tests that
 * they mean. */
void console_fields_write(struct gh_buf *b, const struct catalog *c, const struct rest_param *p);
/* What the form shows: {param, name, is_text, is_range, is_choice, ...}. NULL: out of memory. */
gh_json *console_fields_form(const struct catalog *c, const struct rest_param *p,
    const struct words *w);
/* More {name, text, is_shown} of a list of columns. 0 or -1. */
int console_fields_columns(gh_json *list, const struct catalog *c, const struct rest_param *p);
/* Is it a member of "id,subject,..."? Without case. And the i-th field, as the API calls it? */
bool console_is_member(const char *list, const char *name);
bool console_field_is_member(const char *list, const struct catalog *c, size_t i);
/* Adds ",Metadata.NAME" for each that is a column. */
void console_fields_members(struct gh_buf *b, const struct catalog *c, const struct rest_param *p);
/* More options of a list of orders: the fields that have an index. chosen: as a query has it, with
 * the prefix or without. 0 or -1. */
int console_fields_orders(gh_json *list, const struct catalog *c, const char *chosen);
bool console_fields_are_shown(const struct catalog *c, const struct rest_param *p);
/* "fields" of a certificate: {name, value} of the columns that are shown. 0 or -1. */
int console_fields_put(gh_json *row, const struct catalog *c, const struct rest_param *p);

#endif
