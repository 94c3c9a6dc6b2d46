/* Secrets that the KRA keeps. See archived_key.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "digest.h"

#include "archived_key.h"
#include "archived_key_private.h"
#include "key_event.h"
#include "store/store_private.h"

#define MARK_SIZE 16

const char *
store_key_identity(const struct requester *who)
{
	return *who->id != '\0' ? who->id : who->name;
}

void
store_archived_key_clear(struct store_archived_key *k)
{
	free(k->spki.p);
	free(k->stored.p);
	memset(k, 0, sizeof(*k));
}

static struct gh_der
text_of(const char *s)
{
	return (struct gh_der){(const unsigned char *)s, strlen(s)};
}

int
store_archived_key_facts(const struct store_archived_key *k, struct kra_facts *out,
    struct gh_error *err)
{
	*out = (struct kra_facts){.kind = k->kind,
	    .owner = text_of(k->bound_owner),
	    .client_id = text_of(k->client_id),
	    .policy = text_of(k->policy),
	    .spki = {k->spki.p, k->spki.len},
	    .forget_at = k->forget_at};
	return gh_uuid_parse(k->id, out->id) ? 0 : gh_fail(err, GH_E_DB, "key id \"%s\"", k->id);
}

/* --- a new one -------------------------------------------------------------------------------- */

/* $1-$18 the key, $19-$25 its request, $26-$31 actor of the audit row, $32 content of the call */
static const struct store_statement key_add = {"key_add",
    "WITH k AS (INSERT INTO archived_key (uuid, kind, algorithm, bits, owner, owner_name, owner_dn, owner_id, "
    "    owner_kind, client_id, policy, spki, spki_sha256, certificate_id, stored, storage_key, forget_at, created_by) "
    "  VALUES ($1::text::uuid, $2::int, $3, $4::int, $5, $6, $7, $8, $9::int, $10, $11, $12::bytea, $13::bytea, "
    "    $14::bigint, $15::bytea, $16::bytea, to_timestamp($17::bigint), $18) RETURNING id), "
    "r AS (INSERT INTO key_request (type, state, key_id, requester, requester_dn, requester_id, requester_kind, comment, "
    "    required, requester_counts, is_signed, approvals, mark, content, resolved_at, resolved_by) "
    "  SELECT $19, 'complete', k.id, $20, $21, $22, $23::int, $24, 0, true, false, 0, $25::bytea, $32::bytea, now(), $20 FROM k "
    "  RETURNING id), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'key.' || CASE $19 WHEN 'archival' THEN 'archived' ELSE 'generated' END, 'success', 'key ' || $1::text, "
    "    $26, $27::int, $28, $29, $30, concat($31::text, 'request ', r.id) FROM r) "
    "SELECT id FROM r"};

void
store_put_key_labels(struct store_params *p, const struct store_archived_key *k,
    unsigned char spki_sha256[32])
{
	bool has_spki = k->spki.len > 0;

	store_put_text(p, k->id);
	store_put_int(p, k->kind);
	store_put_text(p, k->algorithm);
	store_put_int(p, k->bits);
	store_put_text(p, k->bound_owner);
	store_put_text(p, k->owner.name);
	store_put_text(p, k->owner.dn);
	store_put_text(p, k->owner.id);
	store_put_int(p, k->owner.kind);
	store_put_text(p, k->client_id);
	store_put_text(p, k->policy);
	store_put_bytes(p, has_spki ? k->spki.p : NULL, k->spki.len);
	p->failed |= has_spki && !gh_digest(GH_SHA256, k->spki.p, k->spki.len, spki_sha256);
	store_put_bytes(p, has_spki ? spki_sha256 : NULL, has_spki ? 32 : 0);
}

static void
put_key(struct store_params *p, const struct store_archived_key *k, const char *by,
    unsigned char spki_sha256[32])
{
	store_put_key_labels(p, k, spki_sha256);
	store_put_id(p, k->certificate_id);
	store_put_bytes(p, k->stored.p, k->stored.len);
	store_put_bytes(p, k->storage_id, sizeof(k->storage_id));
	store_put_id(p, k->forget_at);
	store_put_text(p, by);
}

static int
find_mark(struct store *s, const unsigned char mark[MARK_SIZE], int64_t *id, struct gh_error *err)
{
	static const struct store_statement st = {"key_find_mark",
	    "SELECT id FROM key_request WHERE mark = $1::bytea"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_bytes(&p, mark, MARK_SIZE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	*id = PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return *id != 0 ? 0 : gh_fail(err, GH_E_DB, "key request is gone");
}

int
store_run_marked(struct store *s, const struct store_statement *st, struct store_params *p,
    const unsigned char mark[MARK_SIZE], int64_t *id, struct gh_error *err)
{
	PGresult *res = NULL;
	bool was_repeated;
	int rc = store_run(s, st, p, &res, err);

	*id = 0;
	if ((was_repeated = rc == GH_E_DB_DOWN && s->was_lost))
		rc = store_run(s, st, p, &res, err);
	store_params_clear(p);
	if (rc == 0)
		*id = PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	/* whatever was violated: after a lost answer it may be by our own rows */
	if (rc == GH_E_CONFLICT && was_repeated && find_mark(s, mark, id, NULL) == 0)
		return 0;
	return rc;
}

int
store_explain_key_conflict(const struct store *s, const struct store_archived_key *k,
    struct gh_error *err)
{
	if (strcmp(s->constraint, "archived_key_storage") == 0)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE,
		    "The storage key was replaced at this moment: send it again.");
	if (strcmp(s->constraint, "archived_key_client") == 0)
		return gh_refuse(err, GH_E_CONFLICT,
		    "An active key of this owner has the client id \"%.80s\" already.",
		    k->client_id);
	return gh_fail(err, GH_E_CONFLICT, "conflict on %s", s->constraint);
}

int
store_add_archived_key(struct store *s, const struct requester *who, const struct store_new_key *n,
    int64_t *request, struct gh_error *err)
{
	unsigned char mark[MARK_SIZE], spki_sha256[32];
	struct store_params p = {0};
	int rc;

	*request = 0;
	if (n->call.mark != NULL)
		memcpy(mark, n->call.mark, sizeof(mark));
	else if (RAND_bytes(mark, sizeof(mark)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "RAND_bytes");
	put_key(&p, n->key, who->name, spki_sha256);
	store_put_text(&p, n->type);
	store_put_who(&p, who);
	store_put_text(&p, n->comment);
	store_put_bytes(&p, mark, sizeof(mark));
	store_put_actor(&p, who, n->request_id, NULL);
	store_put_bytes(&p, n->call.content, n->call.content != NULL ? STORE_CALL_CONTENT_SIZE : 0);
	if ((rc = store_run_marked(s, &key_add, &p, mark, request, err)) == 0)
		key_event_count(strcmp(n->type, "archival") == 0 ? KEY_EVENT_ARCHIVED
								 : KEY_EVENT_GENERATED,
		    1);
	return rc == GH_E_CONFLICT ? store_explain_key_conflict(s, n->key, err) : rc;
}

/* --- what there is ---------------------------------------------------------------------------- */

static void
copy_text(char *out, size_t size, const PGresult *res, int col)
{
	snprintf(out, size, "%s", store_text(res, 0, col));
}

static int
fill_storage_id(const PGresult *res, int col, struct store_archived_key *k, struct gh_error *err)
{
	unsigned char *b;
	size_t n;
	int rc = store_bytes(res, 0, col, &b, &n, err);

	if (rc == 0 && (b == NULL || n != sizeof(k->storage_id)))
		rc = gh_fail(err, GH_E_DB, "storage key of %s", k->id);
	if (rc == 0)
		memcpy(k->storage_id, b, n);
	free(b);
	return rc;
}

int
store_fill_archived_key(const PGresult *res, struct store_archived_key *k, struct gh_error *err)
{
	int rc;

	memset(k, 0, sizeof(*k));
	k->row = store_int(res, 0, 0);
	copy_text(k->id, sizeof(k->id), res, 1);
	k->kind = (enum kra_kind)store_int(res, 0, 2);
	copy_text(k->algorithm, sizeof(k->algorithm), res, 3);
	k->bits = (int)store_int(res, 0, 4);
	copy_text(k->bound_owner, sizeof(k->bound_owner), res, 5);
	copy_text(k->owner.name, sizeof(k->owner.name), res, 6);
	copy_text(k->owner.dn, sizeof(k->owner.dn), res, 7);
	copy_text(k->owner.id, sizeof(k->owner.id), res, 8);
	k->owner.kind = (enum requester_kind)store_int(res, 0, 9);
	copy_text(k->client_id, sizeof(k->client_id), res, 10);
	copy_text(k->policy, sizeof(k->policy), res, 11);
	k->certificate_id = store_int(res, 0, 13);
	k->is_active = strcmp(store_text(res, 0, 16), "active") == 0;
	k->is_pending = strcmp(store_text(res, 0, 16), "pending") == 0;
	k->is_destroyed = strcmp(store_text(res, 0, 16), "destroyed") == 0;
	k->forget_at = store_int(res, 0, 17);
	k->version = (int)store_int(res, 0, 18);
	if ((rc = store_bytes(res, 0, 12, &k->spki.p, &k->spki.len, err)) != 0 ||
	    (rc = store_bytes(res, 0, 14, &k->stored.p, &k->stored.len, err)) != 0 ||
	    (rc = fill_storage_id(res, 15, k, err)) != 0)
		store_archived_key_clear(k);
	return rc;
}

/* Releases p. */
static int
get(struct store *s, const struct store_statement *st, struct store_params *p,
    struct store_archived_key *out, struct gh_error *err)
{
	PGresult *res;
	int rc = store_read(s, st, p, &res, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	rc = PQntuples(res) == 1 ? store_fill_archived_key(res, out, err)
				 : gh_refuse(err, GH_E_NOT_FOUND, "There is no such key.");
	PQclear(res);
	return rc;
}

int
store_get_archived_key(struct store *s, const char *id, struct store_archived_key *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"key_get",
	    "SELECT " STORE_KEY_COLUMNS " FROM archived_key k WHERE k.uuid = $1::text::uuid"};
	unsigned char uuid[GH_UUID_SIZE];
	struct store_params p = {0};

	memset(out, 0, sizeof(*out));
	if (!gh_uuid_parse(id, uuid))
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no such key.");
	store_put_text(&p, id);
	return get(s, &st, &p, out, err);
}

int
store_is_key_of_another(struct store *s, const struct store_archived_key *k, bool *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"key_of_another",
	    "SELECT count(*) > 0 AND NOT coalesce(bool_or(owner = $2), false) FROM archived_key "
	    "WHERE spki_sha256 = sha256($1::bytea)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*out = false;
	if (k->spki.len == 0)
		return 0;
	store_put_bytes(&p, k->spki.p, k->spki.len);
	store_put_text(&p, k->bound_owner);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	*out = store_bool(res, 0, 0);
	PQclear(res);
	return 0;
}

int
store_find_archived_key(struct store *s, int64_t certificate_id, struct store_archived_key *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"key_find_certificate",
	    "SELECT " STORE_KEY_COLUMNS " FROM archived_key k WHERE k.state = 'active' AND "
	    "(k.certificate_id = $1::bigint OR "
	    "k.spki_sha256 = (SELECT c.spki_sha256 FROM certificate c WHERE c.id = $1::bigint AND c.ca_id > 0)) "
	    "ORDER BY k.id DESC LIMIT 1"};
	struct store_params p = {0};

	store_put_int(&p, certificate_id);
	return get(s, &st, &p, out, err);
}

/* --- state ------------------------------------------------------------------------------------ */

/* $1 id, $2 state, $3 version, $4-$9 actor */
static const struct store_statement key_set_state = {"key_set_state",
    "WITH u AS (UPDATE archived_key SET state = $2, state_at = now(), version = version + 1 "
    "  WHERE uuid = $1::text::uuid AND state <> $2 AND state IN ('active', 'inactive') AND ($3::int = 0 OR version = $3::int) RETURNING version), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT CASE $2 WHEN 'active' THEN 'key.activated' ELSE 'key.deactivated' END, 'success', 'key ' || $1::text, "
    "    $4, $5::int, $6, $7, $8, $9 FROM u) "
    "SELECT version FROM u"};

/* Nothing was changed: why? */
static int
explain_unchanged(struct store *s, const struct store_key_change *c, struct gh_error *err)
{
	struct store_archived_key k;
	int rc = store_get_archived_key(s, c->id, &k, err);

	if (rc != 0)
		return rc;
	if (c->version != 0 && c->version != k.version)
		rc = gh_refuse(err, GH_E_PRECONDITION,
		    "The key was changed since: read it again, and decide on what it is now.");
	else if (k.is_pending)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "The key waits for the decision on the request for its certificate.");
	else if (k.is_destroyed)
		rc = gh_refuse(err, GH_E_CONFLICT, "The key was destroyed.");
	else
		rc = gh_refuse(err, GH_E_CONFLICT, "The key is %s already.",
		    k.is_active ? "active" : "inactive");
	store_archived_key_clear(&k);
	return rc;
}

int
store_set_key_active(struct store *s, const struct requester *who, const struct store_key_change *c,
    int *version, struct gh_error *err)
{
	unsigned char uuid[GH_UUID_SIZE];
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*version = 0;
	if (!gh_uuid_parse(c->id, uuid))
		return gh_refuse(err, GH_E_NOT_FOUND, "There is no such key.");
	store_put_text(&p, c->id);
	store_put_text(&p, c->is_active ? "active" : "inactive");
	store_put_int(&p, c->version);
	store_put_actor(&p, who, c->request_id, c->comment);
	rc = store_write(s, &key_set_state, &p,
	    "Another active key of this owner has its client id.", &res, err);
	if (rc != 0)
		return rc;
	if (PQntuples(res) == 1)
		*version = (int)store_int(res, 0, 0);
	else
		rc = explain_unchanged(s, c, err);
	PQclear(res);
	return rc;
}
