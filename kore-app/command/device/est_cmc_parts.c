/* Parts of messages of CMC. See est_cmc_parts.h. */
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "pem.h"

#include "client/client_csr.h"
#include "file.h"

#include "est_cmc.h"
#include "est_cmc_parts.h"

int
est_cmc_read_cert(const char *path, X509 **out, struct gh_error *err)
{
	STACK_OF(X509) *all = NULL;
	char *text;
	size_t n;
	int rc = file_read(path, &text, &n, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if (gh_pem_read_certs(text, n, &all, err) == 0)
		*out = sk_X509_shift(all);
	else
		rc = gh_refuse(err, GH_E_CONF, "%s: no certificate, PEM", path);
	sk_X509_pop_free(all, X509_free);
	free(text);
	return rc;
}

int
est_cmc_add_key_id(X509_REQ *req, EVP_PKEY *key, struct gh_error *err)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
	ASN1_OCTET_STRING *id = est_cmc_key_id(key);
	X509_EXTENSION *ext = id != NULL ? X509V3_EXT_i2d(NID_subject_key_identifier, 0, id) : NULL;
	int at = X509_REQ_get_attr_by_NID(req, NID_ext_req, -1);
	bool ok = ext != NULL && (list != NULL || (list = sk_X509_EXTENSION_new_null()) != NULL) &&
	    sk_X509_EXTENSION_push(list, ext) > 0;

	if (!ok)
		X509_EXTENSION_free(ext);
	if (at >= 0)
		X509_ATTRIBUTE_free(X509_REQ_delete_attr(req, at));
	ok = ok && X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	ASN1_OCTET_STRING_free(id);
	return ok ? client_csr_sign(req, key, err) : gh_fail(err, GH_E_NOMEM, "PKCS#10");
}

int
est_cmc_put_cert_id(const char *path, struct gh_buf *b, struct gh_error *err)
{
	unsigned char *name = NULL, *serial = NULL;
	X509 *cert;
	int name_len, serial_len, rc = est_cmc_read_cert(path, &cert, err);

	if (rc != 0)
		return rc;
	name_len = i2d_X509_NAME(X509_get_issuer_name(cert), &name);
	serial_len = i2d_ASN1_INTEGER(X509_get_serialNumber(cert), &serial);
	if (name_len > 0 && serial_len > 0) {
		gh_buf_put(b, name, (size_t)name_len);
		gh_buf_put(b, serial, (size_t)serial_len);
	} else {
		rc = gh_fail(err, GH_E_NOMEM, "certificate");
	}
	OPENSSL_free(name);
	OPENSSL_free(serial);
	X509_free(cert);
	return rc;
}
