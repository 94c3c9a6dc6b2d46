/* Certificates in files. See cert_bundle.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "ber.h"
#include "encoding.h"
#include "oid.h"

#include "cert_bundle.h"
#include "cert_bundle_pkcs12.h"

#define LABEL_MAX 64
#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

void
cert_bundle_clear(struct cert_bundle *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->item[i].der);
	free(b->item);
	memset(b, 0, sizeof(*b));
}

static int
grow(struct cert_bundle *b, struct gh_error *err)
{
	size_t cap = b->cap > 0 ? 2 * b->cap : 16;
	void *p;

	if (b->n == CERT_BUNDLE_MAX)
		return gh_refuse(err, GH_E_TOO_LARGE, "there are more than %d certificates in it",
		    CERT_BUNDLE_MAX);
	if (b->n < b->cap)
		return 0;
	if ((p = realloc(b->item, cap * sizeof(*b->item))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "certificates");
	b->item = p;
	b->cap = cap;
	return 0;
}

int
cert_bundle_add(struct cert_bundle *b, int line, const struct gh_der *der, const char *wrong,
    struct gh_error *err)
{
	struct cert_bundle_item *item;
	int rc = grow(b, err);

	if (rc != 0)
		return rc;
	item = &b->item[b->n];
	*item = (struct cert_bundle_item){.line = line, .number = (int)b->n + 1};
	if (der == NULL) {
		snprintf(item->wrong, sizeof(item->wrong), "%s", wrong);
	} else {
		if ((item->der = malloc(der->len + 1)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "certificate");
		memcpy(item->der, der->p, der->len);
		item->len = der->len;
	}
	b->n++;
	return 0;
}

/* ---- PKCS#7 ---- */

/* Behind the contents, up to the certificates. */
static bool
find_certs(struct gh_der in, struct gh_der *certs)
{
	struct gh_der info, type, explicit, signed_data;

	*certs = (struct gh_der){NULL, 0};
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &info) || !gh_der_take(&info, GH_DER_OID, &type) ||
	    !GH_OID_IS(&type, GH_OID_PKCS7_SIGNED_DATA) ||
	    !gh_der_take(&info, GH_DER_CONTEXT(0), &explicit) ||
	    !gh_der_take(&explicit, GH_DER_SEQUENCE, &signed_data) ||
	    !gh_der_take(&signed_data, GH_DER_INTEGER, NULL) ||
	    !gh_der_take(&signed_data, GH_DER_SET, NULL) ||
	    !gh_der_take(&signed_data, GH_DER_SEQUENCE, NULL))
		return false;
	return !gh_der_has_tag(&signed_data, GH_DER_CONTEXT(0)) ||
	    gh_der_take(&signed_data, GH_DER_CONTEXT(0), certs);
}

/* RFC 5652, 5.1: CertificateSet. Nothing of what is signed is looked at. */
static int
read_pkcs7(struct cert_bundle *b, int line, const struct gh_der *in, struct gh_error *err)
{
	struct gh_der certs, one;
	struct gh_buf der;
	unsigned tag;
	size_t before = b->n;
	int rc = 0;

	gh_buf_init(&der, in->len);
	if (!gh_ber_put_der(in, &der) || !find_certs((struct gh_der){der.data, der.len}, &certs)) {
		gh_buf_free(&der);
		return cert_bundle_add(b, line, NULL, "it is no PKCS#7 with certificates", err);
	}
	while (rc == 0 && gh_der_next(&certs, &tag, &one, NULL))
		rc = tag == GH_DER_SEQUENCE
		    ? cert_bundle_add(b, line, &one, NULL, err)
		    : cert_bundle_add(b, line, NULL, "it is another kind of certificate than X.509",
			  err);
	if (rc == 0 && (certs.len > 0 || b->n == before))
		rc = cert_bundle_add(b, line, NULL,
		    certs.len > 0 ? "the PKCS#7 is damaged here"
				  : "there is no certificate in the PKCS#7",
		    err);
	gh_buf_free(&der);
	return rc;
}

/* ---- DER ---- */

enum form { FORM_NONE, FORM_CERT, FORM_PKCS7, FORM_PKCS12 };

/* By the first element inside: TBSCertificate, a content type, a version. */
static enum form
form_of(const struct gh_der *in)
{
	size_t at = 1;

	if (in->len < 4 || in->p[0] != GH_DER_SEQUENCE)
		return FORM_NONE;
	at += in->p[1] > 0x80 ? 1 + (in->p[1] & 0x7f) : 1; /* indefinite lengths, too */
	if (at >= in->len)
		return FORM_NONE;
	switch (in->p[at]) {
	case GH_DER_SEQUENCE:
		return FORM_CERT;
	case GH_DER_OID:
		return FORM_PKCS7;
	case GH_DER_INTEGER:
		return FORM_PKCS12;
	default:
		return FORM_NONE;
	}
}

bool
cert_bundle_is_pkcs12(const void *bytes, size_t len)
{
	return form_of(&(struct gh_der){bytes, len}) == FORM_PKCS12;
}

static int
read_der(struct cert_bundle *b, struct gh_der in, const char *password, struct gh_error *err)
{
	struct gh_der one;
	int rc = 0;

	switch (form_of(&in)) {
	case FORM_PKCS7:
		return read_pkcs7(b, 0, &in, err);
	case FORM_PKCS12:
		return cert_bundle_pkcs12(b, &in, password, err);
	case FORM_CERT:
		while (rc == 0 && gh_der_take_whole(&in, GH_DER_SEQUENCE, &one))
			rc = cert_bundle_add(b, 0, &one, NULL, err);
		if (rc == 0 && in.len > 0)
			rc = cert_bundle_add(b, 0, NULL,
			    b->n > 0 ? "behind the certificates there is something else"
				     : "it is no certificate in DER, or it is cut off",
			    err);
		return rc;
	default:
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "there is no certificate in it: neither PEM, DER, PKCS#7 nor PKCS#12");
	}
}

/* ---- PEM ---- */

/* A text while it is read line by line. */
struct lines {
	const char *p, *end;
	int number; /* of the line that was taken last */
};

static bool
take_line(struct lines *l, struct gh_der *out)
{
	const char *nl;

	if (l->p == l->end)
		return false;
	nl = memchr(l->p, '\n', (size_t)(l->end - l->p));
	*out = (struct gh_der){(const unsigned char *)l->p,
	    (size_t)((nl != NULL ? nl : l->end) - l->p)};
	l->p = nl != NULL ? nl + 1 : l->end;
	l->number++;
	while (out->len > 0 && strchr(" \t\r", out->p[out->len - 1]) != NULL &&
	    out->p[out->len - 1] != '\0')
		out->len--;
	return true;
}

/* "-----BEGIN label-----" */
static bool
is_edge(const struct gh_der *line, const char *edge, char label[LABEL_MAX])
{
	size_t head = strlen(edge), tail = strlen(DASHES), n;

	if (line->len < head + tail || memcmp(line->p, edge, head) != 0 ||
	    memcmp(line->p + line->len - tail, DASHES, tail) != 0)
		return false;
	n = line->len - head - tail;
	n = n < LABEL_MAX - 1 ? n : LABEL_MAX - 1;
	memcpy(label, line->p + head, n);
	label[n] = '\0';
	return true;
}

static bool
is_cert_label(const char *label)
{
	return strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0 ||
	    strcmp(label, "TRUSTED CERTIFICATE") == 0;
}

static bool
is_pkcs7_label(const char *label)
{
	return strcmp(label, "PKCS7") == 0 || strcmp(label, "CMS") == 0 ||
	    strcmp(label, "PKCS #7 SIGNED DATA") == 0;
}

/* Behind a trusted certificate of OpenSSL there is what it is trusted for. */
static int
take_block(struct cert_bundle *b, int line, const char *label, const char *text, size_t len,
    struct gh_error *err)
{
	unsigned char *der;
	struct gh_der in, one;
	struct gh_error why;
	size_t n;
	int rc;

	if (gh_base64_decode(text, len, &der, &n, &why) != 0)
		return cert_bundle_add(b, line, NULL, "its base64 is damaged", err);
	in = (struct gh_der){der, n};
	if (is_pkcs7_label(label))
		rc = read_pkcs7(b, line, &in, err);
	else if (!gh_der_take_whole(&in, GH_DER_SEQUENCE, &one) ||
	    (in.len > 0 && strncmp(label, "TRUSTED", 7) != 0))
		rc = cert_bundle_add(b, line, NULL, "it is no certificate in DER", err);
	else
		rc = cert_bundle_add(b, line, &one, NULL, err);
	free(der);
	return rc;
}

/* Up to its end. A block that has none ends where the next one begins. */
static int
read_block(struct cert_bundle *b, struct lines *l, const char *label, struct gh_error *err)
{
	bool is_wanted = is_cert_label(label) || is_pkcs7_label(label), is_whole = false;
	const char *text = l->p, *text_end = l->p;
	char other[LABEL_MAX];
	int begin = l->number;
	struct gh_der line;
	struct lines ahead = *l;

	while (!is_whole && take_line(&ahead, &line) && !is_edge(&line, BEGIN, other)) {
		is_whole = is_edge(&line, END, other) && strcmp(other, label) == 0;
		text_end = is_whole ? (const char *)line.p : ahead.p;
		*l = ahead;
	}
	if (strstr(label, "PRIVATE KEY") != NULL)
		b->keys++;
	if (!is_wanted)
		return 0;
	if (!is_whole)
		return cert_bundle_add(b, begin, NULL, "it has no line that ends it", err);
	return take_block(b, begin, label, text, (size_t)(text_end - text), err);
}

/* A file of it, with or without the mark that some editors put before a text. */
static int
read_pem(struct cert_bundle *b, const char *text, size_t len, struct gh_error *err)
{
	size_t bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	struct lines l = {text + bom, text + len, 0};
	char label[LABEL_MAX];
	struct gh_der line;
	int rc = 0;

	while (rc == 0 && take_line(&l, &line))
		if (is_edge(&line, BEGIN, label))
			rc = read_block(b, &l, label, err);
	return rc == 0 && b->n == 0
	    ? gh_refuse(err, GH_E_BAD_REQUEST, "there is no certificate in it")
	    : rc;
}

/* ---- all of it ---- */

static bool
has_pem(const void *text, size_t len)
{
	return memmem(text, len, BEGIN, strlen(BEGIN)) != NULL;
}

/* Of DER, or of a PEM file as a whole, which is how Keyfactor documents its import. */
static int
read_base64(struct cert_bundle *b, const char *text, size_t len, const char *password,
    struct gh_error *err)
{
	unsigned char *der;
	struct gh_error why;
	size_t n;
	int rc;

	if (gh_base64_decode(text, len, &der, &n, &why) != 0)
		n = 0;
	if (form_of(&(struct gh_der){der, n}) == FORM_NONE && n > 0 && has_pem(der, n))
		rc = read_pem(b, (const char *)der, n, err);
	else
		rc = read_der(b, (struct gh_der){der, n}, password, err);
	OPENSSL_clear_free(der, n); /* a PEM may have a private key beside it */
	return rc;
}

int
cert_bundle_read(const void *bytes, size_t len, const char *password, struct cert_bundle *out,
    struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (len > CERT_BUNDLE_BYTES)
		return gh_refuse(err, GH_E_TOO_LARGE, "it has more than %zu bytes",
		    CERT_BUNDLE_BYTES);
	/* a text may begin with "0" */
	if (form_of(&(struct gh_der){bytes, len}) != FORM_NONE)
		return read_der(out, (struct gh_der){bytes, len}, password, err);
	return has_pem(bytes, len) ? read_pem(out, bytes, len, err)
				   : read_base64(out, bytes, len, password, err);
}
