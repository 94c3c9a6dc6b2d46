-- The search of the inventory (docs/inventory.md, "Which index serves which query"): orders, and what is looked for
-- in store/inventory/cert_narrow.c.
DROP INDEX certificate_not_after;
CREATE INDEX certificate_not_after ON certificate (not_after, id);
CREATE INDEX certificate_subject ON certificate ((lower(left(subject, 200)) COLLATE "C"), id);
-- those whose CN does not begin the subject, or that have several
CREATE INDEX certificate_inner_cn ON certificate (id) WHERE strpos(lower(substr(subject, 2)), 'cn=') > 0;
-- Alternative names: most certificates have one or two. A GIN index of all would have an entry for each name of each
-- enrollment, which costs more to write than one of a B-tree.
CREATE INDEX certificate_san1 ON certificate (hashtextextended(lower(sans[1]), 0)) WHERE sans[1] IS NOT NULL;
CREATE INDEX certificate_san2 ON certificate (hashtextextended(lower(sans[2]), 0)) WHERE sans[2] IS NOT NULL;
CREATE FUNCTION lower_texts(texts text[]) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
	RETURN lower(texts::text)::text[];
END
$$;
CREATE INDEX certificate_sans ON certificate USING gin (lower_texts(sans)) WHERE sans[3] IS NOT NULL;
-- What the planner would take too many rows to have.
CREATE STATISTICS certificate_inner_cn_statistics ON (strpos(lower(substr(subject, 2)), 'cn=')) FROM certificate;
CREATE STATISTICS certificate_san1_statistics ON (hashtextextended(lower(sans[1]), 0)) FROM certificate;
CREATE STATISTICS certificate_san2_statistics ON (hashtextextended(lower(sans[2]), 0)) FROM certificate;
ANALYZE certificate;
