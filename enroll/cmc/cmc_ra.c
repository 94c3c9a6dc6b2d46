/* Statements of RAs. See cmc_ra.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmc_batch.h"
#include "cmc_ra.h"
#include "ra_statement.h"

static int
refuse(struct cmc_run *r, uint32_t body, enum gh_code code, const char *text)
{
	struct gh_error err;

	gh_refuse(&err, code, "%s", text);
	return cmc_refuse(r, body, &err);
}

/* --- who may, and what is said ---------------------------------------------------------------- */

static int
read_one(struct cmc_run *r, const struct pki_control *c)
{
	struct gh_error err;

	if (c->kind == CMC_LRA_POP_WITNESS && !r->ctx->takes_ra_pop) {
		gh_refuse(&err, GH_E_FORBIDDEN,
		    "No RA is believed here for possession of keys: each is proven by its holder.");
		return cmc_refuse_as(r, c->id, CMC_POP_FAILED, &err);
	}
	if (!cmc_is_ra(r)) /* RFC 6402, 2.12 */
		return refuse(r, c->id, GH_E_FORBIDDEN,
		    "Only a registration authority may say this: it signs by a certificate with "
		    "id-kp-cmcRA, and the label must have RAs.");
	if (r->said == NULL && (r->said = calloc(1, sizeof(*r->said))) == NULL)
		return refuse(r, c->id, GH_E_NOMEM, "");
	return ra_statement_read(c, r->said, &err) == 0 ? 0 : cmc_refuse(r, c->id, &err);
}

int
cmc_ra_read(struct cmc_run *r)
{
	int rc = 0, one;

	for (size_t i = 0; i < r->data.controls; i++)
		if (ra_statement_is(r->data.control[i].kind) &&
		    (one = read_one(r, &r->data.control[i])) != 0 && rc == 0)
			rc = one;
	return rc;
}

/* --- of what ---------------------------------------------------------------------------------- */

/* Are the first `depth` steps of its path those from one message to another inside of it? */
static bool
leads(const struct ra_statement *s, size_t depth, const struct cmc_run *from,
    const struct cmc_run *to)
{
	if (to == from)
		return depth == 0;
	return depth > 0 && s->path[depth - 1] == to->id && leads(s, depth - 1, from, to->ra);
}

const struct ra_statement *
cmc_ra_next(struct cmc_ra_walk *w)
{
	const struct ra_statement *s;

	for (; w->at != NULL; w->at = w->at->ra, w->next = 0)
		while (w->at->said != NULL && w->next < w->at->said->n) {
			s = &w->at->said->one[w->next++];
			if (leads(s, s->depth, w->at, w->r))
				return s;
		}
	return NULL;
}

bool
cmc_ra_names(const struct ra_statement *s, uint32_t id)
{
	for (size_t i = 0; i < s->ids; i++)
		if (s->id[i] == id)
			return true;
	return false;
}

static bool
is_proof(enum cmc_kind kind)
{
	return kind == CMC_IDENTITY_PROOF || kind == CMC_IDENTITY_PROOF_V2;
}

static bool
has_request(const struct pki_data *d, uint32_t id)
{
	for (size_t i = 0; i < d->requests; i++)
		if (d->request[i].id == id)
			return true;
	return false;
}

static bool
has_control(const struct pki_data *d, uint32_t id, bool must_be_proof)
{
	for (size_t i = 0; i < d->controls; i++)
		if (d->control[i].id == id)
			return !must_be_proof || is_proof(d->control[i].kind);
	return false;
}

/* is_own: of the message that the statement itself is in, whose controls nobody else processes. */
static bool
has_parts(const struct ra_statement *s, const struct pki_data *d, bool is_own)
{
	const enum cmc_kind kind = s->control->kind;
	bool ok = true;

	if (kind == CMC_CONTROL_PROCESSED)
		return !is_own && has_control(d, s->id[0], false);
	if (kind == CMC_RA_IDENTITY_WITNESS)
		return has_request(d, s->id[0]) || pki_data_find_message(d, s->id[0]) != NULL ||
		    (!is_own && has_control(d, s->id[0], true));
	for (size_t i = 0; i < s->ids; i++)
		ok &= has_request(d, s->id[i]);
	return ok;
}

/* What it speaks of on this layer and on the next one, which is read and not yet served. What could
 * not be read has an answer of its own, and so has what was encrypted, once it is believed. */
static bool
is_there(const struct cmc_run *r, const struct cmc_run *at, const struct ra_statement *s)
{
	size_t depth = (size_t)(r->layer - at->layer);
	const struct cmc_run *inner;

	if (depth > s->depth || !leads(s, depth, at, r))
		return true;
	if (depth == s->depth)
		return (at != r && !r->is_enveloped) || has_parts(s, &r->data, at == r);
	inner = cmc_batch_find(r, s->path[depth]);
	return inner != NULL &&
	    (depth + 1 < s->depth || inner->rc != 0 || inner->came_enveloped ||
		has_parts(s, &inner->data, false));
}

int
cmc_ra_check(struct cmc_run *r)
{
	int rc = 0;

	for (const struct cmc_run *at = r; rc == 0 && at != NULL; at = at->ra)
		for (size_t i = 0; rc == 0 && at->said != NULL && i < at->said->n; i++)
			if (!is_there(r, at, &at->said->one[i]))
				rc = refuse(r, at == r ? at->said->one[i].control->id : 0,
				    GH_E_BAD_REQUEST,
				    "An RA speaks of a message, request or control that is not "
				    "there, or that batchRequests does not name.");
	return rc;
}

/* --- what it means ---------------------------------------------------------------------------- */

static bool
says(const struct cmc_run *r, enum cmc_kind kind, uint32_t id)
{
	struct cmc_ra_walk w = {.r = r, .at = r};
	const struct ra_statement *s;

	while ((s = cmc_ra_next(&w)) != NULL)
		if (s->control->kind == kind && cmc_ra_names(s, id))
			return true;
	return false;
}

bool
cmc_ra_has_proven(const struct cmc_run *r, const struct pki_control *c)
{
	return c != NULL && is_proof(c->kind) && says(r, CMC_RA_IDENTITY_WITNESS, c->id);
}

bool
cmc_ra_has_processed(const struct cmc_run *r, const struct pki_control *c)
{
	return says(r, CMC_CONTROL_PROCESSED, c->id);
}

bool
cmc_ra_vouches_for(const struct cmc_run *r, size_t i)
{
	return says(r, CMC_LRA_POP_WITNESS, r->data.request[i].id);
}

/* Of a request beside its statements the RA itself must say so. */
bool
cmc_ra_is_for_another(const struct cmc_run *r, size_t i)
{
	const uint32_t id = r->data.request[i].id;
	bool is_one = r->is_by_ra;

	for (size_t k = 0; !is_one && r->said != NULL && k < r->said->n; k++)
		is_one = r->said->one[k].control->kind == CMC_RA_IDENTITY_WITNESS &&
		    r->said->one[k].depth == 0 && cmc_ra_names(&r->said->one[k], id);
	return is_one;
}

const char *
cmc_ra_detail(const struct cmc_run *r, size_t i, char *out, size_t size)
{
	const struct requester *ra = r->ra != NULL ? &r->ra->who : &r->who;
	bool is_for_another = cmc_ra_is_for_another(r, i);

	if (r->ra == NULL && !is_for_another && !r->is_changed[i] && !r->is_vouched[i])
		return NULL;
	snprintf(out, size, "%.80s; %s RA %.200s%s%s", r->ctx->template_name,
	    is_for_another ? "for another, by" : "by", ra->name,
	    r->is_changed[i] ? "; changed by an RA" : "",
	    r->is_vouched[i] ? "; an RA has seen possession of the key" : "");
	return out;
}
