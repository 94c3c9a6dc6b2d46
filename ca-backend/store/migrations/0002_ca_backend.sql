-- A row of ca is one CA key. Renewal with a new key makes a new row that takes over the name; slug stays with
-- the key, since it stands in the URLs of certificates that were issued.
ALTER TABLE ca ADD COLUMN slug text;
UPDATE ca SET slug = name;
ALTER TABLE ca ALTER COLUMN slug SET NOT NULL;
CREATE UNIQUE INDEX ca_slug ON ca (lower(slug));
ALTER TABLE ca ADD COLUMN state text NOT NULL DEFAULT 'active'
	-- pending: key made, certificate not there yet; superseded: renewed with a new key, still signs CRLs
	-- and OCSP signers; retired: signs nothing any more
	CHECK (state IN ('pending', 'active', 'disabled', 'superseded', 'retired'));
UPDATE ca SET state = 'disabled' WHERE NOT enabled;
ALTER TABLE ca DROP COLUMN enabled;
ALTER TABLE ca ADD COLUMN policy jsonb NOT NULL DEFAULT '{}';      -- docs/certificate-authorities.md
ALTER TABLE ca ADD COLUMN csr bytea;                               -- of a pending one
ALTER TABLE ca ALTER COLUMN not_before DROP NOT NULL;              -- a pending one has no certificate
ALTER TABLE ca ALTER COLUMN not_after DROP NOT NULL;
ALTER TABLE ca ADD COLUMN crl_shards int NOT NULL DEFAULT 0 CHECK (crl_shards BETWEEN 0 AND 1024);
ALTER TABLE ca ADD COLUMN protection text NOT NULL DEFAULT 'system'
	CHECK (protection IN ('system', 'password', 'pkcs11', 'none')); -- none: no key here
-- Further certificates of the CA: earlier ones of the same key, and RFC 4210's OldWithNew and NewWithOld.
CREATE TABLE ca_certificate (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ca_id      bigint NOT NULL REFERENCES ca,
	kind       text NOT NULL CHECK (kind IN ('earlier', 'old_with_new', 'new_with_old')),
	der        bytea NOT NULL,
	not_after  timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ca_certificate_ca ON ca_certificate (ca_id);
CREATE TRIGGER ca_certificate_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ca_certificate
	FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();

-- Of a CA key under a password. A row exists while ca.protection is 'password'.
CREATE TABLE ca_password (
	ca_id            bigint PRIMARY KEY REFERENCES ca,
	hash             text NOT NULL,          -- bcrypt
	attempts         int NOT NULL DEFAULT 0, -- failed since the last success
	lockouts         int NOT NULL DEFAULT 0, -- in a row: each is longer than the one before
	locked_until     timestamptz,
	last_accessed_at timestamptz,
	changed_at       timestamptz NOT NULL DEFAULT now()
);

-- version: what an ETag is made of; each change of status adds one. shard: NULL = complete CRL only.
ALTER TABLE certificate ADD COLUMN version int NOT NULL DEFAULT 1;
ALTER TABLE certificate ADD COLUMN shard int;

-- One row for each certificate that was ever revoked or put on hold. removed_at: hold lifted.
CREATE TABLE revocation (
	certificate_id  bigint PRIMARY KEY,
	ca_id           bigint NOT NULL,
	serial          bytea NOT NULL,
	shard           int,
	revoked_at      timestamptz NOT NULL,
	reason          int NOT NULL CHECK (reason IN (0, 1, 2, 3, 4, 5, 6, 9, 10)),
	invalidity_date timestamptz,
	changed_at      timestamptz NOT NULL DEFAULT now(), -- a delta CRL has what changed since its base
	removed_at      timestamptz,
	not_after       timestamptz NOT NULL,
	revoked_by      text NOT NULL,
	comment         text
);
CREATE INDEX revocation_ca ON revocation (ca_id, changed_at);
CREATE INDEX revocation_shard ON revocation (ca_id, shard) WHERE shard IS NOT NULL;
-- Whoever answers for the status of certificates hears of each change: "CA SERIAL".
CREATE FUNCTION revocation_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('gatehouse_status', NEW.ca_id || ' ' || hex_upper(NEW.serial));
	RETURN NULL;
END $$;
CREATE TRIGGER revocation_changed AFTER INSERT OR UPDATE ON revocation
	FOR EACH ROW EXECUTE FUNCTION revocation_changed();

CREATE TABLE crl (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ca_id       bigint NOT NULL,
	shard       int,                      -- NULL: all certificates of the CA
	is_delta    boolean NOT NULL,
	number      bigint NOT NULL,          -- cRLNumber; counts for (ca_id, shard), full and delta alike
	base_number bigint,
	this_update timestamptz NOT NULL,
	next_update timestamptz NOT NULL,
	entries     bigint NOT NULL,
	size        bigint NOT NULL,          -- bytes
	sha256      bytea NOT NULL,
	published_at timestamptz,             -- in the directory, where that is configured
	created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX crl_number ON crl (ca_id, coalesce(shard, -1), is_delta, number);
CREATE TABLE crl_part (                       -- the DER, in pieces
	crl_id bigint NOT NULL REFERENCES crl ON DELETE CASCADE,
	seq    int NOT NULL,
	data   bytea NOT NULL,
	PRIMARY KEY (crl_id, seq)
);
ALTER TABLE crl_part ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE FUNCTION crl_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NOTIFY gatehouse_crl;
	RETURN NULL;
END $$;
CREATE TRIGGER crl_changed AFTER INSERT ON crl FOR EACH STATEMENT EXECUTE FUNCTION crl_changed();

-- Delegated OCSP signers (RFC 6960, 4.2.2.2); the newest that is valid answers.
CREATE TABLE ocsp_signer (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ca_id      bigint NOT NULL REFERENCES ca,
	cert       bytea NOT NULL,
	sealed     bytea NOT NULL,
	not_before timestamptz NOT NULL,
	not_after  timestamptz NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ocsp_signer_ca ON ocsp_signer (ca_id, not_after);

-- The audit trail is sealed in batches: each row's hash is a leaf of a Merkle tree (RFC 6962, 2.1), the head
-- over root and the head before is signed. See docs/audit.md.
CREATE TABLE audit_seal (
	id         bigint PRIMARY KEY,        -- 1, 2, 3 ... without a gap
	rows       int NOT NULL,
	max_id     bigint NOT NULL,           -- largest audit.id so far
	root       bytea NOT NULL,
	previous   bytea NOT NULL,            -- head before; 32 zero bytes at first
	head       bytea NOT NULL,
	signature  bytea NOT NULL,
	key_id     bytea NOT NULL,            -- SHA-256 of the public key
	sealed_at  timestamptz NOT NULL
);
CREATE TABLE audit_leaf (
	audit_id bigint PRIMARY KEY,
	seal_id  bigint NOT NULL,
	position int NOT NULL,
	hash     bytea NOT NULL
);
CREATE UNIQUE INDEX audit_leaf_seal ON audit_leaf (seal_id, position);
CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
	FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_leaf_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf
	FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- Last run of each job; the schedule itself is in the configuration. docs/jobs.md
CREATE TABLE job (
	name          text PRIMARY KEY,
	started_at    timestamptz,
	finished_at   timestamptz,
	outcome       text CHECK (outcome IN ('success', 'failure')),
	detail        text,
	node          text,
	wanted        boolean NOT NULL DEFAULT false, -- asked to run at once
	failures      int NOT NULL DEFAULT 0          -- in a row
);

CREATE TABLE expiry_notice (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	certificate_id bigint NOT NULL,
	days           int NOT NULL,              -- before notAfter
	created_at     timestamptz NOT NULL DEFAULT now(),
	sent_at        timestamptz,
	UNIQUE (certificate_id, days)
);
