/* PKIData of CMC: what is parsed lies in what came, its numbers are its own, and each request of it
 * is read or refused for its form. */
#include <stdint.h>
#include <stdlib.h>

#include "cmc/pki_data.h"
#include "cmc/ra_statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(const struct gh_der *part, const struct gh_der *all)
{
	return part->len == 0 || (part->p >= all->p && part->p + part->len <= all->p + all->len);
}

static void
check_request(const struct pki_request *r, const struct gh_der *all)
{
	struct ca_pkcs10 *csr = (struct ca_pkcs10 *)1;
	struct gh_error err = {0};
	int rc;

	if (r->id == 0 || !is_inside(&r->content, all))
		abort();
	rc = pki_request_read(r, &csr, &err);
	if (rc != 0 && (csr != NULL || err.code != rc))
		abort();
	ca_pkcs10_free(rc == 0 ? csr : NULL);
}

/* What an RA says: what it takes over lies in the control, and its counts are those of its arrays.
 */
static void
check_statement(const struct pki_control *c, struct ra_statements *all)
{
	size_t before = all->n;
	struct gh_error err = {0};
	int rc;

	if (!ra_statement_is(c->kind))
		return;
	rc = ra_statement_read(c, all, &err);
	if (all->n > RA_STATEMENTS_MAX || all->n < before ||
	    (rc != 0 && err.code != GH_E_BAD_REQUEST))
		abort();
	for (size_t i = before; rc == 0 && i < all->n; i++) {
		const struct ra_statement *s = &all->one[i];

		if (s->control != c || s->depth > RA_PATH_MAX || s->ids == 0 ||
		    s->ids > PKI_DATA_REQUESTS_MAX || !is_inside(&s->subject, &c->value) ||
		    !is_inside(&s->extensions, &c->value))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pki_data d;
	static struct ra_statements said;
	struct gh_der all = {data, size};
	struct gh_error err = {0};

	if (pki_data_parse(&all, &d, &err) != 0) {
		if (err.code != GH_E_BAD_REQUEST || d.controls + d.requests + d.others != 0)
			abort();
		return 0;
	}
	if (!gh_der_is_strict(data, size) || !is_inside(&d.req_sequence, &all))
		abort();
	said.n = 0;
	for (size_t i = 0; i < d.controls; i++) {
		if (d.control[i].id == 0 || !is_inside(&d.control[i].value, &all))
			abort();
		check_statement(&d.control[i], &said);
	}
	for (size_t i = 0; i < d.requests; i++)
		check_request(&d.request[i], &all);
	if (d.messages > d.others)
		abort();
	for (size_t i = 0; i < d.others; i++)
		if (d.other[i].id == 0 || !is_inside(&d.other[i].content, &all))
			abort();
	return 0;
}
