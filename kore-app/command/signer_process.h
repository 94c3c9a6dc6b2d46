/* gatehouse-signer as it is started: in the role of the signer of the CAs and, where one is
 * configured, of the KRA. */
#ifndef SIGNER_PROCESS_H
#define SIGNER_PROCESS_H

#include "conf.h"

enum signer_process_kind { SIGNER_PROCESS_CA, SIGNER_PROCESS_KRA, SIGNER_PROCESSES };

/* All borrowed. */
struct signer_process {
	enum signer_process_kind kind;
	const char *section; /* of the configuration */
	const char *name;    /* "the signer", "the KRA" */
	char *program;
	const struct gh_conf_signer *conf;
};

struct signer_process signer_process_of(const struct gh_conf *conf, enum signer_process_kind kind);
/* Is there such a process? The signer always is. */
bool signer_process_is_wanted(const struct gh_conf *conf, enum signer_process_kind kind);

/* The arguments that say what it is and which keys it has, and the NULL behind them: role, key
 * file, PKCS#11 token. They point into the configuration. */
#define SIGNER_PROCESS_ARGS 9
void signer_process_args(const struct signer_process *p, char **argv);

#endif
