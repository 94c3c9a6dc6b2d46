/* What clients answer to packages (RFC 8295, 5.2, 6.2, 7.2, 8.2): read, verified, and put on record
 * with the package that it names. */
#ifndef PACKAGE_RETURN_H
#define PACKAGE_RETURN_H

#include "call.h"
#include "package/tamp.h"

#define PACKAGE_ANSWER_MAX ((size_t)256 * 1024) /* bytes */

struct package_reply {
	const char *operation;  /* "symmetrickeys", "serverkeygen", "firmware", "tamp" */
	enum tamp_message tamp; /* as the content type says; 0: it is none of TAMP's */
	struct gh_der ber;
};

/*
 * Receipts for keys must be signed; what is signed must be so with the certificate of the
 * connection, or with one that we issued to the caller and that is valid. The package is found by
 * the reference, whole, among those of the caller; a key that was made here, among those that he
 * got. The same answer once more changes nothing. All public: GH_E_BAD_REQUEST: malformed, not
 * signed, of another type than was announced; GH_E_SIGNATURE; GH_E_FORBIDDEN: the signer is not the
 * caller, or the package is not his; GH_E_NOT_FOUND: no package has that reference, or he has not
 * fetched it.
 */
int package_return(struct worker_env *env, const struct call *call,
    const struct package_reply *reply, struct gh_error *err) GH_MUSTCHECK;

#endif
