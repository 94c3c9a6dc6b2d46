/* A CertEnroll Pkcs12 body as each version, down to the names of its PKCS#10. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "certenroll/ce_pkcs12_parse.h"
#include "utf8.h"

/* What was written is read again as a whole. */
static void
check_names(const struct ce_names *n)
{
	const unsigned char *p = n->subject, *q = n->extensions;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)n->subject_len);
	X509_EXTENSIONS *list = NULL;

	if (name == NULL || p != n->subject + n->subject_len)
		abort();
	if (n->extensions_len > 0) {
		list = d2i_X509_EXTENSIONS(NULL, &q, (long)n->extensions_len);
		if (sk_X509_EXTENSION_num(list) != 1 || q != n->extensions + n->extensions_len)
			abort();
	}
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_NAME_free(name);
}

static void
check_taken(const struct ce_pkcs12_body *b)
{
	struct gh_error err = {0};
	struct ce_names names;
	int rc;

	if (b->password == NULL || !gh_utf8_is_clean(b->password) || b->key_bits < 0)
		abort();
	rc = ce_names_encode(b, &names, &err);
	if (rc == 0) {
		check_names(&names);
		ce_names_clear(&names);
	} else if (err.code != (enum gh_code)rc || err.message[0] == '\0') {
		abort();
	}
	if (ERR_peek_error() != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int version = 1; version <= 3; version++) {
		struct ce_pkcs12_body b;
		struct gh_error err = {0};
		int rc = ce_pkcs12_parse(data, size, version, &b, &err);

		if (rc == 0)
			check_taken(&b);
		else if (err.code != (enum gh_code)rc || err.message[0] == '\0')
			abort();
		ce_pkcs12_body_clear(&b);
	}
	return 0;
}
