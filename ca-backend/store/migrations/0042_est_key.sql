-- Keys of clients of EST that private keys made here are encrypted for (RFC 7030, 4.4.1.1 and 4.4.1.2; docs/est.md). Rows have
-- MACs (store/grant/grant_table.c): who writes the database reads no private key of others.
CREATE TABLE est_key (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name          text NOT NULL,
	audience      text NOT NULL,  -- whose it is: enroll/package/package_audience.h, one client
	identifier    bytea NOT NULL, -- as the client gives it
	secret_sealed text,           -- a key-encryption key, under the gateway secret
	cert          bytea,          -- or the certificate of an asymmetric key, DER
	expires       bigint,         -- UTC seconds; NULL: never
	created_at    timestamptz NOT NULL DEFAULT now(),
	CHECK ((secret_sealed IS NULL) <> (cert IS NULL))
);
CREATE UNIQUE INDEX est_key_name ON est_key (lower(name));
CREATE UNIQUE INDEX est_key_identifier ON est_key (lower(audience), identifier, (cert IS NULL));
-- What signs such private keys, as cmc_signer.
CREATE TABLE key_signer (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ca_id      bigint NOT NULL REFERENCES ca,
	cert       bytea NOT NULL,
	sealed     bytea NOT NULL,
	not_before timestamptz NOT NULL,
	not_after  timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX key_signer_ca ON key_signer (ca_id, not_after);
