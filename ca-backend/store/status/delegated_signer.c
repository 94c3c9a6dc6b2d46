/* Delegated signers. See delegated_signer.h. */
#include <stdlib.h>
#include <string.h>

#include "delegated_signer.h"
#include "store/cert_columns.h"
#include "store/request/service_cert.h"
#include "store/store_private.h"

#define VALID(table) \
	"SELECT o.cert, o.sealed, extract(epoch FROM o.not_before)::bigint, " \
	"  extract(epoch FROM o.not_after)::bigint FROM " table " o " \
	"WHERE o.not_before <= now() AND o.not_after > now() " \
	"AND NOT EXISTS (SELECT 1 FROM certificate c WHERE " CERT_BY_DIGEST_OF_ROW("c.", "sha256", \
	    "sha256(o.cert)") " AND c.ca_id = o.ca_id " \
			      "  AND c.status = 21) "
#define NEWEST "ORDER BY o.not_after DESC, o.id DESC "
#define FIND(table) \
	VALID(table) "AND o.ca_id = $1 AND o.not_after > to_timestamp($2::bigint) " NEWEST "LIMIT 1"
#define LIST(table) VALID(table) NEWEST "LIMIT 256"
#define ADD(table) \
	"INSERT INTO " table " (ca_id, cert, sealed, not_before, not_after) " \
	"SELECT ca_id, der, $2, not_before, not_after FROM certificate WHERE id = $1"
#define LOCK(what) \
	"SELECT pg_advisory_xact_lock(hashtextextended('gatehouse " what \
	" signer ' || $1::bigint, 0))"
#define ENDED(table) "FROM " table " WHERE not_after < now() - $1::int * interval '1 second'"
#define PURGE(table) "DELETE " ENDED(table)
#define COUNT(table) "SELECT count(*) " ENDED(table)

static const struct kind {
	struct store_statement find, list, add, lock, purge, count;
	const char *event;     /* of the audit trail */
	const char *requester; /* of the certificate's row; NULL: who made it */
} kinds[STORE_SIGNER_USES] = {
    [STORE_SIGNER_OCSP] = {{"ocsp_signer_find", FIND("ocsp_signer")},
	{"ocsp_signer_list", LIST("ocsp_signer")}, {"ocsp_signer_add", ADD("ocsp_signer")},
	{"ocsp_signer_lock", LOCK("ocsp")}, {"ocsp_signer_purge", PURGE("ocsp_signer")},
	{"ocsp_signer_count", COUNT("ocsp_signer")}, "ocsp.signer-issued", NULL},
    [STORE_SIGNER_CMC] = {{"cmc_signer_find", FIND("cmc_signer")},
	{"cmc_signer_list", LIST("cmc_signer")}, {"cmc_signer_add", ADD("cmc_signer")},
	{"cmc_signer_lock", LOCK("cmc")}, {"cmc_signer_purge", PURGE("cmc_signer")},
	{"cmc_signer_count", COUNT("cmc_signer")}, "cmc.signer-issued", STORE_SERVICE_REQUESTER},
    [STORE_SIGNER_KEYS] = {{"key_signer_find", FIND("key_signer")},
	{"key_signer_list", LIST("key_signer")}, {"key_signer_add", ADD("key_signer")},
	{"key_signer_lock", LOCK("key")}, {"key_signer_purge", PURGE("key_signer")},
	{"key_signer_count", COUNT("key_signer")}, "est.key-signer-issued",
	STORE_SERVICE_REQUESTER},
    [STORE_SIGNER_PACKAGE] = {{"package_signer_find", FIND("package_signer")},
	{"package_signer_list", LIST("package_signer")},
	{"package_signer_add", ADD("package_signer")}, {"package_signer_lock", LOCK("package")},
	{"package_signer_purge", PURGE("package_signer")},
	{"package_signer_count", COUNT("package_signer")}, "package.signer-issued",
	STORE_SERVICE_REQUESTER},
};

void
store_signer_clear(struct store_signer *o)
{
	free(o->cert);
	free(o->sealed);
	memset(o, 0, sizeof(*o));
}

static int
read_signer(PGresult *res, int row, struct store_signer *out, struct gh_error *err)
{
	int rc = store_bytes(res, row, 0, &out->cert, &out->cert_len, err);

	if (rc == 0)
		rc = store_bytes(res, row, 1, &out->sealed, &out->sealed_len, err);
	if (rc == 0) {
		out->not_before = store_int(res, row, 2);
		out->not_after = store_int(res, row, 3);
	} else {
		store_signer_clear(out);
	}
	return rc;
}

int
store_find_signer(struct store *s, enum store_signer_use use, int64_t ca_id, int64_t until,
    struct store_signer *out, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, ca_id);
	store_put_int(&p, until);
	rc = store_read(s, &kinds[use].find, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "CA %lld has no signer of this use",
		    (long long)ca_id);
	if (rc == 0)
		rc = read_signer(res, 0, out, err);
	PQclear(res);
	return rc;
}

int
store_each_signer(struct store *s, enum store_signer_use use,
    bool (*take)(void *arg, const struct store_signer *o), void *arg, struct gh_error *err)
{
	struct store_params p = {0};
	struct store_signer one = {0};
	PGresult *res;
	int rc = store_read(s, &kinds[use].list, &p, &res, err);
	bool is_it = false;

	for (int i = 0; rc == 0 && !is_it && i < PQntuples(res); i++) {
		if ((rc = read_signer(res, i, &one, err)) == 0)
			is_it = take(arg, &one);
		store_signer_clear(&one);
	}
	PQclear(res);
	return rc;
}

/* Both rows are in the caller's transaction. */
static int
add_signer(struct store *s, const struct store_signer_issue *i, const struct store_signer *o,
    struct gh_error *err)
{
	char detail[64];
	const struct store_new_cert c = {
	    .ca = i->ca,
	    .der = o->cert,
	    .len = o->cert_len,
	    .requester = kinds[i->use].requester != NULL ? kinds[i->use].requester : i->who->name,
	    .event = kinds[i->use].event,
	    .detail = detail,
	};
	struct store_params p = {0};
	PGresult *res = NULL;
	int64_t id;
	int rc;

	snprintf(detail, sizeof(detail), "valid for %lld hours",
	    (long long)((o->not_after - o->not_before) / 3600));
	if ((rc = store_new_cert(s, i->who, &c, &id, err)) == 0) {
		store_put_int(&p, id);
		store_put_bytes(&p, o->sealed, o->sealed_len);
		rc = store_run(s, &kinds[i->use].add, &p, &res, err);
	}
	PQclear(res);
	store_params_clear(&p);
	return rc;
}

/* Released by the end of the transaction. */
static int
lock_signers(struct store *s, enum store_signer_use use, int64_t ca_id, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, ca_id);
	rc = store_run(s, &kinds[use].lock, &p, &res, err);
	store_params_clear(&p);
	PQclear(res);
	return rc;
}

int
store_issue_signer(struct store *s, const struct store_signer_issue *i, struct store_signer *out,
    bool *is_new, struct gh_error *err)
{
	int rc = store_begin(s, err);

	*is_new = false;
	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = lock_signers(s, i->use, i->ca->id, err);
	if (rc == 0)
		rc = store_find_signer(s, i->use, i->ca->id, i->until, out, err);
	if (rc == GH_E_NOT_FOUND) {
		*is_new = true;
		rc = i->make(i->arg, out, err);
		if (rc == 0)
			rc = add_signer(s, i, out, err);
	}
	if (rc == 0)
		rc = store_commit(s, err);
	else
		store_rollback(s);
	if (rc != 0) {
		*is_new = false;
		store_signer_clear(out);
	}
	return rc;
}

int
store_purge_signers(struct store *s, enum store_signer_use use, int age, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, age);
	rc = store_run(s, &kinds[use].purge, &p, &res, err);
	store_params_clear(&p);
	PQclear(res);
	return rc;
}

int
store_count_ended_signers(struct store *s, enum store_signer_use use, int age, int64_t *n,
    struct gh_error *err)
{
	struct store_params p = {0};

	store_put_int(&p, age);
	return store_read_int(s, &kinds[use].count, &p, n, err);
}
