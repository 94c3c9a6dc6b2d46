/* Messages that an RA sends on. See cmc_batch.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmc_batch.h"
#include "cmc_envelope.h"

struct part {
	struct cmc_run *run;
	unsigned char *body; /* the answer; malloc'd */
	size_t len;
};

struct cmc_batch {
	struct part part[PKI_DATA_REQUESTS_MAX]; /* in the order of batchRequests */
	uint32_t id[PKI_DATA_REQUESTS_MAX];
	size_t n;
	bool is_served; /* each has its answer */
};

void
cmc_batch_free(struct cmc_batch *b)
{
	for (size_t i = 0; b != NULL && i < b->n; i++) {
		cmc_run_free(b->part[i].run);
		free(b->part[i].body);
	}
	free(b);
}

static int
refuse(struct cmc_run *r, enum gh_code code, const char *text)
{
	struct gh_error err;

	gh_refuse(&err, code, "%s", text);
	return cmc_refuse(r, r->control[CMC_BATCH_REQUESTS]->id, &err);
}

/* --- which ------------------------------------------------------------------------------------ */

static bool
has_id(const struct cmc_batch *b, uint32_t id)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->id[i] == id)
			return true;
	return false;
}

/* What is in it, before anything of it is believed: its failure is its own. */
static int
read_one(struct cmc_run *r, uint32_t id)
{
	const struct pki_message *m = pki_data_find_message(&r->data, id);
	struct cmc_batch *b = r->batch;
	struct cmc_run *one;

	if (m == NULL || has_id(b, id))
		return refuse(r, GH_E_BAD_REQUEST,
		    "batchRequests names a message that is not there, or one twice.");
	if ((one = cmc_run_new(r->ctx, r)) == NULL)
		return refuse(r, GH_E_NOMEM, "");
	b->id[b->n] = id;
	b->part[b->n++].run = one;
	one->id = id;
	cmc_read(one, m->content.p, m->content.len);
	return 0;
}

/* BodyPartList ::= SEQUENCE SIZE (1..MAX) OF BodyPartID */
static int
read_all(struct cmc_run *r)
{
	struct gh_der in = r->control[CMC_BATCH_REQUESTS]->value, list;
	uint32_t id;
	int rc = 0;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || list.len == 0)
		return refuse(r, GH_E_BAD_REQUEST, "batchRequests is no list of numbers.");
	while (rc == 0 && list.len > 0) {
		if (!gh_der_take_u32(&list, &id))
			rc = refuse(r, GH_E_BAD_REQUEST, "batchRequests is no list of numbers.");
		else if (r->batch->n == PKI_DATA_REQUESTS_MAX)
			rc = refuse(r, GH_E_BAD_REQUEST, "batchRequests names too many messages.");
		else
			rc = read_one(r, id);
	}
	return rc;
}

static void
count(struct cmc_load *all, const struct cmc_run *one)
{
	all->requests += one->data.requests;
	all->signatures += (size_t)(one->message.signers + one->outer.signers);
}

/* What all of them cost together is bounded as that of one message is. What was encrypted counts
 * when it is believed, in its own answer: till then nobody hears what is in it. */
static int
check_size(struct cmc_run *r)
{
	struct cmc_load *all = r->load;

	all->messages += r->batch->n;
	for (size_t i = 0; i < r->batch->n; i++)
		if (!r->batch->part[i].run->came_enveloped)
			count(all, r->batch->part[i].run);
	if (all->messages > PKI_DATA_REQUESTS_MAX)
		return refuse(r, GH_E_BAD_REQUEST, "There are too many messages inside.");
	if (all->requests > PKI_DATA_REQUESTS_MAX)
		return refuse(r, GH_E_BAD_REQUEST,
		    "The messages inside have too many requests together.");
	if (all->signatures > CMC_BATCH_SIGNATURES_MAX)
		return refuse(r, GH_E_BAD_REQUEST,
		    "The messages inside have too many signatures together.");
	return 0;
}

int
cmc_batch_count_late(struct cmc_run *r)
{
	struct gh_error err;

	if (r->ra == NULL || !r->is_enveloped)
		return 0;
	count(r->load, r);
	if (r->load->requests <= PKI_DATA_REQUESTS_MAX &&
	    r->load->signatures <= CMC_BATCH_SIGNATURES_MAX)
		return 0;
	gh_refuse(&err, GH_E_BAD_REQUEST,
	    "The messages inside have too many requests or signatures together.");
	return cmc_refuse(r, 0, &err);
}

int
cmc_batch_read(struct cmc_run *r)
{
	int rc;

	if (r->control[CMC_BATCH_REQUESTS] == NULL)
		return 0;
	if (!cmc_is_ra(r)) /* RFC 6402, 2.12 */
		return refuse(r, GH_E_FORBIDDEN,
		    "Only a registration authority sends messages of others: it signs by a "
		    "certificate with id-kp-cmcRA, and the label must have RAs.");
	if (r->data.requests > 0)
		return refuse(r, GH_E_BAD_REQUEST,
		    "Beside messages of others there are no requests: send them by themselves.");
	if ((r->batch = calloc(1, sizeof(*r->batch))) == NULL)
		return refuse(r, GH_E_NOMEM, "");
	if ((rc = read_all(r)) == 0)
		rc = check_size(r);
	return rc;
}

const struct cmc_run *
cmc_batch_find(const struct cmc_run *r, uint32_t id)
{
	for (size_t i = 0; r->batch != NULL && i < r->batch->n; i++)
		if (r->batch->id[i] == id)
			return r->batch->part[i].run;
	return NULL;
}

/* --- the answers ------------------------------------------------------------------------------ */

static bool
is_guess(const struct gh_error *err)
{
	return err->code == GH_E_AUTH_FAILED || err->code == GH_E_SIGNATURE;
}

/* Else secrets could be tried through a batch in which one wrong proof counts for all. */
static void
stop_guesses(struct cmc_run *one)
{
	struct gh_error err;

	if (one->load->guess.code == 0)
		return;
	gh_refuse(&err, GH_E_RATE_LIMITED,
	    "A message before this one had a wrong proof: send this one again.");
	if (one->came_enveloped) /* whatever came of it: that would be read out of the answer */
		cmc_envelope_put_off(one, &err);
	else if (one->rc == 0 && one->control[CMC_IDENTIFICATION] != NULL)
		(void)cmc_refuse(one, 0, &err);
}

static int
serve_one(struct cmc_run *r, struct part *p)
{
	struct cmc_answer a;

	stop_guesses(p->run);
	cmc_run_answer(p->run, &a);
	if (p->run->rc != 0 && is_guess(&p->run->err) && r->load->guess.code == 0)
		r->load->guess = p->run->err;
	p->body = a.body; /* owned from here on */
	p->len = a.len;
	cmc_run_free(p->run);
	p->run = NULL;
	return p->body != NULL ? 0 : refuse(r, GH_E_INTERNAL, "");
}

/* What became of each is in its answer alone (6.17). */
void
cmc_batch_serve(struct cmc_run *r, const struct pki_control *c)
{
	struct cmc_batch *b = r->batch;
	int rc = 0;

	r->needs_full = true;
	for (size_t i = 0; rc == 0 && i < b->n; i++)
		rc = serve_one(r, &b->part[i]);
	if (rc != 0)
		return;
	b->is_served = true;
	cmc_succeed(r, c->id);
}

int
cmc_batch_put(const struct cmc_run *r, struct pki_response *out, struct gh_error *err)
{
	const struct cmc_batch *b = r->batch;
	struct gh_buf ids, list;
	int rc;

	if (b == NULL || !b->is_served)
		return 0;
	gh_buf_init(&ids, 1024);
	gh_buf_init(&list, 1024);
	for (size_t i = 0; i < b->n; i++) {
		const struct gh_der body = {b->part[i].body, b->part[i].len};
		unsigned char id = (unsigned char)pki_response_add_message(out, &body);

		gh_der_put(&ids, GH_DER_INTEGER, &id, 1);
	}
	gh_der_put(&list, GH_DER_SEQUENCE, ids.data, ids.len);
	if ((rc = gh_buf_check(&ids, err)) == 0 && (rc = gh_buf_check(&list, err)) == 0)
		pki_response_add(out, CMC_BATCH_RESPONSES, &(struct gh_der){list.data, list.len});
	gh_buf_free(&ids);
	gh_buf_free(&list);
	return rc;
}

/* --- for the records -------------------------------------------------------------------------- */

void
cmc_batch_guess(const struct cmc_run *r, struct gh_error *out)
{
	*out = r->load->guess;
}
