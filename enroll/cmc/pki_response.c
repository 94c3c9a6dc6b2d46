/* PKIResponse of CMC. See pki_response.h. */
#include "pki_response.h"

#define RESPONSE_MAX (256 * 1024)
#define MESSAGES_MAX (4 * 1024 * 1024)

void
pki_response_init(struct pki_response *r)
{
	gh_buf_init(&r->controls, RESPONSE_MAX);
	gh_buf_init(&r->messages, MESSAGES_MAX);
	r->last_id = 0;
}

void
pki_response_free(struct pki_response *r)
{
	gh_buf_free(&r->controls);
	gh_buf_free(&r->messages);
}

/* TaggedAttribute ::= SEQUENCE { bodyPartID, attrType, attrValues SET OF }; ids stay below 128. */
void
pki_response_add(struct pki_response *r, enum cmc_kind kind, const struct gh_der *value)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)(++r->last_id & 0x7f)};
	const unsigned char type[] = {GH_OID_DER(CMC_OID((unsigned char)kind))};

	gh_der_put_header(&r->controls, GH_DER_SEQUENCE,
	    sizeof(id) + sizeof(type) + gh_der_size(value->len));
	gh_buf_put(&r->controls, id, sizeof(id));
	gh_buf_put(&r->controls, type, sizeof(type));
	gh_der_put(&r->controls, GH_DER_SET, value->p, value->len);
	if (r->last_id > 0x7f)
		r->controls.failed = true;
}

/* TaggedContentInfo ::= SEQUENCE { bodyPartID, ContentInfo } */
uint32_t
pki_response_add_message(struct pki_response *r, const struct gh_der *message)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)(++r->last_id & 0x7f)};

	gh_der_put_header(&r->messages, GH_DER_SEQUENCE, sizeof(id) + message->len);
	gh_buf_put(&r->messages, id, sizeof(id));
	gh_buf_put(&r->messages, message->p, message->len);
	if (r->last_id > 0x7f)
		r->messages.failed = true;
	return r->last_id;
}

void
pki_response_add_octets(struct pki_response *r, enum cmc_kind kind, const void *p, size_t len)
{
	struct gh_buf value;

	gh_buf_init(&value, RESPONSE_MAX);
	gh_der_put(&value, GH_DER_OCTETS, p, len);
	if (value.failed)
		r->controls.failed = true;
	pki_response_add(r, kind, &(struct gh_der){value.data, value.len});
	gh_buf_free(&value);
}

int
pki_response_add_status(struct pki_response *r, enum cmc_kind kind, const struct cmc_status *s,
    struct gh_error *err)
{
	struct gh_buf value;
	int rc;

	gh_buf_init(&value, RESPONSE_MAX);
	if ((rc = cmc_status_put(s, &value, err)) == 0 && (rc = gh_buf_check(&value, err)) == 0)
		pki_response_add(r, kind, &(struct gh_der){value.data, value.len});
	gh_buf_free(&value);
	return rc;
}

/* C-020: the empty sequences are there. */
int
pki_response_put(const struct pki_response *r, struct gh_buf *out, struct gh_error *err)
{
	int rc = gh_buf_check(&r->controls, err);

	if (rc != 0 || (rc = gh_buf_check(&r->messages, err)) != 0)
		return rc;
	gh_der_put_header(out, GH_DER_SEQUENCE,
	    gh_der_size(r->controls.len) + gh_der_size(r->messages.len) + gh_der_size(0));
	gh_der_put(out, GH_DER_SEQUENCE, r->controls.data, r->controls.len);
	gh_der_put(out, GH_DER_SEQUENCE, r->messages.data, r->messages.len);
	gh_der_put(out, GH_DER_SEQUENCE, NULL, 0);
	return gh_buf_check(out, err);
}
