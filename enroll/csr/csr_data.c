/* A PKCS#10 as people bring it. See csr_data.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "encoding.h"

#include "csr_data.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define TEXT_MAX (2 * CA_PKCS10_DER_MAX) /* characters: armour and line ends, generously */
#define BOM "\xef\xbb\xbf"

static int
refuse_key(struct gh_error *err)
{
	return gh_refuse_as(err, GH_E_CSR, "private_key", NULL,
	    "This is a private key, not a certificate request. It was not stored. Since it has left "
	    "its owner, make a new key, and send the request that belongs to it.");
}

static int
refuse_size(struct gh_error *err)
{
	char most[12];

	snprintf(most, sizeof(most), "%d", CA_PKCS10_DER_MAX);
	return gh_refuse_as(err, GH_E_TOO_LARGE, "large_request", most,
	    "The certificate request is larger than %s bytes.", most);
}

/* ---- what is not a request ---- */

/* RSAPrivateKey, ECPrivateKey, PrivateKeyInfo and its encrypted form, PKCS#12 (RFC 8017, A.1.2; RFC
 * 5915, 3; RFC 5958, 2 and 3; RFC 7292, 4): told by what they begin with. A request begins with a
 * SEQUENCE whose first element is a SEQUENCE that begins with an INTEGER. */
static bool
is_private_key(const unsigned char *p, size_t len)
{
	struct gh_der in = {p, len}, content, first;
	unsigned version;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &content))
		return false;
	if (gh_der_take_u32(&content, &version))
		return gh_der_has_tag(&content, version == 0 ? GH_DER_INTEGER : GH_DER_OCTETS) ||
		    gh_der_has_tag(&content, GH_DER_SEQUENCE);
	return gh_der_take(&content, GH_DER_SEQUENCE, &first) &&
	    gh_der_has_tag(&first, GH_DER_OID) && gh_der_has_tag(&content, GH_DER_OCTETS);
}

static int
take_der(const unsigned char *der, size_t len, struct ca_pkcs10 **out, struct gh_error *err)
{
	if (is_private_key(der, len))
		return refuse_key(err);
	if (len > CA_PKCS10_DER_MAX)
		return refuse_size(err);
	return ca_pkcs10_parse(der, len, out, err);
}

static int
take_base64(const char *text, size_t len, struct ca_pkcs10 **out, struct gh_error *err)
{
	unsigned char *der = NULL;
	size_t n = 0;
	int rc = gh_base64_decode(text, len, &der, &n, err);

	if (rc == GH_E_BAD_REQUEST)
		return gh_refuse_as(err, GH_E_CSR, "no_request", NULL,
		    "This is no certificate request: neither PEM, nor base64, nor DER.");
	if (rc == 0)
		rc = take_der(der, n, out, err);
	if (der != NULL)
		OPENSSL_cleanse(der, n); /* it may be a key */
	free(der);
	return rc;
}

/* ---- PEM ---- */

struct block {
	const char *label, *text;
	size_t label_len, text_len;
};

/* The next block from *p on, which moves behind it. 1: there is one, 0: none, -1: it does not end
 * with its label. */
static int
next_block(const char **p, const char *end, struct block *b)
{
	const char *begin = memmem(*p, (size_t)(end - *p), BEGIN, strlen(BEGIN)), *close;
	char line[80];
	int n;

	if (begin == NULL)
		return 0;
	b->label = begin + strlen(BEGIN);
	close = memmem(b->label, (size_t)(end - b->label), DASHES, strlen(DASHES));
	if (close == NULL || (b->label_len = (size_t)(close - b->label)) > 40)
		return -1;
	b->text = close + strlen(DASHES);
	n = snprintf(line, sizeof(line), END "%.*s" DASHES, (int)b->label_len, b->label);
	close = memmem(b->text, (size_t)(end - b->text), line, (size_t)n);
	if (close == NULL)
		return -1;
	b->text_len = (size_t)(close - b->text);
	*p = close + n;
	return 1;
}

static bool
is_label(const struct block *b, const char *label)
{
	return b->label_len == strlen(label) && memcmp(b->label, label, b->label_len) == 0;
}

/* A key in any of its forms, also behind a request, and where its last line is missing. */
static bool
names_key(const char *p, size_t len)
{
	return memmem(p, len, "PRIVATE KEY" DASHES, strlen("PRIVATE KEY" DASHES)) != NULL;
}

static int
check_label(const struct block *b, struct gh_error *err)
{
	if (is_label(b, "CERTIFICATE REQUEST") || is_label(b, "NEW CERTIFICATE REQUEST"))
		return 0;
	if (is_label(b, "CERTIFICATE") || is_label(b, "X509 CERTIFICATE"))
		return gh_refuse_as(err, GH_E_CSR, "certificate", NULL,
		    "This is a certificate, not a certificate request: send the file that was made "
		    "with the key (often .csr).");
	return gh_refuse_as(err, GH_E_CSR, "no_request", NULL,
	    "The PEM lines are not those of a certificate request.");
}

static int
take_pem(const char *p, size_t len, struct ca_pkcs10 **out, struct gh_error *err)
{
	const char *end = p + len;
	struct block b, more;
	int found, rc;

	if (names_key(p, len))
		return refuse_key(err);
	if ((found = next_block(&p, end, &b)) < 0)
		return gh_refuse_as(err, GH_E_CSR, "cut_off", NULL,
		    "The certificate request is cut off: its last line (END) is missing.");
	if ((rc = check_label(&b, err)) != 0)
		return rc;
	if (next_block(&p, end, &more) != 0)
		return gh_refuse_as(err, GH_E_CSR, "two_requests", NULL,
		    "There is more than one certificate request: send one at a time.");
	return take_base64(b.text, b.text_len, out, err);
}

/* ---- all of it ---- */

static bool
is_blank(const char *p, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", *p) != NULL && *p != '\0') {
		p++;
		len--;
	}
	return len == 0;
}

int
csr_data_parse(const void *data, size_t len, struct ca_pkcs10 **out, struct gh_error *err)
{
	const char *text = data;

	*out = NULL;
	if (is_private_key(data, len))
		return refuse_key(err);
	if (gh_der_is_strict(data, len))
		return take_der(data, len, out, err);
	if (len >= 3 && memcmp(text, BOM, 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len > TEXT_MAX)
		return refuse_size(err);
	if (is_blank(text, len))
		return gh_refuse_as(err, GH_E_CSR, "empty_request", NULL,
		    "The certificate request is empty.");
	if (memchr(text, '\0', len) != NULL)
		return gh_refuse_as(err, GH_E_CSR, "no_request", NULL,
		    "This is no certificate request: it is binary, and not DER.");
	if (memmem(text, len, BEGIN, strlen(BEGIN)) != NULL)
		return take_pem(text, len, out, err);
	return take_base64(text, len, out, err);
}
