-- Keys that the KRA makes, and calls that may be repeated.

-- A key that was made and given out is not always archived.
ALTER TABLE key_request ALTER COLUMN key_id DROP NOT NULL;
-- SHA-256 of what was asked under an Idempotency-Key; its HMAC is the mark.
ALTER TABLE key_request ADD COLUMN content bytea;

-- What a repeated call is answered with, as long as the KRA gives it out; under the storage key, as all secrets are.
CREATE TABLE kept_key (
	mark        bytea PRIMARY KEY,     -- of the call: key_request.mark, or replay.mark
	uuid        uuid NOT NULL,         -- as the secret is bound to it, as the next seven
	kind        int NOT NULL CHECK (kind IN (1, 2, 3)),
	algorithm   text NOT NULL,
	bits        int NOT NULL,
	owner       text NOT NULL,
	client_id   text NOT NULL,
	policy      text NOT NULL,
	spki        bytea,
	stored      bytea NOT NULL,        -- as the KRA gave it
	storage_key bytea NOT NULL,        -- kra_key.spki_sha256
	forget_at   timestamptz NOT NULL   -- the KRA does not open it after that
);
CREATE INDEX kept_key_forget_at ON kept_key (forget_at);
