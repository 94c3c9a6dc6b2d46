/* Rows of CAs that are renewed, with the same key or a new one. See ca_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"

#include "ca_change.h"
#include "ca_json.h"
#include "ca_row.h"

/* Place of the certificate in a chain; 0 when it is the first or not there. */
static size_t
chain_position(const gh_json *chain, const char *cert)
{
	for (size_t i = 1; i < gh_json_size(chain); i++) {
		const char *text = gh_json_string(gh_json_at(chain, i));

		if (text != NULL && strcmp(text, cert) == 0)
			return i;
	}
	return 0;
}

/* The first n certificates of the chain, then those of the renewed CA. */
static int
put_chain_below(struct ca_change *c, const struct grant_row *below, size_t n,
    const struct ca *renewed, struct gh_error *err)
{
	gh_json *old = gh_json_get(below->content, "chain"), *rest = ca_json_chain(&renewed->chain);
	gh_json *chain = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < n; i++)
		bad |= gh_json_append(chain, gh_json_ref(gh_json_at(old, i)));
	for (size_t i = 0; i < renewed->chain.n; i++)
		bad |=
		    gh_json_append(chain, rest != NULL ? gh_json_ref(gh_json_at(rest, i)) : NULL);
	gh_json_free(rest);
	bad |= gh_json_set(below->content, "chain", chain);
	return ca_change_put(c, GRANT_CA, gh_json_ref(below->content), bad, err);
}

/* Chains of CAs below: the rest of the chain from the renewed certificate on, which bears the same
 * key. */
static int
update_chains_below(struct ca_change *c, const struct store_ca_renewal *r, struct gh_error *err)
{
	const struct cert_chain *chain = &r->read->chain;
	const struct grant_rows *rows = &c->g.table[GRANT_CA];
	char *old = gh_base64_encode(chain->cert[0].der, chain->cert[0].len, GH_BASE64_ONE_LINE);
	int rc = old != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "chain");

	for (size_t i = 0; rc == 0 && i < rows->n; i++) {
		size_t n = chain_position(gh_json_get(rows->row[i].content, "chain"), old);

		if (n > 0 && rows->row[i].seal.key != r->read->id)
			rc = put_chain_below(c, &rows->row[i], n, r->renewed, err);
	}
	free(old);
	return rc;
}

int
store_renew_ca_certificate(struct store *s, const struct requester *who,
    const struct store_ca_renewal *r, struct gh_error *err)
{
	const struct ca *old = r->read, *new = r->renewed;
	const char *parent_name = r->parent != NULL ? r->parent->name : NULL;
	struct ca_change c;
	int rc = ca_change_begin(&c, s, who, r->parent, old, ca_is_in_use, err);

	if (rc == 0)
		rc = ca_change_add_also(&c, old->id, "earlier", old->chain.cert[0].der,
		    old->chain.cert[0].len, err);
	if (rc == 0)
		rc = ca_change_put_certificate(&c, old->id, new, parent_name, err);
	if (rc == 0)
		rc = update_chains_below(&c, r, err);
	if (rc == 0 && r->parent != NULL)
		rc = ca_change_add_issued(s, who, r->parent, new->chain.cert[0].der,
		    new->chain.cert[0].len, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.renewed", old->name, "same key", err);
	return ca_change_finish(&c, rc, err);
}

static int
supersede(struct ca_change *c, const struct store_ca_renewal *r, struct gh_error *err)
{
	gh_json *row;
	int rc = ca_change_content(c, r->read->id, &row, err);

	return rc != 0 ? rc
		       : ca_change_put(c, GRANT_CA, row,
			     gh_json_set_string(row, "name", r->old_name) |
				 gh_json_set_string(row, "state", ca_state_name(CA_SUPERSEDED)),
			     err);
}

/* The new key came under the password of the old one. */
static int
copy_password(struct store *s, int64_t from, int64_t to, struct gh_error *err)
{
	static const struct store_statement st = {"ca_password_copy",
	    "INSERT INTO ca_password (ca_id, hash) SELECT $2, hash FROM ca_password WHERE ca_id = $1"};
	struct store_params p = {0};

	store_put_int(&p, from);
	store_put_int(&p, to);
	return ca_change_run(s, &st, &p, err);
}

/* Both with the new row. OldWithNew is a certificate of the old key too: who starts there finds it
 * there. */
static int
add_cross(struct ca_change *c, const struct store_ca_renewal *r, const struct ca *new,
    struct gh_error *err)
{
	const struct signer_blob *owned = &r->old_with_new, *nwo = &r->new_with_old;
	int rc = 0;

	if (owned->len > 0 &&
	    (rc = ca_change_add_also(c, new->id, "old_with_new", owned->p, owned->len, err)) == 0 &&
	    (rc = ca_change_add_also(c, r->read->id, "old_with_new", owned->p, owned->len, err)) ==
		0)
		rc = ca_change_add_issued(c->s, c->who, new, owned->p, owned->len, err);
	if (rc == 0 && nwo->len > 0 &&
	    (rc = ca_change_add_also(c, new->id, "new_with_old", nwo->p, nwo->len, err)) == 0)
		rc = ca_change_add_issued(c->s, c->who, r->read, nwo->p, nwo->len, err);
	return rc;
}

static int
put_new_key(struct ca_change *c, const struct store_ca_renewal *r, int64_t *id,
    struct gh_error *err)
{
	struct ca new = *r->renewed; /* for its id: members stay the caller's */
	const struct ca_new_row row = {.ca = r->renewed,
	    .parent_name = r->parent != NULL ? r->parent->name : NULL,
	    .subject = r->renewed->issuer_dn};
	int rc;

	if ((rc = supersede(c, r, err)) != 0 || (rc = ca_change_insert(c, &row, id, err)) != 0)
		return rc;
	new.id = *id;
	if (new.protection == CA_KEY_PASSWORD &&
	    (rc = copy_password(c->s, r->read->id, *id, err)) != 0)
		return rc;
	if (r->parent != NULL &&
	    (rc = ca_change_add_issued(c->s, c->who, r->parent, new.chain.cert[0].der,
		 new.chain.cert[0].len, err)) != 0)
		return rc;
	return add_cross(c, r, &new, err);
}

int
store_renew_ca_key(struct store *s, const struct requester *who, const struct store_ca_renewal *r,
    int64_t *id, struct gh_error *err)
{
	struct ca_change c;
	char detail[300];
	int rc = ca_change_begin(&c, s, who, r->parent, r->read, ca_is_in_use, err);

	*id = 0;
	snprintf(detail, sizeof(detail), "new key; the old one is %s", r->old_name);
	if (rc == 0)
		rc = put_new_key(&c, r, id, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.renewed", r->read->name, detail, err);
	if ((rc = ca_change_finish(&c, rc, err)) != 0)
		*id = 0;
	return rc;
}
