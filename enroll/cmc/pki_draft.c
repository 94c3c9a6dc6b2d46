/* PKIData of a client. See pki_draft.h. */
#include <string.h>

#include <openssl/crypto.h>

#include "cmc_witness.h"
#include "pki_draft.h"

#define DRAFT_MAX (256 * 1024)
#define ID_MAX 0x7f

void
pki_draft_init(struct pki_draft *d)
{
	gh_buf_init(&d->controls, DRAFT_MAX);
	gh_buf_init(&d->requests, DRAFT_MAX);
	d->last_id = 0;
}

void
pki_draft_free(struct pki_draft *d)
{
	gh_buf_free(&d->controls);
	gh_buf_free(&d->requests);
}

static uint32_t
next_id(struct pki_draft *d)
{
	if (++d->last_id > ID_MAX)
		d->controls.failed = true;
	return d->last_id;
}

static uint32_t
add(struct pki_draft *d, enum cmc_kind kind, const struct gh_der *value)
{
	uint32_t n = next_id(d);
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)(n & ID_MAX)};
	const unsigned char type[] = {GH_OID_DER(CMC_OID((unsigned char)kind))};

	gh_der_put_header(&d->controls, GH_DER_SEQUENCE,
	    sizeof(id) + sizeof(type) + gh_der_size(value->len));
	gh_buf_put(&d->controls, id, sizeof(id));
	gh_buf_put(&d->controls, type, sizeof(type));
	gh_der_put(&d->controls, GH_DER_SET, value->p, value->len);
	return n;
}

uint32_t
pki_draft_add_value(struct pki_draft *d, enum cmc_kind kind, unsigned tag, const void *p,
    size_t len)
{
	struct gh_buf b;
	uint32_t n;

	gh_buf_init(&b, DRAFT_MAX);
	gh_der_put(&b, tag, p, len);
	d->controls.failed |= b.failed;
	n = add(d, kind, &(struct gh_der){b.data, b.len});
	gh_buf_free(&b);
	return n;
}

uint32_t
pki_draft_add_pkcs10(struct pki_draft *d, const struct gh_der *csr)
{
	uint32_t n = next_id(d);
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)(n & ID_MAX)};

	gh_der_put_header(&d->requests, GH_DER_CONTEXT(0), sizeof(id) + csr->len);
	gh_buf_put(&d->requests, id, sizeof(id));
	gh_buf_put(&d->requests, csr->p, csr->len);
	return n;
}

int
pki_draft_prove(struct pki_draft *d, const char *identification, const char *secret,
    struct gh_error *err)
{
	struct gh_buf over, hashed, witness;
	int rc;

	gh_buf_init(&over, DRAFT_MAX);
	gh_buf_init(&hashed, DRAFT_MAX);
	gh_buf_init(&witness, DRAFT_MAX);
	hashed.secret = true;
	gh_der_put(&over, GH_DER_SEQUENCE, d->requests.data, d->requests.len);
	gh_buf_puts(&hashed, secret);
	gh_buf_puts(&hashed, identification);
	if ((rc = gh_buf_check(&over, err)) == 0 && (rc = gh_buf_check(&hashed, err)) == 0 &&
	    (rc = cmc_witness_put(&(struct gh_der){hashed.data, hashed.len},
		 &(struct gh_der){over.data, over.len}, &witness, err)) == 0) {
		(void)pki_draft_add_value(d, CMC_IDENTIFICATION, GH_DER_UTF8, identification,
		    strlen(identification));
		(void)add(d, CMC_IDENTITY_PROOF_V2, &(struct gh_der){witness.data, witness.len});
	}
	gh_buf_free(&over);
	gh_buf_free(&hashed);
	gh_buf_free(&witness);
	return rc;
}

int
pki_draft_put(const struct pki_draft *d, struct gh_buf *out, struct gh_error *err)
{
	int rc = gh_buf_check(&d->controls, err);

	if (rc != 0 || (rc = gh_buf_check(&d->requests, err)) != 0)
		return rc;
	gh_der_put_header(out, GH_DER_SEQUENCE,
	    gh_der_size(d->controls.len) + gh_der_size(d->requests.len) + 2 * gh_der_size(0));
	gh_der_put(out, GH_DER_SEQUENCE, d->controls.data, d->controls.len);
	gh_der_put(out, GH_DER_SEQUENCE, d->requests.data, d->requests.len);
	gh_der_put(out, GH_DER_SEQUENCE, NULL, 0);
	gh_der_put(out, GH_DER_SEQUENCE, NULL, 0);
	return gh_buf_check(out, err);
}
