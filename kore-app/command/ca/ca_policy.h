/*
 * The policy of a CA: what the administrator says by options, the readable copy in the database
 * (JSON, docs/certificate-authorities.md), and the limits that the signer enforces.
 */
#ifndef CA_POLICY_H
#define CA_POLICY_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "error.h"
#include "json.h"
#include "signer_client.h"

#include "options.h"

#define CA_POLICY_UNSET (-1)

struct ca_policy_options {
	int max_validity; /* days; CA_POLICY_UNSET: not given */
	struct option_list keys, ekus, extensions;
	bool approval, no_approval;
};
#define CA_POLICY_OPTIONS_INIT \
	{ \
		.max_validity = CA_POLICY_UNSET \
	}

#define CA_POLICY_OPTION_ROWS(o) \
	{"max-validity", 0, OPTION_NUMBER, &(o)->max_validity, "DAYS", \
	    "what it issues lives at most so long; 0: up to its own end"}, \
	    {"allow-key", 0, OPTION_LIST, &(o)->keys, "TYPE", \
		"key it certifies: RSA, RSA:MINBITS, EC or Ed25519; repeat; \"any\": all of them (default)"}, \
	    {"allow-eku", 0, OPTION_LIST, &(o)->ekus, "EKU", \
		"extended key usage it certifies, by name or OID; repeat; \"any\": all (default)"}, \
	    {"allow-extension", 0, OPTION_LIST, &(o)->extensions, "OID", \
		"extension it certifies beside the usual ones; repeat; \"any\": all (default)"}, \
	    {"approval-required", 0, OPTION_FLAG, &(o)->approval, NULL, \
		"an officer must approve each request, whatever the template says"}, \
	{ \
		"no-approval-required", 0, OPTION_FLAG, &(o)->no_approval, NULL, \
		    "the template decides (default)" \
	}

/* Is any of them given? */
bool ca_policy_is_given(const struct ca_policy_options *o);
/* Put what is given into the object. GH_E_CONF names the option that is wrong. */
int ca_policy_apply(const struct ca_policy_options *o, gh_json *policy,
    struct gh_error *err) GH_MUSTCHECK;
/* path_len: pathLenConstraint of the CA's certificate, 0 = it signs no CAs, -1 = none. GH_E_CONF:
 * the object is not what ca_policy_apply makes. */
int ca_policy_limits(const gh_json *policy, long path_len, struct signer_limits *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Dotted OID of an OID or of a name that OpenSSL knows. out: at least 80 bytes. */
bool ca_policy_oid(const char *text, char *out, size_t size);

#endif
