/* Names for tests, from short words: "CN=x" is a UTF8String, "CN:printable=x" another type; "+CN=x"
 * goes into the RDN before. */
#ifndef TEST_NAME_FIXTURE_H
#define TEST_NAME_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

static inline int
string_type(const char *word)
{
	static const struct {
		const char *word;
		int type;
	} rows[] = {
	    {":printable", V_ASN1_PRINTABLESTRING},
	    {":t61", V_ASN1_T61STRING},
	    {":ia5", V_ASN1_IA5STRING},
	    {":bmp", V_ASN1_BMPSTRING},
	    {":universal", V_ASN1_UNIVERSALSTRING},
	    {":bits", V_ASN1_BIT_STRING},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].type;
	return V_ASN1_UTF8STRING;
}

/* BMPString and UniversalString are given as ASCII. */
static inline int
widen(const char *text, int type, unsigned char out[512])
{
	size_t width = type == V_ASN1_BMPSTRING ? 2
	    : type == V_ASN1_UNIVERSALSTRING    ? 4
						: 1,
	       n = strlen(text);

	if (n * width > 512)
		abort();
	memset(out, 0, 512);
	for (size_t i = 0; i < n; i++)
		out[i * width + width - 1] = (unsigned char)text[i];
	return (int)(n * width);
}

/* words: NULL-ended. */
static inline X509_NAME *
name_of_words(const char *const *words)
{
	X509_NAME *name = X509_NAME_new();
	unsigned char value[512];

	for (; *words != NULL; words++) {
		char type[64], *colon;
		const char *equals = strchr(*words, '='), *from = *words + (**words == '+');
		int string = V_ASN1_UTF8STRING, n;

		if (equals == NULL || (size_t)(equals - from) >= sizeof(type))
			abort();
		memcpy(type, from, (size_t)(equals - from));
		type[equals - from] = '\0';
		if ((colon = strchr(type, ':')) != NULL) {
			string = string_type(colon);
			*colon = '\0';
		}
		n = widen(equals + 1, string, value);
		if (X509_NAME_add_entry_by_txt(name, type, string, value, n, -1,
			**words == '+' ? -1 : 0) != 1)
			abort();
	}
	return name;
}

#endif
