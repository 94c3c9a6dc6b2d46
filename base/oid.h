/*
 * Object identifiers that we read or write without OpenSSL, as the content octets of their DER, and
 * those as text that OpenSSL has no name for. An element in an initialiser is GH_OID_DER(GH_OID_X).
 */
#ifndef GH_OID_H
#define GH_OID_H

#include "der.h"

/* Tag, length, content. */
#define GH_OID_DER(...) GH_DER_OID, sizeof((const unsigned char[]){__VA_ARGS__}), __VA_ARGS__
/* Is the content of this struct gh_der that identifier? */
#define GH_OID_IS(der, ...) \
	gh_der_equals(der, (const unsigned char[]){__VA_ARGS__}, \
	    sizeof((const unsigned char[]){__VA_ARGS__}))

/* id-ce, 2.5.29.n: extensions of certificates and CRLs (RFC 5280, 4.2.1, 5.2, 5.3) */
#define GH_OID_CE(n) 0x55, 0x1d, (n)
#define GH_OID_SUBJECT_KEY_ID GH_OID_CE(14)
#define GH_OID_KEY_USAGE GH_OID_CE(15)
#define GH_OID_SUBJECT_ALT_NAME GH_OID_CE(17)
#define GH_OID_BASIC_CONSTRAINTS GH_OID_CE(19)
#define GH_OID_CRL_NUMBER GH_OID_CE(20)
#define GH_OID_CRL_REASON GH_OID_CE(21)
#define GH_OID_INVALIDITY_DATE GH_OID_CE(24)
#define GH_OID_ISSUING_DISTRIBUTION_POINT GH_OID_CE(28)
#define GH_OID_CERTIFICATE_ISSUER GH_OID_CE(29)
#define GH_OID_CRL_DISTRIBUTION_POINTS GH_OID_CE(31)
#define GH_OID_AUTHORITY_KEY_ID GH_OID_CE(35)
#define GH_OID_EXT_KEY_USAGE GH_OID_CE(37)
#define GH_OID_ANY_EXT_KEY_USAGE GH_OID_EXT_KEY_USAGE, 0

/* id-pkix, 1.3.6.1.5.5.7 */
#define GH_OID_PKIX 0x2b, 6, 1, 5, 5, 7
#define GH_OID_AUTHORITY_INFO_ACCESS GH_OID_PKIX, 1, 1
#define GH_OID_KP_OCSP_SIGNING GH_OID_PKIX, 3, 9
/* id-pkix-ocsp (RFC 6960, 4.4) */
#define GH_OID_OCSP GH_OID_PKIX, 48, 1
#define GH_OID_OCSP_BASIC GH_OID_OCSP, 1
#define GH_OID_OCSP_NONCE GH_OID_OCSP, 2
#define GH_OID_OCSP_NOCHECK GH_OID_OCSP, 5
#define GH_OID_OCSP_ARCHIVE_CUTOFF GH_OID_OCSP, 6

/* rsadsi, 1.2.840.113549 (RFC 2315, RFC 3279, RFC 4055) */
#define GH_OID_RSADSI 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d
#define GH_OID_RSA GH_OID_RSADSI, 1, 1, 1
#define GH_OID_RSAES_OAEP GH_OID_RSADSI, 1, 1, 7
#define GH_OID_MGF1 GH_OID_RSADSI, 1, 1, 8
#define GH_OID_P_SPECIFIED GH_OID_RSADSI, 1, 1, 9
#define GH_OID_SHA256_WITH_RSA GH_OID_RSADSI, 1, 1, 11
#define GH_OID_PKCS7_DATA GH_OID_RSADSI, 1, 7, 1
#define GH_OID_PKCS7_SIGNED_DATA GH_OID_RSADSI, 1, 7, 2
#define GH_OID_EXTENSION_REQUEST GH_OID_RSADSI, 1, 9, 14
#define GH_OID_ENC_KEY_WITH_ID GH_OID_RSADSI, 1, 9, 16, 1, 21 /* RFC 4211, 6.4 */

/* ansi-x9-62, 1.2.840.10045, and certicom, 1.3.132.0 (RFC 5480, RFC 5758) */
#define GH_OID_X9_62 0x2a, 0x86, 0x48, 0xce, 0x3d
#define GH_OID_EC GH_OID_X9_62, 2, 1
#define GH_OID_P256 GH_OID_X9_62, 3, 1, 7
#define GH_OID_P384 0x2b, 0x81, 4, 0, 34
#define GH_OID_P521 0x2b, 0x81, 4, 0, 35
#define GH_OID_ECDSA_SHA256 GH_OID_X9_62, 4, 3, 2
#define GH_OID_ECDSA_SHA384 GH_OID_X9_62, 4, 3, 3
/* dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753, 7.1.4) */
#define GH_OID_DH_SHA256KDF 0x2b, 0x81, 4, 1, 11, 1
#define GH_OID_ED25519 0x2b, 0x65, 0x70 /* RFC 8410, 3 */

#define GH_OID_SHA1 0x2b, 14, 3, 2, 26
#define GH_OID_SHA256 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1
#define GH_OID_AES(n) 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, (n) /* RFC 3565, 5084, 5649 */

/* 1.3.6.1.4.1.311: MS-WCCE, 2.2.2.7 */
#define GH_OID_MICROSOFT 0x2b, 6, 1, 4, 1, 0x82, 0x37
#define GH_OID_MS_ENROLLMENT_CSP GH_OID_MICROSOFT, 13, 2, 2
#define GH_OID_MS_OS_VERSION GH_OID_MICROSOFT, 13, 2, 3
#define GH_OID_MS_TEMPLATE_NAME GH_OID_MICROSOFT, 20, 2
#define GH_OID_MS_TEMPLATE GH_OID_MICROSOFT, 21, 7
#define GH_OID_TEXT_UPN "1.3.6.1.4.1.311.20.2.3" /* szOID_NT_PRINCIPAL_NAME: an otherName */
#define GH_OID_TEXT_GUID "1.3.6.1.4.1.311.25.1"  /* szOID_NTDS_REPLICATION: an otherName */
#define GH_OID_TEXT_SID_EXTENSION "1.3.6.1.4.1.311.25.2"
#define GH_OID_TEXT_SID "1.3.6.1.4.1.311.25.2.1" /* the otherName in it */

#define GH_OID_NS_CERT_TYPE 0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1

#endif
