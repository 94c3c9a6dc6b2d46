/* CRLs in the directory (RFC 4523, 2.3 and 2.4), for relying parties that look there. */
#ifndef DIR_PUBLISH_H
#define DIR_PUBLISH_H

#include <stddef.h>

#include "dir.h"

/* pattern with each %s replaced by name, escaped as the value of an RDN (RFC 4514, 2.4). -1: too
 * long, or another % in it. */
int dir_publish_dn(const char *pattern, const char *name, char *out, size_t size) GH_MUSTCHECK;

/*
 * Replace certificateRevocationList;binary, or deltaRevocationList;binary, of the entry; one that
 * does not exist is made as a cRLDistributionPoint. As the service account, within
 * directory.operation_ms. GH_E_DIR_DOWN for every failure: with the directory's own words in the
 * detail.
 */
int dir_publish_crl(struct dir *d, const char *dn, bool is_delta, const void *der, size_t len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
