/* One statement for all gauges: it runs a few times a minute. */
#include "store/store_private.h"

#include "gauge.h"
#include "job_row.h"

/* Rows are counted up to it: a statement that runs so often looks through no large table. */
#define STORE_GAUGE_MAX "10000"

#define WAITING \
	"(SELECT id FROM notification WHERE state = 'waiting' ORDER BY id LIMIT " STORE_GAUGE_MAX \
	") w "

/* By the partial index of what was not issued. */
#define PENDING \
	"(SELECT FROM request WHERE disposition = 9 AND disposition <> 20 LIMIT " STORE_GAUGE_MAX \
	") p "

/* Archived keys under storage keys that are old. */
#define LEFT_UNDER_OLD \
	"(SELECT FROM kra_key o JOIN archived_key k ON substr(k.stored, 6, 32) = o.spki_sha256 " \
	"WHERE o.kind = 'storage' AND o.state = 'old' LIMIT " STORE_GAUGE_MAX ") l "

/* Certificates that endpoints serve: seen at the last scan but one at the latest, so that those
 * which are on no list any more are forgotten. */
#define SERVED "scan_sighting WHERE is_current AND last_seen > now() - interval '8 days' "
#define ENDS_SOON "interval '14 days'"

/* $1 are there delta CRLs, $2 seconds of an idle session, $3 is there a collector of syslog, $4 a
 * list of endpoints */
static const struct store_statement gauges = {"gauges",
    "WITH c AS (SELECT id, slug, not_after FROM ca "
    "  WHERE state IN ('active', 'disabled', 'superseded') AND protection <> 'none'), "
    "newest AS (SELECT ca_id, shard, is_delta, max(this_update) AS this_update, max(next_update) AS next_update "
    "  FROM crl GROUP BY ca_id, shard, is_delta), "
    "kinds AS (SELECT ca_id, CASE WHEN is_delta THEN 'delta' ELSE 'shard' END AS kind, "
    "  min(this_update) AS this_update, min(next_update) AS next_update FROM newest WHERE shard IS NOT NULL OR (is_delta AND $1::bool) "
    "  GROUP BY 1, 2), "
    "delivery_channels (channel, state) AS (VALUES ('mail', 'waiting'), ('mail', 'dead'), ('webhook', 'waiting'), "
    "  ('webhook', 'dead')), "
    "deliveries AS ((SELECT channel, state FROM delivery WHERE state = 'waiting' LIMIT " STORE_GAUGE_MAX
    ") "
    "  UNION ALL (SELECT channel, state FROM delivery WHERE state = 'dead' LIMIT " STORE_GAUGE_MAX
    ")), "
    "g (gauge, value, a, b) AS ("
    "  SELECT 'crl_next_update', coalesce(extract(epoch FROM n.next_update), 0), c.slug, 'complete' FROM c "
    "    LEFT JOIN newest n ON n.ca_id = c.id AND n.shard IS NULL AND NOT n.is_delta "
    "  UNION ALL SELECT 'crl_next_update', extract(epoch FROM k.next_update), c.slug, k.kind FROM c "
    "    JOIN kinds k ON k.ca_id = c.id "
    "  UNION ALL SELECT 'crl_this_update', coalesce(extract(epoch FROM n.this_update), 0), c.slug, 'complete' FROM c "
    "    LEFT JOIN newest n ON n.ca_id = c.id AND n.shard IS NULL AND NOT n.is_delta "
    "  UNION ALL SELECT 'crl_this_update', extract(epoch FROM k.this_update), c.slug, k.kind FROM c "
    "    JOIN kinds k ON k.ca_id = c.id "
    "  UNION ALL SELECT 'ca_not_after', extract(epoch FROM not_after), slug, NULL FROM c "
    "  UNION ALL SELECT 'ocsp_not_after', extract(epoch FROM max(o.not_after)), c.slug, NULL FROM c "
    "    JOIN ocsp_signer o ON o.ca_id = c.id GROUP BY c.slug "
    "  UNION ALL SELECT 'ocsp_not_before', extract(epoch FROM max(o.not_before)), c.slug, NULL FROM c "
    "    JOIN ocsp_signer o ON o.ca_id = c.id GROUP BY c.slug "
    "  UNION ALL SELECT 'job_failures', " STORE_JOB_FAILURES ", name, NULL FROM job "
    "  UNION ALL SELECT 'job_finished', coalesce(extract(epoch FROM finished_at), 0), name, NULL FROM job "
    "  UNION ALL SELECT 'kra_transport_not_after', extract(epoch FROM not_after), NULL, NULL FROM kra_key "
    "    WHERE kind = 'transport' AND state = 'current' AND not_after IS NOT NULL "
    "  UNION ALL SELECT 'key_requests', count(r.id), s.state, NULL FROM (VALUES ('pending'), ('approved')) s (state) "
    "    LEFT JOIN (SELECT id, state FROM key_request WHERE state IN ('pending', 'approved') AND expires_at > now() "
    "      LIMIT " STORE_GAUGE_MAX ") r ON r.state = s.state GROUP BY s.state "
    "  UNION ALL SELECT 'requests_pending', count(*), NULL, NULL FROM " PENDING
    "  UNION ALL SELECT 'requests_oldest', coalesce((SELECT extract(epoch FROM now() - submitted_at) FROM request "
    "    WHERE disposition = 9 AND disposition <> 20 ORDER BY id LIMIT 1), 0), NULL, NULL "
    "  UNION ALL SELECT 'deliveries', count(d.state), c.channel, c.state FROM delivery_channels c "
    "    LEFT JOIN deliveries d USING (channel, state) GROUP BY c.channel, c.state "
    "  UNION ALL SELECT 'deliveries_ended', n, channel, state FROM delivery_count "
    "  UNION ALL SELECT 'delivery_oldest', coalesce((SELECT extract(epoch FROM now() - created_at) FROM delivery "
    "    WHERE state = 'waiting' ORDER BY id LIMIT 1), 0), NULL, NULL "
    "  UNION ALL SELECT 'notifications_waiting', count(*), NULL, NULL FROM " WAITING
    "  UNION ALL SELECT 'sessions', count(*), NULL, NULL FROM (SELECT FROM session "
    "    WHERE ends_at > now() AND used_at > now() - make_interval(secs => $2::int) LIMIT " STORE_GAUGE_MAX
    ") s "
    "  UNION ALL SELECT 'kra_rotation_left', count(*), NULL, NULL FROM " LEFT_UNDER_OLD
    "  UNION ALL SELECT 'syslog_oldest', coalesce((SELECT extract(epoch FROM now() - s.sealed_at) FROM syslog_cursor y, audit_seal s "
    "    WHERE s.id = (SELECT seal_id FROM audit_leaf l WHERE (l.seal_id, l.position) >= (y.seal_id, y.position) "
    "    ORDER BY l.seal_id, l.position LIMIT 1)), 0), NULL, NULL WHERE $3::bool "
    "  UNION ALL SELECT 'endpoints', count(*), 'all', NULL FROM (SELECT FROM scan_endpoint "
    "    WHERE tried_at > now() - interval '8 days' LIMIT " STORE_GAUGE_MAX ") e WHERE $4::bool "
    "  UNION ALL SELECT 'endpoints', count(*), 'failing', NULL FROM (SELECT FROM scan_endpoint "
    "    WHERE error IS NOT NULL AND tried_at > now() - interval '8 days' LIMIT " STORE_GAUGE_MAX
    ") e WHERE $4::bool "
    "  UNION ALL SELECT 'endpoints', count(*), 'ended_process', NULL FROM (SELECT FROM scan_endpoint "
    "    WHERE ended_process AND tried_at > now() - interval '8 days' LIMIT " STORE_GAUGE_MAX
    ") e WHERE $4::bool "
    "  UNION ALL SELECT 'endpoints', count(*), 'ending', NULL FROM (SELECT FROM " SERVED
    "    AND not_after > now() AND not_after <= now() + " ENDS_SOON " LIMIT " STORE_GAUGE_MAX
    ") e WHERE $4::bool "
    "  UNION ALL SELECT 'endpoints', count(*), 'ended', NULL FROM (SELECT FROM " SERVED
    "    AND not_after <= now() LIMIT " STORE_GAUGE_MAX ") e WHERE $4::bool "
    "  UNION ALL SELECT 'endpoints', count(*), 'revoked', NULL FROM (SELECT certificate_id FROM " SERVED
    "    AND not_after > now() LIMIT " STORE_GAUGE_MAX
    ") e JOIN certificate c ON c.id = e.certificate_id WHERE c.status = 21 AND $4::bool "
    "  UNION ALL SELECT 'audit_unsealed_age', coalesce((SELECT extract(epoch FROM now() - at) FROM audit "
    "    WHERE id > coalesce((SELECT max_id FROM audit_seal ORDER BY id DESC LIMIT 1), 0) "
    "    ORDER BY id LIMIT 1), 0), NULL, NULL "
    "  UNION ALL SELECT 'audit_findings', max(findings), NULL, NULL FROM audit_check "
    "    WHERE id >= (SELECT max(id) FROM audit_check WHERE ended_at IS NOT NULL) HAVING count(*) > 0 "
    "  UNION ALL SELECT 'audit_verified', extract(epoch FROM max(ended_at)), NULL, NULL FROM audit_check "
    "    HAVING max(ended_at) IS NOT NULL) "
    "SELECT coalesce(json_agg(json_build_array(gauge, greatest(value, 0)::bigint, a, b) ORDER BY gauge, a, b), "
    "'[]') FROM g WHERE gauge <> 'endpoints' OR $4::bool"};

int
store_gauges(struct store *s, const struct store_gauge_options *o, gh_json **out,
    struct gh_error *err)
{
	struct store_params p = {0};

	store_put_bool(&p, o->has_deltas);
	store_put_int(&p, o->session_idle);
	store_put_bool(&p, o->has_syslog);
	store_put_bool(&p, o->has_endpoints);
	return store_read_json(s, &gauges, &p, out, err);
}
