/* What the files about CRLs share. */
#ifndef STORE_CRL_PRIVATE_H
#define STORE_CRL_PRIVATE_H

#include "crl_row.h"
#include "store/store_private.h"

/* Columns of a struct store_crl, of the table or alias t. */
#define STORE_CRL_COLUMNS_N 12
#define STORE_CRL_COLUMNS(t) \
	t ".id, " t ".ca_id, coalesce(" t ".shard, -1), " t ".is_delta, " t ".number, coalesce(" t \
	  ".base_number, 0), " \
	  "floor(extract(epoch FROM " t ".this_update))::bigint, floor(extract(epoch FROM " t \
	  ".next_update))::bigint, " t ".entries, " t ".size, " t ".published_at IS NOT NULL, " t \
	  ".sha256"
/* *out with id 0 when the first column is null. */
void store_crl_fill(const PGresult *res, int row, int col, struct store_crl *out);
int store_crl_copy_parts(struct store *s, int64_t id, int first,
    int (*part)(void *arg, const unsigned char *p, size_t len, struct gh_error *err), void *arg,
    struct gh_error *err) GH_MUSTCHECK;

#endif
