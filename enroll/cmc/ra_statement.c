/* Controls of RAs. See ra_statement.h. */
#include <string.h>

#include "ra_statement.h"

static int
malformed(struct gh_error *err)
{
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "The control of the RA is malformed, or names more than is taken here.");
}

bool
ra_statement_is(enum cmc_kind kind)
{
	return kind == CMC_ADD_EXTENSIONS || kind == CMC_MOD_CERT_TEMPLATE ||
	    kind == CMC_LRA_POP_WITNESS || kind == CMC_CONTROL_PROCESSED ||
	    kind == CMC_RA_IDENTITY_WITNESS;
}

/* --- references ------------------------------------------------------------------------------- */

/* SEQUENCE SIZE (1..MAX) OF BodyPartID (3.2.2) */
static bool
take_ids(struct gh_der *in, uint32_t *out, size_t max, size_t *n)
{
	struct gh_der list;

	*n = 0;
	if (!gh_der_take(in, GH_DER_SEQUENCE, &list) || list.len == 0)
		return false;
	while (list.len > 0)
		if (*n == max || !gh_der_take_u32(&list, &out[(*n)++]))
			return false;
	return true;
}

/* 0 is the PKIData itself. */
static void
set_path(struct ra_statement *s, const uint32_t *path, size_t n)
{
	s->depth = n == 1 && path[0] == 0 ? 0 : n;
	memcpy(s->path, path, n * sizeof(*path));
}

/* BodyPartPath whose last part is what is meant, and the others the way there. */
static bool
take_part(struct gh_der *in, struct ra_statement *s)
{
	uint32_t path[RA_PATH_MAX + 1];
	size_t n;

	if (!take_ids(in, path, RA_PATH_MAX + 1, &n))
		return false;
	set_path(s, path, n - 1);
	s->id[0] = path[n - 1];
	s->ids = 1;
	return true;
}

/* --- each kind -------------------------------------------------------------------------------- */

/* AddExtensions ::= SEQUENCE { pkiDataReference BodyPartID, certReferences, extensions } (6.5.2) */
static bool
read_extensions(struct gh_der in, struct ra_statement *s)
{
	uint32_t id;

	if (!gh_der_take_u32(&in, &id) || !take_ids(&in, s->id, PKI_DATA_REQUESTS_MAX, &s->ids))
		return false;
	set_path(s, &id, 1);
	return gh_der_take(&in, GH_DER_SEQUENCE, &s->extensions) && in.len == 0;
}

/* CertTemplate (RFC 4211, 5): the key is that of who has proven it, and the rest is the CA's. */
static bool
read_template(struct gh_der in, struct ra_statement *s)
{
	struct gh_der name;

	(void)gh_der_take(&in, GH_DER_PRIMITIVE(0), NULL); /* version */
	(void)gh_der_take(&in, GH_DER_CONTEXT(3), NULL);   /* issuer */
	(void)gh_der_take(&in, GH_DER_CONTEXT(4), NULL);   /* validity */
	if ((s->has_subject = gh_der_take(&in, GH_DER_CONTEXT(5), &name)) &&
	    (!gh_der_take_whole(&name, GH_DER_SEQUENCE, &s->subject) || name.len != 0))
		return false;
	(void)gh_der_take(&in, GH_DER_PRIMITIVE(7), NULL); /* issuerUID */
	(void)gh_der_take(&in, GH_DER_PRIMITIVE(8), NULL); /* subjectUID */
	(void)gh_der_take(&in, GH_DER_CONTEXT(9), &s->extensions);
	return in.len == 0;
}

/* ModCertTemplate ::= SEQUENCE { pkiDataReference BodyPartPath, certReferences BodyPartList,
 * replace BOOLEAN DEFAULT TRUE, certTemplate } (6.5.1) */
static bool
read_change(struct gh_der in, struct ra_statement *s)
{
	struct gh_der replace, template;
	uint32_t path[RA_PATH_MAX];
	size_t n;

	if (!take_ids(&in, path, RA_PATH_MAX, &n) ||
	    !take_ids(&in, s->id, PKI_DATA_REQUESTS_MAX, &s->ids))
		return false;
	set_path(s, path, n);
	s->removes = gh_der_take(&in, GH_DER_BOOLEAN, &replace) && replace.p[0] == 0;
	return gh_der_take(&in, GH_DER_SEQUENCE, &template) && in.len == 0 &&
	    read_template(template, s);
}

/* LraPopWitness ::= SEQUENCE { pkiDataBodyid BodyPartID, bodyIds SEQUENCE OF BodyPartID } (6.8) */
static bool
read_witness(struct gh_der in, struct ra_statement *s)
{
	uint32_t id;

	if (!gh_der_take_u32(&in, &id) || !take_ids(&in, s->id, PKI_DATA_REQUESTS_MAX, &s->ids))
		return false;
	set_path(s, &id, 1);
	return in.len == 0;
}

static struct ra_statement *
add(const struct pki_control *c, struct ra_statements *out)
{
	struct ra_statement *s;

	if (out->n == RA_STATEMENTS_MAX)
		return NULL;
	s = &out->one[out->n++];
	*s = (struct ra_statement){.control = c};
	return s;
}

/* ControlList ::= SEQUENCE { bodyList SEQUENCE SIZE (1..MAX) OF BodyPartReference } (6.19); each a
 * path: a control of the RA's own message is not processed by anybody else. */
static bool
read_processed(struct gh_der in, const struct pki_control *c, struct ra_statements *out)
{
	struct ra_statement *s;
	struct gh_der list;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &list) || in.len != 0 || list.len == 0)
		return false;
	while (list.len > 0)
		if ((s = add(c, out)) == NULL || !take_part(&list, s))
			return false;
	return true;
}

static bool
read_one(const struct pki_control *c, struct gh_der in, struct ra_statement *s)
{
	struct gh_der all, whole = in;

	if (s == NULL)
		return false;
	if (c->kind == CMC_RA_IDENTITY_WITNESS)
		return take_part(&whole, s) && whole.len == 0;
	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) || in.len != 0)
		return false;
	return c->kind == CMC_ADD_EXTENSIONS   ? read_extensions(all, s)
	    : c->kind == CMC_MOD_CERT_TEMPLATE ? read_change(all, s)
					       : read_witness(all, s);
}

int
ra_statement_read(const struct pki_control *c, struct ra_statements *out, struct gh_error *err)
{
	struct gh_der in = c->value, all;
	bool ok = c->kind == CMC_CONTROL_PROCESSED
	    ? gh_der_take(&in, GH_DER_SEQUENCE, &all) && in.len == 0 && read_processed(all, c, out)
	    : read_one(c, c->value, add(c, out));

	return ok ? 0 : malformed(err);
}
