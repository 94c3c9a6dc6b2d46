/* What a kept CRL or log shows. See restored_source.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "formats/dn_match.h"
#include "hex.h"
#include "json.h"
#include "formats/revocation_reason.h"
#include "timestamp.h"

#include "restored_source.h"

/* ---- CRLs ---- */

static X509_CRL *
load_crl(const char *path)
{
	BIO *bio = BIO_new_file(path, "rb");
	X509_CRL *crl = bio != NULL ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;

	if (crl == NULL && bio != NULL && BIO_reset(bio) == 0)
		crl = d2i_X509_CRL_bio(bio, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return crl;
}

/* The CA whose key has signed it, in any state: names are given anew. */
static const struct ca *
find_signer(const struct ca_set *cas, X509_CRL *crl)
{
	for (size_t i = 0; i < cas->n; i++) {
		const struct ca *ca = cas->ca[i];
		bool signed_it =
		    ca->cert != NULL && X509_CRL_verify(crl, X509_get0_pubkey(ca->cert)) == 1;

		ERR_clear_error();
		if (signed_it)
			return ca;
	}
	return NULL;
}

static int64_t
crl_number(X509_CRL *crl)
{
	ASN1_INTEGER *n = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	int64_t number = 0;

	if (n == NULL || ASN1_INTEGER_get_int64(&number, n) != 1)
		number = 0;
	ASN1_INTEGER_free(n);
	ERR_clear_error();
	return number;
}

/* false: no serial number of ours. */
static bool
take_entry(X509_REVOKED *r, struct restored_item *item)
{
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(r);
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);

	item->is_revoked = true;
	item->reason = reason != NULL ? (int)ASN1_ENUMERATED_get(reason) : REASON_UNSPECIFIED;
	ASN1_ENUMERATED_free(reason);
	ERR_clear_error();
	item->serial_len = (size_t)ASN1_STRING_length(serial);
	if (item->serial_len < 1 || item->serial_len > sizeof(item->serial) ||
	    !gh_asn1_time_get(X509_REVOKED_get0_revocationDate(r), &item->at))
		return false;
	memcpy(item->serial, ASN1_STRING_get0_data(serial), item->serial_len);
	return true;
}

static int
each_entry(X509_CRL *crl, const struct ca *ca, restored_fn fn, void *arg, struct gh_error *err)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
	int rc = 0;

	for (int i = 0; rc == 0 && i < sk_X509_REVOKED_num(entries); i++) {
		struct restored_item item = {.ca = ca};

		/* removeFromCRL in a delta: it is good */
		if (take_entry(sk_X509_REVOKED_value(entries, i), &item) &&
		    item.reason != REASON_REMOVE_FROM_CRL &&
		    revocation_reason_name(item.reason) != NULL)
			rc = fn(arg, &item, err);
	}
	return rc;
}

int
restored_read_crl(const char *path, const struct ca_set *cas, restored_fn fn, void *arg,
    const struct ca **ca, int64_t *number, struct gh_error *err)
{
	X509_CRL *crl = load_crl(path);
	int rc;

	*ca = NULL;
	*number = 0;
	if (crl == NULL)
		return gh_refuse(err, GH_E_CONF, "%.180s is no CRL in PEM or DER", path);
	*ca = find_signer(cas, crl);
	if (*ca == NULL) {
		rc = gh_refuse(err, GH_E_CONF,
		    "%.160s is signed by none of the CAs in the database", path);
	} else {
		*number = crl_number(crl);
		rc = each_entry(crl, *ca, fn, arg, err);
	}
	X509_CRL_free(crl);
	return rc;
}

/* ---- logs ---- */

static const struct ca *
find_issuer(const struct ca_set *cas, const char *dn)
{
	const struct ca *found = NULL;

	for (size_t i = 0; dn != NULL && i < cas->n; i++) {
		const struct ca *ca = cas->ca[i];

		if (ca->issuer_dn == NULL || !dn_text_equal(ca->issuer_dn, dn))
			continue;
		if (found == NULL || ca->state == CA_ACTIVE)
			found = ca;
	}
	return found;
}

static bool
take_serial(const char *hex, struct restored_item *item)
{
	unsigned char *b = NULL;
	size_t n = 0, zeros = 0;
	bool ok = hex != NULL && gh_hex_decode(hex, strlen(hex), &b, &n, NULL) == 0;

	while (ok && zeros + 1 < n && b[zeros] == 0)
		zeros++;
	ok = ok && n - zeros >= 1 && n - zeros <= sizeof(item->serial);
	if (ok) {
		item->serial_len = n - zeros;
		memcpy(item->serial, b + zeros, n - zeros);
	}
	free(b);
	return ok;
}

/* false: the line tells of something else. */
static bool
take_line(const gh_json *line, const struct ca_set *cas, struct restored_item *item)
{
	const char *event = gh_json_string(
	    gh_json_get(line, "event")); /* in the line of a call; else a line of its own */
	const char *msg = event != NULL ? event : gh_json_string(gh_json_get(line, "msg"));
	const char *status = gh_json_string(gh_json_get(line, "status"));
	const char *reason = gh_json_string(gh_json_get(line, "reason"));
	const char *time = gh_json_string(gh_json_get(line, "time"));

	if (msg == NULL || !take_serial(gh_json_string(gh_json_get(line, "serial")), item) ||
	    time == NULL || gh_timestamp_parse(time, &item->at, NULL) != 0)
		return false;
	item->ca = find_issuer(cas, gh_json_string(gh_json_get(line, "issuer")));
	if (strcmp(msg, "certificate issued") == 0)
		return true;
	if (strcmp(msg, "status of a certificate changed") != 0 || status == NULL ||
	    strcmp(status, "valid") == 0)
		return false;
	item->is_revoked = true;
	return reason != NULL && revocation_reason_parse(reason, &item->reason);
}

int
restored_read_log(const char *path, const struct ca_set *cas, restored_fn fn, void *arg,
    struct gh_error *err)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int rc = 0;

	if (f == NULL)
		return gh_refuse(err, GH_E_CONF, "%.180s: %m", path);
	while (rc == 0 && getline(&text, &size, f) >= 0) {
		const char *json = strchr(text, '{');
		struct restored_item item = {0};
		gh_json *line = NULL;

		if (json != NULL &&
		    gh_json_parse(json, strlen(json), GH_JSON_STRICT, &line, NULL) == 0 &&
		    take_line(line, cas, &item))
			rc = fn(arg, &item, err);
		gh_json_free(line);
	}
	if (rc == 0 && ferror(f))
		rc = gh_refuse(err, GH_E_CONF, "%.180s: cannot be read", path);
	free(text);
	if (f != stdin)
		fclose(f);
	return rc;
}
