/*
 * Which tables grant rights, and which of their columns. A table joins by a row in grant_table.c:
 * it is then sealed when it is written and checked when it is read (grant.h). Content of a row is
 * JSON with these columns. A table that came with an update is empty until Gatehouse writes to it
 * (grant.h, is_new). A database that was sealed with other columns must be sealed anew after an
 * update (`gatehouse db reseal`), or by the update.
 */
#ifndef STORE_GRANT_TABLE_H
#define STORE_GRANT_TABLE_H

#include <stdbool.h>

#include "buf.h"

enum grant_table {
	GRANT_ADMIN_USER,
	GRANT_APPLICATION,
	GRANT_CA,
	GRANT_CA_CERTIFICATE,
	GRANT_CA_RULE,
	GRANT_EST_LABEL,
	GRANT_CMC_SECRET,
	GRANT_EST_KEY,
	GRANT_EST_DEVICE,
	GRANT_EST_USER,
	GRANT_METADATA_FIELD,
	GRANT_NAME_OWNER,
	GRANT_PACKAGE,
	GRANT_TEMPLATE,
	GRANT_VIEW_RULE,
	GRANT_WEBHOOK,
	GRANT_TABLES
};

const char *grant_table_name(enum grant_table t);
/* Column i whose value is sealed, NULL at the end. The first is the primary key, "id". */
const char *grant_table_column(enum grant_table t, size_t i);
/* Did the table get it later? Then a row has the member only where it is not null. */
bool grant_table_is_later(enum grant_table t, size_t i);

/* SQL: all rows as one JSON array, by ascending key. */
void grant_table_put_select(struct gh_buf *b, enum grant_table t);
/* Statements with one parameter, the row as JSON. It may have members that are not sealed; an
 * update leaves those that are absent as they are. */
void grant_table_put_insert(struct gh_buf *b, enum grant_table t);
void grant_table_put_update(struct gh_buf *b, enum grant_table t);

#endif
