/* What `gatehouse db` shows of rows that do not fit their MAC. */
#ifndef DB_RESEAL_H
#define DB_RESEAL_H

#include <stdio.h>

#include "store/database/reseal.h"

/* The problem and one line for each row. */
void db_reseal_show(const struct store_grant_macs *seals, FILE *f);

#endif
