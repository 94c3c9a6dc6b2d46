/*
 * SignedData of CMS (RFC 5652, 5): read and verified by a key that the caller has chosen, and made.
 * Nothing that comes with a message is believed: its certificates are only there to be looked up.
 */
#ifndef CA_CMS_SIGNED_H
#define CA_CMS_SIGNED_H

#include <openssl/cms.h>

#include "der.h"
#include "error.h"

#define CMS_MESSAGE_MAX (512 * 1024) /* bytes */
#define CMS_CERTS_MAX 32             /* in one message */

/* Any message of CMS, BER: libcrypto gets definite lengths and a bounded depth only (ber.h). NULL:
 * malformed, or something behind it. The caller bounds its size. */
CMS_ContentInfo *cms_decode(const struct gh_der *ber);

struct cms_signed {
	CMS_ContentInfo *cms;
	STACK_OF(X509) * certs; /* that came with it, in their order; NULL: none */
	struct gh_der type;     /* content of the OID of the content type; in cms */
	struct gh_der content;  /* octets of eContent; in cms */
	int signers;            /* SignerInfos */
};

/*
 * Read BER: indefinite lengths and strings in pieces, too, nested at most 24 deep (ber.h).
 * GH_E_BAD_REQUEST: no SignedData with content, or more than the limits above. *out is empty after
 * a failure; cms_signed_clear.
 */
int cms_signed_read(const unsigned char *ber, size_t len, struct cms_signed *out,
    struct gh_error *err) GH_MUSTCHECK;
void cms_signed_clear(struct cms_signed *m); /* accepts an empty one */

/* Who made signature i says that he is. Borrowed from m; one of serial and key_id is NULL. */
struct cms_signer_id {
	const X509_NAME *issuer;
	const ASN1_INTEGER *serial;
	const ASN1_OCTET_STRING *key_id; /* SubjectKeyIdentifier */
};
void cms_signed_signer(const struct cms_signed *m, int i, struct cms_signer_id *out);
/* The certificate of that signer among those that came with it; borrowed. NULL: it is not there. */
X509 *cms_signed_find_cert(const struct cms_signed *m, int i);

/* When signature i says that it was made (11.3); borrowed. *is_there without a time: the attribute
 * is malformed, or there twice. To be asked once the signature is verified. */
const ASN1_TIME *cms_signed_time(const struct cms_signed *m, int i, bool *is_there);

/*
 * Is signature i by this key over this content? With signed attributes (5.3), whose content type is
 * that of the message (11.1). GH_E_CSR_WEAK: a digest other than SHA-256, SHA-384 and SHA-512;
 * GH_E_SIGNATURE: anything else that is wrong. Public texts.
 */
int cms_signed_verify(const struct cms_signed *m, int i, EVP_PKEY *key,
    struct gh_error *err) GH_MUSTCHECK;

/* What makes a message. */
struct cms_signing {
	EVP_PKEY *key; /* with cert; NULL: nobody signs it */
	X509 *cert;
	STACK_OF(X509) * certs;    /* that go with it, beside cert; NULL: none */
	STACK_OF(X509_CRL) * crls; /* the same */
	const char *type;          /* dotted */
	/* The signer is named by the subjectKeyIdentifier of cert, which does not go with it: it
	 * stands for a key without a certificate (RFC 5272, 3.2). */
	bool is_by_key_id;
	/* A signed attribute beside those of RFC 5652: dotted, and the DER of its one value. NULL:
	 * none. */
	const char *attribute;
	struct gh_der value;
};
/* *der: malloc'd DER of a ContentInfo. GH_E_INTERNAL, GH_E_NOMEM. */
int cms_signed_make(const struct cms_signing *s, const struct gh_der *content, unsigned char **der,
    size_t *len, struct gh_error *err) GH_MUSTCHECK;

#endif
