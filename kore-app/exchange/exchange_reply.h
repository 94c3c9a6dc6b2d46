/* The end of an exchange: its answer on the connection, its line in the log, its count. Event loop
 * only. */
#ifndef EXCHANGE_REPLY_H
#define EXCHANGE_REPLY_H

#include "exchange.h"

/* Send the reply on x->conn, which is not NULL, and exchange_finish. */
void exchange_send(struct exchange *x);
/* Count and log it. is_gone: nobody got the answer. */
void exchange_finish(const struct exchange *x, bool is_gone);

#endif
