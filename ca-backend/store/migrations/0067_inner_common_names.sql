-- Common names that do not begin the subject, as behind an emailAddress, and further ones (docs/inventory.md, "Which index
-- serves which query"). base/dn_print.c writes "CN=", in capitals; a value with "CN=" in it counts as a name more.
-- The first of them, and what follows it: 63 characters, without case. NULL: there is none.
CREATE FUNCTION dn_inner_cn(dn text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN dn LIKE '_%CN=%' THEN lower(left(substr(dn, strpos(substr(dn, 2), 'CN=') + 1), 63)) END
$$;
-- The second of two. '': there are more.
CREATE FUNCTION dn_further_cn(dn text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN dn LIKE '_%CN=%CN=%CN=%' THEN ''
	  WHEN dn LIKE '_%CN=%CN=%' THEN lower(left(substring(dn FROM '.*(CN=.*)'), 63)) END
$$;
-- As marks have them: new certificates have theirs in one part of the index.
CREATE FUNCTION certificate_millions() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT array_agg(million) FROM
	  generate_series((SELECT min(id) FROM certificate) >> 20, (SELECT max(id) FROM certificate) >> 20) million
$$;
DROP INDEX certificate_inner_cn;
DROP STATISTICS certificate_inner_cn_statistics;
CREATE INDEX certificate_inner_cn ON certificate ((id >> 20), (dn_inner_cn(subject) COLLATE "C"))
  WHERE dn_inner_cn(subject) IS NOT NULL;
CREATE INDEX certificate_further_cn ON certificate ((id >> 20), (dn_further_cn(subject) COLLATE "C"))
  WHERE dn_further_cn(subject) IS NOT NULL;
-- What the planner would take too many rows, or too few, to have: it does not look at what a partial index has counted.
CREATE STATISTICS certificate_inner_cn_statistics
  ON (dn_inner_cn(subject)), (dn_further_cn(subject)), (id >> 20) FROM certificate;
ANALYZE certificate;
