-- Rows that grant rights carry a MAC under the gateway secret, which the database does not have (docs/security.md).
-- The one row of grant_head binds them all; row_seal tells which of them does not fit.
CREATE TABLE grant_head (
	one      boolean PRIMARY KEY DEFAULT true CHECK (one),
	revision bigint NOT NULL,             -- one more with each change
	tables   jsonb NOT NULL,              -- name: MAC in hex
	mac      bytea NOT NULL
);
CREATE TABLE row_seal (
	tbl      text NOT NULL,
	key      bigint NOT NULL,
	mac      bytea NOT NULL,
	PRIMARY KEY (tbl, key)
);
CREATE TRIGGER grant_head_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON grant_head
	FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();
