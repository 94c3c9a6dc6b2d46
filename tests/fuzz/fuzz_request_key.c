/* The private key in the body of a request for a certificate: what is taken is within the limits of
 * the KRA, comes in one form, and is not in what is recorded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "formats/crmf.h"
#include "rest/rest_request_key.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_asked(const struct rest_request_key *k)
{
	CHECK(k->is_there);
	CHECK((k->ask.options.len > 0) != (k->ask.cipher.len > 0));
	CHECK(k->ask.options.len <= KRA_OPTIONS_MAX);
	CHECK(k->ask.cipher.len <= KRA_SECRET_MAX + 32 && k->ask.iv.len <= 16);
	CHECK(k->ask.policy == NULL && k->ask.owner == NULL && k->ask.client_id == NULL);
}

static void
try_crmf(const gh_json *body, struct rest_request_key *k)
{
	const char *text = gh_json_string(gh_json_get(body, "crmf"));
	bool was_there = k->is_there;
	struct ca_pkcs10 *csr = NULL;
	unsigned char *ber = NULL;
	size_t len = 0;
	bool has_options;

	if (text == NULL || gh_base64_decode(text, strlen(text), &ber, &len, NULL) != 0 ||
	    ca_crmf_parse(ber, len, &csr, NULL) != 0) {
		free(ber);
		return;
	}
	free(ber);
	has_options = csr->archive_options.len > 0;
	if (rest_request_key_take(&csr, k, NULL) == 0) {
		CHECK(csr->archive_options.len == 0 && csr->is_verified == has_options);
		CHECK(!(was_there && has_options) && k->is_there == (was_there || has_options));
		if (has_options) {
			CHECK(k->ask.options.p >= k->message->der &&
			    k->ask.options.p + k->ask.options.len <=
				k->message->der + k->message->der_len);
			check_asked(k);
		}
	}
	ca_pkcs10_free(csr);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rest_request_key k = {0};
	struct rest_fields f = {0};
	struct gh_error err;
	gh_json *body;

	if (gh_json_parse((const char *)data, size, GH_JSON_STRICT, &body, &err) != 0)
		return 0;
	rest_request_key_read(body, &f, &k);
	CHECK(k.is_there == (gh_json_type(gh_json_get(body, "archival")) != GH_JSON_NULL));
	if (rest_fields_check(&f, &err) == 0) {
		if (k.is_there)
			check_asked(&k);
		try_crmf(body, &k);
	}
	gh_json_free(body);
	rest_fields_clear(&f);
	rest_request_key_clear(&k);
	return 0;
}
