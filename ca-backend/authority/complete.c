/* Answers of CAs elsewhere. See complete.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "store/ca/ca_row.h"

#include "complete.h"
#include "csr.h"
#include "loaded_ca.h"

static int
take_answer(const struct authority *a, const unsigned char *pending, size_t len, struct ca *done,
    struct gh_error *err)
{
	return signer_client_complete_ca(a->signer, pending, len, done->chain.cert[0].der,
	    done->chain.cert[0].len, &done->sealed, &done->sealed_len, err);
}

/* A CA that has a certificate: as a renewal with the same key. Certificates below name it as their
 * issuer. */
static int
renew(const struct authority *a, const struct ca *ca, struct ca *done, const struct ca *parent,
    struct gh_error *err)
{
	const struct store_ca_renewal row = {.read = ca, .parent = parent, .renewed = done};
	struct authority_request r;
	int rc;

	if (X509_cmp(ca->cert, done->cert) == 0)
		return gh_refuse(err, GH_E_CONFLICT, "CA \"%s\" has this certificate already",
		    ca->name);
	if (X509_NAME_cmp(X509_get_subject_name(ca->cert), X509_get_subject_name(done->cert)) != 0)
		return gh_refuse(err, GH_E_CONFLICT, "%s: another subject than that of CA \"%s\"",
		    a->words->cert, ca->name);
	rc = authority_csr_of_key(a, ca, &r, err);
	if (rc == 0)
		rc = take_answer(a, r.pending, r.pending_len, done, err);
	if (rc == 0)
		rc = store_renew_ca_certificate(a->store, a->who, &row, err);
	authority_request_free(&r);
	return rc;
}

static int
finish(const struct authority *a, const struct ca *ca, struct ca *done, struct gh_error *err)
{
	struct loaded_ca parent;
	int rc = ca_finish(done, err);

	if (rc == 0)
		rc = loaded_ca_open_issuer(a->store, &done->chain, &parent, err);
	if (rc != 0)
		return rc;
	if (ca->state != CA_PENDING)
		rc = renew(a, ca, done, parent.ca, err);
	else if ((rc = take_answer(a, ca->sealed, ca->sealed_len, done, err)) == 0)
		rc = store_complete_ca(a->store, a->who, ca, done, parent.ca, err);
	loaded_ca_close(&parent);
	return rc;
}

int
authority_complete(const struct authority *a, const char *name, struct cert_chain *chain,
    struct ca **out, struct gh_error *err)
{
	struct ca *done = NULL;
	struct loaded_ca l;
	int rc = loaded_ca_open(a->store, name, &l, err);

	*out = NULL;
	if (rc == 0 && (done = loaded_ca_copy_settings(l.ca)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "CA");
	if (rc == 0) {
		done->chain = *chain;
		memset(chain, 0, sizeof(*chain));
		rc = finish(a, l.ca, done, err);
	}
	loaded_ca_close(&l);
	cert_chain_clear(chain);
	if (rc != 0)
		ca_free(done);
	else
		*out = done;
	return rc;
}
