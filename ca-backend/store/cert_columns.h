/* What a list tells of a certificate. */
#ifndef STORE_CERT_COLUMNS_H
#define STORE_CERT_COLUMNS_H

#include "store/store.h"

#define CERT_FIELDS \
	"id, hex_upper(serial) AS serial, subject, to_json(sans) AS sans, requester, template, " \
	"CASE WHEN status = 12 THEN 'foreign' WHEN status <> 21 THEN 'valid' WHEN reason = 6 THEN 'hold' ELSE 'revoked' END AS status, " \
	"iso_utc(not_before) AS not_before, iso_utc(not_after) AS not_after, " \
	"hex_upper(sha1) AS thumbprint, metadata, version, reason, iso_utc(revoked_at) AS revoked_at, " \
	"iso_utc(invalidity_date) AS invalidity_date, " \
	"iso_utc(removed_at) AS removed_at, revoked_by, comment"

/* The subject of its issuer, also of one elsewhere. */
#define CERT_ISSUER \
	"(CASE WHEN ca_id < 0 THEN (SELECT f.subject FROM foreign_issuer f WHERE f.id = ca_id) " \
	"ELSE (SELECT ca.subject FROM ca WHERE ca.id = ca_id) END)"

/* What certificate_template is by: a certificate from elsewhere has no template, and a place in an
 * order is no NULL. */
#define CERT_TEMPLATE_KEY "lower(coalesce(template, ''))"

/* Of scan_endpoint: HOST:PORT; [ADDRESS]:PORT where the address has colons itself, as lists of
 * targets write it. */
#define ENDPOINT_NAME \
	"CASE WHEN strpos(host, ':') > 0 THEN '[' || host || ']' ELSE host END || ':' || port"

/* Where scans have found it, now and before, up to 100; more: there are others. */
#define CERT_LOCATIONS \
	"(SELECT coalesce(json_agg(l), '[]') FROM (SELECT e.id AS endpoint_id, " ENDPOINT_NAME \
	" AS endpoint, " \
	"nullif(e.start, 'tls') AS starttls, nullif(e.sni, '') AS sni, iso_utc(s.first_seen) AS first_seen, " \
	"iso_utc(s.last_seen) AS last_seen, s.is_current AS current FROM scan_sighting s " \
	"JOIN scan_endpoint e ON e.id = s.endpoint_id WHERE s.certificate_id = certificate.id " \
	"ORDER BY s.is_current DESC, s.last_seen DESC, s.id LIMIT 100) l) AS locations, " \
	"EXISTS (SELECT FROM scan_sighting s WHERE s.certificate_id = certificate.id OFFSET 100) AS locations_more"

/* What it took the place of, and what took its own: as requests say it that were for that; the
 * last 100, more: there are older ones. */
#define CERT_FOLLOWS \
	"(SELECT q.follows FROM request q WHERE q.id = certificate.request_id) AS replaces, " \
	"(SELECT coalesce(json_agg(f.certificate_id ORDER BY f.certificate_id), '[]') FROM (SELECT q.certificate_id FROM request q " \
	"WHERE q.follows = certificate.id AND q.certificate_id IS NOT NULL ORDER BY q.id DESC LIMIT 100) f) AS replaced_by, " \
	"EXISTS (SELECT FROM request q WHERE q.follows = certificate.id AND q.certificate_id IS NOT NULL OFFSET 100) AS replaced_by_more"

/* The newest private key of it that can be recovered, as store_find_archived_key finds it, and
 * whose it is; null: there is none. Each half by its index. */
#define CERT_KEY_OF(condition) \
	"SELECT k.id AS row, k.uuid AS id, k.owner, k.owner_kind FROM archived_key k " \
	"WHERE k.kind = 1 AND k.state = 'active' AND " condition
#define CERT_ARCHIVED_KEY \
	"(SELECT row_to_json(o) FROM (SELECT n.id, n.owner, n.owner_kind FROM (" CERT_KEY_OF( \
	    "k.certificate_id = certificate.id") " UNION ALL " CERT_KEY_OF("k.spki_sha256 = certificate.spki_sha256 AND certificate.ca_id > 0") ") n ORDER BY n.row DESC LIMIT 1) o) AS archived_key"

/* One look-up for each row of a page; LIMIT keeps the planner from reading the table along. */
#define CERT_JOIN \
	" LEFT JOIN LATERAL (SELECT reason, revoked_at, invalidity_date, removed_at, revoked_by, comment FROM revocation " \
	"WHERE certificate_id = certificate.id LIMIT 1) r ON true"

/* A digest (sha1, sha256, spki_sha256) is value, bytea, by its index
 * (migrations/0062_certificate_indexes.sql). table: "" or an alias with its dot. value is a
 * parameter: its marks are asked for once, and not for each row where a table is read along. */
#define CERT_BY_DIGEST(table, digest, value) \
	"(certificate_mark(" table "id, encode(" table digest \
	", 'hex')) = ANY ((SELECT certificate_marks(encode(" value ", 'hex')))::bigint[]) " \
	"AND " table digest " = " value ")"
/* The same where value is of another row. */
#define CERT_BY_DIGEST_OF_ROW(table, digest, value) \
	"(certificate_mark(" table "id, encode(" table digest \
	", 'hex')) = ANY (certificate_marks(encode(" value ", 'hex'))) " \
	"AND " table digest " = " value ")"

/* The name of the reason in place of its number. */
int store_name_reason(gh_json *row, struct gh_error *err) GH_MUSTCHECK;

#endif
