-- What an Idempotency-Key was used for: SHA-256 of the body. NULL where the mark is over the body itself.
ALTER TABLE replay ADD COLUMN content bytea;
-- What an ETag is made of; a decision adds one.
ALTER TABLE request ADD COLUMN version int NOT NULL DEFAULT 1;
-- Beside DB_DISP of MS-CSRA: 32, taken back by its requester.
CREATE OR REPLACE FUNCTION disposition_name(d int) RETURNS text LANGUAGE sql IMMUTABLE AS
	$$ SELECT CASE d WHEN 8 THEN 'active' WHEN 9 THEN 'pending' WHEN 12 THEN 'foreign'
	    WHEN 20 THEN 'issued' WHEN 21 THEN 'revoked' WHEN 30 THEN 'failed' WHEN 31 THEN 'denied'
	    WHEN 32 THEN 'canceled' ELSE 'unknown' END $$;
