-- Keys and certificates that sign responses of CMC (docs/cmc.md), as those of OCSP answers; sealed under the gateway secret.
CREATE TABLE cmc_signer (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ca_id      bigint NOT NULL REFERENCES ca,
	cert       bytea NOT NULL,
	sealed     bytea NOT NULL,
	not_before timestamptz NOT NULL,
	not_after  timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cmc_signer_ca ON cmc_signer (ca_id, not_after);
