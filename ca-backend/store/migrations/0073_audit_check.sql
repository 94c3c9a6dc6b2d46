-- Verifications of the audit trail in the background (docs/audit.md). One that is under way goes on behind the seal and
-- at the row where it stands.
CREATE TABLE audit_check (
	id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	begun_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at  timestamptz, -- NULL: under way
	last_seal bigint NOT NULL DEFAULT 0,
	next_row  bigint NOT NULL DEFAULT 1, -- of the look for rows that no seal has
	head      bytea,                     -- of last_seal
	seals     bigint NOT NULL DEFAULT 0,
	rows      bigint NOT NULL DEFAULT 0,
	unsealed  bigint NOT NULL DEFAULT 0,
	findings  bigint NOT NULL DEFAULT 0,
	found     jsonb NOT NULL DEFAULT '[]' -- the first of them
);
CREATE UNIQUE INDEX audit_check_open ON audit_check ((true)) WHERE ended_at IS NULL;
