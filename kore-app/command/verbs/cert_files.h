/* Certificates and keys of CAs in files: PEM, DER and PKCS#12. */
#ifndef CERT_FILES_H
#define CERT_FILES_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "formats/enroll_request.h"
#include "error.h"

/* A CA as files have it. Zeroed at first; for cert_files_clear. */
struct cert_files {
	X509 *cert; /* the first one read */
	STACK_OF(X509) * others;
	unsigned char *pkcs8; /* PrivateKeyInfo, DER; wiped */
	size_t pkcs8_len;
};
void cert_files_clear(struct cert_files *f);

/* All certificates of a file, PEM or one in DER. The first of the first file is the CA's. GH_E_CONF
 * names the file. */
int cert_files_add(struct cert_files *f, const char *path, struct gh_error *err) GH_MUSTCHECK;
/* A private key in PEM; asks for its password when it is encrypted (password_file, else the
 * terminal). */
int cert_files_read_key(struct cert_files *f, const char *path, const char *password_file,
    struct gh_error *err) GH_MUSTCHECK;
/* Key, certificate and chain. */
int cert_files_read_pkcs12(struct cert_files *f, const char *path, const char *password_file,
    struct gh_error *err) GH_MUSTCHECK;

/* The certificate, its issuers in order, the root; each signed by the next. GH_E_CONF: one is
 * missing, or the chain is too long. */
int cert_files_chain(const struct cert_files *f, struct cert_chain *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
