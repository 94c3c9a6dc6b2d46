/* CMS content constraints (RFC 6010): an extension of certificates that says which content types
 * their holder may sign. */
#ifndef CMS_CONSTRAINTS_H
#define CMS_CONSTRAINTS_H

#include <openssl/x509.h>

#include "der.h"

#define CMS_CONSTRAINTS "1.3.6.1.5.5.7.1.18"

/* The value of our own signers of packages: TAMP messages (RFC 5934: 1, 3, 5, 7, 10), and
 * symmetric key packages (RFC 6031). */
#define CMS_CONSTRAINTS_TAMP(n) \
	0x30, 0x0c, 0x06, 0x0a, 0x60, 0x86, 0x48, 0x01, 0x65, 0x02, 0x01, 0x02, 0x4d, (n)
#define CMS_CONSTRAINTS_OF_PACKAGES \
	0x30, 0x55, CMS_CONSTRAINTS_TAMP(1), CMS_CONSTRAINTS_TAMP(3), CMS_CONSTRAINTS_TAMP(5), \
	    CMS_CONSTRAINTS_TAMP(7), CMS_CONSTRAINTS_TAMP(10), 0x30, 0x0d, 0x06, 0x0b, 0x2a, 0x86, \
	    0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x19

/* May the holder originate content of this type (content octets of its OID)? Without the extension:
 * yes. What is malformed, or constrains attributes of the type, which nobody looks at here: no. */
bool cms_constraints_allow(X509 *cert, const struct gh_der *type);

#endif
