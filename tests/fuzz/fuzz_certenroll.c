/* A CertEnroll body as each version, down to the PKCS#10 and the metadata. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "certenroll/ce_parse.h"
#include "catalog/metadata.h"
#include "formats/pkcs10.h"

static char dept[] = "Department", count[] = "Count", date[] = "Date", flag[] = "Flag",
	    stage[] = "Stage";
static char note[] = "Note", mail[] = "Mail", option_a[] = "Test", option_b[] = "Live",
	    seven[] = "7";
static char pattern[] = "^[A-Z]{1,3}-[0-9]+$";
static char *options[] = {option_a, option_b, NULL};

static const struct metadata_field fields[] = {
    {.name = dept, .type = METADATA_STRING, .regex = pattern},
    {.name = count, .type = METADATA_INTEGER, .default_value = seven},
    {.name = date, .type = METADATA_DATE},
    {.name = flag, .type = METADATA_BOOLEAN},
    {.name = stage, .type = METADATA_MULTIPLE_CHOICE, .options = options},
    {.name = note, .type = METADATA_BIG_TEXT},
    {.name = mail, .type = METADATA_EMAIL},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* What was accepted must be accepted again, and give the same. */
static void
check_metadata(const gh_json *list)
{
	gh_json *typed, *again;
	char *text, *text2;

	if (metadata_check(fields, FIELDS, list, NULL, &typed, NULL) != 0)
		return;
	if (metadata_check(fields, FIELDS, typed, NULL, &again, NULL) != 0)
		abort();
	text = gh_json_print(typed, false);
	text2 = gh_json_print(again, false);
	if (text == NULL || text2 == NULL || strcmp(text, text2) != 0)
		abort();
	free(text);
	free(text2);
	gh_json_free(typed);
	gh_json_free(again);
}

static void
check_csr(const char *text)
{
	struct ca_pkcs10 *csr = NULL;
	unsigned char *der = NULL;
	size_t len = 0;

	if (ca_pkcs10_unarmour(text, &der, &len, NULL) == 0 &&
	    ca_pkcs10_parse(der, len, &csr, NULL) == 0)
		ca_pkcs10_free(csr);
	free(der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int version = 1; version <= 3; version++) {
		struct ce_body b;
		struct gh_error err = {0};
		int rc = ce_body_parse(data, size, version, &b, &err);

		if (rc == 0) {
			size_t n = strlen(b.template_name);

			if (n == 0 || n > CE_TEMPLATE_NAME_MAX || b.pkcs10 == NULL)
				abort();
			check_csr(b.pkcs10);
			check_metadata(b.metadata);
		} else if (err.code != (enum gh_code)rc || err.message[0] == '\0') {
			abort();
		}
		ce_body_clear(&b);
	}
	return 0;
}
