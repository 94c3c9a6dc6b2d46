-- Values of many certificates changed by one order (docs/metadata.md, "Many at once"). A run stands at `place`, the
-- id of a certificate or the line of a file; what is up to it has been done, in the transaction that moved it there.
CREATE TABLE metadata_run (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor      text NOT NULL,
	actor_kind int NOT NULL,
	query      text,  -- which certificates; NULL: those that its lines name
	given      jsonb, -- of a query: what they get, null takes a value away
	overwrites boolean NOT NULL,
	is_dry     boolean NOT NULL, -- says what would be done, and changes no certificate
	place      bigint NOT NULL DEFAULT 0,
	last       bigint NOT NULL, -- the place where it ends
	changed    bigint NOT NULL DEFAULT 0,
	same       bigint NOT NULL DEFAULT 0,
	refused    bigint NOT NULL DEFAULT 0,
	state      text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
	problem    text, -- of a failed one
	ended_at   timestamptz
);
CREATE INDEX metadata_run_running ON metadata_run (id) WHERE state = 'running';

-- Each line of a file; of a query, what was refused and the first ones that were changed.
CREATE TABLE metadata_run_item (
	run_id         bigint NOT NULL REFERENCES metadata_run ON DELETE CASCADE,
	n              bigint NOT NULL, -- line, or id of the certificate
	key            jsonb, -- of a line: {"id"} or {"serial", "issuer"} or {"thumbprint"}
	given          jsonb,
	certificate_id bigint,
	outcome        text CHECK (outcome IN ('changed', 'same', 'refused')), -- NULL: it waits
	detail         text,  -- why it was refused
	changes        jsonb, -- [{"field", "old", "new"}]
	PRIMARY KEY (run_id, n)
);
CREATE INDEX metadata_run_item_certificate ON metadata_run_item (run_id, certificate_id);
