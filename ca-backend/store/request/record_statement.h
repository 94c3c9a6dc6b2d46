/* Inside store/request/: the text of the statements that record requests. */
#ifndef STORE_RECORD_STATEMENT_H
#define STORE_RECORD_STATEMENT_H

#include "store/store_private.h"

/* For n requests, 1 to STORE_BATCH_MAX. The parameters of each are those of fill_row, in the order
 * of the table of columns. *out is static. GH_E_NOMEM */
int record_statement(size_t n, const struct store_statement **out,
    struct gh_error *err) GH_MUSTCHECK;
/* For one request and its private key: behind those of fill_row come the parameters of put_key. */
int record_statement_with_key(const struct store_statement **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
