-- Local users of EST (RFC 7030, 3.2.3), mostly devices. Rows have MACs (store/grant/grant_table.c): who writes the database lets nobody enroll.
CREATE TABLE est_user (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name          text NOT NULL,
	secret_sealed text NOT NULL,        -- under the gateway secret: what Digest needs of the password (RFC 7616, 3.4.2)
	label         text,                 -- may enroll at this label only; NULL: at any
	one_time      boolean NOT NULL,     -- for one certificate
	expires       bigint,               -- UTC seconds; NULL: never
	enabled       boolean NOT NULL,
	created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX est_user_name ON est_user (lower(name));
CREATE TRIGGER est_user_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON est_user
	FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();
