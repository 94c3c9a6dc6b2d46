/*
 * PKCS#10 certification requests (RFC 2986). ca_pkcs10_parse is a strict parser without policy:
 * what it accepts is one well-formed request and nothing else. ca_pkcs10_check then decides whether
 * the key and the signature are fit to be certified at all, whatever the template says.
 */
#ifndef CA_PKCS10_H
#define CA_PKCS10_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "der.h"
#include "error.h"

#define CA_PKCS10_DER_MAX (64 * 1024) /* bytes; RSA-16384 with many SANs stays far below */

enum ca_key_type { CA_KEY_RSA, CA_KEY_EC, CA_KEY_ED25519, CA_KEY_OTHER };

struct ca_pkcs10 {
	X509_REQ *req;
	EVP_PKEY *key;                         /* ask here, not at req: see lazy_key.h */
	STACK_OF(X509_EXTENSION) * extensions; /* requested; NULL when none. No OID twice. */
	unsigned char *der;                    /* exactly as it came; of a CRMF in DER */
	size_t der_len;
	/* of a CRMF (crmf.h), in its DER; else empty */
	struct gh_der cert_request;    /* what the signature is over */
	struct gh_der archive_options; /* PKIArchiveOptions (RFC 4211, 6.4) */
	bool is_verified; /* its proof of possession was seen when it was recorded, and is not kept
			   */
	/* Of a CRMF whose key does not sign: possession is proven by a challenge (crmf.h), and
	 * until then ca_pkcs10_check refuses it. */
	bool awaits_proof;
	unsigned char *spki; /* SubjectPublicKeyInfo, DER */
	size_t spki_len;
	enum ca_key_type key_type;
	int key_bits;          /* RSA modulus, EC field size; 256 for Ed25519 */
	char curve[16];        /* "P-256", "P-384", "P-521"; "" when not EC */
	char *ms_template;     /* 1.3.6.1.4.1.311.20.2 (BMPString or other string), or NULL */
	char *ms_template_oid; /* 1.3.6.1.4.1.311.21.7 template OID, dotted, or NULL */
	uint32_t ms_template_major, ms_template_minor;
};

/*
 * Remove any armour of notes "keyfactor-classic-api" 3.4 (PEM with either label, LF, CRLF or blanks
 * for line ends, bare base64, surrounding white space). *der malloc'd. Returns 0 or GH_E_CSR,
 * GH_E_NOMEM.
 */
int ca_pkcs10_unarmour(const char *text, unsigned char **der, size_t *der_len,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Parse DER. Refused with GH_E_CSR: not DER or trailing bytes, version other than v1(0), an
 * attribute type twice, an attribute with other than one value where one is meant (311.13.2.3,
 * 311.13.2.2, extensionRequest), both extensionRequest attributes, an extension twice, a key that
 * cannot be read. *out is NULL after a failure.
 */
int ca_pkcs10_parse(const unsigned char *der, size_t der_len, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;
void ca_pkcs10_free(struct ca_pkcs10 *csr);

/*
 * Proof of possession (RFC 2986, 4.2; RFC 4211, 4.1) and the floor that no template can lower: RSA
 * 2048 to 16384 bits with odd exponent >= 65537, no ROCA fingerprint (CVE-2017-15361); EC on P-256,
 * P-384, P-521 with named curve and a valid point; Ed25519; signature with SHA-256 or stronger.
 * What is_verified has no signature any more; its key is looked at.
 * Returns 0, GH_E_CSR_SIGNATURE or GH_E_CSR_WEAK.
 */
int ca_pkcs10_check(const struct ca_pkcs10 *csr, struct gh_error *err) GH_MUSTCHECK;

const char *ca_key_type_name(enum ca_key_type t); /* "RSA", "EC", "Ed25519", "other" */

#endif
