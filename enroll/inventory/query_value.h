/* Values of a query: what people write behind an operator, by the type of the field. */
#ifndef ENROLL_QUERY_VALUE_H
#define ENROLL_QUERY_VALUE_H

#include "query_parse.h"

/* text: without quotes and white space around it. Fills text, number and is_day of n by its type
 * and operator. false: what was expected is in why, a clause for people. GH_E_NOMEM leaves why
 * empty. */
bool query_value_take(const struct query_env *env, const char *text, struct cert_node *n, char *why,
    size_t size);

/* May the operator of n be used with its column and type? */
bool query_value_may(const struct cert_node *n);

#endif
