/* Taking over a CA that was made elsewhere, with its key. */
#ifndef AUTHORITY_IMPORT_H
#define AUTHORITY_IMPORT_H

#include "authority.h"

/* One of both keys. */
struct authority_import {
	struct authority_settings settings; /* key_uri: where the key is, or NULL and pkcs8 is it */
	const unsigned char *pkcs8;         /* PrivateKeyInfo, DER */
	size_t pkcs8_len;
	const struct cert_chain *chain; /* its certificate, then its issuers in order */
};

/* *out: the CA as stored, for ca_free. GH_E_CONFLICT: name taken; GH_E_SIGNER: key and certificate
 * do not belong together, or it is no CA's; GH_E_CONF names the setting. */
int authority_import(const struct authority *a, const struct authority_import *spec,
    struct ca **out, struct gh_error *err) GH_MUSTCHECK;

#endif
