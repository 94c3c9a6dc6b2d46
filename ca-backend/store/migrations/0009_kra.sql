-- The key recovery authority. Nothing here opens a secret: its keys are sealed for the KRA, secrets lie under its storage key (docs/kra.md).

-- Storage keys, under which secrets lie here, and transport keys, which clients wrap for.
CREATE TABLE kra_key (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind           text NOT NULL CHECK (kind IN ('storage', 'transport')),
	spki_sha256    bytea NOT NULL CONSTRAINT kra_key_spki UNIQUE, -- what the KRA calls it
	spki           bytea NOT NULL,
	sealed         bytea NOT NULL,        -- record for the KRA
	-- next: made, not used yet; old: opens what was wrapped for it; retired: does nothing any more
	state          text NOT NULL CHECK (state IN ('next', 'current', 'old', 'retired')),
	certificate_id bigint,                -- of a transport key
	certificate    bytea,
	not_after      timestamptz,
	created_at     timestamptz NOT NULL DEFAULT now(),
	created_by     text NOT NULL
);
CREATE UNIQUE INDEX kra_key_current ON kra_key (kind) WHERE state = 'current';
CREATE UNIQUE INDEX kra_key_next ON kra_key (kind) WHERE state = 'next';

-- Who must agree to a recovery. What counts is sealed; body says the same for people, and for approvals that the gateway counts.
CREATE TABLE kra_policy (
	name       text PRIMARY KEY,          -- secrets are bound to it
	revision   bigint NOT NULL,
	sealed     bytea NOT NULL,
	body       jsonb NOT NULL,            -- required, requester_counts, signed, agents
	changed_at timestamptz NOT NULL DEFAULT now(),
	changed_by text NOT NULL
);

CREATE TABLE archived_key (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of lists
	uuid           uuid NOT NULL CONSTRAINT archived_key_uuid UNIQUE,
	kind           int NOT NULL CHECK (kind IN (1, 2, 3)), -- private key, symmetric key, passphrase
	algorithm      text NOT NULL,
	bits           int NOT NULL,
	owner          text NOT NULL,         -- as the secret is bound to it: id of the directory entry, or a name
	owner_name     text NOT NULL,
	owner_dn       text NOT NULL,
	owner_id       text NOT NULL,
	owner_kind     int NOT NULL,
	client_id      text NOT NULL,         -- what the client calls it
	policy         text NOT NULL,         -- of recovery
	spki           bytea,
	spki_sha256    bytea,
	certificate_id bigint,
	stored         bytea NOT NULL,        -- as the KRA gave it
	storage_key    bytea NOT NULL,        -- kra_key.spki_sha256
	state          text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'inactive')),
	forget_at      timestamptz,           -- only kept for a repeated call
	created_at     timestamptz NOT NULL DEFAULT now(),
	created_by     text NOT NULL,
	version        int NOT NULL DEFAULT 1 -- what an ETag is made of
);
CREATE UNIQUE INDEX archived_key_client ON archived_key (owner, client_id) WHERE state = 'active' AND client_id <> '';
CREATE INDEX archived_key_owner ON archived_key (owner, id);
CREATE INDEX archived_key_owner_name ON archived_key (lower(owner_name), id);
CREATE INDEX archived_key_certificate ON archived_key (certificate_id, id) WHERE certificate_id IS NOT NULL;
CREATE INDEX archived_key_spki ON archived_key (spki_sha256, id) WHERE spki_sha256 IS NOT NULL;
CREATE INDEX archived_key_inactive ON archived_key (id) WHERE state = 'inactive';

CREATE TABLE key_request (
	id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	type             text NOT NULL CHECK (type IN ('archival', 'recovery', 'generation')),
	state            text NOT NULL CHECK (state IN
	                 ('pending', 'approved', 'complete', 'rejected', 'canceled', 'expired', 'failed')),
	key_id           bigint NOT NULL,     -- archived_key.id
	requester        text NOT NULL,
	requester_dn     text NOT NULL,
	requester_id     text NOT NULL,
	requester_kind   int NOT NULL,
	comment          text,
	required         int NOT NULL,        -- approvals, as the policy was when this was asked
	requester_counts boolean NOT NULL,
	is_signed        boolean NOT NULL,
	approvals        int NOT NULL,        -- rows of key_approval: counted in the row that is locked
	wrapping         bytea,               -- what the key is to be wrapped in, where that is known before the approvals
	wrapping_sha256  bytea,               -- what signed approvals name
	certificate_id   bigint,              -- that the key was asked for by: for a PKCS#12
	mark             bytea NOT NULL CONSTRAINT key_request_mark UNIQUE, -- finds a row whose commit had no answer
	decision_key     bytea,               -- tells a repeated statement from another one's
	expires_at       timestamptz,
	released_at      timestamptz,         -- first time
	releases         int NOT NULL DEFAULT 0,
	created_at       timestamptz NOT NULL DEFAULT now(),
	resolved_at      timestamptz,
	resolved_by      text,
	resolution       text,                -- comment on it
	version          int NOT NULL DEFAULT 1
);
CREATE INDEX key_request_open ON key_request (id) WHERE state IN ('pending', 'approved');
CREATE INDEX key_request_ends ON key_request (expires_at) WHERE state IN ('pending', 'approved');
CREATE INDEX key_request_key ON key_request (key_id, id);
CREATE INDEX key_request_requester ON key_request (lower(requester), id);

-- One agent, one approval, whatever he is called.
CREATE TABLE key_approval (
	request_id bigint NOT NULL REFERENCES key_request,
	agent_id   text NOT NULL,             -- id of the directory entry, or the name
	agent      text NOT NULL,
	comment    text,
	signature  bytea,                     -- CMS, where the policy wants it
	at         timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT key_approval_agent PRIMARY KEY (request_id, agent_id)
);
CREATE UNIQUE INDEX key_approval_name ON key_approval (request_id, lower(agent));
