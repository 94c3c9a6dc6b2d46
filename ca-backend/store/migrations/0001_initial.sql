-- The state of Gatehouse. Times are timestamptz in UTC, DER is bytea.

CREATE TABLE ca (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    parent_id  bigint REFERENCES ca (id),
    chain      bytea[] NOT NULL,              -- this CA first, root last
    sealed     bytea,                         -- key record, sealed under the signer's system key
    cdp        text[] NOT NULL DEFAULT '{}',
    aia        text[] NOT NULL DEFAULT '{}',
    ocsp       text[] NOT NULL DEFAULT '{}',
    enabled    boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ca_name ON ca (lower(name));

CREATE TABLE template (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    version    integer NOT NULL CHECK (version > 0),
    body       jsonb NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX template_name_version ON template (lower(name), version);
CREATE UNIQUE INDEX template_active ON template (lower(name)) WHERE active;

CREATE TABLE application (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name               text NOT NULL,
    key_index          bytea NOT NULL UNIQUE, -- keyed hash of the application key
    secret_sealed      text,                  -- HMAC secret, sealed under the gateway secret
    templates          text[] NOT NULL,
    ca                 text NOT NULL,
    groups             text[] NOT NULL DEFAULT '{}',
    signature_required boolean NOT NULL DEFAULT true,
    min_hash           text NOT NULL DEFAULT 'SHA1' CHECK (min_hash IN ('SHA1', 'SHA256', 'SHA512')),
    service_identity   text,
    enabled            boolean NOT NULL DEFAULT true,
    created_at         timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX application_name ON application (lower(name));

CREATE TABLE metadata_field (
    name       text PRIMARY KEY,
    definition jsonb NOT NULL
);
CREATE UNIQUE INDEX metadata_field_name ON metadata_field (lower(name));

CREATE TABLE admin_user (
    name       text PRIMARY KEY,
    hash       text NOT NULL,                 -- bcrypt
    roles      integer NOT NULL,
    enabled    boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE request (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- CMSRequestId
    token          bytea NOT NULL UNIQUE,     -- random: finds a row whose commit was not confirmed
    protocol       smallint NOT NULL,
    http_id        text NOT NULL,
    app_id         bigint,
    app_name       text NOT NULL,
    requester_kind smallint NOT NULL,
    requester      text NOT NULL,
    requester_dn   text NOT NULL,
    address        text NOT NULL,
    template_name  text NOT NULL,
    template_id    bigint,
    csr            bytea,
    cert_only      boolean NOT NULL,
    metadata       jsonb,
    disposition    smallint NOT NULL,
    status_code    bigint NOT NULL,
    message        text NOT NULL,
    submitted_at   timestamptz NOT NULL,
    resolved_at    timestamptz,
    resolved_by    text,
    cert_id        bigint                     -- CMSID; NULL unless issued
);
CREATE INDEX request_requester ON request (lower(requester), id);
CREATE INDEX request_pending ON request (id) WHERE disposition = 9;

CREATE SEQUENCE certificate_id;
CREATE TABLE certificate (
    id         bigint PRIMARY KEY,            -- CMSID, drawn from certificate_id
    ca_id      bigint NOT NULL REFERENCES ca (id),
    serial     bytea NOT NULL,
    request_id bigint NOT NULL,
    subject    text NOT NULL,
    sans       jsonb NOT NULL,
    requester  text NOT NULL,
    template   text NOT NULL,
    status     smallint NOT NULL DEFAULT 20,
    not_before timestamptz NOT NULL,
    not_after  timestamptz NOT NULL,
    sha1       bytea NOT NULL,
    sha256     bytea NOT NULL,
    der        bytea NOT NULL,
    metadata   jsonb NOT NULL DEFAULT '{}',
    UNIQUE (ca_id, serial)
);
CREATE INDEX certificate_serial ON certificate (serial);
CREATE INDEX certificate_requester ON certificate (lower(requester), id);
CREATE INDEX certificate_not_after ON certificate (not_after, id);
CREATE INDEX certificate_sha1 ON certificate (sha1);
CREATE INDEX certificate_sha256 ON certificate (sha256);
CREATE INDEX certificate_sans ON certificate USING gin (sans jsonb_path_ops);
CREATE INDEX certificate_metadata ON certificate USING gin (metadata jsonb_path_ops);

CREATE TABLE replay (
    mark       bytea PRIMARY KEY,
    request_id bigint NOT NULL,
    requester  text NOT NULL,
    app_id     bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX replay_created ON replay (created_at);

CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    event      text NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor_kind smallint NOT NULL,
    actor      text NOT NULL,
    app        text NOT NULL,
    address    text NOT NULL,
    request_id text,
    object     text,
    detail     text
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- One row; raised by each change to what the gateways keep in memory.
CREATE TABLE catalog_generation (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    generation bigint NOT NULL
);
INSERT INTO catalog_generation (generation) VALUES (1);

CREATE FUNCTION catalog_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_generation SET generation = generation + 1;
    NOTIFY gatehouse_catalog;
    RETURN NULL;
END $$;
CREATE TRIGGER ca_changed AFTER INSERT OR UPDATE OR DELETE ON ca
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();
CREATE TRIGGER template_changed AFTER INSERT OR UPDATE OR DELETE ON template
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();
CREATE TRIGGER application_changed AFTER INSERT OR UPDATE OR DELETE ON application
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();
CREATE TRIGGER metadata_field_changed AFTER INSERT OR UPDATE OR DELETE ON metadata_field
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();
