-- What waits for EST clients (RFC 8295): keys, firmware, trust anchors, certificates. Rows have MACs
-- (store/grant/grant_table.c), and the hash of the content with them: who writes the database alone gives nobody firmware.
CREATE TABLE package (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind          text NOT NULL,
	name          text NOT NULL,
	audience      text NOT NULL,     -- "all", "group:NAME", "user:NAME" ...
	reference     bytea,             -- what answers name it by; null: nothing
	sha256        bytea NOT NULL,    -- of package_content.content
	size          bigint NOT NULL,   -- bytes that clients get
	sealed        boolean NOT NULL,  -- the content is, under the gateway secret
	wants_receipt boolean NOT NULL,
	added_at      bigint NOT NULL,   -- UTC seconds, as expires_at; both have a MAC
	expires_at    bigint             -- null: never
);
CREATE UNIQUE INDEX package_reference ON package (kind, reference);

CREATE TABLE package_content (
	package_id bigint PRIMARY KEY REFERENCES package (id) ON DELETE CASCADE,
	content    bytea NOT NULL
);
