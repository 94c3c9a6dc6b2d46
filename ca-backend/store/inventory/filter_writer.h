/* A condition while it is written: its SQL, and the values in it, which are elements of one array
 * and so one parameter. Used by cert_filter.c and cert_narrow.c alone. */
#ifndef STORE_FILTER_WRITER_H
#define STORE_FILTER_WRITER_H

#include "cert_filter.h"

#define FILTER_VALUES_MAX (3 * CERT_TESTS_MAX)
#define SQL_VALUE_SIZE 48

struct filter_writer {
	struct gh_buf *b;
	int param;                          /* number of that parameter */
	char *value[FILTER_VALUES_MAX + 1]; /* owned, NULL-ended */
	size_t values;
	bool failed;
};

/* NULL: no memory, which p remembers. */
struct filter_writer *filter_begin(struct gh_buf *b, struct store_params *p);
/* Puts the parameter where there is a value, and frees w; accepts NULL. */
void filter_end(struct filter_writer *w, struct store_params *p);

/* Take a value in; where it stands in SQL, in out, which is returned. The first takes text over. */
const char *filter_add_owned(struct filter_writer *w, char *text, char out[SQL_VALUE_SIZE]);
const char *filter_add_text(struct filter_writer *w, const char *text, char out[SQL_VALUE_SIZE]);
const char *filter_add_number(struct filter_writer *w, int64_t number, char out[SQL_VALUE_SIZE]);
/* A pattern of LIKE for this text, whose own % and _ are no wildcards; malloc'd. */
char *filter_pattern(const char *text, bool open_left, bool open_right);

/* The whole condition, in brackets. */
void filter_put_node(struct filter_writer *w, const struct cert_node *n);

#endif
