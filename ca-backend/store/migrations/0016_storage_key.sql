-- The storage key of the KRA is replaced (docs/kra.md).

-- Under which storage key a secret lies says its stored form: whoever writes the column beside it moves nothing.
CREATE INDEX archived_key_storage ON archived_key (substr(stored, 6, 32), id);

-- Nothing comes under a storage key that is retired, or that is none. The lock makes who retires it wait for who stores something.
CREATE FUNCTION archived_key_storage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM kra_key WHERE spki_sha256 = substr(NEW.stored, 6, 32) AND kind = 'storage' AND state IN ('current', 'old')
	    FOR KEY SHARE;
	IF NOT FOUND THEN -- as the gateway tells constraints
		RAISE unique_violation USING CONSTRAINT = 'archived_key_storage', MESSAGE = 'the storage key of this secret is not in use';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER archived_key_storage BEFORE INSERT OR UPDATE OF stored ON archived_key
	FOR EACH ROW WHEN (NEW.stored <> '') EXECUTE FUNCTION archived_key_storage();
CREATE TRIGGER kept_key_storage BEFORE INSERT ON kept_key FOR EACH ROW EXECUTE FUNCTION archived_key_storage();
