/* Extensions as text. See extension_text.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "buf.h"
#include "utf8.h"

#include "extension_text.h"
#include "microsoft_text.h"

#define LABEL_MAX 128 /* bytes */
#define HEX_MAX 64    /* octets that are shown */

/* Text of n bytes that somebody else has made: cut, and cleaned. Releases b. */
static char *
take(struct gh_buf *b)
{
	char *text = b->failed || b->data == NULL ? NULL : (char *)b->data;

	if (text == NULL) {
		gh_buf_free(b);
		return NULL;
	}
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	gh_utf8_clean(text);
	return text;
}

static void
put_cut(struct gh_buf *b, const char *p, size_t n, size_t max)
{
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == ' '))
		n--;
	if (memchr(p, '\0', n) != NULL)
		n = strlen(p);
	if (n > max) {
		gh_buf_put(b, p, max);
		gh_buf_puts(b, "...");
	} else {
		gh_buf_put(b, p, n);
	}
}

static void
put_hex(struct gh_buf *b, const ASN1_OCTET_STRING *value)
{
	const unsigned char *p = ASN1_STRING_get0_data(value);
	int n = ASN1_STRING_length(value);

	for (int i = 0; i < n && i < HEX_MAX; i++)
		gh_buf_putf(b, "%02X", p[i]);
	if (n > HEX_MAX)
		gh_buf_puts(b, "...");
}

static bool
put_printed(struct gh_buf *b, X509_EXTENSION *ext)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;
	bool ok = bio != NULL && X509V3_EXT_print(bio, ext, X509V3_EXT_DEFAULT, 0) == 1 &&
	    (n = BIO_get_mem_data(bio, &p)) > 0;

	if (ok)
		put_cut(b, p, (size_t)n, EXTENSION_TEXT_MAX);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

char *
ca_extension_text(X509_EXTENSION *ext)
{
	struct gh_buf b;

	gh_buf_init(&b, EXTENSION_TEXT_MAX + 64);
	if (X509_EXTENSION_get_critical(ext))
		gh_buf_puts(&b, "critical, ");
	if (!microsoft_extension_put(&b, ext) && !put_printed(&b, ext))
		put_hex(&b, X509_EXTENSION_get_data(ext));
	gh_buf_puts(&b, "");
	return take(&b);
}

char *
ca_extension_name(X509_EXTENSION *ext)
{
	const char *known = microsoft_extension_name(ext);
	char name[LABEL_MAX];
	int n;

	if (known != NULL)
		return strdup(known);
	n = OBJ_obj2txt(name, sizeof(name), X509_EXTENSION_get_object(ext), 0);

	return strdup(n > 0 ? name : "?");
}
