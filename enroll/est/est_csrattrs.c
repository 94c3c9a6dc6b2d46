/* What a request is to hold. See est_csrattrs.h. */
#include <stdlib.h>
#include <string.h>

#include "formats/csr_attrs.h"

#include "est_body.h"
#include "est_csrattrs.h"
#include "est_door.h"
#include "est_error.h"

#define CSRATTRS_TYPE "application/csrattrs"
#define CHALLENGE_PASSWORD "1.2.840.113549.1.9.7"

/* ---- from the form of a template (tmpl.h) ---- */

static void
take_rdn(const char *name, struct csr_attrs_template *out)
{
	const char *oid = name != NULL ? tmpl_rdn_oid(name) : NULL;

	if (oid != NULL && out->rdns < CSR_ATTRS_RDNS_MAX)
		out->rdn[out->rdns++] = oid;
}

/* The first kind is the one that is told; others that the template takes are taken all the same. */
static bool
take_key(const gh_json *rule, struct csr_attrs_key *out)
{
	const char *type = gh_json_string(gh_json_get(rule, "type"));
	int64_t bits = 0;

	out->curve = gh_json_string(gh_json_at(gh_json_get(rule, "curves"), 0));
	(void)gh_json_int(gh_json_get(rule, "min_bits"), &bits);
	out->bits = (int)bits;
	for (int t = CA_KEY_RSA; type != NULL && t < CA_KEY_OTHER; t++)
		if (strcmp(ca_key_type_name((enum ca_key_type)t), type) == 0) {
			out->type = (enum ca_key_type)t;
			return true;
		}
	return false;
}

/* Texts of out are the form's. */
static bool
take_form(const gh_json *form, struct csr_attrs_template *out)
{
	const gh_json *rdns = gh_json_get(gh_json_get(form, "subject"), "required");

	for (size_t i = 0; i < gh_json_size(rdns); i++)
		take_rdn(gh_json_string(gh_json_at(rdns, i)), out);
	out->has_san = gh_json_size(gh_json_get(gh_json_get(form, "san"), "required")) > 0;
	return take_key(gh_json_at(gh_json_get(form, "keys"), 0), &out->key);
}

/* ---- the list ---- */

static void
put_items(const struct est_label *label, const struct csr_attrs_template *t, struct gh_buf *list)
{
	const char *signature = csr_attrs_signature(&t->key);

	if (label->linking == EST_LINKING_REQUIRED)
		csr_attrs_put_oid(list, CHALLENGE_PASSWORD);
	csr_attrs_put_key(list, &t->key);
	if (signature != NULL)
		csr_attrs_put_oid(list, signature);
	if (label->csrattrs == EST_CSRATTRS_ALL)
		csr_attrs_put_template(list, t);
}

static int
encode(const struct worker_env *env, const struct est_label *label, unsigned char **der,
    size_t *len, struct gh_error *err)
{
	const struct catalog_template *t =
	    catalog_find_template(env->catalog, label->profile.templates[0]);
	struct csr_attrs_template wanted = {.rdns = 0};
	gh_json *form;
	struct gh_buf list;

	if (t == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "template %s of label %s is not there",
		    label->profile.templates[0], label->name);
	if ((form = tmpl_describe_form(t->tmpl)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template");
	gh_buf_init(&list, CSR_ATTRS_MAX);
	if (take_form(form, &wanted))
		put_items(label, &wanted, &list);
	gh_json_free(form);
	return csr_attrs_close(&list, der, len, err);
}

void
est_csrattrs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct est_label *label;
	struct gh_error err = {0};
	unsigned char *der = NULL;
	size_t len = 0;
	int rc = est_door_label(env, call->parts, &label, &err);

	if (rc == 0 && label->csrattrs == EST_CSRATTRS_NONE) {
		gh_http_reply_text(rep, 204, NULL, NULL);
		return;
	}
	if (rc == 0)
		rc = encode(env, label, &der, &len, &err);
	if (rc == 0)
		est_body_put(label, false, CSRATTRS_TYPE, der, len, rep);
	else
		est_error(&err, rep);
	free(der);
}
