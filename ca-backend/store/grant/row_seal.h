/*
 * MACs over rows that grant rights. Pure functions: no database. All are HMAC-SHA256 under one key
 * that is derived from the gateway secret, over an encoding in which each part has a type and a
 * length, so that no two contents have the same bytes:
 *
 *   row    "row"   version  table  key  content (JSON; members by name, numbers by value)
 *   table  "table" version  table  count, then key and MAC of each row by ascending key
 *   head   "head"  version  revision  count, then name and table MAC of each table
 *
 * The head binds the whole: a row that is added, changed, moved to another key, taken away or set
 * back to an older state does not fit it.
 */
#ifndef STORE_ROW_SEAL_H
#define STORE_ROW_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "error.h"
#include "json.h"

#define ROW_SEAL_SIZE 32 /* bytes of a MAC */
#define ROW_SEAL_LABEL "gatehouse row seal v1"

struct row_seal {
	int64_t key; /* primary key of the row */
	unsigned char mac[ROW_SEAL_SIZE];
};

/* All: GH_E_NOMEM, GH_E_INTERNAL. key: of gh_derive_key with ROW_SEAL_LABEL. */
int row_seal_row(const unsigned char key[GH_KEY_SIZE], const char *table, int64_t id,
    const gh_json *content, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* rows: by ascending key. */
int row_seal_table(const unsigned char key[GH_KEY_SIZE], const char *table,
    const struct row_seal *rows, size_t n, unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
int row_seal_head(const unsigned char key[GH_KEY_SIZE], int64_t revision, const char *const *tables,
    const unsigned char (*macs)[ROW_SEAL_SIZE], size_t n, unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

#endif
