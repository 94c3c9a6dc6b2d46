/* What somebody is told who meets a CA key that is locked. */
#ifndef AUTHORITY_CA_LOCKED_H
#define AUTHORITY_CA_LOCKED_H

#include "issuing/ca.h"
#include "error.h"
#include "store/store.h"

/*
 * err: of GH_E_CA_LOCKED, gets a public message that names the CA and says who can end it. After
 * too many wrong passwords it says until when nobody can, and retry_after is the time until then;
 * else CA_LOCKED_RETRY seconds, since somebody has to come. The database is asked; where it does
 * not answer, the message is without that time.
 */
void ca_locked_explain(struct store *store, const struct ca *ca, struct gh_error *err);

#define CA_LOCKED_RETRY 30

#endif
