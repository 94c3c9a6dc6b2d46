/* What the commands on CAs have in common: the means of ca-backend/authority, and passwords of
 * keys, which are in files or asked for. */
#ifndef CA_WORK_H
#define CA_WORK_H

#include "authority/authority.h"

#include "own_signer.h"
#include "command_env.h"

/* Files of passwords; NULL: asked for, where the key has one. */
struct ca_passwords {
	const char *file, *parent_file;
};

/* All borrowed; p also while *out is used. */
void ca_work_init(const struct command_env *env, const struct own_signer *signer,
    const struct ca_passwords *p, struct authority *out);
/* What was done to it: as JSON its id, else name and subject. */
void ca_work_tell(const struct ca *ca, bool json);

#endif
