-- What was changed in the metadata of certificates (docs/metadata.md), one row for each field.
CREATE TABLE metadata_change (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	certificate_id bigint NOT NULL,
	at             timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor          text NOT NULL,
	actor_kind     int NOT NULL,
	field          text NOT NULL,
	old            jsonb, -- NULL: it had none
	new            jsonb  -- NULL: it was taken away
);
CREATE INDEX metadata_change_certificate ON metadata_change (certificate_id, id);
-- May who asked for a certificate change it afterwards? NULL: no.
ALTER TABLE metadata_field ADD COLUMN owner_sets boolean;
