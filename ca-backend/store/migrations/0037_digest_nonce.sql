-- Nonces of Digest that were used, and their highest count: no call is taken twice (RFC 7616, 3.4). Grants nothing.
CREATE TABLE digest_nonce (
	nonce      text PRIMARY KEY,
	count      bigint NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX digest_nonce_created_at ON digest_nonce (created_at);
