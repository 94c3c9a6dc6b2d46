/* The result of `gatehouse enroll`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>

#include "asn1_time.h"
#include "issuing/ca.h"
#include "formats/names_text.h"
#include "timestamp.h"

#include "command.h"
#include "enroll_result.h"
#include "output.h"

static const char *const disposition_names[] = {"Issued", "Pending", "Denied", "Failed"};
static const char *const trust_names[] = {"key", "key and chain",
    "key and chain to the trusted root"};

static void
time_text(const ASN1_TIME *t, char out[GH_TIMESTAMP_SIZE])
{
	int64_t at;

	out[0] = '\0';
	if (gh_asn1_time_get(t, &at))
		gh_timestamp_format(at, out);
}

/* Members of the certificate; 0 or -1. */
static int
describe_cert(const struct enroll_options *o, const struct client_answer *a,
    enum client_trust trust, gh_json *out)
{
	char from[GH_TIMESTAMP_SIZE], to[GH_TIMESTAMP_SIZE];
	X509 *leaf = client_answer_cert(a, 0);
	char *subject, *issuer;
	int rc;

	if (leaf == NULL)
		return -1;
	subject = ca_dn_text(X509_get_subject_name(leaf));
	issuer = ca_dn_text(X509_get_issuer_name(leaf));
	time_text(X509_get0_notBefore(leaf), from);
	time_text(X509_get0_notAfter(leaf), to);
	rc = gh_json_set_string(out, "subject", subject);
	rc |= gh_json_set(out, "san", ca_san_json(leaf));
	rc |= gh_json_set_string(out, "issuer", issuer);
	rc |= gh_json_set_string(out, "serial", a->serial);
	rc |= gh_json_set_string(out, "thumbprint", a->thumbprint);
	rc |= gh_json_set_string(out, "not_before", from);
	rc |= gh_json_set_string(out, "not_after", to);
	rc |= gh_json_set_string(out, "checked", trust_names[trust]);
	rc |= gh_json_set_string(out, "certificate", o->out_cert);
	if (a->chain.n > 1)
		rc |= gh_json_set_string(out, "chain", o->out_chain);
	if (o->csr == NULL)
		rc |= gh_json_set_string(out, "key", o->key != NULL ? o->key : o->out_key);
	if (o->p12 != NULL)
		rc |= gh_json_set_string(out, "pkcs12", o->p12);
	free(subject);
	free(issuer);
	X509_free(leaf);
	return rc;
}

static gh_json *
describe(const struct enroll_options *o, const struct client_answer *a, enum client_trust trust)
{
	gh_json *out = gh_json_new_object();
	int rc = out == NULL;

	if (rc == 0) {
		rc = gh_json_set_string(out, "disposition", disposition_names[a->disposition]);
		rc |= gh_json_set_int(out, "request_id", a->request_id);
		if (a->disposition == CLIENT_ISSUED)
			rc |= gh_json_set_int(out, "certificate_id", a->certificate_id);
		if (a->message[0] != '\0')
			rc |= gh_json_set_string(out, "message", a->message);
		if (a->disposition == CLIENT_ISSUED)
			rc |= describe_cert(o, a, trust, out);
	}
	if (rc != 0) {
		gh_json_free(out);
		return NULL;
	}
	return out;
}

static void
tell_refusal(const struct enroll_options *o, const struct client_answer *a)
{
	fprintf(stderr, "%s: %s: ", o->who, a->disposition == CLIENT_DENIED ? "denied" : "failed");
	output_safe(stderr, a->message[0] != '\0' ? a->message : "the gateway gives no reason");
	fputs("\n", stderr);
}

static void
tell_pending(const struct enroll_options *o, const struct client_answer *a)
{
	fprintf(stderr,
	    "%s: pending: an officer must approve request %lld. Fetch the certificate later with\n"
	    "    %s --request-id %lld %s %s\n",
	    o->who, (long long)a->request_id, o->who, (long long)a->request_id,
	    o->csr != NULL ? "--csr" : "--key",
	    o->csr != NULL       ? o->csr
		: o->key != NULL ? o->key
				 : o->out_key);
}

int
enroll_result_show(const struct enroll_options *o, const struct client_answer *a,
    enum client_trust trust)
{
	gh_json *out = describe(o, a, trust);
	int rc;

	if (out == NULL) {
		fprintf(stderr, "%s: out of memory\n", o->who);
		return COMMAND_FAILED;
	}
	/* ids on standard output also while it is pending: scripts go on with them */
	if (o->json)
		rc = output_json(out);
	else
		rc = a->disposition == CLIENT_ISSUED || a->disposition == CLIENT_PENDING
		    ? output_object(out, NULL)
		    : COMMAND_OK;
	gh_json_free(out);
	if (a->disposition == CLIENT_PENDING)
		tell_pending(o, a);
	else if (a->disposition != CLIENT_ISSUED)
		tell_refusal(o, a);
	if (rc != COMMAND_OK)
		return rc;
	return a->disposition == CLIENT_ISSUED ? COMMAND_OK
	    : a->disposition == CLIENT_PENDING ? COMMAND_PENDING
					       : COMMAND_FAILED;
}
