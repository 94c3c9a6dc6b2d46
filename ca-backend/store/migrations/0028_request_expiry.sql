-- 33: nobody decided in time. docs/approval.md
CREATE OR REPLACE FUNCTION disposition_name(d int) RETURNS text LANGUAGE sql IMMUTABLE AS
	$$ SELECT CASE d WHEN 8 THEN 'active' WHEN 9 THEN 'pending' WHEN 12 THEN 'foreign'
	    WHEN 20 THEN 'issued' WHEN 21 THEN 'revoked' WHEN 30 THEN 'failed' WHEN 31 THEN 'denied'
	    WHEN 32 THEN 'canceled' WHEN 33 THEN 'expired' ELSE 'unknown' END $$;
-- Officers hear again of what waits.
ALTER TABLE request ADD COLUMN reminded_at timestamptz;
CREATE FUNCTION request_remind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM request_tell('request.reminder', NEW);
	RETURN NULL;
END $$;
CREATE TRIGGER request_remind AFTER UPDATE OF reminded_at ON request
	FOR EACH ROW WHEN (NEW.disposition = 9 AND NEW.reminded_at IS DISTINCT FROM OLD.reminded_at) EXECUTE FUNCTION request_remind();
