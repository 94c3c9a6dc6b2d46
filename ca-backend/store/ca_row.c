/* Rows of CAs. See ca_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "encoding.h"

#include "store/ca_private.h"
#include "store/ca_row.h"
#include "store/grant.h"

/* --- values
 * -------------------------------------------------------------------------------------- */

static gh_json *
chain_json(const struct cert_chain *chain)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < chain->n; i++) {
		char *text =
		    gh_base64_encode(chain->cert[i].der, chain->cert[i].len, GH_BASE64_ONE_LINE);

		if (text == NULL || gh_json_append(list, gh_json_new_string(text)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		free(text);
	}
	return list;
}

/* 0 or -1, as the setters of JSON. */
static int
set_bytes(gh_json *row, const char *name, const unsigned char *p, size_t n)
{
	char *text = p != NULL ? gh_base64_encode(p, n, GH_BASE64_ONE_LINE) : NULL;
	int bad = p != NULL && text == NULL ? -1 : gh_json_set_string(row, name, text);

	free(text);
	return bad;
}

static int
set_list(gh_json *row, const char *name, char *const *list)
{
	gh_json *array = gh_json_new_array();

	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		if (gh_json_append(array, gh_json_new_string(list[i])) != 0) {
			gh_json_free(array);
			return -1;
		}
	return gh_json_set(row, name, array);
}

/* Null for a CA without certificate. */
static int
set_time(gh_json *row, const char *name, const ASN1_TIME *t)
{
	struct tm tm;

	if (t == NULL)
		return gh_json_set_string(row, name, NULL);
	return ASN1_TIME_to_tm(t, &tm) == 1 ? gh_json_set_int(row, name, timegm(&tm)) : -1;
}

static int
set_certificate(gh_json *row, const struct ca *ca)
{
	return set_time(row, "not_before",
		   ca->cert != NULL ? X509_get0_notBefore(ca->cert) : NULL) |
	    set_time(row, "not_after", ca->cert != NULL ? X509_get0_notAfter(ca->cert) : NULL) |
	    gh_json_set(row, "chain", chain_json(&ca->chain)) |
	    set_bytes(row, "sealed", ca->sealed, ca->sealed_len);
}

static int
set_settings(gh_json *row, const struct ca *ca)
{
	return gh_json_set(row, "policy",
		   ca->policy != NULL ? gh_json_ref(ca->policy) : gh_json_new_object()) |
	    set_list(row, "cdp", ca->cdp_urls) | set_list(row, "aia", ca->aia_urls) |
	    set_list(row, "ocsp", ca->ocsp_urls) |
	    gh_json_set_int(row, "crl_shards", ca->crl_shards);
}

/* A statement that changes, without a result. */
static int
change(struct store *s, const struct store_statement *st, struct store_params *p,
    struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, "There is a CA of this name already.", &res, err);

	PQclear(res);
	return rc;
}

/* --- the transaction
 * ----------------------------------------------------------------------------- */

/* What a change works with. Rows are locked first, then all that grants rights is loaded and
 * checked. */
struct change {
	struct store *s;
	const struct requester *who;
	struct grants g;
};

/* The end of each change: rc of what was done inside. */
static int
finish(struct change *c, int rc, struct gh_error *err)
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

static bool
is_active(enum ca_state s)
{
	return s == CA_ACTIVE;
}
static bool
is_pending(enum ca_state s)
{
	return s == CA_PENDING;
}
static bool
is_in_use(enum ca_state s)
{
	return s == CA_ACTIVE || s == CA_DISABLED;
}
static bool
is_not_retired(enum ca_state s)
{
	return s != CA_RETIRED;
}

/* Lock the parent, and the CA that is changed in a state that fits; either may be NULL. */
static int
begin(struct change *c, struct store *s, const struct requester *who, const struct ca *parent,
    const struct ca *read, bool (*fits)(enum ca_state), struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	memset(c, 0, sizeof(*c));
	c->s = s;
	c->who = who;
	if (rc == 0 && parent != NULL)
		rc = lock_in_state(s, parent, is_active, err);
	if (rc == 0 && read != NULL)
		rc = lock_in_state(s, read, fits, err);
	return rc == 0 ? grant_begin(s, &c->g, err) : rc;
}

/* The content of a CA's row, to be changed and put. */
static int
content(const struct change *c, int64_t id, gh_json **out, struct gh_error *err)
{
	const struct grant_row *row = grant_find_id(&c->g, GRANT_CA, id);

	*out = row != NULL ? gh_json_ref(row->content) : NULL;
	return row != NULL ? 0 : gh_fail(err, GH_E_NOT_FOUND, "CA %lld is gone", (long long)id);
}

/* Takes over row. bad: it could not be made. */
static int
put(struct change *c, enum grant_table t, gh_json *row, int bad, struct gh_error *err)
{
	if (bad == 0)
		return grant_put(c->s, &c->g, t, row, "There is a CA of this name already.", err);
	gh_json_free(row);
	return gh_fail(err, GH_E_NOMEM, "row of a CA");
}

/* --- certificates that CAs sign for CAs
 * ---------------------------------------------------------- */

/* STORE_CERT_COLUMNS, requester */
static const struct store_statement certificate_add = {"ca_certificate_issued",
    "INSERT INTO certificate (" STORE_CERT_COLUMNS ", request_id, requester, status) "
    "VALUES ($1, $2, $3, $4::text[], to_timestamp($5::bigint), to_timestamp($6::bigint), $7, $8, $9, $10, $11::int, "
    "0, $12, 20)"};

/* The row by which a CA certificate can be revoked. It belongs to no shard: its CDP is that of the
 * complete CRL. */
static int
add_issued(struct store *s, const struct requester *who, const struct ca *issuer,
    const unsigned char *der, size_t len, struct gh_error *err)
{
	struct enroll_outcome out = {.disposition = DB_DISP_ISSUED};
	struct ca without_shards = *issuer;
	const struct store_decision d = {.ca = &without_shards};
	struct store_params p = {0};
	int rc;

	without_shards.crl_shards = 0;
	if ((rc = ca_outcome_set_cert(&out, issuer, der, len, err)) == 0)
		rc = store_put_cert(&p, &d, &out, err);
	if (rc == 0) {
		store_put_text(&p, who->name);
		rc = change(s, &certificate_add, &p, err);
	} else {
		store_params_clear(&p);
	}
	enroll_outcome_clear(&out);
	return rc;
}

/* A further certificate of the CA itself. */
static int
add_also(struct change *c, int64_t ca_id, const char *kind, const unsigned char *der, size_t len,
    struct gh_error *err)
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
		    gh_json_set_string(row, "kind", kind) | set_bytes(row, "der", der, len) |
		    set_time(row, "not_after", X509_get0_notAfter(cert));
		rc = put(c, GRANT_CA_CERTIFICATE, row, bad, err);
	} else {
		gh_json_free(row);
	}
	X509_free(cert);
	return rc;
}

/* --- new rows
 * ------------------------------------------------------------------------------------ */

struct new_row {
	const struct ca *ca;
	const char *parent_name, *subject;
	const unsigned char *csr;
	size_t csr_len;
};

static int
insert(struct change *c, const struct new_row *n, int64_t *id, struct gh_error *err)
{
	const struct ca *ca = n->ca;
	gh_json *row;
	int bad, rc = grant_new_id(c->s, GRANT_CA, id, err);

	if (rc != 0)
		return rc;
	row = gh_json_new_object();
	bad = gh_json_set_int(row, "id", *id) | gh_json_set_string(row, "name", ca->name) |
	    gh_json_set_string(row, "parent", n->parent_name) |
	    gh_json_set_string(row, "subject", n->subject) | set_certificate(row, ca) |
	    set_settings(row, ca) |
	    gh_json_set_string(row, "slug", ca->slug != NULL ? ca->slug : ca->name) |
	    gh_json_set_string(row, "state", ca_state_name(ca->state)) |
	    gh_json_set_string(row, "protection", ca_protection_name(ca->protection)) |
	    set_bytes(row, "csr", n->csr, n->csr_len);
	return put(c, GRANT_CA, row, bad, err);
}

int
store_create_ca(struct store *s, const struct requester *who, const struct store_new_ca *n,
    int64_t *id, struct gh_error *err)
{
	const struct ca *ca = n->ca;
	const struct new_row row = {.ca = ca,
	    .parent_name = n->parent != NULL ? n->parent->name : NULL,
	    .subject = ca->issuer_dn};
	struct change c;
	int rc;

	*id = 0;
	if (ca->cert == NULL)
		return gh_fail(err, GH_E_INTERNAL, "CA without certificate");
	rc = begin(&c, s, who, n->parent, NULL, NULL, err);
	if (rc == 0)
		rc = insert(&c, &row, id, err);
	if (rc == 0 && n->parent != NULL)
		rc = add_issued(s, who, n->parent, ca->chain.cert[0].der, ca->chain.cert[0].len,
		    err);
	if (rc == 0)
		rc = store_audit_change(s, who, n->event, ca->name, ca->issuer_dn, err);
	if ((rc = finish(&c, rc, err)) != 0)
		*id = 0;
	return rc;
}

int
store_create_pending_ca(struct store *s, const struct requester *who, const struct ca *ca,
    const char *subject, const unsigned char *csr, size_t csr_len, int64_t *id,
    struct gh_error *err)
{
	const struct new_row row = {.ca = ca, .subject = subject, .csr = csr, .csr_len = csr_len};
	struct change c;
	int rc;

	*id = 0;
	rc = begin(&c, s, who, NULL, NULL, NULL, err);
	if (rc == 0)
		rc = insert(&c, &row, id, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.csr-made", ca->name, subject, err);
	if ((rc = finish(&c, rc, err)) != 0)
		*id = 0;
	return rc;
}

int
store_ca_csr_made(struct store *s, const struct requester *who, const struct ca *ca,
    struct gh_error *err)
{
	return store_audit_change(s, who, "ca.csr-made", ca->name, "for the present key", err);
}

/* --- certificate and key of a row
 * ---------------------------------------------------------------- */

static int
put_certificate(struct change *c, int64_t id, const struct ca *with, const char *parent_name,
    struct gh_error *err)
{
	const char *state;
	gh_json *row;
	int bad, rc = content(c, id, &row, err);

	if (rc != 0)
		return rc;
	state = gh_json_string(gh_json_get(row, "state"));
	bad = set_certificate(row, with) | gh_json_set_string(row, "subject", with->issuer_dn) |
	    gh_json_set_string(row, "csr", NULL);
	if (parent_name != NULL)
		bad |= gh_json_set_string(row, "parent", parent_name);
	if (state != NULL && strcmp(state, ca_state_name(CA_PENDING)) == 0)
		bad |= gh_json_set_string(row, "state", ca_state_name(CA_ACTIVE));
	return put(c, GRANT_CA, row, bad, err);
}

int
store_complete_ca(struct store *s, const struct requester *who, const struct ca *read,
    const struct ca *done, const struct ca *parent, struct gh_error *err)
{
	struct change c;
	int rc = begin(&c, s, who, parent, read, is_pending, err);

	if (rc == 0)
		rc = put_certificate(&c, read->id, done, parent != NULL ? parent->name : NULL, err);
	if (rc == 0 && parent != NULL)
		rc = add_issued(s, who, parent, done->chain.cert[0].der, done->chain.cert[0].len,
		    err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.completed", read->name, done->issuer_dn, err);
	return finish(&c, rc, err);
}

/* Place of the certificate in a chain; 0 when it is the first or not there. */
static size_t
position(const gh_json *chain, const char *cert)
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
put_chain_below(struct change *c, const struct grant_row *below, size_t n, const struct ca *renewed,
    struct gh_error *err)
{
	gh_json *old = gh_json_get(below->content, "chain"), *rest = chain_json(&renewed->chain);
	gh_json *chain = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < n; i++)
		bad |= gh_json_append(chain, gh_json_ref(gh_json_at(old, i)));
	for (size_t i = 0; i < renewed->chain.n; i++)
		bad |=
		    gh_json_append(chain, rest != NULL ? gh_json_ref(gh_json_at(rest, i)) : NULL);
	gh_json_free(rest);
	bad |= gh_json_set(below->content, "chain", chain);
	return put(c, GRANT_CA, gh_json_ref(below->content), bad, err);
}

/* Chains of CAs below: the rest of the chain from the renewed certificate on, which bears the same
 * key. */
static int
update_chains_below(struct change *c, const struct store_ca_renewal *r, struct gh_error *err)
{
	const struct cert_chain *chain = &r->read->chain;
	const struct grant_rows *rows = &c->g.table[GRANT_CA];
	char *old = gh_base64_encode(chain->cert[0].der, chain->cert[0].len, GH_BASE64_ONE_LINE);
	int rc = old != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "chain");

	for (size_t i = 0; rc == 0 && i < rows->n; i++) {
		size_t n = position(gh_json_get(rows->row[i].content, "chain"), old);

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
	struct change c;
	int rc = begin(&c, s, who, r->parent, old, is_in_use, err);

	if (rc == 0)
		rc = add_also(&c, old->id, "earlier", old->chain.cert[0].der,
		    old->chain.cert[0].len, err);
	if (rc == 0)
		rc = put_certificate(&c, old->id, new, parent_name, err);
	if (rc == 0)
		rc = update_chains_below(&c, r, err);
	if (rc == 0 && r->parent != NULL)
		rc = add_issued(s, who, r->parent, new->chain.cert[0].der, new->chain.cert[0].len,
		    err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.renewed", old->name, "same key", err);
	return finish(&c, rc, err);
}

static int
supersede(struct change *c, const struct store_ca_renewal *r, struct gh_error *err)
{
	gh_json *row;
	int rc = content(c, r->read->id, &row, err);

	return rc != 0 ? rc
		       : put(c, GRANT_CA, row,
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
	return change(s, &st, &p, err);
}

/* Both with the new row. OldWithNew is a certificate of the old key too: who starts there finds it
 * there. */
static int
add_cross(struct change *c, const struct store_ca_renewal *r, const struct ca *new,
    struct gh_error *err)
{
	const struct signer_blob *owned = &r->old_with_new, *nwo = &r->new_with_old;
	int rc = 0;

	if (owned->len > 0 &&
	    (rc = add_also(c, new->id, "old_with_new", owned->p, owned->len, err)) == 0 &&
	    (rc = add_also(c, r->read->id, "old_with_new", owned->p, owned->len, err)) == 0)
		rc = add_issued(c->s, c->who, new, owned->p, owned->len, err);
	if (rc == 0 && nwo->len > 0 &&
	    (rc = add_also(c, new->id, "new_with_old", nwo->p, nwo->len, err)) == 0)
		rc = add_issued(c->s, c->who, r->read, nwo->p, nwo->len, err);
	return rc;
}

static int
put_new_key(struct change *c, const struct store_ca_renewal *r, int64_t *id, struct gh_error *err)
{
	struct ca new = *r->renewed; /* for its id: members stay the caller's */
	const struct new_row row = {.ca = r->renewed,
	    .parent_name = r->parent != NULL ? r->parent->name : NULL,
	    .subject = r->renewed->issuer_dn};
	int rc;

	if ((rc = supersede(c, r, err)) != 0 || (rc = insert(c, &row, id, err)) != 0)
		return rc;
	new.id = *id;
	if (new.protection == CA_KEY_PASSWORD &&
	    (rc = copy_password(c->s, r->read->id, *id, err)) != 0)
		return rc;
	if (r->parent != NULL &&
	    (rc = add_issued(c->s, c->who, r->parent, new.chain.cert[0].der, new.chain.cert[0].len,
		 err)) != 0)
		return rc;
	return add_cross(c, r, &new, err);
}

int
store_renew_ca_key(struct store *s, const struct requester *who, const struct store_ca_renewal *r,
    int64_t *id, struct gh_error *err)
{
	struct change c;
	char detail[300];
	int rc = begin(&c, s, who, r->parent, r->read, is_in_use, err);

	*id = 0;
	snprintf(detail, sizeof(detail), "new key; the old one is %s", r->old_name);
	if (rc == 0)
		rc = put_new_key(&c, r, id, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.renewed", r->read->name, detail, err);
	if ((rc = finish(&c, rc, err)) != 0)
		*id = 0;
	return rc;
}

/* --- states
 * -------------------------------------------------------------------------------------- */

static const struct state_change {
	enum ca_state state;
	bool (*fits)(enum ca_state from);
	const char *event, *wrong; /* what to do when it does not fit */
} state_changes[] = {
    {CA_ACTIVE, NULL, "ca.enabled", "only a disabled one can be enabled"},
    {CA_DISABLED, is_active, "ca.disabled", "only an active one can be disabled"},
    {CA_RETIRED, is_not_retired, "ca.retired", "that is final"},
};

static const struct state_change *
find_change(enum ca_state state)
{
	for (size_t i = 0; i < sizeof(state_changes) / sizeof(state_changes[0]); i++)
		if (state_changes[i].state == state)
			return &state_changes[i];
	return NULL;
}

/* *id and *from of the CA, locked. name: at least 128 bytes. */
static int
lock_by_name(struct store *s, const char *ca, int64_t *id, enum ca_state *from, char *name,
    size_t size, struct gh_error *err)
{
	static const struct store_statement st = {"ca_lock_name",
	    "SELECT id, state, name FROM ca WHERE id = (" STORE_CA_FIND ") FOR NO KEY UPDATE"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, ca);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1 || !ca_state_parse(store_text(res, 0, 1), from)) {
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no CA \"%.80s\".", ca);
	} else {
		*id = store_int(res, 0, 0);
		snprintf(name, size, "%s", store_text(res, 0, 2));
	}
	PQclear(res);
	return rc;
}

/* Nothing is left that could sign for a retired CA. */
static int
drop_secrets(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement statements[] = {
	    {"ca_drop_password", "DELETE FROM ca_password WHERE ca_id = $1"},
	    {"ca_drop_signers", "DELETE FROM ocsp_signer WHERE ca_id = $1"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct store_params p = {0};

		store_put_int(&p, id);
		rc = change(s, &statements[i], &p, err);
	}
	return rc;
}

static int
put_state(struct change *c, int64_t id, enum ca_state state, struct gh_error *err)
{
	gh_json *row;
	int bad, rc = content(c, id, &row, err);

	if (rc != 0)
		return rc;
	bad = gh_json_set_string(row, "state", ca_state_name(state));
	if (state == CA_RETIRED)
		bad |= gh_json_set_string(row, "sealed", NULL) |
		    gh_json_set_string(row, "csr", NULL) |
		    gh_json_set_string(row, "protection", ca_protection_name(CA_KEY_NONE));
	rc = put(c, GRANT_CA, row, bad, err);
	return rc == 0 && state == CA_RETIRED ? drop_secrets(c->s, id, err) : rc;
}

int
store_set_ca_state(struct store *s, const struct requester *who, const char *ca,
    enum ca_state state, struct gh_error *err)
{
	const struct state_change *to = find_change(state);
	struct change c = {.s = s, .who = who};
	enum ca_state from = CA_RETIRED;
	char name[128];
	int64_t id = 0;
	int rc;

	if (to == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no change to state %d", (int)state);
	if ((rc = store_begin_locking(s, err)) == 0)
		rc = lock_by_name(s, ca, &id, &from, name, sizeof(name), err);
	if (rc == 0 && (to->fits != NULL ? !to->fits(from) : from != CA_DISABLED))
		rc = gh_refuse(err, GH_E_CONFLICT, "CA %.80s is %s: %s.", name, ca_state_name(from),
		    to->wrong);
	if (rc == 0)
		rc = grant_begin(s, &c.g, err);
	if (rc == 0)
		rc = put_state(&c, id, state, err);
	if (rc == 0)
		rc = store_audit_change(s, who, to->event, name, NULL, err);
	return finish(&c, rc, err);
}

/* --- policy
 * -------------------------------------------------------------------------------------- */

static int
put_settings(struct change *c, const struct ca *wanted, struct gh_error *err)
{
	gh_json *row;
	int rc = content(c, wanted->id, &row, err);

	return rc != 0 ? rc
		       : put(c, GRANT_CA, row,
			     set_settings(row, wanted) |
				 set_bytes(row, "sealed", wanted->sealed, wanted->sealed_len),
			     err);
}

int
store_set_ca(struct store *s, const struct requester *who, const struct ca *read,
    const struct ca *wanted, const char *detail, struct gh_error *err)
{
	struct change c;
	int rc = begin(&c, s, who, NULL, read, is_not_retired, err);

	if (rc == 0)
		rc = put_settings(&c, wanted, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "ca.policy-changed", read->name, detail, err);
	return finish(&c, rc, err);
}
