/* CMS content constraints of a certificate: what is not named there is not allowed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cms_constraints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char tamp_update[] = {0x60, 0x86, 0x48, 1, 0x65, 2, 1, 2, 0x4d, 3},
			   any_type[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 0};

static X509 *
make_cert(const uint8_t *data, size_t size)
{
	X509 *cert = X509_new();
	ASN1_OBJECT *oid = OBJ_txt2obj(CMS_CONSTRAINTS, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext = NULL;

	if (cert == NULL || oid == NULL || value == NULL ||
	    ASN1_OCTET_STRING_set(value, data, (int)size) != 1 ||
	    (ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value)) == NULL ||
	    X509_add_ext(cert, ext, -1) != 1)
		abort();
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	return cert;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gh_der type = {tamp_update, sizeof(tamp_update)};
	X509 *cert = make_cert(data, size);

	if (cms_constraints_allow(cert, &type) &&
	    memmem(data, size, tamp_update, sizeof(tamp_update)) == NULL &&
	    memmem(data, size, any_type, sizeof(any_type)) == NULL)
		abort();
	X509_free(cert);
	return 0;
}
