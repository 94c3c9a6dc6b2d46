-- Shared secrets of CMC (docs/cmc.md). Rows have MACs (store/grant/grant_table.c): who writes the database lets nobody enroll.
CREATE TABLE cmc_secret (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name          text NOT NULL,        -- control identification
	secret_sealed text NOT NULL,        -- under the gateway secret
	requester     text,                 -- whose it is, in the directory; NULL: a device that nothing else knows
	requester_id  text,                 -- of that entry; NULL: it has none
	label         text,                 -- at this label only; NULL: at any
	one_time      boolean NOT NULL,     -- for one message
	expires       bigint,               -- UTC seconds; NULL: never
	created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX cmc_secret_name ON cmc_secret (lower(name));
-- Those that are good once, and were used.
CREATE TABLE cmc_secret_use (
	secret_id bigint PRIMARY KEY REFERENCES cmc_secret ON DELETE CASCADE,
	message   bytea NOT NULL,      -- SHA-256 of its PKIData: the same one gets its answer again
	used_at   timestamptz NOT NULL DEFAULT now()
);
