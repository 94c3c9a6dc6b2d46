-- How many certificates our CAs have issued on each day (docs/inventory.md, "Statistics"): counted as all others are
-- (0054), by the day on which they begin, so that they can be counted anew from what is there.
ALTER TABLE certificate_change ADD COLUMN begins date; -- UTC; NULL: before this was counted
CREATE TABLE certificate_issued_count (
	day date PRIMARY KEY,
	n   bigint NOT NULL
);

CREATE OR REPLACE FUNCTION certificate_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO certificate_change SELECT 1, ca_id, template, certificate_key(der), status = 21,
			(not_after AT TIME ZONE 'UTC')::date, metadata, (not_before AT TIME ZONE 'UTC')::date FROM added;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		INSERT INTO certificate_change SELECT -1, ca_id, template, certificate_key(der), status = 21,
			(not_after AT TIME ZONE 'UTC')::date, metadata, (not_before AT TIME ZONE 'UTC')::date FROM gone;
	END IF;
	RETURN NULL;
END
$$;

-- Those of others have a CA below zero.
CREATE FUNCTION certificate_recount_issued() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	LOCK TABLE certificate IN SHARE MODE;
	UPDATE certificate_change SET begins = NULL;
	DELETE FROM certificate_issued_count;
	INSERT INTO certificate_issued_count SELECT (not_before AT TIME ZONE 'UTC')::date, count(*)
		FROM certificate WHERE ca_id >= 0 GROUP BY 1;
END
$$;
CREATE OR REPLACE FUNCTION certificate_recount() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	LOCK TABLE certificate IN SHARE MODE;
	DELETE FROM certificate_change;
	DELETE FROM certificate_count;
	DELETE FROM certificate_metadata_count;
	INSERT INTO certificate_count SELECT ca_id, coalesce(template, ''), certificate_key(der), status = 21,
		(not_after AT TIME ZONE 'UTC')::date, count(*) FROM certificate GROUP BY 1, 2, 3, 4, 5;
	-- what is no object has no fields, and must not keep the others from being counted
	INSERT INTO certificate_metadata_count SELECT m.key, left(m.value, 200), count(*)
		FROM certificate, jsonb_each_text(CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata END) m WHERE m.value IS NOT NULL GROUP BY 1, 2;
	PERFORM certificate_recount_issued();
END
$$;
SELECT certificate_recount_issued();
