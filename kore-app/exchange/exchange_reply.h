/* The end of an exchange: its answer on the connection, its line in the log, its count. Event loop
 * only. */
#ifndef EXCHANGE_REPLY_H
#define EXCHANGE_REPLY_H

#include "exchange.h"

/* Send the reply on x->conn, which is not NULL. True: exchange_finish is done, and x the caller's.
 * False: the connection keeps x until its feed has ended; it may be gone already. */
bool exchange_send(struct exchange *x) GH_MUSTCHECK;
/* Log it, and count it unless exchange_send has. is_gone: nobody got the answer, or not all of it.
 */
void exchange_finish(const struct exchange *x, bool is_gone);

#endif
