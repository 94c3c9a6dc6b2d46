/* Reader of OCSP requests. See ocsp_request.h. */
#include <string.h>

#include "oid.h"

#include "ocsp_request.h"

static int
malformed(struct gh_error *err, const char *what)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "OCSP request: %s", what);
}

/* AlgorithmIdentifier with NULL or no parameters. */
static bool
take_hash(struct gh_der *in, struct ocsp_cert_id *id)
{
	struct gh_der alg, oid, null;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &alg) || !gh_der_take(&alg, GH_DER_OID, &oid) ||
	    oid.len == 0)
		return false;
	id->has_hash = true;
	if (GH_OID_IS(&oid, GH_OID_SHA1))
		id->hash = GH_SHA1;
	else if (GH_OID_IS(&oid, GH_OID_SHA256))
		id->hash = GH_SHA256;
	else
		id->has_hash = false;
	if (!id->has_hash || alg.len == 0)
		return true; /* other algorithms may have other parameters */
	return gh_der_take(&alg, GH_DER_NULL, &null) && null.len == 0 && alg.len == 0;
}

static bool
take_serial(struct gh_der *in, struct gh_der *serial)
{
	static const struct gh_der none = {NULL, 0};

	if (!gh_der_take(in, GH_DER_INTEGER, serial) || serial->len == 0 ||
	    serial->len > OCSP_SERIAL_READ_MAX)
		return false;
	if (serial->len > 1 &&
	    ((serial->p[0] == 0 && serial->p[1] < 0x80) ||
		(serial->p[0] == 0xff && serial->p[1] >= 0x80)))
		return false; /* X.690, 8.3.2 */
	if (serial->p[0] >= 0x80) {
		*serial = none;
		return true;
	}
	if (serial->len > 1 && serial->p[0] == 0) {
		serial->p++;
		serial->len--;
	}
	if (serial->len > OCSP_SERIAL_MAX)
		*serial = none;
	return true;
}

static bool
parse_cert_id(struct gh_der in, struct ocsp_cert_id *id)
{
	size_t size;

	if (!take_hash(&in, id) || !gh_der_take(&in, GH_DER_OCTETS, &id->name_hash) ||
	    !gh_der_take(&in, GH_DER_OCTETS, &id->key_hash) || !take_serial(&in, &id->serial) ||
	    in.len != 0)
		return false;
	size = id->has_hash ? gh_digest_size(id->hash) : 0;
	return size == 0 || (id->name_hash.len == size && id->key_hash.len == size);
}

/* Nonce ::= OCTET STRING (SIZE(1..128)), in the OCTET STRING that every extension has. */
static bool
take_nonce(struct gh_der value, struct gh_der *nonce)
{
	return nonce->len == 0 && gh_der_take(&value, GH_DER_OCTETS, nonce) && value.len == 0 &&
	    nonce->len >= 1 && nonce->len <= OCSP_NONCE_MAX;
}

/* Content of an [n] EXPLICIT Extensions. An empty list, which RFC 5280 does not have, is what
 * BouncyCastle 1.72 sends. nonce NULL: it is not known here (singleRequestExtensions). */
static bool
check_extensions(struct gh_der in, struct gh_der *nonce)
{
	struct gh_der list, ext, oid, critical, value;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len != 0)
		return false;
	while (list.len > 0) {
		bool is_critical = false;

		if (!gh_der_take(&list, GH_DER_SEQUENCE, &ext) ||
		    !gh_der_take(&ext, GH_DER_OID, &oid) || oid.len == 0)
			return false;
		if (gh_der_take(&ext, GH_DER_BOOLEAN, &critical)) {
			if (critical.len != 1)
				return false;
			is_critical = critical.p[0] != 0;
		}
		if (!gh_der_take(&ext, GH_DER_OCTETS, &value) || ext.len != 0)
			return false;
		if (nonce != NULL && GH_OID_IS(&oid, GH_OID_OCSP_NONCE)) {
			if (!take_nonce(value, nonce))
				return false;
		} else if (is_critical) {
			return false;
		}
	}
	return true;
}

static bool
take_cert_id(struct gh_der *in, struct ocsp_cert_id *id)
{
	struct gh_der whole, content;

	if (!gh_der_take_whole(in, GH_DER_SEQUENCE, &id->whole))
		return false;
	whole = id->whole;
	return gh_der_take(&whole, GH_DER_SEQUENCE, &content) && parse_cert_id(content, id);
}

bool
ocsp_cert_id_parse(const unsigned char *p, size_t len, struct ocsp_cert_id *out)
{
	struct gh_der in = {p, len};

	if (take_cert_id(&in, out) && in.len == 0)
		return true;
	memset(out, 0, sizeof(*out));
	return false;
}

/* Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL
 * } */
static bool
parse_single(struct gh_der in, struct ocsp_cert_id *id)
{
	struct gh_der extensions;

	if (!take_cert_id(&in, id))
		return false;
	if (gh_der_take(&in, GH_DER_CONTEXT(0), &extensions) && !check_extensions(extensions, NULL))
		return false;
	return in.len == 0;
}

/* Version 1 only; its DEFAULT may stand there. */
static bool
take_version(struct gh_der *in)
{
	struct gh_der version;
	unsigned v = 0;

	if (!gh_der_take(in, GH_DER_CONTEXT(0), &version))
		return true;
	return gh_der_take_u32(&version, &v) && version.len == 0 && v == 0;
}

static int
parse_tbs(struct gh_der in, struct ocsp_request *out, struct gh_error *err)
{
	struct gh_der list, single, other;

	if (!take_version(&in))
		return malformed(err, "version");
	(void)gh_der_take(&in, GH_DER_CONTEXT(1), &other); /* requestorName */
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || list.len == 0)
		return malformed(err, "no list of certificates");
	while (list.len > 0) {
		if (out->n == OCSP_CERTS_MAX)
			return malformed(err, "too many certificates");
		if (!gh_der_take(&list, GH_DER_SEQUENCE, &single) ||
		    !parse_single(single, &out->cert[out->n]))
			return malformed(err, "CertID or its extensions");
		out->n++;
	}
	if (gh_der_take(&in, GH_DER_CONTEXT(2), &other) && !check_extensions(other, &out->nonce))
		return malformed(err, "nonce or another extension");
	return in.len == 0 ? 0 : malformed(err, "unknown member");
}

static int
parse_request(const unsigned char *p, size_t len, struct ocsp_request *out, struct gh_error *err)
{
	struct gh_der in = {p, len}, request, tbs, signature;

	out->n = 0;
	out->nonce = (struct gh_der){NULL, 0};
	if (len > OCSP_REQUEST_MAX)
		return malformed(err, "too long");
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &request) || in.len != 0 ||
	    !gh_der_take(&request, GH_DER_SEQUENCE, &tbs))
		return malformed(err, "not DER");
	(void)gh_der_take(&request, GH_DER_CONTEXT(0), &signature);
	if (request.len != 0)
		return malformed(err, "something behind the signature");
	return parse_tbs(tbs, out, err);
}

int
ocsp_request_parse(const unsigned char *p, size_t len, struct ocsp_request *out,
    struct gh_error *err)
{
	int rc = parse_request(p, len, out, err);

	if (rc != 0)
		memset(out, 0, sizeof(*out));
	return rc;
}
