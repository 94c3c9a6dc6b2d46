/* One OCSP signer, and making one. See ocsp_signer.h. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "asn1_time.h"
#include "calendar.h"
#include "digest.h"
#include "log.h"
#include "timestamp.h"

#include "store/status/delegated_signer.h"

#include "ocsp_signer.h"

struct ocsp_signer {
	atomic_uint refs;
	unsigned char id[SIGNER_CA_ID_SIZE];
	unsigned char serial[20];
	size_t serial_len;
	unsigned char *sealed;
	size_t sealed_len;
	int64_t not_after;
};

/* ---- one ---- */

struct ocsp_signer *
ocsp_signer_ref(struct ocsp_signer *o)
{
	atomic_fetch_add(&o->refs, 1);
	return o;
}

void
ocsp_signer_unref(struct ocsp_signer *o)
{
	if (o == NULL || atomic_fetch_sub(&o->refs, 1) != 1)
		return;
	free(o->sealed);
	free(o);
}

const unsigned char *
ocsp_signer_id(const struct ocsp_signer *o)
{
	return o->id;
}

int64_t
ocsp_signer_not_after(const struct ocsp_signer *o)
{
	return o->not_after;
}

bool
ocsp_signer_has_serial(const struct ocsp_signer *o, const unsigned char *serial, size_t len)
{
	return o->serial_len == len && memcmp(o->serial, serial, len) == 0;
}

int
ocsp_signer_load(const struct ocsp_signer *o, struct signer_client *signer, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	int rc = signer_client_load_ca(signer, o->sealed, o->sealed_len, id, err);

	if (rc == 0 && memcmp(id, o->id, sizeof(id)) != 0)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "sealed record of an OCSP signer is of another certificate");
	return rc;
}

static int
set_serial(struct ocsp_signer *o, const struct store_signer *row, struct gh_error *err)
{
	const unsigned char *p = row->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)row->cert_len);
	const ASN1_INTEGER *serial = cert != NULL ? X509_get0_serialNumber(cert) : NULL;
	int rc = 0;

	if (serial == NULL || serial->length < 1 || (size_t)serial->length > sizeof(o->serial))
		rc = gh_fail(err, GH_E_DB, "certificate of an OCSP signer is unreadable");
	else
		memcpy(o->serial, serial->data, o->serial_len = (size_t)serial->length);
	ERR_clear_error();
	X509_free(cert);
	return rc;
}

int
ocsp_signer_of_row(struct store_signer *row, struct ocsp_signer **out, struct gh_error *err)
{
	struct ocsp_signer *o = calloc(1, sizeof(*o));
	int rc;

	*out = NULL;
	if (o == NULL)
		return gh_fail(err, GH_E_NOMEM, "OCSP signer");
	atomic_init(&o->refs, 1);
	o->not_after = row->not_after;
	rc = set_serial(o, row, err);
	if (rc == 0 && !gh_digest(GH_SHA256, row->cert, row->cert_len, o->id))
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	if (rc != 0) {
		free(o);
		return rc;
	}
	o->sealed = row->sealed;
	o->sealed_len = row->sealed_len;
	row->sealed = NULL;
	*out = o;
	return 0;
}

/* ---- making one ---- */

static int
read_times(struct store_signer *o, struct gh_error *err)
{
	const unsigned char *p = o->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)o->cert_len);
	int rc = 0;

	if (cert == NULL || !gh_asn1_time_get(X509_get0_notBefore(cert), &o->not_before) ||
	    !gh_asn1_time_get(X509_get0_notAfter(cert), &o->not_after))
		rc = gh_fail(err, GH_E_SIGNER, "certificate of an OCSP signer is unreadable");
	ERR_clear_error();
	X509_free(cert);
	return rc;
}

static int
make(void *arg, struct store_signer *out, struct gh_error *err)
{
	const struct ocsp_issuing *i = arg;
	int64_t now = gh_now(), from = now - i->conf->ca.backdate;
	int64_t to = from + (int64_t)i->conf->ocsp.signer_days * GH_DAY_SECONDS;
	int rc = GH_E_NOT_FOUND;

	for (int tries = 0; rc == GH_E_NOT_FOUND && tries < 2; tries++) {
		if (tries > 0 && (rc = ca_load_key(i->ca, i->signer, err)) != 0)
			return rc;
		rc = signer_client_create_ocsp_signer(i->signer, i->ca->ca_id, from, to, NULL,
		    &out->cert, &out->cert_len, &out->sealed, &out->sealed_len, err);
	}
	if (rc == GH_E_NOT_FOUND)
		rc = gh_fail(err, GH_E_SIGNER_DOWN, "signer lost CA %s right after loading it",
		    i->ca->name);
	return rc == 0 ? read_times(out, err) : rc;
}

int
ocsp_signer_issue(const struct ocsp_issuing *i, const struct requester *who, int64_t until,
    struct store_signer *out, bool *is_new, struct gh_error *err)
{
	struct ocsp_issuing copy = *i;
	struct store_signer_issue issue = {.use = STORE_SIGNER_OCSP,
	    .ca = i->ca,
	    .who = who,
	    .until = until,
	    .make = make,
	    .arg = &copy};

	return store_issue_signer(i->store, &issue, out, is_new, err);
}
