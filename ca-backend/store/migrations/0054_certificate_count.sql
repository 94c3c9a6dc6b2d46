-- How many certificates there are of each kind (docs/inventory.md, "Statistics"). What happens to certificates is
-- written beside them in the same transaction, without a row that several would wait for; the job "inventory" adds it
-- to the counters. Neither table grants anything.
CREATE TABLE certificate_change (
	n         int NOT NULL, -- 1: there is one more, -1: one less
	ca_id     bigint NOT NULL,
	template  text,
	key       text NOT NULL,
	revoked   boolean NOT NULL, -- or on hold
	ends      date NOT NULL,    -- UTC
	metadata  jsonb
);
CREATE TABLE certificate_count (
	ca_id     bigint NOT NULL,
	template  text NOT NULL, -- "": none
	key       text NOT NULL,
	revoked   boolean NOT NULL,
	ends      date NOT NULL,
	n         bigint NOT NULL,
	PRIMARY KEY (ca_id, template, key, revoked, ends)
);
CREATE TABLE certificate_metadata_count (
	field     text NOT NULL,
	value     text NOT NULL, -- its first 200 characters
	n         bigint NOT NULL,
	PRIMARY KEY (field, value)
);

-- Algorithm and size of the key of a certificate, from the SubjectPublicKeyInfo (RFC 5280, 4.1): "RSA 2048",
-- "EC P-256". The bytes that are looked for are no UTF-8, so no name before them has them.
CREATE FUNCTION certificate_key(der bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	at int := position('\x06072a8648ce3d0201'::bytea IN der);
	rsa int := position('\x300d06092a864886f70d010101050003'::bytea IN der);
	long int;
BEGIN
	IF at > 0 AND (rsa = 0 OR at < rsa) THEN
		RETURN CASE
			WHEN substring(der FROM at + 9 FOR 10) = '\x06082a8648ce3d030107' THEN 'EC P-256'
			WHEN substring(der FROM at + 9 FOR 7) = '\x06052b81040022' THEN 'EC P-384'
			WHEN substring(der FROM at + 9 FOR 7) = '\x06052b81040023' THEN 'EC P-521'
			ELSE 'EC' END;
	END IF;
	at := rsa;
	-- BIT STRING, SEQUENCE and modulus of 128 to 255 bytes, or of more; each with a zero before it
	IF at > 0 AND length(der) > at + 40 THEN
		long := get_byte(der, at + 15);
		IF long = 129 AND get_byte(der, at + 22) = 129 THEN
			RETURN 'RSA ' || (get_byte(der, at + 23) - 1) * 8;
		ELSIF long = 130 AND get_byte(der, at + 24) = 130 THEN
			RETURN 'RSA ' || (get_byte(der, at + 25) * 256 + get_byte(der, at + 26) - 1) * 8;
		ELSIF long = 130 AND get_byte(der, at + 24) = 129 THEN
			RETURN 'RSA ' || (get_byte(der, at + 25) - 1) * 8;
		END IF;
		RETURN 'RSA';
	END IF;
	RETURN CASE
		WHEN position('\x300506032b6570032100'::bytea IN der) > 0 THEN 'Ed25519'
		WHEN position('\x300506032b6571033a00'::bytea IN der) > 0 THEN 'Ed448'
		ELSE 'other' END;
END
$$;

CREATE FUNCTION certificate_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO certificate_change SELECT 1, ca_id, template, certificate_key(der), status = 21,
			(not_after AT TIME ZONE 'UTC')::date, metadata FROM added;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		INSERT INTO certificate_change SELECT -1, ca_id, template, certificate_key(der), status = 21,
			(not_after AT TIME ZONE 'UTC')::date, metadata FROM gone;
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER certificate_count_insert AFTER INSERT ON certificate REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION certificate_counted();
CREATE TRIGGER certificate_count_update AFTER UPDATE ON certificate REFERENCING NEW TABLE AS added OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION certificate_counted();
CREATE TRIGGER certificate_count_delete AFTER DELETE ON certificate REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION certificate_counted();

-- Counts anew by looking at each: after the triggers were off.
CREATE FUNCTION certificate_recount() RETURNS void LANGUAGE plpgsql AS $$
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
END
$$;
CREATE FUNCTION certificate_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM certificate_recount();
	RETURN NULL;
END
$$;
CREATE TRIGGER certificate_count_truncate AFTER TRUNCATE ON certificate
	FOR EACH STATEMENT EXECUTE FUNCTION certificate_truncated();
SELECT certificate_recount();
