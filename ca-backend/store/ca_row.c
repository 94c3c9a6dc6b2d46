/* Rows of CAs. See ca_row.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "encoding.h"

#include "store/ca_row.h"
#include "store/store_private.h"

/* --- parameters ---------------------------------------------------------------------------------- */

static gh_json *
chain_json(const struct cert_chain *chain)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < chain->n; i++) {
		char *text = gh_base64_encode(chain->cert[i].der, chain->cert[i].len, GH_BASE64_ONE_LINE);

		if (text == NULL || gh_json_append(list, gh_json_new_string(text)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		free(text);
	}
	return list;
}

static void
put_chain(struct store_params *p, const struct cert_chain *chain)
{
	gh_json *list = chain_json(chain);

	p->failed |= list == NULL;
	store_put_json(p, list);
	gh_json_free(list);
}
#define CHAIN(n) "ARRAY(SELECT decode(x, 'base64') FROM json_array_elements_text($" #n "::json) AS x)"

static void
put_time(struct store_params *p, const ASN1_TIME *t)
{
	struct tm tm;

	if (t == NULL)
		store_put_text(p, NULL);
	else if (ASN1_TIME_to_tm(t, &tm) == 1)
		store_put_int(p, timegm(&tm));
	else
		p->failed = true;
}

static void
put_validity(struct store_params *p, const X509 *cert)
{
	put_time(p, cert != NULL ? X509_get0_notBefore(cert) : NULL);
	put_time(p, cert != NULL ? X509_get0_notAfter(cert) : NULL);
}

/* A statement that changes, without a result. */
static int
change(struct store *s, const struct store_statement *st, struct store_params *p, struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, "There is a CA of this name already.", &res, err);

	PQclear(res);
	return rc;
}

/* --- the transaction ----------------------------------------------------------------------------- */

static int
audit(struct store *s, const struct requester *who, const char *event, const char *name, const char *detail,
    struct gh_error *err)
{
	const struct store_audit a = {
		.event = event, .outcome = "success", .who = who, .object = name, .detail = detail,
	};

	return store_audit(s, &a, err);
}

/* The end of each change: rc of what was done inside. */
static int
finish(struct store *s, int rc, struct gh_error *err)
{
	if (rc != 0) {
		store_rollback(s);
		return rc;
	}
	rc = store_commit(s, err);
	if (rc == GH_E_DB_DOWN)
		return gh_refuse(err, rc, "The database was lost while the change was stored. It is stored as a "
		    "whole or not at all: look with `gatehouse ca list` before trying again.");
	return rc;
}

/* Lock the row of *ca, which must be as it was read. Issuing goes on meanwhile. */
static int
lock(struct store *s, const struct ca *ca, enum ca_state *state, struct gh_error *err)
{
	static const struct store_statement st = { "ca_lock",
	    "SELECT state, sealed IS NOT DISTINCT FROM $2::bytea AND name = $3 AND "
	    "policy = COALESCE($4::jsonb, '{}') AND cdp = $5::text[] AND aia = $6::text[] AND ocsp = $7::text[] AND "
	    "crl_shards = $8 FROM ca WHERE id = $1 FOR NO KEY UPDATE" };
	struct store_params p = { 0 };
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
		rc = gh_refuse(err, GH_E_CONFLICT, "CA %.80s was changed by somebody else meanwhile: nothing was "
		    "done. Look at it and try again.", ca->name);
	PQclear(res);
	return rc;
}

static int
lock_in_state(struct store *s, const struct ca *ca, bool (*fits)(enum ca_state), struct gh_error *err)
{
	enum ca_state state;
	int rc = lock(s, ca, &state, err);

	if (rc == 0 && !fits(state))
		rc = gh_refuse(err, GH_E_CONFLICT, "CA %.80s is %s.", ca->name, ca_state_name(state));
	return rc;
}

static bool is_active(enum ca_state s) { return s == CA_ACTIVE; }
static bool is_pending(enum ca_state s) { return s == CA_PENDING; }
static bool is_in_use(enum ca_state s) { return s == CA_ACTIVE || s == CA_DISABLED; }
static bool is_not_retired(enum ca_state s) { return s != CA_RETIRED; }

static int
begin_with_parent(struct store *s, const struct ca *parent, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (rc == 0 && parent != NULL)
		rc = lock_in_state(s, parent, is_active, err);
	return rc;
}

/* --- certificates that CAs sign for CAs ---------------------------------------------------------- */

/* STORE_CERT_COLUMNS, requester */
static const struct store_statement certificate_add = { "ca_certificate_issued",
    "INSERT INTO certificate (" STORE_CERT_COLUMNS ", request_id, requester, status) "
    "VALUES ($1, $2, $3, $4::text[], to_timestamp($5::bigint), to_timestamp($6::bigint), $7, $8, $9, $10, $11::int, "
    "0, $12, 20)" };

/* The row by which a CA certificate can be revoked. It belongs to no shard: its CDP is that of the complete CRL. */
static int
add_issued(struct store *s, const struct requester *who, const struct ca *issuer, const unsigned char *der,
    size_t len, struct gh_error *err)
{
	struct enroll_outcome out = { .disposition = DB_DISP_ISSUED };
	struct ca without_shards = *issuer;
	const struct store_decision d = { .ca = &without_shards };
	struct store_params p = { 0 };
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
add_also(struct store *s, int64_t ca_id, const char *kind, const unsigned char *der, size_t len,
    struct gh_error *err)
{
	static const struct store_statement st = { "ca_also_add",
	    "INSERT INTO ca_certificate (ca_id, kind, der, not_after) VALUES ($1, $2, $3, to_timestamp($4::bigint))" };
	const unsigned char *q = der;
	X509 *cert = d2i_X509(NULL, &q, (long)len);
	struct store_params p = { 0 };
	int rc;

	ERR_clear_error();
	if (cert == NULL)
		return gh_fail(err, GH_E_INTERNAL, "%s is no certificate", kind);
	store_put_int(&p, ca_id);
	store_put_text(&p, kind);
	store_put_bytes(&p, der, len);
	put_time(&p, X509_get0_notAfter(cert));
	rc = change(s, &st, &p, err);
	X509_free(cert);
	return rc;
}

/* --- new rows ------------------------------------------------------------------------------------ */

struct new_row {
	const struct ca *ca;
	const char *parent_name, *subject;
	const unsigned char *csr;
	size_t csr_len;
};

static int
insert(struct store *s, const struct new_row *n, int64_t *id, struct gh_error *err)
{
	static const struct store_statement st = { "ca_insert",
	    "INSERT INTO ca (name, parent, subject, not_before, not_after, chain, sealed, cdp, aia, ocsp, slug, state, "
	    "policy, crl_shards, protection, csr) VALUES ($1, $2, $3, to_timestamp($4::bigint), "
	    "to_timestamp($5::bigint), " CHAIN(6) ", $7, $8::text[], $9::text[], $10::text[], $11, $12, "
	    "COALESCE($13::jsonb, '{}'), $14, $15, $16) RETURNING id" };
	const struct ca *ca = n->ca;
	struct store_params p = { 0 };
	PGresult *res;
	int rc;

	store_put_text(&p, ca->name);
	store_put_text(&p, n->parent_name);
	store_put_text(&p, n->subject);
	put_validity(&p, ca->cert);
	put_chain(&p, &ca->chain);
	store_put_bytes(&p, ca->sealed, ca->sealed_len);
	store_put_list(&p, ca->cdp_urls);
	store_put_list(&p, ca->aia_urls);
	store_put_list(&p, ca->ocsp_urls);
	store_put_text(&p, ca->slug != NULL ? ca->slug : ca->name);
	store_put_text(&p, ca_state_name(ca->state));
	store_put_json(&p, ca->policy);
	store_put_int(&p, ca->crl_shards);
	store_put_text(&p, ca_protection_name(ca->protection));
	store_put_bytes(&p, n->csr, n->csr_len);
	rc = store_write(s, &st, &p, "There is a CA of this name already.", &res, err);
	*id = rc == 0 && PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_create_ca(struct store *s, const struct requester *who, const struct store_new_ca *n, int64_t *id,
    struct gh_error *err)
{
	const struct ca *ca = n->ca;
	const struct new_row row = { .ca = ca, .parent_name = n->parent != NULL ? n->parent->name : NULL,
	    .subject = ca->issuer_dn };
	int rc;

	*id = 0;
	if (ca->cert == NULL)
		return gh_fail(err, GH_E_INTERNAL, "CA without certificate");
	rc = begin_with_parent(s, n->parent, err);
	if (rc == 0)
		rc = insert(s, &row, id, err);
	if (rc == 0 && n->parent != NULL)
		rc = add_issued(s, who, n->parent, ca->chain.cert[0].der, ca->chain.cert[0].len, err);
	if (rc == 0)
		rc = audit(s, who, n->event, ca->name, ca->issuer_dn, err);
	if ((rc = finish(s, rc, err)) != 0)
		*id = 0;
	return rc;
}

int
store_create_pending_ca(struct store *s, const struct requester *who, const struct ca *ca, const char *subject,
    const unsigned char *csr, size_t csr_len, int64_t *id, struct gh_error *err)
{
	const struct new_row row = { .ca = ca, .subject = subject, .csr = csr, .csr_len = csr_len };
	int rc;

	*id = 0;
	rc = store_begin_locking(s, err);
	if (rc == 0)
		rc = insert(s, &row, id, err);
	if (rc == 0)
		rc = audit(s, who, "ca.csr-made", ca->name, subject, err);
	if ((rc = finish(s, rc, err)) != 0)
		*id = 0;
	return rc;
}

int
store_ca_csr_made(struct store *s, const struct requester *who, const struct ca *ca, struct gh_error *err)
{
	return audit(s, who, "ca.csr-made", ca->name, "for the present key", err);
}

/* --- certificate and key of a row ---------------------------------------------------------------- */

static int
put_certificate(struct store *s, int64_t id, const struct ca *with, const char *parent_name, struct gh_error *err)
{
	static const struct store_statement st = { "ca_put_certificate",
	    "UPDATE ca SET chain = " CHAIN(2) ", sealed = $3, subject = $4, not_before = to_timestamp($5::bigint), "
	    "not_after = to_timestamp($6::bigint), parent = COALESCE($7, parent), csr = NULL, "
	    "state = CASE state WHEN 'pending' THEN 'active' ELSE state END WHERE id = $1" };
	struct store_params p = { 0 };

	store_put_int(&p, id);
	put_chain(&p, &with->chain);
	store_put_bytes(&p, with->sealed, with->sealed_len);
	store_put_text(&p, with->issuer_dn);
	put_validity(&p, with->cert);
	store_put_text(&p, parent_name);
	return change(s, &st, &p, err);
}

int
store_complete_ca(struct store *s, const struct requester *who, const struct ca *read, const struct ca *done,
    const struct ca *parent, struct gh_error *err)
{
	int rc = begin_with_parent(s, parent, err);

	if (rc == 0)
		rc = lock_in_state(s, read, is_pending, err);
	if (rc == 0)
		rc = put_certificate(s, read->id, done, parent != NULL ? parent->name : NULL, err);
	if (rc == 0 && parent != NULL)
		rc = add_issued(s, who, parent, done->chain.cert[0].der, done->chain.cert[0].len, err);
	if (rc == 0)
		rc = audit(s, who, "ca.completed", read->name, done->issuer_dn, err);
	return finish(s, rc, err);
}

/* Chains of CAs below: the rest of the chain from the renewed certificate on, which bears the same key. */
static int
update_chains_below(struct store *s, const struct store_ca_renewal *r, struct gh_error *err)
{
	static const struct store_statement st = { "ca_chains_below",
	    "UPDATE ca SET chain = chain[1 : array_position(chain, $2::bytea) - 1] || " CHAIN(3) " "
	    "WHERE id <> $1 AND array_position(chain, $2::bytea) > 1" };
	struct store_params p = { 0 };

	store_put_int(&p, r->read->id);
	store_put_bytes(&p, r->read->chain.cert[0].der, r->read->chain.cert[0].len);
	put_chain(&p, &r->renewed->chain);
	return change(s, &st, &p, err);
}

int
store_renew_ca_certificate(struct store *s, const struct requester *who, const struct store_ca_renewal *r,
    struct gh_error *err)
{
	const struct ca *old = r->read, *new = r->renewed;
	const char *parent_name = r->parent != NULL ? r->parent->name : NULL;
	int rc = begin_with_parent(s, r->parent, err);

	if (rc == 0)
		rc = lock_in_state(s, old, is_in_use, err);
	if (rc == 0)
		rc = add_also(s, old->id, "earlier", old->chain.cert[0].der, old->chain.cert[0].len, err);
	if (rc == 0)
		rc = put_certificate(s, old->id, new, parent_name, err);
	if (rc == 0)
		rc = update_chains_below(s, r, err);
	if (rc == 0 && r->parent != NULL)
		rc = add_issued(s, who, r->parent, new->chain.cert[0].der, new->chain.cert[0].len, err);
	if (rc == 0)
		rc = audit(s, who, "ca.renewed", old->name, "same key", err);
	return finish(s, rc, err);
}

static int
supersede(struct store *s, const struct store_ca_renewal *r, struct gh_error *err)
{
	static const struct store_statement st = { "ca_supersede",
	    "UPDATE ca SET name = $2, state = 'superseded' WHERE id = $1" };
	struct store_params p = { 0 };

	store_put_int(&p, r->read->id);
	store_put_text(&p, r->old_name);
	return change(s, &st, &p, err);
}

/* The new key came under the password of the old one. */
static int
copy_password(struct store *s, int64_t from, int64_t to, struct gh_error *err)
{
	static const struct store_statement st = { "ca_password_copy",
	    "INSERT INTO ca_password (ca_id, hash) SELECT $2, hash FROM ca_password WHERE ca_id = $1" };
	struct store_params p = { 0 };

	store_put_int(&p, from);
	store_put_int(&p, to);
	return change(s, &st, &p, err);
}

/* Both with the new row. OldWithNew is a certificate of the old key too: who starts there finds it there. */
static int
add_cross(struct store *s, const struct requester *who, const struct store_ca_renewal *r, const struct ca *new,
    struct gh_error *err)
{
	const struct signer_blob *owned = &r->old_with_new, *nwo = &r->new_with_old;
	int rc = 0;

	if (owned->len > 0 && (rc = add_also(s, new->id, "old_with_new", owned->p, owned->len, err)) == 0 &&
	    (rc = add_also(s, r->read->id, "old_with_new", owned->p, owned->len, err)) == 0)
		rc = add_issued(s, who, new, owned->p, owned->len, err);
	if (rc == 0 && nwo->len > 0 && (rc = add_also(s, new->id, "new_with_old", nwo->p, nwo->len, err)) == 0)
		rc = add_issued(s, who, r->read, nwo->p, nwo->len, err);
	return rc;
}

static int
put_new_key(struct store *s, const struct requester *who, const struct store_ca_renewal *r, int64_t *id,
    struct gh_error *err)
{
	struct ca new = *r->renewed;     /* for its id: members stay the caller's */
	const struct new_row row = { .ca = r->renewed, .parent_name = r->parent != NULL ? r->parent->name : NULL,
	    .subject = r->renewed->issuer_dn };
	int rc;

	if ((rc = supersede(s, r, err)) != 0 || (rc = insert(s, &row, id, err)) != 0)
		return rc;
	new.id = *id;
	if (new.protection == CA_KEY_PASSWORD && (rc = copy_password(s, r->read->id, *id, err)) != 0)
		return rc;
	if (r->parent != NULL &&
	    (rc = add_issued(s, who, r->parent, new.chain.cert[0].der, new.chain.cert[0].len, err)) != 0)
		return rc;
	return add_cross(s, who, r, &new, err);
}

int
store_renew_ca_key(struct store *s, const struct requester *who, const struct store_ca_renewal *r, int64_t *id,
    struct gh_error *err)
{
	char detail[300];
	int rc = begin_with_parent(s, r->parent, err);

	*id = 0;
	snprintf(detail, sizeof(detail), "new key; the old one is %s", r->old_name);
	if (rc == 0)
		rc = lock_in_state(s, r->read, is_in_use, err);
	if (rc == 0)
		rc = put_new_key(s, who, r, id, err);
	if (rc == 0)
		rc = audit(s, who, "ca.renewed", r->read->name, detail, err);
	if ((rc = finish(s, rc, err)) != 0)
		*id = 0;
	return rc;
}

/* --- states -------------------------------------------------------------------------------------- */

/* The row that is meant; a name that consists of digits comes before an id. */
#define FIND "SELECT id FROM ca WHERE lower(name) = lower($1) OR id::text = $1 " \
	"ORDER BY lower(name) = lower($1) DESC LIMIT 1"

static const struct state_change {
	enum ca_state state;
	bool (*fits)(enum ca_state from);
	const char *event, *wrong;       /* what to do when it does not fit */
} state_changes[] = {
	{ CA_ACTIVE, NULL, "ca.enabled", "only a disabled one can be enabled" },
	{ CA_DISABLED, is_active, "ca.disabled", "only an active one can be disabled" },
	{ CA_RETIRED, is_not_retired, "ca.retired", "that is final" },
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
lock_by_name(struct store *s, const char *ca, int64_t *id, enum ca_state *from, char *name, size_t size,
    struct gh_error *err)
{
	static const struct store_statement st = { "ca_lock_name",
	    "SELECT id, state, name FROM ca WHERE id = (" FIND ") FOR NO KEY UPDATE" };
	struct store_params p = { 0 };
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

static int
put_state(struct store *s, int64_t id, enum ca_state state, struct gh_error *err)
{
	static const struct store_statement st = { "ca_put_state", "UPDATE ca SET state = $2 WHERE id = $1" };
	struct store_params p = { 0 };

	store_put_int(&p, id);
	store_put_text(&p, ca_state_name(state));
	return change(s, &st, &p, err);
}

/* Nothing is left that could sign for the CA. */
static int
drop_keys(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement statements[] = {
		{ "ca_drop_key", "UPDATE ca SET sealed = NULL, protection = 'none', csr = NULL WHERE id = $1" },
		{ "ca_drop_password", "DELETE FROM ca_password WHERE ca_id = $1" },
		{ "ca_drop_signers", "DELETE FROM ocsp_signer WHERE ca_id = $1" },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct store_params p = { 0 };

		store_put_int(&p, id);
		rc = change(s, &statements[i], &p, err);
	}
	return rc;
}

int
store_set_ca_state(struct store *s, const struct requester *who, const char *ca, enum ca_state state,
    struct gh_error *err)
{
	const struct state_change *c = find_change(state);
	enum ca_state from = CA_RETIRED;
	char name[128];
	int64_t id = 0;
	int rc;

	if (c == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no change to state %d", (int)state);
	if ((rc = store_begin_locking(s, err)) == 0)
		rc = lock_by_name(s, ca, &id, &from, name, sizeof(name), err);
	if (rc == 0 && (c->fits != NULL ? !c->fits(from) : from != CA_DISABLED))
		rc = gh_refuse(err, GH_E_CONFLICT, "CA %.80s is %s: %s.", name, ca_state_name(from), c->wrong);
	if (rc == 0)
		rc = put_state(s, id, state, err);
	if (rc == 0 && state == CA_RETIRED)
		rc = drop_keys(s, id, err);
	if (rc == 0)
		rc = audit(s, who, c->event, name, NULL, err);
	return finish(s, rc, err);
}

/* --- policy -------------------------------------------------------------------------------------- */

static int
put_settings(struct store *s, const struct ca *wanted, struct gh_error *err)
{
	static const struct store_statement st = { "ca_put_settings",
	    "UPDATE ca SET policy = COALESCE($2::jsonb, '{}'), cdp = $3::text[], aia = $4::text[], "
	    "ocsp = $5::text[], crl_shards = $6, sealed = $7 WHERE id = $1" };
	struct store_params p = { 0 };

	store_put_int(&p, wanted->id);
	store_put_json(&p, wanted->policy);
	store_put_list(&p, wanted->cdp_urls);
	store_put_list(&p, wanted->aia_urls);
	store_put_list(&p, wanted->ocsp_urls);
	store_put_int(&p, wanted->crl_shards);
	store_put_bytes(&p, wanted->sealed, wanted->sealed_len);
	return change(s, &st, &p, err);
}

int
store_set_ca(struct store *s, const struct requester *who, const struct ca *read, const struct ca *wanted,
    const char *detail, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	if (rc == 0)
		rc = lock_in_state(s, read, is_not_retired, err);
	if (rc == 0)
		rc = put_settings(s, wanted, err);
	if (rc == 0)
		rc = audit(s, who, "ca.policy-changed", read->name, detail, err);
	return finish(s, rc, err);
}

/* --- reading ------------------------------------------------------------------------------------- */

/* Names beginning with NAME@ and slugs NAME-N that nobody has: URLs are looked up by slug, then by name. */
#define SPARE_NAME "(SELECT c.name || '@' || n FROM generate_series(1, 10000) n WHERE NOT EXISTS (SELECT FROM ca x " \
	"WHERE lower(x.name) = lower(c.name || '@' || n)) ORDER BY n LIMIT 1)"
#define SPARE_SLUG "(SELECT c.name || '-' || n FROM generate_series(2, 10000) n WHERE NOT EXISTS (SELECT FROM ca x " \
	"WHERE lower(x.name) = lower(c.name || '-' || n) OR lower(x.slug) = lower(c.name || '-' || n)) " \
	"ORDER BY n LIMIT 1)"

int
store_ca_get(struct store *s, const char *ca, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = { "ca_get",
	    "SELECT json_build_object('id', id, 'name', name, 'parent', parent, 'subject', subject, "
	    "'slug', slug, 'state', state, 'protection', protection, "
	    "'not_before', iso_utc(not_before), 'not_after', iso_utc(not_after), 'created_at', iso_utc(created_at), "
	    "'chain', COALESCE((SELECT json_agg(base64_line(x) ORDER BY n) FROM unnest(chain) WITH ORDINALITY "
	    "  AS u(x, n)), '[]'), "
	    "'also', COALESCE((SELECT json_agg(base64_line(der) ORDER BY n DESC) FROM (SELECT a.id AS n, der "
	    "  FROM ca_certificate a WHERE a.ca_id = c.id ORDER BY a.id DESC LIMIT 8) AS newest), '[]'), "
	    "'sealed', base64_line(sealed), 'csr', base64_line(csr), "
	    "'cdp', to_json(cdp), 'aia', to_json(aia), 'ocsp', to_json(ocsp), 'crl_shards', crl_shards, "
	    "'policy', policy, 'certificates', COALESCE((SELECT json_agg(json_build_object('kind', a.kind, "
	    "  'not_after', iso_utc(a.not_after), 'created_at', iso_utc(a.created_at), 'der', base64_line(a.der)) "
	    "  ORDER BY a.id) FROM ca_certificate a WHERE a.ca_id = c.id), '[]'), "
	    "'spare_name', " SPARE_NAME ", 'spare_slug', " SPARE_SLUG ") FROM ca c WHERE id = (" FIND ")" };
	struct store_params p = { 0 };
	PGresult *res;
	int rc;

	*out = NULL;
	store_put_text(&p, ca);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no CA \"%.80s\".", ca);
	else
		rc = store_json(res, 0, 0, out, err);
	PQclear(res);
	return rc;
}
