/* A test of the query language (docs/inventory.md), written of what somebody typed. */
#ifndef CONSOLE_QUERY_TEST_H
#define CONSOLE_QUERY_TEST_H

#include "buf.h"

/* FIELD op "value", behind AND where something stands before it. */
void console_query_test(struct gh_buf *b, const char *field, const char *op, const char *value);

#endif
