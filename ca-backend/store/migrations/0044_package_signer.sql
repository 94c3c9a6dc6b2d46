-- Keys and certificates that sign packages made here (docs/est-packages.md), as those of CMC responses; sealed under the gateway secret.
CREATE TABLE package_signer (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ca_id      bigint NOT NULL REFERENCES ca,
	cert       bytea NOT NULL,
	sealed     bytea NOT NULL,
	not_before timestamptz NOT NULL,
	not_after  timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX package_signer_ca ON package_signer (ca_id, not_after);
-- The newest sequence number of a TAMP message, of all signers and nodes (RFC 5934, 4.1): one row.
CREATE TABLE tamp_number (
	one  boolean PRIMARY KEY DEFAULT true CHECK (one),
	last bigint NOT NULL
);
INSERT INTO tamp_number (last) VALUES (0);
