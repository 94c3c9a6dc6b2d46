/* The transaction in which rows of CAs change. See ca_change.h. */
#include <string.h>

#include <openssl/err.h>

#include "ca_change.h"
#include "ca_json.h"
#include "ca_private.h"

/* A statement that changes, without a result. */
int
ca_change_run(struct store *s, const struct store_statement *st, struct store_params *p,
    struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, "There is a CA of this name already.", &res, err);

	PQclear(res);
	return rc;
}

/* The end of each change: rc of what was done inside. */
int
ca_change_finish(struct ca_change *c, int rc, struct gh_error *err)
{
	if (rc == 0)
		rc = grant_end(c->s, &c->g, c->who, err);
	if (rc != 0) {
		grant_cancel(c->s, &c->g);
		return rc;
	}
	rc = store_commit(c->s, err);
	grant_clear(&c->g);
	if (rc == GH_E_DB_DOWN)
		return gh_refuse(err, rc,
		    "The database was lost while the change was stored. It is stored as a "
		    "whole or not at all: look with `gatehouse ca list` before trying again.");
	return rc;
}

/* Lock the row of *ca, which must be as it was read. Issuing goes on meanwhile. */
static int
lock(struct store *s, const struct ca *ca, enum ca_state *state, struct gh_error *err)
{
	static const struct store_statement st = {"ca_lock",
	    "SELECT state, sealed IS NOT DISTINCT FROM $2::bytea AND name = $3 AND "
	    "policy = COALESCE($4::jsonb, '{}') AND cdp = $5::text[] AND aia = $6::text[] AND ocsp = $7::text[] AND "
	    "crl_shards = $8 FROM ca WHERE id = $1 FOR NO KEY UPDATE"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, ca->id);
	store_put_bytes(&p, ca->sealed, ca->sealed_len);
	store_put_text(&p, ca->name);
	store_put_json(&p, ca->policy);
	store_put_list(&p, ca->cdp_urls);
	store_put_list(&p, ca->aia_urls);
	store_put_list(&p, ca->ocsp_urls);
	store_put_int(&p, ca->crl_shards);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "CA %.80s is gone.", ca->name);
	else if (!store_bool(res, 0, 1) || !ca_state_parse(store_text(res, 0, 0), state))
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "CA %.80s was changed by somebody else meanwhile: nothing was "
		    "done. Look at it and try again.",
		    ca->name);
	PQclear(res);
	return rc;
}

static int
lock_in_state(struct store *s, const struct ca *ca, bool (*fits)(enum ca_state),
    struct gh_error *err)
{
	enum ca_state state;
	int rc = lock(s, ca, &state, err);

	if (rc == 0 && !fits(state))
		rc = gh_refuse(err, GH_E_CONFLICT, "CA %.80s is %s.", ca->name,
		    ca_state_name(state));
	return rc;
}

bool
ca_is_active(enum ca_state s)
{
	return s == CA_ACTIVE;
}
bool
ca_is_pending(enum ca_state s)
{
	return s == CA_PENDING;
}
bool
ca_is_in_use(enum ca_state s)
{
	return s == CA_ACTIVE || s == CA_DISABLED;
}
bool
ca_is_not_retired(enum ca_state s)
{
	return s != CA_RETIRED;
}

/* Lock the parent, and the CA that is changed in a state that fits; either may be NULL. */
int
ca_change_begin(struct ca_change *c, struct store *s, const struct requester *who,
    const struct ca *parent, const struct ca *read, bool (*fits)(enum ca_state),
    struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	memset(c, 0, sizeof(*c));
	c->s = s;
	c->who = who;
	if (rc == 0 && parent != NULL)
		rc = lock_in_state(s, parent, ca_is_active, err);
	if (rc == 0 && read != NULL)
		rc = lock_in_state(s, read, fits, err);
	return rc == 0 ? grant_begin(s, &c->g, err) : rc;
}

/* The content of a CA's row, to be changed and put. */
int
ca_change_content(const struct ca_change *c, int64_t id, gh_json **out, struct gh_error *err)
{
	const struct grant_row *row = grant_find_id(&c->g, GRANT_CA, id);

	*out = row != NULL ? gh_json_ref(row->content) : NULL;
	return row != NULL ? 0 : gh_fail(err, GH_E_NOT_FOUND, "CA %lld is gone", (long long)id);
}

/* Takes over row. bad: it could not be made. */
int
ca_change_put(struct ca_change *c, enum grant_table t, gh_json *row, int bad, struct gh_error *err)
{
	if (bad == 0)
		return grant_put(c->s, &c->g, t, row, "There is a CA of this name already.", err);
	gh_json_free(row);
	return gh_fail(err, GH_E_NOMEM, "row of a CA");
}

/* The row by which a CA certificate can be revoked. It belongs to no shard. */
int
ca_change_add_issued(struct store *s, const struct requester *who, const struct ca *issuer,
    const unsigned char *der, size_t len, struct gh_error *err)
{
	const struct store_new_cert c = {
	    .ca = issuer,
	    .der = der,
	    .len = len,
	    .is_unsharded = true,
	    .requester = who->name,
	};
	int64_t id;
	int rc = store_new_cert(s, who, &c, &id, err);

	return rc == GH_E_CONFLICT
	    ? gh_refuse(err, rc, "This certificate is in the inventory already.")
	    : rc;
}

/* A further certificate of the CA itself. */
int
ca_change_add_also(struct ca_change *c, int64_t ca_id, const char *kind, const unsigned char *der,
    size_t len, struct gh_error *err)
{
	const unsigned char *q = der;
	X509 *cert = d2i_X509(NULL, &q, (long)len);
	gh_json *row = gh_json_new_object();
	int64_t id = 0;
	int bad, rc;

	ERR_clear_error();
	if (cert == NULL)
		rc = gh_fail(err, GH_E_INTERNAL, "%s is no certificate", kind);
	else
		rc = grant_new_id(c->s, GRANT_CA_CERTIFICATE, &id, err);
	if (rc == 0) {
		bad = gh_json_set_int(row, "id", id) | gh_json_set_int(row, "ca_id", ca_id) |
		    gh_json_set_string(row, "kind", kind) |
		    ca_json_set_bytes(row, "der", der, len) |
		    ca_json_set_time(row, "not_after", X509_get0_notAfter(cert));
		rc = ca_change_put(c, GRANT_CA_CERTIFICATE, row, bad, err);
	} else {
		gh_json_free(row);
	}
	X509_free(cert);
	return rc;
}

int
ca_change_insert(struct ca_change *c, const struct ca_new_row *n, int64_t *id, struct gh_error *err)
{
	const struct ca *ca = n->ca;
	gh_json *row;
	int bad, rc = grant_new_id(c->s, GRANT_CA, id, err);

	if (rc != 0)
		return rc;
	row = gh_json_new_object();
	bad = gh_json_set_int(row, "id", *id) | gh_json_set_string(row, "name", ca->name) |
	    gh_json_set_string(row, "parent", n->parent_name) |
	    gh_json_set_string(row, "subject", n->subject) | ca_json_set_certificate(row, ca) |
	    ca_json_set_settings(row, ca) |
	    gh_json_set_string(row, "slug", ca->slug != NULL ? ca->slug : ca->name) |
	    gh_json_set_string(row, "state", ca_state_name(ca->state)) |
	    gh_json_set_string(row, "protection", ca_protection_name(ca->protection)) |
	    ca_json_set_bytes(row, "csr", n->csr, n->csr_len);
	return ca_change_put(c, GRANT_CA, row, bad, err);
}

int
ca_change_put_certificate(struct ca_change *c, int64_t id, const struct ca *with,
    const char *parent_name, struct gh_error *err)
{
	const char *state;
	gh_json *row;
	int bad, rc = ca_change_content(c, id, &row, err);

	if (rc != 0)
		return rc;
	state = gh_json_string(gh_json_get(row, "state"));
	bad = ca_json_set_certificate(row, with) |
	    gh_json_set_string(row, "subject", with->issuer_dn) |
	    gh_json_set_string(row, "csr", NULL);
	if (parent_name != NULL)
		bad |= gh_json_set_string(row, "parent", parent_name);
	if (state != NULL && strcmp(state, ca_state_name(CA_PENDING)) == 0)
		bad |= gh_json_set_string(row, "state", ca_state_name(CA_ACTIVE));
	return ca_change_put(c, GRANT_CA, row, bad, err);
}
