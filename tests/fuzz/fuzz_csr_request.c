/*
 * What POST /csr/process reads. The first byte says how the rest came: 0 JSON, 1 urlencoded, 2
 * multipart with the boundary "b", 3 a file with a request. What is read keeps the promises of
 * csr_request.h: texts are of one line, a request is there or its field is blamed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csr/csr_data.h"
#include "csr/csr_facts.h"
#include "csr/csr_request.h"
#include "utf8.h"

static void
check_line(const char *text)
{
	if (text != NULL &&
	    (*text == '\0' || !gh_utf8_is_clean(text) || strchr(text, '\n') != NULL))
		abort();
}

static void
check(const struct csr_request *r, int rc)
{
	unsigned char sum[REPLAY_MARK_SIZE];
	gh_json *facts;
	struct gh_error err;

	check_line(r->common_name);
	check_line(r->ca_id);
	check_line(r->template_name);
	check_line(r->tenant);
	check_line(r->email);
	check_line(r->language);
	if (r->validity_days < 0 || r->validity_days > CSR_DAYS_MAX)
		abort();
	if ((rc == GH_E_VALIDATION) != (r->fields.errors != NULL))
		abort();
	if (r->csr == NULL && rc == 0)
		abort();
	if (r->csr == NULL)
		return;
	if ((facts = csr_facts(r->csr)) == NULL)
		abort();
	gh_json_free(facts);
	if (csr_request_content(r, sum, &err) != 0)
		abort();
}

static void
check_data(const uint8_t *data, size_t size)
{
	struct ca_pkcs10 *csr = NULL;
	struct gh_error err = {0};

	if ((csr_data_parse(data, size, &csr, &err) == 0) != (csr != NULL))
		abort();
	ca_pkcs10_free(csr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"application/json", "application/x-www-form-urlencoded",
	    "multipart/form-data; boundary=b"};
	struct gh_http_request http = {0};
	struct call call = {.http = &http};
	struct gh_form form = {0};
	struct csr_request r;
	struct gh_error err = {0};
	int rc;

	if (size == 0 || size > 256 * 1024)
		return 0;
	if (*data > 2) {
		check_data(data + 1, size - 1);
		return 0;
	}
	if ((http.body = malloc(size)) == NULL)
		return 0;
	memcpy(http.body, data + 1, size - 1);
	http.body_len = size - 1;
	rc = *data == 0 ? 0 : gh_form_parse(types[*data], http.body, http.body_len, &form, &err);
	if (rc == 0) {
		rc = csr_request_read(&call, &form, &r, &err);
		check(&r, rc);
		csr_request_clear(&r);
	}
	gh_form_clear(&form);
	free(http.body);
	return 0;
}
