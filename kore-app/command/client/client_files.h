/* What the client leaves on disk: certificate, chain, PKCS#12. */
#ifndef CLIENT_FILES_H
#define CLIENT_FILES_H

#include <openssl/evp.h>

#include "error.h"

#include "client_answer.h"

struct client_files {
	const char *cert, *chain, *p12; /* NULL: not written */
	const char *p12_password;       /* with p12 */
	bool replace;
};

/* key: private, with p12; else may be NULL. The chain file holds the issuers, root last. */
int client_files_write(const struct client_files *f, const struct client_answer *a, EVP_PKEY *key,
    struct gh_error *err) GH_MUSTCHECK;
/* All certificates of a PEM file. GH_E_CONF. */
int client_files_load_certs(const char *path, STACK_OF(X509) * *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
