/* What a client answers to a package: a receipt, a confirmation, or an error. */
#ifndef PACKAGE_ANSWER_H
#define PACKAGE_ANSWER_H

#include "der.h"

/* Points into the DER that it was read from. */
struct package_answer {
	bool is_error;
	unsigned code;           /* of an error, in its own numbering; 0: none */
	struct gh_der reference; /* as package_facts.reference of what it answers; p is NULL: it
				    does not say */
	/* Of firmware, else empty: the module that has loaded it. hw_type: content of the OID. */
	struct gh_der hw_type, hw_serial;
};

#endif
