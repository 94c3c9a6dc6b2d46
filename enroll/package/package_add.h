/* A file becomes a package. */
#ifndef PACKAGE_ADD_H
#define PACKAGE_ADD_H

#include <openssl/x509.h>

#include "digest.h"
#include "package/package_form.h"
#include "store/store.h"

/* What is asked for. */
struct package_order {
	enum package_kind kind;
	const unsigned char *bytes;
	size_t len;
	const char *name;     /* for people */
	const char *audience; /* package_audience.h */
	const char *id;   /* hex, of a package that does not name itself; NULL: it does, or need not
			   */
	int64_t expires;  /* UTC seconds; 0: never */
	bool asks_answer; /* ask for an answer also where the package itself does not */
	STACK_OF(X509) * signers; /* who may have signed it, beside the certificates in it; NULL */
};

struct package_added {
	int64_t id;
	bool is_signed, is_checked; /* the signature, with a certificate that was at hand */
	bool is_plain;              /* keys that are not encrypted */
	const char *wrong; /* after GH_E_BAD_REQUEST: what of the order, as POST /pki/packages calls
			    * it; NULL: the file. Static */
};

/* Nothing is kept that is not of its kind. GH_E_BAD_REQUEST (public): what is wrong;
 * GH_E_CONFLICT (public): one of its kind has that reference. */
int package_add(struct store *s, const unsigned char server_secret[GH_KEY_SIZE],
    const struct requester *who, const struct package_order *order, struct package_added *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
