/* The OCSP responder's part of the store. See ocsp_row.h. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "formats/ocsp_request.h"

#include "ocsp_row.h"
#include "store/store_private.h"

/* --- status ----------------------------------------------------------------------------------- */

/* An entry that was lifted (removed_at) is good again. A cast alone would round the time, up to
 * half a second ahead of what the CRL says. */
#define STATUS_COLUMNS \
	"c.id IS NOT NULL, r.certificate_id IS NOT NULL AND r.removed_at IS NULL, " \
	"floor(extract(epoch FROM r.revoked_at))::bigint, r.reason "
#define STATUS_JOIN \
	"LEFT JOIN certificate c ON c.ca_id = q.ca AND c.serial = q.serial " \
	"LEFT JOIN revocation r ON r.certificate_id = c.id "

static const struct store_statement status_of_one = {"ocsp_status",
    "SELECT " STATUS_COLUMNS "FROM (SELECT $1::bigint AS ca, $2::bytea AS serial) q " STATUS_JOIN};
static const struct store_statement status_of_many = {"ocsp_status_many",
    "SELECT " STATUS_COLUMNS
    "FROM (SELECT x.ca::bigint AS ca, decode(x.serial, 'hex') AS serial, n "
    "  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS x(ca, serial, n)) q " STATUS_JOIN
    "ORDER BY q.n"};

/* Column serial: at least so many octets, zeros in front. */
#define SERIAL_STORED 16

struct stored_serial {
	unsigned char p[SERIAL_STORED + OCSP_SERIAL_MAX];
	size_t len;
};

static int
store_serial(const struct store_status_query *q, struct stored_serial *out, struct gh_error *err)
{
	size_t zeros = q->serial_len < SERIAL_STORED ? SERIAL_STORED - q->serial_len : 0;

	if (q->serial_len > OCSP_SERIAL_MAX)
		return gh_fail(err, GH_E_INTERNAL, "serial number of %zu octets", q->serial_len);
	memset(out->p, 0, zeros);
	memcpy(out->p + zeros, q->serial, q->serial_len);
	out->len = zeros + q->serial_len;
	return 0;
}

static int
append_text(gh_json *list, char *text)
{
	int rc = text != NULL && list != NULL ? gh_json_append(list, gh_json_new_string(text)) : -1;

	free(text);
	return rc;
}

static void
put_many(struct store_params *p, const struct store_status_query *q, size_t n)
{
	gh_json *cas = gh_json_new_array(), *serials = gh_json_new_array();
	struct stored_serial serial;
	char number[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(number, sizeof(number), "%lld", (long long)q[i].ca_id);
		if (store_serial(&q[i], &serial, NULL) != 0 ||
		    append_text(cas, strdup(number)) != 0 ||
		    append_text(serials, gh_hex_encode(serial.p, serial.len)) != 0)
			p->failed = true;
	}
	store_put_texts(p, cas);
	store_put_texts(p, serials);
	gh_json_free(cas);
	gh_json_free(serials);
}

static void
take_status(const PGresult *res, int row, struct ocsp_status *out)
{
	*out = (struct ocsp_status){.status = OCSP_UNKNOWN};
	if (!store_bool(res, row, 0))
		return;
	out->status = OCSP_GOOD;
	if (store_bool(res, row, 1)) {
		out->status = OCSP_REVOKED;
		out->revoked_at = store_int(res, row, 2);
		out->reason = (int)store_int(res, row, 3);
	}
}

int
store_cert_status(struct store *s, const struct store_status_query *q, size_t n,
    struct ocsp_status *out, struct gh_error *err)
{
	struct store_params p = {0};
	struct stored_serial serial;
	PGresult *res;
	int rc;

	if (n < 1 || n > STORE_STATUS_MAX)
		return gh_fail(err, GH_E_INTERNAL, "%zu questions about status", n);
	if (n == 1) {
		if ((rc = store_serial(q, &serial, err)) != 0)
			return rc;
		store_put_int(&p, q->ca_id);
		store_put_bytes(&p, serial.p, serial.len);
	} else {
		put_many(&p, q, n);
	}
	rc = store_read(s, n == 1 ? &status_of_one : &status_of_many, &p, &res, err);
	if (rc == 0 && PQntuples(res) != (int)n)
		rc =
		    gh_fail(err, GH_E_DB, "%d rows of status for %zu questions", PQntuples(res), n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		take_status(res, (int)i, &out[i]);
	PQclear(res);
	return rc;
}

/* --- signers ---------------------------------------------------------------------------------- */

void
store_ocsp_signer_clear(struct store_ocsp_signer *o)
{
	free(o->cert);
	free(o->sealed);
	memset(o, 0, sizeof(*o));
}

int
store_find_ocsp_signer(struct store *s, int64_t ca_id, int64_t until, struct store_ocsp_signer *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"ocsp_signer_find",
	    "SELECT o.cert, o.sealed, extract(epoch FROM o.not_before)::bigint, "
	    "  extract(epoch FROM o.not_after)::bigint FROM ocsp_signer o "
	    "WHERE o.ca_id = $1 AND o.not_before <= now() AND o.not_after > greatest(now(), to_timestamp($2::bigint)) "
	    "AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.sha256 = sha256(o.cert) AND c.ca_id = o.ca_id "
	    "  AND c.status = 21) "
	    "ORDER BY o.not_after DESC, o.id DESC LIMIT 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, ca_id);
	store_put_int(&p, until);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_fail(err, GH_E_NOT_FOUND, "CA %lld has no OCSP signer", (long long)ca_id);
	if (rc == 0)
		rc = store_bytes(res, 0, 0, &out->cert, &out->cert_len, err);
	if (rc == 0)
		rc = store_bytes(res, 0, 1, &out->sealed, &out->sealed_len, err);
	if (rc == 0) {
		out->not_before = store_int(res, 0, 2);
		out->not_after = store_int(res, 0, 3);
	} else {
		store_ocsp_signer_clear(out);
	}
	PQclear(res);
	return rc;
}

/* Both rows are in the caller's transaction. */
static int
add_signer(struct store *s, const struct store_ocsp_issue *i, const struct store_ocsp_signer *o,
    struct gh_error *err)
{
	static const struct store_statement st = {"ocsp_signer_add",
	    "INSERT INTO ocsp_signer (ca_id, cert, sealed, not_before, not_after) "
	    "SELECT ca_id, der, $2, not_before, not_after FROM certificate WHERE id = $1"};
	char detail[64];
	const struct store_new_cert c = {
	    .ca = i->ca,
	    .der = o->cert,
	    .len = o->cert_len,
	    .requester = i->who->name,
	    .event = "ocsp.signer-issued",
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
		rc = store_run(s, &st, &p, &res, err);
	}
	PQclear(res);
	store_params_clear(&p);
	return rc;
}

/* Released by the end of the transaction. */
static int
lock_signers(struct store *s, int64_t ca_id, struct gh_error *err)
{
	static const struct store_statement st = {"ocsp_signer_lock",
	    "SELECT pg_advisory_xact_lock(hashtextextended('gatehouse ocsp signer ' || $1::bigint, 0))"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, ca_id);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	PQclear(res);
	return rc;
}

int
store_issue_ocsp_signer(struct store *s, const struct store_ocsp_issue *i,
    struct store_ocsp_signer *out, bool *is_new, struct gh_error *err)
{
	int rc = store_begin(s, err);

	*is_new = false;
	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = lock_signers(s, i->ca->id, err);
	if (rc == 0)
		rc = store_find_ocsp_signer(s, i->ca->id, i->until, out, err);
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
		store_ocsp_signer_clear(out);
	}
	return rc;
}

int
store_purge_ocsp_signers(struct store *s, int age, struct gh_error *err)
{
	static const struct store_statement st = {"ocsp_signer_purge",
	    "DELETE FROM ocsp_signer WHERE not_after < now() - $1::int * interval '1 second'"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, age);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	PQclear(res);
	return rc;
}

/* --- changes ---------------------------------------------------------------------------------- */

struct change_sink {
	void (*changed)(void *arg, int64_t ca_id, const unsigned char *serial, size_t len);
	void *arg;
	bool all; /* one could not be read: anything may have changed */
};

/* "CA SERIAL", see revocation_changed() in the schema. False: not of that form. */
static bool
give_change(const struct change_sink *sink, const char *text)
{
	unsigned char *serial;
	size_t len, zeros = 0;
	char *end;
	long long ca = strtoll(text, &end, 10);

	if (end == text || *end != ' ' ||
	    gh_hex_decode(end + 1, strlen(end + 1), &serial, &len, NULL) != 0)
		return false;
	while (zeros + 1 < len && serial[zeros] == 0)
		zeros++;
	sink->changed(sink->arg, ca, serial + zeros, len - zeros);
	free(serial);
	return true;
}

static void
take_change(void *arg, const char *payload)
{
	struct change_sink *sink = arg;

	if (!give_change(sink, payload))
		sink->all = true;
}

int
store_wait_status(struct store *s, int timeout_ms,
    void (*changed)(void *arg, int64_t ca_id, const unsigned char *serial, size_t len), void *arg,
    bool *all, struct gh_error *err)
{
	struct change_sink sink = {changed, arg, false};
	bool missed;
	int rc = store_listen(s, "gatehouse_status", timeout_ms, take_change, &sink, &missed, err);

	*all = sink.all || missed;
	return rc;
}
