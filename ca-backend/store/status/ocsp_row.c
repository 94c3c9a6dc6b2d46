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
