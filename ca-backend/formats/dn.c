/* Distinguished names as text, RFC 4514. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>

#include "names_text.h"

/* Most significant RDN last, as RFC 4514 has it; UTF-8 stays readable (2.4 does not ask to escape
 * it). */
#define DN_FLAGS \
	(((unsigned long)ASN1_STRFLGS_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) | \
	    XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | XN_FLAG_FN_SN | XN_FLAG_DUMP_UNKNOWN_FIELDS)

char *
ca_dn_text(const X509_NAME *name)
{
	char *text = NULL, *data = NULL;
	long len;
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL)
		return NULL;
	if (X509_NAME_print_ex(bio, name, 0, DN_FLAGS) >= 0 &&
	    (len = BIO_get_mem_data(bio, &data)) >= 0 &&
	    (text = calloc(1, (size_t)len + 1)) != NULL && len > 0)
		memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return text;
}
