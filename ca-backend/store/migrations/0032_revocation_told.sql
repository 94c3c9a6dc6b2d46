-- Many certificates that are revoked by one statement are told by one: with a trigger for each row, the functions of 0020
-- were planned anew for each.
CREATE FUNCTION revocation_told(r revocation) RETURNS void LANGUAGE sql AS $$
	SELECT certificate_tell(CASE WHEN r.removed_at IS NOT NULL THEN 'cert.unheld' WHEN r.reason = 6 THEN 'cert.held'
	    ELSE 'cert.revoked' END, r.certificate_id, jsonb_build_object('reason', r.reason, 'revoked_by', r.revoked_by,
	    'revoked_at', iso_utc(r.revoked_at), 'invalidity_date', iso_utc(r.invalidity_date), 'comment', r.comment)) $$;

CREATE OR REPLACE FUNCTION revocation_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM revocation_told(NEW);
	RETURN NULL;
END $$;

CREATE FUNCTION revocations_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM revocation_told(r) FROM made r JOIN certificate c ON c.id = r.certificate_id;
	RETURN NULL;
END $$;
DROP TRIGGER revocation_made ON revocation;
CREATE TRIGGER revocation_made AFTER INSERT ON revocation REFERENCING NEW TABLE AS made
	FOR EACH STATEMENT EXECUTE FUNCTION revocations_tell();
