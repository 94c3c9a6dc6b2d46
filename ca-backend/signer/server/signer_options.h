/* What gatehouse-signer is told on its command line. */
#ifndef SIGNER_OPTIONS_H
#define SIGNER_OPTIONS_H

#include "log.h"
#include "signer/keys/sealed.h"

#include "server.h"

struct signer_options {
	struct server_options server;
	const char *key_file;
	const char *module, *pin_file; /* PKCS#11; NULL = none */
	int admin_fd;                  /* -1 = serve the socket */
	bool first_password_by_api;
	bool allow_legacy_wrapping;
	bool sealed_policy_only;
	enum signer_role role;
	enum gh_log_level log_level;
};

/* 0, and the log has the name of the role; or -1 when it was told what is wrong. --help and version
 * end the process. Texts point into argv. */
int signer_options_parse(int argc, char **argv, struct signer_options *o);

#endif
