/*
 * regInfo (RFC 5272, 6.12): what client and server have agreed on. Here: metadata of the
 * certificates that the message asks for, as an object of JSON; the rules are those of all doors
 * (catalog/metadata.h). docs/cmc.md
 */
#ifndef CMC_REG_INFO_H
#define CMC_REG_INFO_H

#include "cmc_run.h"

/* Is the control well formed, where there is one? 0, or refused. */
int cmc_reg_info_check(struct cmc_run *r) GH_MUSTCHECK;
/* *out: the caller's; NULL: there is none, or it is something else. GH_E_BAD_REQUEST (public): an
 * object that cannot be read. */
int cmc_reg_info_read(const struct cmc_run *r, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
