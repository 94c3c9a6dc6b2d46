/* Rows of certificates from elsewhere. See foreign_cert_row.h. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "dn_print.h"
#include "utf8.h"

#include "store/cert_columns.h"
#include "store/request/cert_row.h"
#include "store/store_private.h"

#include "foreign_cert_row.h"

#define SHA256_SIZE 32

int
store_find_sha256(struct store *s, const struct gh_der *cert, int64_t *id, struct gh_error *err)
{
	static const struct store_statement st = {"certificate_find_sha256",
	    "SELECT id FROM certificate WHERE " CERT_BY_DIGEST("", "sha256",
		"$1::bytea") " ORDER BY id LIMIT 1"};
	unsigned char sha256[SHA256_SIZE];
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*id = 0;
	if (!gh_digest(GH_SHA256, cert->p, cert->len, sha256))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	store_put_bytes(&p, sha256, sizeof(sha256));
	if ((rc = store_read(s, &st, &p, &res, err)) == 0 && PQntuples(res) == 1)
		*id = store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

/* ---- issuers ---- */

static int
put_issuer(struct store_params *p, const struct foreign_cert *c, const struct gh_der *key_id,
    unsigned char name[SHA256_SIZE], struct gh_error *err)
{
	char *text = gh_dn_print(c->parts.issuer.p, c->parts.issuer.len, true);

	if (text == NULL || !gh_digest(GH_SHA256, c->parts.issuer.p, c->parts.issuer.len, name)) {
		free(text);
		return gh_fail(err, GH_E_NOMEM, "issuer");
	}
	text[gh_utf8_cut(text, strlen(text), CERT_SUBJECT_MAX)] = '\0';
	store_put_bytes(p, name, SHA256_SIZE);
	store_put_bytes(p, key_id->len > 0 ? key_id->p : (const void *)"", key_id->len);
	store_put_text(p, text);
	if (p->owned[p->n - 1] == NULL)
		p->owned[p->n - 1] = text;
	else
		free(text); /* it was not UTF-8, and copied */
	return 0;
}

/* Made, where it is not there. A row of another's that is not committed yet is waited for, and seen
 * by the next statement. */
static int
find_issuer(struct store *s, const struct foreign_cert *c, const struct gh_der *key_id, int64_t *id,
    struct gh_error *err)
{
	/* $3 is there in both, so that one list of parameters will do */
	static const struct store_statement
	    find = {"foreign_issuer_find",
		"SELECT id FROM foreign_issuer WHERE name_sha256 = $1 AND key_id = $2 AND $3::text IS NOT NULL"},
	    make = {"foreign_issuer_make",
		"INSERT INTO foreign_issuer (name_sha256, key_id, subject) VALUES ($1, $2, $3) "
		"ON CONFLICT (name_sha256, key_id) DO NOTHING RETURNING id"};
	unsigned char name[SHA256_SIZE];
	struct store_params p = {0};
	int rc = put_issuer(&p, c, key_id, name, err);

	*id = 0;
	for (int i = 0; rc == 0 && *id == 0 && i < 3; i++) {
		PGresult *res = NULL;

		rc = store_run(s, i == 1 ? &make : &find, &p, &res, err);
		if (rc == 0 && PQntuples(res) == 1)
			*id = store_int(res, 0, 0);
		PQclear(res);
	}
	store_params_clear(&p);
	return rc == 0 && *id == 0 ? gh_fail(err, GH_E_DB, "issuer of a certificate") : rc;
}

/* ---- certificates ---- */

/* Without zeros in front; a negative one, which RFC 5280 forbids, as it is. */
static void
put_serial(struct store_params *p, struct gh_der serial)
{
	while (serial.len > 1 && serial.p[0] == 0) {
		serial.p++;
		serial.len--;
	}
	store_put_bytes(p, serial.p, serial.len);
}

/* *id 0: another certificate of this issuer has its number. */
static int
insert(struct store *s, const struct requester *who, const struct store_foreign *f, int64_t issuer,
    int64_t *id, struct gh_error *err)
{
	/* $1-$6 actor, $7 issuer, $8 serial, $9-$16 content, $17 metadata */
	static const struct store_statement st = {"certificate_import",
	    "WITH c AS (INSERT INTO certificate (ca_id, serial, subject, sans, not_before, not_after, sha1, sha256, "
	    "    spki_sha256, der, metadata, request_id, requester, status) "
	    "  VALUES ($7, $8, $9, $10::text[], to_timestamp($11::bigint), to_timestamp($12::bigint), $13, $14, $15, $16, "
	    "    $17::jsonb, 0, '', 12) ON CONFLICT (serial, ca_id) DO NOTHING RETURNING id, subject), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'cert.imported', 'success', 'certificate ' || id, $1, $2::int, $3, $4, $5, "
	    "    left(concat($6::text, ': ', subject), 1000) FROM c) "
	    "SELECT id FROM c"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_actor(&p, who, f->request_id, f->source);
	store_put_int(&p, issuer);
	put_serial(&p, f->cert->parts.serial);
	store_put_content(&p, &f->cert->parts, &f->der);
	store_put_json(&p, f->metadata);
	rc = p.failed ? gh_fail(err, GH_E_NOMEM, "certificate row")
		      : store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	*id = rc == 0 && PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

/* What tells its issuer from another one of this name. */
static int
key_id_of(const struct foreign_cert *c, unsigned char key[SHA256_SIZE], struct gh_der *out,
    struct gh_error *err)
{
	*out = c->key_id;
	if (!c->is_self_issued)
		return 0;
	*out = (struct gh_der){key, SHA256_SIZE};
	return gh_digest(GH_SHA256, c->parts.spki.p, c->parts.spki.len, key)
	    ? 0
	    : gh_fail(err, GH_E_INTERNAL, "SHA-256");
}

int
store_import_cert(struct store *s, const struct requester *who, const struct store_foreign *f,
    int64_t *id, bool *is_new, struct gh_error *err)
{
	unsigned char key[SHA256_SIZE];
	struct gh_der key_id;
	int64_t issuer;
	int rc = store_find_sha256(s, &f->der, id, err);

	*is_new = false;
	if (rc != 0 || *id != 0)
		return rc;
	if ((rc = key_id_of(f->cert, key, &key_id, err)) != 0 ||
	    (rc = find_issuer(s, f->cert, &key_id, &issuer, err)) != 0 ||
	    (rc = insert(s, who, f, issuer, id, err)) != 0)
		return rc;
	*is_new = *id != 0;
	/* the same one, put in meanwhile, or another one with its number */
	if (*id != 0 || (rc = store_find_sha256(s, &f->der, id, err)) != 0 || *id != 0)
		return rc;
	if (!gh_digest(GH_SHA256, f->der.p, f->der.len, key))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	key_id = (struct gh_der){key, sizeof(key)};
	if ((rc = find_issuer(s, f->cert, &key_id, &issuer, err)) == 0)
		rc = insert(s, who, f, issuer, id, err);
	*is_new = rc == 0 && *id != 0;
	return rc == 0 && *id == 0 ? store_find_sha256(s, &f->der, id, err) : rc;
}
