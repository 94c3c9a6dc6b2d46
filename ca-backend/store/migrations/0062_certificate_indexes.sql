-- What is looked up and random is found by marks (docs/inventory.md, "Marks"): the number of a certificate in millions, then 40
-- bits of a hash. New certificates have theirs in one part of each index, a small one, instead of all over it.
CREATE FUNCTION certificate_mark(id bigint, value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (id >> 20 << 40) | (hashtextextended(value, 0) & 1099511627775) -- these operators bind alike
$$;
-- Those that a certificate may have that has one of the values: one for each million of certificates.
CREATE FUNCTION certificate_marks(VARIADIC "values" text[]) RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT array_agg(certificate_mark(million << 20, v)) FROM unnest("values") v,
	  generate_series((SELECT min(id) FROM certificate) >> 20, (SELECT max(id) FROM certificate) >> 20) million
$$;
DROP INDEX certificate_sha1, certificate_sha256, certificate_spki, certificate_san1, certificate_san2;
DROP STATISTICS certificate_san1_statistics, certificate_san2_statistics;
CREATE INDEX certificate_sha1 ON certificate (certificate_mark(id, encode(sha1, 'hex')));
CREATE INDEX certificate_sha256 ON certificate (certificate_mark(id, encode(sha256, 'hex')));
CREATE INDEX certificate_spki ON certificate (certificate_mark(id, encode(spki_sha256, 'hex')));
CREATE INDEX certificate_san1 ON certificate (certificate_mark(id, lower(sans[1]))) WHERE sans[1] IS NOT NULL;
CREATE INDEX certificate_san2 ON certificate (certificate_mark(id, lower(sans[2]))) WHERE sans[2] IS NOT NULL;
-- The statistics count what ends today, and what is on hold, without reading a certificate.
DROP INDEX certificate_not_after, revocation_hold;
CREATE INDEX certificate_not_after ON certificate (not_after, id) INCLUDE (status);
CREATE INDEX revocation_hold ON revocation (certificate_id) WHERE reason = 6 AND removed_at IS NULL;
-- What the planner would take too many rows to have: it does not look at what a partial index has counted.
CREATE STATISTICS certificate_san1_statistics ON (certificate_mark(id, lower(sans[1]))) FROM certificate;
CREATE STATISTICS certificate_san2_statistics ON (certificate_mark(id, lower(sans[2]))) FROM certificate;
ANALYZE certificate, revocation;
