/* Names that bodies of KeyfactorAPI ask for: a subject as text, SANs as an object, the same beside
 * a PKCS#10. What is taken of a subject is what Pkcs12 takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "certenroll/ce_pkcs12_parse.h"
#include "keyfactor/kf_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_refusal(int rc, const struct gh_error *err)
{
	if (err->code != (enum gh_code)rc || err->message[0] == '\0')
		abort();
}

/* A length is Pkcs12's to refuse, nothing else is. */
static void
check_encoded(gh_json *subject, gh_json *sans)
{
	struct ce_pkcs12_body b = {.subject = subject, .sans = sans};
	struct gh_error err = {0};
	struct ce_names names;
	int rc = ce_names_encode(&b, &names, &err);

	if (rc == 0)
		ce_names_clear(&names);
	else
		check_refusal(rc, &err);
}

static void
check_body(const gh_json *o)
{
	const char *csr = gh_json_string(gh_json_get(o, "CSR"));
	const gh_json *asked = gh_json_get(o, "SANs");
	gh_json *subject = NULL, *sans = NULL;
	struct gh_error err = {0};
	int rc = kf_subject(gh_json_string(gh_json_get(o, "Subject")), &subject, &err);

	if (rc == 0)
		rc = kf_sans(asked, &sans, &err);
	if (rc == 0)
		check_encoded(subject, sans);
	else
		check_refusal(rc, &err);
	gh_json_free(subject);
	gh_json_free(sans);
	err = (struct gh_error){0};
	if (csr != NULL && (rc = kf_sans_check(asked, csr, &err)) != 0)
		check_refusal(rc, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gh_json *o = NULL;

	if (gh_json_parse((const char *)data, size, GH_JSON_STRICT, &o, NULL) == 0)
		check_body(o);
	gh_json_free(o);
	ERR_clear_error();
	return 0;
}
