-- Receivers of messages over HTTPS. Rows have MACs (store/grant/grant_table.c): who writes the database does not redirect them.
CREATE TABLE webhook (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name          text NOT NULL,
	url           text NOT NULL,
	events        text[] NOT NULL,     -- words, or beginnings with * behind them
	secret_sealed text NOT NULL,       -- under the gateway secret
	enabled       boolean NOT NULL DEFAULT true,
	created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX webhook_name ON webhook (lower(name));

-- The oldest one that waits, for those who watch.
CREATE INDEX delivery_waiting ON delivery (id) WHERE state = 'waiting';
